//! `/known`: every accepted finding by the day on which that ends: what counts again soon stands on top,
//! and below it what counts again already.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;

use super::list;
use super::list::WHOLE_MAX;
use super::pieces;
use crate::config::Config;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::words;
use crate::manifest::Known;
use crate::report::Report;
use crate::report::json;

/// The path of this page.
const AT: &str = "/known";

/// Databases whose last report is looked at for what is seen now.
const REPORTS_MAX: usize = 500;

/// Where an entry holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    Database(String),
    /// In every database of it.
    Manifest(String),
}

/// One entry, and whether the last reports know it.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) known: Known,
    /// Databases whose last report has such a finding.
    pub(super) seen: usize,
}

pub(super) async fn list(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let config = Arc::clone(&face.config.borrow());
    let today = face.clock.now().to_zoned(TimeZone::UTC).date();
    // Reports are large; only those that an entry may be about are read.
    let concerned: Vec<String> = config
        .databases
        .iter()
        .filter(|it| !it.known.is_empty() || !it.manifest.known.is_empty())
        .map(|it| it.name.clone())
        .collect();
    let (looked_at, left) = list::cut(&concerned, REPORTS_MAX);
    let reports = face.store.last_reports_of(looked_at.to_vec()).await?.into_iter();
    let reports: HashMap<String, Report> =
        reports.filter_map(|(name, report)| Some((name, json::read(&report)?))).collect();
    let entries = ordered(entries(&config, &reports), today);
    let body = draw(&entries, left, today);
    Ok(frame::page(&face, &viewer, AT, "Known findings", body).await)
}

/// Every entry of the configuration and of its manifests.
fn entries(config: &Config, reports: &HashMap<String, Report>) -> Vec<Entry> {
    let about = |known: &Known, name: &str| {
        reports.get(name).is_some_and(|it| it.findings.iter().any(|it| known.is_about(it)))
    };
    let mut all = Vec::new();
    for it in config.manifests.values() {
        let of_it = || config.databases.iter().filter(|one| one.manifest.name == it.name);
        for known in &it.known {
            let seen = of_it().filter(|one| about(known, &one.name)).count();
            let place = Place::Manifest(it.name.clone());
            all.push(Entry { place, known: known.clone(), seen });
        }
    }
    for it in &config.databases {
        for known in &it.known {
            let seen = usize::from(about(known, &it.name));
            let place = Place::Database(it.name.clone());
            all.push(Entry { place, known: known.clone(), seen });
        }
    }
    all
}

/// What ends next first; what has ended after that, the latest first.
fn ordered(mut entries: Vec<Entry>, today: Date) -> Vec<Entry> {
    entries.sort_by(|a, b| {
        let ended = |it: &Entry| it.known.until < today;
        let by_day = match (ended(a), ended(b)) {
            (true, true) => b.known.until.cmp(&a.known.until),
            (false, false) => a.known.until.cmp(&b.known.until),
            (a, b) => a.cmp(&b),
        };
        by_day
            .then_with(|| a.place.cmp(&b.place))
            .then_with(|| a.known.object.cmp(&b.known.object))
            .then_with(|| a.known.kind.cmp(&b.known.kind))
    });
    entries
}

/// The page below its frame. `left` databases were not looked at for what is seen now.
pub(super) fn draw(entries: &[Entry], left: usize, today: Date) -> Markup {
    let root = frame::root(AT);
    let (shown, more) = list::cut(entries, WHOLE_MAX);
    let ended = entries.iter().filter(|it| it.known.until < today).count();
    let table = html! {
        table.list.cards {
            caption.hush { "Known findings, what ends next first" }
            (list::head(["ends", "where", "object", "kind", "reason", "owner", "seen now"]))
            tbody { @for it in shown { (row(it, &root, today)) } }
        }
    };
    html! {
        h1 data-live { "Known findings" }
        p.lead {
            "Findings that were accepted, each with a reason, an owner and an end. They stay visible and "
            "tell nobody, until they end."
        }
        @if ended > 0 {
            p.note.warn {
                b { (words::count(ended, "entry has", "entries have")) " ended" }
                ": what they were about counts again. They stand at the end of the list."
            }
        }
        @if left > 0 {
            p.muted {
                "What is seen now is told of " (words::number(REPORTS_MAX)) " databases; "
                (words::number(left)) " were not looked at."
            }
        }
        @if entries.is_empty() { p.empty { "Nothing is accepted." } }
        @else { (list::wide("Known findings", &table)) }
        (list::left_out(more, ["entry", "entries"], "`schemawarden report` lists what is seen of them."))
    }
}

fn row(it: &Entry, root: &str, today: Date) -> Markup {
    let known = &it.known;
    html! {
        tr {
            td data-label="ends" {
                (pieces::until(known.until, today))
            }
            td data-label="where" {
                @match &it.place {
                    Place::Database(name) => { "database " (pieces::database(root, name)) }
                    Place::Manifest(name) => { "manifest " (pieces::manifest(root, name)) }
                }
            }
            th scope="row" {
                code { bdi { (known.object.visible()) } }
                @if let Some(part) = &known.part { " " code { bdi { (part) } } }
            }
            td data-label="kind" { (known.kind.word()) }
            td data-label="reason" { bdi { (known.reason) } }
            td data-label="owner" { bdi { (known.owner) } }
            td data-label="seen now" {
                @match (&it.place, it.seen) {
                    (_, 0) => span.muted { "no" },
                    (Place::Database(_), _) => "yes",
                    (Place::Manifest(_), seen) => { "in " (words::count(seen, "database", "databases")) }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::finding::FindingKind;
    use crate::schema::RelationName;

    fn entry(place: Place, object: &str, until: &str) -> Entry {
        let known = Known {
            object: RelationName::new("public", object),
            kind: FindingKind::UnexpectedTable,
            part: None,
            reason: "r".to_owned(),
            owner: "o".to_owned(),
            until: until.parse().unwrap(),
            place: None,
        };
        Entry { place, known, seen: 0 }
    }

    #[test]
    fn what_ends_next_stands_first_and_what_has_ended_last() {
        let today = jiff::civil::date(2026, 11, 24);
        let place = || Place::Database("central".to_owned());
        let all = vec![
            entry(place(), "long-ended", "2026-01-01"),
            entry(place(), "later", "2027-01-01"),
            entry(place(), "ended", "2026-11-23"),
            entry(Place::Manifest("central".to_owned()), "today-too", "2026-11-24"),
            entry(place(), "today", "2026-11-24"),
        ];
        let order = ordered(all, today);
        let names: Vec<String> = order.iter().map(|it| it.known.object.visible()).collect();
        assert_eq!(names, ["today", "today-too", "later", "ended", "long-ended"]);
        let drawn = draw(&order, 0, today).into_string();
        assert!(drawn.contains("2 entries have ended"), "{drawn}");
        assert_eq!(drawn.matches("it counts again</b>").count(), 2, "{drawn}");
        assert_eq!(drawn.matches("ends within a week").count(), 2, "{drawn}");
    }
}
