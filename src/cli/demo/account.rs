//! The operating system's user that the throwaway server runs as.
//!
//! PostgreSQL refuses to run as root, and containers and fresh machines are often root. So root drops
//! to an account that has no rights of its own; anybody else starts the server as themselves.

use std::ffi::OsStr;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use anyhow::Context as _;
use nix::unistd::Uid;
use nix::unistd::User;

/// Accounts that root drops to, best first.
const ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// Where root falls back to when `TMPDIR` is closed to other accounts.
const OPEN_TO_ALL: &str = "/tmp";

/// The mode bit that lets every account walk through a directory.
const OTHERS_MAY_ENTER: u32 = 0o001;

/// Who runs the server. `None`: the user who runs the demo.
#[derive(Clone, Debug)]
pub(super) struct Account(Option<User>);

impl Account {
    /// The account to use here. An error where root finds none of [`ACCOUNTS`].
    pub(super) fn find() -> anyhow::Result<Self> {
        if !Uid::effective().is_root() {
            return Ok(Self(None));
        }
        for name in ACCOUNTS {
            if let Some(user) = User::from_name(name).context("could not read the users")? {
                return Ok(Self(Some(user)));
            }
        }
        anyhow::bail!(
            "PostgreSQL refuses to run as root, and this system has neither a user `{}` nor a user \
             `{}` to run it as: run the demo as another user",
            ACCOUNTS[0],
            ACCOUNTS[1]
        )
    }

    /// The account's name, where it is not that of the user who runs the demo.
    pub(super) fn name(&self) -> Option<&str> {
        self.0.as_ref().map(|user| user.name.as_str())
    }

    /// A command that runs as this account in `directory`, with no input, no `PG…` variable that could
    /// lead it to another server, and messages in English.
    ///
    /// It is in a process group of its own, so that Ctrl-C reaches the demo alone and the demo decides
    /// what ends when.
    pub(super) fn command(&self, program: impl AsRef<OsStr>, directory: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some(user) = &self.0 {
            command.uid(user.uid.as_raw()).gid(user.gid.as_raw()).env("HOME", directory);
        }
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"PG") {
                command.env_remove(name);
            }
        }
        command.env("LC_ALL", "C").current_dir(directory).stdin(Stdio::null()).process_group(0);
        command
    }

    /// Makes the account the owner of `path`.
    pub(super) fn give(&self, path: &Path) -> io::Result<()> {
        match &self.0 {
            Some(user) => chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())),
            None => Ok(()),
        }
    }

    /// The mode of a directory of ours that the account must be able to walk through, not list.
    pub(super) fn passage_mode(&self) -> u32 {
        if self.0.is_some() { 0o711 } else { 0o700 }
    }

    /// Where a directory that the account can reach may be made: `preferred` (`TMPDIR`), or
    /// [`OPEN_TO_ALL`] where a folder on the way to it is closed to the account.
    pub(super) fn temporary(&self, preferred: PathBuf) -> PathBuf {
        if self.0.is_none() || open_to_all(&preferred) {
            preferred
        } else {
            PathBuf::from(OPEN_TO_ALL)
        }
    }
}

fn open_to_all(directory: &Path) -> bool {
    let Ok(directory) = directory.canonicalize() else { return false };
    directory.ancestors().all(|it| it.metadata().is_ok_and(|it| it.mode() & OTHERS_MAY_ENTER != 0))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_closed_folder_on_the_way_is_seen() {
        let open = tempfile::tempdir().unwrap();
        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o711)).unwrap();
        let below = open.path().join("below");
        fs::create_dir(&below).unwrap();
        fs::set_permissions(&below, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(open_to_all(&below));

        fs::set_permissions(open.path(), fs::Permissions::from_mode(0o700)).unwrap();
        assert!(!open_to_all(&below));
        assert!(!open_to_all(Path::new("/no/such/folder")));
    }

    #[test]
    fn no_variable_leads_a_command_to_another_server() {
        let account = Account(None);
        let command = account.command("true", Path::new("/"));
        for (name, value) in command.get_envs() {
            assert!(value.is_none() || name == "LC_ALL", "{name:?} is set");
        }
    }
}
