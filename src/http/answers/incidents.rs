//! Incidents in short, and one with everything that is to be said of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::At;
use super::words::AboutWord;
use super::words::KindWord;
use super::words::SeverityWord;
use super::words::StateWord;
use super::words::StepWord;
use crate::notification::Actor;
use crate::notification::Came;
use crate::notification::NotifiedAct;
use crate::notification::NotifiedFinding;
use crate::notification::NotifiedOrigin;

/// One page of incidents, the latest first.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Incidents {
    /// Those that fit.
    pub(in crate::http) incidents: Vec<Incident>,
    /// Whether there are more than these.
    pub(in crate::http) more: bool,
    /// What `after` has to say for the next page; null where this is the last.
    pub(in crate::http) next: Option<String>,
}

/// One incident in short.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Incident {
    /// `SW-1042`: short, and the same for ever.
    pub(in crate::http) id: String,
    /// What kind of trouble it is.
    pub(in crate::http) kind: KindWord,
    /// Where it is in its life.
    pub(in crate::http) state: StateWord,
    /// Why it went the way it last went: `new_findings`, `all_findings_gone`, ….
    pub(in crate::http) reason: String,
    /// What `subject` names.
    pub(in crate::http) about: AboutWord,
    /// The name of what it is about.
    pub(in crate::http) subject: String,
    /// The same where that is a database; null otherwise.
    pub(in crate::http) database: Option<String>,
    /// The manifest of that database; null where it is about none.
    pub(in crate::http) manifest: Option<String>,
    /// The labels of what it is about.
    pub(in crate::http) labels: Option<BTreeMap<String, String>>,
    /// The worst severity among its findings.
    #[schemars(with = "Option<SeverityWord>")]
    pub(in crate::http) severity: Option<String>,
    /// One line: `central: 21 tables that should not be there`.
    pub(in crate::http) headline: Option<String>,
    /// How many findings it holds.
    pub(in crate::http) findings_total: Option<usize>,
    /// When it was opened.
    pub(in crate::http) opened_at: At,
    /// When its findings last changed.
    pub(in crate::http) changed_at: At,
    /// When it was resolved; null while it is not.
    pub(in crate::http) resolved_at: Option<At>,
    /// It came back soon after it had gone: it resolves only after a while without findings.
    pub(in crate::http) flapping: bool,
    /// Who has it in hand; null where nobody has.
    pub(in crate::http) acknowledged: Option<Acknowledged>,
    /// Whether a silence or a maintenance window keeps something of it back.
    pub(in crate::http) muted: bool,
    /// Which one did at its last change.
    pub(in crate::http) muted_by: Option<MutedBy>,
}

/// Who has an incident in hand.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct Acknowledged {
    /// The name of the token or user.
    pub(in crate::http) by: String,
    /// Since when.
    pub(in crate::http) at: At,
    /// What that person said.
    pub(in crate::http) note: Option<String>,
}

/// What keeps something back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::http) enum MutedBy {
    /// A silence.
    Silence {
        /// Its id.
        silence: i64,
        /// Who made it.
        author: String,
    },
    /// A maintenance window of the config.
    Window {
        /// Its name.
        maintenance: String,
    },
}

/// One incident with its findings and its audit trail.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct IncidentDetail {
    #[serde(flatten)]
    pub(in crate::http) incident: Incident,
    /// Its audit trail, the oldest first: the latest thousand lines.
    pub(in crate::http) events: Vec<Event>,
    /// What its findings mean, one sentence each.
    pub(in crate::http) diagnoses: Option<Vec<String>>,
    /// What it holds, or held last where it is resolved: at most 200.
    pub(in crate::http) findings: Option<Vec<IncidentFinding>>,
    /// Roles that own what it is about, each once.
    pub(in crate::http) owners: Option<Vec<String>>,
    /// Who made, changed or dropped it, as far as an observer noted that.
    pub(in crate::http) actors: Option<Vec<IncidentActor>>,
    /// When it came.
    pub(in crate::http) came: Option<IncidentCame>,
    /// Why audits fail, where they do.
    pub(in crate::http) unknown_reason: Option<String>,
    /// What to do next, one command or sentence each.
    pub(in crate::http) next_steps: Option<Vec<String>>,
    /// Which role read, and what `information_schema` would have hidden from it.
    pub(in crate::http) evidence: Option<String>,
    /// Hash of the manifest that was compared with.
    pub(in crate::http) manifest_hash: Option<String>,
    /// The `ref` of the deploy that brought that manifest.
    pub(in crate::http) manifest_ref: Option<String>,
}

/// One incident, and whether what was asked changed it.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct IncidentHandled {
    #[serde(flatten)]
    pub(in crate::http) incident: IncidentDetail,
    /// False where it was so before.
    pub(in crate::http) changed: bool,
}

/// One line of an audit trail.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "IncidentEvent")]
pub(in crate::http) struct Event {
    /// When.
    pub(in crate::http) at: At,
    /// Which way it went.
    #[schemars(with = "StepWord")]
    pub(in crate::http) step: String,
    /// Why.
    pub(in crate::http) reason: String,
    /// The name of the token or user, where a person did it.
    pub(in crate::http) actor: Option<String>,
    /// What that person said.
    pub(in crate::http) note: Option<String>,
}

/// One finding of an incident.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct IncidentFinding {
    /// `unexpected_table`, ….
    pub(in crate::http) kind: String,
    /// How bad it is.
    #[schemars(with = "SeverityWord")]
    pub(in crate::http) severity: String,
    /// The object's visible name, schema `public` left out; the database's where it is about all of it.
    pub(in crate::http) name: String,
    /// One sentence.
    pub(in crate::http) message: String,
    /// What a person would want to know next, one sentence each.
    pub(in crate::http) hints: Vec<String>,
    /// The same in every audit.
    pub(in crate::http) fingerprint: String,
    /// The role that owns the object.
    pub(in crate::http) owner: Option<String>,
    /// Where it comes from; absent where nothing of that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::http) origin: Option<FindingOrigin>,
    /// Whether it was new when the incident was last told.
    pub(in crate::http) new: bool,
}

/// Where a finding comes from.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct FindingOrigin {
    /// The last complete audit without it.
    pub(in crate::http) after: Option<At>,
    /// The first audit with it.
    pub(in crate::http) before: Option<At>,
    /// When the transaction committed that made it.
    pub(in crate::http) committed_at: Option<At>,
    /// What the observer noted of it, its cause first.
    pub(in crate::http) acts: Vec<ObservedAct>,
}

/// One command that the observer noted.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct ObservedAct {
    /// When.
    pub(in crate::http) at: At,
    /// The role that gave it.
    pub(in crate::http) role: String,
    /// The application's name, as it says itself.
    pub(in crate::http) application: Option<String>,
    /// From where.
    pub(in crate::http) address: Option<String>,
    /// `CREATE TABLE`, ….
    pub(in crate::http) tag: String,
}

/// Somebody who did something, as far as an observer noted that.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct IncidentActor {
    /// The role.
    pub(in crate::http) role: String,
    /// The application's name, as it says itself.
    pub(in crate::http) application: Option<String>,
    /// From where.
    pub(in crate::http) address: Option<String>,
    /// The commands, in the order of the findings.
    pub(in crate::http) tags: Vec<String>,
    /// The first act.
    pub(in crate::http) from: At,
    /// The last act.
    pub(in crate::http) until: At,
    /// How many findings it explains.
    pub(in crate::http) findings: usize,
}

/// When something came.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::http) struct IncidentCame {
    /// The last complete audit without any of it.
    pub(in crate::http) after: Option<At>,
    /// The first audit with all of it.
    pub(in crate::http) before: Option<At>,
    /// The first and the last commit, where the server keeps that.
    pub(in crate::http) committed: Option<(At, At)>,
}

impl From<crate::silence::Mute> for MutedBy {
    fn from(it: crate::silence::Mute) -> Self {
        use crate::silence::Mute;
        match it {
            Mute::Silence { silence, author } => Self::Silence { silence, author },
            Mute::Window { maintenance } => Self::Window { maintenance },
        }
    }
}

impl From<NotifiedFinding> for IncidentFinding {
    fn from(it: NotifiedFinding) -> Self {
        let origin = Some(it.origin).filter(|it| !it.is_unknown()).map(FindingOrigin::from);
        Self {
            kind: it.kind,
            severity: it.severity,
            name: it.name,
            message: it.message,
            hints: it.hints,
            fingerprint: it.fingerprint,
            owner: it.owner,
            origin,
            new: it.new,
        }
    }
}

impl From<NotifiedOrigin> for FindingOrigin {
    fn from(it: NotifiedOrigin) -> Self {
        Self {
            after: it.after.map(At::from),
            before: it.before.map(At::from),
            committed_at: it.committed_at.map(At::from),
            acts: it.acts.into_iter().map(ObservedAct::from).collect(),
        }
    }
}

impl From<NotifiedAct> for ObservedAct {
    fn from(it: NotifiedAct) -> Self {
        let NotifiedAct { at, role, application, address, tag } = it;
        Self { at: at.into(), role, application, address, tag }
    }
}

impl From<Actor> for IncidentActor {
    fn from(it: Actor) -> Self {
        let Actor { role, application, address, tags, from, until, findings } = it;
        let (from, until) = (from.into(), until.into());
        Self { role, application, address, tags, from, until, findings }
    }
}

impl From<Came> for IncidentCame {
    fn from(it: Came) -> Self {
        let committed = it.committed.map(|(first, last)| (first.into(), last.into()));
        Self { after: it.after.map(At::from), before: it.before.map(At::from), committed }
    }
}
