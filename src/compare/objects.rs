//! Compares what there is beside relations: sequences, enums, functions, extensions, event triggers, and
//! the schemas themselves.
//!
//! A section that is not declared, and one that could not be read, yields nothing. What lies in a schema
//! that is not audited, or that is a provider's, is not the team's.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::Value;

use super::depth::shown;
use crate::canonical;
use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::manifest::Manifest;
use crate::manifest::objects::EnumSpec;
use crate::manifest::objects::EventTriggerSpec;
use crate::manifest::objects::ExtensionSpec;
use crate::manifest::objects::FunctionSpec;
use crate::manifest::objects::Object;
use crate::manifest::objects::SequenceSpec;
use crate::schema::Catalog;
use crate::schema::EventTrigger;
use crate::schema::Extension;
use crate::schema::Function;
use crate::schema::Name;
use crate::schema::Part;
use crate::schema::RelationName;
use crate::schema::Sequence;
use crate::schema::Signature;
use crate::schema::enabled_word;

/// The extension that every database has from the start.
const PLPGSQL: &str = "plpgsql";

/// One value of an object that differs: what it is called, as the manifest says it, and as it is.
type Difference = (&'static str, String, String);

/// Every difference beside relations. Unsorted, with default severities.
pub(super) fn objects(manifest: &Manifest, catalog: &Catalog) -> Vec<Finding> {
    let mut findings = Vec::new();
    let definitions = &catalog.definitions;
    let tells = |part: Part| definitions.tell.contains(&part);
    if tells(Part::Schemas)
        && let Some(schemas) = &manifest.schemas
    {
        for schema in schemas.difference(&definitions.schemas) {
            let message = format!("schema `{schema}` of manifest `{}` is missing", manifest.name);
            let kind = FindingKind::MissingSchema;
            let finding = Finding::new(kind, ObjectKind::Schema, None, message);
            findings.push(finding.of_part(schema.visible()));
        }
    }
    if manifest.objects.parts().next().is_none() {
        return findings;
    }
    let theirs = manifest.presets.schemas_left_out(catalog);
    let ours = |name: &RelationName| {
        manifest.audits(&name.schema)
            && !theirs.contains(&name.schema)
            && manifest.ignore.matching(name).is_none()
    };
    let said = &manifest.objects;
    if let Some(expected) = said.sequences.as_ref().filter(|_| tells(Part::Sequences)) {
        let of = Of::new(manifest, &SEQUENCES, |name: &RelationName| Identity {
            shown: name.visible(),
            name: Some(name.clone()),
            part: None,
        });
        of.compare(expected, &definitions.sequences, ours, sequence, &mut findings);
    }
    if let Some(expected) = said.enums.as_ref().filter(|_| tells(Part::Enums)) {
        let of = Of::new(manifest, &ENUMS, |name: &RelationName| Identity {
            shown: name.visible(),
            name: Some(name.clone()),
            part: None,
        });
        of.compare(expected, &definitions.enums, ours, enumeration, &mut findings);
    }
    if let Some(expected) = said.functions.as_ref().filter(|_| tells(Part::Functions)) {
        let of = Of::new(manifest, &FUNCTIONS, |it: &Signature| Identity {
            shown: format!("{}({})", it.name.visible(), it.arguments),
            name: Some(it.name.clone()),
            part: Some(format!("({})", it.arguments)),
        });
        let ours = |it: &Signature| ours(&it.name);
        of.compare(expected, &definitions.functions, ours, function, &mut findings);
    }
    let named =
        |name: &Name| Identity { shown: name.visible(), name: None, part: Some(name.visible()) };
    if let Some(expected) = said.extensions.as_ref().filter(|_| tells(Part::Extensions)) {
        let ours = |name: &Name| name.as_bytes() != PLPGSQL.as_bytes();
        let of = Of::new(manifest, &EXTENSIONS, named);
        of.compare(expected, &definitions.extensions, ours, extension, &mut findings);
    }
    if let Some(expected) = said.event_triggers.as_ref().filter(|_| tells(Part::EventTriggers)) {
        // A provider's calls a function in the provider's schema.
        let ours = |name: &Name| {
            let schema = definitions.event_triggers.get(name).map(|it| &it.function.schema);
            schema.is_none_or(|it| !theirs.contains(it))
        };
        let of = Of::new(manifest, &EVENT_TRIGGERS, named);
        of.compare(expected, &definitions.event_triggers, ours, event_trigger, &mut findings);
    }
    findings
}

/// What findings about objects of one kind are called.
struct Kinds {
    noun: &'static str,
    object: ObjectKind,
    unexpected: FindingKind,
    missing: FindingKind,
    changed: FindingKind,
}

const SEQUENCES: Kinds = Kinds {
    noun: "sequence",
    object: ObjectKind::Sequence,
    unexpected: FindingKind::UnexpectedSequence,
    missing: FindingKind::MissingSequence,
    changed: FindingKind::SequenceChanged,
};
const ENUMS: Kinds = Kinds {
    noun: "enum",
    object: ObjectKind::Enum,
    unexpected: FindingKind::UnexpectedEnum,
    missing: FindingKind::MissingEnum,
    changed: FindingKind::EnumChanged,
};
const FUNCTIONS: Kinds = Kinds {
    noun: "function",
    object: ObjectKind::Function,
    unexpected: FindingKind::UnexpectedFunction,
    missing: FindingKind::MissingFunction,
    changed: FindingKind::FunctionChanged,
};
const EXTENSIONS: Kinds = Kinds {
    noun: "extension",
    object: ObjectKind::Extension,
    unexpected: FindingKind::UnexpectedExtension,
    missing: FindingKind::MissingExtension,
    changed: FindingKind::ExtensionChanged,
};
const EVENT_TRIGGERS: Kinds = Kinds {
    noun: "event trigger",
    object: ObjectKind::EventTrigger,
    unexpected: FindingKind::UnexpectedEventTrigger,
    missing: FindingKind::MissingEventTrigger,
    changed: FindingKind::EventTriggerChanged,
};

/// How an object is named in findings.
struct Identity {
    shown: String,
    name: Option<RelationName>,
    part: Option<String>,
}

/// Objects of one kind.
struct Of<'a, I> {
    manifest: &'a Manifest,
    kinds: &'a Kinds,
    identity: I,
}

impl<'a, I> Of<'a, I> {
    fn new(manifest: &'a Manifest, kinds: &'a Kinds, identity: I) -> Self {
        Self { manifest, kinds, identity }
    }

    fn compare<K: Ord, S, T>(
        &self,
        expected: &BTreeMap<K, Object<S>>,
        actual: &BTreeMap<K, T>,
        ours: impl Fn(&K) -> bool,
        differences: impl Fn(&S, &T) -> Vec<Difference>,
        findings: &mut Vec<Finding>,
    ) where
        I: Fn(&K) -> Identity,
    {
        let Kinds { noun, unexpected, missing, changed, .. } = *self.kinds;
        let manifest = &self.manifest.name;
        for (key, object) in expected {
            let shown = (self.identity)(key).shown;
            match actual.get(key) {
                None if object.optional => {}
                None => {
                    let message = format!("{noun} `{shown}` of manifest `{manifest}` is missing");
                    findings.push(self.finding(missing, key, message));
                }
                Some(actual) => {
                    let differences = differences(&object.spec, actual);
                    if differences.is_empty() {
                        continue;
                    }
                    let words: Vec<String> = differences
                        .iter()
                        .map(|(what, expected, actual)| {
                            format!(
                                "{what} is {}, not {}",
                                shown_value(actual),
                                shown_value(expected)
                            )
                        })
                        .collect();
                    let message = format!("{noun} `{shown}`: {}", words.join("; "));
                    let mut finding = self.finding(changed, key, message);
                    let side = |pick: fn(&Difference) -> &String| {
                        let one =
                            |it: &Difference| (it.0.to_owned(), Value::from(pick(it).clone()));
                        Value::Object(differences.iter().map(one).collect())
                    };
                    finding.detail.insert("expected".to_owned(), side(|it| &it.1));
                    finding.detail.insert("actual".to_owned(), side(|it| &it.2));
                    findings.push(finding);
                }
            }
        }
        for key in actual.keys().filter(|it| !expected.contains_key(it) && ours(it)) {
            let shown = (self.identity)(key).shown;
            let message = format!("{noun} `{shown}` is not in manifest `{manifest}`");
            findings.push(self.finding(unexpected, key, message));
        }
    }

    fn finding<K>(&self, kind: FindingKind, key: &K, message: String) -> Finding
    where
        I: Fn(&K) -> Identity,
    {
        let Identity { name, part, .. } = (self.identity)(key);
        Finding { part, ..Finding::new(kind, self.kinds.object, name, message) }
    }
}

fn shown_value(text: &str) -> String {
    if text.is_empty() { "nothing".to_owned() } else { shown(text) }
}

/// What is declared and differs.
fn differs<T: PartialEq>(
    what: &'static str,
    expected: Option<&T>,
    actual: &T,
    spelled: impl Fn(&T) -> String,
) -> Option<Difference> {
    let expected = expected.filter(|it| *it != actual)?;
    Some((what, spelled(expected), spelled(actual)))
}

fn sequence(expected: &SequenceSpec, actual: &Sequence) -> Vec<Difference> {
    let number = |it: &i64| it.to_string();
    let all = [
        differs("type", expected.type_name.as_ref(), &actual.type_name, String::clone),
        differs("start", expected.start.as_ref(), &actual.start, number),
        differs("increment", expected.increment.as_ref(), &actual.increment, number),
        differs("min", expected.min.as_ref(), &actual.min, number),
        differs("max", expected.max.as_ref(), &actual.max, number),
        differs("cache", expected.cache.as_ref(), &actual.cache, number),
        differs("cycle", expected.cycle.as_ref(), &actual.cycle, bool::to_string),
    ];
    all.into_iter().flatten().collect()
}

fn enumeration(expected: &EnumSpec, actual: &Vec<String>) -> Vec<Difference> {
    let labels = |it: &Vec<String>| it.join(", ");
    differs("its labels", expected.labels.as_ref(), actual, labels)
        .map(|(_, expected, actual)| ("the list of labels", expected, actual))
        .into_iter()
        .collect()
}

fn function(expected: &FunctionSpec, actual: &Function) -> Vec<Difference> {
    let returns = expected.returns.as_ref().filter(|it| !same_type(it, &actual.returns));
    let all = [
        differs("kind", expected.kind.as_ref(), &actual.kind, String::clone),
        returns.map(|it| ("result", it.clone(), actual.returns.clone())),
        differs("language", expected.language.as_ref(), &actual.language, String::clone),
        differs("body (SHA-256)", expected.body.as_ref(), &actual.body, String::clone),
        differs(
            "security definer",
            expected.security_definer.as_ref(),
            &actual.security_definer,
            bool::to_string,
        ),
    ];
    all.into_iter().flatten().collect()
}

fn same_type(expected: &str, actual: &str) -> bool {
    expected == actual
        || matches!(
            (canonical::type_name(expected), canonical::type_name(actual)),
            (Ok(one), Ok(other)) if one == other
        )
}

fn extension(expected: &ExtensionSpec, actual: &Extension) -> Vec<Difference> {
    let schema = actual.schema.clone().unwrap_or_else(|| Name::from(""));
    let version = actual.version.clone().unwrap_or_default();
    let all = [
        differs("schema", expected.schema.as_ref(), &schema, Name::visible),
        differs("version", expected.version.as_ref(), &version, String::clone),
    ];
    all.into_iter().flatten().collect()
}

fn event_trigger(expected: &EventTriggerSpec, actual: &EventTrigger) -> Vec<Difference> {
    let tags = |it: &BTreeSet<String>| it.iter().cloned().collect::<Vec<_>>().join(", ");
    let enabled = |it: &char| enabled_word(*it).to_owned();
    let all = [
        differs("event", expected.event.as_ref(), &actual.event, String::clone),
        differs("function", expected.function.as_ref(), &actual.function, RelationName::visible),
        differs("enabled", expected.enabled.as_ref(), &actual.enabled, enabled),
        differs("tags", expected.tags.as_ref(), &actual.tags, tags),
    ];
    all.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
