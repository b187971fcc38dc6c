//! Which databases a list is asked for.
//!
//! A manifest or a label that no registered database has is an error, and so is a monitor
//! (`fail_on`) of nothing: under a misspelt filter everything would be fine for ever.

use crate::config::Config;
use crate::config::Database;
use crate::http::body::spelled;
use crate::http::manifests;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::report::Verdict;

/// What a list is narrowed to, and what makes it fail.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    manifest: Option<String>,
    /// Labels and their values; all of them have to be there.
    labels: Vec<(String, String)>,
    /// In lower case; every word has to be found, in any order.
    search: Vec<String>,
    pub(super) verdict: Option<Verdict>,
    pub(super) fail_on: FailOn,
}

/// What makes an answer fail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FailOn {
    verdicts: Vec<Verdict>,
    /// An audit that is overdue, whatever the last one said: what nobody looks at stays clean for ever.
    late: bool,
}

impl FailOn {
    /// `drift`, `unknown`, `late`, or several with commas; nothing where nothing is asked for.
    pub(super) fn read(query: &mut Query) -> Result<Self, String> {
        let mut fail_on = Self::default();
        for word in query.text("fail_on").iter().flat_map(|it| it.split(',')) {
            match word {
                "drift" | "drifted" => fail_on.verdicts.push(Verdict::Drifted),
                "unknown" => fail_on.verdicts.push(Verdict::Unknown),
                "late" => fail_on.late = true,
                other => {
                    return Err(format!(
                        "`fail_on` takes `drift`, `unknown` and `late`, several with commas, not `{}`",
                        spelled(other)
                    ));
                }
            }
        }
        Ok(fail_on)
    }

    /// Whether a database with this verdict fails.
    pub(super) fn is_met(&self, verdict: Verdict, is_late: impl FnOnce() -> bool) -> bool {
        self.verdicts.contains(&verdict) || (self.late && is_late())
    }

    fn is_nothing(&self) -> bool {
        self.verdicts.is_empty() && !self.late
    }
}

/// What a search looks in: lower case, one word a line. The same for the fleet page and for the API.
pub(in crate::http) fn findable(database: &Database, server: &str) -> String {
    let mut find = format!("{}\n{}\n{server}", database.name, database.manifest.name);
    for (key, value) in &database.labels {
        find.extend(["\n", key, "=", value]);
    }
    find.to_lowercase()
}

impl Wanted {
    pub(super) fn read(query: &mut Query) -> Result<Self, String> {
        let words = Verdict::ALL.map(Verdict::word);
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
            search: search(query)?,
            verdict: query.word("verdict", &words, Verdict::from_word)?,
            fail_on: FailOn::read(query)?,
        })
    }

    /// The registered databases that fit, whatever their verdict, by name.
    pub(super) fn among<'a>(&self, config: &'a Config) -> Result<Vec<&'a Database>, Refusal> {
        if let Some(name) = self.manifest.as_ref().filter(|it| !config.manifests.contains_key(*it))
        {
            return Err(manifests::no_such(config, name));
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
                    && self.finds(it)
            })
            .collect();
        if fits.is_empty() && !self.fail_on.is_nothing() {
            let detail = "no registered database fits: there is nothing that could fail";
            return Err(Refusal::missing(detail));
        }
        fits.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        Ok(fits)
    }

    fn finds(&self, it: &Database) -> bool {
        if self.search.is_empty() {
            return true;
        }
        let find = findable(it, &it.server());
        self.search.iter().all(|word| find.contains(word.as_str()))
    }
}

/// The words of a search. White space alone would find everything.
fn search(query: &mut Query) -> Result<Vec<String>, String> {
    let Some(text) = query.text("search") else { return Ok(Vec::new()) };
    let words: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    if words.is_empty() {
        return Err("`search` is empty: give it a value, or leave it out".to_owned());
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use axum::http::StatusCode;

    use super::*;
    use crate::clock::Clock;
    use crate::http::sample;

    fn config(directory: &tempfile::TempDir) -> Arc<Config> {
        let databases = [
            "name: sco, url: \"host=/tmp\", manifest: orchestra, labels: { team: red, tier: a=b }",
            "name: central, url: \"host=/tmp\", manifest: central",
            "name: bso, url: \"host=/tmp\", manifest: orchestra, labels: { team: red }",
        ];
        sample::config(directory, &databases, &Clock::System)
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
            ("search=orch", &["bso", "sco"]),
            ("search=RED+orchestra", &["bso", "sco"]),
            ("search=tier%3Da", &["sco"]),
            ("search=red+central", &[]),
            ("manifest=central&label=team%3Dred", &[]),
            ("fail_on=drift,unknown,late&search=sc", &["sco"]),
        ] {
            let fits = read(query).unwrap().among(&config).unwrap();
            let names: Vec<&str> = fits.into_iter().map(|it| it.name.as_str()).collect();
            assert_eq!(names, want, "{query}");
        }
    }

    #[test]
    fn a_verdict_fails_or_a_late_audit_does() {
        for (query, verdict, is_late, fails) in [
            ("", Verdict::Drifted, true, false),
            ("fail_on=drift", Verdict::Drifted, false, true),
            ("fail_on=drift", Verdict::Clean, true, false),
            ("fail_on=late", Verdict::Clean, true, true),
            ("fail_on=late", Verdict::Drifted, false, false),
            ("fail_on=unknown,late", Verdict::Unknown, false, true),
            ("fail_on=unknown,late", Verdict::Clean, true, true),
        ] {
            let met = read(query).unwrap().fail_on.is_met(verdict, || is_late);
            assert_eq!(met, fails, "{query} {verdict} {is_late}");
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
            ("search=zzz&fail_on=late", "there is nothing that could fail"),
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
            ("fail_on=drift,lat", "not `lat`"),
            ("search=%20", "`search` is empty"),
        ] {
            let error = read(query).unwrap_err();
            assert!(error.contains(said), "{query}: {error}");
        }
    }
}
