//! Queries: what `pg_get_viewdef` adds to what was written, and what it leaves out.
//!
//! It names every column of the result, puts the relation in front of every column, and parentheses
//! around every join (`get_target_list` and `get_from_clause_item` of
//! `src/backend/utils/adt/ruleutils.c`). Which relation a bare column of a join belongs to is known
//! to the catalog alone: such a query is equal only where it was written with the relations.

use std::ops::ControlFlow;

use sqlparser::ast::Expr;
use sqlparser::ast::GroupByExpr;
use sqlparser::ast::Ident;
use sqlparser::ast::JoinConstraint;
use sqlparser::ast::JoinOperator;
use sqlparser::ast::ObjectNamePart;
use sqlparser::ast::OrderBy;
use sqlparser::ast::OrderByKind;
use sqlparser::ast::OrderBySort;
use sqlparser::ast::Query;
use sqlparser::ast::Select;
use sqlparser::ast::SelectItem;
use sqlparser::ast::SetExpr;
use sqlparser::ast::TableFactor;
use sqlparser::ast::TableWithJoins;
use sqlparser::ast::Value;
use sqlparser::ast::Visit;
use sqlparser::ast::Visitor;

use super::rewrite::bare;
use super::rewrite::into_bare;

/// Whether a query reads more than one relation, subqueries and those in `with` included: then the
/// relation in front of a column may be needed.
pub(super) fn names_several_relations(query: &Query) -> bool {
    struct Count(usize);
    impl Visitor for Count {
        type Break = ();
        fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
            let counts = !matches!(factor, TableFactor::NestedJoin { .. });
            self.0 += usize::from(counts);
            if self.0 > 1 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        }
    }
    query.visit(&mut Count(0)).is_break()
}

/// What the columns of a select are qualified with where it reads from one relation only.
pub(super) fn sole_relation(select: &Select) -> Option<Ident> {
    let [TableWithJoins { relation, joins }] = select.from.as_slice() else { return None };
    let name = match relation {
        TableFactor::Table { alias: Some(alias), .. }
        | TableFactor::Derived { alias: Some(alias), .. } => &alias.name,
        TableFactor::Table { name, .. } => match name.0.last() {
            Some(ObjectNamePart::Identifier(it)) => it,
            _ => return None,
        },
        _ => return None,
    };
    let mut name = name.clone();
    super::rewrite::fold(&mut name);
    joins.is_empty().then_some(name)
}

/// The columns of a union have the names of its first part.
pub(super) fn normalize_union(query: &mut Query) {
    if let SetExpr::SetOperation { left, right, .. } = &mut *query.body {
        let mut names = Vec::new();
        rename(left, &mut names);
        rename(right, &mut names);
    }
}

fn rename(part: &mut SetExpr, names: &mut Vec<Ident>) {
    match part {
        SetExpr::SetOperation { left, right, .. } => {
            rename(left, names);
            rename(right, names);
        }
        SetExpr::Query(query) => rename(&mut query.body, names),
        SetExpr::Select(select) => {
            for (at, item) in select.projection.iter_mut().enumerate() {
                if let SelectItem::ExprWithAlias { alias, .. } = item {
                    match names.get(at) {
                        Some(name) => *alias = name.clone(),
                        None => names.push(alias.clone()),
                    }
                }
            }
        }
        _ => {}
    }
}

/// Gives every column of the result the name that it has (`FigureColname` of
/// `src/backend/parser/parse_target.c`).
pub(super) fn name_columns(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item {
            let alias = column_name(expr).unwrap_or_else(|| Ident::with_quote('"', "?column?"));
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        }
    }
}

fn column_name(expr: &Expr) -> Option<Ident> {
    let word = |it: &str| Some(Ident::with_quote('"', it));
    match expr {
        Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => column_name(inner),
        Expr::Identifier(it) => Some(it.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().cloned(),
        Expr::Function(function) => match function.name.0.last() {
            Some(ObjectNamePart::Identifier(it)) => {
                let bare = it.quote_style.is_none();
                let name = if bare { it.value.to_lowercase() } else { it.value.clone() };
                Some(Ident::with_quote('"', name))
            }
            _ => None,
        },
        Expr::Cast { expr: inner, data_type, .. } => column_name(inner).or_else(|| {
            let spelled = super::type_name(&data_type.to_string()).ok()?;
            let internal = match spelled.split('(').next().unwrap_or_default().trim() {
                "integer" => "int4",
                "bigint" => "int8",
                "smallint" => "int2",
                "boolean" => "bool",
                "double precision" => "float8",
                "real" => "float4",
                "character varying" => "varchar",
                other => other,
            };
            word(internal.trim_start_matches("public."))
        }),
        Expr::Case { else_result, .. } => {
            else_result.as_ref().and_then(|it| column_name(it)).or_else(|| word("case"))
        }
        Expr::Array(_) => word("array"),
        Expr::Exists { .. } => word("exists"),
        Expr::Extract { .. } => word("extract"),
        Expr::AtTimeZone { .. } => word("timezone"),
        Expr::Substring { .. } => word("substring"),
        Expr::Position { .. } => word("position"),
        Expr::Overlay { .. } => word("overlay"),
        Expr::Ceil { .. } => word("ceil"),
        Expr::Floor { .. } => word("floor"),
        Expr::Trim { .. } => word("btrim"),
        Expr::Subquery(query) => match &*query.body {
            SetExpr::Select(select) => match select.projection.first() {
                Some(SelectItem::UnnamedExpr(it)) => column_name(it),
                Some(SelectItem::ExprWithAlias { alias, .. }) => Some(alias.clone()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Takes parentheses and words that say nothing out of a select whose parts are in normal form.
pub(super) fn normalize(select: &mut Select) {
    for item in &mut select.projection {
        if let SelectItem::ExprWithAlias { expr, .. } = item {
            *expr = into_bare(expr.clone());
        }
    }
    for from in &mut select.from {
        flatten(from);
        for join in &mut from.joins {
            normalize_join(&mut join.join_operator);
        }
    }
    for condition in [&mut select.selection, &mut select.having].into_iter().flatten() {
        *condition = into_bare(condition.clone());
    }
    let columns: Vec<Expr> = select.projection.iter().filter_map(expression_of).collect();
    if let GroupByExpr::Expressions(expressions, _) = &mut select.group_by {
        for it in expressions {
            *it = meant(it, &columns, &[]);
        }
    }
}

fn expression_of(item: &SelectItem) -> Option<Expr> {
    match item {
        SelectItem::ExprWithAlias { expr, .. } | SelectItem::UnnamedExpr(expr) => {
            Some(expr.clone())
        }
        _ => None,
    }
}

/// `((a join b) join c)` is `a join b join c`.
fn flatten(from: &mut TableWithJoins) {
    while let TableFactor::NestedJoin { table_with_joins, alias: None } = &from.relation {
        let mut inner = (**table_with_joins).clone();
        for join in &mut inner.joins {
            normalize_join(&mut join.join_operator);
        }
        inner.joins.append(&mut from.joins);
        *from = inner;
    }
}

fn normalize_join(operator: &mut JoinOperator) {
    let on = |constraint: &JoinConstraint| match constraint {
        JoinConstraint::On(it) => JoinConstraint::On(into_bare(it.clone())),
        other => other.clone(),
    };
    *operator = match &*operator {
        JoinOperator::Join(it) | JoinOperator::Inner(it) => JoinOperator::Join(on(it)),
        JoinOperator::Left(it) | JoinOperator::LeftOuter(it) => JoinOperator::Left(on(it)),
        JoinOperator::Right(it) | JoinOperator::RightOuter(it) => JoinOperator::Right(on(it)),
        JoinOperator::FullOuter(it) => JoinOperator::FullOuter(on(it)),
        other => other.clone(),
    };
}

/// `t as t` is `t`, and `t x` is `t as x`.
pub(super) fn normalize_factor(factor: &mut TableFactor) {
    match factor {
        TableFactor::Table { name, alias, .. } => {
            let same = |it: &Ident| name.0.last().is_some_and(|last| is_named(last, it));
            if alias.as_ref().is_some_and(|it| it.columns.is_empty() && same(&it.name)) {
                *alias = None;
            }
            if let Some(alias) = alias {
                alias.explicit = true;
            }
        }
        TableFactor::Derived { alias: Some(alias), .. } => alias.explicit = true,
        _ => {}
    }
}

fn is_named(part: &ObjectNamePart, name: &Ident) -> bool {
    matches!(part, ObjectNamePart::Identifier(it) if it.value == name.value)
}

/// `order by 1` and `order by alias` are written back as the expression that they mean.
pub(super) fn normalize_order(query: &mut Query) {
    let (columns, aliases) = match &*query.body {
        SetExpr::Select(select) => {
            let columns = select.projection.iter().filter_map(expression_of).collect();
            let aliases = select.projection.iter().map(|item| match item {
                SelectItem::ExprWithAlias { alias, .. } => Some(alias.clone()),
                _ => None,
            });
            (columns, aliases.collect())
        }
        _ => (Vec::new(), Vec::new()),
    };
    let Some(OrderBy { kind: OrderByKind::Expressions(orders), .. }) = &mut query.order_by else {
        return;
    };
    for order in orders {
        order.expr = meant(&order.expr, &columns, &aliases);
        if order.options.sort == Some(OrderBySort::Asc) {
            order.options.sort = None;
        }
        let descending = order.options.sort == Some(OrderBySort::Desc);
        if order.options.nulls_first == Some(descending) {
            order.options.nulls_first = None;
        }
    }
}

/// The column of the result that an ordinal or an alias means.
fn meant(expr: &Expr, columns: &[Expr], aliases: &[Option<Ident>]) -> Expr {
    let at = match bare(expr) {
        Expr::Value(it) => match &it.value {
            Value::Number(digits, _) => {
                digits.parse::<usize>().ok().and_then(|it| it.checked_sub(1))
            }
            _ => None,
        },
        Expr::Identifier(name) => {
            aliases.iter().position(|it| it.as_ref().is_some_and(|it| it.value == name.value))
        }
        _ => None,
    };
    let found = at.and_then(|at| columns.get(at));
    into_bare(found.unwrap_or(expr).clone())
}
