//! The answer for people, and for GitHub Actions.

use std::fmt::Write as _;

use super::Asked;
use crate::cli::check::annotation;
use crate::cli::output::BAD;
use crate::cli::output::BOLD;
use crate::cli::output::DIM;
use crate::cli::output::GOOD;
use crate::cli::output::WARN;
use crate::cli::output::count;
use crate::cli::output::harmless;
use crate::cli::output::paint;
use crate::preflight::Answer;
use crate::preflight::Decision;
use crate::preflight::Fate;
use crate::preflight::Refusal;
use crate::preflight::RefusalKind;
use crate::schema::RelationName;

/// Names in one line; the rest is counted.
const NAMED: usize = 8;

/// The first line: what was decided, of what.
fn headline(asked: &Asked<'_>, answer: &Answer) -> String {
    let database = asked.database.map_or_else(
        || format!("an unregistered database (`{}`)", asked.live.session.database),
        |it| format!("`{it}`"),
    );
    let push = harmless(&asked.push);
    match answer.decision {
        Decision::Go => format!("go: {push} may go to {database}"),
        Decision::Refuse => format!("refused: {push} must not go to {database}"),
        Decision::Unknown => format!("could not tell whether {push} may go to {database}"),
    }
}

pub(super) fn people(asked: &Asked<'_>, answer: &Answer) -> String {
    let mut out = String::new();
    let style = match answer.decision {
        Decision::Go => GOOD,
        Decision::Refuse => BAD,
        Decision::Unknown => WARN,
    };
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{}", paint(style, headline(asked, answer)));
    for it in &answer.diagnoses {
        let _ = writeln!(out, "  {} {}", paint(BAD, "✗"), harmless(it));
    }
    for it in refusals(answer, asked.manifest) {
        let _ = writeln!(out, "  {} {}", paint(BAD, "✗"), harmless(&it));
    }
    for it in &answer.doubts {
        let _ = writeln!(out, "  {} {}", paint(WARN, "?"), harmless(it));
    }
    let _ = writeln!(out, "{}", paint(BOLD, "What the push would do"));
    let creates: Vec<String> = answer.creates.iter().map(RelationName::visible).collect();
    list(&mut out, "create", &creates);
    let of = |fate: Fate| {
        let drops = answer.drops.iter().filter(move |it| it.fate == fate);
        drops
            .map(|it| match it.rows {
                Some(rows) => format!("{} (about {})", it.table.visible(), count_rows(rows)),
                None => it.table.visible(),
            })
            .collect::<Vec<_>>()
    };
    list(&mut out, "drop", &of(Fate::Gone));
    list(&mut out, "empty", &of(Fate::Emptied));
    let renames: Vec<String> = answer
        .renames
        .iter()
        .map(|(old, new)| format!("{} to {}", old.visible(), new.visible()))
        .collect();
    list(&mut out, "rename", &renames);
    let loses: Vec<String> = answer
        .loses
        .iter()
        .map(|(table, column)| format!("{}.{}", table.visible(), column.visible()))
        .collect();
    list(&mut out, "lose column", &loses);
    let nothing = [answer.creates.len(), answer.drops.len(), answer.loses.len(), renames.len()];
    if nothing == [0; 4] {
        let _ = writeln!(out, "  nothing to any table");
    }
    let _ = writeln!(out, "{}", paint(BOLD, "How sure"));
    let known: Vec<String> = answer.proofs.iter().map(ToString::to_string).collect();
    let known = if known.is_empty() {
        "by nothing but the URL".to_owned()
    } else {
        format!("by {}", known.join(", "))
    };
    let _ = writeln!(out, "  known {known}");
    if let Some(mark) = &answer.mark {
        let _ = writeln!(out, "  marked {mark}");
    }
    let manifest = asked.manifest.map_or_else(String::new, |it| format!(", by manifest `{it}`"));
    let session = &asked.live.session;
    let _ = writeln!(
        out,
        "  {}{manifest}; read as `{}`, PostgreSQL {}",
        harmless(asked.from),
        session.role,
        session.server_version
    );
    for it in &answer.notes {
        let _ = writeln!(out, "  {}", paint(DIM, harmless(it)));
    }
    out
}

/// One line each; tables that may not come share one.
fn refusals(answer: &Answer, manifest: Option<&str>) -> Vec<String> {
    let is_table = |it: &&Refusal| it.kind == RefusalKind::UnexpectedTable;
    let tables: Vec<&Refusal> = answer.refusals.iter().filter(is_table).collect();
    let shared = (tables.len() > 1).then(|| {
        let names = tables.iter().filter_map(|it| it.table.as_ref()).map(RelationName::visible);
        format!(
            "{} tables would come that manifest `{}` does not list: {}",
            tables.len(),
            manifest.unwrap_or_default(),
            some(&names.collect::<Vec<_>>())
        )
    });
    let is_shared = |it: &&Refusal| shared.is_some() && is_table(it);
    let own = answer.refusals.iter().filter(|it| !is_shared(it)).map(|it| it.message.clone());
    let mut lines: Vec<String> = own.collect();
    let at = answer.refusals.iter().position(|it| is_table(&it)).unwrap_or_default();
    if let Some(shared) = &shared {
        lines.insert(at.min(lines.len()), shared.clone());
    }
    lines
}

/// As many names as a line has room for.
fn some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED);
    let mut line = names.iter().take(NAMED).cloned().collect::<Vec<_>>().join(", ");
    if more > 0 {
        let _ = write!(line, " and {more} more");
    }
    line
}

fn count_rows(rows: u64) -> String {
    usize::try_from(rows).map_or_else(|_| format!("{rows} rows"), |it| count(it, "row"))
}

fn list(out: &mut String, verb: &str, names: &[String]) {
    if names.is_empty() {
        return;
    }
    let _ = writeln!(out, "  {verb} {}: {}", names.len(), some(names));
}

/// The same where the database could not be read.
pub(super) fn github_unknown(database: Option<&str>, reason: &str) -> String {
    let mut out = String::new();
    let title = format!("{}: could not tell", database.unwrap_or("preflight"));
    annotation(&mut out, "error", &title, reason);
    out
}

/// Annotations, and the answer for the log.
pub(super) fn github(asked: &Asked<'_>, answer: &Answer) -> String {
    let mut out = String::new();
    let title = asked.database.unwrap_or("preflight");
    for it in &answer.diagnoses {
        annotation(&mut out, "error", title, it);
    }
    for it in &answer.refusals {
        annotation(&mut out, "error", &format!("{title}: {}", it.kind.word()), &it.message);
    }
    for it in &answer.doubts {
        annotation(&mut out, "error", &format!("{title}: could not tell"), it);
    }
    for it in answer.notes.iter().filter(|_| answer.decision != Decision::Go) {
        annotation(&mut out, "notice", title, it);
    }
    // Every line begins with a word of ours, so none can be a command.
    for line in people(asked, answer).lines() {
        let _ = writeln!(out, "preflight | {line}");
    }
    out
}
