//! The fleet for people: the most common shape first, then who is otherwise, and how.

use std::fmt::Write as _;

use super::Fleet;
use super::Told;
use crate::cli::output::BOLD;
use crate::cli::output::DIM;
use crate::cli::output::GOOD;
use crate::cli::output::WARN;
use crate::cli::output::count;
use crate::cli::output::harmless;
use crate::cli::output::paint;
use crate::cli::report_text;
use crate::report;

/// How many databases of a shape, and differences of one, are listed. Their number is always told.
const LISTED_MAX: usize = 20;

pub(super) fn render(fleet: &Fleet) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_all(&mut out, fleet);
    out
}

fn write_all(out: &mut String, fleet: &Fleet) -> std::fmt::Result {
    let read = fleet.names.len() - fleet.unread.len();
    let (shapes, read) = (count(fleet.shapes.len(), "shape"), count(read, "database"));
    write!(out, "{}", paint(BOLD, format!("{shapes} in {read}")))?;
    if !fleet.unread.is_empty() {
        write!(out, ", {}", paint(WARN, format!("{} could not be read", fleet.unread.len())))?;
    }
    writeln!(out)?;
    for (at, told) in fleet.shapes.iter().enumerate() {
        writeln!(out)?;
        shape(out, fleet, at, told)?;
    }
    if !fleet.unread.is_empty() {
        writeln!(out, "\n{}", paint(WARN, "could not be read"))?;
        for (at, reason) in &fleet.unread {
            writeln!(out, "  {}: {}", harmless(&fleet.names[*at]), harmless(reason))?;
        }
    }
    Ok(())
}

fn shape(out: &mut String, fleet: &Fleet, at: usize, told: &Told) -> std::fmt::Result {
    let members = &told.shape.members;
    let mut facts = vec![count(members.len(), "database"), count(told.relations, "relation")];
    if !told.fits.is_empty() {
        let names: Vec<_> = told.fits.iter().map(|it| format!("`{it}`")).collect();
        let one = names.len() == 1;
        let (noun, verb) = if one { ("manifest", "says") } else { ("manifests", "say") };
        facts.push(paint(GOOD, format!("as {noun} {} {verb}", names.join(" and "))));
    }
    writeln!(out, "{}  {}", paint(BOLD, format!("shape {}", at + 1)), facts.join(" · "))?;
    let listed = members.iter().take(LISTED_MAX).map(|it| harmless(&fleet.names[*it]));
    let mut names: Vec<_> = listed.collect();
    if members.len() > LISTED_MAX {
        names.push(format!("… and {} more", members.len() - LISTED_MAX));
    }
    writeln!(out, "  {}", names.join(", "))?;
    if at == 0 {
        return Ok(());
    }
    let Some(differs) = &told.differs else {
        return writeln!(out, "  shape 1 is too large to be compared with");
    };
    if differs.is_empty() {
        // Two manifests may say the same in other words.
        return writeln!(out, "  {}", paint(DIM, "nothing that counts differs from shape 1"));
    }
    writeln!(out, "  differs from shape 1:")?;
    let findings: Vec<_> = differs.iter().map(report::json::finding).collect();
    let kinds = differs.iter().take(LISTED_MAX).map(|it| it.kind.word().len()).max().unwrap_or(0);
    for it in findings.iter().take(LISTED_MAX) {
        report_text::finding(out, it, kinds)?;
    }
    if findings.len() > LISTED_MAX {
        let more = findings.len() - LISTED_MAX;
        writeln!(out, "  … and {more} more (--format json lists all)")?;
    }
    Ok(())
}
