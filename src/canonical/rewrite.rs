//! Rewrites a syntax tree into its normal form, from the leaves up.
//!
//! Every operator ends up in parentheses, so that the printed tree says how it is nested without a
//! reader who knows precedence; nothing else keeps its parentheses. What PostgreSQL's parser itself
//! turns into something else is turned likewise: `transformAExprIn`, `transformAExprBetween` and their
//! neighbours in `src/backend/parser/parse_expr.c`, `doNegate` and `makeAndExpr` in `gram.y`, and what
//! `get_rule_expr` of `src/backend/utils/adt/ruleutils.c` writes.

use std::convert::Infallible;
use std::mem;
use std::ops::ControlFlow;

use sqlparser::ast::Array;
use sqlparser::ast::BinaryOperator;
use sqlparser::ast::DataType;
use sqlparser::ast::Expr;
use sqlparser::ast::Ident;
use sqlparser::ast::InTarget;
use sqlparser::ast::ObjectName;
use sqlparser::ast::ObjectNamePart;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::TableFactor;
use sqlparser::ast::UnaryOperator;
use sqlparser::ast::Value;
use sqlparser::ast::VisitorMut;

use super::call;
use super::cast;
use super::literal;
use super::query;
use super::token::is_plain;

/// The walk over one tree.
pub(super) struct Rewrite {
    /// Whether columns keep the relation in front of them: only where there are several relations.
    qualified: bool,
    /// Of each select that the walk is inside of: the only relation that it reads from.
    sole: Vec<Option<Ident>>,
}

impl Rewrite {
    pub(super) fn of_expression() -> Self {
        Self { qualified: false, sole: Vec::new() }
    }

    pub(super) fn of_query(query: &Query) -> Self {
        Self { qualified: query::names_several_relations(query), sole: Vec::new() }
    }
}

impl VisitorMut for Rewrite {
    type Break = Infallible;

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<Infallible> {
        let taken = mem::replace(expr, null());
        *expr = grouped(self.rewritten(taken));
        ControlFlow::Continue(())
    }

    fn pre_visit_ident(&mut self, ident: &mut Ident) -> ControlFlow<Infallible> {
        fold(ident);
        ControlFlow::Continue(())
    }

    fn post_visit_relation(&mut self, relation: &mut ObjectName) -> ControlFlow<Infallible> {
        without_schema(relation, &["public", "pg_catalog"]);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<Infallible> {
        query::name_columns(select);
        self.sole.push(query::sole_relation(select));
        ControlFlow::Continue(())
    }

    fn post_visit_select(&mut self, select: &mut Select) -> ControlFlow<Infallible> {
        self.sole.pop();
        query::normalize(select);
        ControlFlow::Continue(())
    }

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<Infallible> {
        query::normalize_union(query);
        query::normalize_order(query);
        ControlFlow::Continue(())
    }

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<Infallible> {
        query::normalize_factor(factor);
        ControlFlow::Continue(())
    }
}

impl Rewrite {
    /// An expression whose parts are in normal form already.
    fn rewritten(&self, expr: Expr) -> Expr {
        match expr {
            Expr::Nested(inner) => *inner,
            Expr::Value(value) => value_of(value.value),
            Expr::Identifier(name) if self.qualified && !call::is_folded_word(&name) => {
                match self.sole.last() {
                    Some(Some(relation)) => Expr::CompoundIdentifier(vec![relation.clone(), name]),
                    _ => Expr::Identifier(name),
                }
            }
            Expr::CompoundIdentifier(mut parts) => {
                let kept = if self.qualified { 2 } else { 1 };
                let from = parts.len().saturating_sub(kept);
                parts.drain(..from);
                match parts.len() {
                    1 => Expr::Identifier(parts.remove(0)),
                    _ => Expr::CompoundIdentifier(parts),
                }
            }
            Expr::Cast { expr, data_type, .. } => cast::cast(*expr, &data_type.to_string()),
            Expr::TypedString(typed) => {
                let value = value_of(typed.value.value);
                cast::cast(value, &typed.data_type.to_string())
            }
            Expr::Interval(interval) => cast::interval(interval),
            Expr::UnaryOp { op, expr } => unary(op, *expr),
            Expr::BinaryOp { left, op, right } => binary(*left, op, *right),
            Expr::In { expr, target: InTarget::List(list), negated, .. } => {
                one_of(&expr, list, negated)
            }
            Expr::In { expr, target, negated: true, global } => {
                not(Expr::In { expr, target, negated: false, global })
            }
            Expr::Between { expr, negated, low, high } => {
                let (from, to, both) = if negated {
                    (BinaryOperator::Lt, BinaryOperator::Gt, BinaryOperator::Or)
                } else {
                    (BinaryOperator::GtEq, BinaryOperator::LtEq, BinaryOperator::And)
                };
                let from = grouped(binary((*expr).clone(), from, *low));
                let to = grouped(binary(*expr, to, *high));
                binary(from, both, to)
            }
            Expr::Like { negated, any: false, expr, pattern, escape_char } => {
                let op = if negated { "!~~" } else { "~~" };
                like(*expr, op, *pattern, escape_char)
            }
            Expr::ILike { negated, any: false, expr, pattern, escape_char } => {
                let op = if negated { "!~~*" } else { "~~*" };
                like(*expr, op, *pattern, escape_char)
            }
            Expr::SimilarTo { negated, expr, pattern, escape_char } => {
                let op = if negated { "!~" } else { "~" };
                let arguments = [Some(*pattern), escape_char.map(|it| *it)];
                let arguments = arguments.into_iter().flatten().collect();
                let pattern = call::call("similar_to_escape", arguments);
                binary(*expr, BinaryOperator::Custom(op.to_owned()), pattern)
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                any(*left, compare_op, cast::operand(*right))
            }
            Expr::AllOp { left, compare_op, right } => {
                all(*left, compare_op, cast::operand(*right))
            }
            Expr::IsNotDistinctFrom(left, right) => not(grouped(Expr::IsDistinctFrom(left, right))),
            Expr::Array(Array { elem, .. }) => Expr::Array(Array { elem, named: true }),
            Expr::Case { case_token, end_token, operand, conditions, else_result } => {
                let else_result = else_result.filter(|it| !is_null(it));
                let else_result = else_result.map(|it| Box::new(cast::operand(*it)));
                let conditions = conditions.into_iter().map(|mut it| {
                    it.result = cast::operand(it.result);
                    it
                });
                let conditions = conditions.collect();
                Expr::Case { case_token, end_token, operand, conditions, else_result }
            }
            Expr::Collate { expr, mut collation } => {
                without_schema(&mut collation, &["pg_catalog", "public"]);
                Expr::Collate { expr: Box::new(cast::operand(*expr)), collation }
            }
            other => call::rewritten(other),
        }
    }
}

/// A name without case where it had no quotes, and with quotes only where it needs them. Words that
/// are functions (`current_user`) are folded to upper case: a column of that name has quotes.
pub(super) fn fold(ident: &mut Ident) {
    if ident.quote_style.is_none() {
        ident.value = ident.value.to_lowercase();
        if call::is_word(&ident.value) {
            ident.value = ident.value.to_ascii_uppercase();
        }
    } else if is_plain(&ident.value) {
        ident.quote_style = None;
    }
}

/// Takes a schema that everybody sees, or that a bare name means, off a name.
pub(super) fn without_schema(name: &mut ObjectName, schemas: &[&str]) {
    let found = match name.0.as_slice() {
        [ObjectNamePart::Identifier(schema), _] => schemas.contains(&schema.value.as_str()),
        _ => false,
    };
    if found {
        name.0.remove(0);
    }
}

pub(super) fn null() -> Expr {
    Expr::value(Value::Null)
}

pub(super) fn is_null(expr: &Expr) -> bool {
    matches!(bare(expr), Expr::Value(it) if it.value == Value::Null)
}

/// The expression inside its parentheses.
pub(super) fn bare(expr: &Expr) -> &Expr {
    match expr {
        Expr::Nested(inner) => bare(inner),
        other => other,
    }
}

pub(super) fn into_bare(expr: Expr) -> Expr {
    match expr {
        Expr::Nested(inner) => into_bare(*inner),
        other => other,
    }
}

/// Puts parentheses around what would not hold together without.
pub(super) fn grouped(expr: Expr) -> Expr {
    match expr {
        Expr::BinaryOp { .. }
        | Expr::UnaryOp { .. }
        | Expr::AnyOp { .. }
        | Expr::AllOp { .. }
        | Expr::In { .. }
        | Expr::Like { .. }
        | Expr::ILike { .. }
        | Expr::IsNull(_)
        | Expr::IsNotNull(_)
        | Expr::IsTrue(_)
        | Expr::IsNotTrue(_)
        | Expr::IsFalse(_)
        | Expr::IsNotFalse(_)
        | Expr::IsUnknown(_)
        | Expr::IsNotUnknown(_)
        | Expr::IsDistinctFrom(..)
        | Expr::IsJson { .. }
        | Expr::IsNormalized { .. }
        | Expr::Collate { .. } => Expr::Nested(Box::new(expr)),
        other => other,
    }
}

/// Strings of every kind as one kind; those that are numbers as numbers.
pub(super) fn value_of(value: Value) -> Expr {
    let value = match value {
        Value::Number(digits, _) => {
            let number = literal::number(&digits).unwrap_or(digits);
            Value::Number(literal::without_scale(&number).to_owned(), false)
        }
        Value::Boolean(_) | Value::Null | Value::Placeholder(_) => value,
        other => match other.clone().into_string() {
            Some(text) => {
                match literal::number(&text).filter(|_| !text.contains(['e', 'E', ' '])) {
                    Some(number) => {
                        Value::Number(literal::without_scale(&number).to_owned(), false)
                    }
                    None => Value::SingleQuotedString(text),
                }
            }
            None => other,
        },
    };
    Expr::value(value)
}

fn unary(op: UnaryOperator, expr: Expr) -> Expr {
    if op == UnaryOperator::Minus
        && let Expr::Value(it) = &expr
        && let Value::Number(digits, _) = &it.value
    {
        let negated = match digits.strip_prefix('-') {
            Some(digits) => digits.to_owned(),
            None => literal::number(&format!("-{digits}")).unwrap_or_default(),
        };
        return Expr::value(Value::Number(negated, false));
    }
    Expr::UnaryOp { op, expr: Box::new(expr) }
}

fn not(expr: Expr) -> Expr {
    Expr::UnaryOp { op: UnaryOperator::Not, expr: Box::new(grouped(expr)) }
}

/// `and` and `or` are lists: how they are nested says nothing. Operands of others lose the casts that
/// PostgreSQL adds.
pub(super) fn binary(left: Expr, op: BinaryOperator, right: Expr) -> Expr {
    let op = match op {
        BinaryOperator::PGCustomBinaryOperator(parts) => {
            BinaryOperator::Custom(parts.into_iter().next_back().unwrap_or_default())
        }
        other => other,
    };
    if let Some(parts) = rows(&left, &op, &right) {
        return parts;
    }
    let (left, right) = if matches!(op, BinaryOperator::And | BinaryOperator::Or) {
        (of_list(left, &op), of_list(right, &op))
    } else {
        cast::operands(left, &op, right)
    };
    Expr::BinaryOp { left: Box::new(left), op, right: Box::new(right) }
}

/// `(a, b) = (1, 2)` is a comparison of each with each (`make_row_comparison_op`).
fn rows(left: &Expr, op: &BinaryOperator, right: &Expr) -> Option<Expr> {
    let (Expr::Tuple(left), Expr::Tuple(right)) = (bare(left), bare(right)) else { return None };
    let join = match op {
        BinaryOperator::Eq => BinaryOperator::And,
        BinaryOperator::NotEq => BinaryOperator::Or,
        _ => return None,
    };
    let each = left.iter().zip(right).filter(|_| left.len() == right.len());
    let each = each.map(|(left, right)| binary(left.clone(), op.clone(), right.clone()));
    each.reduce(|left, right| binary(grouped(left), join.clone(), grouped(right)))
}

fn of_list(expr: Expr, list: &BinaryOperator) -> Expr {
    match bare(&expr) {
        Expr::BinaryOp { op, .. } if op == list => into_bare(expr),
        _ => expr,
    }
}

fn like(expr: Expr, op: &str, pattern: Expr, escape: Option<Box<Expr>>) -> Expr {
    let pattern = match escape {
        Some(escape) => call::call("like_escape", vec![pattern, *escape]),
        None => pattern,
    };
    binary(expr, BinaryOperator::Custom(op.to_owned()), pattern)
}

fn any(left: Expr, compare_op: BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(cast::operand(left)), Box::new(into_bare(right)));
    Expr::AnyOp { left, compare_op, right, is_some: false }
}

fn all(left: Expr, compare_op: BinaryOperator, right: Expr) -> Expr {
    let (left, right) = (Box::new(cast::operand(left)), Box::new(into_bare(right)));
    Expr::AllOp { left, compare_op, right }
}

/// `in (…)` as `transformAExprIn` has it: what holds no column becomes one array where there are
/// several of them, and everything else a comparison.
fn one_of(expr: &Expr, list: Vec<Expr>, negated: bool) -> Expr {
    let compare = if negated { BinaryOperator::NotEq } else { BinaryOperator::Eq };
    let fixed = |it: &Expr| !matches!(bare(it), Expr::Tuple(_)) && !call::has_column(it);
    let in_array = list.iter().filter(|it| fixed(it)).count() > 1;
    let (array, single): (Vec<_>, Vec<_>) = list.into_iter().partition(|it| in_array && fixed(it));
    let array = in_array.then(|| {
        let elem = array.into_iter().map(cast::operand).collect();
        let array = Expr::Array(Array { elem, named: true });
        if negated {
            all(expr.clone(), compare.clone(), array)
        } else {
            any(expr.clone(), compare.clone(), array)
        }
    });
    let singles = single.into_iter().map(|it| binary(expr.clone(), compare.clone(), it));
    let join = if negated { BinaryOperator::And } else { BinaryOperator::Or };
    let joined = array
        .into_iter()
        .chain(singles)
        .reduce(|left, right| binary(grouped(left), join.clone(), grouped(right)));
    joined.unwrap_or_else(null)
}

/// A type by a spelling of our own.
pub(super) fn spelled_type(spelled: &str) -> DataType {
    let name = ObjectName(vec![ObjectNamePart::Identifier(Ident::new(spelled))]);
    DataType::Custom(name, Vec::new())
}
