//! What a person does with an incident: takes it in hand, or lets go of it.

use jiff::Timestamp;

use super::Acknowledged;
use super::Incident;
use super::IncidentState;
use super::observe::resolve;
use super::transition::Change;
use super::transition::Reason;
use super::transition::Step;
use super::transition::Transition;

/// Takes an open incident in hand: it is quiet until its findings grow. `None` where it is not open.
#[must_use]
pub fn acknowledge(
    current: &Incident,
    by: &str,
    note: Option<&str>,
    now: Timestamp,
) -> Option<Change> {
    if current.state != IncidentState::Open {
        return None;
    }
    let by = Acknowledged { by: by.to_owned(), at: now, note: note.map(str::to_owned) };
    let state = IncidentState::Acknowledged;
    let incident = Incident { state, acknowledged: Some(by), ..current.clone() };
    let told = Transition::quiet(Step::Acknowledged, Reason::Acknowledged);
    Some(Change { incident, told: Some(told) })
}

/// Lets go of an acknowledged incident: it is open again. `None` where it is not acknowledged.
#[must_use]
pub fn release(current: &Incident) -> Option<Change> {
    if current.state != IncidentState::Acknowledged {
        return None;
    }
    let incident = Incident { state: IncidentState::Open, acknowledged: None, ..current.clone() };
    let told = Transition::quiet(Step::Released, Reason::Released);
    Some(Change { incident, told: Some(told) })
}

/// Ends an incident because a person takes what was found as known.
#[must_use]
pub fn accept_reset(current: &Incident, now: Timestamp) -> Incident {
    resolve(current, Reason::ResetAccepted, now).incident
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::incident::IncidentId;
    use crate::incident::IncidentKind;

    #[test]
    fn only_what_is_open_can_be_taken_and_only_what_is_taken_be_let_go() {
        let at = Timestamp::from_second(1_750_000_000).unwrap();
        let open = Incident {
            id: IncidentId(1042),
            kind: IncidentKind::Drift,
            subject: "central".to_owned(),
            state: IncidentState::Open,
            opened_at: at,
            changed_at: at,
            resolved_at: None,
            fingerprints: vec!["a".to_owned()],
            flapping: false,
            clean_since: None,
            gone: BTreeMap::new(),
            acknowledged: None,
        };
        let taken = acknowledge(&open, "alice", Some("on it"), at).unwrap();
        assert!(taken.told.is_some_and(|it| it.quiet && it.step == Step::Acknowledged));
        let taken = taken.incident;
        let by = taken.acknowledged.clone().unwrap();
        assert_eq!((by.by.as_str(), by.at, by.note.as_deref()), ("alice", at, Some("on it")));
        assert_eq!(acknowledge(&taken, "bob", None, at), None);
        let free = release(&taken).unwrap();
        assert!(free.told.is_some_and(|it| it.quiet && it.step == Step::Released));
        assert_eq!(free.incident, open);
        assert_eq!(release(&open), None);
        let over = Incident { state: IncidentState::Resolved, ..open };
        assert_eq!((acknowledge(&over, "alice", None, at), release(&over)), (None, None));
    }
}
