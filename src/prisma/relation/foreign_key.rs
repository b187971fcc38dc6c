//! The foreign key of a relation: `push_inline_relations` in
//! `sql-schema-connector/src/sql_schema_calculator.rs` of prisma-engines.

use crate::prisma::ast::Arity;
use crate::prisma::constraint_name;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::mistakes::Span;
use crate::schema::Action;
use crate::schema::ForeignKey;
use crate::schema::Name;

use super::Schema;
use super::side::Side;

/// The foreign key that the side with `fields` makes.
pub(super) fn read(
    side: &Side<'_>,
    schema: &Schema<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<(usize, Span, ForeignKey)> {
    let (fields, references) = (side.fields.as_deref()?, side.references.as_deref()?);
    let (entity, target) = (&schema.entities[side.entity], &schema.entities[side.field.target]);
    if fields.len() != references.len() {
        mistakes.error(side.span(), "`fields` and `references` name differently many fields");
        return None;
    }
    for (field, reference) in fields.iter().zip(references) {
        let (field, reference) = (&entity.scalars[*field], &target.scalars[*reference]);
        if !field.kind.fits(&reference.kind) || field.ast.arity == Arity::List {
            let message = format!(
                "`{}` and `{}` of `{}`, which it refers to, are of different types",
                field.ast.name.text,
                reference.ast.name.text,
                target.name()
            );
            mistakes.error(side.span(), message);
        }
    }
    let is_told = schema.keys[side.field.target].tell_one_row(references);
    // A key that could not be read may be the one.
    if !is_told && !target.in_part {
        let message = format!("`references` must be unique together in `{}`", target.name());
        mistakes.error(side.span(), message);
    }
    let is_optional = |index: &usize| entity.scalars[*index].ast.arity == Arity::Optional;
    if side.field.ast.arity == Arity::Required && fields.iter().any(is_optional) {
        let message = "the relation is required, and a field that it goes by is optional";
        mistakes.error_with_help(side.span(), message, "make the relation optional with `?`");
    }
    let on_delete = if fields.iter().all(is_optional) { Action::SetNull } else { Action::Restrict };
    let names: Vec<String> = fields.iter().map(|it| entity.scalars[*it].column_text()).collect();
    let made = constraint_name::foreign_key(&entity.table_text(), &names);
    let key = ForeignKey {
        name: Some(Name::from(side.map.unwrap_or(&made))),
        columns: fields.iter().map(|it| entity.scalars[*it].name().clone()).collect(),
        table: target.table.clone(),
        references: references.iter().map(|it| target.scalars[*it].name().clone()).collect(),
        on_update: side.on_update.unwrap_or(Action::Cascade),
        on_delete: side.on_delete.unwrap_or(on_delete),
        match_full: false,
        deferrable: false,
        initially_deferred: false,
    };
    Some((side.entity, side.span(), key))
}
