//! What a database holds beside relations: sequences, enums, functions, extensions, schemas and event
//! triggers. Everything that belongs to an extension is left out.

use tokio_postgres::SimpleQueryRow;

use super::known::Known;
use super::rules::letter;
use super::sql;
use super::sql::Catalogued;
use super::sql::Server;
use super::sql::USERS;
use super::sql::Version;
use super::told::Told;
use crate::introspect::error::TalkError;
use crate::introspect::exchange::rows::flag;
use crate::introspect::exchange::rows::listed;
use crate::introspect::exchange::rows::name;
use crate::introspect::exchange::rows::optional_words;
use crate::introspect::exchange::rows::text;
use crate::introspect::exchange::rows::undecodable;
use crate::introspect::exchange::rows::words;
use crate::introspect::exchange::rows::words_in_hex;
use crate::schema::EventTrigger;
use crate::schema::Extension;
use crate::schema::Function;
use crate::schema::RelationName;
use crate::schema::Sequence;
use crate::schema::Signature;

/// Those of serial and identity columns (`pg_depend.deptype` `a` and `i`) are their column's.
pub(super) fn sequences(server: Server) -> String {
    format!(
        "select {}, {}, {},
  s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle
from pg_catalog.pg_sequence s
join pg_catalog.pg_class c on c.oid operator(pg_catalog.=) s.seqrelid
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
where c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and {USERS}
  and {}
  and not exists (select from pg_catalog.pg_depend d
    where d.classid operator(pg_catalog.=) 1259::pg_catalog.oid
      and d.objid operator(pg_catalog.=) c.oid
      and d.refclassid operator(pg_catalog.=) 1259::pg_catalog.oid
      and d.refobjsubid operator(pg_catalog.>) 0
      and d.deptype operator(pg_catalog.=) any ('{{a,i}}'::pg_catalog.\"char\"[]))",
        server.name("n.nspname"),
        server.name("c.relname"),
        server.words("pg_catalog.format_type(s.seqtypid, null)"),
        sql::of_no_extension(Catalogued::Relation, "c.oid"),
    )
}

pub(super) fn take_sequence(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    let number = |column| -> Result<i64, TalkError> {
        text(row, column)?.parse().map_err(|_| undecodable("a sequence without numbers"))
    };
    let sequence = Sequence {
        type_name: words(row, 2)?,
        start: number(3)?,
        increment: number(4)?,
        min: number(5)?,
        max: number(6)?,
        cache: number(7)?,
        cycle: flag(row, 8)?,
    };
    known.definitions.sequences.insert(qualified(row, 0)?, sequence);
    Ok(())
}

/// A row for each label, or one for an enum without any.
pub(super) fn enums(server: Server) -> String {
    format!(
        "select {}, {}, {}
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) t.typnamespace
left join pg_catalog.pg_enum e on e.enumtypid operator(pg_catalog.=) t.oid
where t.typtype operator(pg_catalog.=) 'e'::pg_catalog.\"char\"
  and {USERS}
  and {}
order by e.enumsortorder",
        server.name("n.nspname"),
        server.name("t.typname"),
        server.name("e.enumlabel"),
        sql::of_no_extension(Catalogued::Type, "t.oid"),
    )
}

pub(super) fn take_enum(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    let labels = known.definitions.enums.entry(qualified(row, 0)?).or_default();
    labels.extend(optional_words(row, 2)?);
    Ok(())
}

/// A body that PostgreSQL has parsed (`prosqlbody`, from 14 on) is spelt by a function that waits for
/// locks on the tables in it; such a function has no `prosrc`. The constructors of a range type
/// (`pg_depend.deptype` `i`) are the type's: nobody made them, and 14 makes more of them than 13.
pub(super) fn functions(server: Server) -> String {
    let body = if server.version >= Version(14) {
        "case when p.prosqlbody is null then p.prosrc
      else coalesce(pg_catalog.pg_get_function_sqlbody(p.oid), '') end"
    } else {
        "p.prosrc"
    };
    format!(
        "select {}, {},
  {},
  p.prokind,
  {},
  {},
  pg_catalog.left(pg_catalog.encode(pg_catalog.sha256({}), 'hex'), 16),
  p.prosecdef
from pg_catalog.pg_proc p
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
left join pg_catalog.pg_language l on l.oid operator(pg_catalog.=) p.prolang
where {USERS}
  and {}
  and not exists (select from pg_catalog.pg_depend d
    where d.classid operator(pg_catalog.=) 1255::pg_catalog.oid
      and d.objid operator(pg_catalog.=) p.oid
      and d.refclassid operator(pg_catalog.=) 1247::pg_catalog.oid
      and d.deptype operator(pg_catalog.=) 'i'::pg_catalog.\"char\")",
        server.name("n.nspname"),
        server.name("p.proname"),
        server.words(
            "(select coalesce(pg_catalog.string_agg(
      pg_catalog.format_type(u.type, null), ', ' order by u.at), '')
    from pg_catalog.unnest(p.proargtypes) with ordinality u(type, at))"
        ),
        server.words("pg_catalog.pg_get_function_result(p.oid)"),
        server.name("l.lanname"),
        server.bytes(body),
        sql::of_no_extension(Catalogued::Function, "p.oid"),
    )
}

pub(super) fn take_function(
    row: &SimpleQueryRow,
    known: &mut Known,
    told: &mut Told,
) -> Result<(), TalkError> {
    let kind = match text(row, 3)? {
        "f" => "function",
        "p" => "procedure",
        "a" => "aggregate",
        "w" => "window",
        _ => return Err(undecodable("a function of an unknown kind")),
    };
    // NULL: a procedure, which returns nothing; or a function that is gone.
    let returns = match optional_words(row, 4)? {
        Some(returns) => returns,
        None if kind == "procedure" => String::new(),
        None => told.present(String::new()),
    };
    let function = Function {
        kind: kind.to_owned(),
        returns,
        language: words(row, 5)?,
        body: text(row, 6)?.to_owned(),
        security_definer: flag(row, 7)?,
    };
    let signature = Signature { name: qualified(row, 0)?, arguments: words(row, 2)? };
    known.definitions.functions.insert(signature, function);
    Ok(())
}

pub(super) fn extensions(server: Server) -> String {
    format!(
        "select {}, {}, {}
from pg_catalog.pg_extension e
left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) e.extnamespace",
        server.name("e.extname"),
        server.name("n.nspname"),
        server.words("e.extversion"),
    )
}

pub(super) fn take_extension(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    let extension = Extension { schema: Some(name(row, 1)?), version: Some(words(row, 2)?) };
    known.definitions.extensions.insert(name(row, 0)?, extension);
    Ok(())
}

pub(super) fn schemas(server: Server) -> String {
    format!(
        "select {}
from pg_catalog.pg_namespace n
where {USERS}
  and {}",
        server.name("n.nspname"),
        sql::of_no_extension(Catalogued::Schema, "n.oid"),
    )
}

pub(super) fn take_schema(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    known.definitions.schemas.insert(name(row, 0)?);
    Ok(())
}

pub(super) fn event_triggers(server: Server) -> String {
    format!(
        "select {},
  {},
  {}, {},
  e.evtenabled,
  (select pg_catalog.string_agg({}, ',') from pg_catalog.unnest(e.evttags) u(tag))
from pg_catalog.pg_event_trigger e
left join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) e.evtfoid
left join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) p.pronamespace
where {}",
        server.name("e.evtname"),
        server.name("e.evtevent"),
        server.name("n.nspname"),
        server.name("p.proname"),
        server.words("u.tag"),
        sql::of_no_extension(Catalogued::EventTrigger, "e.oid"),
    )
}

pub(super) fn take_event_trigger(
    row: &SimpleQueryRow,
    known: &mut Known,
    _: &mut Told,
) -> Result<(), TalkError> {
    let tags = row.try_get(5).map_err(|_| undecodable("a row of the wrong shape"))?;
    let trigger = EventTrigger {
        event: words(row, 1)?,
        function: qualified(row, 2)?,
        enabled: letter(text(row, 4)?)?,
        tags: listed(tags).map(words_in_hex).collect::<Result<_, _>>()?,
    };
    known.definitions.event_triggers.insert(name(row, 0)?, trigger);
    Ok(())
}

/// A name of two columns: schema, then name.
fn qualified(row: &SimpleQueryRow, column: usize) -> Result<RelationName, TalkError> {
    Ok(RelationName { schema: name(row, column)?, name: name(row, column + 1)? })
}
