//! One relation field with what its `@relation` says.

use crate::prisma::arguments::Arguments;
use crate::prisma::arguments::items;
use crate::prisma::ast::Arity;
use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::constraint_name::BYTES_MAX;
use crate::prisma::entity::Entity;
use crate::prisma::entity::RelationField;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::mistakes::Span;
use crate::schema::Action;

const KNOWN: [&str; 6] = ["name", "fields", "references", "onDelete", "onUpdate", "map"];

const ACTIONS: [(&str, Action); 5] = [
    ("Cascade", Action::Cascade),
    ("Restrict", Action::Restrict),
    ("NoAction", Action::NoAction),
    ("SetNull", Action::SetNull),
    ("SetDefault", Action::SetDefault),
];

/// One of the two fields of a relation.
#[derive(Debug)]
pub(super) struct Side<'a> {
    /// Index of the entity that has the field.
    pub(super) entity: usize,
    pub(super) field: &'a RelationField<'a>,
    pub(super) name: Option<&'a str>,
    /// Whether `fields` and `references` were written, readable or not.
    written: (bool, bool),
    /// Indexes of scalars of the entity.
    pub(super) fields: Option<Vec<usize>>,
    /// Indexes of scalars of the target.
    pub(super) references: Option<Vec<usize>>,
    pub(super) on_delete: Option<Action>,
    pub(super) on_update: Option<Action>,
    pub(super) map: Option<&'a str>,
}

impl Side<'_> {
    pub(super) fn is_list(&self) -> bool {
        self.field.ast.arity == Arity::List
    }

    pub(super) fn has_fields(&self) -> bool {
        self.written.0
    }

    pub(super) fn has_references(&self) -> bool {
        self.written.1
    }

    pub(super) fn span(&self) -> Span {
        self.field.ast.name.span
    }
}

/// Reads a relation field of the entity at `index`.
pub(super) fn read<'a>(
    index: usize,
    field: &'a RelationField<'a>,
    entities: &[Entity<'_>],
    mistakes: &mut Mistakes<'_>,
) -> Side<'a> {
    let mut side = Side {
        entity: index,
        field,
        name: None,
        written: (false, false),
        fields: None,
        references: None,
        on_delete: None,
        on_update: None,
        map: None,
    };
    let Some(attribute) = field.attribute else { return side };
    let arguments = Arguments::of(attribute, "@", &KNOWN, mistakes);
    side.name = arguments.text("name", mistakes);
    side.on_delete = arguments.one_of("onDelete", &ACTIONS, mistakes);
    side.on_update = arguments.one_of("onUpdate", &ACTIONS, mistakes);
    side.map = arguments.text("map", mistakes);
    if side.map.is_some_and(|it| it.len() > BYTES_MAX) {
        let message = format!("the name is longer than PostgreSQL's {BYTES_MAX} bytes");
        mistakes.error(attribute.name.span, message);
    }
    let (fields, references) = (arguments.get("fields"), arguments.get("references"));
    side.written = (fields.is_some(), references.is_some());
    side.fields = fields.and_then(|it| scalars(it, &entities[index], mistakes));
    side.references = references.and_then(|it| scalars(it, &entities[field.target], mistakes));
    side
}

/// The fields that a list names. `None` where it cannot be used, which was said.
fn scalars(
    value: &Expression,
    entity: &Entity<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<Vec<usize>> {
    let mut found = Vec::new();
    let mut all = true;
    for item in items(value) {
        let Value::Constant(name) = &item.value else {
            let message = format!("expected the name of a field, not {}", item.value.phrase());
            mistakes.error(item.span, message);
            all = false;
            continue;
        };
        match entity.scalar(name, item.span, mistakes) {
            Some(index) if found.contains(&index) => {
                mistakes.error(item.span, "the field is there twice");
                all = false;
            }
            Some(index) => found.push(index),
            None => all = false,
        }
    }
    if found.is_empty() && all {
        mistakes.error(value.span, "the list of fields is empty");
        return None;
    }
    all.then_some(found)
}
