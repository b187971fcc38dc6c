//! A refusal as a page, with a way on.
//!
//! Whoever was let in sees it inside the frame of every page. Whoever was not sees a page that says nothing
//! about the fleet or the daemon: the frame would.

use std::sync::Arc;

use axum::extract::Request;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header;
use axum::middleware::Next;
use axum::response::Response;
use maud::Markup;
use maud::html;

use super::Told;
use crate::http::access::Caller;
use crate::http::access::Door;
use crate::http::access::NO_PAGES;
use crate::http::screen::frame;

/// The longest path that a link names; a longer one is a mistake or an attack.
const PATH_BYTES_MAX: usize = 2048;

/// Turns what is refused on the way to a page into a page.
pub(in crate::http) async fn redraw(
    State(door): State<Arc<Door>>,
    request: Request,
    next: Next,
) -> Response {
    let at = request.uri().path().to_owned();
    if NO_PAGES.contains(&&*at) {
        return next.run(request).await;
    }
    let caller = request.extensions().get::<Caller>().cloned();
    let mut response = next.run(request).await;
    // Taken out, so that it is drawn once: there is a layer inside and one outside of those that let in.
    let Some(told) = response.extensions_mut().remove::<Told>() else { return response };
    // A page that is deeper than any of ours has no way home that fits into it.
    let at = if at.len() > PATH_BYTES_MAX { "/" } else { &*at };
    let (mut head, _) = response.into_parts();
    let body = explained(&told, at);
    let title = title(told.status);
    let redrawn = match caller {
        Some(caller) => {
            frame::page_with(&door.face, &caller.viewer(&door), at, title, told.status, body).await
        }
        None => frame::bare(at, title, told.status, &body),
    };
    let (drawn, body) = redrawn.into_parts();
    // `Allow`, `WWW-Authenticate` and the like stay; what describes the body is that of the page.
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.extend(drawn.headers);
    Response::from_parts(head, body)
}

fn explained(told: &Told, at: &str) -> Markup {
    let (root, home) = (frame::root(at), frame::home(at));
    html! {
        h1 { (title(told.status)) }
        p.lead { bdi { (told.detail) } }
        p.actions {
            a href=(home) { "All databases" }
            a href={ (root) "incidents" } { "Incidents" }
            @if matches!(told.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
                a href={ (root) "login" } { "Sign in" }
            }
        }
        p.muted { "Status " (told.status.as_u16()) }
    }
}

fn title(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "This cannot be understood",
        StatusCode::UNAUTHORIZED => "Who are you?",
        StatusCode::FORBIDDEN => "This is not allowed",
        StatusCode::NOT_FOUND => "There is no such page",
        StatusCode::METHOD_NOT_ALLOWED => "This page cannot be asked that way",
        StatusCode::CONFLICT => "This cannot be done now",
        StatusCode::MISDIRECTED_REQUEST => "This is another machine",
        StatusCode::SERVICE_UNAVAILABLE => "This cannot be answered now",
        _ => "This was refused",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_text() {
        let told = Told {
            status: StatusCode::NOT_FOUND,
            detail: "no database `<script>alert(1)</script>`".to_owned(),
        };
        let html = explained(&told, "/databases/x").into_string();
        assert!(html.contains("&lt;script&gt;") && !html.contains("<script"), "{html}");
        assert!(html.contains("href=\"../incidents\""), "{html}");
        assert!(!html.contains("login"), "{html}");
    }
}
