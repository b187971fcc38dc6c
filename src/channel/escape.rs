//! The last encoders before a text leaves: visible, cut on a character border, escaped for Slack.
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
    let whole: String = text.chars().map(entity).collect();
    if whole.encode_utf16().count() <= max {
        return whole;
    }
    let mut left = max.saturating_sub(1);
    let mut out = String::new();
    for piece in text.chars().map(entity) {
        match left.checked_sub(piece.encode_utf16().count()) {
            Some(rest) => left = rest,
            None => break,
        }
        out.push_str(&piece);
    }
    out.push(ELLIPSIS);
    out
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
