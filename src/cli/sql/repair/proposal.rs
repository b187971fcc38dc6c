//! One finding, and the statements that would settle it.

use std::fmt::Write as _;

use super::spelling;
use crate::cli::sql::quoting::comment;
use crate::cli::sql::quoting::identifier_in_line as identifier;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::manifest::ColumnSpec;
use crate::manifest::Manifest;
use crate::manifest::TableSpec;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// What could be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Proposal {
    statements: Vec<String>,
    /// What it costs.
    hazard: &'static str,
    /// It loses something: only a comment.
    is_comment: bool,
}

const SHORT_LOCK: &str = "holds ACCESS EXCLUSIVE for a moment; rows are not read";
const REWRITE: &str = "rewrites the table under ACCESS EXCLUSIVE, with twice its space; fails where a row does not fit";
const SCAN: &str = "reads every row under ACCESS EXCLUSIVE; fails where one does not fit";
const NARROWS: &str = "rewrites the table, and MAY CUT OR ROUND what does not fit, without an error: only as a comment";
const LOSES: &str = "LOSES DATA for good: only as a comment";
const UNPROTECTS: &str = "takes a protection away: only as a comment";
const BY_HAND: &str = "no statement is proposed; `schemawarden explain` says what it means";

impl Proposal {
    fn of(statements: Vec<String>, hazard: &'static str) -> Self {
        Self { statements, hazard, is_comment: false }
    }

    fn comment(statements: Vec<String>, hazard: &'static str) -> Self {
        Self { statements, hazard, is_comment: true }
    }

    /// Whether something of it is more than a comment.
    pub(super) fn runs(&self) -> bool {
        !self.is_comment && !self.statements.is_empty()
    }

    pub(super) fn write(&self, out: &mut String) {
        let hazard = if self.statements.is_empty() { BY_HAND } else { self.hazard };
        // Writing to a String cannot fail.
        let _ = writeln!(out, "-- {hazard}");
        for it in &self.statements {
            let lead = if self.is_comment { "-- " } else { "" };
            for line in it.lines() {
                let _ = writeln!(out, "{lead}{line}");
            }
        }
    }
}

/// What settles `finding`; nothing where no statement is known to.
pub(super) fn proposal(finding: &Finding, manifest: &Manifest) -> Proposal {
    settled(finding, manifest).unwrap_or_default()
}

fn settled(finding: &Finding, manifest: &Manifest) -> Option<Proposal> {
    let name = finding.name.as_ref()?;
    let table = qualified(name)?;
    let spec = || {
        let of = |kind| manifest.expected.get(&(kind, name.clone()));
        of(RelationKind::Table)?.table.as_deref()
    };
    let detail = |key: &str| finding.detail.get(key).and_then(|it| it.as_str());
    let expected = detail("expected");
    let column = || Some(identifier(finding.part.as_deref().filter(|it| !it.contains('\\'))?));
    let alter = |what: String| format!("ALTER TABLE {table} {what};");
    Some(match finding.kind {
        FindingKind::MissingColumn => missing_column(finding, spec()?, &table)?,
        FindingKind::UnexpectedColumn => {
            Proposal::comment(vec![alter(format!("DROP COLUMN {}", column()?))], LOSES)
        }
        FindingKind::ColumnTypeChanged => {
            let (column, to) = (column()?, one_line(expected?)?);
            let collation = match of_column(finding, spec()?)?.1.collation.as_ref() {
                Some(Some(it)) => format!(" COLLATE {}", one_line(it)?),
                // What it is now would be lost without a word.
                None if to.starts_with("text") || to.starts_with("char") => return None,
                Some(None) | None => String::new(),
            };
            if widens(detail("actual")?, &to) {
                let change = format!("ALTER COLUMN {column} TYPE {to}{collation}");
                Proposal::of(vec![alter(change)], REWRITE)
            } else {
                let change =
                    format!("ALTER COLUMN {column} TYPE {to}{collation} USING {column}::{to}");
                Proposal::comment(vec![alter(change)], NARROWS)
            }
        }
        FindingKind::NullabilityChanged if expected == Some("not null") => {
            Proposal::of(vec![alter(format!("ALTER COLUMN {} SET NOT NULL", column()?))], SCAN)
        }
        FindingKind::NullabilityChanged => {
            let change = format!("ALTER COLUMN {} DROP NOT NULL", column()?);
            Proposal::comment(vec![alter(change)], UNPROTECTS)
        }
        FindingKind::DefaultChanged => {
            let column = column()?;
            let change = match expected {
                Some(it) => format!("ALTER COLUMN {column} SET DEFAULT {}", one_line(it)?),
                None => format!("ALTER COLUMN {column} DROP DEFAULT"),
            };
            let hazard =
                "holds ACCESS EXCLUSIVE for a moment; rows that are there keep what they have";
            Proposal::of(vec![alter(change)], hazard)
        }
        FindingKind::IdentityChanged => {
            let column = column()?;
            let word = |it: &str| if it == "always" { "ALWAYS" } else { "BY DEFAULT" };
            match (expected, detail("actual")) {
                (None, _) => {
                    let change = format!("ALTER COLUMN {column} DROP IDENTITY");
                    let hazard = "loses where it has counted to: only as a comment";
                    Proposal::comment(vec![alter(change)], hazard)
                }
                (Some(it), None) => {
                    let change =
                        format!("ALTER COLUMN {column} ADD GENERATED {} AS IDENTITY", word(it));
                    let hazard = "holds ACCESS EXCLUSIVE for a moment; it counts from 1: where there are rows, setval() has to follow";
                    Proposal::of(vec![alter(change)], hazard)
                }
                (Some(it), Some(_)) => {
                    let change = format!("ALTER COLUMN {column} SET GENERATED {}", word(it));
                    Proposal::of(vec![alter(change)], SHORT_LOCK)
                }
            }
        }
        FindingKind::PrimaryKeyChanged
        | FindingKind::UniqueChanged
        | FindingKind::ForeignKeyChanged
        | FindingKind::CheckChanged
        | FindingKind::ExclusionChanged => constraint(finding, spec(), &table)?,
        FindingKind::IndexChanged => index(finding, spec(), name, &table)?,
        FindingKind::RowSecurityChanged => {
            let security = |it: &str| alter(format!("{it} ROW LEVEL SECURITY"));
            let hazard = "holds ACCESS EXCLUSIVE for a moment; without a policy nobody but the owner sees a row";
            match (expected?, detail("actual")?) {
                ("forced", "enabled") => Proposal::of(vec![security("FORCE")], hazard),
                ("forced", _) => Proposal::of(vec![security("ENABLE"), security("FORCE")], hazard),
                ("enabled", "forced") => Proposal::comment(vec![security("NO FORCE")], UNPROTECTS),
                ("enabled", _) => Proposal::of(vec![security("ENABLE")], hazard),
                _ => Proposal::comment(vec![security("DISABLE")], UNPROTECTS),
            }
        }
        FindingKind::OwnerChanged => {
            let hazard = "holds ACCESS EXCLUSIVE for a moment; the old owner loses every right it had as such";
            Proposal::of(vec![alter(format!("OWNER TO {}", identifier(plain(expected?)?)))], hazard)
        }
        FindingKind::PersistenceChanged => {
            if expected? == "unlogged" {
                Proposal::comment(vec![alter("SET UNLOGGED".to_owned())], UNPROTECTS)
            } else {
                Proposal::of(vec![alter("SET LOGGED".to_owned())], REWRITE)
            }
        }
        _ => return None,
    })
}

/// `"public"."User"`; none where a name is no text.
fn qualified(name: &RelationName) -> Option<String> {
    Some(format!("{}.{}", identifier(name.schema.as_text()?), identifier(name.name.as_text()?)))
}

/// A visible spelling that is the name itself.
fn plain(visible: &str) -> Option<&str> {
    (!visible.contains('\\')).then_some(visible)
}

/// SQL of a manifest or a catalog as part of a line, where it is sure not to end the statement or to comment on
/// the rest; within a literal that would do no harm, and is not told apart.
fn one_line(sql: &str) -> Option<String> {
    let runs_on =
        sql.contains(char::is_control) || [";", "--", "/*"].iter().any(|it| sql.contains(it));
    (!runs_on).then(|| sql.to_owned())
}

/// The column that a finding is about, as the manifest has it.
fn of_column<'a>(finding: &Finding, spec: &'a TableSpec) -> Option<(&'a Name, &'a ColumnSpec)> {
    let part = finding.part.as_deref()?;
    spec.columns.as_ref()?.listed.iter().find(|(name, _)| name.visible() == part)
}

/// Whether every value of one type is the same value of the other.
fn widens(from: &str, to: &str) -> bool {
    let length = |it: &str| it.split_once('(')?.1.trim_end_matches(')').parse::<u32>().ok();
    let base = |it: &str| it.split('(').next().unwrap_or(it).trim().to_owned();
    let is_longer = match (length(from), length(to)) {
        (_, None) => true,
        (Some(from), Some(to)) => from <= to,
        (None, Some(_)) => false,
    };
    match (base(from).as_str(), base(to).as_str()) {
        ("character varying", "text")
        | ("smallint", "integer" | "bigint")
        | ("integer", "bigint")
        | ("real", "double precision") => true,
        ("character varying", "character varying") => is_longer,
        ("smallint" | "integer" | "bigint", "numeric") => !to.contains('('),
        _ => false,
    }
}

fn missing_column(finding: &Finding, spec: &TableSpec, table: &str) -> Option<Proposal> {
    let (name, column) = of_column(finding, spec)?;
    let definition = definition(name, column)?;
    let nullable = column.nullable.unwrap_or(true);
    let fills = column.default.as_ref().is_some_and(Option::is_some)
        || column.identity.flatten().is_some()
        || column.generated.as_ref().is_some_and(Option::is_some);
    let computes = column.generated.as_ref().is_some_and(Option::is_some)
        || column.identity.flatten().is_some()
        || column.default.iter().flatten().any(|it| it.contains('('));
    // A domain may have a default and a check of its own.
    let is_ours = column.type_name.as_deref().is_some_and(|it| it.contains('.'));
    let hazard = match (nullable, fills, computes) {
        _ if is_ours || column.generated.as_ref().is_some_and(Option::is_some) => REWRITE,
        (false, false, _) => {
            "fails where the table holds rows: then add it without NOT NULL, fill it, and SET NOT NULL"
        }
        (_, true, true) => {
            "rewrites the table under ACCESS EXCLUSIVE where its value differs from row to row"
        }
        _ => SHORT_LOCK,
    };
    let mut statements = vec![format!("ALTER TABLE {table} ADD COLUMN {definition};")];
    statements.extend(finding.hints.iter().map(|it| format!("-- {}", comment(it))));
    Some(Proposal::of(statements, hazard))
}

fn definition(name: &Name, it: &ColumnSpec) -> Option<String> {
    let name = identifier(name.as_text()?);
    let mut out = format!("{name} {}", one_line(it.type_name.as_deref()?)?);
    if let Some(Some(collation)) = &it.collation {
        let _ = write!(out, " COLLATE {}", one_line(collation)?);
    }
    if let Some(Some(generated)) = &it.generated {
        let stored = if generated.stored { "STORED" } else { "VIRTUAL" };
        let _ = write!(out, " GENERATED ALWAYS AS ({}) {stored}", one_line(&generated.expression)?);
    }
    if let Some(Some(identity)) = it.identity {
        let when = identity.word().replace('_', " ").to_uppercase();
        let _ = write!(out, " GENERATED {when} AS IDENTITY");
    }
    if let Some(Some(default)) = &it.default {
        let _ = write!(out, " DEFAULT {}", one_line(default)?);
    }
    if it.nullable == Some(false) {
        out.push_str(" NOT NULL");
    }
    Some(out)
}

/// Adds, drops, renames or replaces a constraint.
fn constraint(finding: &Finding, spec: Option<&TableSpec>, table: &str) -> Option<Proposal> {
    let part = finding.part.as_deref()?;
    let drop = |name: &str| {
        Some(format!("ALTER TABLE {table} DROP CONSTRAINT {};", identifier(plain(name)?)))
    };
    let add = || -> Option<(Vec<String>, &'static str)> {
        let (definition, late) = spelling::constraint(finding.kind, spec?, part)?;
        let name = identifier(plain(part)?);
        let definition = one_line(&definition)?;
        if late && !is_partitioned(spec?) {
            let adds = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition} NOT VALID;");
            let checks = format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name};");
            let hazard = "the first holds a lock for a moment, the second reads every row and lets others write; fails where one does not fit";
            return Some((vec![adds, checks], hazard));
        }
        let hazard = if late {
            SCAN
        } else if finding.kind == FindingKind::UniqueChanged {
            "builds an index under ACCESS EXCLUSIVE; fails where two rows are equal. If it was an index, as Prisma makes them, CREATE UNIQUE INDEX CONCURRENTLY does without the lock"
        } else {
            "builds an index under ACCESS EXCLUSIVE; fails where two rows are equal"
        };
        Some((vec![format!("ALTER TABLE {table} ADD CONSTRAINT {name} {definition};")], hazard))
    };
    match finding.detail.get("change")?.as_str()? {
        "missing" => add().map(|(statements, hazard)| Proposal::of(statements, hazard)),
        "unexpected" => Some(Proposal::comment(vec![drop(part)?], UNPROTECTS)),
        "renamed" => {
            let side = |key: &str| Some(identifier(plain(finding.detail.get(key)?.as_str()?)?));
            let change = format!("RENAME CONSTRAINT {} TO {}", side("actual")?, side("expected")?);
            Some(Proposal::of(vec![format!("ALTER TABLE {table} {change};")], SHORT_LOCK))
        }
        // In one statement: where the new one does not hold, the old one stays.
        _ => {
            let (definition, _) = spelling::constraint(finding.kind, spec?, part)?;
            let (name, definition) = (identifier(plain(part)?), one_line(&definition)?);
            let change = format!("DROP CONSTRAINT {name}, ADD CONSTRAINT {name} {definition}");
            Some(Proposal::of(vec![format!("ALTER TABLE {table} {change};")], SCAN))
        }
    }
}

/// Whether the manifest says that a table has partitions: then some statements have to lock for longer.
fn is_partitioned(spec: &TableSpec) -> bool {
    matches!(spec.partition_key, Some(Some(_)))
}

/// The same of an index, which can be built while others write.
fn index(
    finding: &Finding,
    spec: Option<&TableSpec>,
    of: &RelationName,
    table: &str,
) -> Option<Proposal> {
    let part = finding.part.as_deref()?;
    let schema = identifier(of.schema.as_text()?);
    let built = "is built while others write, and outside of a transaction; what fails leaves an invalid index behind";
    let drop = |name: &str| {
        Some(format!("DROP INDEX CONCURRENTLY {schema}.{};", identifier(plain(name)?)))
    };
    let create = || {
        let definition = spelling::index(spec?, part)?;
        let unique = if definition.0 { "UNIQUE " } else { "" };
        let concurrently = if is_partitioned(spec?) { "" } else { "CONCURRENTLY " };
        Some(format!(
            "CREATE {unique}INDEX {concurrently}{} ON {table} {};",
            identifier(plain(part)?),
            one_line(&definition.1)?
        ))
    };
    match finding.detail.get("change")?.as_str()? {
        "missing" if is_partitioned(spec?) => {
            Some(Proposal::of(vec![create()?], "nobody writes while it is built"))
        }
        "missing" => Some(Proposal::of(vec![create()?], built)),
        "unexpected" => Some(Proposal::comment(
            vec![drop(part)?],
            "queries that use it become slow: only as a comment",
        )),
        "renamed" => {
            let side = |key: &str| Some(identifier(plain(finding.detail.get(key)?.as_str()?)?));
            let sql = format!(
                "ALTER INDEX {schema}.{} RENAME TO {};",
                side("actual")?,
                side("expected")?
            );
            Some(Proposal::of(vec![sql], "holds SHARE UPDATE EXCLUSIVE for a moment"))
        }
        "invalid" => None,
        _ => {
            let hazard = "there is none until the new one is built: only as a comment. Better: build it under another name, drop the old one, rename";
            Some(Proposal::comment(vec![drop(part)?, create()?], hazard))
        }
    }
}
