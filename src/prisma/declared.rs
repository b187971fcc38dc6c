//! Everything that a schema declares, by name; before anything is asked of it.

use std::collections::BTreeMap;

use super::arguments::Arguments;
use super::ast::Attribute;
use super::ast::Document;
use super::ast::Enum;
use super::ast::Model;
use super::ast::ModelKind;
use super::ast::Word;
use super::constraint_name::BYTES_MAX;
use super::constraint_name::cut;
use super::datasource::Datasource;
use super::mistakes::Mistakes;
use super::native_type::Scalar;
use super::quoting::qualified;
use crate::schema::RelationName;
use crate::yaml::shown;

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Thing {
    /// Index in [`Declared::models`].
    Model(usize),
    /// Index in [`Declared::enums`].
    Enum(usize),
    /// A composite type, which was refused.
    Type,
}

/// The symbol table.
#[derive(Debug)]
pub(super) struct Declared<'a> {
    pub(super) datasource: Datasource,
    pub(super) things: BTreeMap<&'a str, Thing>,
    /// Models and views, each with the relation that it is.
    pub(super) models: Vec<(&'a Model, RelationName)>,
    pub(super) enums: Vec<DeclaredEnum<'a>>,
    /// How the type of extension `citext` is spelt.
    pub(super) citext: String,
}

/// An enum with its names in the database.
#[derive(Debug)]
pub(super) struct DeclaredEnum<'a> {
    pub(super) ast: &'a Enum,
    pub(super) name: RelationName,
    /// Each value: the name in the schema, and the label in the database.
    pub(super) labels: Vec<(&'a str, String)>,
}

/// Gathers what `document` declares.
pub(super) fn declare<'a>(
    document: &'a Document,
    datasource: Datasource,
    mistakes: &mut Mistakes<'_>,
) -> Declared<'a> {
    let citext = datasource.extensions.iter().find(|it| it.name == "citext");
    let schema = citext.and_then(|it| it.schema.clone());
    let schema = schema.unwrap_or_else(|| datasource.default_schema.clone());
    let citext = qualified(&RelationName::new(&*schema, "citext"));
    let mut declared = Declared {
        datasource,
        things: BTreeMap::new(),
        models: Vec::new(),
        enums: Vec::new(),
        citext,
    };
    for model in &document.models {
        if model.kind == ModelKind::Type {
            mistakes.error(
                model.name.span,
                format!(
                    "composite types such as `{}` exist in Prisma for MongoDB only",
                    model.name.text
                ),
            );
            declared.insert(&model.name, Thing::Type, mistakes);
            continue;
        }
        let thing = Thing::Model(declared.models.len());
        if declared.insert(&model.name, thing, mistakes) {
            let name = declared.relation(&model.name, &model.attributes, mistakes);
            declared.models.push((model, name));
        }
    }
    for ast in &document.enums {
        let thing = Thing::Enum(declared.enums.len());
        if declared.insert(&ast.name, thing, mistakes) {
            let name = declared.relation(&ast.name, &ast.attributes, mistakes);
            let labels = labels(ast, mistakes);
            declared.enums.push(DeclaredEnum { ast, name, labels });
        }
    }
    one_for_each_relation(&declared, mistakes);
    declared
}

impl<'a> Declared<'a> {
    /// Keeps a name; false where it is taken.
    fn insert(&mut self, name: &'a Word, thing: Thing, mistakes: &mut Mistakes<'_>) -> bool {
        if Scalar::named(&name.text).is_some() {
            mistakes.error(name.span, format!("`{}` is a type of Prisma's own", name.text));
            return false;
        }
        if self.things.contains_key(&*name.text) {
            mistakes.error(name.span, format!("`{}` is declared twice", name.text));
            return false;
        }
        self.things.insert(&name.text, thing);
        true
    }

    /// The name in the database: `@@map` and `@@schema`.
    fn relation(
        &self,
        name: &Word,
        attributes: &[Attribute],
        mistakes: &mut Mistakes<'_>,
    ) -> RelationName {
        let mapped = single(attributes, "map", "@@", mistakes)
            .and_then(|it| mapped(it, "@@", mistakes))
            .unwrap_or(&name.text);
        if mapped.len() > BYTES_MAX {
            mistakes.warn(
                name.span,
                format!("PostgreSQL keeps the first {BYTES_MAX} bytes of this name"),
            );
        }
        let schema = self.schema(name, attributes, mistakes);
        RelationName::new(&*schema, cut(mapped, BYTES_MAX))
    }

    fn schema(&self, name: &Word, attributes: &[Attribute], mistakes: &mut Mistakes<'_>) -> String {
        let listed = &self.datasource.schemas;
        let default = || self.datasource.default_schema.clone();
        let Some(attribute) = single(attributes, "schema", "@@", mistakes) else {
            if !listed.is_empty() {
                let message = format!(
                    "`{}` has no `@@schema`, which `schemas` of the datasource asks of all",
                    name.text
                );
                mistakes.error(name.span, message);
            }
            return default();
        };
        let arguments = Arguments::of(attribute, "@@", &["map"], mistakes);
        if arguments.required("map", mistakes).is_none() {
            return default();
        }
        let Some(schema) = arguments.text("map", mistakes) else { return default() };
        if !listed.iter().any(|it| it == schema) {
            let message =
                format!("schema {} is not among `schemas` of the datasource", shown(schema));
            let listed = listed.iter().map(|it| &**it);
            mistakes.unknown(attribute.name.span, message, schema, listed);
        }
        schema.to_owned()
    }
}

fn labels<'a>(ast: &'a Enum, mistakes: &mut Mistakes<'_>) -> Vec<(&'a str, String)> {
    let mut labels: Vec<(&str, String)> = Vec::new();
    for value in &ast.values {
        for attribute in &value.attributes {
            if attribute.name.text != "map" {
                let message =
                    format!("a value of an enum has no attribute `@{}`", attribute.name.text);
                mistakes.unknown(attribute.name.span, message, &attribute.name.text, ["map"]);
            }
        }
        let label = single(&value.attributes, "map", "@", mistakes)
            .and_then(|it| mapped(it, "@", mistakes))
            .unwrap_or(&value.name.text);
        let twice = labels.iter().any(|(name, it)| *name == value.name.text || it == label);
        if twice {
            let message = format!("value `{}` is there twice", value.name.text);
            mistakes.error(value.name.span, message);
            continue;
        }
        labels.push((&value.name.text, label.to_owned()));
    }
    if labels.is_empty() && !ast.broken {
        mistakes.error(ast.name.span, format!("enum `{}` has no value", ast.name.text));
    }
    for attribute in &ast.attributes {
        if !["map", "schema"].contains(&&*attribute.name.text) {
            let message = format!("an enum has no attribute `@@{}`", attribute.name.text);
            let known = ["map", "schema"];
            mistakes.unknown(attribute.name.span, message, &attribute.name.text, known);
        }
    }
    labels
}

/// Two models, or two enums, that are one thing in the database would each hide the other.
fn one_for_each_relation(declared: &Declared<'_>, mistakes: &mut Mistakes<'_>) {
    let models = declared.models.iter().map(|(model, name)| (name, &model.name));
    let enums = declared.enums.iter().map(|it| (&it.name, &it.ast.name));
    let mut relations: BTreeMap<&RelationName, &Word> = BTreeMap::new();
    let mut types: BTreeMap<&RelationName, &Word> = BTreeMap::new();
    for (taken, things) in
        [(&mut relations, models.collect::<Vec<_>>()), (&mut types, enums.collect())]
    {
        for (name, word) in things {
            if let Some(other) = taken.insert(name, word) {
                let message = format!(
                    "`{}` and `{}` are both `{}` in the database",
                    other.text,
                    word.text,
                    name.visible()
                );
                mistakes.error(word.span, message);
            }
        }
    }
}

/// The one attribute of this name.
pub(super) fn single<'a>(
    attributes: &'a [Attribute],
    name: &str,
    at: &str,
    mistakes: &mut Mistakes<'_>,
) -> Option<&'a Attribute> {
    let mut all = attributes.iter().filter(|it| it.name.text == name);
    let first = all.next();
    for other in all {
        mistakes.error(other.name.span, format!("`{at}{name}` is given twice"));
    }
    first
}

/// The name in the database that `@map` or `@@map` gives.
pub(super) fn mapped<'a>(
    attribute: &'a Attribute,
    at: &str,
    mistakes: &mut Mistakes<'_>,
) -> Option<&'a str> {
    let arguments = Arguments::of(attribute, at, &["name"], mistakes);
    arguments.required("name", mistakes)?;
    arguments.text("name", mistakes)
}
