//! What storage says of the tables that are read: only for who keeps a memory to compare it with.
//!
//! Everything here is a row of a catalog, or a function over one that waits for nobody. So it rides at the end of the
//! audit's message, where it costs no round trip and no transaction; only what partitions sum up to is a message of
//! its own, since few databases have any, and planning it costs. The statistics and `pg_control_system()` may be
//! revoked: without them the rest is still told, so that a reset is seen by its OIDs. What a role is denied ends the
//! message, and everything else was told by then. Relations are told before this, so rows carry OIDs and no names.

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

/// Reads what of it did not ride, or says why that cannot be. `rode` is what the audit's message has told, `failure`
/// why that ended early. `database`: its visible name.
pub(super) async fn read(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
    rode: Answer,
    failure: Option<&IntrospectError>,
    places: &Places,
    database: &str,
) -> Result<Imprint, String> {
    let mut answer = match (rode.settled(), failure) {
        (Ok(true), _) => rode,
        (Err(reason), _) => return Err(reason),
        (Ok(false), Some(error)) if is_denied(error) => {
            let mut plainly = Answer::without_statistics(rode.server);
            ask(session, limits, deadline, &mut plainly).await?;
            plainly
        }
        (Ok(false), Some(error)) => return Err(waiting::reason(error)),
        (Ok(false), None) => return Err("the answer about storage ended early".to_owned()),
    };
    if places.partitioned {
        let mut whole = Answer::of(&[Query::Partitioned], answer.server, answer.statistics);
        ask(session, limits, deadline, &mut whole).await?;
        answer.rows.append(&mut whole.rows);
    }
    Ok(answer.into_imprint(places, database))
}

/// Asks in a message of its own.
async fn ask(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
    answer: &mut Answer,
) -> Result<(), String> {
    let message = sql::message_of_queries(deadline.remaining(), &answer.queries(limits));
    let mut statements = 0;
    let outcome = session
        .ask(&message, deadline, |part| {
            match part {
                SimpleQueryMessage::Row(row) => answer.take(&row),
                SimpleQueryMessage::CommandComplete(_) => {
                    statements += 1;
                    if statements >= sql::QUERIES_AT {
                        answer.end_of_query();
                    }
                }
                _ => {}
            }
            Ok(())
        })
        .await;
    let reason = outcome.err().as_ref().map(waiting::reason);
    if let Some(reason) = &reason {
        ended_with(session, deadline, reason.clone()).await;
    }
    if answer.settled()? {
        return Ok(());
    }
    Err(reason.unwrap_or_else(|| "the answer about storage ended early".to_owned()))
}

fn is_denied(error: &IntrospectError) -> bool {
    let IntrospectError::Read { source: TalkError::Server { code, .. }, .. } = error else {
        return false;
    };
    code == NOT_ALLOWED
}

/// One of the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Query {
    Database,
    Schemas,
    Tables,
    Partitioned,
    Control,
}

/// Those that ride, in order. The last one may be denied to a role.
const RIDING: [Query; 4] = [Query::Database, Query::Schemas, Query::Tables, Query::Control];

impl Query {
    fn sql(self, server: Server, limits: &Limits, statistics: bool) -> String {
        let rows = i64::try_from(limits.max_relations).unwrap_or(i64::MAX).saturating_add(1);
        // Each with the function that tells it of an OID.
        let counters: &[_] = if statistics { &COUNTERS } else { &[] };
        let with = |one: fn(&str, &str) -> String| -> String {
            let all: Vec<String> = counters.iter().map(|(name, it)| one(name, it)).collect();
            all.iter().flat_map(|it| [", ", it.as_str()]).collect()
        };
        match self {
            Self::Database => {
                DATABASE.replace("{statistics}", if statistics { STATISTICS } else { "" })
            }
            Self::Schemas => SCHEMAS.replace("{name}", &server.name("n.nspname")),
            Self::Tables => {
                let counters = with(|_, function| format!("{function}(c.oid)"));
                format!("{} limit {rows}", TABLES.replace("{counters}", &counters))
            }
            Self::Partitioned => {
                let sum = |name: &str, function: &str| {
                    format!("coalesce(pg_catalog.sum({function}(t.oid)), 0) as {name}")
                };
                let live =
                    if statistics { "pg_catalog.pg_stat_get_live_tuples(t.oid)" } else { "0" };
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
                format!("{query} limit {rows}")
            }
            Self::Control => CONTROL.to_owned(),
        }
    }
}

/// What has arrived.
#[derive(Debug)]
pub(super) struct Answer {
    server: Server,
    statistics: bool,
    asked: &'static [Query],
    /// How many of them were answered whole.
    answered: usize,
    /// Why a row makes no sense. It spoils this and nothing else.
    failed: Option<String>,
    oid: Oid,
    schemas: BTreeMap<Name, u32>,
    /// Of every table: those of schemas of PostgreSQL's own are among them.
    rows: Vec<Stored>,
    lost: Option<Statistics>,
    control: Option<(u64, StartedAt)>,
}

impl Answer {
    /// To what rides in the audit's message.
    pub(super) fn riding(server: Server) -> Self {
        Self::of(&RIDING, server, true)
    }

    fn without_statistics(server: Server) -> Self {
        Self::of(&RIDING, server, false)
    }

    fn of(asked: &'static [Query], server: Server, statistics: bool) -> Self {
        Self {
            server,
            statistics,
            asked,
            answered: 0,
            failed: None,
            oid: 0,
            schemas: BTreeMap::new(),
            rows: Vec::new(),
            lost: None,
            control: None,
        }
    }

    /// How many queries that are.
    pub(super) fn asked(&self) -> usize {
        self.asked.len()
    }

    /// What is asked, in order.
    pub(super) fn queries(&self, limits: &Limits) -> Vec<String> {
        self.asked.iter().map(|it| it.sql(self.server, limits, self.statistics)).collect()
    }

    /// The server says that these were all rows of a query.
    pub(super) fn end_of_query(&mut self) {
        self.answered += 1;
    }

    /// Whether all was told, but for what a role may be denied; or why it makes no sense.
    fn settled(&self) -> Result<bool, String> {
        if let Some(reason) = &self.failed {
            return Err(reason.clone());
        }
        let needed = self.asked.iter().filter(|it| **it != Query::Control).count();
        Ok(self.answered >= needed)
    }

    /// Takes a row of the query that is not answered whole yet.
    pub(super) fn take(&mut self, row: &SimpleQueryRow) {
        if self.failed.is_none()
            && let Err(error) = self.take_row(row)
        {
            self.failed = Some(error.to_string());
        }
    }

    fn take_row(&mut self, row: &SimpleQueryRow) -> Result<(), TalkError> {
        match self.asked.get(self.answered) {
            Some(Query::Database) => {
                self.oid = parsed(rows::text(row, 0)?)?;
                if self.statistics {
                    let reset_at = rows::optional(row, 1)?.map(str::to_owned);
                    let commits = rows::number(row, 2)?;
                    self.lost = Some(Statistics { reset_at, commits });
                }
            }
            Some(Query::Schemas) => {
                self.schemas.insert(rows::name(row, 1)?, parsed(rows::text(row, 0)?)?);
            }
            Some(Query::Tables) => self.take_table(row, false)?,
            Some(Query::Partitioned) => self.take_table(row, true)?,
            Some(Query::Control) => {
                // A signed number in SQL, an unsigned one in the control file.
                let system: i64 = parsed(rows::text(row, 0)?)?;
                self.control = Some((system.cast_unsigned(), parsed(rows::text(row, 1)?)?));
            }
            None => return Err(rows::undecodable("rows that were not asked for")),
        }
        Ok(())
    }

    fn take_table(&mut self, row: &SimpleQueryRow, partitioned: bool) -> Result<(), TalkError> {
        let counters = if self.statistics {
            let count = |column| rows::number(row, column);
            Some(Counters { live: count(4)?, inserted: count(5)?, deleted: count(6)? })
        } else {
            None
        };
        let tuples: f64 = parsed(rows::text(row, 2)?)?;
        let pages: u64 = parsed(rows::text(row, 3)?)?;
        self.rows.push(Stored {
            oid: parsed(rows::text(row, 0)?)?,
            file: rows::number(row, 1)?,
            rows: rows_told(self.server.major(), tuples, pages, counters),
            counters,
            partitioned,
        });
        Ok(())
    }

    fn into_imprint(self, places: &Places, database: &str) -> Imprint {
        // One that is put aside, of a schema of PostgreSQL's own, or created in the meantime, is in no place.
        let by_oid: HashMap<Oid, &Stored> = self.rows.iter().map(|it| (it.oid, it)).collect();
        let tables = places.tables.iter();
        let tables = tables.filter_map(|(oid, name)| Some((name.clone(), **by_oid.get(oid)?)));
        Imprint {
            identity: DatabaseIdentity {
                system: self.control.map(|it| it.0),
                oid: self.oid,
                name: database.to_owned(),
                major: self.server.major(),
            },
            started_at: self.control.map(|it| it.1),
            tables: tables.collect(),
            oids: self.rows.iter().map(|it| it.oid).collect(),
            schemas: self.schemas,
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
                for query in RIDING.into_iter().chain([Query::Partitioned]) {
                    sql::holds_the_rules(&query.sql(server, &Limits::default(), statistics));
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
