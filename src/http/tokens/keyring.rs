//! Every token as it is now, by its hash: what presented ones are compared with.
//!
//! Inline ones are hashed once for a configuration. Files are read at each use, so that a token that is
//! rotated counts from then on, and the old one no longer.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use sha2::Digest as _;
use sha2::Sha256;
use subtle::Choice;
use subtle::ConstantTimeEq as _;
use tokio::sync::Semaphore;
use tracing::warn;

use super::TokenError;
use super::read;
use crate::config::Config;
use crate::config::Role;
use crate::config::SecretSource;
use crate::config::Token;
use crate::config::TokenSource;

/// Looks at token files at one time.
const READING_MAX: usize = 4;

/// SHA-256 of a token.
pub(in crate::http) type Hash = [u8; 32];

/// One token as it is now.
#[derive(Clone, Debug)]
pub(in crate::http) struct Key {
    pub(in crate::http) name: String,
    pub(in crate::http) role: Role,
    pub(in crate::http) hash: Hash,
}

/// The tokens of one configuration.
type Bunch = (Arc<Config>, Arc<[Hung]>);

/// The tokens of the configuration in force.
#[derive(Debug)]
pub(in crate::http) struct Keyring {
    /// Of the configuration that they were hashed for. Held for a copy.
    hung: Mutex<Option<Bunch>>,
    reading: Semaphore,
}

/// One token, hashed where that may be done ahead.
#[derive(Debug)]
enum Hung {
    Key(Key),
    File(Filed),
}

/// A token that is read at each use.
#[derive(Debug)]
struct Filed {
    token: Token,
    /// Why it could not be read last, which was said. Held for one look.
    told: Mutex<Option<String>>,
}

impl Keyring {
    pub(in crate::http) fn new() -> Self {
        Self { hung: Mutex::default(), reading: Semaphore::new(READING_MAX) }
    }

    /// Every token that can be had now.
    pub(in crate::http) async fn keys(&self, config: &Arc<Config>) -> Vec<Key> {
        let hung = self.hung(config);
        if hung.iter().all(|it| matches!(it, Hung::Key(_))) {
            return hung.iter().filter_map(Hung::key).collect();
        }
        let Ok(_one_of_few) = self.reading.acquire().await else { return Vec::new() };
        let reading =
            tokio::task::spawn_blocking(move || hung.iter().filter_map(Hung::key).collect());
        reading.await.unwrap_or_default()
    }

    fn hung(&self, config: &Arc<Config>) -> Arc<[Hung]> {
        let mut kept = self.hung.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((of, hung)) = &*kept
            && Arc::ptr_eq(of, config)
        {
            return Arc::clone(hung);
        }
        let hung: Arc<[Hung]> = config.http.tokens.iter().map(Hung::new).collect();
        *kept = Some((Arc::clone(config), Arc::clone(&hung)));
        hung
    }
}

impl Hung {
    fn new(token: &Token) -> Self {
        match token.source {
            TokenSource::Secret(SecretSource::Inline(_)) => {
                key(token).map_or_else(|_| Self::File(Filed::new(token)), Self::Key)
            }
            _ => Self::File(Filed::new(token)),
        }
    }

    fn key(&self) -> Option<Key> {
        match self {
            Self::Key(key) => Some(key.clone()),
            Self::File(filed) => filed.key(),
        }
    }
}

impl Filed {
    fn new(token: &Token) -> Self {
        Self { token: token.clone(), told: Mutex::default() }
    }

    /// The token as it is now. One that cannot be had is none, and that is said once, not at each request.
    /// Blocks.
    fn key(&self) -> Option<Key> {
        let key = key(&self.token);
        let trouble = key.as_ref().err();
        if self.is_news(trouble.map(|it| format!("{it:?}")))
            && let Some(error) = trouble
        {
            let cause = error as &dyn std::error::Error;
            warn!(error = cause, "the token `{}` cannot be used", self.token.name);
        }
        key.ok()
    }

    /// Whether this is another trouble than the last one.
    fn is_news(&self, trouble: Option<String>) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let is_news = *told != trouble;
        *told = trouble;
        is_news
    }
}

/// The token as it is now. Blocks.
pub(super) fn key(token: &Token) -> Result<Key, TokenError> {
    let secret = read(token)?;
    Ok(Key { name: token.name.clone(), role: token.role, hash: hash(secret.expose()) })
}

fn hash(text: &str) -> Hash {
    Sha256::digest(text.as_bytes()).into()
}

/// The token that `presented` is. Every one is compared, each in constant time, so that the time of an
/// answer says nothing about how near a guess was.
pub(in crate::http) fn find<'a>(keys: &'a [Key], presented: &str) -> Option<&'a Key> {
    let presented = hash(presented);
    let mut found = None;
    for key in keys {
        let same: Choice = key.hash.ct_eq(&presented);
        // No way out before the last one.
        if bool::from(same) && found.is_none() {
            found = Some(key);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn a_token_that_cannot_be_read_is_said_once_until_that_changes() {
        let source = TokenSource::Secret(SecretSource::File(PathBuf::from("/nowhere/alice")));
        let filed = Filed::new(&Token { name: "alice".to_owned(), source, role: Role::Read });
        assert!(filed.key().is_none());
        let told = filed.told.lock().unwrap().clone();
        assert!(told.as_ref().is_some_and(|it| it.contains("/nowhere/alice")), "{told:?}");
        for (trouble, news) in [
            (told, false),
            (Some("another".to_owned()), true),
            (Some("another".to_owned()), false),
            (None, true),
            (None, false),
            (Some("another".to_owned()), true),
        ] {
            assert_eq!(filed.is_news(trouble.clone()), news, "{trouble:?}");
        }
    }
}
