//! DDL that is known: what was done to which object, by whom, as far as that is told.

use std::collections::HashSet;

use jiff::Timestamp;

use crate::http::screen::words;
use crate::notification::Actor;
use crate::notification::NotifiedAct;

/// Acts of one second that a tick names; more are counted.
const NAMED_MAX: usize = 3;

/// One act, or one commit.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::http::screen::pages) struct Ddl {
    pub(super) at: Timestamp,
    /// `CREATE TABLE`; `None` where only a commit is known.
    pub(super) command: Option<String>,
    pub(super) object: Option<String>,
    pub(super) role: Option<String>,
}

impl Ddl {
    /// What the observer noted about an object; `None` for the database as a whole.
    pub(in crate::http::screen::pages) fn act(object: Option<&str>, it: &NotifiedAct) -> Self {
        Self {
            at: it.at,
            command: Some(it.tag.clone()),
            object: object.map(str::to_owned),
            role: Some(it.role.clone()),
        }
    }

    /// When a transaction committed that made an object what it is.
    pub(in crate::http::screen::pages) fn commit(object: Option<&str>, at: Timestamp) -> Self {
        Self { at, command: None, object: object.map(str::to_owned), role: None }
    }

    /// The first and the last act of somebody, where the objects are not told.
    pub(in crate::http::screen::pages) fn of_actor(it: &Actor) -> [Self; 2] {
        let at = |at: Timestamp| Self {
            at,
            command: Some(it.tags.join(", ")),
            object: None,
            role: Some(it.role.clone()),
        };
        [at(it.from), at(it.until)]
    }

    /// "CREATE TABLE Musician by role `prisma`".
    fn said(&self) -> String {
        let mut said = match (&self.command, &self.object) {
            (Some(command), Some(object)) => format!("{command} {object}"),
            (Some(command), None) => command.clone(),
            (None, Some(object)) => format!("commit of {object}"),
            (None, None) => "commit".to_owned(),
        };
        if let Some(role) = &self.role {
            said.extend([" by role `", role, "`"]);
        }
        said
    }
}

/// In their order, each once; without what is told with its object as well.
pub(super) fn tidied(mut all: Vec<Ddl>) -> Vec<Ddl> {
    all.sort();
    all.dedup();
    let told = |it: &Ddl| (it.at, it.command.clone());
    let named: HashSet<_> = all.iter().filter(|it| it.object.is_some()).map(told).collect();
    all.retain(|it| it.object.is_some() || !named.contains(&told(it)));
    all
}

/// Acts of one second, in words.
pub(super) fn said(acts: &[Ddl]) -> String {
    let named: Vec<String> = acts.iter().take(NAMED_MAX).map(Ddl::said).collect();
    let mut said = named.join("; ");
    if acts.len() > named.len() {
        said.extend(["; and ", &words::number(acts.len() - named.len()), " more"]);
    }
    said
}
