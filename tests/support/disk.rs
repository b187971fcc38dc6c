//! A disk so small that it can be filled.

use std::ffi::OsString;
use std::fs;
use std::io::ErrorKind;
use std::io::Write;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use nix::unistd::Uid;

use super::process::Guard;
use super::process::TEMPORARY;
use super::process::must_succeed;

/// Bytes in one write while filling. A page: whatever is left then is too small for anyone.
const CHUNK: usize = 4096;

/// A mounted tmpfs. Dropping it unmounts it.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    directory: PathBuf,
    _guard: Guard,
}

impl SmallDisk {
    /// Mounts a disk of `mebibytes`. Panics where mounting is not permitted: a full disk cannot be
    /// had in any other way, and the test must not pass without one.
    pub(crate) fn mount(mebibytes: u32) -> Self {
        let directory = tempfile::Builder::new()
            .prefix("schemawarden-test-disk-")
            .tempdir_in(TEMPORARY)
            .expect("a temporary directory can be made");
        let options = format!("size={mebibytes}m,mode=0777");
        let mut mount = as_root("mount");
        mount.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(directory.path());
        must_succeed(&mut mount);
        let directory = directory.keep();
        let mut shell = as_root("sh");
        shell.current_dir("/");
        let guard = Guard::start(
            shell,
            "",
            "umount --lazy -- \"$1\"\nrmdir -- \"$1\"",
            &[OsString::from(directory.clone())],
        );
        Self { directory, _guard: guard }
    }

    /// Where it is mounted.
    pub(crate) fn path(&self) -> &Path {
        &self.directory
    }

    /// Writes until not one more page fits.
    pub(crate) fn fill(&self) {
        let mut file = fs::File::options()
            .create(true)
            .append(true)
            .open(self.filling())
            .expect("the disk is mounted");
        loop {
            match file.write(&[0; CHUNK]) {
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return,
                Err(error) => panic!("could not fill {}: {error}", self.directory.display()),
            }
        }
    }

    /// Gives the space back.
    pub(crate) fn free(&self) {
        fs::remove_file(self.filling()).expect("`fill` came first");
    }

    fn filling(&self) -> PathBuf {
        self.directory.join("filling")
    }
}

/// Mounting needs root; where we are not, `sudo` has to work without a password.
fn as_root(program: &str) -> Command {
    if Uid::effective().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("sudo");
    command.args(["--non-interactive", program]);
    command
}
