//! The observer's state, and what it has noted: messages of their own, after everything else, and only where
//! somebody declared an observer or a difference wants an explanation.
//!
//! **A ledger is read only when it is ours.** Whoever may create a schema can put a table under that name, and
//! what reads it runs its code: a policy, a cast from a type of its own. So its columns are looked at first (in
//! the catalogs, where nothing runs), and row-level security is off for the message, which makes the server
//! refuse rather than apply a policy.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use jiff::Timestamp;
use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::SimpleQueryRow;

use super::rows::decode_hex;
use super::rows::decode_visible;
use super::rows::flag;
use super::rows::listed;
use super::rows::name;
use super::rows::optional;
use super::rows::text;
use super::rows::undecodable;
use super::sql;
use super::waiting::ended_with;
use super::waiting::reason;
use crate::introspect::connect::Deadline;
use crate::introspect::error::IntrospectError;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::Act;
use crate::schema::OBSERVER_TRIGGERS;
use crate::schema::Observer;
use crate::schema::Origins;
use crate::schema::RelationName;
use crate::schema::visible;

/// Rows of the ledger that one audit reads.
const ACTS_MAX: usize = 1000;

/// Names that are asked about in one audit. What is beyond goes without an explanation.
const NAMES_MAX: usize = 200;

/// Columns of the ledger as it is installed, and the OIDs of their types, which are fixed
/// (`src/include/catalog/pg_type.dat`): bigint, timestamptz, xid8, name, text, inet, integer.
const COLUMNS: &str = "id 20,at 1184,xid 5069,role 19,application 25,address 869,tag 25,\
    object_type 25,schema_name 25,object_name 25,identity 25,more 23,query 25";

/// What is there of the observer: one row.
fn state_query() -> String {
    let columns: Vec<String> = COLUMNS.split(',').map(|it| format!("\"{it}\"")).collect();
    format!(
        "select
  coalesce((select pg_catalog.count(*) operator(pg_catalog.=) {count}
    from pg_catalog.pg_class c join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
    where c.oid operator(pg_catalog.=) own.ledger and not c.relrowsecurity and not a.attisdropped
      and not exists (select from pg_catalog.pg_trigger t
        where t.tgrelid operator(pg_catalog.=) c.oid and not t.tgisinternal)
      and not exists (select from pg_catalog.aclexplode(c.relacl) x
        where x.privilege_type operator(pg_catalog.<>) 'SELECT' and x.grantee operator(pg_catalog.<>) c.relowner)
      and pg_catalog.concat(a.attname, ' ', a.atttypid) operator(pg_catalog.=)
        any ('{{{columns}}}'::pg_catalog.text[])), false),
  coalesce(pg_catalog.has_schema_privilege(own.schema, 'USAGE')
    and pg_catalog.has_table_privilege(own.ledger, 'SELECT'), false),
  (select pg_catalog.string_agg(pg_catalog.concat(t.evtname, ' ', t.evtenabled), ',')
    from pg_catalog.pg_event_trigger t
    join pg_catalog.pg_proc p on p.oid operator(pg_catalog.=) t.evtfoid
    where p.pronamespace operator(pg_catalog.=) own.schema
      and t.evtname operator(pg_catalog.=) any ('{{{triggers}}}'::pg_catalog.name[])),
  coalesce(pg_catalog.current_setting('event_triggers', true), 'on') operator(pg_catalog.=) 'off',
  pg_catalog.current_setting('max_prepared_transactions') operator(pg_catalog.<>) '0'
from (select (select n.oid from pg_catalog.pg_namespace n
      where n.nspname operator(pg_catalog.=) 'schemawarden'::pg_catalog.name) as schema,
    (select c.oid from pg_catalog.pg_class c
      join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
      where n.nspname operator(pg_catalog.=) 'schemawarden'::pg_catalog.name
        and c.relname operator(pg_catalog.=) 'ledger'::pg_catalog.name
        and c.relkind operator(pg_catalog.=) 'r'::pg_catalog.\"char\") as ledger) own",
        count = columns.len(),
        columns = columns.join(","),
        triggers = OBSERVER_TRIGGERS.join(","),
    )
}

/// A text of the ledger as bytes in hex, names as the relations' are spelt.
fn hex_of(column: &str, bytes: usize) -> String {
    format!(
        "pg_catalog.encode(pg_catalog.substr(case when names.raw then pg_catalog.textsend(l.{column})
    else pg_catalog.convert_to(l.{column}, 'UTF8') end, 1, {bytes}), 'hex')"
    )
}

/// What is said of objects with these names, in any schema, and of schemas; newest first. Without names: of
/// everything that was dropped.
fn ledger_query(names: &str, drops: bool) -> String {
    let [application, tag, schema, object] =
        [("application", 128), ("tag", 128), ("schema_name", 64), ("object_name", 64)]
            .map(|(column, bytes)| hex_of(column, bytes));
    let query = hex_of("query", 4000);
    let drops = if drops { "or pg_catalog.starts_with(l.tag, 'DROP')" } else { "" };
    format!(
        "select pg_catalog.trunc((pg_catalog.date_part('epoch', l.at) operator(pg_catalog.*) 1000)::pg_catalog.numeric),
  pg_catalog.encode(pg_catalog.namesend(l.role), 'hex'),
  {application},
  pg_catalog.host(l.address),
  {tag},
  {schema},
  {object},
  {query},
  l.object_type operator(pg_catalog.=) any
    ('{{table,view,\"materialized view\",\"foreign table\"}}'::pg_catalog.text[])
from schemawarden.ledger l
cross join (select pg_catalog.current_setting('server_encoding') operator(pg_catalog.=) any
  ('{{UTF8,SQL_ASCII}}'::pg_catalog.text[]) as raw offset 0) names
left join pg_catalog.unnest('{{{names}}}'::pg_catalog.text[]) u(name)
  on u.name operator(pg_catalog.=) {object}
where u.name is not null or l.object_type operator(pg_catalog.=) 'schema' {drops}
order by l.id desc limit {ACTS_MAX}"
    )
}

/// When the transactions committed that made these relations: the row of `ctid` in `pg_attribute` is written
/// with its relation and never again. (That of `pg_class` is new with each trigger and each grant.)
fn committed_query(names: &str) -> String {
    format!(
        "select pg_catalog.encode(pg_catalog.namesend(n.nspname), 'hex'),
  pg_catalog.encode(pg_catalog.namesend(c.relname), 'hex'),
  pg_catalog.trunc((pg_catalog.date_part('epoch', pg_catalog.pg_xact_commit_timestamp(a.xmin))
    operator(pg_catalog.*) 1000)::pg_catalog.numeric)
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid operator(pg_catalog.=) c.oid
  and a.attname operator(pg_catalog.=) 'ctid'::pg_catalog.name
join pg_catalog.unnest('{{{names}}}'::pg_catalog.text[]) u(name)
  on u.name operator(pg_catalog.=) pg_catalog.encode(pg_catalog.namesend(c.relname), 'hex')
where pg_catalog.current_setting('track_commit_timestamp') operator(pg_catalog.=) 'on'"
    )
}

/// What is there of the observer, or why that is not known.
pub(in crate::introspect) async fn state(
    session: &mut Session,
    deadline: Deadline,
) -> Result<Observer, String> {
    one(session, deadline, &state_query(), observer).await
}

/// Asks a question whose answer is one row; or why that is not known.
pub(super) async fn one<T>(
    session: &mut Session,
    deadline: Deadline,
    query: &str,
    decode: impl Fn(&SimpleQueryRow) -> Result<T, TalkError>,
) -> Result<T, String> {
    let sql = format!("{}{query};\ncommit", sql::begin(deadline.remaining()));
    let mut found = None;
    let asked = rows(session, &sql, deadline, |row| {
        found = Some(decode(row)?);
        Ok(())
    });
    asked.await?;
    found.ok_or_else(|| "a row is missing".to_owned())
}

fn observer(row: &SimpleQueryRow) -> Result<Observer, TalkError> {
    Ok(Observer {
        ledger: flag(row, 0)?,
        readable: flag(row, 1)?,
        triggers: triggers(row, 2)?,
        silenced: flag(row, 3)?,
        mute: flag(row, 4)?,
    })
}

/// Event triggers with their `evtenabled`, listed with commas between.
pub(super) fn triggers(
    row: &SimpleQueryRow,
    column: usize,
) -> Result<BTreeMap<String, char>, TalkError> {
    let one = |it: &str| {
        let (name, letter) = it.split_once(' ').ok_or_else(|| undecodable("an event trigger"))?;
        Ok((name.to_owned(), letter.chars().next().ok_or_else(|| undecodable("no letter"))?))
    };
    listed(optional(row, column)?).map(one).collect()
}

/// Where differences about `names` may come from; and, where `drops`, what was dropped of late.
/// `has_ledger`: the relations hold a table of that name.
pub(in crate::introspect) async fn origins(
    session: &mut Session,
    deadline: Deadline,
    names: &BTreeSet<RelationName>,
    drops: bool,
    has_ledger: bool,
) -> Origins {
    let mut origins = Origins::default();
    let hex = hex_of_names(names);
    if !names.is_empty() {
        let sql = sql::message_of_part(deadline.remaining(), &committed_query(&hex));
        let committed = &mut origins.committed;
        let asked = rows(session, &sql, deadline, |row| {
            if let Some(at) = optional(row, 2)? {
                committed.insert(
                    RelationName { schema: name(row, 0)?, name: name(row, 1)? },
                    instant(at)?,
                );
            }
            Ok(())
        });
        // It is a help, no evidence: without it nothing else changes.
        let _ = asked.await;
    }
    if has_ledger {
        origins.acts = Some(acts(session, deadline, &hex, drops).await);
    }
    origins
}

async fn acts(
    session: &mut Session,
    deadline: Deadline,
    names: &str,
    drops: bool,
) -> Result<Vec<Act>, String> {
    let state = state(session, deadline).await?;
    if !state.ledger {
        return Err("the table is not as the observer makes it".to_owned());
    }
    if !state.readable {
        return Err(
            "this role may not read it; `schemawarden sql observer` prints the GRANT".to_owned()
        );
    }
    let sql = sql::message_of_ledger(deadline.remaining(), &ledger_query(names, drops));
    let mut acts = Vec::new();
    rows(session, &sql, deadline, |row| {
        acts.push(act(row)?);
        Ok(())
    })
    .await?;
    Ok(acts)
}

fn act(row: &SimpleQueryRow) -> Result<Act, TalkError> {
    let seen = |column| {
        let hex = optional(row, column)?;
        hex.map(|it| decode_hex(it).map(|bytes| visible(&bytes))).transpose()
    };
    let is_relation = optional(row, 8)? == Some("t");
    let named = is_relation && optional(row, 5)?.is_some() && optional(row, 6)?.is_some();
    let object = named.then(|| Ok(RelationName { schema: name(row, 5)?, name: name(row, 6)? }));
    Ok(Act {
        at: instant(text(row, 0)?)?,
        role: decode_visible(row, 1)?,
        application: seen(2)?.filter(|it| !it.is_empty()),
        address: optional(row, 3)?.map(|it| visible(it.as_bytes())),
        tag: decode_visible(row, 4)?,
        object: object.transpose()?,
        query: seen(7)?,
    })
}

/// From milliseconds.
fn instant(text: &str) -> Result<Timestamp, TalkError> {
    let wrong = || undecodable("a time that is none");
    let milliseconds: i64 = text.parse().map_err(|_| wrong())?;
    Timestamp::from_millisecond(milliseconds).map_err(|_| wrong())
}

fn hex_of_names(names: &BTreeSet<RelationName>) -> String {
    let distinct: BTreeSet<&[u8]> =
        names.iter().take(NAMES_MAX).map(|it| it.name.as_bytes()).collect();
    let mut hex = String::new();
    for name in distinct {
        if !hex.is_empty() {
            hex.push(',');
        }
        hex.extend(name.iter().map(|it| format!("{it:02x}")));
    }
    hex
}

/// Sends a message and gives each row of its answer to `each`; ends the transaction where that failed.
async fn rows(
    session: &mut Session,
    sql: &str,
    deadline: Deadline,
    mut each: impl FnMut(&SimpleQueryRow) -> Result<(), TalkError>,
) -> Result<(), String> {
    let asked: Result<(), IntrospectError> = session
        .ask(sql, deadline, |part| match part {
            SimpleQueryMessage::Row(row) => each(&row),
            _ => Ok(()),
        })
        .await;
    match asked {
        Ok(()) => Ok(()),
        Err(error) => {
            let reason = reason(&error);
            let _over = ended_with(session, deadline, reason.clone()).await;
            Err(reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::introspect::exchange::sql::holds_the_rules;

    #[test]
    fn every_operator_cast_and_call_names_its_schema() {
        holds_the_rules(&state_query());
        holds_the_rules(&committed_query("61"));
        holds_the_rules(&ledger_query("61", true));
    }

    #[test]
    fn names_go_over_in_hex_each_once() {
        let names = [("a", "b'\\"), ("c", "b'\\"), ("a", "x")];
        let names = names.map(|(schema, name)| RelationName::new(schema, name)).into();
        assert_eq!(hex_of_names(&names), "62275c,78");
    }
}
