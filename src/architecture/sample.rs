//! A manifest for tests of what is said: one name at every place where a manifest can hold one.

use crate::manifest::scalar;

/// A manifest `m` in which everything is called `name`.
#[must_use]
pub fn everything_named(name: &str) -> String {
    let quoted = scalar(&format!("\"{}\"", name.replace('"', "\"\"")));
    let scalar = scalar(name);
    format!(
        "manifest: m\ndescription: {scalar}\ntables:\n  {quoted}:\n    columns: {{ {scalar}: text }}\n    \
         primary_key: [{scalar}]\n    indexes: [{{ name: {scalar}, keys: [{scalar}] }}]\n    \
         foreign_keys: [{{ columns: [{scalar}], references: {quoted} }}]\n    owner: {scalar}\n\
         enums: {{ {quoted}: [{scalar}] }}\nextensions: [{scalar}]\n\
         known: [{{ object: {quoted}, kind: index_changed, part: {scalar}, reason: {scalar}, owner: {scalar}, until: 2099-01-01 }}]\n"
    )
}
