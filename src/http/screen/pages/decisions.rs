//! What only a person can decide, on the page of its incident: that a reset was meant, that a manifest is right
//! although it makes many databases drift, that a registry is right although it names fewer.
//!
//! Each is folded and says what it does: nobody should end an incident of this kind by a slip of the hand at
//! night. One is offered where the incident's own next steps name its command, so that page and message say the
//! same. The API does the same ([`resets`], [`manifests`], [`discoveries`]).

use axum::extract::State;
use axum::response::Response;
use maud::Markup;
use maud::html;

use super::acts::AUDIT_WAITED_MAX;
use super::forms::TEXT_CHARS_MAX;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::access::see;
use crate::http::body;
use crate::http::discoveries;
use crate::http::form::Form;
use crate::http::incidents::read_id;
use crate::http::manifests;
use crate::http::refusal::Refusal;
use crate::http::resets;
use crate::http::screen::marks;
use crate::http::segment::Segment;
use crate::incident::IncidentKind;
use crate::store::IncidentRow;

/// One decision: where its form goes, what it is called, and what it does.
struct Decision {
    /// What the step says that stands for it.
    command: &'static str,
    /// Of the path, before and behind the subject.
    path: [&'static str; 2],
    title: &'static str,
    button: &'static str,
    does: &'static str,
    /// Whether the trail wants to know why.
    reasoned: bool,
}

/// The decision that may end incidents of a kind; most kinds are ended by mending what is wrong.
fn decision(kind: IncidentKind) -> Option<Decision> {
    match kind {
        IncidentKind::Reset | IncidentKind::WrongDatabase => Some(Decision {
            command: "schemawarden accept-reset ",
            path: ["databases/", "/accept-reset"],
            title: "This was meant: accept what it holds now",
            button: "Accept the reset",
            does: "From now on what it holds, and which database it is, is what is known of it. What was lost \
                   is not told again. Where the manifest differs, that stays drift.",
            reasoned: true,
        }),
        IncidentKind::ManifestSuspect => Some(Decision {
            command: "schemawarden manifests release ",
            path: ["manifests/", "/release"],
            title: "The manifest is right: let its findings through",
            button: "Release the manifest",
            does: "What was held back counts, for every database that is held to it, and is told.",
            reasoned: false,
        }),
        IncidentKind::RegistryShrunk => Some(Decision {
            command: "schemawarden discover accept ",
            path: ["discoveries/", "/accept"],
            title: "The registry is right: let go what it no longer names",
            button: "Accept the registry",
            does: "The databases that are gone from it are no longer audited, and their incidents end.",
            reasoned: true,
        }),
        IncidentKind::Drift
        | IncidentKind::SameDatabase
        | IncidentKind::AuditFailing
        | IncidentKind::ServerUnreachable
        | IncidentKind::ChannelParked => None,
    }
}

/// The form of the decision that this incident waits for; nothing where it waits for none.
pub(super) fn form(root: &str, row: &IncidentRow, viewer: &Viewer) -> Markup {
    let incident = &row.incident;
    let steps = row.facts.iter().flat_map(|it| &it.next_steps);
    let is_asked = |it: &Decision| steps.clone().any(|step| step.contains(it.command));
    let Some(it) = decision(incident.kind).filter(is_asked) else { return html! {} };
    let [before, behind] = it.path;
    html! {
        details #decide {
            summary { (it.title) }
            form.fields method="post"
                action={ (root) (before) (marks::piece(&incident.subject)) (behind) } {
                (marks::proof(viewer))
                input type="hidden" name="incident" value=(incident.id);
                p { (it.does) }
                @if it.reasoned {
                    label { "Reason"
                        input #decide-reason type="text" name="reason" required
                            maxlength=(TEXT_CHARS_MAX) autocomplete="off";
                    }
                }
                div { button.grave type="submit" { (it.button) } }
            }
        }
    }
}

pub(super) async fn accept_reset(
    State(face): State<Face>,
    Segment(name): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let reason = reason(&form, "it stands in the trail, for whoever asks later")?;
    resets::take(&face, &name, &form.author, reason, AUDIT_WAITED_MAX).await?;
    back(&form, "reset_accepted")
}

pub(super) async fn release_manifest(
    State(face): State<Face>,
    Segment(name): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    manifests::let_through(&face, &name, &form.author).await?;
    back(&form, "manifest_released")
}

pub(super) async fn accept_registry(
    State(face): State<Face>,
    Segment(name): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let reason = reason(&form, "who retires databases says why")?;
    discoveries::take(&face, &name, &form.author, &reason).await?;
    back(&form, "registry_accepted")
}

fn reason(form: &Form, why: &str) -> Result<String, String> {
    let reason = form.text("reason").ok_or_else(|| format!("give a reason: {why}"))?;
    body::line("reason", reason)
}

/// To the page of the incident that the form stood on.
fn back(form: &Form, done: &str) -> Result<Response, Refusal> {
    let incident = form.text("incident").map(read_id).transpose()?;
    let page =
        incident.map_or_else(|| "incidents".to_owned(), |id| format!("incidents/{id}?done={done}"));
    Ok(see(&format!("../../{page}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::screen::pages::forms::is_done;
    use crate::http::screen::sample;

    #[test]
    fn a_decision_is_offered_where_one_is_waited_for() {
        let viewer = Viewer { name: None, operates: true, signed_in: true, proof: "p<".to_owned() };
        let drawn = |kind: IncidentKind, step: &str| {
            let mut row = sample::incident(7, kind, "a/b", "x");
            row.facts.as_mut().expect("it has some").next_steps = vec![step.to_owned()];
            form("../", &row, &viewer).into_string()
        };
        for kind in IncidentKind::ALL {
            let (command, target) = match kind {
                IncidentKind::Reset | IncidentKind::WrongDatabase => {
                    ("accept-reset", "databases/a%2Fb/accept-reset")
                }
                IncidentKind::ManifestSuspect => ("manifests release", "manifests/a%2Fb/release"),
                IncidentKind::RegistryShrunk => ("discover accept", "discoveries/a%2Fb/accept"),
                _ => {
                    assert!(decision(kind).is_none(), "{kind:?}");
                    continue;
                }
            };
            // A registry that cannot be read, a database without any expected table: nothing to accept.
            assert_eq!(drawn(kind, "schemawarden doctor a/b"), "", "{kind:?}");
            let drawn = drawn(kind, &format!("schemawarden {command} a/b --reason TEXT"));
            for part in [
                format!("action=\"../{target}\""),
                "name=\"proof\" value=\"p&lt;\"".to_owned(),
                "name=\"incident\" value=\"SW-7\"".to_owned(),
            ] {
                assert!(drawn.contains(&part), "{kind:?}: {part}: {drawn}");
            }
        }
        assert!(
            ["reset_accepted", "manifest_released", "registry_accepted"]
                .iter()
                .all(|it| is_done(it))
        );
    }
}
