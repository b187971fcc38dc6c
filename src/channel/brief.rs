//! What a message says, in order, before any receiver's encoding: the same answers everywhere.
//!
//! The order is that of questions at 3 a.m.: what, where and how many; what it means; which tables;
//! since when, what is new, how sure, whose; what now; and what to look it up by. Every text in here is
//! one line, visible and bounded, and may hold a hostile name all the same: the encoder of its
//! receiver decides what cannot act there. The mention of a route is the one text that may.

mod storm;

use super::Message;
use super::escape;
use super::words;
use super::words::Sign;
use crate::config::Messages;
use crate::finding::FindingKind;
use crate::notification::ITEMS_MAX;
use crate::notification::MENTION_MAX;
use crate::notification::Notification;
use crate::notification::NotificationType;
use crate::notification::NotifiedFinding;
use crate::notification::newest;

use storm::storm;

#[cfg(test)]
pub(super) use storm::PART_NAMES;
pub(super) use storm::Part;
pub(super) use storm::Storm;

/// Names listed where the route says nothing.
const ITEMS: usize = 10;

/// How much is shown: 0 is the wish, each level is shorter, the last is the last resort.
pub(super) const LEVELS: usize = 4;
/// Names listed at each level, where the wish is more.
const NAMES: [usize; LEVELS] = [ITEMS_MAX, 5, 2, 0];

/// A title, and a sentence of a digest.
pub(super) const TITLE_MAX: usize = 200;
pub(super) const NAME_MAX: usize = 130;
pub(super) const SENTENCE_MAX: usize = 300;
const DIAGNOSES_MAX: usize = 3;
const NEXT_STEPS_MAX: usize = 4;
/// Distinct mentions in one message.
const MENTIONS_MAX: usize = 5;
/// A link longer than this is left out: receivers refuse whole messages for it.
const LINK_MAX: usize = 1000;

/// One notification.
#[derive(Clone, Debug)]
pub(super) struct Brief {
    pub(super) sign: Sign,
    pub(super) title: String,
    pub(super) meaning: Vec<String>,
    /// What is listed: "21 unexpected tables, 3 new:"; or, where it is over, the whole row.
    pub(super) findings: Option<String>,
    pub(super) items: Vec<Item>,
    /// "and 11 more".
    pub(super) more: Option<String>,
    /// The first names in one sentence, for where there is no list.
    pub(super) row: Option<String>,
    /// Since when, what is new, how sure, whose: one line each.
    pub(super) facts: Vec<String>,
    /// Commands and sentences.
    pub(super) next: Vec<String>,
    pub(super) links: Vec<Link>,
    pub(super) footer: String,
}

/// One name.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) name: String,
    /// What is to be said of it; may be empty.
    pub(super) note: String,
}

/// Somewhere to go. Made of the config and an id: safe as a URL, bounded.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) label: &'static str,
    pub(super) url: String,
}

/// What a message is made of.
pub(super) enum Content {
    Nothing,
    One(Brief),
    Many(Storm),
}

impl Content {
    /// The content of `message` at `level` of brevity, below [`LEVELS`].
    pub(super) fn of(message: &Message<'_>, level: usize) -> Self {
        let kept = newest(message.notifications);
        match kept.as_slice() {
            [] => Self::Nothing,
            [one] => Self::One(brief(one, message.look, level)),
            _ => {
                let kept: Vec<&Notification> = kept.iter().map(AsRef::as_ref).collect();
                Self::Many(storm(&kept, message, level))
            }
        }
    }

    /// What it looks like from afar.
    pub(super) fn sign(&self) -> Sign {
        match self {
            Self::Nothing => Sign::Test,
            Self::One(it) => it.sign,
            Self::Many(it) => it.sign,
        }
    }

    /// One line for lists and lock screens.
    pub(super) fn title(&self) -> &str {
        match self {
            Self::Nothing => "Schemawarden has nothing to say",
            Self::One(it) => &it.title,
            Self::Many(it) => &it.title,
        }
    }

    /// Where to go.
    pub(super) fn links(&self) -> &[Link] {
        match self {
            Self::Nothing => &[],
            Self::One(it) => &it.links,
            Self::Many(it) => &it.links,
        }
    }

    /// Everything but the links in plain text, one line each: what remains where a receiver takes
    /// nothing else.
    pub(super) fn lines(&self) -> Vec<String> {
        match self {
            Self::Nothing => vec![self.title().to_owned()],
            Self::One(it) => it.lines(),
            Self::Many(it) => it.lines(),
        }
    }
}

/// The lines of `message` in its plainest form, each as `encode` spells it and our own links as they are,
/// at most `max` UTF-16 units in all: shorter until they fit, then whole lines from the end are left out.
pub(super) fn plainest(
    message: &Message<'_>,
    max: usize,
    encode: impl Fn(&str) -> String,
) -> String {
    let mut text = String::new();
    for level in 0..LEVELS {
        let content = Content::of(message, level);
        let pages = content.links().iter().map(Link::line);
        let mut lines = content.lines().into_iter().map(|it| encode(&it));
        // Next to the title, where a cut does not reach them.
        let title = lines.next();
        let all: Vec<String> = title.into_iter().chain(pages).chain(lines).collect();
        let length = |it: &String| it.encode_utf16().count() + 1;
        let fits = all.iter().map(length).sum::<usize>() <= max;
        let mut left = max;
        text.clear();
        for line in &all {
            match left.checked_sub(length(line)) {
                Some(rest) => left = rest,
                None => break,
            }
            text.push_str(line);
            text.push('\n');
        }
        if fits {
            break;
        }
    }
    text.trim_end().to_owned()
}

impl Brief {
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.title.clone()];
        lines.extend(self.meaning.iter().cloned());
        lines.extend(self.row.iter().cloned());
        lines.extend(self.facts.iter().cloned());
        lines.extend(self.next.iter().map(|it| format!("Next: {it}")));
        lines
    }
}

impl Link {
    /// In plain text. It is ours and is to work: an encoder that breaks links is for other lines.
    pub(super) fn line(&self) -> String {
        format!("{}: {}", self.label, self.url)
    }
}

fn brief(it: &Notification, look: &Messages, level: usize) -> Brief {
    let wish = it.told.max_items.unwrap_or(ITEMS).min(NAMES[level]);
    let zone = &look.timezone;
    let resolved = it.kind == NotificationType::Resolved;
    let listed = it.findings_total > 0 && !resolved;
    let line = |text: &String| escape::line(text, SENTENCE_MAX);
    let row = words::names_in_a_row(it).as_ref().map(line);
    let mut facts = Vec::new();
    if it.kind != NotificationType::Test {
        facts.push(words::times(it, zone));
        facts.extend(words::changes(it).map(|it| format!("Since the last message: {it}")));
        if !it.evidence.is_empty() {
            facts.push(format!("How sure: {}", it.evidence));
        }
        facts.extend(words::who(&it.actors, it, zone).map(|it| format!("Who: {it}")));
        let came = it.came.sentence(it.audited_at, zone);
        facts.extend(came.map(|it| format!("When: {it}")));
        facts.extend(words::owners(it).map(|it| format!("Owner: {it}")));
    }
    Brief {
        sign: words::sign(it),
        title: words::title(it, TITLE_MAX),
        meaning: words::meaning(it, DIAGNOSES_MAX).iter().map(line).collect(),
        // What is over is said in one line.
        findings: if resolved {
            row.clone()
        } else {
            listed.then(|| words::findings_title(it)).as_ref().map(line)
        },
        row,
        items: if listed { items(it, wish) } else { Vec::new() },
        more: words::more(it, wish).filter(|_| listed),
        facts: facts.iter().map(line).collect(),
        next: it.next_steps.iter().take(NEXT_STEPS_MAX).map(line).collect(),
        links: links(it, look),
        footer: words::footer(it, zone),
    }
}

fn items(it: &Notification, max: usize) -> Vec<Item> {
    let uniform = words::one_kind(it).is_some();
    let item = |one: &NotifiedFinding| {
        let mut notes: Vec<String> = Vec::new();
        if words::says_more_than_its_kind(&one.kind) {
            notes.push(one.message.clone());
        } else if !uniform {
            notes.push(words::spoken(&one.kind));
        }
        if one.new && it.kind == NotificationType::Changed {
            notes.push("new".to_owned());
        }
        // What a reset database had held is among what it means.
        let hint = one.hints.first().filter(|_| one.kind != FindingKind::DatabaseReset.word());
        notes.extend(hint.cloned());
        Item {
            name: escape::line(&one.name, NAME_MAX),
            note: escape::line(&notes.join(", "), TITLE_MAX),
        }
    };
    it.by_news().into_iter().take(max).map(item).collect()
}

/// The incident's page and the route's runbook.
fn links(it: &Notification, look: &Messages) -> Vec<Link> {
    let incident = it.incident.as_deref().and_then(|id| page(look, "incidents", id, "Incident"));
    incident.into_iter().chain(runbook(it)).collect()
}

fn runbook(it: &Notification) -> Option<Link> {
    let url = url::Url::parse(it.told.runbook_url.as_deref()?).ok()?;
    let web = matches!(url.scheme(), "http" | "https");
    let url = String::from(url);
    (web && url.len() <= LINK_MAX).then_some(Link { label: "Runbook", url })
}

/// The dashboard's page of one thing.
fn page(look: &Messages, kind: &str, id: &str, label: &'static str) -> Option<Link> {
    let mut url = look.external_url.clone()?;
    // Ours are made of these; a stored one is not trusted to be, and would be read as Markdown.
    let plain = |it: u8| it.is_ascii_alphanumeric() || it == b'-';
    if id.is_empty() || id.len() > 64 || !id.bytes().all(plain) {
        return None;
    }
    url.path_segments_mut().ok()?.pop_if_empty().push(kind).push(id);
    let url = String::from(url);
    (url.len() <= LINK_MAX).then_some(Link { label, url })
}

/// Where the dashboard shows what `message` is about.
pub(super) fn main_link(message: &Message<'_>) -> Option<String> {
    let (kind, id) = match message.notifications {
        [one] => ("incidents", one.incident.clone()?),
        _ => ("deliveries", message.id.to_string()),
    };
    page(message.look, kind, &id, "").map(|it| it.url)
}

/// Where the dashboard shows one incident.
pub(super) fn incident_link(it: &Notification, look: &Messages) -> Option<String> {
    page(look, "incidents", it.incident.as_deref()?, "").map(|it| it.url)
}

/// Whom the routes of `message` call, in one line; see [`mentions`].
pub(super) fn mention(message: &Message<'_>) -> Option<String> {
    let all = mentions(message);
    (!all.is_empty()).then(|| all.join(" "))
}

/// Whom the routes of `message` call, each once: it may act. Nobody is called for what is over, and a
/// mention with a line break or a control character in it is none.
pub(super) fn mentions<'a>(message: &Message<'a>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for it in message.notifications {
        let Some(mention) = it.told.mention.as_deref().map(str::trim) else { continue };
        let quiet = it.kind == NotificationType::Resolved || mention.is_empty();
        let odd = mention.len() > MENTION_MAX || mention.chars().any(char::is_control);
        if !quiet && !odd && !all.contains(&mention) && all.len() < MENTIONS_MAX {
            all.push(mention);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::examples;

    /// Ten of twenty-two are named: the one that is new must be among them.
    #[test]
    fn what_is_new_is_named_first() {
        let mut it = Notification { kind: NotificationType::Changed, ..examples::many(22) };
        for (at, one) in it.findings.iter_mut().enumerate() {
            one.new = at == 21;
        }
        it.findings[21].name = "zz_new_one".to_owned();
        let named = items(&it, 10);
        assert_eq!((named.len(), named[0].name.as_str()), (10, "zz_new_one"));
        assert!(named[0].note.contains("new"), "{named:?}");
        let row = words::names_in_a_row(&it).unwrap();
        assert!(row.contains("zz_new_one"), "{row}");
    }
}
