//! A form that a page of ours sent: who sends it, and what stands in it.
//!
//! A browser sends its session along with whatever any page makes it send. So three things have to be right
//! beside it: the origin that the browser names, the kind of body, and a proof that only a page of ours holds.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::extract::FromRequest;
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::StatusCode;
use axum::http::header;
use percent_encoding::percent_decode_str;

use super::Face;
use super::access::Caller;
use super::access::ProofKey;
use super::asked;
use super::origin;
use super::refusal::Refusal;
use super::session;

/// How large a form may be. A reason and a few patterns are far below.
pub(super) const FORM_BYTES_MAX: usize = 64 * 1024;
/// How long a client may take to send one.
pub(super) const FORM_MAX: Duration = Duration::from_secs(10);
/// Fields of one form.
const FIELDS_MAX: usize = 100;
/// The hidden field.
const PROOF: &str = "proof";

/// The fields of one form, from somebody who may operate.
pub(super) struct Form {
    /// The name of the token or user.
    pub(super) author: String,
    fields: BTreeMap<String, String>,
}

impl Form {
    /// What stands in a field, without white space around it; `None` where that is nothing.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).map(|it| it.trim()).filter(|it| !it.is_empty())
    }
}

impl FromRequest<Face> for Form {
    type Rejection = Refusal;

    async fn from_request(request: Request, face: &Face) -> Result<Self, Refusal> {
        let caller = request.extensions().get::<Caller>().cloned();
        let author = caller.unwrap_or_else(Caller::nobody).operator()?.to_owned();
        let fields = proven(request, face).await?;
        Ok(Self { author, fields })
    }
}

/// The fields of a form that a page of ours sent, shown to whoever sends it now.
pub(super) async fn proven(
    request: Request,
    face: &Face,
) -> Result<BTreeMap<String, String>, Refusal> {
    let key = request.extensions().get::<ProofKey>().copied();
    let fields = fields(request, face, FORM_BYTES_MAX, FORM_MAX).await?;
    let proof = fields.get(PROOF).map_or("", String::as_str);
    if key.is_some_and(|it| session::is_proof(&it.0, proof)) {
        return Ok(fields);
    }
    let detail = "the form carries no proof that a page of ours was shown to you; reload the page and send \
                  it once more";
    Err(Refusal::new(StatusCode::FORBIDDEN, detail))
}

/// The fields of a form of our own origin.
pub(super) async fn fields(
    request: Request,
    face: &Face,
    most: usize,
    time: Duration,
) -> Result<BTreeMap<String, String>, Refusal> {
    let (head, body) = request.into_parts();
    let ours = origin::Ours::of(&face.config.borrow());
    if !ours.sent(&head.uri, &head.headers) {
        return Err(origin::elsewhere());
    }
    if !is_form(&head.headers) {
        let detail = "the body has to be a form: `Content-Type: application/x-www-form-urlencoded`";
        return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail));
    }
    let bytes = asked::whole(&head.headers, body, most, time).await?;
    Ok(read(&bytes)?)
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or("");
    let kind = kind.split(';').next().unwrap_or("").trim();
    kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

/// Each field once, in UTF-8, without what acts on a terminal or ends a text early.
fn read(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let mut fields = BTreeMap::new();
    let text = str::from_utf8(bytes).map_err(|_| "the form is not UTF-8".to_owned())?;
    for pair in text.split('&').filter(|it| !it.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decoded(name)?, decoded(value)?);
        if fields.len() == FIELDS_MAX {
            return Err(format!("the form has more than {FIELDS_MAX} fields"));
        }
        let shown = crate::schema::visible(name.as_bytes());
        if fields.insert(name, value).is_some() {
            return Err(format!("the form has the field `{shown}` twice"));
        }
    }
    Ok(fields)
}

fn decoded(text: &str) -> Result<String, String> {
    let spaced = text.replace('+', " ");
    let text = percent_decode_str(&spaced)
        .decode_utf8()
        .map_err(|_| "the form is not UTF-8".to_owned())?
        .into_owned();
    let acts = |it: char| it.is_control() && !matches!(it, '\n' | '\r' | '\t');
    if text.contains(acts) {
        return Err("the form holds a control character".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_once_and_as_text() {
        let read = |text: &str| read(text.as_bytes());
        let fields = read("a=1&b=x+y%2Bz&c=&d&e=%C3%A4%0D%0A&&").unwrap();
        let want = [("a", "1"), ("b", "x y+z"), ("c", ""), ("d", ""), ("e", "ä\r\n")];
        let want: BTreeMap<_, _> =
            want.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
        assert_eq!(fields, want);
        for (text, why) in [
            ("a=1&a=2", "`a` twice"),
            ("a=1&%61=2", "`a` twice"),
            ("a=%ff", "UTF-8"),
            ("a=%00", "control"),
            ("a=%1b[2J", "control"),
            ("%1b=1&%1b=2", "control"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
        let many: Vec<_> = (0..=FIELDS_MAX).map(|it| format!("f{it}=")).collect();
        assert!(read(&many.join("&")).unwrap_err().contains("more than"));
    }

    #[test]
    fn a_field_of_white_space_is_none() {
        let fields = read(b"a=+%0A&b=+x+").unwrap();
        let form = Form { author: String::new(), fields };
        assert_eq!((form.text("a"), form.text("b"), form.text("c")), (None, Some("x"), None));
    }
}
