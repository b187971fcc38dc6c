//! The files that pages are drawn with, inside the program: no build step, and nothing from elsewhere.
//!
//! Pages name them with a hash of what they hold, so that a browser keeps them for ever and asks again
//! after an upgrade at once.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::response::Response;
use axum::routing::get;
use sha2::Digest as _;
use sha2::Sha256;

use crate::http::Face;

const STYLE: &str = include_str!("style.css");
/// One script of several files, which share what is in the function around them.
const LIVE: &str = concat!(
    "'use strict';\n(() => {\n",
    include_str!("live/begin.js"),
    include_str!("live/told.js"),
    include_str!("live/search.js"),
    include_str!("live/redraw.js"),
    include_str!("live/stream.js"),
    include_str!("live/keys.js"),
    "})();\n",
);
const ICON: &str = include_str!("icon.svg");

/// A hash of all of them, 12 hex digits.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for it in [STYLE, LIVE, ICON] {
        hash.update(it.as_bytes());
    }
    hash.finalize()[..6].iter().fold(String::new(), |mut hex, it| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{it:02x}");
        hex
    })
});

/// Which files these are, for `?v=`.
pub(super) fn version() -> &'static str {
    &HASH
}

/// Open to everybody: they say nothing about anybody.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route(
            "/assets/style.css",
            get(async |query| file("text/css; charset=utf-8", STYLE, query)),
        )
        .route(
            "/assets/live.js",
            get(async |query| file("text/javascript; charset=utf-8", LIVE, query)),
        )
        .route("/assets/icon.svg", get(async |query| file("image/svg+xml", ICON, query)))
}

/// For ever, where the page asked for exactly this one.
fn file(kind: &'static str, text: &'static str, RawQuery(query): RawQuery) -> Response {
    let exact = query.and_then(|it| it.strip_prefix("v=").map(|it| it == version()));
    let keep = match exact {
        Some(true) => "public, max-age=31536000, immutable",
        _ => "public, max-age=60",
    };
    let headers = [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)];
    (headers, text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_asked_for_exactly_is_kept_for_ever() {
        for (query, forever) in [
            (None, false),
            (Some("v=0"), false),
            (Some("v="), false),
            (Some(&*format!("v={}", version())), true),
        ] {
            let response = file("text/css", STYLE, RawQuery(query.map(str::to_owned)));
            let keep = response.headers()[header::CACHE_CONTROL].to_str().unwrap();
            assert_eq!(keep.contains("immutable"), forever, "{query:?}");
        }
    }

    /// The policy of the pages forbids both, and nothing comes from elsewhere.
    #[test]
    fn the_files_name_nothing_outside() {
        for text in [STYLE, LIVE] {
            for forbidden in ["http:", "https:", "@import", "eval(", "new Function", "innerHTML"] {
                assert!(!text.contains(forbidden), "{forbidden}");
            }
        }
        assert!(!STYLE.contains("url("));
    }
}
