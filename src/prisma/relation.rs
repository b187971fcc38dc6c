//! Which relation fields belong together, and what they make: a foreign key or a join table.
//!
//! `ingest_relation` in `psl/parser-database/src/relations.rs` and the checks under
//! `psl/psl-core/src/validate/validation_pipeline/validations/relations` of prisma-engines.

mod foreign_key;
mod join_table;
mod side;

use std::collections::BTreeMap;

use super::ast::Arity;
use super::entity::Entity;
use super::keys::Keys;
use super::mistakes::Mistakes;
use super::mistakes::Span;
use crate::schema::ForeignKey;
use crate::schema::RelationName;
use crate::schema::Table;
use side::Side;

/// What relations make.
#[derive(Debug, Default)]
pub(super) struct Made {
    /// Foreign keys, each with the index of its entity and its place.
    pub(super) foreign_keys: Vec<(usize, Span, ForeignKey)>,
    pub(super) join_tables: Vec<(RelationName, Span, Table)>,
}

/// Reads all relations.
pub(super) fn read(
    entities: &[Entity<'_>],
    keys: &[Keys],
    foreign_keys: bool,
    mistakes: &mut Mistakes<'_>,
) -> Made {
    let mut groups: BTreeMap<(usize, usize, Option<&str>), Vec<Side<'_>>> = BTreeMap::new();
    for (index, entity) in entities.iter().enumerate() {
        for field in &entity.relations {
            let side = side::read(index, field, entities, mistakes);
            let (a, b) = (index.min(field.target), index.max(field.target));
            groups.entry((a, b, side.name)).or_default().push(side);
        }
    }
    let mut made = Made::default();
    for sides in groups.values() {
        let Some((one, other)) = pair(sides, entities, mistakes) else { continue };
        let schema = Schema { entities, keys };
        // Prisma makes nothing for a view, and so nothing that points at one.
        let in_database = !entities[one.entity].is_view() && !entities[other.entity].is_view();
        if one.is_list() && other.is_list() {
            if let Some(table) = join_table::read(one, other, &schema, foreign_keys, mistakes)
                && in_database
            {
                made.join_tables.push(table);
            }
        } else if let Some(key) = one_of_many(one, other, &schema, mistakes)
            && in_database
            && foreign_keys
        {
            made.foreign_keys.push(key);
        }
    }
    made
}

/// What the two sides of a relation are looked up in.
struct Schema<'a> {
    entities: &'a [Entity<'a>],
    keys: &'a [Keys],
}

/// The two fields of one relation. `None` where there are not two, which was said.
fn pair<'a, 'b>(
    sides: &'a [Side<'b>],
    entities: &[Entity<'_>],
    mistakes: &mut Mistakes<'_>,
) -> Option<(&'a Side<'b>, &'a Side<'b>)> {
    let (first, rest) = sides.split_first()?;
    let is_self = first.entity == first.field.target;
    let same = |it: &&Side<'_>| it.entity == first.entity;
    match rest {
        [second] if is_self && first.name.is_none() => {
            ambiguous(first, second, entities, mistakes);
            None
        }
        [second] if is_self || !same(&second) => Some((first, second)),
        [] => {
            let target = &entities[first.field.target];
            if !target.in_part {
                let message =
                    format!("`{}` has no field for the other side of this relation", target.name());
                let this = entities[first.entity].name();
                let help = format!("add a field of type `{this}[]` or `{this}?` there");
                mistakes.error_with_help(first.span(), message, help);
            }
            None
        }
        _ => {
            let of_first = sides.iter().filter(same).collect::<Vec<_>>();
            let of_other = sides.iter().filter(|it| !same(it)).collect::<Vec<_>>();
            for group in [of_first, of_other] {
                for two in group.windows(2) {
                    ambiguous(two[0], two[1], entities, mistakes);
                }
            }
            None
        }
    }
}

fn ambiguous(
    one: &Side<'_>,
    other: &Side<'_>,
    entities: &[Entity<'_>],
    mistakes: &mut Mistakes<'_>,
) {
    let message = format!(
        "it is not clear which relation this is: `{}` and `{}` of `{}` both lead to `{}`",
        one.field.ast.name.text,
        other.field.ast.name.text,
        entities[one.entity].name(),
        entities[one.field.target].name()
    );
    let help = "give both fields of each relation a name of its own: `@relation(\"…\")`";
    mistakes.error_with_help(other.span(), message, help);
}

/// A relation with at most one row on one side: a foreign key on the side with `fields`.
fn one_of_many(
    one: &Side<'_>,
    other: &Side<'_>,
    schema: &Schema<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<(usize, Span, ForeignKey)> {
    let has_list = one.is_list() || other.is_list();
    let (forward, back) = match (one.is_list(), other.is_list()) {
        (true, _) => (other, one),
        (_, true) => (one, other),
        _ if other.has_fields() && !one.has_fields() => (other, one),
        _ => (one, other),
    };
    if back.has_fields() || back.has_references() {
        let message = if has_list {
            "the side that is a list has neither `fields` nor `references`"
        } else {
            "only one of the two fields of a relation has `fields` and `references`"
        };
        mistakes.error(back.span(), message);
        return None;
    }
    if !forward.has_fields() || !forward.has_references() {
        let missing = if forward.has_fields() { "references" } else { "fields" };
        let message = format!("the relation has no `{missing}`");
        let help = "write `@relation(fields: [authorId], references: [id])`";
        mistakes.error_with_help(forward.span(), message, help);
        return None;
    }
    if back.on_delete.is_some() || back.on_update.is_some() {
        let message = "`onDelete` and `onUpdate` belong to the side with `fields`";
        mistakes.error(back.span(), message);
    }
    let made = foreign_key::read(forward, schema, mistakes)?;
    if !has_list {
        let fields = forward.fields.as_deref().unwrap_or_default();
        if !schema.keys[forward.entity].tell_one_row(fields) {
            mistakes.error_with_help(
                forward.span(),
                "each row has one partner at most, so `fields` must be unique",
                "add `@unique` to the field, or make the other side a list",
            );
        }
        if back.field.ast.arity == Arity::Required {
            let message = "the side without `fields` is optional or a list";
            mistakes.error(back.span(), message);
        }
    }
    Some(made)
}
