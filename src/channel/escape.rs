//! The last encoders before a text leaves: visible, cut on a character border, escaped for its reader.
//!
//! A [`Notification`](crate::notification::Notification) holds visible spellings already. It is also
//! read back from a file that is older than this process, so nothing here trusts that: [`line()`] makes
//! what could act visible once more, and leaves what already is as it is.

use crate::schema::visible;

/// What stands where text was cut off.
const ELLIPSIS: char = '…';

/// One line that cannot act: control, invisible, reordering and line-breaking characters spelt out
/// (`\x1b`, `\u{202e}`), at most `max` UTF-16 units long. Does the same twice
/// as once, and does not read a text of megabytes to its end.
#[must_use]
pub(super) fn line(text: &str, max: usize) -> String {
    // A character's spelling is never shorter than one unit, so what comes later cannot be shown.
    let end = text.char_indices().nth(max.saturating_add(1)).map_or(text.len(), |(at, _)| at);
    cut(&seen(&text[..end]), max)
}

/// The same without a limit. A backslash stays single: it belongs to a spelling that is there already.
#[must_use]
pub(super) fn seen(text: &str) -> String {
    let parts: Vec<String> = text.split('\\').map(|part| visible(part.as_bytes())).collect();
    parts.join("\\")
}

/// At most `max` UTF-16 units of `text`, the last of them `…` where something was cut off.
///
/// Receivers do not say what they count; UTF-16 units are never fewer than characters.
#[must_use]
pub(super) fn cut(text: &str, max: usize) -> String {
    if text.encode_utf16().count() <= max {
        return text.to_owned();
    }
    take(text, max.saturating_sub(1), char::len_utf16)
}

/// At most `max` bytes of `text`, the last of them `…` where something was cut off.
#[must_use]
pub(super) fn cut_bytes(text: &str, max: usize) -> String {
    if text.len() <= max {
        return text.to_owned();
    }
    take(text, max.saturating_sub(ELLIPSIS.len_utf8()), char::len_utf8)
}

/// As many leading characters as weigh at most `max`, and an ellipsis.
fn take(text: &str, max: usize, weight: impl Fn(char) -> usize) -> String {
    let mut left = max;
    let mut out = String::new();
    for c in text.chars() {
        match left.checked_sub(weight(c)) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push(c);
    }
    out.push(ELLIPSIS);
    out
}

/// Escapes for Slack's `text`: `&`, `<` and `>`, and nothing else, as its documentation wants. The
/// result has at most `max` UTF-16 units and never ends inside an entity.
#[must_use]
pub(super) fn slack(text: &str, max: usize) -> String {
    bounded(text.chars().map(entity), max)
}

/// As many pieces as weigh at most `max` UTF-16 units, and an ellipsis where some are left out.
fn bounded(pieces: impl Iterator<Item = String>, max: usize) -> String {
    let mut out = String::new();
    let mut taken = 0;
    // Where the ellipsis would stand, should what follows not fit.
    let mut border = 0;
    for piece in pieces {
        let weight = piece.encode_utf16().count();
        if taken + weight > max {
            out.truncate(border);
            out.push(ELLIPSIS);
            return out;
        }
        out.push_str(&piece);
        taken += weight;
        if taken < max {
            border = out.len();
        }
    }
    out
}

/// What separates the two halves of something that would act: not seen, and a part of no syntax.
const BREAK: char = '\u{200b}';

/// Where a text in Markdown is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Mattermost and Rocket.Chat, which also read Slack's angle brackets.
    SlackLike,
    /// Discord, which knows no entities.
    Discord,
}

/// Escapes one line for Markdown: no emphasis, no link, no mention, no emoji, no code, no heading. At
/// most `max` UTF-16 units, never cut inside an escape.
#[must_use]
pub(super) fn markdown(text: &str, dialect: Dialect, max: usize) -> String {
    let mut before = String::new();
    let chars: Vec<char> = text.chars().take(max.saturating_add(1)).collect();
    let pieces = chars.iter().enumerate().map(|(at, c)| {
        let next = chars.get(at + 1).copied().unwrap_or(' ');
        let piece = match c {
            '#' | '-' | '+' | '=' if at == 0 => format!("\\{c}"),
            '<' | '>' | '&' if dialect == Dialect::SlackLike => entity(*c),
            '<' | '>' | '\\' | '*' | '_' | '~' | '`' | '[' | ']' | '|' => format!("\\{c}"),
            '@' => format!("@{BREAK}"),
            // A time of day is no emoji.
            ':' if next != ' '
                && !(next.is_ascii_digit() && before.ends_with(|it: char| it.is_ascii_digit())) =>
            {
                format!(":{BREAK}")
            }
            // `www.` makes a link of what follows.
            '.' if before.eq_ignore_ascii_case("www") => format!("{BREAK}."),
            // `1.` begins a list.
            '.' if !before.is_empty()
                && before.len() == at
                && before.bytes().all(|it| it.is_ascii_digit()) =>
            {
                "\\.".to_owned()
            }
            c => c.to_string(),
        };
        if c.is_alphanumeric() {
            before.push(*c);
        } else {
            before.clear();
        }
        piece
    });
    bounded(pieces, max)
}

/// One line between back-ticks, where Markdown reads nothing. What would end that, or act in Slack
/// all the same, is spelt as visible names spell bytes.
#[must_use]
pub(super) fn code(text: &str, dialect: Dialect, max: usize) -> String {
    let pieces = text.chars().map(|c| match c {
        '`' => "\\x60".to_owned(),
        '<' | '>' | '&' if dialect == Dialect::SlackLike => format!("\\x{:02x}", u32::from(c)),
        c => c.to_string(),
    });
    let inner = bounded(pieces, max.saturating_sub(2));
    // An empty span is not one.
    let inner = if inner.trim().is_empty() { "-".to_owned() } else { inner };
    format!("`{inner}`")
}

/// Escapes for HTML text and attributes in double quotes.
#[must_use]
pub(super) fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// For a receiver that hands the text on to others, nobody knows how encoded: the starts of mentions
/// and links are broken up, so that they act in none of them.
#[must_use]
pub(super) fn inert(text: &str, max: usize) -> String {
    let pieces = text.chars().map(|c| match c {
        '<' | '@' | '`' | '[' => format!("{c}{BREAK}"),
        c => c.to_string(),
    });
    bounded(pieces, max)
}

fn entity(c: char) -> String {
    match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        c => c.to_string(),
    }
}

/// Undoes [`slack`]'s entities, for showing a message as its reader sees it.
#[must_use]
pub(super) fn unslack(text: &str) -> String {
    // `&amp;` last, so that `&amp;lt;` becomes `&lt;` and stays that.
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_cannot_act_and_is_not_spelt_twice() {
        #[rustfmt::skip]
        let cases = [
            ("Musician",         20, "Musician"),
            ("a\u{1b}[31m\nb",   20, "a\\x1b[31m\\x0ab"),
            ("a\\x1b[31m",       20, "a\\x1b[31m"),
            ("a\u{202e}b",       20, "a\\u{202e}b"),
            ("a\\\\b",           20, "a\\\\b"),
            ("0123456789",       10, "0123456789"),
            ("0123456789",        9, "01234567…"),
            ("ääää",              3, "ää…"),
            ("🔴🔴🔴",            5, "🔴🔴…"),
            ("🔴🔴🔴",            4, "🔴…"),
            ("",                  0, ""),
        ];
        for (text, max, want) in cases {
            assert_eq!(line(text, max), want, "{text:?} within {max}");
        }
    }

    #[test]
    fn slack_text_is_escaped_and_never_cut_inside_an_entity() {
        #[rustfmt::skip]
        let cases = [
            ("<!channel> & <@U1>", 99, "&lt;!channel&gt; &amp; &lt;@U1&gt;"),
            ("a<b",                 6, "a&lt;b"),
            ("a<bc",                6, "a&lt;…"),
            ("a<bc",                5, "a…"),
            ("&lt;",               99, "&amp;lt;"),
        ];
        for (text, max, want) in cases {
            assert_eq!(slack(text, max), want, "{text:?} within {max}");
        }
    }

    proptest! {
        #[test]
        fn limits_hold_and_escaping_reverses(text in any::<String>(), max in 1usize..80) {
            prop_assert!(line(&text, max).encode_utf16().count() <= max);
            prop_assert_eq!(line(&text, max), cut(&seen(&text), max));
            prop_assert!(cut_bytes(&text, max.max(3)).len() <= max.max(3));
            let escaped = slack(&text, max);
            prop_assert!(escaped.encode_utf16().count() <= max);
            prop_assert!(!escaped.contains(['<', '>']));
            prop_assert_eq!(unslack(&slack(&text, usize::MAX)), text.clone());
            prop_assert!(seen(&text).chars().all(|c| !c.is_control()));
            prop_assert_eq!(seen(&seen(&text)), seen(&text));
        }
    }
}
