//! What a scraper reads of `/metrics`, held to the rules of Prometheus's own linter while it is read.
//!
//! The rules are those of `promtool check metrics`; that tool is 48 MB and not on every machine, so what it asks for
//! is asked here.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::support::daemon::TestDaemon;

/// What every name begins with.
const PREFIX: &str = "schemawarden_";

/// Parts of a name that say a unit which is no base unit, or abbreviate one.
const UNITS: &str = "s ms us ns sec secs b kb mb gb milliseconds microseconds nanoseconds minutes \
                     hours days kilobytes megabytes percent";

/// Parts of a name that say its type, which stands in its own line.
const TYPES: [&str; 4] = ["counter", "gauge", "histogram", "summary"];

/// The families with their types, and the samples.
#[derive(Debug)]
pub(super) struct Scraped {
    pub(super) families: BTreeMap<String, String>,
    pub(super) samples: BTreeMap<String, f64>,
}

impl Scraped {
    /// Reads the text format as Prometheus does, and holds it to the rules of its linter.
    pub(super) fn read(text: &str) -> Self {
        let mut scraped = Self { families: BTreeMap::new(), samples: BTreeMap::new() };
        let mut help = BTreeSet::new();
        let mut latest = String::new();
        assert!(text.ends_with('\n'), "the last line has no end");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, said) = rest.split_once(' ').expect("a text");
                assert!(!said.trim().is_empty() && help.insert(name.to_owned()), "{line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type");
                assert!(help.contains(name), "no help: {line}");
                check_name(name, kind);
                let is_new = scraped.families.insert(name.to_owned(), kind.to_owned()).is_none();
                assert!(is_new, "{line}");
                name.clone_into(&mut latest);
            } else {
                let (series, value) = line.rsplit_once(' ').expect("a value");
                let family = scraped.family(name_of(series));
                let family = family.unwrap_or_else(|| panic!("a sample without a type: {line}"));
                assert_eq!(family, latest, "not beside its family: {line}");
                for label in labels_of(series).keys() {
                    assert!(is_plain(label), "{line}");
                }
                let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
                assert!(
                    scraped.samples.insert(series.to_owned(), value).is_none(),
                    "twice: {line}"
                );
            }
        }
        scraped
    }

    pub(super) async fn of(daemon: &TestDaemon) -> Self {
        let (status, text) = daemon.get("/metrics").await;
        assert_eq!(status, 200, "{text}");
        Self::read(&text)
    }

    /// The value of one series, named without the prefix.
    pub(super) fn get(&self, series: &str) -> f64 {
        self.find(series).unwrap_or_else(|| panic!("{series}: {self:#?}"))
    }

    /// The same, where it is there.
    pub(super) fn find(&self, series: &str) -> Option<f64> {
        self.samples.get(&format!("{PREFIX}{series}")).copied()
    }

    /// The family that a metric of this name belongs to: for `_bucket`, `_sum` and `_count` its histogram.
    pub(super) fn family(&self, name: &str) -> Option<String> {
        let of_histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|it| name.strip_suffix(it))
            .find(|it| self.families.get(*it).is_some_and(|it| it == "histogram"));
        let family = of_histogram.unwrap_or(name);
        self.families.contains_key(family).then(|| family.to_owned())
    }

    /// The labels of each series of a metric.
    pub(super) fn labels(&self, name: &str) -> Vec<BTreeMap<String, String>> {
        self.samples.keys().filter(|it| name_of(it) == name).map(|it| labels_of(it)).collect()
    }
}

fn check_name(name: &str, kind: &str) {
    assert!(["counter", "gauge", "histogram"].contains(&kind), "{name}: {kind}");
    assert_eq!(kind == "counter", name.ends_with("_total"), "{name}: {kind}");
    assert!(name.starts_with(PREFIX) && is_plain(name), "{name}");
    for suffix in ["_bucket", "_sum", "_count"] {
        assert!(!name.ends_with(suffix), "{name}: what a histogram's parts are called");
    }
    for part in name.split('_') {
        let is_unit = UNITS.split_whitespace().any(|it| it == part);
        assert!(!is_unit && !TYPES.contains(&part), "{name}: `{part}`");
    }
    let is_time =
        name.contains("duration") || name.contains("latency") || name.contains("timestamp");
    assert!(!is_time || name.ends_with("_seconds"), "{name}: no unit");
}

fn is_plain(name: &str) -> bool {
    name.chars().all(|it| it.is_ascii_lowercase() || it == '_')
}

fn name_of(series: &str) -> &str {
    series.split('{').next().unwrap_or(series)
}

/// The labels of `name{a="b",c="d"}`.
pub(super) fn labels_of(series: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let Some((_, inside)) = series.split_once('{') else { return labels };
    let mut rest = inside.strip_suffix('}').expect("an end of the labels");
    while !rest.is_empty() {
        let (label, more) = rest.split_once("=\"").expect("a label and its value");
        let mut value = String::new();
        let mut chars = more.char_indices();
        let end = loop {
            match chars.next().expect("an end of the value") {
                (_, '\\') => value.push(chars.next().expect("what is escaped").1),
                (at, '"') => break at + 1,
                (_, it) => value.push(it),
            }
        };
        assert!(labels.insert(label.to_owned(), value).is_none(), "twice `{label}`: {series}");
        rest = more[end..].strip_prefix(',').unwrap_or(&more[end..]);
    }
    labels
}
