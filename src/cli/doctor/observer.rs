//! What `doctor` says of who and when: the observer, whether it can be listened to, and commit times.

use super::Examination;
use super::Sign;
use super::line;
use crate::config::Database;
use crate::introspect;
use crate::introspect::Environment;
use crate::introspect::probe::Pooler;
use crate::introspect::probe::Probe;

/// Whether a call would be heard; or why that could not be tried.
#[derive(Clone, Debug)]
pub(super) enum Hearing {
    /// Nothing stands between.
    Direct,
    /// A pooler does; tried.
    Pooled(bool),
    /// A read replica calls nobody.
    Replica,
    Untried(String),
}

/// Finds out. Takes two connections where there is a pooler, and none otherwise.
pub(super) async fn hearing(
    database: &Database,
    environment: &Environment,
    probe: &Probe,
) -> Hearing {
    if probe.in_recovery {
        return Hearing::Replica;
    }
    if probe.pooler == Pooler::None {
        return Hearing::Direct;
    }
    match introspect::hears(&database.connection, &database.limits, environment).await {
        Ok(hears) => Hearing::Pooled(hears),
        Err(error) => Hearing::Untried(error.reason()),
    }
}

pub(super) fn describe(
    out: &mut String,
    database: &Database,
    it: &Examination,
) -> std::fmt::Result {
    let (sign, text) = observer(database, &it.probe);
    line(out, sign, "observer", &text)?;
    let mute = it.probe.observer.as_ref().is_ok_and(|it| it.is_there() && it.mute);
    let (sign, text) = watch(database, &it.hearing, mute);
    line(out, sign, "watch", &text)?;
    let text = if it.probe.keeps_commit_times {
        "track_commit_timestamp is on: of an unexpected table it is known when it was committed"
    } else {
        "track_commit_timestamp is off: when a table came is known between two audits, not to the second"
    };
    line(out, Sign::Plain, "commit time", text)
}

fn observer(database: &Database, probe: &Probe) -> (Sign, String) {
    let name = &database.name;
    let print = format!("`schemawarden sql observer {name}` prints the SQL");
    let observer = match &probe.observer {
        Ok(observer) => observer,
        Err(reason) => return (Sign::Bad, format!("could not be looked at: {reason}")),
    };
    let faults = observer.faults();
    match (observer.is_there(), faults.is_empty()) {
        (false, _) if database.observer => {
            (Sign::Bad, format!("declared, and not installed; {print}"))
        }
        (false, _) => {
            (Sign::Plain, format!("not installed: who changes the schema is not known; {print}"))
        }
        (true, false) => (Sign::Bad, format!("{}; {print}", faults.join("; "))),
        (true, true) if !observer.readable => {
            let role = probe.current_user.replace('"', "\"\"");
            let text = format!(
                "installed, and this role may not read what it notes: GRANT USAGE ON SCHEMA schemawarden \
                 TO \"{role}\"; GRANT SELECT ON TABLE schemawarden.ledger TO \"{role}\";"
            );
            (Sign::Advice, text)
        }
        (true, true) => {
            let undeclared = if database.observer {
                ""
            } else {
                "; with `observer: true` in the config it is a finding when it is gone"
            };
            (Sign::Good, format!("installed: it notes who changes the schema{undeclared}"))
        }
    }
}

fn watch(database: &Database, hearing: &Hearing, mute: bool) -> (Sign, String) {
    let bad = if database.watch { Sign::Bad } else { Sign::Plain };
    let (sign, text) = match hearing {
        _ if mute => (
            bad,
            "not possible: max_prepared_transactions is not 0, and a call forbids two-phase commit, so the \
             observer makes none",
        ),
        Hearing::Direct if database.watch => (Sign::Good, "on, over a direct connection"),
        Hearing::Direct => {
            (Sign::Plain, "possible: `watch: true` audits at once when the observer calls")
        }
        Hearing::Pooled(true) => (Sign::Good, "possible: a call came through the pooler"),
        Hearing::Pooled(false) => (
            bad,
            "not possible here: LISTEN hears nothing through a pooler in transaction mode; `watch` needs a \
             direct connection, or a pooler in session mode",
        ),
        Hearing::Replica => (bad, "not possible here: a read replica cannot be listened to"),
        Hearing::Untried(reason) => return (bad, format!("could not be tried: {reason}")),
    };
    (sign, text.to_owned())
}
