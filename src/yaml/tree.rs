//! The document as nodes with positions: what the YAML parser says, before any type is wanted.
//!
//! Bounded: the parser gets limits on nesting, nodes and alias replay, so that a small file cannot
//! become a large tree.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::MapAccess;
use serde::de::SeqAccess;
use serde::de::Visitor;
use serde_yaml::DuplicateKeyPolicy;
use serde_yaml::Location;
use serde_yaml::NonFiniteFloatPolicy;
use serde_yaml::Spanned;

use super::MAX_BYTES;
use super::Mistake;
use super::Position;
use super::key_path::KeyPath;
use super::syntax;

/// Deeper nesting is refused.
pub(super) const MAX_DEPTH: usize = 32;
/// More nodes than this are refused; aliases count once here and again in `MAX_REPLAYED`.
pub(super) const MAX_NODES: usize = 250_000;
/// More parser events than this from aliases are refused (an "alias bomb").
pub(super) const MAX_REPLAYED: usize = 100_000;

/// One value with its place.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) at: Position,
    /// Byte offset and length in the text, for plain scalars' own spelling.
    pub(super) span: (usize, usize),
    /// It came from the environment, in part or whole.
    pub(super) from_env: bool,
    /// A mistake about it was reported; nothing more is to be learnt from it.
    pub(super) poisoned: Cell<bool>,
}

/// What a node is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Int(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Node, Node)>),
}

impl Node {
    fn new(value: Value, location: Location) -> Self {
        let small = |it: u64| u32::try_from(it).unwrap_or(u32::MAX);
        let size = |it: Option<u64>| it.and_then(|it| usize::try_from(it).ok()).unwrap_or(0);
        let span = location.span();
        Self {
            value,
            at: Position { line: small(location.line()), column: small(location.column()) },
            span: (size(span.byte_offset()), size(span.byte_len())),
            from_env: false,
            poisoned: Cell::new(false),
        }
    }

    /// The text of a key or a value, if it is text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// Parses one document. Duplicate keys join `mistakes`, and all but the first are left out.
///
/// # Errors
///
/// The one mistake that keeps the document from being a tree: too large, bad syntax, several
/// documents, an unsupported tag.
pub(super) fn parse(
    path: &Path,
    text: &str,
    mistakes: &mut Vec<Mistake>,
) -> Result<Node, Box<Mistake>> {
    if text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; the limit is {MAX_BYTES}", text.len());
        return Err(Box::new(Mistake::new(path, None, "", message)));
    }
    let blank = text.trim_start_matches('\u{feff}');
    if blank.lines().all(|line| matches!(line.trim().as_bytes(), [] | [b'#', ..])) {
        // The parser calls this an unexpected end; for us it is a document of nothing.
        return Ok(Node::new(Value::Null, Location::UNKNOWN));
    }
    let options = serde_yaml::options! {
        budget: serde_yaml::budget! {
            max_depth: MAX_DEPTH,
            flow_nesting_limit: MAX_DEPTH + 1,
            max_nodes: MAX_NODES,
            max_events: 4 * MAX_NODES,
            max_total_scalar_bytes: 2 * MAX_BYTES,
            max_recorded_anchor_events: MAX_REPLAYED,
            max_recorded_anchor_bytes: MAX_BYTES
        },
        alias_limits: serde_yaml::alias_limits! {
            max_total_replayed_events: MAX_REPLAYED,
            max_replay_stack_depth: MAX_DEPTH,
        },
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        reject_unsupported_tags: true,
        with_snippet: false,
    };
    let mut root = serde_yaml::from_str_with_options::<Node>(text, options)
        .map_err(|error| Box::new(syntax::explain(path, text, &error)))?;
    drop_duplicates(path, &mut root, &KeyPath::Root, mistakes);
    Ok(root)
}

/// Reports every key that was there before, and leaves it out.
fn drop_duplicates(path: &Path, node: &mut Node, at: &KeyPath<'_>, mistakes: &mut Vec<Mistake>) {
    match &mut node.value {
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                drop_duplicates(path, item, &KeyPath::Index(at, index), mistakes);
            }
        }
        Value::Map(entries) => {
            let mut first: HashMap<String, Position> = HashMap::new();
            entries.retain(|(key, _)| {
                let Some(word) = key.text() else { return true };
                let Some(Position { line, column }) = first.get(word) else {
                    first.insert(word.to_owned(), key.at);
                    return true;
                };
                let message = format!("this key is there twice, first at {line}:{column}");
                let place = KeyPath::Key(at, key).to_string();
                let mistake = Mistake::new(path, Some(key.at), place, message);
                let mistake = mistake.with_help("keep one of the two");
                mistakes.push(Mistake { of_shape: true, ..mistake });
                false
            });
            for (key, value) in entries {
                drop_duplicates(path, value, &KeyPath::Key(at, key), mistakes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self::new(spanned.value, spanned.defined))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Int(value.into()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Value, E> {
        Ok(Value::Int(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Value::Map(entries))
    }
}
