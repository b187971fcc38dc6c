//! The fields of a key or index: `[a, b(sort: Desc), c(ops: JsonbPathOps)]`.

use crate::prisma::arguments::Arguments;
use crate::prisma::arguments::items;
use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::entity::Entity;
use crate::prisma::mistakes::Mistakes;

use super::operator_class;
use super::operator_class::OperatorClass;

/// One field of a key or index.
#[derive(Debug)]
pub(super) struct KeyField {
    /// Index among the entity's scalars.
    pub(super) index: usize,
    pub(super) descending: bool,
    pub(super) operator_class: Option<OperatorClass>,
}

/// Reads the list. `None` where it cannot be used, which was said.
pub(super) fn read(
    value: &Expression,
    entity: &Entity<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Vec<KeyField>> {
    let items = items(value);
    if items.is_empty() {
        mistakes.error(value.span, "the list of fields is empty");
        return None;
    }
    let mut fields: Vec<KeyField> = Vec::new();
    let mut all = true;
    for item in items {
        let Some(field) = field(item, entity, mistakes) else {
            all = false;
            continue;
        };
        if fields.iter().any(|it| it.index == field.index) {
            mistakes.error(item.span, "the field is there twice");
            continue;
        }
        fields.push(field);
    }
    all.then_some(fields)
}

fn field(item: &Expression, entity: &Entity<'_>, mistakes: &mut Mistakes<'_>) -> Option<KeyField> {
    let (name, arguments) = match &item.value {
        Value::Constant(name) => (name, &[][..]),
        Value::Function(name, arguments) => (name, &arguments[..]),
        other => {
            let message = format!("expected the name of a field, not {}", other.phrase());
            mistakes.error(item.span, message);
            return None;
        }
    };
    let index = entity.scalar(name, item.span, mistakes)?;
    // The empty name keeps an argument without a name from being one of the others.
    let known = ["", "sort", "ops", "length"];
    let arguments =
        Arguments::named(format!("field `{name}`"), item.span, arguments, &known, mistakes);
    if let Some(length) = arguments.get("length") {
        mistakes.error(length.span, "PostgreSQL has no lengths of keys");
    }
    let operator_class =
        arguments.get("ops").and_then(|value| operator_class::read(value, mistakes));
    Some(KeyField { index, descending: descending(&arguments, mistakes), operator_class })
}

/// `sort: Desc`.
pub(super) fn descending(arguments: &Arguments<'_>, mistakes: &mut Mistakes<'_>) -> bool {
    arguments.one_of("sort", &[("Asc", false), ("Desc", true)], mistakes).unwrap_or_default()
}
