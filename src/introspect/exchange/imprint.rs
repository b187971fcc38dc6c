//! What storage says of the tables that were read: a message of its own after the audit's, and only for
//! who keeps a memory to compare it with.
//!
//! Everything here is a row of a catalog, or a function over one that waits for nobody. The statistics
//! and `pg_control_system()` may be revoked: without them the rest is still told, so that a reset is
//! seen by its OIDs. Relations were told by the first message, so rows carry OIDs and no names.

use std::collections::BTreeMap;
use std::collections::HashMap;

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::SimpleQueryRow;

use super::parts::Oid;
use super::parts::Server;
use super::parts::parsed;
use super::rows;
use super::sql;
use super::waiting;
use super::waiting::ended_with;
use crate::config::Limits;
use crate::introspect::connect::Deadline;
use crate::introspect::error::IntrospectError;
use crate::introspect::error::TalkError;
use crate::introspect::session::Session;
use crate::schema::Counters;
use crate::schema::DatabaseIdentity;
use crate::schema::Imprint;
use crate::schema::Name;
use crate::schema::RelationName;
use crate::schema::StartedAt;
use crate::schema::Statistics;
use crate::schema::Stored;

/// The OID of the database, and what tells whether its statistics were lost.
const DATABASE: &str = "\
select d.oid{statistics} from pg_catalog.pg_database d
where d.datname operator(pg_catalog.=) pg_catalog.current_database()";

/// What [`Statistics`] holds.
const STATISTICS: &str = ", pg_catalog.pg_stat_get_db_stat_reset_time(d.oid)::pg_catalog.text,
  pg_catalog.pg_stat_get_db_xact_commit(d.oid)";

/// The OIDs of the schemas.
const SCHEMAS: &str = "\
select n.oid, {name}
from pg_catalog.pg_namespace n
where not pg_catalog.starts_with(n.nspname::pg_catalog.text, 'pg_')
  and n.nspname operator(pg_catalog.<>) 'information_schema'::pg_catalog.name
limit 100000";

/// A row for each table that is not partitioned; partitions for their OIDs' sake. OID 11 is `pg_catalog`
/// (`src/include/catalog/pg_namespace.dat`).
const TABLES: &str = "\
select c.oid, c.relfilenode, c.reltuples, c.relpages{counters}
from pg_catalog.pg_class c
where c.relkind operator(pg_catalog.=) 'r'::pg_catalog.\"char\"
  and c.relpersistence operator(pg_catalog.<>) 't'::pg_catalog.\"char\"
  and c.relnamespace operator(pg_catalog.<>) 11::pg_catalog.oid";

/// A row for each partitioned table, with the sums over its partitions: of their files too, since a
/// `truncate` gives each a new one. NaN rows on no page where one of them is silent: as of a table that
/// was never analysed.
const PARTITIONED: &str = "\
select c.oid, whole.file, whole.tuples, whole.pages{counters}
from pg_catalog.pg_class c
cross join lateral (
  with recursive part(oid) as (
    select i.inhrelid from pg_catalog.pg_inherits i where i.inhparent operator(pg_catalog.=) c.oid
    union all
    select i.inhrelid from part p join pg_catalog.pg_inherits i
      on i.inhparent operator(pg_catalog.=) p.oid)
  select coalesce(pg_catalog.sum(t.relfilenode::pg_catalog.int8), 0) as file,
    case when pg_catalog.bool_or({silent}) then 0 else 1 end as pages,
    coalesce(case when pg_catalog.bool_or({silent}) then 'NaN'::pg_catalog.float8
      else pg_catalog.sum(greatest(t.reltuples::pg_catalog.float8, {live},
        0::pg_catalog.float8)) end, 0::pg_catalog.float8) as tuples{sums}
  from part p join pg_catalog.pg_class t on t.oid operator(pg_catalog.=) p.oid
  where t.relkind operator(pg_catalog.=) 'r'::pg_catalog.\"char\") whole
where c.relkind operator(pg_catalog.=) 'p'::pg_catalog.\"char\" and not c.relispartition";

/// Which cluster that is, and since when it runs.
const CONTROL: &str = "\
select s.system_identifier,
  (pg_catalog.date_part('epoch', pg_catalog.pg_postmaster_start_time())
    operator(pg_catalog.*) 1000000::pg_catalog.float8)::pg_catalog.int8
from pg_catalog.pg_control_system() s";

/// What is counted of a table, in the order of [`Counters`], and the function that tells it.
const COUNTERS: [(&str, &str); 3] = [
    ("live", "pg_catalog.pg_stat_get_live_tuples"),
    ("inserted", "pg_catalog.pg_stat_get_tuples_inserted"),
    ("deleted", "pg_catalog.pg_stat_get_tuples_deleted"),
];

/// SQLSTATE `insufficient_privilege`.
const NOT_ALLOWED: &str = "42501";

/// Which relation is behind an OID, as the first message told.
pub(super) struct Places {
    /// Sorted by name.
    pub(super) tables: Vec<(Oid, RelationName)>,
    /// Some of them are partitioned.
    pub(super) partitioned: bool,
}

/// Reads it, or says why that cannot be. `database`: its visible name.
pub(super) async fn read(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
    server: Server,
    places: &Places,
    database: &str,
) -> Result<Imprint, String> {
    let mut first = None;
    for statistics in [true, false] {
        let queries = queries(server, limits, statistics, places.partitioned);
        let mut answer = Answer::new(places, server, statistics);
        let message = sql::message_of_queries(deadline.remaining(), &queries);
        let outcome = session.ask(&message, deadline, |part| answer.take(&part)).await;
        // The last query asks for what a role may be denied; all the others were answered by then.
        let told = answer.completed >= sql::QUERIES_AT + queries.len() - 2;
        if outcome.is_ok() || told {
            if let Err(error) = outcome {
                ended_with(session, deadline, waiting::reason(&error)).await;
            }
            return Ok(answer.into_imprint(database));
        }
        let error = outcome.expect_err("it was not told");
        let reason = waiting::reason(&error);
        let over = ended_with(session, deadline, reason.clone()).await;
        let denied = is_denied(&error);
        let first = first.get_or_insert(reason);
        if over.is_some() || !denied {
            return Err(first.clone());
        }
    }
    Err(first.unwrap_or_default())
}

fn is_denied(error: &IntrospectError) -> bool {
    let IntrospectError::Read { source: TalkError::Server { code, .. }, .. } = error else {
        return false;
    };
    code == NOT_ALLOWED
}

/// The queries of the message, in order. The last one may be denied to a role.
fn queries(server: Server, limits: &Limits, statistics: bool, partitioned: bool) -> Vec<String> {
    let rows = i64::try_from(limits.max_relations).unwrap_or(i64::MAX).saturating_add(1);
    // Each with the function that tells it of an OID.
    let counters: &[_] = if statistics { &COUNTERS } else { &[] };
    let with = |one: fn(&str, &str) -> String| -> String {
        let all: Vec<String> = counters.iter().map(|(name, it)| one(name, it)).collect();
        all.iter().flat_map(|it| [", ", it.as_str()]).collect()
    };
    let tables = TABLES.replace("{counters}", &with(|_, function| format!("{function}(c.oid)")));
    let schemas = SCHEMAS.replace("{name}", &server.name("n.nspname"));
    let lost = if statistics { STATISTICS } else { "" };
    let database = DATABASE.replace("{statistics}", lost);
    let mut queries = vec![database, schemas, format!("{tables} limit {rows}")];
    if partitioned {
        let sum = |name: &str, function: &str| {
            format!("coalesce(pg_catalog.sum({function}(t.oid)), 0) as {name}")
        };
        let live = if statistics { "pg_catalog.pg_stat_get_live_tuples(t.oid)" } else { "0" };
        let analysed = if server.major() >= 14 {
            "t.reltuples operator(pg_catalog.>=) 0::pg_catalog.float4"
        } else {
            "t.relpages operator(pg_catalog.>) 0"
        };
        let counted = if statistics {
            " or pg_catalog.pg_stat_get_tuples_inserted(t.oid) operator(pg_catalog.>) 0"
        } else {
            ""
        };
        let query = PARTITIONED
            .replace("{counters}", &with(|name, _| format!("whole.{name}")))
            .replace("{sums}", &with(sum))
            .replace("{silent}", &format!("not ({analysed}{counted})"))
            .replace("{live}", &format!("{live}::pg_catalog.float8"));
        queries.push(format!("{query} limit {rows}"));
    }
    queries.push(CONTROL.to_owned());
    queries
}

/// What has arrived.
struct Answer<'a> {
    places: &'a Places,
    server: Server,
    statistics: bool,
    completed: usize,
    row_sets: usize,
    oid: Oid,
    schemas: BTreeMap<Name, u32>,
    /// Where in `places` a table is.
    at: HashMap<Oid, usize>,
    /// What is told of each, in that order.
    stored: Vec<Option<Stored>>,
    oids: Vec<u32>,
    lost: Option<Statistics>,
    control: Option<(u64, StartedAt)>,
}

impl<'a> Answer<'a> {
    fn new(places: &'a Places, server: Server, statistics: bool) -> Self {
        Self {
            places,
            server,
            statistics,
            completed: 0,
            row_sets: 0,
            oid: 0,
            schemas: BTreeMap::new(),
            at: places.tables.iter().enumerate().map(|(at, (oid, _))| (*oid, at)).collect(),
            stored: vec![None; places.tables.len()],
            oids: Vec::with_capacity(places.tables.len()),
            lost: None,
            control: None,
        }
    }

    fn take(&mut self, part: &SimpleQueryMessage) -> Result<(), TalkError> {
        match part {
            SimpleQueryMessage::RowDescription(_) => self.row_sets += 1,
            SimpleQueryMessage::CommandComplete(_) => self.completed += 1,
            SimpleQueryMessage::Row(row) => match (self.row_sets, self.places.partitioned) {
                (1, _) => {
                    self.oid = parsed(rows::text(row, 0)?)?;
                    if self.statistics {
                        let reset_at = rows::optional(row, 1)?.map(str::to_owned);
                        let commits = rows::number(row, 2)?;
                        self.lost = Some(Statistics { reset_at, commits });
                    }
                }
                (2, _) => {
                    self.schemas.insert(rows::name(row, 1)?, parsed(rows::text(row, 0)?)?);
                }
                (3, _) => self.take_table(row, false)?,
                (4, true) => self.take_table(row, true)?,
                _ => {
                    // A signed number in SQL, an unsigned one in the control file.
                    let system: i64 = parsed(rows::text(row, 0)?)?;
                    self.control = Some((system.cast_unsigned(), parsed(rows::text(row, 1)?)?));
                }
            },
            _ => {}
        }
        Ok(())
    }

    fn take_table(&mut self, row: &SimpleQueryRow, partitioned: bool) -> Result<(), TalkError> {
        let oid = parsed(rows::text(row, 0)?)?;
        self.oids.push(oid);
        // One that is put aside, of a schema of PostgreSQL's own, or created in the meantime.
        let Some(stored) = self.at.get(&oid).and_then(|at| self.stored.get_mut(*at)) else {
            return Ok(());
        };
        let counters = if self.statistics {
            let count = |column| rows::number(row, column);
            Some(Counters { live: count(4)?, inserted: count(5)?, deleted: count(6)? })
        } else {
            None
        };
        let tuples: f64 = parsed(rows::text(row, 2)?)?;
        let pages: u64 = parsed(rows::text(row, 3)?)?;
        *stored = Some(Stored {
            oid,
            file: rows::number(row, 1)?,
            rows: rows_told(self.server.major(), tuples, pages, counters),
            counters,
            partitioned,
        });
        Ok(())
    }

    fn into_imprint(self, database: &str) -> Imprint {
        let told = self.places.tables.iter().zip(self.stored);
        let tables = told.filter_map(|((_, name), it)| Some((name.clone(), it?)));
        Imprint {
            identity: DatabaseIdentity {
                system: self.control.map(|it| it.0),
                oid: self.oid,
                name: database.to_owned(),
                major: self.server.major(),
            },
            started_at: self.control.map(|it| it.1),
            schemas: self.schemas,
            tables: tables.collect(),
            oids: self.oids.into_iter().collect(),
            statistics: self.lost,
        }
    }
}

/// About how many rows a table holds. A table that was never analysed has -1 rows (none and no page
/// before PostgreSQL 14), and counters that remember nothing may have been lost: then nothing is known,
/// which is not the same as none.
fn rows_told(major: u32, tuples: f64, pages: u64, counters: Option<Counters>) -> Option<u64> {
    let analysed = if major >= 14 { tuples >= 0.0 } else { pages > 0 };
    let Counters { live, inserted, .. } = counters.unwrap_or_default();
    if !analysed && live == 0 && inserted == 0 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an estimate")]
    let tuples = tuples.max(0.0) as u64;
    Some(tuples.max(live))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_query_is_at_nobodys_mercy() {
        for version in ["13.23", "15.18", "18.4"] {
            let server = Server::new(version, "UTF8").expect("a version");
            for statistics in [true, false] {
                for query in queries(server, &Limits::default(), statistics, true) {
                    sql::holds_the_rules(&query);
                }
            }
        }
    }

    #[test]
    fn rows_are_told_where_something_is_known_of_them() {
        let counted = |live, inserted| Some(Counters { live, inserted, deleted: 0 });
        #[rustfmt::skip]
        let cases = [
            ("analysed",                 15, 163.0, 3, counted(0, 0),     Some(163)),
            ("never analysed",           15, -1.0,  0, counted(5, 5),     Some(5)),
            ("truncated",                15, -1.0,  0, counted(0, 163),   Some(0)),
            ("nothing is known",         15, -1.0,  0, counted(0, 0),     None),
            ("analysed and empty",       15, 0.0,   0, counted(0, 0),     Some(0)),
            ("13: nothing is known",     13, 0.0,   0, counted(0, 0),     None),
            ("13: truncated",            13, 0.0,   0, counted(0, 163),   Some(0)),
            ("grown since",              15, 100.0, 3, counted(163, 163), Some(163)),
            ("statistics denied",        15, 100.0, 3, None,              Some(100)),
            ("denied, never analysed",   15, -1.0,  0, None,              None),
        ];
        for (case, major, tuples, pages, counters, want) in cases {
            assert_eq!(rows_told(major, tuples, pages, counters), want, "{case}");
        }
    }
}
