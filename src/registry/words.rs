//! What is told of a registry that is not believed, and of one that is believed again.

use super::Doubt;
use super::Why;

/// Names that a message lists; more are counted.
const NAMES_MAX: usize = 10;

/// The words of one change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Words {
    pub headline: String,
    pub diagnoses: Vec<String>,
    pub next_steps: Vec<String>,
}

/// Why the registry of discovery `name` is not believed.
#[must_use]
pub fn doubt(name: &str, it: &Doubt) -> Words {
    let known = count(it.known);
    let headline = match it.why {
        Why::Empty => format!("registry `{name}` is empty: it named {known} before"),
        Why::Shrunk => {
            let left = it.known.saturating_sub(it.gone.len());
            format!("registry `{name}` has shrunk: of {known} that it named, {left} are left")
        }
        Why::Failing if it.known == 0 => {
            format!("registry `{name}` cannot be read: none of its databases is known")
        }
        Why::Failing => format!("registry `{name}` cannot be read; it named {known} before"),
    };
    let mut diagnoses = Vec::new();
    if let Some(detail) = &it.detail {
        diagnoses.push(format!("The last try ended so: {detail}."));
    }
    if !it.gone.is_empty() {
        diagnoses.push(format!("Gone from it: {}.", first(&it.gone)));
    }
    if it.known > 0 {
        diagnoses.push(
            "The last known databases stay registered and are audited on, as they were last named."
                .to_owned(),
        );
    }
    let mut next_steps = vec![format!("schemawarden discover {name}")];
    if it.why != Why::Failing {
        next_steps.push(
            "Was the registry wiped, or its database reset? Restore it, and this resolves by itself."
                .to_owned(),
        );
        next_steps.push(format!(
            "If they are gone for good: schemawarden discover accept {name} --reason TEXT"
        ));
    }
    Words { headline, diagnoses, next_steps }
}

/// How it ended, after `lasted`.
#[must_use]
pub fn over(name: &str, how: &str, lasted: &str) -> Words {
    Words {
        headline: format!("registry `{name}` {how}, after {lasted}"),
        diagnoses: Vec::new(),
        next_steps: Vec::new(),
    }
}

fn count(n: usize) -> String {
    if n == 1 { "1 database".to_owned() } else { format!("{n} databases") }
}

/// "`sco`, `scoso` and 3 more"
fn first(names: &[String]) -> String {
    let first: Vec<_> = names.iter().take(NAMES_MAX).map(|it| format!("`{it}`")).collect();
    let more = names.len().saturating_sub(NAMES_MAX);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", first.join(", "))
}
