//! `/about`: which daemon this is, by which configuration, within which limits, and whom it tells. No secret
//! is on it: receivers are named, their URLs are not.

mod replicas;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::RawQuery;
use axum::extract::State;
use axum::response::Response;
use jiff::SignedDuration;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::list;
use super::list::WHOLE_MAX;
use super::matching;
use super::pieces;
use crate::circuit::Open;
use crate::config::Config;
use crate::http::Face;
use crate::http::access::GUESS_PAUSE;
use crate::http::access::GUESSES_MAX;
use crate::http::access::Viewer;
use crate::http::asked::BODY_BYTES_MAX;
use crate::http::form::FORM_BYTES_MAX;
use crate::http::query;
use crate::http::query::Query;
use crate::http::refusal::Refusal;
use crate::http::screen::frame;
use crate::http::screen::marks;
use crate::http::screen::marks::Told;
use crate::http::screen::words;
use crate::http::serve::HEAD_BYTES_MAX;
use crate::http::serve::HEAD_MAX;
use crate::http::serve::PROBES_MAX;
use crate::http::serve::QUEUED_FOR_MAX;
use crate::http::serve::QUEUED_MAX;
use crate::http::serve::SERVED_FOR_MAX;
use crate::http::serve::SERVED_MAX;
use crate::http::serve::STALLED_MAX;
use crate::http::serve::STREAMS_MAX;
use crate::http::serve::WAITING_MAX;
use crate::notification::lasted;
use crate::route::Piece;
use crate::route::Target;
use crate::store::Members;

/// The path of this page.
const AT: &str = "/about";

/// Open circuits that the page lists.
const CIRCUITS_MAX: usize = 20;

/// All that the page says.
#[derive(Clone, Debug)]
pub(super) struct Facts {
    pub(super) config: Arc<Config>,
    pub(super) config_read_at: Option<Timestamp>,
    pub(super) reload_refused: Option<String>,
    pub(super) heartbeat_taken_at: Option<Timestamp>,
    pub(super) process: u32,
    /// Open circuits by server.
    pub(super) circuits: BTreeMap<String, Open>,
    /// Who shares the state.
    pub(super) members: Members,
    pub(super) now: Timestamp,
}

pub(super) async fn show(
    State(face): State<Face>,
    RawQuery(query): RawQuery,
    viewer: Viewer,
) -> Result<Response, Refusal> {
    Query::read(query.as_deref(), &[])?;
    let facts = Facts {
        config: Arc::clone(&face.config.borrow()),
        config_read_at: face.health.config_read_at(),
        reload_refused: face.health.reload_refused(),
        heartbeat_taken_at: face.health.heartbeat_taken_at(),
        process: std::process::id(),
        circuits: face.health.circuits(),
        members: face.store.members().borrow().clone(),
        now: face.clock.now(),
    };
    Ok(frame::page(&face, &viewer, AT, "About", draw(&facts)).await)
}

/// The page below its frame.
pub(super) fn draw(facts: &Facts) -> Markup {
    html! {
        h1 data-live { "About this daemon" }
        div.columns {
            section.panel aria-labelledby="daemon" { h2 #daemon { "Daemon" } (daemon(facts)) }
            section.panel aria-labelledby="limits" { h2 #limits { "Limits" } (limits(&facts.config)) }
            section.panel aria-labelledby="asking" { h2 #asking { "Limits of who asks" } (asking()) }
            section.panel aria-labelledby="access" { h2 #access { "Access" } (access(&facts.config)) }
        }
        @if facts.config.state.postgres.is_some() || !facts.members.all.is_empty() {
            section aria-labelledby="replicas" {
                h2 #replicas { "Replicas" }
                (replicas::table(&facts.members, facts.now))
            }
        }
        section aria-labelledby="channels" { h2 #channels { "Channels" } (channels(&facts.config)) }
        section aria-labelledby="routes" { h2 #routes { "Routes" } (routes(&facts.config)) }
    }
}

fn daemon(facts: &Facts) -> Markup {
    let (config, now) = (&facts.config, facts.now);
    html! {
        dl.facts {
            dt { "Version" } dd { (env!("CARGO_PKG_VERSION")) }
            dt { "Configuration" }
            dd {
                "hash " code { (config.hash) }
                @if let Some(at) = facts.config_read_at { ", read " (marks::moment(at, now, Told::Ago)) }
                br; code { bdi { (config.path.display()) } }
            }
            @if let Some(refused) = &facts.reload_refused {
                dt { "Last reload" }
                dd { b.bad { "refused" } "; the earlier configuration is in force: " bdi { (refused) } }
            }
            @if !config.warnings.is_empty() {
                dt { "Warnings" }
                dd {
                    (words::number(config.warnings.len())) "; " code { "schemawarden validate" } " shows them"
                }
            }
            dt { "Replicas" }
            dd {
                @if facts.config.state.postgres.is_some() {
                    (words::count(facts.members.all.len(), "shares", "share")) " the state: " a href="#replicas" { "who" }
                } @else {
                    "one: with SQLite as its state there is this process alone (process id " (facts.process) ")"
                }
            }
            dt { "State" }
            dd {
                @match &config.state.postgres {
                    Some(it) => { "PostgreSQL, of the fleet " (marks::name(&it.fleet)) "; a lease holds for " (length(it.lease)) }
                    None => code { bdi { (config.state.sqlite.display()) } },
                }
            }
            dt { "History" }
            dd {
                "audits for " (length(config.state.keep_audits)) ", incidents and deliveries for "
                (length(config.state.keep_incidents)) " after their end"
            }
            dt { "Databases" }
            dd {
                (words::number(config.databases.len())) ", of which "
                (words::number(config.databases.iter().filter(|it| it.discovery.is_some()).count()))
                " are named by discoveries"
            }
            dt { "Servers left alone" }
            dd { (circuits(&facts.circuits, now)) }
            dt { "Heartbeat" }
            dd {
                @match &config.heartbeat {
                    None => "none: nobody elsewhere notices when this daemon dies",
                    Some(it) => {
                        "every " (length(it.every)) ", last taken "
                        @match facts.heartbeat_taken_at {
                            Some(at) => (marks::moment(at, now, Told::Ago)),
                            None => b.warn { "never yet" },
                        }
                    }
                }
            }
        }
    }
}

/// The servers that do not answer.
fn circuits(all: &BTreeMap<String, Open>, now: Timestamp) -> Markup {
    html! {
        @if all.is_empty() { "none: every circuit is closed" }
        @for (server, open) in all.iter().take(CIRCUITS_MAX) {
            (marks::name(server)) ": " (pieces::circuit(open, now)) br;
        }
        @if all.len() > CIRCUITS_MAX { "and " (words::number(all.len() - CIRCUITS_MAX)) " more" }
    }
}

fn limits(config: &Config) -> Markup {
    let it = &config.limits;
    html! {
        dl.facts {
            dt { "Audits at one time" } dd { (it.concurrency) ", on one server " (it.per_server) }
            dt { "New connections to one server" } dd { "at most " (it.per_server_rate) " in each second" }
            dt { "Connecting" } dd { "within " (length(it.connect_timeout)) }
            dt { "One audit" } dd { "within " (length(it.audit_deadline)) }
            dt { "Relations of one database" } dd { "at most " (words::number(it.max_relations)) }
            dt { "Bytes of one audit" } dd { "at most " (bytes(it.max_bytes)) }
            dt { "Lag of a read replica" } dd { "at most " (length(it.max_replica_lag)) }
            dt { "A deploy window" } dd { "at most " (length(config.deploy_max)) }
            dt { "Rows of one answer of the API" } dd { "at most " (words::number(query::ROWS_MAX)) }
        }
    }
}

/// Who asks us, how much of what at one time.
fn asking() -> Markup {
    html! {
        dl.facts {
            dt { "Connections that wait" }
            dd { "at most " (WAITING_MAX) " that have not asked anything yet" }
            dt { "Head of a request" }
            dd { "within " (length(HEAD_MAX)) ", at most " (words::number(HEAD_BYTES_MAX)) " bytes" }
            dt { "Requests being served" }
            dd {
                (SERVED_MAX) ", and " (QUEUED_MAX) " more wait for at most " (length(QUEUED_FOR_MAX))
                "; one takes at most " (length(SERVED_FOR_MAX))
            }
            dt { "Probes and metrics" } dd { (PROBES_MAX) " places of their own" }
            dt { "Pages that update themselves" }
            dd { "at most " (STREAMS_MAX) "; closed when a client takes nothing for " (length(STALLED_MAX)) }
            dt { "Body of a request" }
            dd {
                "JSON at most " (words::number(BODY_BYTES_MAX)) " bytes, forms "
                (words::number(FORM_BYTES_MAX))
            }
            dt { "Wrong tokens" }
            dd {
                "each waits " (GUESS_PAUSE.as_millis()) " ms for its answer, at most " (GUESSES_MAX)
                " at one time"
            }
        }
    }
}

fn access(config: &Config) -> Markup {
    let it = &config.http;
    html! {
        dl.facts {
            dt { "Listens at" }
            dd {
                code { (it.listen) }
                @if it.is_local() { ", for this machine alone" }
                @if it.tls.is_some() { ", with TLS" } @else { ", without TLS of its own" }
            }
            dt { "Names" }
            dd {
                @if it.hosts.is_empty() { "those of this machine" }
                @else { (pieces::names(it.hosts.iter().map(String::as_str))) }
            }
            dt { "Tokens" }
            dd {
                @for token in it.tokens.iter().take(WHOLE_MAX) {
                    span.pill { (marks::name(&token.name)) ": " (token.role.word()) } " "
                }
            }
            @if let Some(it) = &it.trusted_proxies {
                dt { "Trusted proxies" }
                dd {
                    (words::count(it.networks.len(), "network", "networks")) "; who asks stands in "
                    code { (it.user_header) } ", and may " (it.role.word())
                }
            }
        }
    }
}

fn channels(config: &Config) -> Markup {
    let all: Vec<_> = config.channels.values().collect();
    let (shown, more) = list::cut(&all, WHOLE_MAX);
    let root = frame::root(AT);
    html! {
        @if all.is_empty() { p.empty { "There is no channel." } }
        ul.names {
            @for it in shown {
                li {
                    a href={ (root) "deliveries" (pieces::query([("channel", it.name.as_str())])) } {
                        (marks::name(&it.name))
                    }
                    " (" (pieces::channel_type(&it.kind)) @if it.insecure { ", insecure" } ")"
                }
            }
        }
        (list::left_out(more, ["channel", "channels"], "The configuration lists all of them."))
    }
}

fn routes(config: &Config) -> Markup {
    let routes = &config.policy.routes;
    let (shown, more) = list::cut(routes, WHOLE_MAX);
    let table = html! {
        table.list.cards {
            caption.hush { "Routes, in their order" }
            (list::head(["what", "to", "reminded every", "after it"]))
            tbody {
                @for it in shown {
                    tr {
                        td data-label="what" { (matching::words(&it.matcher, &[])) }
                        td data-label="to" {
                            @for (index, target) in it.to.iter().enumerate() {
                                @if index > 0 { ", " }
                                (marks::name(&target_text(target)))
                            }
                        }
                        td data-label="reminded every" { (length(it.repeat_interval)) }
                        td data-label="after it" { @if it.goes_on { "the next ones too" } @else { "none" } }
                    }
                }
            }
        }
    };
    html! {
        @if routes.is_empty() { p.empty { "There is no route." } }
        @else { (list::wide("Routes", &table)) }
        (list::left_out(more, ["route", "routes"], "The configuration lists all of them."))
    }
}

/// As it stands in the configuration.
fn target_text(it: &Target) -> String {
    match it {
        Target::Channel(name) => name.clone(),
        Target::Template(pieces) => pieces
            .iter()
            .map(|it| match it {
                Piece::Text(text) => text.clone(),
                Piece::Label(label) => format!("{{labels.{label}}}"),
            })
            .collect(),
    }
}

fn length(it: Duration) -> String {
    lasted(SignedDuration::try_from(it).unwrap_or(SignedDuration::MAX))
}

fn bytes(it: u64) -> String {
    const MEBIBYTE: u64 = 1024 * 1024;
    if it.is_multiple_of(MEBIBYTE) {
        format!("{} MiB", it / MEBIBYTE)
    } else {
        format!("{it} bytes")
    }
}
