//! Which databases a list is asked for.
//!
//! A manifest or a label that no registered database has is an error, and so is a monitor
//! (`fail_on`) of nothing: under a misspelt filter everything would be fine for ever.

use crate::config::Config;
use crate::config::Database;
use crate::http::body::spelled;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::nearest::nearest;
use crate::report::Verdict;

/// What a list is narrowed to, and what makes it fail.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    manifest: Option<String>,
    /// Labels and their values; all of them have to be there.
    labels: Vec<(String, String)>,
    /// In lower case, a part of the name.
    search: Option<String>,
    pub(super) verdict: Option<Verdict>,
    pub(super) fail_on: Vec<Verdict>,
}

impl Wanted {
    pub(super) fn read(query: &mut Query) -> Result<Self, String> {
        let all = [Verdict::Clean, Verdict::Drifted, Verdict::Unknown];
        let words = all.map(Verdict::word);
        let read = |word: &str| all.into_iter().find(|it| it.word() == word);
        let label = |it: String| match it.split_once('=') {
            Some((label, value)) if !label.is_empty() => Ok((label.to_owned(), value.to_owned())),
            _ => Err(format!(
                "`label` takes a label and its value, like `team=red`, not `{}`",
                spelled(&it)
            )),
        };
        Ok(Self {
            manifest: query.text("manifest"),
            labels: query.all("label").into_iter().map(label).collect::<Result<_, _>>()?,
            search: query.text("search").map(|it| it.to_lowercase()),
            verdict: query.word("verdict", &words, read)?,
            fail_on: fail_on(query)?,
        })
    }

    /// The registered databases that fit, whatever their verdict, by name.
    pub(super) fn among<'a>(&self, config: &'a Config) -> Result<Vec<&'a Database>, Refusal> {
        if let Some(name) = self.manifest.as_ref().filter(|it| !config.manifests.contains_key(*it))
        {
            let hint = nearest(name, config.manifests.keys().map(String::as_str))
                .map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            let detail = format!("there is no manifest `{}`{hint}", spelled(name));
            return Err(Refusal::missing(detail));
        }
        let all = || config.databases.iter().map(|it| &**it);
        let has =
            |it: &Database, (label, value): &(String, String)| it.labels.get(label) == Some(value);
        if let Some(label) = self.labels.iter().find(|label| !all().any(|it| has(it, label))) {
            let label = spelled(&format!("{}={}", label.0, label.1));
            let detail = format!("no registered database has the label {label}");
            return Err(Refusal::missing(detail));
        }
        let mut fits: Vec<&Database> = all()
            .filter(|it| {
                self.manifest.as_ref().is_none_or(|wanted| it.manifest.name == *wanted)
                    && self.labels.iter().all(|label| has(it, label))
                    && self.search.as_ref().is_none_or(|part| it.name.to_lowercase().contains(part))
            })
            .collect();
        if fits.is_empty() && !self.fail_on.is_empty() {
            let detail = "no registered database fits: there is nothing that could fail";
            return Err(Refusal::missing(detail));
        }
        fits.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(fits)
    }
}

/// The verdicts that make an answer fail: `drift`, `unknown`, or both with a comma.
pub(super) fn fail_on(query: &mut Query) -> Result<Vec<Verdict>, String> {
    let Some(words) = query.text("fail_on") else { return Ok(Vec::new()) };
    let read = |word: &str| match word {
        "drift" | "drifted" => Ok(Verdict::Drifted),
        "unknown" => Ok(Verdict::Unknown),
        other => Err(format!(
            "`fail_on` takes `drift`, `unknown` or both with a comma, not `{}`",
            spelled(other)
        )),
    };
    words.split(',').map(read).collect()
}

#[cfg(test)]
mod tests {
    use axum::http::StatusCode;

    use super::*;
    use crate::clock::Clock;
    use crate::config;

    const CONFIG: &str = "databases:\n  \
        - { name: sco, url: \"host=/tmp\", manifest: orchestra, labels: { team: red, tier: a=b } }\n  \
        - { name: central, url: \"host=/tmp\", manifest: central }\n  \
        - { name: bso, url: \"host=/tmp\", manifest: orchestra, labels: { team: red } }\n";

    fn config(directory: &tempfile::TempDir) -> Config {
        let path = directory.path().join("config.yaml");
        std::fs::write(&path, CONFIG).unwrap();
        let manifests = directory.path().join("expected-schemas");
        std::fs::create_dir(&manifests).unwrap();
        for name in ["central", "orchestra"] {
            let text = format!("manifest: {name}\ntables: [x]\n");
            std::fs::write(manifests.join(format!("{name}.yaml")), text).unwrap();
        }
        config::load(&path, &|_| None, Clock::System.now()).unwrap()
    }

    fn read(query: &str) -> Result<Wanted, String> {
        let known = ["manifest", "label", "search", "verdict", "fail_on"];
        Wanted::read(&mut Query::read(Some(query), &known)?)
    }

    #[test]
    fn all_filters_hold_and_names_come_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory);
        for (query, want) in [
            ("", &["bso", "central", "sco"][..]),
            ("manifest=orchestra", &["bso", "sco"]),
            ("label=team%3Dred", &["bso", "sco"]),
            ("label=tier%3Da%3Db", &["sco"]),
            ("search=SO", &["bso"]),
            ("search=zzz", &[]),
            ("manifest=central&label=team%3Dred", &[]),
            ("fail_on=drift,unknown&search=c", &["central", "sco"]),
        ] {
            let fits = read(query).unwrap().among(&config).unwrap();
            let names: Vec<&str> = fits.into_iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names, want, "{query}");
        }
    }

    #[test]
    fn nothing_is_not_fine() {
        let directory = tempfile::tempdir().unwrap();
        let config = config(&directory);
        for (query, said) in [
            ("manifest=orchestr", "did you mean `orchestra`?"),
            ("label=team%3Dblue", "no registered database has the label team=blue"),
            ("label=x%3D%1b", "no registered database has the label x=\\x1b"),
            ("search=zzz&fail_on=drift", "there is nothing that could fail"),
        ] {
            let refusal = read(query).unwrap().among(&config).unwrap_err();
            assert_eq!(refusal.status(), StatusCode::NOT_FOUND, "{query}");
            assert!(refusal.detail().contains(said), "{query}: {}", refusal.detail());
        }
        for (query, said) in [
            ("label=team", "like `team=red`, not `team`"),
            ("label=%3Dred", "like `team=red`, not `=red`"),
            ("verdict=drited", "did you mean `drifted`?"),
            ("fail_on=clean", "not `clean`"),
            ("fail_on=drift,", "not ``"),
        ] {
            let error = read(query).unwrap_err();
            assert!(error.contains(said), "{query}: {error}");
        }
    }
}
