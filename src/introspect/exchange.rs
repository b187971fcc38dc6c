//! The audit exchange: one message, one answer, and the proof that nothing is missing from it.
//!
//! A read is complete only when the server said that every statement of the message succeeded, every
//! row of the announced number arrived, an independent count in the same snapshot agrees, and
//! `pg_class` lists itself. Anything less is kept and marked, because evidence is monotone: a partial
//! read may open an incident.
//!
//! What the database is made of is read along with the relations where that can wait for nobody, and
//! after them where it can. A part that could not be read whole is unread, which says nothing about
//! the relations.

mod floors;
mod guard;
mod imprint;
pub(super) mod observer;
mod parts;
mod replica;
mod rows;
mod shapes;
mod sql;
mod waiting;

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::time::Duration;

use tokio_postgres::SimpleQueryMessage;

use self::imprint::Places;
use self::parts::Known;
use self::parts::Oid;
use self::parts::Question;
use self::parts::Server;
use self::parts::Told;
use self::parts::Waits;
use self::rows::Evidence;
use self::rows::Read;
use self::sql::Layout;
use self::waiting::ended_with;
use super::connect::Deadline;
use super::error::IntrospectError;
use super::error::TalkError;
use super::session::Session;
use crate::config::Limits;
use crate::schema::Aside;
use crate::schema::Catalog;
use crate::schema::Column;
use crate::schema::Definitions;
use crate::schema::Part;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::RelationName;
use crate::schema::Session as Facts;
use crate::schema::Wanted;

pub use sql::message;

pub(super) use rows::decode_hex;
pub(super) use rows::decode_visible;
pub(super) use rows::flag;
pub(super) use rows::number;
pub(super) use rows::text;
pub(super) use sql::begin;

/// Why nothing of a part can be asked: the columns of the catalogs depend on the version.
const NO_VERSION: &str = "the server did not say which version of PostgreSQL it is";

/// Why nothing of a part can be believed.
const WRONG_ENCODING: &str =
    "what answered at login (a pooler?) named another encoding than the database has";

/// The messages of an audit that reads `parts` from a server of `server_version` whose database is in
/// UTF-8, in order, with those that an audit leaves out where the first has told that there is nothing.
/// Nothing is asked of a server whose version cannot be read. Benchmarks send the same.
#[must_use]
pub fn messages(
    limits: &Limits,
    remaining: Duration,
    parts: &BTreeSet<Part>,
    server_version: &str,
) -> Vec<String> {
    let Some(server) = Server::new(server_version, "UTF8") else { return Vec::new() };
    let sql = |waits| parts::questions(parts, waits).map(move |it| it.sql(server, limits));
    let riding: Vec<String> = sql(Waits::Never).collect();
    let first = sql::message_with(limits, remaining, &riding, &[]);
    let others = sql(Waits::ForLocks).map(|it| sql::message_of_part(remaining, &it));
    std::iter::once(first).chain(others).collect()
}

/// The message of an audit that keeps a memory, as the daemon's does: relations, and what storage says of them. Empty
/// where `server_version` cannot be read. Benchmarks send the same.
#[must_use]
pub fn message_with_storage(limits: &Limits, remaining: Duration, server_version: &str) -> String {
    let server = Server::new(server_version, "UTF8");
    let behind = server.map(|it| imprint::Answer::riding(it).queries(limits));
    behind.map_or_else(String::new, |it| sql::message_with(limits, remaining, &[], &it))
}

/// Reads the catalogs over a session that is logged in, and of what the database is made of what is
/// `wanted`.
pub(super) async fn read(
    session: &mut Session,
    limits: &Limits,
    wanted: &Wanted,
    deadline: Deadline,
) -> Result<Catalog, IntrospectError> {
    let parts = &wanted.parts;
    let server = server_of(session);
    // Without a version nothing is asked, and each part is unread.
    let asked = server.map_or_else(BTreeSet::new, |_| parts.clone());
    let riding: Vec<_> = parts::questions(&asked, Waits::Never).collect();
    let queries = server
        .map_or_else(Vec::new, |server| riding.iter().map(|it| it.sql(server, limits)).collect());
    let imprint = server.filter(|_| wanted.imprint).map(imprint::Answer::riding);
    let behind = imprint.as_ref().map_or_else(Vec::new, |it| it.queries(limits));
    let sql = sql::message_with(limits, deadline.remaining(), &queries, &behind);
    let mut answer = Answer::new(limits, !asked.is_empty(), riding, imprint);
    let outcome = session.ask(&sql, deadline, |part| answer.take(part)).await;
    let is_told = answer.is_told();
    let error = match outcome {
        Err(error) if !is_told && answer.read() == 0 => return Err(error),
        outcome => outcome.err(),
    };
    // What fails behind everything else is no doubt about that.
    let (failure, denied) = if is_told { (None, error) } else { (error, None) };
    answer.failed_behind = denied.is_some();
    let over = match &denied {
        Some(error) => ended_with(session, deadline, waiting::reason(error)).await,
        None => None,
    };
    let relations_ended = answer.announced.is_some();
    let imprint = answer.imprint.take().filter(|_| failure.is_none());
    let (mut catalog, places, mut known) = answer.into_catalog(failure.as_ref(), session);
    let failure = failure.as_ref().map(waiting::reason).or(over);
    if catalog.session.in_recovery && catalog.incomplete.is_none() {
        replica::judge(session, limits, deadline, &mut catalog).await;
    }
    if let Some(rode) = imprint
        && catalog.incomplete.is_none()
    {
        let database = &catalog.session.database;
        let denied = denied.as_ref();
        let read = imprint::read(session, limits, deadline, rode, denied, &places, database).await;
        known.definitions.imprint = Some(read);
    }
    match server {
        // A pooler told it of another database. Names would be read wrong.
        Some(server) if !server.fits(&catalog.session.encoding) && relations_ended => {
            unread(parts, WRONG_ENCODING, &mut known.definitions);
        }
        Some(server) if relations_ended => {
            for part in parts::told_by_relations(parts) {
                known.definitions.settle(part, catalog.incomplete.clone());
            }
            waiting::read(session, limits, deadline, parts, server, failure, &mut known).await;
        }
        // There is nothing to put a definition beside.
        Some(_) => unread(parts, &failure.unwrap_or_default(), &mut known.definitions),
        None => unread(parts, NO_VERSION, &mut known.definitions),
    }
    parts::forget_unwanted(parts, &mut known.definitions);
    parts::sort(&mut known.definitions);
    catalog.definitions = known.definitions;
    if relations_ended {
        floors::read(session, wanted, deadline, &mut catalog).await;
        if wanted.observer {
            let state = observer::state(session, deadline).await;
            catalog.definitions.observer = Some(state);
        }
        if wanted.guard || catalog.session.has_guard {
            let state = guard::state(session, deadline).await;
            catalog.definitions.guard = Some(state);
        }
    }
    Ok(catalog)
}

fn server_of(session: &Session) -> Option<Server> {
    let parameter = |name| session.parameter(name).unwrap_or_default();
    Server::new(parameter("server_version"), parameter("server_encoding"))
}

fn unread(parts: &BTreeSet<Part>, reason: &str, definitions: &mut Definitions) {
    definitions.tell.clear();
    definitions.unread = parts.iter().map(|it| (*it, reason.to_owned())).collect();
}

/// A relation, and what later answers call it.
#[derive(Debug)]
struct Placed {
    relation: Relation,
    oid: Oid,
    partitioned: bool,
}

/// What has arrived of the answer.
#[derive(Debug)]
struct Answer {
    limits: Limits,
    max_relations: usize,
    layout: Layout,
    /// Statements that the server said are done.
    completed: usize,
    /// The statements that return rows, as far as their rows have begun.
    row_sets: usize,
    evidence: Option<Evidence>,
    relations: Vec<Placed>,
    aside: Vec<Aside>,
    /// Columns of tables that presets tell by them.
    shapes: BTreeMap<RelationName, Vec<Column>>,
    /// Rows of relations that the server says it sent.
    announced: Option<u64>,
    /// The parts that ride in the message, in its order.
    parts: Vec<(&'static Question, Told)>,
    /// What storage says, behind them.
    imprint: Option<imprint::Answer>,
    /// The message failed there.
    failed_behind: bool,
    /// Whether any part is wanted, riding or not.
    wants_parts: bool,
    known: Known,
}

impl Answer {
    fn new(
        limits: &Limits,
        wants_parts: bool,
        parts: Vec<&'static Question>,
        imprint: Option<imprint::Answer>,
    ) -> Self {
        Self {
            max_relations: limits.max_relations,
            limits: *limits,
            layout: Layout::with(parts.len(), imprint.as_ref().map_or(0, imprint::Answer::asked)),
            completed: 0,
            row_sets: 0,
            evidence: None,
            relations: Vec::new(),
            aside: Vec::new(),
            shapes: BTreeMap::new(),
            announced: None,
            parts: parts.into_iter().map(|it| (it, Told::default())).collect(),
            imprint,
            failed_behind: false,
            wants_parts,
            known: Known::default(),
        }
    }

    fn take(&mut self, part: SimpleQueryMessage) -> Result<(), TalkError> {
        match part {
            SimpleQueryMessage::RowDescription(_) => self.row_sets += 1,
            SimpleQueryMessage::Row(row) => match self.row_sets {
                1 => self.evidence = Some(rows::evidence(&row)?),
                2 => match rows::relation(&row)? {
                    Read::Compared(relation, partitioned) => {
                        let oid = parts::parsed(rows::text(&row, rows::OID)?)?;
                        if let Some(columns) = shapes::take(&row, rows::SHAPE)? {
                            self.shapes.insert(relation.name.clone(), columns);
                        }
                        self.relations.push(Placed { relation, oid, partitioned });
                    }
                    Read::Aside(it) => self.aside.push(it),
                },
                set => {
                    let part = set.checked_sub(3).and_then(|it| self.parts.get_mut(it));
                    match (part, &mut self.imprint) {
                        (Some((question, told)), _) => told.take(question, &row, &mut self.known),
                        (None, Some(imprint)) if set > 2 => imprint.take(&row),
                        _ => return Err(rows::undecodable("rows that were not asked for")),
                    }
                }
            },
            SimpleQueryMessage::CommandComplete(count) => {
                self.completed += 1;
                match self.completed.checked_sub(self.layout.relations_at()) {
                    None => {}
                    Some(0) => self.relations_end(count),
                    Some(part) => match (self.parts.get_mut(part - 1), &mut self.imprint) {
                        (Some((_, told)), _) => told.end(count),
                        (None, Some(imprint)) => imprint.end_of_query(),
                        (None, None) => {}
                    },
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// The server says that these were all relations. What follows is about them.
    fn relations_end(&mut self, announced: u64) {
        self.announced = Some(announced);
        if self.wants_parts {
            for it in self.relations.iter().take(self.max_relations) {
                self.known.compare(it.oid, &it.relation, it.partitioned);
            }
        }
    }

    /// What was read of the relations, which tables are behind the OIDs of later answers, and what is
    /// known for what is read after them.
    fn into_catalog(
        mut self,
        failure: Option<&IntrospectError>,
        session: &Session,
    ) -> (Catalog, Places, Known) {
        let incomplete = self.doubt(failure);
        let reason = failure.map(waiting::reason);
        for (question, told) in self.parts {
            told.settle(
                question,
                question.max_rows(&self.limits),
                reason.as_deref(),
                &mut self.known,
            );
        }
        self.relations.truncate(self.max_relations);
        self.aside.sort_unstable();
        self.relations.sort_unstable_by(|a, b| {
            (&a.relation.name, a.relation.kind).cmp(&(&b.relation.name, b.relation.kind))
        });
        let tables = self.relations.iter().filter(|it| it.relation.kind == RelationKind::Table);
        let places = Places {
            tables: tables.clone().map(|it| (it.oid, it.relation.name.clone())).collect(),
            partitioned: tables.clone().any(|it| it.partitioned),
        };
        self.known.definitions.shapes = self.shapes;
        let session = self.evidence.map_or_else(
            || Facts {
                server_version: version(session.parameter("server_version").unwrap_or_default()),
                role: session.about.role.clone(),
                database: session.about.database.clone(),
                ..Facts::default()
            },
            |evidence| evidence.facts,
        );
        let catalog = Catalog {
            relations: self.relations.into_iter().map(|it| it.relation).collect(),
            aside: self.aside,
            incomplete,
            session,
            definitions: Definitions::default(),
        };
        (catalog, places, self.known)
    }

    /// Whether all was told but what rides behind it.
    fn is_told(&self) -> bool {
        self.imprint.is_some() && self.completed >= self.layout.before_imprint()
    }

    /// Relations that arrived, of whatever use.
    fn read(&self) -> usize {
        self.relations.len() + self.aside.len()
    }

    /// Why what was read may not be everything.
    fn doubt(&self, failure: Option<&IntrospectError>) -> Option<String> {
        let read = self.read();
        if let Some(failure) = failure {
            return Some(format!("only {read} relations were read: {}", failure.reason()));
        }
        if read > self.max_relations {
            let limit = self.max_relations;
            return Some(format!(
                "the database holds more than {limit} relations; `max_relations` is the limit"
            ));
        }
        let Some(evidence) = &self.evidence else {
            return Some("the server did not say who read what".to_owned());
        };
        // Where the message failed behind everything else, that is whole all the same.
        let is_whole = self.completed == self.layout.statements()
            || (self.failed_behind && self.completed >= self.layout.before_imprint());
        if !is_whole || self.announced != Some(read as u64) {
            return Some(format!("the answer ended early, after {read} relations"));
        }
        if !evidence.sees_pg_class {
            return Some("pg_class does not list itself: this is not the real catalog".to_owned());
        }
        if evidence.relations != read as u64 {
            let counted = evidence.relations;
            return Some(format!("{read} relations were read, but {counted} counted"));
        }
        None
    }
}

/// `15.18 (Debian 15.18-0+deb12u1)` without what the packager added.
pub(super) fn version(text: &str) -> String {
    super::error::excerpt(text.split(' ').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::AsideBy;
    use crate::schema::Name;

    fn table(name: &str) -> Placed {
        let relation = Relation {
            name: RelationName::new("public", name),
            kind: RelationKind::Table,
            owner: Name::from("postgres"),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        };
        Placed { relation, oid: 1, partitioned: false }
    }

    fn complete() -> Answer {
        Answer {
            max_relations: 2,
            limits: Limits::default(),
            layout: Layout::with(0, 0),
            completed: Layout::with(0, 0).statements(),
            row_sets: 2,
            evidence: Some(Evidence { facts: Facts::default(), relations: 2, sees_pg_class: true }),
            relations: vec![table("b")],
            aside: vec![Aside {
                name: RelationName::new("public", "a"),
                kind: RelationKind::Table,
                by: AsideBy::Extension,
            }],
            shapes: BTreeMap::new(),
            announced: Some(2),
            parts: Vec::new(),
            imprint: None,
            failed_behind: false,
            wants_parts: false,
            known: Known::default(),
        }
    }

    #[test]
    fn only_a_proven_answer_is_complete() {
        type Spoil = fn(&mut Answer);
        #[rustfmt::skip]
        let cases: &[(&str, Spoil, Option<&str>)] = &[
            ("proven",         |_| {},                                         None),
            ("cap",            |it| it.max_relations = 1,                      Some("more than 1 relations")),
            ("no evidence",    |it| it.evidence = None,                        Some("did not say who")),
            ("no commit",      |it| it.completed -= 1,                         Some("ended early")),
            ("a row is lost",  |it| it.announced = Some(3),                    Some("ended early")),
            ("no canary",      |it| it.evidence.as_mut().unwrap().sees_pg_class = false, Some("does not list itself")),
            ("count differs",  |it| it.evidence.as_mut().unwrap().relations = 3, Some("2 relations were read, but 3 counted")),
        ];
        for (case, spoil, want) in cases {
            let mut answer = complete();
            spoil(&mut answer);
            let doubt = answer.doubt(None);
            match want {
                None => assert_eq!(doubt, None, "{case}"),
                Some(words) => {
                    assert!(
                        doubt.as_ref().is_some_and(|it| it.contains(words)),
                        "{case}: {doubt:?}"
                    );
                }
            }
        }
        let failure = IntrospectError::TimedOut {
            server: "db:5432".to_owned(),
            phase: super::super::error::Phase::Reading,
            limit: std::time::Duration::from_secs(30),
        };
        assert_eq!(
            complete().doubt(Some(&failure)).as_deref(),
            Some("only 2 relations were read: timed out after 30 s while reading (db:5432)")
        );
    }
}
