//! The piece of a path that names something.

use axum::extract::FromRequestParts;
use axum::extract::Path;
use axum::http::request::Parts;

use super::Face;
use super::refusal::Refusal;

/// The one piece of the path that its pattern leaves open, decoded.
#[derive(Debug)]
pub(super) struct Segment(pub(super) String);

impl FromRequestParts<Face> for Segment {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, face: &Face) -> Result<Self, Refusal> {
        // axum's own rejection is plain text, and names what nobody outside knows.
        let Path(text) = Path::<String>::from_request_parts(parts, face).await.map_err(|_| {
            Refusal::from("the path holds bytes that are not UTF-8, and no name has any".to_owned())
        })?;
        Ok(Self(text))
    }
}
