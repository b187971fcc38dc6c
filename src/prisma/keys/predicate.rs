//! The condition of a partial index (`where:`, preview feature `partialIndexes` of Prisma 7).
//!
//! Measured with the schema engine of Prisma 7.10: `raw("…")` is SQL as it stands, and an object is
//! its conditions joined by AND; a condition is a value, `null`, or `{ not: … }` of either.

use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::column::Kind;
use crate::prisma::declared::Declared;
use crate::prisma::default;
use crate::prisma::entity::Entity;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::quoting::identifier;

/// The condition as SQL.
pub(super) fn read(
    value: &Expression,
    entity: &Entity<'_>,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    match &value.value {
        Value::Function(name, arguments) if name == "raw" => {
            if let [argument] = &arguments[..]
                && let Value::Text(sql) = &argument.value.value
            {
                return Some(sql.clone());
            }
            mistakes.error(value.span, "`raw` takes one string");
            None
        }
        Value::Object(entries) if !entries.is_empty() => {
            let mut conditions = Vec::new();
            for (field, condition) in entries {
                let index = entity.scalar(&field.text, field.span, mistakes)?;
                let scalar = &entity.scalars[index];
                let column = identifier(&scalar.column_text());
                let (is, condition) = negation(condition);
                conditions.push(match &condition.value {
                    Value::Constant(word) if word == "null" && is => format!("({column} IS NULL)"),
                    Value::Constant(word) if word == "null" => format!("({column} IS NOT NULL)"),
                    _ => {
                        let sign = if is { "=" } else { "<>" };
                        let literal = literal(condition, &scalar.kind, declared, mistakes)?;
                        format!("({column} {sign} {literal})")
                    }
                });
            }
            Some(match &conditions[..] {
                [one] => one.clone(),
                all => format!("({})", all.join(" AND ")),
            })
        }
        _ => {
            mistakes.error(
                value.span,
                "expected `raw(\"…\")` or conditions such as `{ active: true }`",
            );
            None
        }
    }
}

/// Whether the condition is that something is so, and what.
fn negation(condition: &Expression) -> (bool, &Expression) {
    match &condition.value {
        Value::Object(entries) => match &entries[..] {
            [(key, value)] if key.text == "not" => (false, value),
            _ => (true, condition),
        },
        _ => (true, condition),
    }
}

fn literal(
    value: &Expression,
    kind: &Kind,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    match (kind, &value.value) {
        (Kind::Scalar(scalar, native), Value::Text(_) | Value::Number(_) | Value::Constant(_)) => {
            default::literal::scalar(value, *scalar, native, declared, mistakes)
        }
        // A value of an enum is a string here, and is the label.
        (Kind::Enum(_), Value::Text(label)) => {
            let label = crate::prisma::quoting::literal(label);
            Some(format!("{label}::{}", kind.spelled(declared)))
        }
        _ => {
            mistakes.error(value.span, "expected a value of this field, `null` or `{ not: … }`");
            None
        }
    }
}
