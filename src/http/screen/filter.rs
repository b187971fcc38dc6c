//! What stands behind the `?` of the fleet page: a search, a standing, and what to group by. All of it
//! works without the script, so all of it is decided here.

use std::borrow::Cow;

use super::roll::Entry;
use super::truth::Standing;
use crate::http::query::Query;

/// The longest search; beyond it nothing is called so.
const SEARCH_CHARS_MAX: usize = 200;
/// What the group is called of databases that have no such label.
const NO_LABEL: &str = "no such label";

/// What the databases are grouped by.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum By {
    #[default]
    Manifest,
    Server,
    Label(String),
}

impl By {
    /// `manifest`, `server` or `label:KEY`.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        match word {
            "manifest" => Some(Self::Manifest),
            "server" => Some(Self::Server),
            other => {
                let key = other.strip_prefix("label:").map(str::trim)?;
                (!key.is_empty()).then(|| Self::Label(key.to_owned()))
            }
        }
    }

    pub(super) fn word(&self) -> String {
        match self {
            Self::Manifest => "manifest".to_owned(),
            Self::Server => "server".to_owned(),
            Self::Label(key) => format!("label:{key}"),
        }
    }

    /// The group of a database.
    pub(super) fn group<'a>(&self, it: &'a Entry) -> &'a str {
        match self {
            Self::Manifest => &it.database.manifest.name,
            Self::Server => &it.server,
            Self::Label(key) => it.database.labels.get(key).map_or(NO_LABEL, String::as_str),
        }
    }
}

/// Which standings are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shown {
    /// All that are not clean.
    NotClean,
    Only(Standing),
}

impl Shown {
    /// The words of the filter.
    pub(super) fn words() -> Vec<&'static str> {
        let mut words = vec!["not_clean"];
        words.extend(Standing::ALL.map(Standing::word));
        words
    }

    fn from_word(word: &str) -> Option<Self> {
        if word == "not_clean" {
            return Some(Self::NotClean);
        }
        Standing::ALL.into_iter().find(|it| it.word() == word).map(Self::Only)
    }

    pub(super) fn takes(self, standing: Standing) -> bool {
        match self {
            Self::NotClean => standing != Standing::Clean,
            Self::Only(only) => standing == only,
        }
    }

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::NotClean => "not_clean",
            Self::Only(standing) => standing.word(),
        }
    }
}

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Filter {
    /// As it was typed.
    pub(super) search: String,
    pub(super) shown: Option<Shown>,
    pub(super) by: By,
}

impl Filter {
    /// Reads `search=…&verdict=…&by=…&label=…`; `label` is a key that was typed, and goes before `by`.
    pub(super) fn read(query: Option<&str>) -> Result<Self, String> {
        let mut query = Query::read(query, &["search", "verdict", "by", "label"])?;
        let search = query.text("search").unwrap_or_default().trim().to_owned();
        if search.chars().count() > SEARCH_CHARS_MAX {
            return Err(format!("`search` is longer than {SEARCH_CHARS_MAX} characters"));
        }
        let shown = query.word("verdict", &Shown::words(), Shown::from_word)?;
        let by = query.word("by", &["manifest", "server", "label:KEY"], By::from_word)?;
        let label = query.text("label").map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
        let by = label.map(By::Label).or(by).unwrap_or_default();
        Ok(Self { search, shown, by })
    }

    /// Whether something is left out.
    pub(super) fn narrows(&self) -> bool {
        !self.search.is_empty() || self.shown.is_some()
    }

    /// The same as a query of the address; empty where it asks for nothing.
    pub(super) fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        if !self.search.is_empty() {
            query.append_pair("search", &self.search);
        }
        if let Some(shown) = self.shown {
            query.append_pair("verdict", shown.word());
        }
        if self.by != By::default() {
            query.append_pair("by", &self.by.word());
        }
        query.finish()
    }

    /// Asks for each database whether it is meant.
    pub(super) fn matcher(&self) -> impl Fn(&Entry, Standing) -> bool + use<> {
        // Every word has to be found, in any order.
        let words: Vec<String> =
            self.search.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let shown = self.shown;
        move |it, standing| {
            shown.is_none_or(|it| it.takes(standing))
                && words.iter().all(|word| it.find.contains(word.as_str()))
        }
    }

    /// What is left out, in words.
    pub(super) fn said(&self) -> Cow<'static, str> {
        match self.shown {
            None => Cow::Borrowed(""),
            Some(Shown::NotClean) => Cow::Borrowed("not clean"),
            Some(Shown::Only(standing)) => Cow::Borrowed(standing.said()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_read_and_written_back() {
        for (query, want) in [
            (None, Filter::default()),
            (Some("search=&verdict=&by=&label="), Filter::default()),
            (
                Some("search=+Shop+eu&verdict=drifted&by=server"),
                Filter {
                    search: "Shop eu".to_owned(),
                    shown: Some(Shown::Only(Standing::Drifted)),
                    by: By::Server,
                },
            ),
            (
                Some("by=label%3Ateam&verdict=not_clean"),
                Filter {
                    shown: Some(Shown::NotClean),
                    by: By::Label("team".to_owned()),
                    ..Filter::default()
                },
            ),
            (
                Some("by=server&label=region"),
                Filter { by: By::Label("region".to_owned()), ..Filter::default() },
            ),
        ] {
            let filter = Filter::read(query).unwrap();
            assert_eq!(filter, want, "{query:?}");
            assert_eq!(Filter::read(Some(&filter.query())).unwrap(), want, "{query:?}");
        }
        assert_eq!(Filter::default().query(), "");
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (query, said) in [
            ("verdict=driftd", "did you mean `drifted`?"),
            ("by=color", "`by` takes `manifest`, `server`, `label:KEY`"),
            ("by=label:", "`by` takes"),
            ("serach=x", "did you mean `search`?"),
        ] {
            let error = Filter::read(Some(query)).unwrap_err();
            assert!(error.contains(said), "{query}: {error}");
        }
        let long = format!("search={}", "x".repeat(SEARCH_CHARS_MAX + 1));
        assert!(Filter::read(Some(&long)).unwrap_err().contains("longer"));
    }
}
