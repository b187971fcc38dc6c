//! The forms by which a person acts: each is sent to [`super::acts`], and comes back to a page.
//!
//! Whoever may not act sees a link to sign in instead. Inputs have names that are unique on their page, so
//! that a redraw keeps what was typed.

use maud::Markup;
use maud::html;

use crate::http::access::Viewer;
use crate::http::screen::marks;
use crate::incident::Incident;
use crate::incident::IncidentState;

/// How long a silence may be said to last, and the words for that.
const LENGTHS: [(&str, &str); 7] = [
    ("30m", "30 minutes"),
    ("2h", "2 hours"),
    ("8h", "8 hours"),
    ("1d", "1 day"),
    ("3d", "3 days"),
    ("7d", "7 days"),
    ("30d", "30 days"),
];
/// What is chosen where nobody chooses.
const LENGTH: &str = "2h";
/// As a text of a person is limited where it is taken.
pub(super) const TEXT_CHARS_MAX: u32 = 500;

/// What was done, for the sentence on the page that a form comes back to. Words of a closed list: what
/// stands in an address is anybody's.
const DONE: [(&str, &str); 11] = [
    ("audited", "Audited just now."),
    ("asked", "The audit is under way; this page shows it when it has ended."),
    ("acknowledged", "Acknowledged: it is quiet until its findings grow."),
    ("released", "Released: it is told again as any other."),
    ("silenced", "The silence is in force."),
    ("ended", "The silence has ended."),
    ("retried", "It is tried again now."),
    ("reset_accepted", "Accepted: what it holds now is what is known of it."),
    ("manifest_released", "Released: what was held back counts, and its databases are audited."),
    ("registry_accepted", "Accepted: the databases that are gone from the registry retire."),
    ("nothing", "Nothing had to be done."),
];

/// Where whoever does not operate may change that.
pub(super) fn sign_in(root: &str, at: &str, viewer: &Viewer) -> Markup {
    html! {
        @if viewer.name.is_some() {
            p.muted { "Your token reads; one that operates may act here." }
        } @else {
            p { a.button href=(login(root, at)) { "Sign in to act" } }
        }
    }
}

/// The way to sign in, and back to `at`.
pub(in crate::http::screen) fn login(root: &str, at: &str) -> String {
    format!("{root}login?next={}", marks::piece(at))
}

/// What was done, where the address says so.
pub(super) fn done(word: Option<&str>) -> Markup {
    let said = DONE.iter().find(|(it, _)| Some(*it) == word).map(|(_, said)| *said);
    html! { @if let Some(said) = said { p.note.good role="status" { (said) } } }
}

/// Whether a word is one of those that [`done`] knows.
pub(super) fn is_done(word: &str) -> bool {
    DONE.iter().any(|(it, _)| *it == word)
}

/// Audits one database; the page comes back to `back`, a path from the first page.
pub(super) fn audit(root: &str, database: &str, back: &str, viewer: &Viewer) -> Markup {
    html! {
        form.act method="post" action={ (root) "databases/" (marks::piece(database)) "/audit" } {
            (marks::proof(viewer))
            input type="hidden" name="back" value=(back);
            button.main type="submit" { "Audit now" }
        }
    }
}

/// Acknowledge or release, whichever is possible; nothing for one that is over.
pub(super) fn handle(root: &str, it: &Incident, viewer: &Viewer) -> Markup {
    let id = it.id;
    html! {
        @match it.state {
            IncidentState::Open => {
                form.act method="post" action={ (root) "incidents/" (id) "/ack" } {
                    (marks::proof(viewer))
                    label { "Note (optional)"
                        input type="text" name="note" id={ "note-" (id) } maxlength=(TEXT_CHARS_MAX)
                            autocomplete="off";
                    }
                    button.main type="submit" { "Acknowledge " (id) }
                }
            }
            IncidentState::Acknowledged => {
                form.act method="post" action={ (root) "incidents/" (id) "/release" } {
                    (marks::proof(viewer))
                    button type="submit" { "Release " (id) }
                }
            }
            IncidentState::Resolved => {}
        }
    }
}

/// Silences one database; the page comes back to `back`, a path from the first page.
pub(super) fn silence(root: &str, database: &str, back: &str, viewer: &Viewer) -> Markup {
    html! {
        details #silence {
            summary { "Silence " (marks::name(database)) " for a while" }
            form.fields method="post" action={ (root) "silences" } {
                (marks::proof(viewer))
                input type="hidden" name="database" value=(database);
                input type="hidden" name="back" value=(back);
                (silence_fields())
                div { button.grave type="submit" { "Silence" } }
            }
        }
    }
}

/// Silences whatever is typed.
pub(super) fn silence_any(root: &str, viewer: &Viewer) -> Markup {
    html! {
        form.fields method="post" action={ (root) "silences" } {
            (marks::proof(viewer))
            input type="hidden" name="back" value="silences";
            label { "Databases (a name, or a pattern with * and ?)"
                input #silence-database type="text" name="database" required maxlength=(TEXT_CHARS_MAX)
                    autocomplete="off" spellcheck="false";
            }
            (silence_fields())
            div { button.grave type="submit" { "Silence" } }
        }
    }
}

fn silence_fields() -> Markup {
    html! {
        label { "Reason"
            input #silence-reason type="text" name="reason" required maxlength=(TEXT_CHARS_MAX)
                autocomplete="off";
        }
        label { "For"
            select #silence-for name="for" {
                @for (value, words) in LENGTHS {
                    option value=(value) selected[value == LENGTH] { (words) }
                }
            }
        }
        label { "Only findings about these tables (globs with spaces between them; empty: all)"
            input #silence-tables type="text" name="tables" maxlength=(TEXT_CHARS_MAX)
                autocomplete="off" spellcheck="false";
        }
    }
}

pub(super) fn expire(root: &str, silence: i64, viewer: &Viewer) -> Markup {
    html! {
        form.act method="post" action={ (root) "silences/" (silence) "/expire" } {
            (marks::proof(viewer))
            button type="submit" { "End silence " (silence) }
        }
    }
}

pub(super) fn retry_delivery(root: &str, id: &str, viewer: &Viewer) -> Markup {
    html! {
        form.act method="post" action={ (root) "deliveries/" (id) "/retry" } {
            (marks::proof(viewer))
            button.main type="submit" { "Retry" }
        }
    }
}

pub(super) fn retry_channel(root: &str, channel: &str, viewer: &Viewer) -> Markup {
    html! {
        form.act method="post" action={ (root) "channels/" (marks::piece(channel)) "/retry" } {
            (marks::proof(viewer))
            button.main type="submit" { "Retry channel " (marks::name(channel)) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::period;

    fn viewer() -> Viewer {
        Viewer {
            name: Some("alice".to_owned()),
            operates: true,
            signed_in: true,
            proof: "p<".into(),
        }
    }

    #[test]
    fn every_form_carries_the_proof_and_a_relative_target() {
        let all = html! {
            (audit("../", "central", "databases/central", &viewer()))
            (silence("../", "central", "databases/central", &viewer()))
            (silence_any("", &viewer()))
            (expire("", 3, &viewer()))
            (retry_delivery("../", "x", &viewer()))
            (retry_channel("", "ops", &viewer()))
        };
        let all = all.into_string();
        let forms = all.matches("<form").count();
        assert_eq!(forms, 6);
        assert_eq!(all.matches("name=\"proof\" value=\"p&lt;\"").count(), forms, "{all}");
        assert!(!all.contains("action=\"/"), "{all}");
        assert!(all.contains("action=\"../databases/central/audit\""), "{all}");
    }

    #[test]
    fn lengths_are_lengths_and_one_of_them_is_chosen() {
        assert!(LENGTHS.iter().all(|(it, _)| period(it).is_some()));
        let shown = silence_fields().into_string();
        assert_eq!(shown.matches(" selected").count(), 1, "{shown}");
    }

    #[test]
    fn only_known_words_are_said_to_be_done() {
        assert!(done(Some("audited")).into_string().contains("Audited just now."));
        assert_eq!(done(Some("<b>")).into_string(), "");
        assert_eq!(done(None).into_string(), "");
        assert!(is_done("audited") && !is_done("x"));
    }
}
