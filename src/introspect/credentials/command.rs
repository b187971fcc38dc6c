//! Passwords that a command prints (`password_command`): RDS IAM tokens, Vault leases.
//!
//! Such a command may cost a second and a request to somebody's rate-limited API, so what it printed
//! is kept for its `ttl`, and audits that need the same one at the same time wait for one command.

use std::collections::HashMap;
use std::fmt;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::Instant;
use tokio::time::timeout;

use super::CredentialsError;
use crate::secret;
use crate::secret::Secret;

/// The most that a command may print, in bytes. An RDS IAM token has 1 to 2 KiB.
const MAX_OUTPUT_BYTES: u64 = 64 * 1024;

/// Passwords by command, shared by all audits.
///
/// The outer mutex guards the map and is held for a look-up only; the inner one is held while its
/// command is under way, so that one command serves everybody who waits. They are tokio's, and not a
/// channel, because the waiting is the point.
#[derive(Clone, Default)]
pub(in crate::introspect) struct Commands(Arc<Mutex<HashMap<Vec<String>, Slot>>>);

type Slot = Arc<Mutex<Option<Kept>>>;

struct Kept {
    password: Secret,
    until: Instant,
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Commands")
    }
}

impl Commands {
    /// The password of `argv`: kept, or printed now. A failed command keeps nothing.
    pub(super) async fn password(
        &self,
        argv: &[String],
        limit: Duration,
        ttl: Duration,
    ) -> Result<Secret, CredentialsError> {
        let slot = Arc::clone(self.0.lock().await.entry(argv.to_vec()).or_default());
        let mut kept = slot.lock().await;
        if let Some(kept) = kept.as_ref().filter(|it| Instant::now() < it.until) {
            return Ok(kept.password.clone());
        }
        let started = Instant::now();
        let password = print(argv, limit).await?;
        *kept = started.checked_add(ttl).map(|until| Kept { password: password.clone(), until });
        Ok(password)
    }

    /// Drops what is kept of `argv`, because a server refused it.
    pub(super) async fn forget(&self, argv: &[String]) {
        self.0.lock().await.remove(argv);
    }
}

/// Asks the command. What it says on stderr is dropped: it may quote what it was given.
async fn print(argv: &[String], limit: Duration) -> Result<Secret, CredentialsError> {
    let program = argv.first().cloned().unwrap_or_default();
    let failed = |source| CredentialsError::CommandStart { program: program.clone(), source };
    let mut child = Command::new(&program)
        .args(argv.iter().skip(1))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let stdout = child.stdout.take().expect("stdout is piped");
    let mut output = Vec::new();
    let ended = timeout(limit, async {
        stdout.take(MAX_OUTPUT_BYTES + 1).read_to_end(&mut output).await?;
        if output.len() as u64 > MAX_OUTPUT_BYTES {
            return Ok(None);
        }
        child.wait().await.map(Some)
    });
    let status = ended
        .await
        .map_err(|_| CredentialsError::CommandTimedOut {
            program: program.clone(),
            timeout: limit,
        })?
        .map_err(failed)?;
    let unusable = |problem| CredentialsError::CommandOutput { program: program.clone(), problem };
    let status = status.ok_or_else(|| unusable("it printed more than 64 KiB"))?;
    if !status.success() {
        return Err(CredentialsError::CommandFailed { program, status });
    }
    let line = secret::first_line(&output);
    match std::str::from_utf8(line) {
        Ok("") => Err(unusable("it is empty")),
        Ok(text) => Ok(Secret::new(text)),
        Err(_) => Err(unusable("it is not UTF-8")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn shell(script: &str) -> Vec<String> {
        ["sh", "-c", script].map(str::to_owned).to_vec()
    }

    #[tokio::test]
    async fn the_first_line_is_the_password_and_failures_say_which_command() {
        let commands = Commands::default();
        let ask = async |script: &str| {
            commands
                .password(&shell(script), LIMIT, Duration::ZERO)
                .await
                .map_err(|it| it.to_string())
        };
        let password = ask("printf 's3cret\\nnoise\\n'").await.expect("a usable command");
        assert_eq!(password.expose(), "s3cret");
        for (script, want) in [
            ("exit 3", "the password command `sh` ended with exit status: 3"),
            ("echo", "the password command `sh` printed no usable first line: it is empty"),
            (
                "printf '\\377'",
                "the password command `sh` printed no usable first line: it is not UTF-8",
            ),
            (
                "yes",
                "the password command `sh` printed no usable first line: it printed more than 64 KiB",
            ),
        ] {
            assert_eq!(ask(script).await.expect_err(script), want);
        }
    }

    #[tokio::test]
    async fn a_command_that_hangs_is_ended() {
        let error = Commands::default()
            .password(&shell("sleep 600"), Duration::from_millis(50), Duration::ZERO)
            .await
            .expect_err("it hangs");
        assert!(matches!(error, CredentialsError::CommandTimedOut { .. }), "{error}");
    }

    #[tokio::test]
    async fn one_command_serves_everybody_until_its_ttl_or_a_refusal() {
        let directory = tempfile::tempdir().expect("temporary directory");
        let count = directory.path().join("count");
        let argv = shell(&format!("echo x >> {0}; wc -l < {0}", count.display()));
        let commands = Commands::default();
        let ask = async |ttl| {
            let password = commands.password(&argv, LIMIT, ttl).await.expect("a usable command");
            password.expose().trim().to_owned()
        };
        let hour = Duration::from_hours(1);
        let (one, two) = tokio::join!(ask(hour), ask(hour));
        assert_eq!((one.as_str(), two.as_str()), ("1", "1"));
        commands.forget(&argv).await;
        assert_eq!(ask(Duration::ZERO).await, "2");
        assert_eq!(ask(hour).await, "3", "a ttl of zero keeps nothing");
    }
}
