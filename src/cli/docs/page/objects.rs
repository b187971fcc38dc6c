//! What has to be there beside relations: enums, sequences, functions, extensions, event triggers.

use std::fmt::Write as _;

use crate::architecture::objects;
use crate::cli::docs::markdown::code;
use crate::cli::docs::markdown::said;
use crate::manifest::objects::Objects;

/// A section for each kind that is compared.
pub(super) fn render(out: &mut String, objects: &Objects) {
    for group in objects::groups(objects) {
        // Writing to a String cannot fail, here and below.
        let _ = write!(out, "\n## {}\n\n", group.title);
        if group.entries.is_empty() {
            out.push_str("None may be there.\n");
        }
        for it in &group.entries {
            let words: Vec<String> = it.said.iter().map(said).collect();
            let words =
                if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
            let _ = writeln!(out, "- {}{words}", code(&it.name));
        }
    }
}
