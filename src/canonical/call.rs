//! Function calls, and what SQL writes in words of its own but is a function call.
//!
//! PostgreSQL writes `extract(…)`, `at time zone`, `substring(… from …)` back as calls up to version
//! 13, and in their own words from 14 on (`COERCE_SQL_SYNTAX` in
//! `src/backend/utils/adt/ruleutils.c`). Here they are calls.

use std::ops::ControlFlow;

use sqlparser::ast::Expr;
use sqlparser::ast::Function;
use sqlparser::ast::FunctionArg;
use sqlparser::ast::FunctionArgExpr;
use sqlparser::ast::FunctionArgumentList;
use sqlparser::ast::FunctionArguments;
use sqlparser::ast::Ident;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;
use sqlparser::ast::TrimWhereField;
use sqlparser::ast::Value;
use sqlparser::ast::visit_expressions;

use super::cast;
use super::literal;
use super::rewrite::bare;
use super::rewrite::into_bare;
use super::rewrite::without_schema;

/// Functions that are called without parentheses.
const WORDS: [&str; 10] = [
    "current_catalog",
    "current_date",
    "current_role",
    "current_schema",
    "current_time",
    "current_timestamp",
    "current_user",
    "localtime",
    "localtimestamp",
    "session_user",
];

/// Whether a word without quotes is a function, not a column. `user` is one too.
pub(super) fn is_word(word: &str) -> bool {
    word == "user" || WORDS.contains(&word)
}

/// Whether a name that was folded already is such a word.
pub(super) fn is_folded_word(name: &Ident) -> bool {
    name.quote_style.is_none() && is_word(&name.value.to_ascii_lowercase()) && {
        name.value.chars().all(|it| !it.is_ascii_lowercase())
    }
}

/// `name(arguments)`.
pub(super) fn call(name: &str, arguments: Vec<Expr>) -> Expr {
    let args = arguments.into_iter().map(into_bare).map(FunctionArgExpr::Expr);
    Expr::Function(Function {
        name: ObjectName(vec![ObjectNamePart::Identifier(Ident::new(name))]),
        uses_odbc_syntax: false,
        parameters: FunctionArguments::None,
        args: FunctionArguments::List(FunctionArgumentList {
            duplicate_treatment: None,
            args: args.map(FunctionArg::Unnamed).collect(),
            clauses: Vec::new(),
        }),
        filter: None,
        null_treatment: None,
        over: None,
        within_group: Vec::new(),
    })
}

/// What is a call in other words, and calls themselves; anything else as it is.
pub(super) fn rewritten(expr: Expr) -> Expr {
    match expr {
        Expr::Function(function) => function_call(function),
        Expr::AtTimeZone { timestamp, time_zone } => call("timezone", vec![*time_zone, *timestamp]),
        Expr::Extract { field, expr, .. } => {
            let field = Value::SingleQuotedString(cast::field(&field));
            call("date_part", vec![Expr::value(field), *expr])
        }
        Expr::Position { expr, r#in } => call("position", vec![*r#in, *expr]),
        Expr::Substring { expr, substring_from, substring_for, .. } => {
            let rest = [substring_from, substring_for].into_iter().flatten().map(|it| *it);
            call("substring", std::iter::once(*expr).chain(rest).collect())
        }
        Expr::Trim { trim_where, trim_what, expr, trim_characters } => {
            let name = match trim_where {
                None | Some(TrimWhereField::Both) => "btrim",
                Some(TrimWhereField::Leading) => "ltrim",
                Some(TrimWhereField::Trailing) => "rtrim",
            };
            let what = trim_what.map(|it| *it).into_iter();
            let rest = what.chain(trim_characters.into_iter().flatten());
            call(name, std::iter::once(*expr).chain(rest).collect())
        }
        Expr::Overlay { expr, overlay_what, overlay_from, overlay_for } => {
            let rest = overlay_for.map(|it| *it);
            let all = [*expr, *overlay_what, *overlay_from].into_iter().chain(rest);
            call("overlay", all.collect())
        }
        Expr::Ceil { expr, .. } => call("ceil", vec![*expr]),
        Expr::Floor { expr, .. } => call("floor", vec![*expr]),
        other => other,
    }
}

fn function_call(mut function: Function) -> Expr {
    without_schema(&mut function.name, &["pg_catalog", "public"]);
    let name = function.name.to_string();
    if let FunctionArguments::List(list) = &mut function.args {
        for argument in &mut list.args {
            if let FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) = argument {
                *it = argument_of(&name, it);
            }
        }
        if name == "row" && function.over.is_none() {
            let parts: Option<Vec<Expr>> = list.args.iter().map(plain).collect();
            if let Some(parts) = parts {
                return Expr::Tuple(parts);
            }
        }
    }
    Expr::Function(function)
}

fn plain(argument: &FunctionArg) -> Option<Expr> {
    match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(it)) => Some(it.clone()),
        _ => None,
    }
}

/// An argument without the casts and parentheses that it does not need. A sequence of `nextval` may
/// be written without its schema.
fn argument_of(function: &str, argument: &Expr) -> Expr {
    let argument = into_bare(cast::operand(argument.clone()));
    if !["nextval", "currval", "setval"].contains(&function) {
        return argument;
    }
    match bare(&argument) {
        Expr::Value(it) => match &it.value {
            Value::SingleQuotedString(text) => {
                Expr::value(Value::SingleQuotedString(literal::name(text)))
            }
            _ => argument,
        },
        _ => argument,
    }
}

/// Whether an expression reads a column.
pub(super) fn has_column(expr: &Expr) -> bool {
    let found = visit_expressions(expr, |it| match it {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}
