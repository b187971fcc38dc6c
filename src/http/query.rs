//! What stands behind the `?` of a list: filters and a limit. A key that is not known is an error: a
//! misspelt filter would answer with everything.

use std::collections::BTreeMap;

use super::body::spelled;
use crate::nearest::nearest;

/// Rows of one answer, where the request says nothing.
pub(super) const ROWS: usize = 1000;
/// Rows of one answer, at most.
pub(super) const ROWS_MAX: usize = 10_000;

/// The filters of one request.
#[derive(Debug)]
pub(super) struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads `a=b&c=d`, where every key is one of `known`, each once.
    pub(super) fn read(query: Option<&str>, known: &[&str]) -> Result<Self, String> {
        let mut values = BTreeMap::new();
        for (key, value) in url::form_urlencoded::parse(query.unwrap_or("").as_bytes()) {
            if !known.contains(&&*key) {
                let meant = match nearest(&key, known.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => "this request takes none".to_owned(),
                    None => format!("this list takes `{}`", known.join("`, `")),
                };
                return Err(format!("there is no filter `{}`; {meant}", spelled(&key)));
            }
            if values.insert(key.to_string(), value.into_owned()).is_some() {
                return Err(format!("the filter `{key}` is there twice"));
            }
        }
        Ok(Self(values))
    }

    /// The value of a filter; an empty one counts as not there.
    pub(super) fn text(&mut self, key: &str) -> Option<String> {
        self.0.remove(key).filter(|it| !it.is_empty())
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
            let hint = nearest(&word, words.iter().copied())
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
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

    #[test]
    fn filters_are_known_and_given_once() {
        let known = ["state", "database", "limit", "all"];
        for (query, said) in [
            ("sate=open", "there is no filter `sate`; did you mean `state`?"),
            ("x=1", "there is no filter `x`; this list takes `state`, `database`, `limit`, `all`"),
            ("state=open&state=resolved", "the filter `state` is there twice"),
            (
                "%1b=1",
                "there is no filter `\\x1b`; this list takes `state`, `database`, `limit`, `all`",
            ),
        ] {
            assert_eq!(Query::read(Some(query), &known).unwrap_err(), said, "{query}");
        }
        let mut query = Query::read(Some("database=a%20b&state=&limit=5&all=1"), &known).unwrap();
        assert_eq!(query.text("database").as_deref(), Some("a b"));
        assert_eq!(query.text("state"), None);
        assert_eq!(query.limit(), Ok(5));
        assert_eq!(query.switch("all"), Ok(true));
        assert_eq!(query.limit(), Ok(ROWS));
    }

    #[test]
    fn limits_and_words_are_checked() {
        let read = |query| Query::read(Some(query), &["limit", "state", "all"]).unwrap();
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
