//! The audit exchange: one message, one answer, and the proof that nothing is missing from it.
//!
//! A read is complete only when the server said that every statement of the message succeeded, every
//! row of the announced number arrived, an independent count in the same snapshot agrees, and
//! `pg_class` lists itself. Anything less is kept and marked, because evidence is monotone: a partial
//! read may open an incident.

mod rows;
mod sql;

use tokio_postgres::SimpleQueryMessage;

use self::rows::Evidence;
use self::rows::Read;
use super::connect::Deadline;
use super::error::IntrospectError;
use super::error::TalkError;
use super::session::Session;
use crate::config::Limits;
use crate::schema::Aside;
use crate::schema::Catalog;
use crate::schema::Relation;
use crate::schema::Session as Facts;

pub use sql::message;

pub(super) use rows::decode_hex;
pub(super) use rows::decode_visible;
pub(super) use rows::flag;
pub(super) use rows::number;
pub(super) use rows::text;
pub(super) use sql::begin;

/// Reads the catalogs over a session that is logged in.
pub(super) async fn read(
    session: &mut Session,
    limits: &Limits,
    deadline: Deadline,
) -> Result<Catalog, IntrospectError> {
    let sql = message(limits, deadline.remaining());
    let mut answer = Answer::new(limits.max_relations);
    let outcome = session.ask(&sql, deadline, |part| answer.take(part)).await;
    match outcome {
        Err(error) if answer.read() == 0 => Err(error),
        outcome => Ok(answer.into_catalog(outcome.as_ref().err(), session)),
    }
}

/// What has arrived of the answer.
#[derive(Debug)]
struct Answer {
    max_relations: usize,
    /// Statements that the server said are done.
    completed: usize,
    /// The statements that return rows, as far as their rows have begun.
    row_sets: usize,
    evidence: Option<Evidence>,
    relations: Vec<Relation>,
    aside: Vec<Aside>,
    /// Rows of relations that the server says it sent.
    announced: Option<u64>,
}

impl Answer {
    fn new(max_relations: usize) -> Self {
        Self {
            max_relations,
            completed: 0,
            row_sets: 0,
            evidence: None,
            relations: Vec::new(),
            aside: Vec::new(),
            announced: None,
        }
    }

    fn take(&mut self, part: SimpleQueryMessage) -> Result<(), TalkError> {
        match part {
            SimpleQueryMessage::RowDescription(_) => self.row_sets += 1,
            SimpleQueryMessage::Row(row) => match self.row_sets {
                1 => self.evidence = Some(rows::evidence(&row)?),
                2 => match rows::relation(&row)? {
                    Read::Compared(it) => self.relations.push(it),
                    Read::Aside(it) => self.aside.push(it),
                },
                _ => return Err(rows::undecodable("rows that were not asked for")),
            },
            SimpleQueryMessage::CommandComplete(count) => {
                self.completed += 1;
                if self.completed == sql::RELATIONS_AT {
                    self.announced = Some(count);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn into_catalog(mut self, failure: Option<&IntrospectError>, session: &Session) -> Catalog {
        let incomplete = self.doubt(failure);
        self.relations.truncate(self.max_relations);
        self.aside.sort_unstable();
        self.relations.sort_unstable_by(|a, b| (&a.name, a.kind).cmp(&(&b.name, b.kind)));
        let session = self.evidence.map_or_else(
            || Facts {
                server_version: version(session.parameter("server_version").unwrap_or_default()),
                role: session.about.role.clone(),
                database: session.about.database.clone(),
                ..Facts::default()
            },
            |evidence| evidence.facts,
        );
        Catalog {
            relations: self.relations,
            aside: self.aside,
            incomplete,
            session,
            definitions: crate::schema::Definitions::default(),
        }
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
        if self.completed != sql::STATEMENTS || self.announced != Some(read as u64) {
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
    use crate::schema::RelationKind;
    use crate::schema::RelationName;

    fn table(name: &str) -> Relation {
        Relation {
            name: RelationName::new("public", name),
            kind: RelationKind::Table,
            owner: Name::from("postgres"),
            unlogged: false,
            partitions: 0,
            hidden_from_information_schema: false,
        }
    }

    fn complete() -> Answer {
        Answer {
            max_relations: 2,
            completed: sql::STATEMENTS,
            row_sets: 2,
            evidence: Some(Evidence { facts: Facts::default(), relations: 2, sees_pg_class: true }),
            relations: vec![table("b")],
            aside: vec![Aside {
                name: RelationName::new("public", "a"),
                kind: RelationKind::Table,
                by: AsideBy::Extension,
            }],
            announced: Some(2),
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
