//! What a manifest means for a guard inside the database: which tables may come, which must not go. Pure.
//!
//! The guard ([`crate::schema::Guard`]) decides as an audit would, by name and owner, in the order of
//! [`crate::compare`]: `forbid`, `tables`, `ignore`, presets. It knows no columns, so a table that a preset
//! tells by them passes by its name. Views are not guarded.

use std::collections::BTreeSet;

use super::Globs;
use super::Known;
use super::Manifest;
use super::hash::Canonical;
use super::hash::hex;
use crate::finding::FindingKind;
use crate::schema::Name;
use crate::schema::RelationKind;
use crate::schema::RelationName;

/// The rules, in the spelling of the guard: a table is `table "public"."User"`, of a name that is not plain ASCII
/// in the hex of its bytes; a glob is two regular expressions of PostgreSQL, for schema and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuardRules {
    /// The manifest's name.
    pub manifest: String,
    /// Tables that have to be there.
    pub required: BTreeSet<String>,
    /// Tables that may be there.
    pub allowed: BTreeSet<String>,
    /// The audited schemas; `None`: every one.
    pub schemas: Option<BTreeSet<String>>,
    pub forbidden: BTreeSet<[String; 2]>,
    pub ignored: BTreeSet<[String; 2]>,
    /// What presets let pass.
    pub presets: BTreeSet<String>,
    pub preset_globs: BTreeSet<[String; 2]>,
    /// Roles of providers, as regular expressions.
    pub provider_roles: BTreeSet<String>,
}

impl GuardRules {
    /// Those of `manifest`, for a database with these accepted findings of its own. A table that is accepted may
    /// come, as long as its entry stands.
    #[must_use]
    pub fn of(manifest: &Manifest, known: &[Known]) -> Self {
        let is_table =
            |it: &RelationKind| matches!(it, RelationKind::Table | RelationKind::ForeignTable);
        let mut required = BTreeSet::new();
        let mut allowed = BTreeSet::new();
        for ((kind, name), expected) in manifest.expected.iter().filter(|it| is_table(&it.0.0)) {
            if !manifest.audits(&name.schema) || manifest.forbid.matching(name).is_some() {
                continue;
            }
            let set = if expected.optional { &mut allowed } else { &mut required };
            set.insert(key(*kind, name));
        }
        for it in known.iter().chain(&manifest.known) {
            let kind = match it.kind {
                FindingKind::UnexpectedTable => RelationKind::Table,
                FindingKind::UnexpectedForeignTable => RelationKind::ForeignTable,
                _ => continue,
            };
            let key = key(kind, &it.object);
            if !required.contains(&key) {
                allowed.insert(key);
            }
        }
        let listed = |name: &RelationName| {
            manifest.expected.contains_key(&(RelationKind::Table, name.clone()))
        };
        let passing = manifest.presets.passing(listed);
        let mut presets = BTreeSet::new();
        let mut preset_globs = BTreeSet::new();
        for (glob, only_tables) in passing.globs {
            match glob.exact() {
                Some(name) => {
                    presets.insert(key(RelationKind::Table, &name));
                    if !only_tables {
                        presets.insert(key(RelationKind::ForeignTable, &name));
                    }
                }
                None => drop(preset_globs.insert(glob.regexes())),
            }
        }
        let schemas = manifest.schemas.as_ref();
        Self {
            manifest: manifest.name.clone(),
            required,
            allowed,
            schemas: schemas.map(|it| it.iter().map(part).collect()),
            forbidden: regexes(&manifest.forbid),
            ignored: regexes(&manifest.ignore),
            presets,
            preset_globs,
            provider_roles: passing.roles,
        }
    }

    /// Whether a glob or a role among them has characters beyond ASCII. A regular expression tells those in UTF-8
    /// alone.
    #[must_use]
    pub fn needs_utf8(&self) -> bool {
        let pairs = [&self.forbidden, &self.ignored, &self.preset_globs];
        let globs = pairs.into_iter().flatten().flatten();
        globs.chain(&self.provider_roles).any(|it| beyond_ascii(it))
    }

    /// SHA-256 of all of it, first 16 hex digits: equal for equal meaning. What else the manifest says of its
    /// tables (columns, rows) does not change it.
    #[must_use]
    pub fn hash(&self) -> String {
        let mut canonical = Canonical::new();
        let mut list = |word: &str, parts: &mut dyn Iterator<Item = &String>| {
            canonical.field(word, &parts.map(String::as_bytes).collect::<Vec<_>>());
        };
        list("manifest", &mut std::iter::once(&self.manifest));
        list("required", &mut self.required.iter());
        list("allowed", &mut self.allowed.iter());
        match &self.schemas {
            Some(it) => list("schemas", &mut it.iter()),
            None => list("every schema", &mut std::iter::empty()),
        }
        list("forbidden", &mut self.forbidden.iter().flatten());
        list("ignored", &mut self.ignored.iter().flatten());
        list("presets", &mut self.presets.iter());
        list("preset globs", &mut self.preset_globs.iter().flatten());
        list("roles", &mut self.provider_roles.iter());
        canonical.finish()
    }
}

fn regexes(globs: &Globs) -> BTreeSet<[String; 2]> {
    globs.iter().map(super::Glob::regexes).collect()
}

/// How the guard spells a relation: `table "public"."User"`.
fn key(kind: RelationKind, name: &RelationName) -> String {
    format!("{} {}.{}", kind.word().replace('_', " "), part(&name.schema), part(&name.name))
}

fn part(name: &Name) -> String {
    let bytes = name.as_bytes();
    match std::str::from_utf8(bytes) {
        Ok(text) if bytes.iter().all(|it| (b' '..=b'~').contains(it)) => {
            format!("\"{}\"", text.replace('"', "\"\""))
        }
        _ => hex(bytes),
    }
}

/// Whether `regex`, which spells what is not a letter or digit as `\u` and four digits, has such a character
/// beyond ASCII.
fn beyond_ascii(regex: &str) -> bool {
    let mut escapes = regex.split('\\').skip(1);
    escapes.any(|it| !it.starts_with("u00") || it.as_bytes().get(3).is_some_and(|it| *it >= b'8'))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::super::read;
    use super::*;

    fn rules(yaml: &str) -> GuardRules {
        let manifest = read(std::path::Path::new("m.yaml"), yaml, date(2026, 1, 1));
        GuardRules::of(&manifest.expect("a manifest"), &[])
    }

    #[test]
    fn tables_are_required_or_allowed_and_the_rest_is_not() {
        let it = rules(
            "manifest: m\ntables:\n  User: {}\n  Setting: { optional: true }\n  'Mü\\x0a': {}\n  tmp_1: {}\n\
             schemas: [public]\nforbid: ['tmp_*']\nignore: ['*_old', '[a-c]?']\nviews: [v]\n",
        );
        let required: Vec<&str> = it.required.iter().map(String::as_str).collect();
        assert_eq!(required, ["table \"public\".\"User\"", "table \"public\".4dc3bc0a"]);
        assert_eq!(
            it.allowed.iter().next().map(String::as_str),
            Some("table \"public\".\"Setting\"")
        );
        assert_eq!(it.schemas.as_ref().map(BTreeSet::len), Some(1));
        let pair = |schema: &str, name: &str| [schema.to_owned(), name.to_owned()];
        assert_eq!(it.forbidden, [pair("^public$", "^tmp_.*$")].into());
        assert_eq!(it.ignored, [pair("^public$", "^.*_old$"), pair("^public$", "^[a-c].$")].into());
    }

    #[test]
    fn presets_pass_by_name_and_the_wrong_tool_s_do_not() {
        let ledger = "table \"public\".\"_prisma_migrations\"";
        let auto = rules("manifest: m\ntables: [User]\n");
        assert!(auto.presets.contains(ledger));
        assert!(auto.provider_roles.contains("^supabase_admin$"), "{:?}", auto.provider_roles);
        // A provider's tables pass by their owner, not by a name that anybody may use.
        assert!(!auto.presets.contains("table \"auth\".\"users\""));
        let none = rules("manifest: m\ntables: [User]\npresets: []\n");
        assert!(none.presets.is_empty() && none.provider_roles.is_empty());
        let flyway = rules("manifest: m\ntables: [User]\npresets: [auto, flyway]\n");
        assert!(!flyway.presets.contains(ledger));
        assert!(flyway.presets.contains("table \"public\".\"flyway_schema_history\""));
        let hasura = rules("manifest: m\ntables: [User]\npresets: [hasura]\n");
        assert!(hasura.preset_globs.iter().any(|it| it[0] == "^hdb_catalog$" && it[1] == "^.*$"));
    }

    #[test]
    fn what_is_accepted_may_come() {
        let it = rules(
            "manifest: m\ntables: [User]\nknown:\n  - { object: Legacy, kind: unexpected_table, reason: old, owner: me, until: 2026-02-01 }\n",
        );
        assert!(it.allowed.contains("table \"public\".\"Legacy\""), "{:?}", it.allowed);
    }

    #[test]
    fn globs_beyond_ascii_are_known() {
        for (glob, beyond) in [
            ("tmp-*", false),
            ("a b", false),
            ("ü*", true),
            ("Ж*", true),
            ("[а-я]x", true),
            ("\u{1f600}", true),
        ] {
            let it = rules(&format!("manifest: m\ntables: [User]\nignore: [{glob:?}]\n"));
            assert_eq!(it.needs_utf8(), beyond, "{glob}");
        }
    }

    #[test]
    fn the_hash_changes_with_the_meaning_alone() {
        let of = |yaml: &str| rules(yaml).hash();
        let base = of("manifest: m\ntables: [User, Customer]\n");
        assert_eq!(base.len(), 16);
        assert_eq!(
            base,
            of(
                "manifest: m\ndescription: x\ntables: { Customer: {}, User: { rows: { min: 1 } } }\n"
            )
        );
        for other in [
            "manifest: other\ntables: [User, Customer]\n",
            "manifest: m\ntables: [User]\n",
            "manifest: m\ntables: { User: {}, Customer: { optional: true } }\n",
            "manifest: m\ntables: [User, Customer]\nignore: ['tmp_*']\n",
            "manifest: m\ntables: [User, Customer]\nforbid: ['tmp_*']\n",
            "manifest: m\ntables: [User, Customer]\npresets: []\n",
            "manifest: m\ntables: [User, Customer]\nschemas: [public]\n",
        ] {
            assert_ne!(base, of(other), "{other}");
        }
    }
}
