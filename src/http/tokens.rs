//! The named tokens: made where there is none, read where they stand, and compared by their hashes
//! ([`keyring`]).

pub(super) mod keyring;

use std::fs;
use std::fs::Permissions;
use std::io;
use std::io::Read as _;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::config::SecretSource;
use crate::config::Token;
use crate::config::TokenSource;
use crate::secret::Secret;
use crate::secret::first_line;

/// Random bytes of a token that the daemon makes.
const MADE_BYTES: usize = 32;
/// A shorter token could be guessed; it is as good as none. The config asks for as many.
const TOKEN_CHARS_MIN: usize = 32;
/// No token is longer than this, with whatever stands around it in its file.
const TOKEN_BYTES_MAX: usize = 4096;
/// What others than the owner may not have on a token file that is ours.
const OTHERS: u32 = 0o077;

/// Why a token cannot be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    #[error("could not make the token file {path}", path = path.display())]
    Make { path: PathBuf, source: io::Error },
    #[error("could not read the token file {path}", path = path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error(
        "the token file {path} has mode {mode:04o}, so others can read it; whoever did may change \
         things: delete it (the daemon makes another one), or `chmod 600` it if nobody did",
        path = path.display()
    )]
    Open { path: PathBuf, mode: u32 },
    #[error("the token `{name}` has fewer than {TOKEN_CHARS_MIN} characters, or holds no token")]
    Unusable { name: String },
}

/// Makes the token files that the daemon has to make and that are missing, and looks whether those
/// that are there serve. Returns what it made. Blocks.
pub fn prepare(tokens: &[Token]) -> Result<Vec<PathBuf>, TokenError> {
    let mut made = Vec::new();
    for token in tokens {
        let TokenSource::Made(path) = &token.source else { continue };
        if make(path)? {
            made.push(path.clone());
        }
        read(token)?;
    }
    Ok(made)
}

/// Makes a file with a new token, readable by its owner alone. It appears whole or not at all, and
/// one that is there stays as it is.
fn make(path: &Path) -> Result<bool, TokenError> {
    let failed = |source: io::Error| TokenError::Make { path: path.to_owned(), source };
    if path.try_exists().map_err(failed)? {
        return Ok(false);
    }
    let mut random = [0; MADE_BYTES];
    getrandom::fill(&mut random).map_err(|error| failed(io::Error::other(error)))?;
    let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".schemawarden-token-")
        .permissions(Permissions::from_mode(0o600))
        .tempfile_in(folder)
        .map_err(failed)?;
    writeln!(file, "{}", URL_SAFE_NO_PAD.encode(random)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(true),
        // Another process was faster: its token is as good.
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(error.error)),
    }
}

/// The token as it is now. Blocks where it stands in a file.
pub fn read(token: &Token) -> Result<Secret, TokenError> {
    let text = match &token.source {
        TokenSource::Secret(SecretSource::Inline(secret)) => secret.expose().to_owned(),
        TokenSource::Secret(SecretSource::File(path)) => from_file(path, false)?,
        TokenSource::Made(path) => from_file(path, true)?,
    };
    let usable = text.len() < TOKEN_BYTES_MAX && text.chars().count() >= TOKEN_CHARS_MIN;
    if usable {
        Ok(Secret::new(text))
    } else {
        Err(TokenError::Unusable { name: token.name.clone() })
    }
}

/// The first line of a file, without white space around it; of one that only its owner may read,
/// where it is `ours`.
pub fn from_file(path: &Path, ours: bool) -> Result<String, TokenError> {
    let failed = |source| TokenError::Read { path: path.to_owned(), source };
    let file = fs::File::open(path).map_err(failed)?;
    let mode = file.metadata().map_err(failed)?.permissions().mode();
    if ours && mode & OTHERS != 0 {
        return Err(TokenError::Open { path: path.to_owned(), mode: mode & 0o7777 });
    }
    let mut bytes = Vec::new();
    file.take(TOKEN_BYTES_MAX as u64).read_to_end(&mut bytes).map_err(failed)?;
    Ok(String::from_utf8_lossy(first_line(&bytes)).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Role;

    /// The name of the token that `presented` is, as a request finds it.
    fn name_of(tokens: &[Token], presented: &str) -> Option<String> {
        let keys: Vec<_> = tokens.iter().filter_map(|it| keyring::key(it).ok()).collect();
        keyring::find(&keys, presented).map(|it| it.name.clone())
    }

    fn inline(name: &str, text: &str) -> Token {
        let source = TokenSource::Secret(SecretSource::Inline(Secret::new(text)));
        Token { name: name.to_owned(), source, role: Role::Operate }
    }

    fn made(path: &Path) -> Token {
        let source = TokenSource::Made(path.to_owned());
        Token { name: "local".to_owned(), source, role: Role::Operate }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn a_token_is_made_once_and_only_its_owner_may_read_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schemawarden.token");
        let tokens = [made(&path)];
        assert_eq!(prepare(&tokens).unwrap(), std::slice::from_ref(&path));
        assert_eq!(mode(&path), 0o600);
        let first = fs::read_to_string(&path).unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(first.trim()).unwrap().len(), MADE_BYTES);
        assert_eq!(prepare(&tokens).unwrap(), Vec::<PathBuf>::new());
        assert_eq!(fs::read_to_string(&path).unwrap(), first);
        assert_eq!(name_of(&tokens, first.trim()).as_deref(), Some("local"));
        // Nothing half made is left beside it.
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);

        let other = directory.path().join("other.token");
        prepare(&[made(&other)]).unwrap();
        assert_ne!(fs::read_to_string(&other).unwrap(), first);
    }

    #[test]
    fn a_made_token_that_others_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schemawarden.token");
        let tokens = [made(&path)];
        prepare(&tokens).unwrap();
        let token = fs::read_to_string(&path).unwrap();
        for mode in [0o640, 0o604, 0o666, 0o622] {
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            let refused = prepare(&tokens).unwrap_err().to_string();
            assert!(refused.contains(&format!("{mode:04o}")), "{refused}");
            assert!(!refused.contains(token.trim()), "{refused}");
            assert_eq!(name_of(&tokens, token.trim()), None, "{mode:04o}");
        }
        fs::set_permissions(&path, Permissions::from_mode(0o400)).unwrap();
        prepare(&tokens).unwrap();
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("schemawarden.token");
        for text in ["", "\n", "short", "\nafter-an-empty-line-01234567890123456789012345678901"] {
            fs::write(&path, text).unwrap();
            fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
            assert!(
                matches!(prepare(&[made(&path)]), Err(TokenError::Unusable { .. })),
                "{text:?}"
            );
            assert_eq!(name_of(&[made(&path)], text.trim()), None, "{text:?}");
        }
        let missing = directory.path().join("no/such/folder/token");
        assert!(matches!(prepare(&[made(&missing)]), Err(TokenError::Make { .. })));
    }

    #[test]
    fn the_name_is_that_of_the_token_presented() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("ci");
        fs::write(&file, "ci-token-01234567890123456789012345678901\r\n").unwrap();
        // A mounted secret is often readable for a group.
        fs::set_permissions(&file, Permissions::from_mode(0o440)).unwrap();
        let ci = TokenSource::Secret(SecretSource::File(file.clone()));
        let tokens = [
            inline("alice", "alice-token-01234567890123456789012345678901"),
            Token { name: "ci".to_owned(), source: ci, role: Role::Read },
            inline("short", "short"),
            inline("empty", ""),
        ];
        for (presented, want) in [
            ("alice-token-01234567890123456789012345678901", Some("alice")),
            ("ci-token-01234567890123456789012345678901", Some("ci")),
            ("alice-token-0123456789012345678901234567890", None),
            ("alice-token-01234567890123456789012345678901 ", None),
            ("ALICE-TOKEN-01234567890123456789012345678901", None),
            ("short", None),
            ("", None),
        ] {
            assert_eq!(name_of(&tokens, presented).as_deref(), want, "{presented:?}");
        }
        // Rotated: it counts from now on.
        fs::write(&file, "ci-token-98765432109876543210987654321098\n").unwrap();
        assert_eq!(name_of(&tokens, "ci-token-01234567890123456789012345678901"), None);
        assert_eq!(
            name_of(&tokens, "ci-token-98765432109876543210987654321098").as_deref(),
            Some("ci")
        );
    }
}
