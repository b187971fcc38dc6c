//! The body of a request, key by key, and strictly: a key that is not known is an error that names the
//! nearest one, because a misspelt `ends_at` must not become a silence without an end.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde_json::Map;
use serde_json::Value;

use crate::config::period;
use crate::nearest::nearest;
use crate::schema::visible;

/// The longest text that a person gives with what they do: a reason, a note, a ref.
const TEXT_CHARS_MAX: usize = 500;
/// Names listed in one body.
const NAMES_MAX: usize = 10_000;

/// The keys of a JSON object that nobody has taken yet.
#[derive(Debug)]
pub(super) struct Body(Map<String, Value>);

impl Body {
    /// Reads a JSON object; nothing at all counts as an empty one.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice::<Object>(bytes) {
            Ok(object) => Ok(Self(object.0)),
            Err(error) => {
                Err(format!("the body is not a JSON object: {}", spelled(&error.to_string())))
            }
        }
    }

    /// Refuses every key but these.
    pub(super) fn only(&self, known: &[&str]) -> Result<(), String> {
        let Some(unknown) = self.0.keys().find(|it| !known.contains(&it.as_str())) else {
            return Ok(());
        };
        let meant = match nearest(unknown, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "this request takes none".to_owned(),
            None => format!("this request takes `{}`", known.join("`, `")),
        };
        Err(format!("there is no key `{}`; {meant}", spelled(unknown)))
    }

    /// The value of a key; null counts as not there.
    pub(super) fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key).filter(|it| !it.is_null())
    }

    /// A line of text, not empty.
    pub(super) fn text(&mut self, key: &str) -> Result<Option<String>, String> {
        match self.take(key) {
            None => Ok(None),
            Some(Value::String(text)) => line(key, &text).map(Some),
            Some(_) => Err(format!("`{key}` has to be a text")),
        }
    }

    /// A line of text that has to be there; `why` says what it is for.
    pub(super) fn needed(&mut self, key: &str, why: &str) -> Result<String, String> {
        self.text(key)?.ok_or_else(|| format!("`{key}` is missing: {why}"))
    }

    /// Yes or no; not there is no.
    pub(super) fn flag(&mut self, key: &str) -> Result<bool, String> {
        match self.take(key) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(format!("`{key}` has to be true or false")),
        }
    }

    /// A list of names, each once, in order.
    pub(super) fn names(&mut self, key: &str) -> Result<Option<Vec<String>>, String> {
        let Some(value) = self.take(key) else { return Ok(None) };
        let list = serde_json::from_value::<Vec<String>>(value)
            .map_err(|_| format!("`{key}` has to be a list of names"))?;
        if list.is_empty() || list.len() > NAMES_MAX {
            return Err(format!("`{key}` has to hold 1 to {NAMES_MAX} names"));
        }
        let mut names: Vec<String> = Vec::with_capacity(list.len());
        let mut seen = std::collections::HashSet::new();
        for name in list {
            if seen.insert(name.clone()) {
                names.push(name);
            }
        }
        Ok(Some(names))
    }

    /// When something ends: `for`, a length of time from now, or `until`, an instant; exactly one of
    /// them, and not in the past.
    pub(super) fn end(&mut self, until: &str, now: Timestamp) -> Result<Timestamp, String> {
        let end = match (self.text("for")?, self.text(until)?) {
            (Some(length), None) => after(&length, now)?,
            (None, Some(at)) => at.parse::<Timestamp>().map_err(|_| {
                format!("`{until}`: `{}` is not an instant like 2026-12-01T18:00:00Z", spelled(&at))
            })?,
            (Some(_), Some(_)) => return Err(format!("give `for` or `{until}`, not both")),
            (None, None) => {
                return Err(format!(
                    "it needs an end: `for` (30m, 2h) or `{until}` (2026-12-01T18:00:00Z)"
                ));
            }
        };
        if end <= now {
            return Err(format!("it would end at {end}, which is in the past"));
        }
        Ok(end)
    }
}

/// `now` and a length of time with a unit.
pub(super) fn after(length: &str, now: Timestamp) -> Result<Timestamp, String> {
    let wrong = || {
        format!("`for`: `{}` is not a length of time with a unit, like 30m or 2h", spelled(length))
    };
    let length: Duration = period(length).ok_or_else(wrong)?;
    if length.is_zero() {
        return Err("`for` has to be longer than nothing".to_owned());
    }
    now.checked_add(length).map_err(|_| wrong())
}

/// One line for people, without anything that could act where it is shown.
pub(super) fn line(key: &str, text: &str) -> Result<String, String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(format!("`{key}` is empty"));
    }
    if text.chars().count() > TEXT_CHARS_MAX {
        return Err(format!("`{key}` is longer than {TEXT_CHARS_MAX} characters"));
    }
    // A backslash is doubled by the spelling and harmless.
    if visible(text.as_bytes()) != text.replace('\\', "\\\\") {
        return Err(format!(
            "`{key}` holds a line break, a control character or an invisible one: `{}`",
            visible(text.as_bytes())
        ));
    }
    Ok(text.to_owned())
}

/// A text of the request inside an error.
pub(super) fn spelled(text: &str) -> String {
    let short: String = text.chars().take(100).collect();
    visible(short.as_bytes())
}

/// A JSON object whose keys are unique: of two equal ones, one would be silently dropped.
struct Object(Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut object = Map::new();
                while let Some((key, value)) = map.next_entry::<String, Value>()? {
                    if object.insert(key.clone(), value).is_some() {
                        return Err(A::Error::custom(format_args!(
                            "the key `{key}` is there twice"
                        )));
                    }
                }
                Ok(Object(object))
            }
        }

        deserializer.deserialize_map(Keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-11-24T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_body_is_one_object_with_unique_keys() {
        for (text, said) in [
            ("[]", "not a JSON object"),
            ("\"x\"", "not a JSON object"),
            ("{", "not a JSON object"),
            ("{} {}", "not a JSON object"),
            ("{\"note\": 1, \"note\": 2}", "the key `note` is there twice"),
            ("\u{feff}{}", "not a JSON object"),
        ] {
            let error = Body::read(text.as_bytes()).unwrap_err();
            assert!(error.contains(said), "{text}: {error}");
        }
        for text in ["", " \n", "{}", " {} "] {
            assert!(Body::read(text.as_bytes()).unwrap().0.is_empty(), "{text:?}");
        }
        Body::read(b"\xff").unwrap_err();
    }

    #[test]
    fn an_unknown_key_names_the_nearest() {
        let body = Body::read(b"{\"reson\": \"x\"}").unwrap();
        let known = ["reason", "for", "ends_at"];
        assert_eq!(
            body.only(&known).unwrap_err(),
            "there is no key `reson`; did you mean `reason`?"
        );
        let body = Body::read(b"{\"\\u001b[2J\": 1}").unwrap();
        let error = body.only(&known).unwrap_err();
        assert_eq!(
            error,
            "there is no key `\\x1b[2J`; this request takes `reason`, `for`, `ends_at`"
        );
        assert!(body.only(&[]).unwrap_err().ends_with("this request takes none"));
    }

    #[test]
    fn a_text_is_one_harmless_line() {
        let take = |json: &str| Body::read(json.as_bytes()).unwrap().text("note");
        assert_eq!(take("{\"note\": \" on it, C:\\\\x ü \"}").unwrap().unwrap(), "on it, C:\\x ü");
        assert_eq!(take("{\"note\": null}").unwrap(), None);
        for (json, said) in [
            ("{\"note\": \"\"}", "is empty"),
            ("{\"note\": \" \"}", "is empty"),
            ("{\"note\": 5}", "has to be a text"),
            ("{\"note\": \"a\\nb\"}", "line break"),
            ("{\"note\": \"\\u001b[2J\"}", "control character"),
            ("{\"note\": \"\\u202eabc\"}", "invisible"),
        ] {
            let error = take(json).unwrap_err();
            assert!(error.contains(said), "{json}: {error}");
        }
        let long = format!("{{\"note\": \"{}\"}}", "x".repeat(TEXT_CHARS_MAX + 1));
        assert!(take(&long).unwrap_err().contains("longer than 500"));
    }

    #[test]
    fn an_end_is_given_once_and_lies_ahead() {
        let end = |json: &str| Body::read(json.as_bytes()).unwrap().end("ends_at", now());
        for (json, want) in [
            ("{\"for\": \"30m\"}", "2026-11-24T12:30:00Z"),
            ("{\"for\": \"1h30m\"}", "2026-11-24T13:30:00Z"),
            ("{\"ends_at\": \"2026-11-24T14:00:00+01:00\"}", "2026-11-24T13:00:00Z"),
        ] {
            assert_eq!(end(json).unwrap().to_string(), want, "{json}");
        }
        for (json, said) in [
            ("{}", "it needs an end"),
            ("{\"for\": \"30\"}", "with a unit"),
            ("{\"for\": 30}", "has to be a text"),
            ("{\"for\": \"0s\"}", "longer than nothing"),
            ("{\"for\": \"99999999w\"}", "with a unit"),
            ("{\"ends_at\": \"tomorrow\"}", "not an instant"),
            ("{\"ends_at\": \"2026-11-24T11:59:59Z\"}", "in the past"),
            ("{\"for\": \"1h\", \"ends_at\": \"2026-12-01T00:00:00Z\"}", "not both"),
        ] {
            let error = end(json).unwrap_err();
            assert!(error.contains(said), "{json}: {error}");
        }
    }

    #[test]
    fn names_are_a_list_without_repetition() {
        let names = |json: &str| Body::read(json.as_bytes()).unwrap().names("databases");
        let want = vec!["a".to_owned(), "b".to_owned()];
        assert_eq!(names("{\"databases\": [\"a\", \"b\", \"a\"]}").unwrap(), Some(want));
        for json in ["{\"databases\": []}", "{\"databases\": \"a\"}", "{\"databases\": [1]}"] {
            names(json).unwrap_err();
        }
    }
}
