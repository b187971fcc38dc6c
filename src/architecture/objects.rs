//! What has to be there beside relations: enums, sequences, functions, extensions, event triggers.

use super::Said;
use crate::manifest::objects::EnumSpec;
use crate::manifest::objects::EventTriggerSpec;
use crate::manifest::objects::ExtensionSpec;
use crate::manifest::objects::FunctionSpec;
use crate::manifest::objects::Object;
use crate::manifest::objects::Objects;
use crate::manifest::objects::Section;
use crate::manifest::objects::SequenceSpec;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Signature;

/// The objects of one kind that is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub title: &'static str,
    pub entries: Vec<Entry>,
}

/// One object, and what is declared of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    pub name: String,
    pub said: Vec<Said>,
}

/// A group for each kind that is compared; one without entries says that none may be there.
#[must_use]
pub fn groups(objects: &Objects) -> Vec<Group> {
    let signature = |it: &Signature| format!("{}({})", it.name.visible(), it.arguments);
    let all = [
        group("Enums", &objects.enums, RelationName::visible, enum_labels),
        group("Sequences", &objects.sequences, RelationName::visible, sequence),
        group("Functions", &objects.functions, signature, function),
        group("Extensions", &objects.extensions, Name::visible, extension),
        group("Event triggers", &objects.event_triggers, Name::visible, event_trigger),
    ];
    all.into_iter().flatten().collect()
}

fn group<K, T>(
    title: &'static str,
    listed: &Section<K, T>,
    name: impl Fn(&K) -> String,
    told: impl Fn(&T) -> Vec<Said>,
) -> Option<Group> {
    let entry = |(key, it): (&K, &Object<T>)| {
        let mut said = told(&it.spec);
        if it.optional {
            said.push(Said::of("optional"));
        }
        Entry { name: name(key), said }
    };
    listed.as_ref().map(|it| Group { title, entries: it.iter().map(entry).collect() })
}

fn enum_labels(it: &EnumSpec) -> Vec<Said> {
    it.labels.iter().map(|it| Said::default().codes(it)).collect()
}

fn sequence(it: &SequenceSpec) -> Vec<Said> {
    let number = |word: &str, it: Option<i64>| it.map(|it| Said::of(format!("{word} {it}")));
    let all = [
        it.type_name.as_deref().map(|it| Said::default().code(it)),
        number("start", it.start),
        number("increment", it.increment),
        number("min", it.min),
        number("max", it.max),
        number("cache", it.cache),
        it.cycle.map(|it| Said::of(if it { "cycles" } else { "does not cycle" })),
    ];
    all.into_iter().flatten().collect()
}

fn function(it: &FunctionSpec) -> Vec<Said> {
    let returns = it.returns.as_deref().filter(|it| !it.is_empty());
    let definer = it.security_definer == Some(true);
    let all = [
        it.kind.clone().filter(|it| it != "function").map(Said::of),
        returns.map(|it| Said::of("returns ").code(it)),
        it.language.as_deref().map(|it| Said::of("in ").code(it)),
        it.body.as_deref().map(|it| Said::of("body ").code(it)),
        definer.then(|| Said::of("runs with the rights of its owner")),
    ];
    all.into_iter().flatten().collect()
}

fn extension(it: &ExtensionSpec) -> Vec<Said> {
    let all = [
        it.version.as_deref().map(|it| Said::of("version ").code(it)),
        it.schema.as_ref().map(|it| Said::of("in schema ").code(it.visible())),
    ];
    all.into_iter().flatten().collect()
}

fn event_trigger(it: &EventTriggerSpec) -> Vec<Said> {
    let tags = it.tags.as_ref().filter(|it| !it.is_empty());
    let all = [
        it.event.as_deref().map(|it| Said::of("on ").code(it)),
        tags.map(|it| Said::of("for ").codes(it)),
        it.function.as_ref().map(|it| Said::of("calls ").code(it.visible())),
        it.enabled.filter(|it| *it == 'D').map(|_| Said::of("disabled")),
    ];
    all.into_iter().flatten().collect()
}
