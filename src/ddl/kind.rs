//! Which kind of statement it is, from its first words: for those that are not read further.

/// Kinds behind `create`, `alter` and `drop` that may concern a relation.
const CONCERNING: [&str; 10] = [
    "TABLE",
    "VIEW",
    "INDEX",
    "SEQUENCE",
    "TYPE",
    "DOMAIN",
    "SCHEMA",
    "EXTENSION",
    "MATERIALIZED",
    "FOREIGN",
];

/// The kind of a statement that cannot be split into tokens, from its first words; `None` where it may
/// concern a relation.
pub(super) fn kind_of_text(text: &str) -> Option<String> {
    let text = without_comments(text);
    let words: Vec<String> = text
        .split(|it: char| !it.is_ascii_alphanumeric() && it != '_')
        .filter(|it| !it.is_empty())
        .take(8)
        .map(str::to_ascii_uppercase)
        .collect();
    kind_of(&words)
}

/// The beginning of a statement without the comments between its words.
fn without_comments(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next().filter(|_| out.len() < 500) {
        if let Some(comment) = rest.strip_prefix("--") {
            rest = comment.trim_start_matches(|it| it != '\n' && it != '\r');
        } else if rest.starts_with("/*") {
            rest = &rest[comment_length(rest)..];
            out.push(' ');
        } else if matches!(first, '\'' | '"' | '$') {
            // No comment begins within these, and no keyword of the kind stands behind them.
            out.push_str(rest.get(..200).unwrap_or(rest));
            break;
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Bytes of the comment that a text begins with; comments nest.
fn comment_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at < bytes.len() {
        match &bytes[at..] {
            [b'/', b'*', ..] => {
                depth += 1;
                at += 2;
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The same of its words.
pub(super) fn kind_of(words: &[String]) -> Option<String> {
    const BETWEEN: [&str; 12] = [
        "OR",
        "REPLACE",
        "GLOBAL",
        "LOCAL",
        "TEMP",
        "TEMPORARY",
        "UNLOGGED",
        "UNIQUE",
        "RECURSIVE",
        "CONSTRAINT",
        "TRUSTED",
        "PROCEDURAL",
    ];
    let first = words.first()?;
    if !["CREATE", "ALTER", "DROP"].contains(&first.as_str()) {
        return Some(first.clone());
    }
    let mut rest = words[1..].iter().filter(|it| !BETWEEN.contains(&it.as_str()));
    let kind = rest.next()?;
    let data_wrapper = kind == "FOREIGN" && rest.next().is_some_and(|it| it == "DATA");
    let concerns = CONCERNING.contains(&kind.as_str()) && !data_wrapper;
    let long = ["EVENT", "DEFAULT", "TEXT", "USER", "ACCESS"].contains(&kind.as_str());
    match (concerns, data_wrapper, long) {
        (true, ..) => None,
        (_, true, _) => Some(format!("{first} FOREIGN DATA WRAPPER")),
        (_, _, true) => {
            let next = rest.next().map(|it| format!(" {it}")).unwrap_or_default();
            Some(format!("{first} {kind}{next}"))
        }
        _ => Some(format!("{first} {kind}")),
    }
}
