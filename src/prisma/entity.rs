//! A model or view with what its fields mean.

use std::collections::BTreeSet;

use super::arguments::Arguments;
use super::ast::Attribute;
use super::ast::Field;
use super::ast::FieldType;
use super::ast::Model;
use super::ast::ModelKind;
use super::column;
use super::column::Kind;
use super::column::ScalarField;
use super::declared::Declared;
use super::declared::Thing;
use super::declared::single;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use super::native_type::Native;
use super::native_type::Scalar;
use crate::schema::RelationName;

const ATTRIBUTES: [&str; 6] = ["id", "unique", "index", "map", "schema", "ignore"];

/// Attributes of other databases.
const FOREIGN_ATTRIBUTES: [&str; 2] = ["fulltext", "shardKey"];

/// A model or view.
#[derive(Debug)]
pub(super) struct Entity<'a> {
    pub(super) ast: &'a Model,
    pub(super) table: &'a RelationName,
    pub(super) scalars: Vec<ScalarField<'a>>,
    pub(super) relations: Vec<RelationField<'a>>,
    /// A part of it could not be understood, which was said: what is missing may be there.
    pub(super) in_part: bool,
    /// Something was wrong with its fields or attributes.
    pub(super) faulty: bool,
}

/// A field whose type is a model.
#[derive(Debug)]
pub(super) struct RelationField<'a> {
    pub(super) ast: &'a Field,
    /// Index of that model in [`Declared::models`].
    pub(super) target: usize,
    pub(super) attribute: Option<&'a Attribute>,
}

impl Entity<'_> {
    pub(super) fn is_view(&self) -> bool {
        self.ast.kind == ModelKind::View
    }

    pub(super) fn name(&self) -> &str {
        &self.ast.name.text
    }

    /// The name of the table as text, for names that are made of it.
    pub(super) fn table_text(&self) -> String {
        String::from_utf8_lossy(self.table.name.as_bytes()).into_owned()
    }

    /// The index of a field that is a column. Says what is wrong where there is none.
    pub(super) fn scalar(
        &self,
        name: &str,
        span: Span,
        mistakes: &mut Mistakes<'_>,
    ) -> Option<usize> {
        let found = self.scalars.iter().position(|it| it.ast.name.text == name);
        if found.is_some() {
            return found;
        }
        if self.relations.iter().any(|it| it.ast.name.text == name) {
            let message = format!("`{name}` is a relation; name the fields that it goes by");
            mistakes.error(span, message);
        } else if !self.in_part {
            let message = format!("`{}` has no field `{name}`", self.name());
            let fields = self.scalars.iter().map(|it| &*it.ast.name.text);
            mistakes.unknown(span, message, name, fields);
        }
        None
    }
}

/// Reads the fields of a model.
pub(super) fn read<'a>(
    ast: &'a Model,
    table: &'a RelationName,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Entity<'a> {
    let mut entity = Entity {
        ast,
        table,
        scalars: Vec::new(),
        relations: Vec::new(),
        in_part: ast.broken,
        faulty: false,
    };
    let errors = mistakes.errors();
    attributes(ast, mistakes);
    let mut fields: BTreeSet<&str> = BTreeSet::new();
    for field in &ast.fields {
        if !fields.insert(&field.name.text) {
            let message = format!("`{}` has two fields `{}`", ast.name.text, field.name.text);
            mistakes.error(field.name.span, message);
            continue;
        }
        match meaning(field, declared, mistakes) {
            Some(Meaning::Relation(target)) => {
                let attribute = relation_attribute(field, mistakes);
                entity.relations.push(RelationField { ast: field, target, attribute });
            }
            Some(Meaning::Column(kind)) => {
                let scalar = column::read(field, kind, table, declared, mistakes);
                if let Some(other) =
                    entity.scalars.iter().find(|it| it.column.name == scalar.column.name)
                {
                    let message = format!(
                        "`{}` and `{}` are both column `{}`",
                        other.ast.name.text, field.name.text, scalar.column.name
                    );
                    mistakes.error(field.name.span, message);
                    continue;
                }
                entity.scalars.push(scalar);
            }
            None => entity.in_part = true,
        }
    }
    entity.faulty = mistakes.errors() > errors;
    entity
}

enum Meaning {
    Relation(usize),
    Column(Kind),
}

/// What the type of a field makes of it; `None` where that is not known, which was said.
fn meaning(field: &Field, declared: &Declared<'_>, mistakes: &mut Mistakes<'_>) -> Option<Meaning> {
    let field_type = field.written_type.as_ref()?;
    let FieldType::Named(word) = field_type else {
        return column::unsupported(field_type, mistakes).map(Meaning::Column);
    };
    if let Some(scalar) = Scalar::named(&word.text) {
        return Some(Meaning::Column(Kind::Scalar(scalar, Native::of(scalar))));
    }
    match declared.things.get(&*word.text) {
        Some(Thing::Model(index)) => Some(Meaning::Relation(*index)),
        Some(Thing::Enum(index)) => Some(Meaning::Column(Kind::Enum(*index))),
        Some(Thing::Type) => None,
        None => {
            let scalars = Scalar::ALL.iter().map(|(word, _)| *word);
            let candidates = scalars.chain(declared.things.keys().copied());
            let message = format!("there is no type, enum or model `{}`", word.text);
            mistakes.unknown(word.span, message, &word.text, candidates);
            None
        }
    }
}

/// The `@relation` of a relation field, which has no other attribute but `@ignore`.
fn relation_attribute<'a>(field: &'a Field, mistakes: &mut Mistakes<'_>) -> Option<&'a Attribute> {
    for attribute in &field.attributes {
        let name = &*attribute.name.text;
        if !["relation", "ignore"].contains(&name) {
            let message = format!("a relation has no attribute `@{name}`");
            mistakes.unknown(attribute.name.span, message, name, ["relation", "ignore"]);
        }
    }
    single(&field.attributes, "relation", "@", mistakes)
}

/// Looks through the attributes of the block itself.
fn attributes(ast: &Model, mistakes: &mut Mistakes<'_>) {
    for attribute in &ast.attributes {
        let (name, span) = (&*attribute.name.text, attribute.name.span);
        if name == "ignore" {
            Arguments::of(attribute, "@@", &[], mistakes);
        }
        if FOREIGN_ATTRIBUTES.contains(&name) {
            mistakes.error(span, format!("`@@{name}` does not exist in Prisma for PostgreSQL"));
        } else if !ATTRIBUTES.contains(&name) {
            let message = format!("no model has an attribute `@@{name}`");
            mistakes.unknown(span, message, name, ATTRIBUTES);
        }
    }
}
