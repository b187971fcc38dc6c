//! Finds the programs of a PostgreSQL server: `initdb`, `pg_ctl` and `postgres` in one folder.
//!
//! Debian keeps them out of `PATH` on purpose (one folder for each major version), and some machines
//! have only a link to one of them there. So `PATH` is asked first, then `pg_config`, then the folders
//! that distributions use, the highest version first.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

/// What a server needs.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// Where distributions put them; `*` is a version, or holds one.
const USUAL: [&str; 12] = [
    "/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
    "/usr/pgsql-*/bin",                                   // PGDG on Fedora, RHEL
    "/usr/lib/postgresql*/bin",                           // openSUSE
    "/usr/libexec/postgresql*",                           // Alpine
    "/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew on Apple silicon
    "/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
    "/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
    "/opt/local/lib/postgresql*/bin",                     // MacPorts
    "/usr/local/pgsql/bin",                               // built from source
    "/opt/homebrew/bin",
    "/usr/local/bin",
    "/usr/bin",
];

/// No folder holds a server.
#[derive(Debug, thiserror::Error)]
#[error(
    "found no PostgreSQL server. No folder of PATH, of `pg_config --bindir` or of the usual ones\n\
     ({} and others) holds initdb, pg_ctl and postgres.\n\
     The demo starts a throwaway server of its own; only the programs are needed. To install them:\n\n\
     \x20 Debian, Ubuntu    sudo apt-get install postgresql\n\
     \x20 Fedora, RHEL      sudo dnf install postgresql-server\n\
     \x20 openSUSE          sudo zypper install postgresql-server\n\
     \x20 Alpine            sudo apk add postgresql\n\
     \x20 Arch              sudo pacman -S postgresql\n\
     \x20 macOS             brew install postgresql@17\n",
    USUAL[0]
)]
pub(super) struct NoServer;

/// The folder of a server's programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Binaries(PathBuf);

impl Binaries {
    /// The best one on this machine. `path` is `PATH`.
    pub(super) fn find(path: Option<&OsStr>) -> Result<Self, NoServer> {
        Self::find_in(path, bindir_of_pg_config, &USUAL)
    }

    fn find_in(
        path: Option<&OsStr>,
        pg_config: impl FnOnce() -> Option<PathBuf>,
        usual: &[&str],
    ) -> Result<Self, NoServer> {
        let in_path = path.into_iter().flat_map(std::env::split_paths).flat_map(with_link);
        let from_pg_config = std::iter::once_with(pg_config).flatten();
        let in_usual = usual.iter().flat_map(|pattern| folders(pattern));
        in_path
            .chain(from_pg_config)
            .chain(in_usual)
            .find(|it| complete(it))
            .map(Self)
            .ok_or(NoServer)
    }

    /// The path of one of the server's programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// `psql`: that of the server's version, or whatever `PATH` has where its package is not installed.
    pub(super) fn psql(&self) -> PathBuf {
        let own = self.program("psql");
        if own.is_file() { own } else { PathBuf::from("psql") }
    }
}

fn complete(folder: &Path) -> bool {
    folder.is_absolute() && PROGRAMS.iter().all(|name| folder.join(name).is_file())
}

/// The folder that the `initdb` in a folder of `PATH` is a link into, which is the one with everything,
/// and that folder itself.
fn with_link(folder: PathBuf) -> impl Iterator<Item = PathBuf> {
    let linked = folder.join(PROGRAMS[0]).canonicalize().ok();
    let linked = linked.and_then(|it| it.parent().map(Path::to_owned));
    linked.into_iter().chain(std::iter::once(folder))
}

/// What `pg_config` says. Without the server package it names a folder that holds no server.
fn bindir_of_pg_config() -> Option<PathBuf> {
    let output = Command::new("pg_config").arg("--bindir").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(PathBuf::from(text.trim()))
}

/// The folders that `pattern` names, the highest version first. At most one component has a `*`.
fn folders(pattern: &str) -> Vec<PathBuf> {
    let Some((before, after)) = pattern.split_once('*') else { return vec![pattern.into()] };
    let (parent, prefix) = before.rsplit_once('/').unwrap_or(("", before));
    let after = after.trim_start_matches('/');
    let entries = fs::read_dir(parent).into_iter().flatten().flatten();
    let mut found: Vec<(Vec<u32>, PathBuf)> = entries
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let version = name.strip_prefix(prefix)?;
            let folder = entry.path();
            Some((numbers(version), if after.is_empty() { folder } else { folder.join(after) }))
        })
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, folder)| folder).collect()
}

/// `9.6` is `[9, 6]`, and lower than `15`, which it would not be as text.
fn numbers(version: &str) -> Vec<u32> {
    version.split(|it: char| !it.is_ascii_digit()).filter_map(|it| it.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Puts `programs` into `folder`.
    fn install(folder: &Path, programs: &[&str]) {
        fs::create_dir_all(folder).unwrap();
        for name in programs {
            fs::write(folder.join(name), "").unwrap();
        }
    }

    #[test]
    fn path_then_pg_config_then_the_highest_version() {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        for version in ["9.6", "13", "17", "postgresql"] {
            install(&at(&format!("lib/{version}/bin")), &PROGRAMS);
        }
        install(&at("lib/18/bin"), &["pg_config", "initdb"]);
        install(&at("configured"), &PROGRAMS);
        install(&at("in-path"), &PROGRAMS);
        install(&at("client-only"), &["psql", "pg_ctl"]);
        install(&at("linked"), &[]);
        std::os::unix::fs::symlink(at("lib/13/bin/initdb"), at("linked/initdb")).unwrap();
        let usual = format!("{}/*/bin", at("lib").display());

        let check = |path: &[&str], pg_config: &str, want: &str| {
            let path = std::env::join_paths(path.iter().map(|it| at(it))).unwrap();
            let got = Binaries::find_in(Some(&path), || Some(at(pg_config)), &[&usual]).unwrap();
            assert_eq!(got, Binaries(at(want)), "{path:?} {pg_config}");
        };
        check(&["client-only", "in-path"], "configured", "in-path");
        check(&["linked", "in-path"], "configured", "lib/13/bin");
        check(&["client-only"], "configured", "configured");
        check(&["client-only"], "client-only", "lib/17/bin");
    }

    #[test]
    fn without_a_server_the_message_says_what_to_install() {
        let root = tempfile::tempdir().unwrap();
        let usual = format!("{}/*/bin", root.path().display());
        let error = Binaries::find_in(None, || None, &[&usual]).unwrap_err();
        assert!(error.to_string().contains("sudo apt-get install postgresql\n"), "{error}");
    }
}
