//! The pages that people look at.
//!
//! Drawn on the server and whole without a script; [`assets`] holds the one style and the one script, which
//! redraws what is open when something changes ([`events`]). Nothing here comes from elsewhere.

mod assets;
mod card;
pub(super) mod events;
mod filter;
mod fleet;
pub(super) mod frame;
mod grid;
mod list;
pub(super) mod marks;
pub(super) mod pages;
mod roll;
#[cfg(test)]
mod sample;
mod snapshot;
pub(super) mod strip;
mod truth;
pub(super) mod words;

use std::sync::Arc;

use axum::Router;
use axum::extract::Extension;
use axum::routing::get;

use super::Face;

/// Every page and the files that they are drawn with. Who may see them is decided around this.
pub(super) fn routes() -> Router<Face> {
    Router::new()
        .route("/", get(fleet::show).layer(Extension(Arc::new(snapshot::Keeper::default()))))
        .merge(assets::routes())
        .merge(pages::routes())
}
