//! From nodes to a type, with every mistake and not only the first.
//!
//! serde stops at the first error and cannot go on, because the type's builder is gone by then. So
//! the reading is repeated: what was wrong is reported once and *poisoned*, and the next pass leaves
//! puts a made-up value in its place or leaves it out, until a pass ends well or teaches nothing new.
//! What such a pass builds is for finding more mistakes, never for use; what follows only from a
//! made-up value is told by [`super::drop_consequences`].

mod made_up;
mod node;
mod wording;

use std::cell::RefCell;
use std::collections::HashSet;
use std::path::Path;

use serde::de::DeserializeOwned;

use super::MAX_MISTAKES;
use super::Mistake;
use super::key_path::KeyPath;
use super::problem::Problem;
use super::problem::Stop;
use super::tree::Node;
use super::tree::Value;
use node::NodeDeserializer;

/// Passes over one document. Each pass but the last poisons a node; a mistake costs one pass, and
/// one more for each level above it that cannot be built without it.
const MAX_PASSES: usize = 4 * MAX_MISTAKES;

/// What the passes over one document share.
struct Reading<'a> {
    path: &'a Path,
    text: &'a str,
    mistakes: RefCell<Vec<Mistake>>,
    /// Keys that were missing, by their map: reported, and made up from then on.
    made_up: RefCell<HashSet<(*const Node, &'static str)>>,
    /// Keys that a struct does not know: nothing is missing where they are left out.
    unknown: RefCell<HashSet<*const Node>>,
    /// Items and entries that had to be left out, because their key is none or nothing could be made
    /// up for them.
    lost: RefCell<HashSet<*const Node>>,
}

/// Reads `T` from the tree. `mistakes` are those that are known already. With mistakes, `T` comes
/// with something made up for each wrong or missing value, if that is possible for all of them; it
/// lacks unknown keys, and options with a wrong value.
pub(super) fn read<T: DeserializeOwned>(
    path: &Path,
    text: &str,
    tree: &Node,
    mistakes: Vec<Mistake>,
) -> (Option<T>, Vec<Mistake>) {
    let empty;
    let is_empty = matches!(tree.value, Value::Null);
    let root = if is_empty {
        empty = Node { value: Value::Map(Vec::new()), ..tree.clone() };
        &empty
    } else {
        tree
    };
    let reading = Reading {
        path,
        text,
        mistakes: RefCell::new(mistakes),
        made_up: RefCell::default(),
        unknown: RefCell::default(),
        lost: RefCell::default(),
    };
    let value = reading.passes(root);
    if is_empty {
        return (None, vec![reading.nothing_there()]);
    }
    // Whoever checks the rest would take what is lost for absent.
    let value = value.filter(|_| reading.lost.borrow().is_empty());
    let mut mistakes = reading.mistakes.into_inner();
    if mistakes.is_empty() && value.is_none() {
        // A type that refuses without a reason that we could place.
        mistakes.push(Mistake::new(path, None, "", "not what is expected here"));
    }
    mistakes.sort_by_key(|it| (it.at.is_none(), it.at));
    if mistakes.len() > MAX_MISTAKES {
        mistakes.truncate(MAX_MISTAKES);
        mistakes.push(Mistake::new(path, None, "", "there are more mistakes; mend these first"));
    }
    (value, mistakes)
}

impl Reading<'_> {
    /// Reads until a pass ends well, or teaches nothing new.
    fn passes<T: DeserializeOwned>(&self, root: &Node) -> Option<T> {
        for _ in 0..MAX_PASSES {
            let known = self.progress(root);
            if let Ok(value) = T::deserialize(NodeDeserializer::new(root, &KeyPath::Root, self)) {
                return Some(value);
            }
            let learnt = self.progress(root) != known;
            if root.poisoned.get() || !learnt || self.mistakes.borrow().len() > MAX_MISTAKES {
                break;
            }
        }
        None
    }

    /// Grows whenever a pass learns something.
    fn progress(&self, root: &Node) -> (usize, usize, usize, usize) {
        let (mistakes, made_up) = (self.mistakes.borrow().len(), self.made_up.borrow().len());
        (mistakes, made_up, self.lost.borrow().len(), poisoned_below(root))
    }

    /// Whether the next pass has to do without this item or entry.
    fn is_lost(&self, node: &Node) -> bool {
        self.lost.borrow().contains(&std::ptr::from_ref(node))
    }

    /// Has the next pass do without it.
    fn lose(&self, node: &Node) -> Stop {
        self.lost.borrow_mut().insert(std::ptr::from_ref(node));
        Stop::Settled
    }

    /// The mistake of an empty file: what it needs.
    fn nothing_there(&self) -> Mistake {
        let made_up = self.made_up.borrow();
        let mut keys: Vec<_> = made_up.iter().map(|(_, key)| format!("`{key}`")).collect();
        keys.sort_unstable();
        let message = match keys.as_slice() {
            [] => "the file is empty".to_owned(),
            keys => format!("the file is empty; it needs at least {}", keys.join(" and ")),
        };
        Mistake::new(self.path, None, "", message)
    }

    /// Records what is wrong with `node` and poisons what the next pass has to do without.
    fn settle(&self, node: &Node, key: &KeyPath<'_>, stop: Stop) -> Stop {
        match stop {
            Stop::Settled => {}
            Stop::MadeUp => node.poisoned.set(true),
            Stop::Problem(Problem::Missing { key: missing }) => {
                let place = std::ptr::from_ref(node);
                if !self.made_up.borrow_mut().insert((place, missing)) {
                    node.poisoned.set(true);
                } else if !has_poisoned(node, missing) {
                    let at = KeyPath::Absent(key, missing).to_string();
                    let mistake =
                        Mistake::new(self.path, Some(node.at), at, "this key is required");
                    self.record(Mistake { left_out: true, ..mistake });
                }
            }
            Stop::Problem(problem) => {
                if matches!(problem, Problem::UnknownKey { .. }) {
                    self.unknown.borrow_mut().insert(std::ptr::from_ref(node));
                }
                node.poisoned.set(true);
                let mistake = wording::mistake(self.path, self.text, node, key, &problem);
                self.record(Mistake { left_out: true, ..mistake });
            }
        }
        Stop::Settled
    }

    fn record(&self, mistake: Mistake) {
        self.mistakes.borrow_mut().push(mistake);
    }
}

/// Whether the key is there after all, with a value that was reported: a type that asks for any map
/// does not see that entry.
fn has_poisoned(node: &Node, key: &str) -> bool {
    let Value::Map(entries) = &node.value else { return false };
    entries.iter().any(|(it, value)| it.text() == Some(key) && value.poisoned.get())
}

fn poisoned_below(node: &Node) -> usize {
    let below: usize = match &node.value {
        Value::List(items) => items.iter().map(poisoned_below).sum(),
        Value::Map(entries) => {
            entries.iter().map(|(key, value)| poisoned_below(key) + poisoned_below(value)).sum()
        }
        _ => 0,
    };
    below + usize::from(node.poisoned.get())
}
