//! stdout for people and pipelines: colour on a terminal only, and a closed pipe is no error.

use std::io;
use std::io::Write as _;

use anstyle::AnsiColor;
use anstyle::Style;
use serde_json::Value;

use crate::finding::Severity;
use crate::report::Verdict;
use crate::schema::visible;

/// Headings and names.
pub(super) const BOLD: Style = Style::new().bold();
/// What is there for completeness.
pub(super) const DIM: Style = Style::new().dimmed();
/// What is as it should be.
pub(super) const GOOD: Style = AnsiColor::Green.on_default();
/// What needs a look.
pub(super) const WARN: Style = AnsiColor::Yellow.on_default();
/// What is wrong.
pub(super) const BAD: Style = AnsiColor::Red.on_default().bold();

/// The colour of a verdict.
pub(super) fn verdict(verdict: Verdict) -> Style {
    match verdict {
        Verdict::Clean => GOOD,
        Verdict::Unknown => WARN,
        Verdict::Drifted => BAD,
    }
}

/// The colour of a severity.
pub(super) fn severity(severity: Severity) -> Style {
    match severity {
        Severity::Info => DIM,
        Severity::Warning => WARN,
        Severity::Critical => BAD,
    }
}

/// `text` in `style`. The codes are taken out again where stdout is no terminal.
pub(super) fn paint(style: Style, text: impl std::fmt::Display) -> String {
    format!("{style}{text}{style:#}")
}

/// Writes an answer to stdout. A reader that has gone away (`| head`) is not an error.
pub(super) fn emit(text: &str) -> io::Result<()> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result,
    }
}

/// Writes a remark to stderr, where it cannot disturb the answer.
pub(super) fn remark(text: &str) {
    // Nothing is left to do if stderr is closed.
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// A text from elsewhere that is spelled visibly already: what could act on the terminal all the same
/// is made visible, and backslashes stay as they are.
pub(super) fn harmless(text: &str) -> String {
    let pieces: Vec<_> = text.split('\\').map(|it| visible(it.as_bytes())).collect();
    pieces.join("\\")
}

/// [`harmless`] for every text in an answer.
pub(super) fn harmless_all(answer: &mut Value) {
    match answer {
        Value::String(text) => *text = harmless(text),
        Value::Array(list) => list.iter_mut().for_each(harmless_all),
        Value::Object(map) => map.values_mut().for_each(harmless_all),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// `1 table`, `2 tables`.
pub(super) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}
