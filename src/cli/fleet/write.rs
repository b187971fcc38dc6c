//! What `--write` writes: a manifest a shape, and the databases that are held to them.
//!
//! No URL is written, for it may hold a password: each database names a variable instead.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

use super::Fleet;
use crate::cli::depth::warn_if_too_large;
use crate::cli::output;

/// The part of a config.
const DATABASES: &str = "databases.yaml";
/// The manifests.
const MANIFESTS: &str = "manifests";

/// Says no before hundreds of databases are read for nothing.
pub(super) fn refuse_what_is_there(folder: &Path) -> anyhow::Result<()> {
    for name in [DATABASES, MANIFESTS] {
        let path = folder.join(name);
        if path.symlink_metadata().is_ok() {
            bail!(
                "{} is there already; name another folder for --write, or take it away",
                path.display()
            );
        }
    }
    Ok(())
}

pub(super) fn write(fleet: &Fleet, folder: &Path) -> anyhow::Result<()> {
    let manifests = folder.join(MANIFESTS);
    fs::create_dir_all(&manifests)
        .with_context(|| format!("cannot make {}", manifests.display()))?;
    for (at, told) in fleet.shapes.iter().enumerate() {
        let name = shape_name(at);
        let text = told.shape.text(&name, fleet.depth);
        warn_if_too_large(&text, "`from: {database: …}`");
        let members = output::count(told.shape.members.len(), "database");
        let text =
            format!("# The shape of {members}, by `schemawarden fleet`. One of them:\n{text}");
        put(&manifests.join(format!("{name}.yaml")), &text)?;
    }
    put(&folder.join(DATABASES), &databases(fleet))?;
    output::remark(&format!(
        "wrote {} and {}",
        output::count(fleet.shapes.len(), "manifest"),
        folder.join(DATABASES).display()
    ));
    Ok(())
}

/// Writes a file that is not there yet.
fn put(path: &Path, text: &str) -> anyhow::Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut it| it.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

fn shape_name(at: usize) -> String {
    format!("shape-{}", at + 1)
}

/// The part of a config. Writing to a String cannot fail.
fn databases(fleet: &Fleet) -> String {
    let mut out = String::from(
        "# By `schemawarden fleet`: each database, held to the manifest of its shape. Put it into a config, whose\n\
         # `manifests:` is the folder beside this file, and give each variable the URL of its database. Read the\n\
         # manifests first: whatever was there is listed as expected.\n\
         manifests: manifests\n\
         databases:\n",
    );
    let mut shape_of = vec![None; fleet.names.len()];
    for (at, told) in fleet.shapes.iter().enumerate() {
        told.shape.members.iter().for_each(|it| shape_of[*it] = Some(at));
    }
    let mut taken = BTreeSet::new();
    for (name, shape) in fleet.names.iter().zip(shape_of) {
        let Some(shape) = shape else { continue };
        let variable = variable(name, &mut taken);
        let name = serde_json::Value::from(name.as_str());
        let manifest = shape_name(shape);
        let _ =
            writeln!(out, "  - {{ name: {name}, url: \"${{{variable}}}\", manifest: {manifest} }}");
    }
    for (at, reason) in &fleet.unread {
        let (name, reason) = (output::harmless(&fleet.names[*at]), output::harmless(reason));
        let _ = writeln!(out, "  # NOT READ, and so without a manifest: {name}: {reason}");
    }
    out
}

/// `SCO_DATABASE_URL` for `sco`; a number tells two apart that would be called the same.
fn variable(name: &str, taken: &mut BTreeSet<String>) -> String {
    let word = |it: char| if it.is_ascii_alphanumeric() { it.to_ascii_uppercase() } else { '_' };
    let mut stem: String = name.chars().map(word).collect();
    if !stem.starts_with(|it: char| it.is_ascii_alphabetic()) {
        stem.insert_str(0, "DB_");
    }
    let mut variable = format!("{stem}_DATABASE_URL");
    let mut number = 2;
    while !taken.insert(variable.clone()) {
        variable = format!("{stem}_{number}_DATABASE_URL");
        number += 1;
    }
    variable
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_a_variable_of_its_own() {
        let mut taken = BTreeSet::new();
        let cases = [
            ("sco", "SCO_DATABASE_URL"),
            ("tenant-7", "TENANT_7_DATABASE_URL"),
            ("tenant_7", "TENANT_7_2_DATABASE_URL"),
            ("7", "DB_7_DATABASE_URL"),
            ("é\n${X}", "DB_____X__DATABASE_URL"),
        ];
        for (name, want) in cases {
            assert_eq!(variable(name, &mut taken), want, "{name}");
        }
    }
}
