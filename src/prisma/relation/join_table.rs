//! The table behind a relation of many to many: `push_relation_tables` in
//! `sql-schema-connector/src/sql_schema_calculator.rs` of prisma-engines.
//!
//! Prisma up to 5 makes a unique index over its two columns, Prisma 6 a primary key; a database may
//! have been made by either.

use crate::prisma::column::ScalarField;
use crate::prisma::constraint_name;
use crate::prisma::entity::Entity;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::mistakes::Span;
use crate::schema::Action;
use crate::schema::Column;
use crate::schema::ForeignKey;
use crate::schema::Index;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Table;

use super::Schema;
use super::side::Side;

/// The join table of two lists.
pub(super) fn read(
    one: &Side<'_>,
    other: &Side<'_>,
    schema: &Schema<'_>,
    foreign_keys: bool,
    mistakes: &mut Mistakes<'_>,
) -> Option<(RelationName, Span, Table)> {
    for side in [one, other] {
        if side.has_fields() || side.has_references() {
            let message = "a relation of two lists has neither `fields` nor `references`";
            mistakes.error(side.span(), message);
        }
        if side.on_delete.is_some() || side.on_update.is_some() {
            let message = "a relation of two lists has neither `onDelete` nor `onUpdate`";
            mistakes.error(side.span(), message);
        }
        if side.map.is_some() {
            mistakes.warn(side.span(), "Prisma ignores `map` on a relation of two lists");
        }
    }
    let (a, b) = in_order(one, other, schema);
    let name = a.name.map_or_else(
        || format!("{}To{}", schema.entities[a.entity].name(), schema.entities[b.entity].name()),
        str::to_owned,
    );
    let (key_a, key_b) = (key(a, b, schema, mistakes), key(b, a, schema, mistakes));
    let ((of_a, key_a), (of_b, key_b)) = (key_a?, key_b?);
    let table_name = constraint_name::join_table(&name);
    let name = RelationName::new(of_a.table.schema.clone(), &*table_name);

    let mut table = Table {
        columns: vec![column("A", key_a), column("B", key_b)],
        unique_somehow: Some(vec![Name::from("A"), Name::from("B")]),
        ..Table::default()
    };
    let index = Name::from(&*constraint_name::join_index(&table_name));
    table.indexes.push(Index::over(Some(index), [Name::from("B")]));
    if foreign_keys {
        for (letter, entity, key) in [('A', of_a, key_a), ('B', of_b, key_b)] {
            let made = constraint_name::join_foreign_key(&table_name, letter);
            table.foreign_keys.push(ForeignKey {
                name: Some(Name::from(&*made)),
                columns: vec![Name::from(&*letter.to_string())],
                table: entity.table.clone(),
                references: vec![key.name().clone()],
                on_update: Action::Cascade,
                on_delete: Action::Cascade,
                match_full: false,
                deferrable: false,
                initially_deferred: false,
            });
        }
    }
    Some((name, a.span(), table))
}

/// Model A is the one whose name comes first; of one model, the field whose name does.
fn in_order<'a, 'b>(
    one: &'a Side<'b>,
    other: &'a Side<'b>,
    schema: &Schema<'_>,
) -> (&'a Side<'b>, &'a Side<'b>) {
    let by = |it: &Side<'b>| {
        (schema.entities[it.entity].name().to_owned(), it.field.ast.name.text.clone())
    };
    if by(one) <= by(other) { (one, other) } else { (other, one) }
}

/// The entity of a side and its primary key, which must be one field.
fn key<'a>(
    side: &Side<'_>,
    opposite: &Side<'_>,
    schema: &Schema<'a>,
    mistakes: &mut Mistakes<'_>,
) -> Option<(&'a Entity<'a>, &'a ScalarField<'a>)> {
    let (entity, keys) = (&schema.entities[side.entity], &schema.keys[side.entity]);
    let first = keys.criteria.first().filter(|_| keys.primary_key.is_some());
    if let Some([index]) = first.map(|it| &it[..]) {
        return Some((entity, &entity.scalars[*index]));
    }
    if !entity.in_part {
        let message = format!(
            "`{}` has no `@id` of one field, so it cannot be in a relation of two lists",
            entity.name()
        );
        let help = "make a model for the rows between the two";
        mistakes.error_with_help(opposite.span(), message, help);
    }
    None
}

fn column(name: &str, key: &ScalarField<'_>) -> Column {
    let mut column = Column::new(name, key.column.type_name.clone());
    column.nullable = false;
    column
}
