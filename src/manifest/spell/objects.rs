//! What a manifest declares beside relations, back in the words of a manifest.

use std::collections::BTreeMap;

use serde_json::Map;
use serde_json::Value;

use crate::manifest::objects::EnumSpec;
use crate::manifest::objects::EventTriggerSpec;
use crate::manifest::objects::ExtensionSpec;
use crate::manifest::objects::FunctionSpec;
use crate::manifest::objects::Object;
use crate::manifest::objects::Objects;
use crate::manifest::objects::SequenceSpec;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Signature;
use crate::schema::enabled_word;

/// The sections that are declared, by their keys.
pub(in crate::manifest) fn objects(it: &Objects) -> Map<String, Value> {
    let mut map = Map::new();
    if let Some(listed) = &it.sequences {
        map.insert("sequences".to_owned(), section(listed, RelationName::spelled, sequence));
    }
    if let Some(listed) = &it.enums {
        map.insert("enums".to_owned(), enums(listed));
    }
    if let Some(listed) = &it.functions {
        map.insert("functions".to_owned(), section(listed, signature, function));
    }
    if let Some(listed) = &it.extensions {
        map.insert("extensions".to_owned(), section(listed, Name::visible, extension));
    }
    if let Some(listed) = &it.event_triggers {
        map.insert("event_triggers".to_owned(), section(listed, Name::visible, event_trigger));
    }
    map
}

/// A map from names to what is declared of each; a list of names could not say more of any.
fn section<K, T>(
    listed: &BTreeMap<K, Object<T>>,
    name: impl Fn(&K) -> String,
    spec: impl Fn(&T) -> Map<String, Value>,
) -> Value {
    if listed.is_empty() {
        return Value::Array(Vec::new());
    }
    let one = |(key, it): (&K, &Object<T>)| {
        let mut map = spec(&it.spec);
        if it.optional {
            map.insert("optional".to_owned(), true.into());
        }
        (name(key), Value::Object(map))
    };
    Value::Object(listed.iter().map(one).collect())
}

/// An enum is its labels, where nothing else is to be said.
fn enums(listed: &BTreeMap<RelationName, Object<EnumSpec>>) -> Value {
    if listed.is_empty() {
        return Value::Array(Vec::new());
    }
    let one = |(name, it): (&RelationName, &Object<EnumSpec>)| {
        let labels = it.spec.labels.as_ref().map(|it| Value::from(it.clone()));
        let value = match (labels, it.optional) {
            (Some(labels), false) => labels,
            (labels, optional) => {
                let mut map = Map::new();
                if let Some(labels) = labels {
                    map.insert("labels".to_owned(), labels);
                }
                if optional {
                    map.insert("optional".to_owned(), true.into());
                }
                map.into()
            }
        };
        (name.spelled(), value)
    };
    Value::Object(listed.iter().map(one).collect())
}

fn signature(it: &Signature) -> String {
    format!("{}({})", it.name.spelled(), it.arguments)
}

fn sequence(it: &SequenceSpec) -> Map<String, Value> {
    said([
        ("type", it.type_name.clone().map(Value::from)),
        ("start", it.start.map(Value::from)),
        ("increment", it.increment.map(Value::from)),
        ("min", it.min.map(Value::from)),
        ("max", it.max.map(Value::from)),
        ("cache", it.cache.map(Value::from)),
        ("cycle", it.cycle.map(Value::from)),
    ])
}

fn function(it: &FunctionSpec) -> Map<String, Value> {
    said([
        ("kind", it.kind.clone().map(Value::from)),
        ("returns", it.returns.clone().map(Value::from)),
        ("language", it.language.clone().map(Value::from)),
        ("body", it.body.clone().map(Value::from)),
        ("security_definer", it.security_definer.map(Value::from)),
    ])
}

fn extension(it: &ExtensionSpec) -> Map<String, Value> {
    said([
        ("schema", it.schema.as_ref().map(|it| it.visible().into())),
        ("version", it.version.clone().map(Value::from)),
    ])
}

fn event_trigger(it: &EventTriggerSpec) -> Map<String, Value> {
    let tags = it.tags.as_ref().map(|it| it.iter().cloned().collect::<Vec<_>>().into());
    said([
        ("event", it.event.clone().map(Value::from)),
        ("function", it.function.as_ref().map(|it| it.spelled().into())),
        ("enabled", it.enabled.map(|it| enabled_word(it).into())),
        ("tags", tags),
    ])
}

fn said<const N: usize>(values: [(&str, Option<Value>); N]) -> Map<String, Value> {
    let said = values.into_iter().filter_map(|(key, it)| Some((key.to_owned(), it?)));
    said.collect()
}
