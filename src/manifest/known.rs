//! `known:`: accepted findings, each with a reason, an owner and an end. The same under a manifest,
//! under a database of the config, and in a file of `known_file`.

use std::path::Path;
use std::str::FromStr;

use jiff::civil::Date;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use super::Known;
use super::KnownPlace;
use crate::finding::FindingKind;
use crate::schema::RelationName;
use crate::yaml::At;
use crate::yaml::Mistake;
use crate::yaml::nearest;

/// How many days before its end an entry is worth a word.
const NOTICE_DAYS: i32 = 7;

/// One accepted finding, as written. Every key but `part` is mandatory.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Known")]
pub struct KnownEntry {
    /// The relation, spelled as under `tables`.
    pub object: At<String>,
    /// The kind of finding that is accepted; nothing else about the relation is.
    #[schemars(schema_with = "kinds")]
    pub kind: At<String>,
    /// The column, constraint or index that it is about, as reports name it. Default: all findings of
    /// that kind.
    pub part: Option<At<String>>,
    /// Why it is accepted.
    pub reason: At<String>,
    /// Who answers for it.
    pub owner: At<String>,
    /// The last day on which it is accepted, in UTC: `2026-12-01`. From the next day on it counts
    /// again.
    #[schemars(schema_with = "date")]
    pub until: At<String>,
}

/// What was found while values were made sense of.
#[derive(Clone, Debug, Default)]
pub struct Noted {
    /// What must be mended.
    pub mistakes: Vec<Mistake>,
    /// What is allowed but worth a word.
    pub warnings: Vec<Mistake>,
}

/// Makes sense of the entries under `key` (`known`, `databases[0].known`, or `central`) of the file `path`.
///
/// Entries that ended, or end within a week of `today`, are kept and noted as warnings; a mistake
/// costs its entry.
#[must_use]
pub fn accepted(
    path: &Path,
    key: &str,
    entries: &[KnownEntry],
    today: Date,
    noted: &mut Noted,
) -> Vec<Known> {
    let entries = entries.iter().enumerate();
    entries.filter_map(|(at, it)| one(path, &format!("{key}[{at}]"), it, today, noted)).collect()
}

fn one(path: &Path, key: &str, it: &KnownEntry, today: Date, noted: &mut Noted) -> Option<Known> {
    let before = noted.mistakes.len();
    let mistake = |field: &str, value: &At<String>, message: String| {
        Mistake::new(path, Some(value.at), format!("{key}.{field}"), message)
    };
    let object = RelationName::parse(&it.object.value)
        .map_err(|error| noted.mistakes.push(mistake("object", &it.object, error.to_string())));
    let kind = FindingKind::from_str(&it.kind.value).map_err(|_| {
        let known = acceptable().map(FindingKind::word);
        noted.mistakes.push(
            mistake("kind", &it.kind, format!("{} is no kind of finding", it.kind.shown()))
                .with_nearest(nearest(&it.kind.value, known)),
        );
    });
    if let Ok(kind) = kind
        && kind.is_about_database()
    {
        let message = format!("`{}` is about no relation and cannot be accepted", kind.word());
        noted.mistakes.push(mistake("kind", &it.kind, message));
    }
    let until = Date::from_str(&it.until.value).map_err(|_| {
        let message = format!("{} is not a day", it.until.shown());
        noted.mistakes.push(
            mistake("until", &it.until, message)
                .with_help("write it as year-month-day: 2026-12-01"),
        );
    });
    for (field, value) in [("reason", &it.reason), ("owner", &it.owner)] {
        if value.value.trim().is_empty() {
            noted.mistakes.push(mistake(field, value, "must not be empty".to_owned()));
        }
    }
    let (Ok(object), Ok(kind), Ok(until)) = (object, kind, until) else { return None };
    if noted.mistakes.len() > before {
        return None;
    }
    if let Some(message) = notice(until, today) {
        noted.warnings.push(mistake("until", &it.until, message));
    }
    let (reason, owner) = (it.reason.value.clone(), it.owner.value.clone());
    let place = KnownPlace { path: path.to_owned(), at: it.object.at, key: key.to_owned() };
    let part = it.part.as_ref().map(|it| it.value.clone());
    Some(Known { object, kind, part, reason, owner, until, place: Some(place) })
}

/// What to say on the day `today` (UTC) of an entry that ended or ends within a week; else `None`.
#[must_use]
pub fn notice(until: Date, today: Date) -> Option<String> {
    match today.until(until).ok()?.get_days() {
        days if days < 0 => Some(format!("ended on {until}: the finding counts again")),
        0 => Some(format!("ends today, {until}: the finding counts again tomorrow")),
        days if days <= NOTICE_DAYS => {
            let unit = if days == 1 { "day" } else { "days" };
            Some(format!("ends on {until}, in {days} {unit}"))
        }
        _ => None,
    }
}

fn acceptable() -> impl Iterator<Item = FindingKind> {
    FindingKind::ALL.into_iter().filter(|it| !it.is_about_database())
}

fn kinds(_: &mut SchemaGenerator) -> Schema {
    let words: Vec<_> = acceptable().map(FindingKind::word).collect();
    schemars::json_schema!({ "type": "string", "enum": words })
}

fn date(_: &mut SchemaGenerator) -> Schema {
    schemars::json_schema!({ "type": "string", "format": "date" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml;

    const TODAY: Date = jiff::civil::date(2025, 7, 5);

    /// The entries, mistakes and warnings of one entry with these values.
    fn noted(
        object: &str,
        kind: &str,
        reason: &str,
        until: &str,
    ) -> (usize, Vec<String>, Vec<String>) {
        let text = format!(
            "[{{object: '{object}', kind: {kind}, reason: '{reason}', owner: ops, until: {until}}}]"
        );
        let path = Path::new("m.yaml");
        let entries: Vec<KnownEntry> = yaml::read(path, &text, None).unwrap();
        let mut noted = Noted::default();
        let known = accepted(path, "known", &entries, TODAY, &mut noted);
        let texts = |all: Vec<Mistake>| all.iter().map(ToString::to_string).collect();
        (known.len(), texts(noted.mistakes), texts(noted.warnings))
    }

    #[track_caller]
    fn check(entry: (&str, &str, &str, &str), mistake: Option<&str>, warning: Option<&str>) {
        let (kept, mistakes, warnings) = noted(entry.0, entry.1, entry.2, entry.3);
        assert_eq!(kept, usize::from(mistake.is_none()), "{entry:?}");
        for (got, want) in [(mistakes, mistake), (warnings, warning)] {
            assert_eq!(got.len(), usize::from(want.is_some()), "{entry:?}: {got:?}");
            assert!(want.is_none_or(|want| got[0].contains(want)), "{entry:?}: {got:?}");
        }
    }

    #[test]
    fn entries_say_what_why_and_until_when() {
        let table = "unexpected_table";
        #[rustfmt::skip]
        let cases = [
            // object  kind                reason  until         mistake                             warning
            (("a",     table,              "r",    "2025-12-01"), None,                              None),
            (("a",     table,              "r",    "2025-07-13"), None,                              None),
            (("a",     table,              "r",    "2025-07-12"), None,                              Some("in 7 days")),
            (("a",     table,              "r",    "2025-07-06"), None,                              Some("in 1 day")),
            (("a",     table,              "r",    "2025-07-05"), None,                              Some("ends today")),
            (("a",     table,              "r",    "2025-07-04"), None,                              Some("counts again")),
            (("a.b.c", table,              "r",    "2025-12-01"), Some("known[0].object: 3 parts"),  None),
            (("a",     "unexpected_tabel", "r",    "2025-12-01"), Some("did you mean `unexpected_table`"), None),
            (("a",     "wrong_database",   "r",    "2025-12-01"), Some("cannot be accepted"),        None),
            (("a",     table,              " ",    "2025-12-01"), Some("known[0].reason: must not"), None),
            (("a",     table,              "r",    "2025-13-01"), Some("is not a day"),              None),
            (("a",     table,              "r",    "soon"),       Some("is not a day"),              None),
        ];
        for (entry, mistake, warning) in cases {
            check(entry, mistake, warning);
        }
    }
}
