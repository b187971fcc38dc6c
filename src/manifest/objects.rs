//! What a manifest declares of a database beside its relations: sequences, enums, functions, extensions
//! and event triggers.
//!
//! As everywhere: a section that is there is compared, one that is not is not; and of what is listed,
//! every `Some` is compared and no `None`.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::schema::Definitions;
use crate::schema::EventTrigger;
use crate::schema::Extension;
use crate::schema::Function;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::RelationName;
use crate::schema::Sequence;
use crate::schema::Signature;

/// What one section lists.
pub type Section<K, T> = Option<BTreeMap<K, Object<T>>>;

/// Everything that is declared beside relations.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects {
    pub sequences: Section<RelationName, SequenceSpec>,
    pub enums: Section<RelationName, EnumSpec>,
    pub functions: Section<Signature, FunctionSpec>,
    pub extensions: Section<Name, ExtensionSpec>,
    pub event_triggers: Section<Name, EventTriggerSpec>,
}

/// One listed object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Object<T> {
    /// It may be absent.
    pub optional: bool,
    pub spec: T,
}

/// What is declared of a sequence; the words are those of [`Sequence`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SequenceSpec {
    pub type_name: Option<String>,
    pub start: Option<i64>,
    pub increment: Option<i64>,
    pub min: Option<i64>,
    pub max: Option<i64>,
    pub cache: Option<i64>,
    pub cycle: Option<bool>,
}

/// What is declared of an enum.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnumSpec {
    /// In their order.
    pub labels: Option<Vec<String>>,
}

/// What is declared of a function; the words are those of [`Function`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FunctionSpec {
    pub kind: Option<String>,
    pub returns: Option<String>,
    pub language: Option<String>,
    /// SHA-256 of its body, first 16 hex digits.
    pub body: Option<String>,
    pub security_definer: Option<bool>,
}

/// What is declared of an extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtensionSpec {
    pub schema: Option<Name>,
    pub version: Option<String>,
}

/// What is declared of an event trigger; the words are those of [`EventTrigger`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventTriggerSpec {
    pub event: Option<String>,
    pub function: Option<RelationName>,
    pub enabled: Option<char>,
    pub tags: Option<BTreeSet<String>>,
}

impl Objects {
    /// What `definitions` tell of `parts`.
    #[must_use]
    pub fn of(definitions: &Definitions, parts: &BTreeSet<Part>) -> Self {
        let it = definitions;
        Self {
            sequences: section(parts, Part::Sequences, &it.sequences, SequenceSpec::of),
            enums: section(parts, Part::Enums, &it.enums, |labels| EnumSpec {
                labels: Some(labels.clone()),
            }),
            functions: section(parts, Part::Functions, &it.functions, FunctionSpec::of),
            extensions: section(parts, Part::Extensions, &it.extensions, ExtensionSpec::of),
            event_triggers: section(
                parts,
                Part::EventTriggers,
                &it.event_triggers,
                EventTriggerSpec::of,
            ),
        }
    }

    /// The parts that must be read to compare it.
    pub fn parts(&self) -> impl Iterator<Item = Part> {
        let wanted = [
            (self.sequences.is_some(), Part::Sequences),
            (self.enums.is_some(), Part::Enums),
            (self.functions.is_some(), Part::Functions),
            (self.extensions.is_some(), Part::Extensions),
            (self.event_triggers.is_some(), Part::EventTriggers),
        ];
        wanted.into_iter().filter(|(wanted, _)| *wanted).map(|(_, part)| part)
    }

    /// Keeps what is in schemas that `audited` says yes to. Extensions and event triggers are in none.
    pub(super) fn keep_in(&mut self, audited: impl Fn(&Name) -> bool) {
        if let Some(it) = &mut self.sequences {
            it.retain(|name, _| audited(&name.schema));
        }
        if let Some(it) = &mut self.enums {
            it.retain(|name, _| audited(&name.schema));
        }
        if let Some(it) = &mut self.functions {
            it.retain(|signature, _| audited(&signature.name.schema));
        }
    }

    /// Adds what a later voice says. Where both list one object, the later one wins.
    pub(super) fn overlaid_by(&mut self, later: Self) {
        overlay(&mut self.sequences, later.sequences);
        overlay(&mut self.enums, later.enums);
        overlay(&mut self.functions, later.functions);
        overlay(&mut self.extensions, later.extensions);
        overlay(&mut self.event_triggers, later.event_triggers);
    }
}

fn section<K: Ord + Clone, S, T>(
    parts: &BTreeSet<Part>,
    part: Part,
    there: &BTreeMap<K, S>,
    spec: impl Fn(&S) -> T,
) -> Section<K, T> {
    parts.contains(&part).then(|| {
        let one = |(key, it): (&K, &S)| (key.clone(), Object { optional: false, spec: spec(it) });
        there.iter().map(one).collect()
    })
}

fn overlay<K: Ord, T>(section: &mut Section<K, T>, later: Section<K, T>) {
    if let Some(later) = later {
        section.get_or_insert_default().extend(later);
    }
}

impl SequenceSpec {
    fn of(it: &Sequence) -> Self {
        Self {
            type_name: Some(it.type_name.clone()),
            start: Some(it.start),
            increment: Some(it.increment),
            min: Some(it.min),
            max: Some(it.max),
            cache: Some(it.cache),
            cycle: Some(it.cycle),
        }
    }
}

impl FunctionSpec {
    fn of(it: &Function) -> Self {
        Self {
            kind: Some(it.kind.clone()),
            returns: Some(it.returns.clone()),
            language: Some(it.language.clone()),
            body: Some(it.body.clone()),
            security_definer: Some(it.security_definer),
        }
    }
}

impl ExtensionSpec {
    /// Its version comes with the server's packages and is the server's own; who wants to hold it writes
    /// it down.
    fn of(it: &Extension) -> Self {
        Self { schema: it.schema.clone(), version: None }
    }
}

impl EventTriggerSpec {
    fn of(it: &EventTrigger) -> Self {
        Self {
            event: Some(it.event.clone()),
            function: Some(it.function.clone()),
            enabled: Some(it.enabled),
            tags: Some(it.tags.clone()),
        }
    }
}
