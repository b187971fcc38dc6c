//! Columns: what a definition says of one, and the constraints that stand with it.

use sqlparser::ast::ArrayElemTypeDef;
use sqlparser::ast::ColumnDef;
use sqlparser::ast::ColumnOption;
use sqlparser::ast::DataType;
use sqlparser::ast::GeneratedAs;
use sqlparser::ast::GeneratedExpressionMode;
use sqlparser::ast::Ident;
use sqlparser::ast::IndexColumn;
use sqlparser::ast::OrderByExpr;
use sqlparser::ast::OrderByOptions;
use sqlparser::ast::TableConstraint;

use crate::canonical;
use crate::schema::Column;
use crate::schema::Generated;
use crate::schema::Identity;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::Sequence;

use super::constraint::named;
use super::constraint::parts;
use super::constraint::text;
use super::name;
use super::state::Relation;
use super::state::State;
use super::tokens::Problem;
use super::tokens::sql;

/// Adds a column and what belongs to it; the constraints that stand with it are left to the caller.
pub(super) fn add(
    state: &mut State,
    table: &RelationName,
    def: ColumnDef,
) -> Result<Vec<TableConstraint>, Problem> {
    let mut column = Column::new(named(&def.name), String::new());
    let serial = serial_type(&def.data_type);
    column.type_name = match serial {
        Some(integer) => integer.to_owned(),
        None => type_of(state, &def.data_type)?,
    };
    let mut constraints = Vec::new();
    let mut pending: Option<Ident> = None;
    for option in def.options {
        let named = option.name.or(pending.take());
        apply(&mut column, &def.name, option.option, named, &mut constraints)?;
    }
    if let Some(integer) = serial {
        let sequence = own_sequence(state, table, &column.name, integer)?;
        column.default = Some(next_value(&sequence));
        column.nullable = false;
    }
    if column.identity.is_some() {
        let type_name = column.type_name.clone();
        own_sequence(state, table, &column.name, &type_name)?;
        column.nullable = false;
    }
    let spelled = table.visible();
    let columns = &mut state.table_mut(table)?.table.columns;
    match columns.iter_mut().find(|it| it.name == column.name) {
        Some(_) => {
            let name = &column.name;
            return Err(Problem::new(format!("table `{spelled}` has a column `{name}` already")));
        }
        None => columns.push(column),
    }
    Ok(constraints)
}

fn apply(
    column: &mut Column,
    ident: &Ident,
    option: ColumnOption,
    name: Option<Ident>,
    constraints: &mut Vec<TableConstraint>,
) -> Result<(), Problem> {
    match option {
        ColumnOption::Null => column.nullable = true,
        ColumnOption::NotNull => column.nullable = false,
        ColumnOption::Default(expr) => set_default(column, Some(sql(&expr))),
        ColumnOption::Collation(it) => column.collation = collation(&parts(&it)),
        ColumnOption::PrimaryKey(mut it) => {
            it.columns = vec![index_column(ident)];
            it.name = it.name.or(name);
            constraints.push(TableConstraint::PrimaryKey(it));
        }
        ColumnOption::Unique(mut it) => {
            it.columns = vec![index_column(ident)];
            it.name = it.name.or(name);
            constraints.push(TableConstraint::Unique(it));
        }
        ColumnOption::ForeignKey(mut it) => {
            it.columns = vec![ident.clone()];
            it.name = it.name.or(name);
            constraints.push(TableConstraint::ForeignKey(it));
        }
        ColumnOption::Check(mut it) => {
            it.name = it.name.or(name);
            constraints.push(TableConstraint::Check(it));
        }
        ColumnOption::Generated { generated_as, generation_expr, generation_expr_mode, .. } => {
            match generation_expr {
                Some(expr) => {
                    let stored =
                        !matches!(generation_expr_mode, Some(GeneratedExpressionMode::Virtual));
                    let expression = sql(&expr);
                    column.generated = Some(Generated { expression, stored });
                }
                None => column.identity = Some(identity(generated_as)),
            }
        }
        ColumnOption::Options(_) | ColumnOption::GenericOptions(_) => {}
        other => return Err(Problem::new(format!("`{other}` of a column is not understood"))),
    }
    Ok(())
}

fn identity(how: GeneratedAs) -> Identity {
    match how {
        GeneratedAs::ByDefault => Identity::ByDefault,
        GeneratedAs::Always | GeneratedAs::ExpStored => Identity::Always,
    }
}

/// `default null` is no default.
pub(super) fn set_default(column: &mut Column, default: Option<String>) {
    column.default = default.filter(|it| canonical::default_value(it, &column.type_name).is_some());
}

fn collation(parts: &[String]) -> Option<String> {
    match parts {
        [name] | [.., _, name] if name == "default" => None,
        [name] => Some(canonical::quoted(name)),
        [.., schema, name] if schema == "pg_catalog" => Some(canonical::quoted(name)),
        [.., schema, name] => {
            Some(format!("{}.{}", canonical::quoted(schema), canonical::quoted(name)))
        }
        [] => None,
    }
}

fn index_column(ident: &Ident) -> IndexColumn {
    let expr = sqlparser::ast::Expr::Identifier(ident.clone());
    let options = OrderByOptions { sort: None, nulls_first: None };
    IndexColumn { column: OrderByExpr { expr, options, with_fill: None }, operator_class: None }
}

/// The spelling of a type.
pub(super) fn type_of(state: &State, data_type: &DataType) -> Result<String, Problem> {
    let mut element = data_type;
    while let DataType::Array(
        ArrayElemTypeDef::SquareBracket(inner, _) | ArrayElemTypeDef::AngleBracket(inner),
    ) = element
    {
        element = inner;
    }
    let bare = match element {
        DataType::Custom(name, _) => Some(parts(name)),
        _ => None,
    };
    state.type_name(bare.as_deref(), &data_type.to_string())
}

/// What the serial types stand for (`transformColumnDefinition`).
fn serial_type(data_type: &DataType) -> Option<&'static str> {
    let DataType::Custom(name, _) = data_type else { return None };
    match parts(name).as_slice() {
        [name] => match name.as_str() {
            "serial" | "serial4" => Some("integer"),
            "bigserial" | "serial8" => Some("bigint"),
            "smallserial" | "serial2" => Some("smallint"),
            _ => None,
        },
        _ => None,
    }
}

/// Makes the sequence of a serial or identity column (`generateSerialExtraStmts`).
pub(super) fn own_sequence(
    state: &mut State,
    table: &RelationName,
    column: &Name,
    type_name: &str,
) -> Result<RelationName, Problem> {
    let chosen = name::choose(&text(&table.name), Some(&text(column)), "seq", |it| {
        let name = RelationName { schema: table.schema.clone(), name: it.into() };
        state.relations.contains_key(&name)
    });
    let name = RelationName { schema: table.schema.clone(), name: chosen.as_str().into() };
    let owner = Some((table.clone(), column.clone()));
    let sequence = plain_sequence(type_name);
    state.add(name.clone(), Relation::Sequence { sequence, owner })?;
    Ok(name)
}

/// An ascending sequence of a type.
pub(super) fn plain_sequence(type_name: &str) -> Sequence {
    let max = match type_name {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    let type_name = type_name.to_owned();
    Sequence { type_name, start: 1, increment: 1, min: 1, max, cache: 1, cycle: false }
}

/// The default of a serial column, as `pg_get_expr` spells it under an empty `search_path`.
pub(super) fn next_value(sequence: &RelationName) -> String {
    let (schema, name) = (text(&sequence.schema), text(&sequence.name));
    let spelled = format!("{}.{}", canonical::quoted(&schema), canonical::quoted(&name));
    format!("nextval('{}'::regclass)", spelled.replace('\'', "''"))
}
