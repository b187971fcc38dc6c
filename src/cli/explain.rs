//! `schemawarden explain`: what a kind means, why it matters, what to do ([`crate::explain`]).

use std::fmt::Write as _;

use anyhow::bail;

use super::Status;
use super::output;
use super::output::BOLD;
use super::output::DIM;
use super::output::paint;
use crate::explain::entries;
use crate::explain::entry;
use crate::finding::FindingKind;
use crate::nearest::hint;

#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// A kind of finding, incident or diagnosis, as reports name it. Without one: the list.
    kind: Option<String>,
}

pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<Status> {
    let Some(kind) = &args.kind else {
        let mut out = String::new();
        let width = entries().map(|it| it.kind.len()).max().unwrap_or(0);
        for entry in entries() {
            writeln!(out, "{}  {}", paint(BOLD, format!("{:width$}", entry.kind)), entry.means)?;
        }
        output::emit(&out)?;
        return Ok(Status::Clean);
    };
    let Some(entry) = entry(kind) else {
        let hint = hint(kind, entries().map(|it| it.kind));
        bail!("no kind `{kind}`{hint} (`schemawarden explain` lists them)");
    };
    let mut out = String::new();
    write!(out, "{}", paint(BOLD, entry.kind))?;
    if let Ok(kind) = entry.kind.parse::<FindingKind>() {
        write!(
            out,
            "{}",
            paint(DIM, format!("  a finding, {} unless configured", kind.default_severity()))
        )?;
    }
    writeln!(out, "\n\n{}", wrapped(entry.means))?;
    writeln!(out, "\n{}\n{}", paint(BOLD, "Why it matters"), wrapped(entry.matters))?;
    writeln!(out, "\n{}\n{}", paint(BOLD, "What to do"), wrapped(entry.to_do))?;
    output::emit(&out)?;
    Ok(Status::Clean)
}

/// Breaks a paragraph at 80 columns.
fn wrapped(text: &str) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        if column > 0 && column + 1 + word.len() > 80 {
            out.push('\n');
            column = 0;
        } else if column > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::IncidentKind;
    use crate::report::DiagnosisKind;

    #[test]
    fn every_kind_is_explained() {
        let explained = |word: &str| entries().any(|it| it.kind == word);
        for kind in FindingKind::ALL {
            assert!(explained(kind.word()), "{}", kind.word());
        }
        for kind in IncidentKind::ALL {
            assert!(explained(kind.word()), "{}", kind.word());
        }
        for kind in DiagnosisKind::ALL {
            assert!(explained(kind.word()), "{}", kind.word());
        }
    }
}
