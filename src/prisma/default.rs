//! The defaults of columns, as `pg_get_expr` prints them under an empty `search_path`.
//!
//! Which default a field makes is `push_column_for_builtin_scalar_type` in
//! `sql-schema-connector/src/sql_schema_calculator.rs` of prisma-engines, how Prisma writes it
//! `render_default` in `flavour/postgres/renderer.rs` beside it. How PostgreSQL prints what it made of
//! that was measured on PostgreSQL 15: a cast that it put in is left out where it is implicit
//! (`DEFAULT 5` of a bigint), and is there where it is explicit (`ARRAY[5]::bigint[]`).

pub(super) mod literal;

use super::arguments::Arguments;
use super::ast::Arity;
use super::ast::Attribute;
use super::ast::Expression;
use super::ast::Value;
use super::column::Kind;
use super::constraint_name;
use super::declared::Declared;
use super::mistakes::Mistakes;
use super::native_type::Scalar;
use super::quoting::literal as quoted;
use super::quoting::qualified;
use crate::schema::RelationName;

/// Functions whose values Prisma's client makes, so that the database has no default.
const CLIENT_FUNCTIONS: [&str; 4] = ["uuid", "cuid", "nanoid", "ulid"];

/// Every function that a default may be.
const FUNCTIONS: [&str; 7] =
    ["autoincrement", "now", "dbgenerated", "uuid", "cuid", "nanoid", "ulid"];

/// What a default is of.
#[derive(Clone, Copy)]
pub(super) struct Target<'a> {
    pub(super) declared: &'a Declared<'a>,
    pub(super) table: &'a RelationName,
    pub(super) column: &'a str,
    pub(super) kind: &'a Kind,
    pub(super) arity: Arity,
}

/// A default, and whether it makes the column serial.
#[derive(Debug, Default)]
pub(super) struct Default {
    pub(super) expression: Option<String>,
    pub(super) serial: bool,
}

/// Reads `@default(…)`.
pub(super) fn read(
    attribute: &Attribute,
    target: Target<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Default {
    let arguments = Arguments::of(attribute, "@", &["value", "map"], mistakes);
    let Some(value) = arguments.required("value", mistakes) else { return Default::default() };
    match &value.value {
        Value::Function(name, arguments) if name == "dbgenerated" => {
            let of = "dbgenerated()".to_owned();
            let given = Arguments::named(of, value.span, arguments, &["value"], mistakes);
            if given.get("value").is_none() {
                mistakes.warn(
                    value.span,
                    "`dbgenerated()` without SQL does not say the default; none is expected",
                );
            }
            let expression = given.text("value", mistakes).map(str::to_owned);
            Default { expression, serial: false }
        }
        Value::Function(name, _) => function(name, value, target, mistakes),
        _ => {
            let expression = constant(value, target, mistakes);
            Default { expression, serial: false }
        }
    }
}

fn function(
    name: &str,
    value: &Expression,
    target: Target<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Default {
    let Kind::Scalar(scalar, native) = target.kind else {
        let message = format!("`{name}()` cannot be the default of this type");
        mistakes.error(value.span, message);
        return Default::default();
    };
    if ["sequence", "auto"].contains(&name) {
        mistakes.error(value.span, format!("PostgreSQL has no `{name}()` in Prisma"));
        return Default::default();
    }
    if !FUNCTIONS.contains(&name) {
        let message = format!("no default is made by a function `{name}`");
        mistakes.unknown(value.span, message, name, FUNCTIONS);
        return Default::default();
    }
    let is_for = match name {
        "autoincrement" => matches!(scalar, Scalar::Int | Scalar::BigInt),
        "now" => *scalar == Scalar::DateTime,
        _ => CLIENT_FUNCTIONS.contains(&name) && *scalar == Scalar::String,
    };
    if !is_for {
        let message = format!("`{name}()` cannot be the default of a {}", scalar.word());
        mistakes.error(value.span, message);
        return Default::default();
    }
    if target.arity == Arity::List {
        mistakes.error(value.span, format!("`{name}()` cannot be the default of a list"));
        return Default::default();
    }
    match name {
        "now" => Default { expression: Some("CURRENT_TIMESTAMP".to_owned()), serial: false },
        // Prisma writes `SERIAL` for these, and for an oid nothing at all.
        "autoincrement" if native.word() != "Oid" => {
            Default { expression: Some(next_value(target)), serial: true }
        }
        _ => Default::default(),
    }
}

/// `nextval('public."User_id_seq"'::regclass)`.
fn next_value(target: Target<'_>) -> String {
    let table = String::from_utf8_lossy(target.table.name.as_bytes());
    let sequence = constraint_name::sequence(&table, target.column);
    let name = RelationName::new(target.table.schema.clone(), &*sequence);
    format!("nextval({}::regclass)", quoted(&qualified(&name)))
}

fn constant(value: &Expression, target: Target<'_>, mistakes: &mut Mistakes<'_>) -> Option<String> {
    if matches!(target.kind, Kind::Unsupported(_)) {
        mistakes.error(value.span, "the default of an `Unsupported` field is `dbgenerated(\"…\")`");
        return None;
    }
    match (&value.value, target.arity) {
        (Value::List(items), Arity::List) => {
            let items: Option<Vec<String>> =
                items.iter().map(|it| element(it, target, mistakes)).collect();
            Some(literal::array(&items?, target.kind, target.declared))
        }
        (_, Arity::List) => {
            mistakes.error(value.span, "the default of a list is a list");
            None
        }
        (Value::List(_), _) => {
            mistakes.error(value.span, "the default of a field that is no list is no list");
            None
        }
        _ => match target.kind {
            Kind::Enum(index) => label(value, *index, target, mistakes),
            Kind::Scalar(scalar, native) => {
                literal::scalar(value, *scalar, native, target.declared, mistakes)
            }
            Kind::Unsupported(_) => None,
        },
    }
}

fn element(value: &Expression, target: Target<'_>, mistakes: &mut Mistakes<'_>) -> Option<String> {
    match target.kind {
        Kind::Enum(index) => label(value, *index, target, mistakes),
        Kind::Scalar(scalar, native) => {
            literal::element(value, *scalar, native, target.declared, mistakes)
        }
        Kind::Unsupported(_) => None,
    }
}

/// `'ADMIN'::public."Role"`.
fn label(
    value: &Expression,
    index: usize,
    target: Target<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let declared = &target.declared.enums[index];
    let Value::Constant(name) = &value.value else {
        let message = format!("expected a value of the enum, not {}", value.value.phrase());
        mistakes.error(value.span, message);
        return None;
    };
    if let Some((_, label)) = declared.labels.iter().find(|(it, _)| it == name) {
        return Some(format!("{}::{}", quoted(label), qualified(&declared.name)));
    }
    if !declared.ast.broken {
        let of = &declared.ast.name.text;
        let message = format!("enum `{of}` has no value `{name}`");
        mistakes.unknown(value.span, message, name, declared.labels.iter().map(|(it, _)| *it));
    }
    None
}
