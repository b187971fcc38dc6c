//! Telling a table by its columns, where its name alone would hide somebody else's.
//!
//! The columns are those that the audit reads of the few tables with such a name
//! ([`Definitions::shapes`](crate::schema::Definitions::shapes)). Where they were not read, no shape
//! fits: what is not proven is not left out.

use std::fmt;

use super::entry::Shaped;
use crate::schema::Column;

/// The word behind a type that says that the column makes its own values.
const IDENTITY: &str = " identity";

/// What the columns of a table have to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shape {
    columns: Vec<Wanted>,
    /// Whether there may be no other column.
    exact: bool,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wanted {
    name: String,
    /// `None`: any. The type's own spelling otherwise, with whether it is an identity column.
    type_name: Option<(String, bool)>,
}

impl Shape {
    /// The shape of an entry, which lists columns in one of two ways.
    pub(super) fn new(entry: &Shaped) -> Result<Self, String> {
        let (list, exact) = match (entry.columns.as_slice(), entry.at_least.as_slice()) {
            ([], []) => return Err(format!("{}: no columns", entry.relation)),
            (columns, []) => (columns, true),
            ([], at_least) => (at_least, false),
            _ => return Err(format!("{}: `columns` and `at_least`", entry.relation)),
        };
        Ok(Self { columns: list.iter().map(|it| Wanted::new(it)).collect(), exact })
    }

    /// Whether `columns`, in whatever order, are of this shape.
    #[must_use]
    pub fn fits(&self, columns: &[Column]) -> bool {
        let there = |it: &Wanted| columns.iter().any(|column| it.fits(column));
        (!self.exact || columns.len() == self.columns.len()) && self.columns.iter().all(there)
    }
}

impl Wanted {
    fn new(text: &str) -> Self {
        let Some((name, type_name)) = text.split_once(' ') else {
            return Self { name: text.to_owned(), type_name: None };
        };
        let (type_name, identity) = match type_name.strip_suffix(IDENTITY) {
            Some(type_name) => (type_name, true),
            None => (type_name, false),
        };
        Self { name: name.to_owned(), type_name: Some((type_name.to_owned(), identity)) }
    }

    fn fits(&self, column: &Column) -> bool {
        column.name.as_bytes() == self.name.as_bytes()
            && self.type_name.as_ref().is_none_or(|(type_name, identity)| {
                column.type_name == *type_name && column.identity.is_some() == *identity
            })
    }
}

/// `columns exactly id integer identity, updated_at timestamp with time zone`
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns: Vec<_> = self
            .columns
            .iter()
            .map(|it| match &it.type_name {
                None => it.name.clone(),
                Some((type_name, identity)) => {
                    format!("{} {type_name}{}", it.name, if *identity { IDENTITY } else { "" })
                }
            })
            .collect();
        let how = if self.exact { "exactly" } else { "at least" };
        write!(f, "columns {how} {}", columns.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::Identity;

    /// `id integer identity, name text` as a table has it.
    fn columns(text: &str) -> Vec<Column> {
        let one = |text: &str| {
            let (name, type_name) = text.split_once(' ').expect("`name type`");
            let (type_name, identity) = match type_name.strip_suffix(IDENTITY) {
                Some(it) => (it, Some(Identity::ByDefault)),
                None => (type_name, None),
            };
            Column { identity, ..Column::new(name, type_name) }
        };
        text.split(", ").filter(|it| !it.is_empty()).map(one).collect()
    }

    fn shape(exact: bool, list: &str) -> Shape {
        let list: Vec<_> = list.split(", ").map(str::to_owned).collect();
        let (columns, at_least) = if exact { (list, Vec::new()) } else { (Vec::new(), list) };
        Shape::new(&Shaped { relation: "t".to_owned(), columns, at_least, owned: false }).unwrap()
    }

    #[test]
    fn a_shape_fits_its_columns_and_no_others() {
        let typed = "id integer identity, at date";
        #[rustfmt::skip]
        let cases = [
            // exact  shape       columns                                     fits
            (true,  typed,        "id integer identity, at date",             true),
            (true,  typed,        "at date, id integer identity",             true),
            (true,  typed,        "id integer, at date",                      false),
            (true,  typed,        "id bigint identity, at date",              false),
            (true,  typed,        "id integer identity, at date, more text",  false),
            (true,  typed,        "id integer identity",                      false),
            (true,  typed,        "",                                         false),
            (true,  "id integer", "id integer",                               true),
            (true,  "id integer", "id integer identity",                      false),
            (true,  "version",    "version bigint",                           true),
            (true,  "version",    "version bigint, dirty boolean",            false),
            (true,  "version",    "Version bigint",                           false),
            (false, "a, b",       "b text, c text, a text",                   true),
            (false, "a, b",       "a text, c text",                           false),
        ];
        for (exact, wanted, there, fits) in cases {
            let shape = shape(exact, wanted);
            assert_eq!(shape.fits(&columns(there)), fits, "{shape} against {there}");
        }
    }

    #[test]
    fn a_shape_says_what_it_is() {
        let typed = "id integer identity, at timestamp with time zone";
        assert_eq!(shape(true, typed).to_string(), format!("columns exactly {typed}"));
        assert_eq!(shape(false, "a, b").to_string(), "columns at least a, b");
    }

    #[test]
    fn an_entry_lists_columns_in_one_way() {
        let list = || vec!["id".to_owned()];
        for (columns, at_least) in [(list(), list()), (Vec::new(), Vec::new())] {
            let entry = Shaped { relation: "t".to_owned(), columns, at_least, owned: false };
            assert!(Shape::new(&entry).is_err(), "{entry:?}");
        }
    }
}
