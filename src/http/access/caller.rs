//! Somebody who was recognised, or nobody.

use axum::http::StatusCode;

use super::CHALLENGE;
use super::Door;
use super::Viewer;
use crate::config::Role;
use crate::http::refusal::Refusal;
use crate::http::session;
use crate::http::session::Session;

/// Who asks.
#[derive(Clone, Debug)]
pub(in crate::http) struct Caller {
    pub(in crate::http) by: By,
    /// Somebody's.
    pub(in crate::http) name: Option<String>,
    pub(in crate::http) role: Option<Role>,
}

/// How they were recognised.
#[derive(Clone, Debug)]
pub(in crate::http) enum By {
    Nobody,
    /// A header that no browser sends by itself.
    Token,
    Session(Session),
    /// Whoever speaks through a trusted proxy; the browser adds what the proxy knows them by.
    Proxy,
}

impl Caller {
    pub(in crate::http) fn nobody() -> Self {
        Self { by: By::Nobody, name: None, role: None }
    }

    /// The name of one who may change things; why not, for anybody else.
    pub(in crate::http) fn operator(&self) -> Result<&str, Refusal> {
        match (&self.name, self.role) {
            (Some(name), Some(Role::Operate)) => Ok(name),
            (Some(name), _) => {
                let what = match self.by {
                    By::Proxy => "user",
                    _ => "token",
                };
                let detail = format!(
                    "the {what} `{name}` may look, and this changes something: it needs the role \
                     `operate`"
                );
                Err(Refusal::new(StatusCode::FORBIDDEN, detail))
            }
            (None, _) => {
                let detail = "this changes something and needs a token: `Authorization: Bearer TOKEN` (the \
                              daemon keeps one in the file that http.token_file names), or sign in at /login";
                Err(Refusal::unauthorized(CHALLENGE, detail))
            }
        }
    }

    /// The same, for pages.
    pub(in crate::http) fn viewer(&self, door: &Door) -> Viewer {
        let proof = match &self.by {
            By::Nobody => String::new(),
            _ => session::proof(&self.proof_key(door)),
        };
        Viewer {
            name: self.name.clone(),
            operates: self.role == Some(Role::Operate),
            signed_in: matches!(self.by, By::Session(_)),
            proof,
        }
    }

    /// What the proofs of their forms are made with.
    pub(in crate::http) fn proof_key(&self, door: &Door) -> [u8; 32] {
        match &self.by {
            By::Session(session) => session.proof_key,
            _ => door.sessions.key_of(self.name.as_deref().unwrap_or_default()),
        }
    }
}
