//! What the forms of the pages do: the same as the API, said by a [`Form`], and answered by the way back to
//! the page that the form came from, which shows what it did. Locations are relative, so that they hold behind
//! a proxy that serves us below a path of its own.

use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde_json::json;

use crate::http::Face;
use crate::http::access::see;
use crate::http::body;
use crate::http::databases::ask_audit;
use crate::http::deliveries;
use crate::http::form::Form;
use crate::http::incidents;
use crate::http::refusal::Refusal;
use crate::http::segment::Segment;
use crate::http::silences;
use crate::silence as rule;
use crate::store::Retry;

/// How long an audit is waited for. A person looks at a page that loads for so long without wondering.
pub(super) const AUDIT_WAITED_MAX: Duration = Duration::from_secs(5);
/// Globs of tables in one form.
const TABLES_MAX: usize = 100;
/// Characters of a path to come back to.
const BACK_MAX: usize = 300;

pub(super) async fn audit(
    State(face): State<Face>,
    Segment(name): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let audited = ask_audit(&face, &name, &form.author, AUDIT_WAITED_MAX).await?;
    let done = if audited.is_some() { "audited" } else { "asked" };
    let back = form.text("back").filter(|it| is_page(it));
    Ok(see(&match back {
        Some(page) => format!("../../{page}?done={done}"),
        None => format!("../{name}?done={done}"),
    }))
}

pub(super) async fn acknowledge(
    State(face): State<Face>,
    Segment(id): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let id = incidents::read_id(&id)?;
    let note = form.text("note").map(|it| body::line("note", it)).transpose()?;
    let handled = face.store.acknowledge(id, form.author, note, face.clock.now()).await?;
    let done = if incidents::settled(id, &handled)? { "acknowledged" } else { "nothing" };
    Ok(see(&format!("../{id}?done={done}")))
}

pub(super) async fn release(
    State(face): State<Face>,
    Segment(id): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let id = incidents::read_id(&id)?;
    let handled = face.store.release_incident(id, form.author, face.clock.now()).await?;
    let done = if incidents::settled(id, &handled)? { "released" } else { "nothing" };
    Ok(see(&format!("../{id}?done={done}")))
}

pub(super) async fn silence(State(face): State<Face>, form: Form) -> Result<Response, Refusal> {
    let database = form.text("database").ok_or_else(|| {
        "name what to silence: a database, or a pattern of names such as `sco*`".to_owned()
    })?;
    let mut what = json!({ "database": [database] });
    if let Some(tables) = form.text("tables") {
        what["table"] = globs(tables)?.into();
    }
    let (matcher, tables) = rule::from_json(&what)?;
    let reason = form.text("reason").ok_or_else(|| {
        "give a reason: a mute without one is a mute that nobody lifts".to_owned()
    })?;
    let reason = body::line("reason", reason)?;
    let now = face.clock.now();
    let length = form.text("for").ok_or_else(|| "say for how long, like 30m or 2h".to_owned())?;
    let ends_at = body::after(length, now)?;
    let destination = form.text("back").filter(|it| is_page(it)).unwrap_or("silences").to_owned();
    silences::keep(&face, (matcher, tables), reason, form.author, ends_at).await?;
    Ok(see(&format!("{destination}?done=silenced")))
}

pub(super) async fn expire(
    State(face): State<Face>,
    Segment(id): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    silences::end(&face, &id, &form.author).await?;
    Ok(see("../../silences?done=ended"))
}

pub(super) async fn retry_delivery(
    State(face): State<Face>,
    Segment(id): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let id = deliveries::read_id(&id)?;
    let done = retry(&face, Retry::Delivery(id), &form).await?;
    Ok(see(&format!("../{id}?done={done}")))
}

pub(super) async fn retry_channel(
    State(face): State<Face>,
    Segment(name): Segment,
    form: Form,
) -> Result<Response, Refusal> {
    let done = retry(&face, Retry::Channel(name), &form).await?;
    Ok(see(&format!("../../deliveries?done={done}")))
}

async fn retry(face: &Face, what: Retry, form: &Form) -> Result<&'static str, Refusal> {
    let due = deliveries::push(face, what, &form.author).await?;
    Ok(if due > 0 { "retried" } else { "nothing" })
}

/// The globs of a line: at white space, but for what stands in quotes.
fn globs(text: &str) -> Result<Vec<String>, String> {
    let mut globs: Vec<String> = Vec::new();
    let (mut inside, mut quoted) = (false, false);
    for c in text.chars() {
        quoted ^= c == '"';
        if c.is_whitespace() && !quoted {
            inside = false;
            continue;
        }
        if !inside {
            globs.push(String::new());
            inside = true;
        }
        globs.last_mut().expect("one was begun").push(c);
    }
    if globs.len() > TABLES_MAX {
        return Err(format!("{} tables; at most {TABLES_MAX} in one silence", globs.len()));
    }
    Ok(globs)
}

/// Whether a text is the path of a page of ours, from the first page, and leads nowhere else.
fn is_page(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/".contains(c);
    let pieces = || text.split('/');
    text.len() <= BACK_MAX
        && text.chars().all(plain)
        && pieces().all(|it| !it.is_empty() && it != "." && it != "..")
        && pieces().next().is_some_and(|it| ["silences", "databases", "incidents"].contains(&it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_stand_apart_and_quotes_hold_them_together() {
        for (text, want) in [
            ("tmp_*", vec!["tmp_*"]),
            (" tmp_*\t billing.x ", vec!["tmp_*", "billing.x"]),
            ("\"a b\".\"c\" d", vec!["\"a b\".\"c\"", "d"]),
            ("\"never closed x", vec!["\"never closed x"]),
        ] {
            assert_eq!(globs(text).unwrap(), want, "{text}");
        }
        assert!(globs(&"x ".repeat(TABLES_MAX + 1)).unwrap_err().contains("at most"));
    }

    #[test]
    fn a_form_comes_back_to_a_page_of_ours_and_nowhere_else() {
        for (text, is) in [
            ("silences", true),
            ("databases/central", true),
            ("incidents/SW-1042", true),
            ("", false),
            ("/silences", false),
            ("//evil.example", false),
            ("https://evil.example", false),
            ("databases//evil.example", false),
            ("databases/../login", false),
            ("databases/x?y", false),
            ("databases/x\r\nX: y", false),
            ("login", false),
        ] {
            assert_eq!(is_page(text), is, "{text:?}");
        }
    }
}
