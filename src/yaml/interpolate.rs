//! `${VAR}`, `${VAR:-default}` and `$$` in string values.
//!
//! Done on the tree and not on the text, so that a value cannot change the document's shape. What
//! came from the environment is marked, and no message repeats it.

use std::path::Path;

use super::Env;
use super::Mistake;
use super::key_path::KeyPath;
use super::tree::Node;
use super::tree::Value;

/// Replaces variables in every string value below `root`. A value that cannot be replaced is
/// reported and poisoned.
pub(super) fn interpolate(
    path: &Path,
    root: &mut Node,
    env: &Env<'_>,
    mistakes: &mut Vec<Mistake>,
) {
    walk(path, root, &KeyPath::Root, env, mistakes);
}

fn walk(
    path: &Path,
    node: &mut Node,
    key: &KeyPath<'_>,
    env: &Env<'_>,
    mistakes: &mut Vec<Mistake>,
) {
    match &mut node.value {
        Value::Text(text) if text.contains('$') => match replace(text, env) {
            Ok(done) => {
                *text = done.text;
                node.from_env |= done.used_variable;
            }
            Err((message, help)) => {
                node.poisoned.set(true);
                let mistake = Mistake::new(path, Some(node.at), key.to_string(), message);
                mistakes.push(Mistake { left_out: true, ..mistake.with_help(help) });
            }
        },
        Value::List(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                walk(path, item, &KeyPath::Index(key, index), env, mistakes);
            }
        }
        Value::Map(entries) => {
            for (word, value) in entries {
                walk(path, value, &KeyPath::Key(key, word), env, mistakes);
            }
        }
        Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => {}
    }
}

struct Replaced {
    text: String,
    used_variable: bool,
}

/// One string with its variables replaced, or what is wrong and what to do.
fn replace(text: &str, env: &Env<'_>) -> Result<Replaced, (String, String)> {
    let mut out = String::with_capacity(text.len());
    let mut used_variable = false;
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        out.push_str(&rest[..dollar]);
        let after = &rest[dollar + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some(tail) = after.strip_prefix('{') {
            let Some(end) = tail.find('}') else {
                let help = "close it, or write `$$` for a dollar sign";
                return Err(("`${` is opened and not closed".to_owned(), help.to_owned()));
            };
            out.push_str(&value_of(&tail[..end], env)?);
            used_variable = true;
            rest = &tail[end + 1..];
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(Replaced { text: out, used_variable })
}

/// The value of what stands between the braces.
fn value_of(inside: &str, env: &Env<'_>) -> Result<String, (String, String)> {
    let (name, default) = match inside.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inside, None),
    };
    let mut chars = name.chars();
    let plain = chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_');
    if !plain {
        let help = "write `${NAME}`, `${NAME:-default}`, or `$$` for a dollar sign";
        return Err(("between `${` and `}` is no name of a variable".to_owned(), help.to_owned()));
    }
    match (env(name), default) {
        // As in the shell, `:-` also replaces an empty value.
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.replace("$$", "$")),
        (None, None) => Err((
            format!("environment variable `{name}` is not set"),
            format!("set it, or write `${{{name}:-default}}`"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaces_variables() {
        let env = |name: &str| match name {
            "A" => Some("one".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        let cases = [
            ("plain", Ok("plain")),
            ("${A}", Ok("one")),
            ("x${A}y${A}z", Ok("xoneyonez")),
            ("${EMPTY}", Ok("")),
            ("${EMPTY:-two}", Ok("two")),
            ("${NONE:-two}", Ok("two")),
            ("${NONE:-}", Ok("")),
            ("${NONE:-a$$b}", Ok("a$b")),
            ("$$", Ok("$")),
            ("$${A}", Ok("${A}")),
            ("$A", Ok("$A")),
            ("cost: 5$", Ok("cost: 5$")),
            ("${NONE}", Err("environment variable `NONE` is not set")),
            ("${A", Err("`${` is opened and not closed")),
            ("${}", Err("between `${` and `}` is no name of a variable")),
            ("${1A}", Err("between `${` and `}` is no name of a variable")),
            ("${A-x}", Err("between `${` and `}` is no name of a variable")),
        ];
        for (text, want) in cases {
            let got = replace(text, &env);
            let got = got.as_ref().map(|it| it.text.as_str()).map_err(|it| it.0.as_str());
            assert_eq!(got, want, "{text}");
        }
    }
}
