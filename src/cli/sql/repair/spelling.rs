//! Constraints and indexes of a manifest, as SQL writes them.

use std::fmt::Write as _;

use crate::cli::sql::quoting::identifier_in_line as identifier;
use crate::finding::FindingKind;
use crate::manifest::TableSpec;
use crate::schema::Action;
use crate::schema::ForeignKey;
use crate::schema::IndexKey;
use crate::schema::IndexedOn;
use crate::schema::Key;
use crate::schema::Name;

/// The definition of the constraint that the manifest calls `part`, and whether it may be added first and
/// checked later.
pub(super) fn constraint(
    kind: FindingKind,
    spec: &TableSpec,
    part: &str,
) -> Option<(String, bool)> {
    let is_it = |name: &Option<Name>| name.as_ref().is_some_and(|it| it.visible() == part);
    match kind {
        FindingKind::PrimaryKeyChanged => {
            let key = spec.primary_key.as_ref()?.as_ref().filter(|it| is_it(&it.name))?;
            Some((format!("PRIMARY KEY {}", keyed(key)?), false))
        }
        FindingKind::UniqueChanged => {
            let key = spec.unique.iter().flatten().find(|it| is_it(&it.name))?;
            let nulls = if key.nulls_not_distinct { " NULLS NOT DISTINCT" } else { "" };
            Some((format!("UNIQUE{nulls} {}", keyed(key)?), false))
        }
        FindingKind::ForeignKeyChanged => {
            let key = spec.foreign_keys.iter().flatten().find(|it| is_it(&it.name))?;
            Some((foreign_key(key)?, true))
        }
        FindingKind::CheckChanged => {
            let check = spec.checks.iter().flatten().find(|it| is_it(&it.name))?;
            Some((format!("CHECK ({})", check.expression), true))
        }
        FindingKind::ExclusionChanged => {
            let it = spec.exclusions.iter().flatten().find(|it| is_it(&it.name))?;
            Some((it.definition.clone(), false))
        }
        _ => None,
    }
}

/// Whether the index that the manifest calls `part` is unique, and what stands behind its table.
pub(super) fn index(spec: &TableSpec, part: &str) -> Option<(bool, String)> {
    let mut all = spec.indexes.iter().flatten();
    let it = all.find(|it| it.name.as_ref().is_some_and(|it| it.visible() == part))?;
    let keys: Option<Vec<String>> = it.keys.iter().map(index_key).collect();
    let mut out = format!("USING {} ({})", it.method, keys?.join(", "));
    if !it.include.is_empty() {
        let _ = write!(out, " INCLUDE {}", listed(&it.include)?);
    }
    if it.nulls_not_distinct {
        out.push_str(" NULLS NOT DISTINCT");
    }
    if let Some(predicate) = &it.predicate {
        let _ = write!(out, " WHERE {predicate}");
    }
    Some((it.unique, out))
}

fn index_key(it: &IndexKey) -> Option<String> {
    let mut out = match &it.on {
        IndexedOn::Column(name) => spelt(name)?,
        IndexedOn::Expression(sql) => format!("({sql})"),
    };
    if let Some(collation) = &it.collation {
        let _ = write!(out, " COLLATE {collation}");
    }
    if let Some(class) = &it.operator_class {
        let _ = write!(out, " {class}");
    }
    out.push_str(if it.descending { " DESC" } else { "" });
    if it.nulls_first != it.descending {
        out.push_str(if it.nulls_first { " NULLS FIRST" } else { " NULLS LAST" });
    }
    Some(out)
}

fn keyed(key: &Key) -> Option<String> {
    let mut out = listed(&key.columns)?;
    if !key.include.is_empty() {
        let _ = write!(out, " INCLUDE {}", listed(&key.include)?);
    }
    Some(out)
}

fn foreign_key(key: &ForeignKey) -> Option<String> {
    let (schema, table) = (spelt(&key.table.schema)?, spelt(&key.table.name)?);
    let mut out = format!("FOREIGN KEY {} REFERENCES {schema}.{table}", listed(&key.columns)?);
    if !key.references.is_empty() {
        let _ = write!(out, " {}", listed(&key.references)?);
    }
    if key.match_full {
        out.push_str(" MATCH FULL");
    }
    for (when, action) in [("UPDATE", key.on_update), ("DELETE", key.on_delete)] {
        if action != Action::NoAction {
            let _ = write!(out, " ON {when} {}", action.word().replace('_', " ").to_uppercase());
        }
    }
    if key.deferrable {
        out.push_str(" DEFERRABLE");
    }
    if key.initially_deferred {
        out.push_str(" INITIALLY DEFERRED");
    }
    Some(out)
}

fn listed(columns: &[Name]) -> Option<String> {
    let columns: Option<Vec<String>> = columns.iter().map(spelt).collect();
    Some(format!("({})", columns?.join(", ")))
}

fn spelt(name: &Name) -> Option<String> {
    name.as_text().map(identifier)
}
