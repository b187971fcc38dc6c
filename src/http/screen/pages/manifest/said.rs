//! What a manifest says, as HTML: names and SQL as code, tables as links to where they are told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use maud::Markup;
use maud::html;

use crate::architecture::Piece;
use crate::architecture::Said;
use crate::http::screen::pages::list;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::schema::Name;
use crate::schema::RelationName;

/// Tables that are named in one line.
const NEIGHBOURS_MAX: usize = 50;

/// Where a link may lead from this page.
#[derive(Clone, Debug, Default)]
pub(super) struct Links<'a> {
    /// The way back to the first page.
    pub(super) root: &'a str,
    /// The id of each table that is on the page.
    pub(super) anchors: BTreeMap<&'a RelationName, String>,
}

impl Links<'_> {
    pub(super) fn said(&self, it: &Said) -> Markup {
        html! {
            @for it in it.pieces() {
                @match it {
                    Piece::Words(words) => (words),
                    Piece::Code(text) => code { bdi { (text) } },
                    Piece::Table(name) => (self.table(name)),
                    Piece::Database(name) => (pieces::database(self.root, name)),
                }
            }
        }
    }

    /// A table: a link where it is on this page, and its name alone where it is not.
    pub(super) fn table(&self, name: &RelationName) -> Markup {
        let shown = html! { code { bdi { (name.visible()) } } };
        match self.anchors.get(name) {
            Some(id) => html! { a href={ "#" (id) } { (shown) } },
            None => shown,
        }
    }

    /// Several of them.
    pub(super) fn tables(&self, names: &[&RelationName]) -> Markup {
        let (shown, more) = list::cut(names, NEIGHBOURS_MAX);
        html! {
            @for (index, it) in shown.iter().enumerate() {
                @if index > 0 { ", " }
                (self.table(it))
            }
            @if more > 0 { " and " (words::number(more)) " more" }
        }
    }
}

/// The id of a relation in the section `of`: the same for as long as it is called the same, of characters
/// that mean nothing in an address, and different for every name.
pub(super) fn anchor(of: &str, name: &RelationName) -> String {
    let mut id = format!("{of}.");
    if !name.schema.is_public() {
        escape(&mut id, &name.schema);
        id.push('.');
    }
    escape(&mut id, &name.name);
    id
}

fn escape(id: &mut String, name: &Name) {
    for it in name.visible().bytes() {
        if it.is_ascii_alphanumeric() || matches!(it, b'_' | b'-') {
            id.push(char::from(it));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(id, "~{it:02x}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anchor_is_plain_and_one_of_its_kind() {
        for (schema, name, want) in [
            ("public", "created_at-1", "tables.created_at-1"),
            ("billing", "Plan", "tables.billing.Plan"),
            ("public", "billing.Plan", "tables.billing~2ePlan"),
            ("a.b", "c", "tables.a~2eb.c"),
            ("a", "b.c", "tables.a.b~2ec"),
            ("public", "\"><b>", "tables.~22~3e~3cb~3e"),
            ("public", "a:b%~", "tables.a~3ab~25~7e"),
            ("public", "ü", "tables.~c3~bc"),
        ] {
            assert_eq!(anchor("tables", &RelationName::new(schema, name)), want);
        }
    }
}
