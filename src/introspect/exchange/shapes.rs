//! The columns of tables whose name alone does not say whose they are (`health_check`,
//! `schema_migrations`): presets tell them by their columns.
//!
//! They come with the relation's own row, since nothing else would be as cheap or as safe: no other
//! statement, nothing to put together, and no row that says less than all. Only relations of those few
//! names pay for it, with one look-up by an index of `pg_attribute` that every session has in memory.
//! `format_type` looks types up in the caches and locks nothing.

use tokio_postgres::SimpleQueryRow;

use super::rows::name_in_hex;
use super::rows::optional;
use super::rows::undecodable;
use super::rows::words_in_hex;
use crate::introspect::error::TalkError;
use crate::manifest::presets;
use crate::schema::Column;
use crate::schema::Identity;

/// The value of a relation's row (`c`): its columns as `name:type:identity` with commas between, in
/// hex; null where its name is not one of those, or it has none. `{names}` stands for them.
///
/// Names and types are not converted to UTF-8, as those of relations are: the ones that a shape asks
/// for are ASCII, which is the same in every encoding of a server, and all that matters of others is
/// that they are others. Each function that a query names costs a new session a look-up, so it uses
/// few that the message does not use already.
const COLUMNS: &str = "\
case when c.relname operator(pg_catalog.=) any ('{names}'::pg_catalog.name[]) then (
    select pg_catalog.string_agg(pg_catalog.concat(
      pg_catalog.encode(pg_catalog.namesend(a.attname), 'hex'), ':',
      pg_catalog.encode(pg_catalog.textsend(
        pg_catalog.format_type(a.atttypid, a.atttypmod)), 'hex'), ':',
      a.attidentity), ',')
    from pg_catalog.pg_attribute a
    where a.attrelid operator(pg_catalog.=) c.oid
      and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped) end";

/// [`COLUMNS`] for the names that presets ask for.
pub(super) fn columns() -> String {
    // Our own data: plain names, which a test holds.
    let names: Vec<_> = presets::shaped_names().map(ToString::to_string).collect();
    COLUMNS.replace("{names}", &format!("{{{}}}", names.join(",")))
}

/// Decodes that value. `None` where the relation has another name, or no column.
pub(super) fn take(row: &SimpleQueryRow, column: usize) -> Result<Option<Vec<Column>>, TalkError> {
    optional(row, column)?.map(decode).transpose()
}

fn decode(text: &str) -> Result<Vec<Column>, TalkError> {
    text.split(',').map(one).collect()
}

fn one(text: &str) -> Result<Column, TalkError> {
    let mut parts = text.split(':');
    let (Some(name), Some(type_name), Some(identity), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(undecodable("a column of the wrong shape"));
    };
    let identity = match identity {
        "" => None,
        "a" => Some(Identity::Always),
        "d" => Some(Identity::ByDefault),
        _ => return Err(undecodable("an identity column of an unknown kind")),
    };
    Ok(Column { identity, ..Column::new(name_in_hex(name)?, words_in_hex(type_name)?) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::introspect::exchange::sql::holds_the_rules;

    #[test]
    fn the_query_keeps_the_rules_and_its_names_are_plain() {
        let sql = columns();
        holds_the_rules(&sql);
        assert!(!sql.contains("{names}") && !sql.contains('\\'), "{sql}");
        let mut names = 0;
        for name in presets::shaped_names() {
            let text = name.to_string();
            assert!(text.bytes().all(|it| it.is_ascii_alphanumeric() || it == b'_'), "{text}");
            assert!(sql.contains(&text), "{text}");
            names += 1;
        }
        // Each relation of each audit is held against them.
        assert!((1..=10).contains(&names), "{names}");
    }

    #[test]
    fn columns_are_decoded_or_refused() {
        let columns = decode("6964:696e7465676572:d,61742c:64617465:").expect("columns");
        let identity = Some(Identity::ByDefault);
        let want =
            [Column { identity, ..Column::new("id", "integer") }, Column::new("at,", "date")];
        assert_eq!(columns, want);
        for text in
            ["", "6964", "6964:64617465", "6964:64617465::", "6g:64617465:", "6964:64617465:x"]
        {
            assert!(decode(text).is_err(), "{text}");
        }
    }
}
