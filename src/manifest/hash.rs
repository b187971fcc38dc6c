//! The hash of a manifest: equal for equal meaning, whatever the spelling.

use serde_json::Value;
use sha2::Digest;
use sha2::Sha256;

use super::Globs;
use super::Manifest;
use crate::schema::Name;

/// SHA-256 of everything that decides a comparison, first 16 hex digits. The name, the description
/// and the file decide nothing and are not part of it.
pub(super) fn hash(manifest: &Manifest) -> String {
    let mut canonical = Canonical::new();
    for ((kind, name), expected) in &manifest.expected {
        canonical.field(
            "expected",
            &[kind.word().as_bytes(), name.schema.as_bytes(), name.name.as_bytes()],
        );
        canonical.field("optional", &[&[u8::from(expected.optional)]]);
        if expected.table.is_some() || expected.definition.is_some() {
            // Keys of a JSON map are sorted, so one meaning has one text.
            let declared = Value::from(super::spell::expected(expected)).to_string();
            canonical.field("declared", &[declared.as_bytes()]);
        }
    }
    let compares = [manifest.compares_views, manifest.compares_materialized_views];
    canonical.field("compares", &[&compares.map(u8::from)]);
    match &manifest.schemas {
        None => canonical.field("every schema", &[]),
        Some(schemas) => {
            let names: Vec<_> = schemas.iter().map(Name::as_bytes).collect();
            canonical.field("schemas", &names);
        }
    }
    let objects = super::spell::objects(&manifest.objects);
    if !objects.is_empty() {
        canonical.field("objects", &[Value::from(objects).to_string().as_bytes()]);
    }
    if let Some(golden) = &manifest.golden {
        canonical.field("from", &[golden.database.as_bytes(), golden.depth.word().as_bytes()]);
    }
    canonical.globs("ignore", &manifest.ignore);
    canonical.globs("forbid", &manifest.forbid);
    canonical.field("presets", &[manifest.presets.to_string().as_bytes()]);
    let mut known: Vec<_> = manifest.known.iter().collect();
    known.sort_by_key(|it| (&it.object, it.kind, &it.part, it.until));
    for it in known {
        let (schema, name) = (it.object.schema.as_bytes(), it.object.name.as_bytes());
        let until = it.until.to_string();
        canonical.field("known", &[it.kind.word().as_bytes(), schema, name, until.as_bytes()]);
        if let Some(part) = &it.part {
            canonical.field("part", &[part.as_bytes()]);
        }
        canonical.field("by", &[it.reason.as_bytes(), it.owner.as_bytes()]);
    }
    for (kind, severity) in &manifest.severities {
        canonical.field("severity", &[kind.word().as_bytes(), severity.word().as_bytes()]);
    }
    canonical.finish()
}

/// Feeds a hash with length-prefixed parts, so that no two manifests share one byte string.
pub(super) struct Canonical(Sha256);

impl Canonical {
    pub(super) fn new() -> Self {
        Self(Sha256::new())
    }

    /// First 16 hex digits.
    pub(super) fn finish(self) -> String {
        hex(&self.0.finalize()[..8])
    }

    pub(super) fn field(&mut self, word: &str, parts: &[&[u8]]) {
        self.part(word.as_bytes());
        self.0.update((parts.len() as u64).to_be_bytes());
        for part in parts {
            self.part(part);
        }
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    fn globs(&mut self, word: &str, globs: &Globs) {
        let mut texts: Vec<_> = globs.iter().map(super::Glob::canonical).collect();
        texts.sort_unstable();
        let texts: Vec<_> = texts.iter().map(String::as_bytes).collect();
        self.field(word, &texts);
    }
}

/// Bytes as hex digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
