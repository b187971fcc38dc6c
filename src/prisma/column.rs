//! The fields of a model that are columns.
//!
//! `resolve_model_attributes` in `psl/parser-database/src/attributes.rs` and `push_column_for_…` in
//! `sql-schema-connector/src/sql_schema_calculator.rs` of prisma-engines. A field that is ignored
//! (`@ignore`) is a column all the same.

use super::arguments::Arguments;
use super::ast::Arity;
use super::ast::Attribute;
use super::ast::Field;
use super::ast::FieldType;
use super::constraint_name::BYTES_MAX;
use super::constraint_name::cut;
use super::declared::Declared;
use super::declared::mapped;
use super::declared::single;
use super::default;
use super::mistakes::Mistakes;
use super::native_type;
use super::native_type::Native;
use super::native_type::Scalar;
use super::quoting::qualified;
use crate::canonical;
use crate::schema::Column;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::visible;

const ATTRIBUTES: [&str; 6] = ["id", "unique", "default", "map", "updatedAt", "ignore"];

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Scalar(Scalar, Native),
    /// Index in [`Declared::enums`].
    Enum(usize),
    /// As `format_type` spells it.
    Unsupported(String),
}

impl Kind {
    /// As `format_type` spells it, for one value.
    pub(super) fn spelled(&self, declared: &Declared<'_>) -> String {
        match self {
            Self::Scalar(_, native) => native.spelled(&declared.citext),
            Self::Enum(index) => qualified(&declared.enums[*index].name),
            Self::Unsupported(spelled) => spelled.clone(),
        }
    }

    /// Whether values of both can be compared, as fields of a relation must be.
    pub(super) fn fits(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Scalar(a, _), Self::Scalar(b, _)) => a == b,
            _ => self == other,
        }
    }
}

/// A field that is a column.
#[derive(Debug)]
pub(super) struct ScalarField<'a> {
    pub(super) ast: &'a Field,
    pub(super) kind: Kind,
    pub(super) column: Column,
    pub(super) id: Option<&'a Attribute>,
    pub(super) unique: Option<&'a Attribute>,
}

impl ScalarField<'_> {
    pub(super) fn name(&self) -> &Name {
        &self.column.name
    }

    /// The name of the column as text, for names that are made of it.
    pub(super) fn column_text(&self) -> String {
        String::from_utf8_lossy(self.column.name.as_bytes()).into_owned()
    }
}

/// Reads a field whose type is no model.
pub(super) fn read<'a>(
    field: &'a Field,
    kind: Kind,
    table: &RelationName,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> ScalarField<'a> {
    let kind = attributes(field, kind, declared, mistakes);
    let name = single(&field.attributes, "map", "@", mistakes)
        .and_then(|it| mapped(it, "@", mistakes))
        .unwrap_or(&field.name.text);
    if name.len() > BYTES_MAX {
        let message = format!("PostgreSQL keeps the first {BYTES_MAX} bytes of this name");
        mistakes.warn(field.name.span, message);
    }
    let name = cut(name, BYTES_MAX);
    let default = match single(&field.attributes, "default", "@", mistakes) {
        Some(attribute) => {
            let target =
                default::Target { declared, table, column: name, kind: &kind, arity: field.arity };
            default::read(attribute, target, mistakes)
        }
        None => default::Default::default(),
    };
    let list = if field.arity == Arity::List { "[]" } else { "" };
    let mut column = Column::new(name, format!("{}{list}", kind.spelled(declared)));
    // PostgreSQL makes a serial column NOT NULL, whatever Prisma says of it.
    column.nullable = field.arity != Arity::Required && !default.serial;
    column.default = default.expression;
    let id = single(&field.attributes, "id", "@", mistakes);
    if let Some(attribute) = id.filter(|_| field.arity != Arity::Required) {
        mistakes.error(attribute.name.span, "an `@id` field is required and no list");
    }
    let unique = single(&field.attributes, "unique", "@", mistakes);
    ScalarField { ast: field, kind, column, id, unique }
}

/// Looks through the attributes of a field; returns its kind with its native type.
fn attributes(
    field: &Field,
    mut kind: Kind,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Kind {
    let mut has_native = false;
    for attribute in &field.attributes {
        let (name, span) = (&*attribute.name.text, attribute.name.span);
        match name.split_once('.') {
            Some((prefix, _)) if prefix != declared.datasource.name => {
                let message =
                    format!("native types begin with `@{}.` here", declared.datasource.name);
                mistakes.error(span, message);
            }
            Some((_, word)) => match &kind {
                _ if has_native => mistakes.error(span, "a field has one native type"),
                Kind::Scalar(scalar, _) => {
                    has_native = true;
                    if let Some(native) = native_type::read(attribute, word, *scalar, mistakes) {
                        kind = Kind::Scalar(*scalar, native);
                    }
                }
                _ => mistakes.error(span, "a field of this type has no native type"),
            },
            None if name == "relation" => {
                mistakes.error(span, "the type of this field is no model, so it is no relation");
            }
            None if !ATTRIBUTES.contains(&name) => {
                let known = ATTRIBUTES.into_iter().chain(["relation"]);
                mistakes.unknown(span, format!("no field has an attribute `@{name}`"), name, known);
            }
            None => {
                if matches!(name, "updatedAt" | "ignore") {
                    Arguments::of(attribute, "@", &[], mistakes);
                }
            }
        }
    }
    if let Some(attribute) = single(&field.attributes, "updatedAt", "@", mistakes)
        && (!matches!(kind, Kind::Scalar(Scalar::DateTime, _)) || field.arity == Arity::List)
    {
        mistakes.error(attribute.name.span, "`@updatedAt` is for fields of type DateTime");
    }
    kind
}

/// The kind of a field of an `Unsupported` type.
pub(super) fn unsupported(field_type: &FieldType, mistakes: &mut Mistakes<'_>) -> Option<Kind> {
    let FieldType::Unsupported(written) = field_type else { return None };
    match canonical::type_name(&written.text) {
        Ok(spelled) => Some(Kind::Unsupported(spelled)),
        Err(error) => {
            mistakes.error(written.span, visible(error.to_string().as_bytes()));
            None
        }
    }
}
