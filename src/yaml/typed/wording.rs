//! A problem in words that fit its node: what was found, what is wanted, how to write it.

use std::path::Path;

use crate::yaml::Mistake;
use crate::yaml::key_path::KeyPath;
use crate::yaml::mistake::shown;
use crate::yaml::nearest;
use crate::yaml::problem::Problem;
use crate::yaml::tree::Node;
use crate::yaml::tree::Value;

/// What [`super::node`] calls text, so that the help below can tell.
pub(super) const TEXT: &str = "text";

/// Longer spellings of plain scalars are not repeated, in bytes.
const MAX_SPELLING: usize = 40;

pub(super) fn mistake(
    path: &Path,
    text: &str,
    node: &Node,
    key: &KeyPath<'_>,
    problem: &Problem,
) -> Mistake {
    let hidden = node.from_env || key.is_secret();
    let mistake = |message: String| Mistake::new(path, Some(node.at), key.to_string(), message);
    match problem {
        Problem::Type { expected } | Problem::Value { expected } => {
            let spelling = if hidden { None } else { spelling(text, node) };
            let found = found(node, hidden, spelling);
            let wrong = mistake(format!("expected {expected}, found {found}"));
            match help(node, expected, spelling) {
                Some(help) => wrong.with_help(help),
                None => wrong,
            }
        }
        Problem::Word { known, .. } if hidden => {
            mistake(format!("expected one of {}", known.join(", ")))
        }
        Problem::Word { word, known } => {
            let wrong =
                mistake(format!("expected one of {}, found {}", known.join(", "), shown(word)));
            wrong.with_nearest(nearest(word, known.iter().copied()))
        }
        Problem::UnknownKey { known } => {
            let wrong = mistake("unknown key".to_owned());
            match node.text().and_then(|it| nearest(it, known.iter().copied())) {
                None if !known.is_empty() => {
                    let known: Vec<_> = known.iter().map(|it| shown(it)).collect();
                    wrong.with_help(format!("known here: {}", known.join(", ")))
                }
                near => wrong.with_nearest(near),
            }
        }
        // `Missing` is worded where it is settled.
        Problem::Missing { .. } | Problem::Custom(_) if hidden => {
            mistake("this value is not valid here".to_owned())
        }
        Problem::Missing { key } => mistake(format!("`{key}` is required")),
        Problem::Custom(message) => mistake(message.clone()),
    }
}

/// A plain scalar as the author wrote it (`no`, `~`, `0x1F`).
fn spelling<'t>(text: &'t str, node: &Node) -> Option<&'t str> {
    let (from, len) = node.span;
    let spelling = text.get(from..from.checked_add(len)?)?;
    let good = (1..=MAX_SPELLING).contains(&len) && !spelling.contains(['\n', '#', ':']);
    good.then_some(spelling)
}

fn found(node: &Node, hidden: bool, spelling: Option<&str>) -> String {
    let kind = match &node.value {
        Value::Null if spelling.is_none() => return "nothing".to_owned(),
        Value::Null => "the null value",
        Value::Bool(_) => "the boolean",
        Value::Int(_) | Value::Float(_) => "the number",
        Value::List(_) => return "a list".to_owned(),
        Value::Map(_) => return "a map".to_owned(),
        Value::Text(_) if hidden => return "text".to_owned(),
        Value::Text(text) => return format!("the text {}", shown(text)),
    };
    match spelling {
        Some(spelling) => format!("{kind} {}", shown(spelling)),
        None => kind.replacen("the", "a", 1),
    }
}

fn help(node: &Node, expected: &str, spelling: Option<&str>) -> Option<String> {
    match (&node.value, spelling) {
        (Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_), Some(spelling))
            if expected == TEXT =>
        {
            Some(format!("write it in quotes: \"{spelling}\""))
        }
        (Value::Bool(_) | Value::Int(_) | Value::Float(_), None) if expected == TEXT => {
            Some("write it in quotes".to_owned())
        }
        (Value::Text(_), Some(spelling))
            if spelling.starts_with(['"', '\'']) && !expected.starts_with("a list") =>
        {
            Some("write it without quotes".to_owned())
        }
        (Value::Text(_) | Value::Int(_), Some(spelling)) if expected == "a list" => {
            Some(format!("write it as a list: [{spelling}]"))
        }
        _ => None,
    }
}
