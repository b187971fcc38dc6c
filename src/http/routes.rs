//! The table of every operation. The API is routed by it, and `/openapi.json` and `/api` are written from
//! it, so a route that is not described cannot exist.
//!
//! Probes and metrics are routed where they are made, and stand in the table for who reads it.

mod daemon;
mod fleet;
mod outbox;
mod trouble;

use axum::Router;
use axum::routing::get;

use super::Face;
use super::described;
use super::not_this_way;
use super::operation::Operation;
use super::refusal::Refusal;

/// Below which paths are the API's.
const API: &str = "/api";

/// Every operation, in the order in which people read them.
pub(super) fn operations() -> Vec<Operation> {
    [fleet::operations(), trouble::operations(), outbox::operations(), daemon::operations()]
        .concat()
}

/// The API, below [`API`].
pub(super) fn api() -> Router<Face> {
    let mut router = Router::new();
    for it in operations() {
        if let (Some(path), Some(handler)) = (below_api(it.path), it.handler) {
            router = router.route(path, handler);
        }
    }
    router
        .fallback(async || Refusal::missing("no such endpoint; /api and /openapi.json list them"))
        .method_not_allowed_fallback(not_this_way)
}

/// What is beside it: what describes it (`/openapi.json` for programs, `/api` for people), and the stream that
/// pages listen to.
pub(super) fn documents() -> Router<Face> {
    let mut router = Router::new().route(API, get(described::page));
    for it in operations() {
        if let (None, Some(handler)) = (below_api(it.path), it.handler) {
            router = router.route(it.path, handler);
        }
    }
    router
}

fn below_api(path: &'static str) -> Option<&'static str> {
    path.strip_prefix(API).filter(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::http::operation::Method;
    use crate::http::operation::Place;
    use crate::http::operation::Role;

    /// What is routed elsewhere.
    const ELSEWHERE: [&str; 4] = ["/livez", "/readyz", "/healthz", "/metrics"];

    #[test]
    fn everything_is_routed_and_said_once() {
        let operations = operations();
        let mut ids = BTreeSet::new();
        let mut ways = BTreeSet::new();
        for it in &operations {
            let at = format!("{} {}", it.method.word(), it.path);
            assert!(ids.insert(it.id), "{at}: {} is there twice", it.id);
            assert!(ways.insert(at.clone()), "{at} is there twice");
            assert_eq!(it.handler.is_none(), ELSEWHERE.contains(&it.path), "{at}");
            assert!(!it.tag.is_empty() && !it.summary.is_empty(), "{at} says nothing");
            assert!(!it.summary.ends_with('.'), "{at}: a summary is a line");
            assert!(it.about.is_empty() || it.about.ends_with('.'), "{at}");
            assert!(it.replies.iter().any(|it| it.status < 300), "{at} never answers");
            assert_eq!(it.method == Method::Post, it.role == Role::Operate, "{at}");
            assert_eq!(it.body.is_some(), it.method == Method::Post, "{at}");
            let inside = it.path.starts_with("/api/v1/");
            assert!(inside || it.method == Method::Get, "{at}");
        }
        // Both routers can be built: no two of them are in each other's way.
        let _both: (Router<Face>, Router<Face>) = (api(), documents());
    }

    #[test]
    fn parameters_say_what_they_mean() {
        for it in operations() {
            let open: Vec<&str> =
                it.path.split('{').skip(1).filter_map(|it| it.split('}').next()).collect();
            let said: Vec<&str> = it
                .parameters
                .iter()
                .filter(|it| it.place == Place::Path)
                .map(|it| it.name)
                .collect();
            assert_eq!(open, said, "{}", it.path);
            let mut names = BTreeSet::new();
            for parameter in &it.parameters {
                let at = format!("{} of {}", parameter.name, it.path);
                assert!(names.insert(parameter.name), "{at} is there twice");
                assert!(parameter.meaning.ends_with('.'), "{at}");
                let of_path = parameter.place == Place::Path;
                assert!(!of_path || !parameter.example.is_empty(), "{at} has no example");
            }
        }
    }

    #[test]
    fn statuses_are_described_in_order_and_kinds_are_told_apart() {
        for it in operations() {
            let replies = it.all_replies();
            let statuses: Vec<u16> = replies.iter().map(|it| it.status).collect();
            assert!(statuses.is_sorted(), "{}", it.path);
        }
    }
}
