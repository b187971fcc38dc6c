//! What has to be there beside relations: enums, sequences, functions, extensions, event triggers.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::cli::docs::markdown::code;
use crate::cli::docs::markdown::codes;
use crate::manifest::objects::Object;
use crate::manifest::objects::Objects;
use crate::manifest::objects::Section;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Signature;

/// A section for each kind that is compared.
pub(super) fn render(out: &mut String, objects: &Objects) {
    section(out, "Enums", &objects.enums, RelationName::visible, |it| {
        it.labels.as_ref().map(codes).into_iter().collect()
    });
    section(out, "Sequences", &objects.sequences, RelationName::visible, |it| {
        let number = |word: &str, it: Option<i64>| it.map(|it| format!("{word} {it}"));
        let all = [
            it.type_name.as_deref().map(code),
            number("start", it.start),
            number("increment", it.increment),
            number("min", it.min),
            number("max", it.max),
            number("cache", it.cache),
            it.cycle.map(|it| if it { "cycles" } else { "does not cycle" }.to_owned()),
        ];
        all.into_iter().flatten().collect()
    });
    let signature = |it: &Signature| format!("{}({})", it.name.visible(), it.arguments);
    section(out, "Functions", &objects.functions, signature, |it| {
        let returns = it.returns.as_deref().filter(|it| !it.is_empty());
        let definer = it.security_definer == Some(true);
        let all = [
            it.kind.clone().filter(|it| it != "function"),
            returns.map(|it| format!("returns {}", code(it))),
            it.language.as_deref().map(|it| format!("in {}", code(it))),
            it.body.as_deref().map(|it| format!("body {}", code(it))),
            definer.then(|| "runs with the rights of its owner".to_owned()),
        ];
        all.into_iter().flatten().collect()
    });
    section(out, "Extensions", &objects.extensions, Name::visible, |it| {
        let all = [
            it.version.as_deref().map(|it| format!("version {}", code(it))),
            it.schema.as_ref().map(|it| format!("in schema {}", code(&it.visible()))),
        ];
        all.into_iter().flatten().collect()
    });
    section(out, "Event triggers", &objects.event_triggers, Name::visible, |it| {
        let tags = it.tags.as_ref().filter(|it| !it.is_empty());
        let all = [
            it.event.as_deref().map(|it| format!("on {}", code(it))),
            tags.map(|it| format!("for {}", codes(it))),
            it.function.as_ref().map(|it| format!("calls {}", code(&it.visible()))),
            it.enabled.filter(|it| *it == 'D').map(|_| "disabled".to_owned()),
        ];
        all.into_iter().flatten().collect()
    });
}

fn section<K, T>(
    out: &mut String,
    title: &str,
    listed: &Section<K, T>,
    name: impl Fn(&K) -> String,
    told: impl Fn(&T) -> Vec<String>,
) {
    let Some(listed): Option<&BTreeMap<K, Object<T>>> = listed.as_ref() else { return };
    // Writing to a String cannot fail, here and below.
    let _ = write!(out, "\n## {title}\n\n");
    if listed.is_empty() {
        out.push_str("None may be there.\n");
    }
    for (key, it) in listed {
        let mut words = told(&it.spec);
        if it.optional {
            words.push("optional".to_owned());
        }
        let words =
            if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) };
        let _ = writeln!(out, "- {}{words}", code(&name(key)));
    }
}
