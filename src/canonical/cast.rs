//! Casts: which of them say something, and which PostgreSQL only adds when it writes back.
//!
//! `get_oper_expr` and `get_func_expr` (`src/backend/utils/adt/ruleutils.c`) show implicit casts of
//! operands and arguments, and `get_const_expr` labels constants with their type. A person writes
//! neither.

use sqlparser::ast::BinaryOperator;
use sqlparser::ast::CastKind;
use sqlparser::ast::DataType;
use sqlparser::ast::DateTimeField;
use sqlparser::ast::Expr;
use sqlparser::ast::Interval;
use sqlparser::ast::Value;

use super::literal;
use super::rewrite::bare;
use super::rewrite::into_bare;
use super::rewrite::spelled_type;
use super::rewrite::value_of;
use super::type_name;

/// Types that an operand is cast to without being asked for.
const WIDER: [&str; 6] = [
    "numeric",
    "double precision",
    "bigint",
    "integer",
    "timestamp with time zone",
    "timestamp without time zone",
];

/// Types of text: whatever is compared as text is cast to one.
const TEXTUAL: [&str; 5] = ["text", "text[]", "name", "character varying", "bpchar"];

/// `expr::spelling`, as far as it says something.
pub(super) fn cast(expr: Expr, spelling: &str) -> Expr {
    let type_name = type_name(spelling).unwrap_or_else(|_| spelling.to_lowercase());
    match bare(&expr) {
        Expr::Value(it) => match constant(&it.value, &type_name) {
            Some(constant) => value_of(constant),
            None => into_bare(expr),
        },
        // An array of constants is of whatever type it is used as; an empty one has no other type.
        Expr::Array(it) if !it.elem.is_empty() && type_name.ends_with("[]") => into_bare(expr),
        _ => Expr::Cast {
            kind: CastKind::Cast,
            expr: Box::new(into_bare(expr)),
            data_type: spelled_type(&type_name),
            format: None,
        },
    }
}

/// What a constant is as a value of a type, where that is told in another way than as written.
fn constant(value: &Value, type_name: &str) -> Option<Value> {
    let (Value::SingleQuotedString(text) | Value::Number(text, _)) = value else { return None };
    let spelled = match type_name {
        "boolean" => {
            return match text.to_ascii_lowercase().as_str() {
                "t" | "true" | "y" | "yes" | "on" | "1" => Some(Value::Boolean(true)),
                "f" | "false" | "n" | "no" | "off" | "0" => Some(Value::Boolean(false)),
                _ => None,
            };
        }
        "jsonb" => literal::json(text),
        "regclass" | "regcollation" | "regconfig" | "regdictionary" => Some(literal::name(text)),
        "real" | "double precision" => {
            literal::number(text).map(|it| literal::without_scale(&it).to_owned())
        }
        _ if type_name.starts_with("interval") => literal::interval(text, unit_of(type_name)),
        "uuid" => Some(text.to_ascii_lowercase()),
        _ if type_name.starts_with("time") => Some(literal::moment(text)),
        _ => None,
    };
    spelled.map(Value::SingleQuotedString)
}

/// The unit that a bare number of an interval has.
fn unit_of(type_name: &str) -> Option<&str> {
    let fields = type_name.strip_prefix("interval")?.trim_start();
    let last = fields.rsplit(' ').next().unwrap_or_default();
    let last = last.split('(').next().unwrap_or_default();
    Some(if last.is_empty() { "second" } else { last })
}

/// `interval '1' day`.
pub(super) fn interval(interval: Interval) -> Expr {
    let unit = interval.last_field.as_ref().or(interval.leading_field.as_ref());
    let spelling = match unit {
        Some(unit) => format!("interval {}", field(unit)),
        None => "interval".to_owned(),
    };
    cast(*interval.value, &spelling)
}

pub(super) fn field(field: &DateTimeField) -> String {
    field.to_string().to_lowercase().trim_matches(['"', '\'']).to_owned()
}

/// An operand without a cast that its value does not need.
pub(super) fn operand(expr: Expr) -> Expr {
    match bare(&expr) {
        Expr::Cast { expr: inner, data_type, .. } if is_added(inner, data_type) => {
            operand((**inner).clone())
        }
        _ => expr,
    }
}

fn is_added(inner: &Expr, data_type: &DataType) -> bool {
    let data_type = data_type.to_string();
    let simple = matches!(
        bare(inner),
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Function(_)
    );
    TEXTUAL.contains(&&*data_type) || simple && WIDER.contains(&&*data_type)
}

/// An expression without the cast to the type that it ends up in anyway.
pub(super) fn without_cast_to(expr: &Expr, type_name: &str) -> Expr {
    match bare(expr) {
        Expr::Cast { expr: inner, data_type, .. } if data_type.to_string() == type_name => {
            (**inner).clone()
        }
        other => other.clone(),
    }
}

/// Both operands of an operator. A division keeps its casts: of integers it is another one.
pub(super) fn operands(left: Expr, op: &BinaryOperator, right: Expr) -> (Expr, Expr) {
    if matches!(op, BinaryOperator::Divide) && !has_point(&left) && !has_point(&right) {
        return (left, right);
    }
    match op {
        BinaryOperator::Plus | BinaryOperator::Minus => (operand(left), span(operand(right))),
        _ => (operand(left), operand(right)),
    }
}

/// What is added to or taken from a time and has units is an interval.
fn span(expr: Expr) -> Expr {
    match bare(&expr) {
        Expr::Value(it) => match &it.value {
            Value::SingleQuotedString(text) => match literal::interval(text, None) {
                Some(interval) => Expr::value(Value::SingleQuotedString(interval)),
                None => expr,
            },
            _ => expr,
        },
        _ => expr,
    }
}

fn has_point(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(it)
        if matches!(&it.value, Value::Number(digits, _) if digits.contains('.')))
}
