//! `match:`: words that exist, and a warning where the conditions fit nothing that is registered: a
//! typo there would send an alert elsewhere, or mute nothing.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::config::shape;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::route::Matcher;
use crate::route::Pattern;
use crate::yaml::At;
use crate::yaml::Position;
use crate::yaml::nearest;
use crate::yaml::shown;

use super::Noted;
use super::plain;

/// What the config registers, as far as matchers and templates ask.
pub(super) struct Registered<'a> {
    databases: Vec<Entry<'a>>,
    /// Registries name more, which nobody knows here: then nothing is said of what fits none.
    pub(super) open_ended: bool,
}

/// One registered database.
struct Entry<'a> {
    name: &'a str,
    manifest: &'a str,
    labels: BTreeMap<&'a str, &'a str>,
}

impl<'a> Registered<'a> {
    pub(super) fn of(file: &'a shape::File) -> Self {
        let entry = |it: &'a shape::Database| Entry {
            name: &it.name.value,
            manifest: &it.manifest.value,
            labels: it
                .labels
                .iter()
                .flat_map(|it| &it.0)
                .map(|(name, value)| (name.value.as_str(), value.value.as_str()))
                .collect(),
        };
        Self {
            databases: file.databases.value.iter().map(entry).collect(),
            open_ended: file.discover.is_some(),
        }
    }

    /// The labels of each database that `matcher` may take.
    pub(super) fn labels_of(&self, matcher: &Matcher) -> Vec<&BTreeMap<&'a str, &'a str>> {
        self.databases.iter().filter(|it| fits(matcher, it)).map(|it| &it.labels).collect()
    }

    /// What a warning says; nothing where nobody can tell.
    fn unless_open(&self, what: &'static str) -> &'static str {
        if self.open_ended { "" } else { what }
    }

    /// Every label that a database has.
    pub(super) fn label_names(&self) -> BTreeSet<&'a str> {
        self.databases.iter().flat_map(|it| it.labels.keys().copied()).collect()
    }
}

/// Whether `matcher` may take an incident of this database.
fn fits(matcher: &Matcher, it: &Entry<'_>) -> bool {
    let one = |patterns: &[Pattern], text: Option<&&str>| {
        patterns.is_empty() || text.is_some_and(|text| patterns.iter().any(|it| it.matches(text)))
    };
    one(&matcher.databases, Some(&it.name))
        && one(&matcher.manifests, Some(&it.manifest))
        && matcher.labels.iter().all(|(label, values)| one(values, it.labels.get(label.as_str())))
}

/// What a matcher is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum For {
    /// A condition on databases never holds for what is about a server, a manifest or a channel.
    Route,
    /// It holds for what is about a server or a manifest, too, where it does for all databases of it.
    Window,
}

/// The matcher of the section `key`; without `match:` it takes everything.
pub(super) fn read(
    said: Option<&At<shape::Match>>,
    purpose: For,
    key: &str,
    registered: &Registered<'_>,
    noted: &mut Noted,
) -> Matcher {
    let Some(At { value: said, at, .. }) = said else { return Matcher::default() };
    let key = format!("{key}.match");
    let before = (noted.mistakes.len(), noted.warnings.len());
    let field = |name: &str| format!("{key}.{name}");
    let all = &registered.databases;
    let databases = {
        let names = all.iter().map(|it| it.name).collect();
        patterns(
            said.database.as_ref(),
            &field("database"),
            registered.unless_open("no registered database is called"),
            &names,
            noted,
        )
    };
    let manifests = {
        let names = all.iter().map(|it| it.manifest).collect();
        let what = registered.unless_open("no registered database has the manifest");
        patterns(said.manifest.as_ref(), &field("manifest"), what, &names, noted)
    };
    let mut labels = BTreeMap::new();
    for (label, values) in said.labels.iter().flat_map(|it| &it.0) {
        let place = format!("{}.{}", field("labels"), plain(label));
        let known = registered.label_names();
        if !registered.open_ended && !known.contains(label.value.as_str()) {
            let message = format!("no registered database has the label {}", label.shown());
            warn(noted, label, &place, message, &known);
        }
        let there: BTreeSet<&str> =
            all.iter().filter_map(|it| it.labels.get(label.value.as_str()).copied()).collect();
        let what = if there.is_empty() { "" } else { "no registered database has there the value" };
        let what = registered.unless_open(what);
        let values = patterns(Some(values), &place, what, &there, noted);
        labels.insert(label.value.clone(), values);
    }
    let kinds = words(
        said.kind.as_ref(),
        &field("kind"),
        "incident kind",
        noted,
        |word| IncidentKind::ALL.into_iter().find(|it| it.word() == word),
        &IncidentKind::ALL.map(IncidentKind::word),
    );
    let severities = words(
        said.severity.as_ref(),
        &field("severity"),
        "severity",
        noted,
        |word| Severity::ALL.into_iter().find(|it| it.word() == word),
        &Severity::ALL.map(Severity::word),
    );
    let matcher = Matcher { databases, manifests, labels, kinds, severities };
    if (noted.mistakes.len(), noted.warnings.len()) == before {
        look_together(&matcher, purpose, *at, &key, registered, noted);
    }
    matcher
}

/// Conditions that are good one by one, and together fit nothing.
fn look_together(
    matcher: &Matcher,
    purpose: For,
    at: Position,
    key: &str,
    registered: &Registered<'_>,
    noted: &mut Noted,
) {
    let may_hold = |it: &IncidentKind| match it.about() {
        About::Database => true,
        About::Server | About::Manifest => purpose == For::Window,
        About::Channel | About::Discovery => false,
    };
    let asks_for_database = !matcher.databases.is_empty();
    let asks = asks_for_database || !matcher.manifests.is_empty() || !matcher.labels.is_empty();
    if asks_for_database && !matcher.kinds.is_empty() && !matcher.kinds.iter().any(may_hold) {
        let kinds: Vec<_> = matcher.kinds.iter().map(|it| shown(it.word())).collect();
        let message =
            format!("matches nothing: what is {} is about no database", kinds.join(" or "));
        noted.warning(at, key, message);
    } else if asks && !registered.open_ended && registered.labels_of(matcher).is_empty() {
        noted.warning(at, key, "matches nothing: no registered database fits all of it");
    }
}

/// The patterns of one condition. `known` is what there is: a pattern that fits none of it is worth a
/// word that begins with `what`, unless that is empty.
fn patterns(
    said: Option<&At<shape::Words>>,
    key: &str,
    what: &str,
    known: &BTreeSet<&str>,
    noted: &mut Noted,
) -> Vec<Pattern> {
    let each = each(said, key, noted);
    let mut patterns = Vec::new();
    for word in &each {
        let pattern = Pattern::new(&word.value);
        if !what.is_empty() && !known.iter().any(|it| pattern.matches(it)) {
            let message = format!("matches nothing: {what} {}", word.shown());
            warn(noted, word, key, message, known);
        }
        patterns.push(pattern);
    }
    patterns
}

/// The words of one condition, each of which stands for one of `known`.
fn words<T>(
    said: Option<&At<shape::Words>>,
    key: &str,
    what: &str,
    noted: &mut Noted,
    meaning: impl Fn(&str) -> Option<T>,
    known: &[&'static str],
) -> Vec<T> {
    let mut meanings = Vec::new();
    for word in each(said, key, noted) {
        match meaning(&word.value) {
            Some(it) => meanings.push(it),
            None => no_such_word(&word, key, what, known, noted),
        }
    }
    meanings
}

/// A mistake about a word outside a closed list: the nearest one, or all of them.
pub(super) fn no_such_word(
    word: &At<String>,
    key: &str,
    what: &str,
    known: &[&str],
    noted: &mut Noted,
) {
    match nearest(&word.value, known.iter().copied()) {
        None => {
            let message = format!("there is no {what} {}", word.shown());
            let help = format!("use one of {}", known.join(", "));
            noted.mistake_help(Some(word.at), key, message, help);
        }
        near => noted.no_such(word, key, what, near),
    }
}

/// Every word of a condition. None at all would hold for everything, which nobody means by `[]`.
fn each(said: Option<&At<shape::Words>>, key: &str, noted: &mut Noted) -> Vec<At<String>> {
    let Some(said) = said else { return Vec::new() };
    let each = said.each();
    if each.is_empty() {
        noted.mistake(Some(said.at), key, "names nothing; leave it out to match everything");
    }
    for word in each.iter().filter(|it| it.value.is_empty()) {
        noted.mistake(Some(word.at), key, "must not be empty");
    }
    each
}

/// A warning with the nearest of `known`.
fn warn(noted: &mut Noted, word: &At<String>, key: &str, message: String, known: &BTreeSet<&str>) {
    let near = nearest(&word.value, known.iter().copied()).filter(|_| !word.from_env);
    noted.warning_near(word.at, key, message, near);
}
