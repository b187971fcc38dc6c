//! What a silence is about, as JSON: how the API takes it and how the state keeps it.
//!
//! `{"database": ["sco*"], "manifest": "orchestra", "labels": {"team": "red"}, "kind": ["drift"],
//! "severity": ["critical"], "table": ["tmp_*"]}`; one text stands for a list of one.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr as _;

use serde_json::Map;
use serde_json::Value;

use crate::finding::Severity;
use crate::incident::IncidentKind;
use crate::manifest::Glob;
use crate::nearest::nearest;
use crate::route::Matcher;
use crate::route::Pattern;

/// The keys there are.
const KEYS: [&str; 6] = ["database", "manifest", "labels", "kind", "severity", "table"];
/// Values of one condition, and labels of one matcher.
const VALUES_MAX: usize = 100;
/// Characters of one value.
const VALUE_CHARS_MAX: usize = 300;

/// Reads it. The error is one sentence for whoever wrote it, and names the key.
pub fn from_json(value: &Value) -> Result<(Matcher, Vec<Glob>), String> {
    let map = value.as_object().ok_or("a matcher is an object: {\"database\": [\"sco*\"]}")?;
    if let Some(key) = map.keys().find(|it| !KEYS.contains(&it.as_str())) {
        return Err(no_such("key", key, KEYS));
    }
    let matcher = Matcher {
        databases: patterns(map, "database")?,
        manifests: patterns(map, "manifest")?,
        labels: labels(map)?,
        kinds: words(map, "kind", IncidentKind::ALL.map(IncidentKind::word), |it| {
            IncidentKind::from_word(it)
        })?,
        severities: words(map, "severity", Severity::ALL.map(Severity::word), |it| {
            Severity::from_str(it).ok()
        })?,
    };
    let mut tables = Vec::new();
    for text in texts(map.get("table"), "table")? {
        tables.push(Glob::parse(text).map_err(|why| format!("`table`: `{text}`: {why}"))?);
    }
    if matcher.is_empty() && tables.is_empty() {
        return Err(
            "the matcher is empty and would silence everything; for every database, server \
                    and manifest, write {\"database\": [\"*\"]}"
                .to_owned(),
        );
    }
    Ok((matcher, tables))
}

/// Writes it, so that [`from_json`] reads the same.
#[must_use]
pub fn to_json(matcher: &Matcher, tables: &[Glob]) -> Value {
    let texts = |patterns: &[Pattern]| -> Value { patterns.iter().map(Pattern::text).collect() };
    let Matcher { databases, manifests, labels, kinds, severities } = matcher;
    let mut map = Map::new();
    let mut put = |key: &str, value: Value, is_empty: bool| {
        if !is_empty {
            map.insert(key.to_owned(), value);
        }
    };
    put("database", texts(databases), databases.is_empty());
    put("manifest", texts(manifests), manifests.is_empty());
    let of_labels: Map<String, Value> =
        labels.iter().map(|(label, values)| (label.clone(), texts(values))).collect();
    put("labels", Value::Object(of_labels), labels.is_empty());
    put("kind", kinds.iter().map(|it| it.word()).collect(), kinds.is_empty());
    put("severity", severities.iter().map(|it| it.word()).collect(), severities.is_empty());
    put("table", tables.iter().map(Glob::source).collect(), tables.is_empty());
    Value::Object(map)
}

fn patterns(map: &Map<String, Value>, key: &str) -> Result<Vec<Pattern>, String> {
    Ok(texts(map.get(key), key)?.into_iter().map(Pattern::new).collect())
}

fn labels(map: &Map<String, Value>) -> Result<BTreeMap<String, Vec<Pattern>>, String> {
    let Some(labels) = map.get("labels") else { return Ok(BTreeMap::new()) };
    let labels = labels
        .as_object()
        .ok_or("`labels` is an object of labels and values: {\"team\": [\"red\"]}")?;
    // As an empty list would, none would match everything.
    if labels.is_empty() || labels.len() > VALUES_MAX {
        return Err(format!("`labels` has {} of them; 1 to {VALUES_MAX}", labels.len()));
    }
    let mut all = BTreeMap::new();
    for (label, values) in labels {
        let values = texts(Some(values), &format!("labels.{label}"))?;
        all.insert(label.clone(), values.into_iter().map(Pattern::new).collect());
    }
    Ok(all)
}

fn words<T, const N: usize>(
    map: &Map<String, Value>,
    key: &str,
    known: [&'static str; N],
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, String> {
    let texts = texts(map.get(key), key)?;
    texts.into_iter().map(|it| read(it).ok_or_else(|| no_such(key, it, known))).collect()
}

/// One text or a list of them. An empty list would match everything, which nobody means who wrote it.
fn texts<'a>(value: Option<&'a Value>, key: &str) -> Result<Vec<&'a str>, String> {
    let texts: Option<Vec<&str>> = match value {
        None => return Ok(Vec::new()),
        Some(Value::String(text)) => Some(vec![text]),
        Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
        Some(_) => None,
    };
    let texts = texts.ok_or_else(|| format!("`{key}` is a text or a list of texts"))?;
    if texts.is_empty() || texts.len() > VALUES_MAX {
        return Err(format!("`{key}` has {} values; 1 to {VALUES_MAX}", texts.len()));
    }
    if texts.iter().any(|it| it.is_empty() || it.chars().count() > VALUE_CHARS_MAX) {
        return Err(format!("`{key}`: a value has 1 to {VALUE_CHARS_MAX} characters"));
    }
    Ok(texts)
}

fn no_such<const N: usize>(what: impl Display, word: &str, known: [&str; N]) -> String {
    let near = nearest(word, known).map(|it| format!("; did you mean `{it}`?"));
    let near = near.unwrap_or_else(|| format!("; there are {}", known.join(", ")));
    format!("no {what} `{}`{near}", word.escape_debug())
}
