//! The names that PostgreSQL chooses where a statement gives none.
//!
//! `makeObjectName`, `ChooseRelationName`, `ChooseIndexName`, `ChooseIndexColumnNames` and
//! `ChooseIndexNameAddition` of `src/backend/commands/indexcmds.c`, `ChooseConstraintName` of
//! `src/backend/catalog/pg_constraint.c`, `ChooseForeignKeyConstraintNameAddition` of
//! `src/backend/commands/tablecmds.c`, `FigureIndexColname` of `src/backend/parser/parse_target.c`.

use sqlparser::ast::Expr;
use sqlparser::ast::ObjectNamePart;

use super::tokens::folded;

/// `NAMEDATALEN - 1` (`src/include/pg_config_manual.h`).
const NAME_BYTES_MAX: usize = 63;

/// A name cut to what the server keeps, never within a character (`truncate_identifier`).
pub(super) fn clipped(name: &str) -> &str {
    clipped_to(name, NAME_BYTES_MAX)
}

fn clipped_to(name: &str, bytes: usize) -> &str {
    let mut end = name.len().min(bytes);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

/// `table_column_label`, the longer of the first two cut until all of it fits.
pub(super) fn object_name(first: &str, second: Option<&str>, label: &str) -> String {
    let (mut one, mut two) = (first.len(), second.map_or(0, str::len));
    let overhead = 1 + label.len() + usize::from(second.is_some());
    let room = NAME_BYTES_MAX.saturating_sub(overhead);
    while one + two > room {
        if one > two { one -= 1 } else { two -= 1 }
    }
    let first = clipped_to(first, one);
    match second {
        Some(second) => format!("{first}_{}_{label}", clipped_to(second, two)),
        None => format!("{first}_{label}"),
    }
}

/// The first of `a_b_label`, `a_b_label1`, … that is not taken.
pub(super) fn choose(
    first: &str,
    second: Option<&str>,
    label: &str,
    taken: impl Fn(&str) -> bool,
) -> String {
    let mut name = object_name(first, second, label);
    let mut pass = 0_u32;
    while taken(&name) {
        pass += 1;
        name = object_name(first, second, &format!("{label}{pass}"));
    }
    name
}

/// The columns of an index or foreign key as part of its name.
pub(super) fn of_columns<'a>(columns: impl IntoIterator<Item = &'a str>) -> String {
    let mut name = String::new();
    for column in columns {
        if !name.is_empty() {
            name.push('_');
        }
        name.push_str(column);
        if name.len() > NAME_BYTES_MAX {
            break;
        }
    }
    name
}

/// The names of the columns of an index, each once.
pub(super) fn of_index_columns(names: Vec<Option<String>>) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for name in names {
        let name = name.unwrap_or_else(|| "expr".to_owned());
        let mut unique = name.clone();
        let mut pass = 0_u32;
        while chosen.contains(&unique) {
            pass += 1;
            let number = pass.to_string();
            unique = format!("{}{number}", clipped_to(&name, NAME_BYTES_MAX - number.len()));
        }
        chosen.push(unique);
    }
    chosen
}

/// What an expression is called as a column of an index.
pub(super) fn of_expression(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => of_expression(inner),
        Expr::Identifier(it) => Some(folded(it)),
        Expr::CompoundIdentifier(parts) => parts.last().map(folded),
        Expr::Function(function) => match function.name.0.last() {
            Some(ObjectNamePart::Identifier(it)) => Some(folded(it)),
            _ => None,
        },
        Expr::Cast { expr: inner, data_type, .. } => of_expression(inner).or_else(|| {
            let spelled = crate::canonical::type_name(&data_type.to_string()).ok()?;
            let base = spelled.split(['(', '[']).next().unwrap_or_default().trim().to_owned();
            let internal = match base.as_str() {
                "integer" => "int4",
                "bigint" => "int8",
                "smallint" => "int2",
                "boolean" => "bool",
                "double precision" => "float8",
                "real" => "float4",
                "character varying" => "varchar",
                other => other.rsplit('.').next().unwrap_or(other),
            };
            Some(internal.to_owned())
        }),
        Expr::Case { else_result, .. } => {
            let named = else_result.as_ref().and_then(|it| of_expression(it));
            Some(named.unwrap_or_else(|| "case".to_owned()))
        }
        Expr::Array(_) => Some("array".to_owned()),
        Expr::Extract { .. } => Some("extract".to_owned()),
        Expr::AtTimeZone { .. } => Some("timezone".to_owned()),
        Expr::Substring { .. } => Some("substring".to_owned()),
        Expr::Position { .. } => Some("position".to_owned()),
        Expr::Overlay { .. } => Some("overlay".to_owned()),
        Expr::Trim { .. } => Some("btrim".to_owned()),
        Expr::Ceil { .. } => Some("ceil".to_owned()),
        Expr::Floor { .. } => Some("floor".to_owned()),
        _ => None,
    }
}
