//! What stands around every page: head, navigation, what ails the daemon itself, foot.
//!
//! Links are relative, computed from the depth of the page, because a proxy may serve us below a path of
//! its own that we never see. What ails the daemon is on every page: a fleet that looks well because nobody
//! looks any more must not be believed.

use axum::http::StatusCode;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use jiff::Timestamp;
use maud::DOCTYPE;
use maud::Markup;
use maud::html;

use super::assets;
use super::marks;
use super::marks::Told;
use super::words;
use crate::health::not_come_round;
use crate::http::Face;
use crate::http::access::Viewer;
use crate::http::probes;
use crate::store;
use crate::store::ChannelTrouble;
use crate::store::TroubleKind;

/// The pages, by what they are called and the first piece of their path.
const PAGES: [(&str, &str); 8] = [
    ("Fleet", ""),
    ("Incidents", "incidents"),
    ("Deliveries", "deliveries"),
    ("Silences and deploys", "silences"),
    ("Known findings", "known"),
    ("Manifests", "manifests"),
    ("API", "api"),
    ("About", "about"),
];
/// Troubles of the daemon that are told; more are counted.
const AILS_MAX: usize = 3;
/// Characters of the detail of one of them.
const DETAIL_CHARS_MAX: usize = 160;

/// A whole page. `at` is its path as we serve it (`"/"`, `"/incidents"`, `"/incidents/SW-1042"`): where it
/// is in the navigation and how deep follow from it. `title` is shown as text.
pub(in crate::http) async fn page(
    face: &Face,
    viewer: &Viewer,
    at: &str,
    title: &str,
    body: Markup,
) -> Response {
    page_with(face, viewer, at, title, StatusCode::OK, body).await
}

/// A page with another status.
pub(in crate::http) async fn page_with(
    face: &Face,
    viewer: &Viewer,
    at: &str,
    title: &str,
    status: StatusCode,
    body: Markup,
) -> Response {
    let ails = ails(face, &root(at)).await;
    answer(status, skeleton(at, title, true, &inside(face, viewer, at, &body, &ails)))
}

/// A page for who was not let in. It says nothing about the fleet or the daemon, and is not redrawn.
pub(in crate::http) fn bare(at: &str, title: &str, status: StatusCode, body: &Markup) -> Response {
    let body = html! {
        header.top { (product(at)) }
        main #main tabindex="-1" { (body) }
    };
    answer(status, skeleton(at, title, false, &body))
}

fn answer(status: StatusCode, page: Markup) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    (status, headers, page.into_string()).into_response()
}

/// The way from the page at `at` to the first page: `""` or `"../"` once or more. What a page links to
/// begins with it: `{root(at)}incidents/SW-1042`. The link to the first page itself is [`home`].
pub(in crate::http) fn root(at: &str) -> String {
    "../".repeat(at.trim_start_matches('/').matches('/').count())
}

/// The link from the page at `at` to the first page.
pub(in crate::http) fn home(at: &str) -> String {
    let root = root(at);
    // An empty link would be the page itself.
    if root.is_empty() { "./".to_owned() } else { root }
}

/// The file `name` of those that pages are drawn with, from the page at `at`.
fn asset(at: &str, name: &str) -> String {
    format!("{}assets/{name}?v={}", root(at), assets::version())
}

/// What every page is; `live` ones are redrawn by the script.
fn skeleton(at: &str, title: &str, live: bool, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="same-origin";
                title { (title) " – Schemawarden" }
                link rel="icon" type="image/svg+xml" href=(asset(at, "icon.svg"));
                link rel="stylesheet" href=(asset(at, "style.css"));
                @if live { script src=(asset(at, "live.js")) defer {} }
            }
            body data-root=[live.then(|| root(at))] { (body) }
        }
    }
}

/// What stands around the body for whoever was let in.
fn inside(face: &Face, viewer: &Viewer, at: &str, body: &Markup, ails: &[Markup]) -> Markup {
    let (version, now) = (*face.store.fleet().version().borrow(), face.clock.now());
    html! {
        a.skip href="#main" { "Skip to the page" }
        header.top {
            (product(at))
            (navigation(at))
            (who(viewer, at))
        }
        (trouble(ails))
        // Where the script says that a page is old.
        p #stale role="alert" hidden {}
        main #main tabindex="-1" data-version=(version) { (body) }
        footer {
            "Schemawarden " (env!("CARGO_PKG_VERSION")) " · drawn at "
            time datetime=(now) { (marks::instant(now)) }
            span #fresh role="status" {}
        }
    }
}

fn product(at: &str) -> Markup {
    html! {
        a.product href=(home(at)) {
            img src=(asset(at, "icon.svg")) alt="" width="22" height="22";
            " Schemawarden"
        }
    }
}

fn navigation(at: &str) -> Markup {
    let here = at.trim_start_matches('/').split('/').next().unwrap_or_default();
    // A database is found by way of the fleet.
    let here = if here == "databases" { "" } else { here };
    let root = root(at);
    html! {
        nav aria-label="Pages" {
            @for (name, path) in PAGES {
                @let link = if path.is_empty() { home(at) } else { format!("{root}{path}") };
                a href=(link) aria-current=[(path == here).then_some("page")] { (name) }
            }
        }
    }
}

fn who(viewer: &Viewer, at: &str) -> Markup {
    let root = root(at);
    html! {
        div.who #who {
            @if let Some(name) = &viewer.name {
                span { "signed in as " b { (marks::name(name)) } }
            }
            @if viewer.signed_in {
                form method="post" action={ (root) "logout" } {
                    (marks::proof(viewer))
                    button type="submit" { "Sign out" }
                }
            } @else if viewer.name.is_none() {
                a href={ (root) "login?next=" (marks::piece(at)) } { "Sign in" }
            }
        }
    }
}

/// One line about the daemon itself. Always there, so that the script has a place to put news.
fn trouble(ails: &[Markup]) -> Markup {
    html! {
        section #ails aria-label="Schemawarden itself" hidden[ails.is_empty()] {
            @if !ails.is_empty() {
                p {
                    b { span aria-hidden="true" { "✕ " } "Schemawarden itself is in trouble: " }
                    @for (index, it) in ails.iter().take(AILS_MAX).enumerate() {
                        @if index > 0 { "; " }
                        (it)
                    }
                    @if ails.len() > AILS_MAX {
                        "; and " (words::number(ails.len() - AILS_MAX)) " more"
                    }
                    "."
                }
            }
        }
    }
}

/// What ails the daemon, worst first. Waits no longer for the state than a probe does.
async fn ails(face: &Face, root: &str) -> Vec<Markup> {
    let say = |text: String| html! { (text) };
    let mut ails = Vec::new();
    let troubles = match probes::read(face.store.glance_at_channels()).await {
        Ok(troubles) => troubles,
        Err(fault) => {
            ails.push(say(fault));
            Vec::new()
        }
    };
    if let store::Health::Failing { since, reason, waiting, .. } = &*face.store.health().borrow() {
        ails.push(say(format!(
            "its state could not be written for {} s ({reason}); {} in memory",
            since.elapsed().as_secs(),
            words::count(*waiting, "report waits", "reports wait"),
        )));
    }
    ails.extend(face.health.stuck().map(say));
    ails.extend(not_come_round("state writer", face.store.writer_idle()).map(say));
    ails.extend(troubles.iter().map(|it| channel(it, root, face.clock.now())));
    if let Some(refused) = face.health.reload_refused() {
        let refused = cut(&refused);
        ails.push(say(format!("a reload was refused, the earlier config is in force: {refused}")));
    }
    if face.health.is_draining() {
        ails.push(say("it is stopping".to_owned()));
    }
    ails
}

/// What is wrong with a channel: nobody may be hearing what these pages say.
fn channel(it: &ChannelTrouble, root: &str, now: Timestamp) -> Markup {
    let what = match it.kind {
        TroubleKind::Parked => "is parked",
        TroubleKind::Failing => "has been failing",
        TroubleKind::GaveUp => "has taken nothing since a delivery was abandoned",
    };
    html! {
        "channel " a href={ (root) "deliveries" } { (marks::name(&it.channel)) } " " (what) " "
        (marks::moment(it.since, now, Told::Lasting))
        ": " bdi { (cut(&it.detail)) }
    }
}

/// A line that is no longer than a reader of a telephone bears; the log and the pages have it whole.
fn cut(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(DETAIL_CHARS_MAX) {
        None => line.to_owned(),
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_from_every_depth_to_the_first_page() {
        for (at, root_is, home_is) in [
            ("/", "", "./"),
            ("", "", "./"),
            ("/incidents", "", "./"),
            ("/incidents/SW-1", "../", "../"),
            ("/incidents/", "../", "../"),
            ("/a/b/c", "../../", "../../"),
        ] {
            assert_eq!(root(at), root_is, "{at}");
            assert_eq!(home(at), home_is, "{at}");
        }
    }

    #[test]
    fn the_navigation_says_where_one_is() {
        for (at, current) in [
            ("/", "Fleet"),
            ("/databases/central", "Fleet"),
            ("/incidents/SW-1001", "Incidents"),
            ("/silences", "Silences and deploys"),
        ] {
            let html = navigation(at).into_string();
            assert!(html.contains(&format!("aria-current=\"page\">{current}<")), "{at}: {html}");
            assert_eq!(html.matches("aria-current").count(), 1, "{at}");
        }
        assert!(!navigation("/login").into_string().contains("aria-current"));
    }

    #[test]
    fn a_page_for_strangers_is_drawn_with_the_same_files_and_is_not_redrawn() {
        let page = |live| skeleton("/a/b", "<x>", live, &html! { "y" }).into_string();
        for it in [page(true), page(false)] {
            let version = format!("../assets/style.css?v={}", assets::version());
            assert!(it.contains(&version) && it.contains("<title>&lt;x&gt; –"), "{it}");
        }
        assert!(page(true).contains("<body data-root=\"../\">y") && page(true).contains("<script"));
        assert!(page(false).contains("<body>y") && !page(false).contains("<script"));
    }

    #[test]
    fn trouble_is_one_line_however_much_there_is() {
        assert!(trouble(&[]).into_string().contains(" hidden"));
        let many: Vec<Markup> = (0..5).map(|it| html! { "<b>" (it) }).collect();
        let html = trouble(&many).into_string();
        assert!(html.contains("&lt;b&gt;0; &lt;b&gt;1; &lt;b&gt;2; and 2 more."), "{html}");
        assert!(!html.contains(" hidden"));
    }
}
