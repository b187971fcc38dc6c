//! From when on a database is told to have been reset, and which one it is declared to be.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::shape;
use crate::manifest::Glob;
use crate::manifest::Globs;
use crate::reset::Pin;
use crate::reset::Thresholds;
use crate::schema::visible;

use super::Noted;

const RECREATED_MIN: RangeInclusive<usize> = 1..=10_000;
/// More rows than this nobody would miss the loss of.
const EMPTIED_ROWS: RangeInclusive<usize> = 1..=1_000_000_000;
/// What was recreated a month ago is known by now.
const SETTLE: RangeInclusive<Duration> = Duration::from_mins(1)..=Duration::from_hours(30 * 24);

/// What `said` says under the section `key`, over `default`.
pub(super) fn read(
    said: Option<&shape::Resets>,
    key: &str,
    default: &Thresholds,
    noted: &mut Noted,
) -> Thresholds {
    let Some(said) = said else { return default.clone() };
    let name = |name: &str| format!("{key}.resets.{name}");
    let mut recreated_share = default.recreated_share;
    if let Some(share) = &said.recreated_share {
        recreated_share = share.value;
        if !(0.0..1.0).contains(&share.value) {
            let message =
                "must be from 0 to below 1: a share of the known tables (0.5 is one half)";
            noted.mistake(Some(share.at), name("recreated_share"), message);
        }
    }
    let rows = usize::try_from(default.emptied_rows).unwrap_or(usize::MAX);
    let emptied_rows =
        noted.number(said.emptied_rows.as_ref(), &name("emptied_rows"), rows, EMPTIED_ROWS);
    Thresholds {
        recreated_share,
        recreated_min: noted.number(
            said.recreated_min.as_ref(),
            &name("recreated_min"),
            default.recreated_min,
            RECREATED_MIN,
        ),
        emptied_rows: emptied_rows as u64,
        settle: noted.period(said.settle.as_ref(), &name("settle"), default.settle, SETTLE),
        volatile: match &said.volatile {
            Some(texts) => {
                let mut globs = Vec::new();
                for text in texts {
                    match Glob::parse(&text.value) {
                        Ok(glob) => globs.push(glob),
                        Err(error) => {
                            let message = format!("{} is not a glob: {error}", text.shown());
                            noted.mistake(Some(text.at), name("volatile"), message);
                        }
                    }
                }
                Globs::new(globs)
            }
            None => default.volatile.clone(),
        },
    }
}

/// What `identity:` declares.
pub(super) fn pin(said: &shape::Identity, key: &str, noted: &mut Noted) -> Pin {
    let system = said.system_identifier.as_ref().and_then(|text| {
        let parsed = text.value.parse::<u64>().ok();
        if parsed.is_none() {
            let message = format!("{} is not a system identifier", text.shown());
            let help = "it is a number of up to 20 digits: `schemawarden doctor` shows it";
            noted.mistake_help(Some(text.at), format!("{key}.system_identifier"), message, help);
        }
        parsed
    });
    let oid = said.oid.as_ref().and_then(|given| {
        let oid = u32::try_from(given.value).ok().filter(|it| *it > 0);
        if oid.is_none() {
            let message = "must be from 1 to 4294967295: the OID of a database";
            noted.mistake(Some(given.at), format!("{key}.oid"), message);
        }
        oid
    });
    let name = said.database.as_ref().map(|it| visible(it.value.as_bytes()));
    Pin { system, oid, name }
}
