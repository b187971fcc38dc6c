//! Questions that are about no part, and spare those that are some work: the names behind OIDs that
//! indexes use, and what the database has none of.
//!
//! An answer that does not come spoils nothing by itself. A name that is needed and was not told makes
//! the part unread that needs it, and what is not known to be absent is asked for.

use tokio_postgres::SimpleQueryRow;

use super::known::Absent;
use super::known::Known;
use super::known::Named;
use super::known::parsed;
use super::sql::OWN_SCHEMAS;
use super::sql::Server;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;

/// Access methods, operator classes, and the collations of columns, those of indexes too.
pub(super) fn names(server: Server) -> String {
    format!(
        "select 'm', am.oid, {method} from pg_catalog.pg_am am
union all
select 'o', oc.oid, case when oc.opcdefault then null else {class} end from pg_catalog.pg_opclass oc
union all
select 'c', co.oid, {collation}
from pg_catalog.pg_collation co
join pg_catalog.pg_namespace cn on cn.oid operator(pg_catalog.=) co.collnamespace
where co.oid operator(pg_catalog.=) any (
  select a.attcollation from pg_catalog.pg_attribute a
  where a.attcollation operator(pg_catalog.<>) 0::pg_catalog.oid)",
        method = server.name("am.amname"),
        class = server.name("oc.opcname"),
        collation = server.collation(),
    )
}

pub(super) fn take_name(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    let what = match text(row, 0)? {
        "m" => Named::AccessMethod,
        "o" => Named::OperatorClass,
        "c" => Named::Collation,
        _ => return Err(undecodable("a name of an unknown kind")),
    };
    known.add_name(what, parsed(text(row, 1)?)?, optional_words(row, 2)?);
    Ok(())
}

/// One row: whether there is any trigger, policy, function that somebody made. Those of extensions
/// count: the question that follows leaves them out.
pub(super) fn present(_: Server) -> String {
    format!(
        "select exists (select from pg_catalog.pg_trigger t where not t.tgisinternal),
  exists (select from pg_catalog.pg_policy)
    or exists (select from pg_catalog.pg_class c where c.relrowsecurity or c.relforcerowsecurity),
  exists (select from pg_catalog.pg_proc p
    where not (p.pronamespace operator(pg_catalog.=) any ({OWN_SCHEMAS})))"
    )
}

pub(super) fn take_present(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    known.absent =
        Absent { triggers: !flag(row, 0)?, policies: !flag(row, 1)?, functions: !flag(row, 2)? };
    Ok(())
}
