//! Small pieces that these pages and the cards share, beside those of every page ([`marks`]): links, instants,
//! states, and the words of what was done to an incident.
//!
//! Links begin with `root`, the way from the page back to the first one ([`super::super::frame::root`]).

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use maud::Markup;
use maud::html;
use url::form_urlencoded;

use crate::circuit::Open;
use crate::config::ChannelKind;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::incident::About;
use crate::incident::Acknowledged;
use crate::incident::Incident;
use crate::incident::IncidentId;
use crate::manifest;
use crate::notification::Actor;
use crate::report::Verdict;
use crate::store::DeliveryRow;
use crate::store::DeliveryState;
use crate::store::IncidentRow;

/// An instant to the second.
pub(super) fn exact(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (marks::instant(at)) } }
}

/// A verdict as a badge; `None` where there was no audit yet.
pub(super) fn verdict(it: Option<Verdict>) -> Markup {
    it.map_or_else(|| marks::badge("verdict", "none", "·", "not audited"), marks::verdict)
}

/// The state of a delivery as a badge.
pub(super) fn delivery_state(it: DeliveryState) -> Markup {
    let glyph = match it {
        DeliveryState::Pending => "…",
        DeliveryState::Sending => "→",
        DeliveryState::Delivered => "✓",
        DeliveryState::Abandoned => "✕",
    };
    marks::badge("state", it.word(), glyph, it.word())
}

/// The circuit of a server that does not answer.
pub(super) fn circuit(it: &Open, now: Timestamp) -> Markup {
    html! {
        b.bad { "circuit open" } " since " (exact(it.opened_at)) ": no answer " (words::number(it.failures as usize))
        " times in a row, next probe "
        @if it.probe_at > now { (marks::moment(it.probe_at, now, Told::Ahead)) } @else { "under way" }
    }
}

/// A registered database.
pub(super) fn database(root: &str, name: &str) -> Markup {
    html! { a href={ (root) "databases/" (marks::piece(name)) } { (marks::name(name)) } }
}

pub(in crate::http::screen) fn manifest(root: &str, name: &str) -> Markup {
    html! { a href={ (root) "manifests/" (marks::piece(name)) } { (marks::name(name)) } }
}

pub(super) fn incident(root: &str, id: IncidentId) -> Markup {
    html! { a href={ (root) "incidents/" (id) } { (id) } }
}

/// A delivery, by the beginning of its id.
pub(super) fn delivery(root: &str, row: &DeliveryRow) -> Markup {
    let id = row.id.to_string();
    let short: String = id.chars().take(8).collect();
    html! { a href={ (root) "deliveries/" (id) } title=(id) { (short) } }
}

/// What an incident is about, with a link where there is a page about that. `registered` says whether
/// a database of that name is.
pub(in crate::http::screen) fn subject(root: &str, it: &Incident, registered: bool) -> Markup {
    let name = it.subject.as_str();
    match it.kind.about() {
        About::Database if registered => database(root, name),
        About::Database => marks::name(name),
        About::Manifest => html! { "manifest " (manifest(root, name)) },
        About::Server => {
            let way = if root.is_empty() { "./" } else { root };
            let asked = query([("by", "server"), ("search", name)]);
            html! { "server " a href={ (way) (asked) } { (marks::name(name)) } }
        }
        About::Discovery => html! { "discovery " (marks::name(name)) },
        About::Channel => html! {
            "channel "
            a href={ (root) "deliveries" (query([("channel", name)])) } { (marks::name(name)) }
        },
    }
}

/// Who acknowledged an incident, when, and the note: what stands behind "acknowledged".
pub(in crate::http::screen) fn by_whom(it: &Acknowledged, now: Timestamp) -> Markup {
    html! {
        "by " (marks::name(&it.by)) " " (marks::moment(it.at, now, Told::Ago))
        @if let Some(note) = &it.note { ": " bdi { (note) } }
    }
}

/// That something of an incident was not told, and why; nothing where all of it was.
pub(in crate::http::screen) fn muted(it: &IncidentRow) -> Markup {
    html! {
        @if it.untold {
            p.warn {
                "Not told yet: muted"
                @if let Some(mute) = &it.muted_by { " by " bdi { (mute) } }
            }
        }
    }
}

/// Who did it, and when, in the zone of every page.
pub(in crate::http::screen) fn done_by(it: &Actor, now: Timestamp) -> String {
    format!("Done {} (times in UTC).", it.sentence(now, &TimeZone::UTC))
}

/// The type of a channel, as the configuration spells it.
pub(super) fn channel_type(it: &ChannelKind) -> &'static str {
    match it {
        ChannelKind::Slack { .. } => "slack",
        ChannelKind::Webhook { .. } => "webhook",
        ChannelKind::PagerDuty { .. } => "pagerduty",
        ChannelKind::Teams { .. } => "teams",
        ChannelKind::Discord { .. } => "discord",
        ChannelKind::Alertmanager { .. } => "alertmanager",
        ChannelKind::Email(_) => "email",
    }
}

/// The day on which an accepted finding ends, and what that means today.
pub(super) fn until(end: Date, today: Date) -> Markup {
    html! {
        time datetime=(end) { (end) }
        @if end < today {
            br; b.bad { "ended: it counts again" }
        } @else if manifest::notice(end, today).is_some() {
            br; b.warn { "ends within a week" }
        }
    }
}

/// A list of names, each by itself.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> Markup {
    html! {
        @for (index, it) in names.into_iter().enumerate() {
            @if index > 0 { ", " }
            code { bdi { (it) } }
        }
    }
}

/// `?state=open&kind=drift`: what is empty is left out; nothing at all where everything is.
pub(super) fn query<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (key, value) in pairs.into_iter().filter(|(_, value)| !value.is_empty()) {
        query.append_pair(key, value);
    }
    let query = query.finish();
    if query.is_empty() { query } else { format!("?{query}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_what_is_not_empty_and_nothing_acts_in_it() {
        let pairs = [("state", "all"), ("kind", ""), ("database", "a&b=\"<c")];
        assert_eq!(query(pairs), "?state=all&database=a%26b%3D%22%3Cc");
        assert_eq!(query([("state", "")]), "");
    }

    #[test]
    fn names_stand_each_by_itself() {
        let shown = names(["a", "<b>"]).into_string();
        assert_eq!(shown, "<code><bdi>a</bdi></code>, <code><bdi>&lt;b&gt;</bdi></code>");
    }

    #[test]
    fn links_begin_at_the_root() {
        let link = database("../", "central").into_string();
        assert_eq!(link, "<a href=\"../databases/central\"><bdi>central</bdi></a>");
        let link = incident("", IncidentId(1042)).into_string();
        assert_eq!(link, "<a href=\"incidents/SW-1042\">SW-1042</a>");
    }
}
