//! Small pieces that every page is made of: verdicts, severities, instants, commands to copy.
//!
//! Each says what it means in a glyph and a word as well as in a colour.

use jiff::Timestamp;
use maud::Markup;
use maud::html;
use percent_encoding::AsciiSet;
use percent_encoding::NON_ALPHANUMERIC;
use percent_encoding::utf8_percent_encode;

use super::words;
use crate::http::access::Viewer;
use crate::report::Verdict;

/// Everything in a piece of a path but what needs no escape anywhere.
const PIECE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// How an instant is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Told {
    /// `for 3 min`.
    Lasting,
    /// `3 min ago`.
    Ago,
    /// `in 40 s`.
    Ahead,
}

/// A verdict as a badge.
pub(in crate::http) fn verdict(verdict: Verdict) -> Markup {
    let glyph = match verdict {
        Verdict::Clean => "✓",
        Verdict::Drifted => "✕",
        Verdict::Unknown => "?",
    };
    badge("verdict", verdict.word(), glyph, verdict.word())
}

/// A severity as a badge; `word` is `critical`, `warning` or `info`, and anything else is shown as it is.
pub(in crate::http) fn severity(word: &str) -> Markup {
    let (class, glyph) = match word {
        "critical" => ("critical", "‼"),
        "warning" => ("warning", "!"),
        _ => ("info", "i"),
    };
    badge("severity", class, glyph, word)
}

/// The state of an incident as a badge: `open`, `acknowledged`, `resolved`.
pub(in crate::http) fn state(word: &str) -> Markup {
    let (class, glyph) = match word {
        "open" => ("open", "●"),
        "acknowledged" => ("acknowledged", "◐"),
        _ => ("resolved", "○"),
    };
    badge("state", class, glyph, word)
}

/// A badge: `class` says which kind, `which` which of them.
pub(in crate::http) fn badge(class: &str, which: &str, glyph: &str, word: &str) -> Markup {
    html! { span class={ (class) " " (which) } { b aria-hidden="true" { (glyph) } " " (word) } }
}

/// An instant, told from `now`, with the instant itself to look at; the script goes on counting.
pub(in crate::http) fn moment(at: Timestamp, now: Timestamp, told: Told) -> Markup {
    let (words, how) = match told {
        Told::Lasting => (words::lasting(at, now), "for"),
        Told::Ago => (words::ago(at, now), "ago"),
        Told::Ahead => (words::ahead(at, now), "in"),
    };
    html! { time datetime=(at) title=(instant(at)) data-told=(how) { (words) } }
}

/// An instant to the second, in UTC: `2026-11-24 12:00:00 UTC`.
pub(in crate::http) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// What a command that is offered is for. Whoever was woken has to know before anything else whether it changes
/// something.
const PURPOSES: [(&str, &str); 10] = [
    ("check", "Look again; reads only"),
    ("audit", "Look again; reads only"),
    ("doctor", "Find out why it cannot be read; reads only"),
    ("sql quarantine", "The way out: prints SQL that puts the tables aside, and runs nothing"),
    ("explain", "What this kind of finding means"),
    ("accept-reset", "Only if it was meant"),
    ("discover", "What the registry names now; reads only"),
    ("manifests release", "Only if the manifest is right"),
    ("notify-test", "Try the channel"),
    ("deliveries retry", "Send what waits"),
];

/// One command or sentence, what it is for, and a button that copies it.
pub(in crate::http) fn step(text: &str) -> Markup {
    html! {
        @if let Some(said) = purpose(text) { span.purpose { (said) } }
        code { (text) }
        // Shown by the script: without it there is nothing behind the button.
        button type="button" data-copy hidden { "Copy" }
    }
}

fn purpose(step: &str) -> Option<&'static str> {
    let command = step.strip_prefix("schemawarden ")?;
    let is = |name: &str| {
        command.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
    };
    PURPOSES.into_iter().find(|(name, _)| is(name)).map(|(_, said)| said)
}

/// What to do next, one command or sentence each.
pub(in crate::http) fn steps(steps: &[String]) -> Markup {
    html! { ol.steps { @for it in steps { li { (step(it)) } } } }
}

/// What every form of a page carries, so that no other site can send it.
pub(in crate::http) fn proof(viewer: &Viewer) -> Markup {
    html! { input type="hidden" name="proof" value=(viewer.proof); }
}

/// A text as one piece of a path or a value of a query.
pub(in crate::http) fn piece(text: &str) -> String {
    utf8_percent_encode(text, PIECE).to_string()
}

/// A name from elsewhere, which may be written from right to left: it turns nothing around it.
pub(in crate::http) fn name(text: &str) -> Markup {
    html! { bdi { (text) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_what_it_is_for_and_a_sentence_speaks_for_itself() {
        for (step, said) in [
            ("schemawarden check central", Some("Look again; reads only")),
            ("schemawarden checks", None),
            ("Restore what is gone from a backup.", None),
        ] {
            assert_eq!(purpose(step), said, "{step}");
        }
        // What a person copies is the command alone.
        let drawn = step("schemawarden sql quarantine a").into_string();
        let copied = "<code>schemawarden sql quarantine a</code><button";
        assert!(drawn.contains("runs nothing</span>") && drawn.contains(copied), "{drawn}");
    }

    #[test]
    fn nothing_of_a_name_acts() {
        for hostile in [
            "<img src=x onerror=alert(1)>",
            "\"><script>alert(1)</script>",
            "' onmouseover='alert(1)",
            "a\u{202e}b",
            "a\nb",
            "\\xff",
        ] {
            let all = html! {
                (name(hostile)) (severity(hostile)) (state(hostile)) (step(hostile))
                a href={ "databases/" (piece(hostile)) } { "x" }
            };
            let all = all.into_string();
            assert_eq!(all.matches("<img").count() + all.matches("<script").count(), 0, "{all}");
            let link = all.rsplit_once("href=\"").expect("a link").1;
            let link = link.split_once('"').expect("its end").0;
            let plain = |c: char| c.is_ascii_alphanumeric() || "-_.~%/".contains(c);
            assert!(link.chars().all(plain), "{link}");
        }
    }

    #[test]
    fn an_instant_says_itself_and_how_long_ago() {
        let at: Timestamp = "2026-11-24T12:00:00Z".parse().unwrap();
        let now: Timestamp = "2026-11-24T12:03:00Z".parse().unwrap();
        let want = "<time datetime=\"2026-11-24T12:00:00Z\" title=\"2026-11-24 12:00:00 UTC\" \
                    data-told=\"ago\">3 min ago</time>";
        assert_eq!(moment(at, now, Told::Ago).into_string(), want);
    }
}
