//! What stands behind the `?` of a request: filters, a limit, a cursor. Which parameters a request takes
//! says the table ([`super::routes`]), and here the request is held to it: a parameter that is not known
//! or says nothing is an error, because a misspelt filter would answer with everything.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::extract::Request;
use axum::extract::State;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::IntoResponse as _;
use axum::response::Response;

use super::Face;
use super::body::spelled;
use super::refusal::Refusal;
use crate::nearest::hint;
use crate::nearest::nearest;

/// Rows of one answer, where the request says nothing.
pub(super) const ROWS: usize = 1000;
/// Rows of one answer, at most.
pub(super) const ROWS_MAX: usize = 10_000;
/// Values that a parameter which may be repeated takes.
const REPEATS_MAX: usize = 20;

/// The parameters that one operation takes.
#[derive(Clone, Debug, Default)]
pub(super) struct Known {
    /// Their names, in the order in which errors list them.
    pub(super) names: Vec<&'static str>,
    /// Those of them that may be there several times.
    pub(super) repeated: Vec<&'static str>,
}

/// The parameters of one request; all of them are known.
#[derive(Clone, Debug, Default)]
pub(super) struct Query(BTreeMap<String, Vec<String>>);

/// Reads the query of a request for its handler, or refuses it.
pub(super) async fn check(
    State(known): State<Arc<Known>>,
    mut request: Request,
    next: Next,
) -> Response {
    match Query::parse(pairs(request.uri().query()), &known) {
        Ok(query) => {
            request.extensions_mut().insert(query);
            next.run(request).await
        }
        Err(wrong) => Refusal::from(wrong).into_response(),
    }
}

/// The parameters of `a=b&c=d`.
fn pairs(query: Option<&str>) -> url::form_urlencoded::Parse<'_> {
    url::form_urlencoded::parse(query.unwrap_or("").as_bytes())
}

impl FromRequestParts<Face> for Query {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &Face) -> Result<Self, Refusal> {
        // Without `check` there is none, and nothing was given.
        Ok(parts.extensions.remove().unwrap_or_default())
    }
}

impl Query {
    /// Reads what a form of a page sends, where every field is one of `known`: what was left empty is
    /// not there.
    pub(super) fn read(query: Option<&str>, known: &[&'static str]) -> Result<Self, String> {
        let filled = pairs(query).filter(|(key, it)| !(it.is_empty() && known.contains(&&**key)));
        Self::parse(filled, &Known { names: known.to_vec(), repeated: Vec::new() })
    }

    /// Takes parameters of which every one is `known`, and there once unless it may be repeated.
    fn parse<'a>(
        pairs: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        known: &Known,
    ) -> Result<Self, String> {
        let mut values: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, value) in pairs {
            if !known.names.contains(&&*key) {
                let meant = match nearest(&key, known.names.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.names.is_empty() => "this request takes none".to_owned(),
                    None => format!("this request takes `{}`", known.names.join("`, `")),
                };
                return Err(format!("there is no parameter `{}`; {meant}", spelled(&key)));
            }
            if value.is_empty() {
                return Err(format!("`{key}` is empty: give it a value, or leave it out"));
            }
            let so_far = values.entry(key.to_string()).or_default();
            let max = if known.repeated.contains(&&*key) { REPEATS_MAX } else { 1 };
            if so_far.len() >= max {
                return Err(match max {
                    1 => format!("the parameter `{key}` is there twice"),
                    max => format!("the parameter `{key}` is there more than {max} times"),
                });
            }
            so_far.push(value.into_owned());
        }
        Ok(Self(values))
    }

    /// The value of a parameter.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.all(key).pop()
    }

    /// Every value of a parameter that may be repeated.
    pub(super) fn all(&mut self, key: &str) -> Vec<String> {
        self.0.remove(key).unwrap_or_default()
    }

    /// One of the words that `read` knows; `words` lists them for the error.
    pub(super) fn word<T>(
        &mut self,
        key: &str,
        words: &[&str],
        read: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, String> {
        let Some(word) = self.text(key) else { return Ok(None) };
        read(&word).map(Some).ok_or_else(|| {
            let hint = hint(&word, words.iter().copied());
            let list = words.join("`, `");
            format!("`{key}` takes `{list}`, not `{}`{hint}", spelled(&word))
        })
    }

    /// How many rows are asked for.
    pub(super) fn limit(&mut self) -> Result<usize, String> {
        let Some(text) = self.text("limit") else { return Ok(ROWS) };
        match text.parse() {
            Ok(limit) if (1..=ROWS_MAX).contains(&limit) => Ok(limit),
            _ => Err(format!(
                "`limit` takes a number from 1 to {ROWS_MAX}, not `{}`",
                spelled(&text)
            )),
        }
    }

    /// The row after which the page begins, as `read` reads it.
    pub(super) fn after<T>(
        &mut self,
        read: impl Fn(&str) -> Result<T, String>,
    ) -> Result<Option<T>, String> {
        self.text("after").map(|it| read(&it)).transpose()
    }

    /// Whether a switch is on: `1` or `true`.
    pub(super) fn switch(&mut self, key: &str) -> Result<bool, String> {
        match self.text(key).as_deref() {
            None | Some("0" | "false") => Ok(false),
            Some("1" | "true") => Ok(true),
            Some(other) => Err(format!("`{key}` takes 1 or 0, not `{}`", spelled(other))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(names: &[&'static str]) -> Known {
        Known { names: names.to_vec(), repeated: vec!["label"] }
    }

    #[test]
    fn parameters_are_read_strictly() {
        let known = known(&["state", "database", "limit", "all", "label"]);
        let takes = "this request takes `state`, `database`, `limit`, `all`, `label`";
        for (query, said) in [
            ("stat=open", "there is no parameter `stat`; did you mean `state`?".to_owned()),
            ("x=1", format!("there is no parameter `x`; {takes}")),
            ("state=open&state=resolved", "the parameter `state` is there twice".to_owned()),
            ("state=", "`state` is empty: give it a value, or leave it out".to_owned()),
            ("state", "`state` is empty: give it a value, or leave it out".to_owned()),
            ("%1b=1", format!("there is no parameter `\\x1b`; {takes}")),
            ("=1", format!("there is no parameter ``; {takes}")),
        ] {
            let refused = Query::parse(pairs(Some(query)), &known).unwrap_err();
            assert_eq!(refused, said, "{query}");
        }
        let many = "label=a%3Db&".repeat(REPEATS_MAX + 1);
        assert!(
            Query::parse(pairs(Some(&many)), &known).unwrap_err().contains("more than 20 times")
        );
        let none = Query::parse(pairs(Some("x=1")), &Known::default()).unwrap_err();
        assert_eq!(none, "there is no parameter `x`; this request takes none");

        let read = "database=a%20b&limit=5&all=1&label=a%3Db&label=c%3Dd";
        let mut query = Query::parse(pairs(Some(read)), &known).unwrap();
        assert_eq!(query.text("database").as_deref(), Some("a b"));
        assert_eq!(query.text("state"), None);
        assert_eq!(query.limit(), Ok(5));
        assert_eq!(query.switch("all"), Ok(true));
        assert_eq!(query.all("label"), ["a=b", "c=d"]);
        assert_eq!(query.limit(), Ok(ROWS));
    }

    #[test]
    fn a_form_may_leave_fields_empty() {
        let mut query =
            Query::read(Some("search=&verdict=clean&done"), &["search", "verdict", "done"])
                .unwrap();
        assert_eq!((query.text("search"), query.text("done")), (None, None));
        assert_eq!(query.text("verdict").as_deref(), Some("clean"));
        assert!(Query::read(Some("serch="), &["search"]).unwrap_err().contains("`search`?"));
    }

    #[test]
    fn limits_and_words_are_checked() {
        let known = known(&["limit", "state", "all"]);
        let read = |query| Query::parse(pairs(Some(query)), &known).unwrap();
        for query in ["limit=0", "limit=10001", "limit=-1", "limit=x"] {
            assert!(read(query).limit().unwrap_err().contains("1 to 10000"), "{query}");
        }
        let words = ["open", "resolved"];
        let known = |it: &str| words.contains(&it).then(|| it.to_owned());
        let error = read("state=opne").word("state", &words, known).unwrap_err();
        assert_eq!(error, "`state` takes `open`, `resolved`, not `opne`; did you mean `open`?");
        let taken = read("state=open").word("state", &words, known);
        assert_eq!(taken, Ok(Some("open".to_owned())));
        assert!(read("all=yes").switch("all").unwrap_err().contains("1 or 0"));
    }
}
