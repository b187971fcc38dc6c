//! The story, told on real things: a real server, the real daemon, and the messages that it sends.
//!
//! Every figure on the screen is measured. What counts as success is what people saw: whose tables came to
//! which database, that central was reset, what it had held and who did it, that the registry is not
//! believed; and of each, that it is over.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use super::binaries::Binaries;
use super::cluster::Cluster;
use super::cluster::free_port;
use super::cluster::last_lines;
use super::daemon::Daemon;
use super::daemon::LOOK_INTERVAL;
use super::daemon::verdicts;
use super::fleet;
use super::fleet::Act;
use super::fleet::Fleet;
use super::fleet::MEMBERS;
use super::narrator::Look;
use super::narrator::Narrator;
use super::playground;
use super::receiver::Message;
use super::receiver::Receiver;
use super::settings::PERIOD_S;
use super::settings::Scene;
use super::settings::write_settings;
use super::sighting::What;
use super::tally::Heard;
use super::tally::Tally;
use super::tally::Wanted;

/// From the start of the daemon until every database is clean.
const CLEAN_DEADLINE: Duration = Duration::from_secs(30);

/// From an act until its last message. The promise is ten seconds; a loaded machine gets more, and the
/// times are on the screen.
const MESSAGES_DEADLINE: Duration = Duration::from_secs(30);

/// Everything that is on, and who tells it.
pub(super) struct Stage {
    narrator: Narrator,
    /// This program.
    program: PathBuf,
    /// What the story lacked; `None` until it was told to its end.
    missing: Option<Vec<String>>,
    // Dropped in this order: first who sends, last what all stand on.
    daemon: Option<Daemon>,
    receiver: Option<Receiver>,
    cluster: Option<Cluster>,
    fleet: Option<Fleet>,
}

impl Stage {
    /// An empty one. `program` is what the daemon is started from.
    pub(super) fn new(narrator: Narrator, program: PathBuf) -> Self {
        let (daemon, receiver, cluster, fleet) = (None, None, None, None);
        Self { narrator, program, missing: None, daemon, receiver, cluster, fleet }
    }

    /// What the story lacked: empty when every expected message arrived, `None` when it did not come
    /// to its end.
    pub(super) fn missing(&self) -> Option<&[String]> {
        self.missing.as_deref()
    }

    /// Tells the story from the first line to the last expected message.
    pub(super) async fn play(
        &mut self,
        binaries: Binaries,
        temporary: PathBuf,
    ) -> anyhow::Result<()> {
        self.narrator
            .title("Schemawarden demo: the incident of 5 July 2025, on a throwaway PostgreSQL")?;
        self.set_up(binaries, temporary, Scene::Story).await?;
        self.wait_for_all_clean().await?;
        let alerts = self.incident().await?;
        let all_clear = self.repair().await?;
        let missing = [alerts.missing, all_clear.missing].concat();

        self.narrator.line("")?;
        if missing.is_empty() {
            let told = format!(
                "All {} expected messages arrived: each alert within {:.1} s, each all-clear within {:.1} s.",
                alerts.messages + all_clear.messages,
                alerts.slowest.as_secs_f32(),
                all_clear.slowest.as_secs_f32()
            );
            self.narrator.news(&told, Look::Green)?;
        } else {
            self.narrator.news("Not everything arrived that should have:", Look::Red)?;
            for it in &missing {
                self.narrator.detail(it)?;
            }
            self.show_log()?;
        }
        self.missing = Some(missing);
        Ok(())
    }

    /// Opens the playground: everything is on and all right, and what comes is a person's own doing.
    pub(super) async fn open(
        &mut self,
        binaries: Binaries,
        temporary: PathBuf,
    ) -> anyhow::Result<()> {
        self.narrator.title(
            "Schemawarden playground: the fleet of 5 July 2025, on a throwaway PostgreSQL",
        )?;
        let port = free_port().context("could not find a free port on 127.0.0.1")?;
        self.set_up(binaries, temporary, Scene::Playground(port)).await?;
        self.wait_for_all_clean().await?;
        // There is no story that could lack something.
        self.missing = Some(Vec::new());
        let environment = playground::write(self.cluster()?, self.fleet()?, &self.program)?;
        playground::invite(&mut self.narrator, &environment)?;
        self.show_messages().await
    }

    /// Says what can be tried, and shows every message that comes. Ends only when the daemon does.
    pub(super) async fn linger(&mut self) -> anyhow::Result<()> {
        self.invite()?;
        self.show_messages().await
    }

    async fn show_messages(&mut self) -> anyhow::Result<()> {
        loop {
            let message = self.next_message().await?;
            self.show(&message, &[], Look::Dim)?;
        }
    }

    /// The end of the daemon's log, for a person who wonders.
    pub(super) fn show_log(&mut self) -> anyhow::Result<()> {
        let Some(cluster) = &self.cluster else { return Ok(()) };
        let log = fs::read(Daemon::log(cluster.directory())).unwrap_or_default();
        if !log.is_empty() {
            self.narrator.say("The end of the daemon's log:")?;
            self.narrator.log(&last_lines(&String::from_utf8_lossy(&log)))?;
        }
        Ok(())
    }

    /// Ends everything and removes it, in order.
    pub(super) async fn strike(mut self) -> anyhow::Result<()> {
        let stopped = match self.daemon.take() {
            Some(daemon) => daemon.stop().await,
            None => Ok(()),
        };
        if let Some(receiver) = self.receiver.take() {
            receiver.stop().await;
        }
        if let Some(cluster) = self.cluster.take() {
            let directory = cluster.directory().to_owned();
            drop(cluster);
            anyhow::ensure!(!directory.exists(), "could not remove {}", directory.display());
            self.narrator.say("The server is stopped, and everything is removed.")?;
        }
        stopped
    }

    async fn set_up(
        &mut self,
        binaries: Binaries,
        temporary: PathBuf,
        scene: Scene,
    ) -> anyhow::Result<()> {
        self.narrator.say("Starting a PostgreSQL server of our own")?;
        let cluster = Cluster::start(binaries, temporary).await?;
        let cluster = self.cluster.insert(cluster);
        let version = cluster.text("postgres", "show server_version").await?;
        let version = version.split(' ').next().unwrap_or_default();
        let account = cluster.account().map(|it| format!(" as user {it}")).unwrap_or_default();
        self.narrator
            .say(&format!("PostgreSQL {version} runs on 127.0.0.1:{}{account}", cluster.port()))?;

        let fleet = Fleet::create(cluster, scene).await?;
        self.narrator.say("Three databases hold what they should:")?;
        for member in &MEMBERS {
            self.narrator.detail(&format!("{:9}{}", member.name, member.holds))?;
        }

        let receiver = self.receiver.insert(Receiver::start().await?);
        let directory = cluster.directory().to_owned();
        let config = write_settings(&directory, cluster, &fleet, receiver, scene)?;
        self.fleet = Some(fleet);
        self.daemon = Some(Daemon::start(&self.program, &config, &directory).await?);
        self.narrator.say(&format!(
            "schemawarden run audits each every {PERIOD_S} s, as role `{}`, which may connect, and read central",
            fleet::AUDITOR
        ))?;
        let observer = match scene {
            Scene::Story => {
                " central has the observer, which notes who changes its schema, and calls."
            }
            Scene::Playground(_) => "",
        };
        self.narrator.detail(&format!(
            "It finds sco and scoso in the table Orchestra of central.{observer}"
        ))?;
        Ok(())
    }

    async fn wait_for_all_clean(&mut self) -> anyhow::Result<()> {
        let deadline = Instant::now() + CLEAN_DEADLINE;
        loop {
            let daemon = self.daemon.as_mut().context("no daemon was started")?;
            let address = daemon.address();
            let verdicts = tokio::select! {
                verdicts = verdicts(address) => verdicts?,
                status = daemon.ended() => anyhow::bail!("the daemon ended ({})", status?),
            };
            if MEMBERS.iter().all(|it| verdicts.get(it.name).is_some_and(|it| it == "clean")) {
                break;
            }
            anyhow::ensure!(
                Instant::now() < deadline,
                "not every database became clean in {} s: {verdicts:?}",
                CLEAN_DEADLINE.as_secs()
            );
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
        self.narrator.news("central, sco and scoso are clean.", Look::Green)?;
        Ok(())
    }

    async fn incident(&mut self) -> anyhow::Result<Heard> {
        self.narrator.act("prisma db push --force-reset, with DATABASE_URL pointing at central")?;
        self.narrator.detail(
            "One schema.prisma described both kinds of database. central's schema is dropped and created \
             again: 25 tables, all empty. 2 orchestras and 3 users are gone, and with them the registry.",
        )?;
        let reset = fleet::reset_central(self.cluster()?, self.fleet()?).await?;
        let mut awaited = vec![
            (reset, What::Reset(&MEMBERS[0])),
            (reset, What::Drift(&MEMBERS[0])),
            (reset, What::Registry),
        ];
        self.narrator.say("prisma db push, with the same file, to sco and scoso")?;
        self.narrator.detail("Each holds the 4 tables of central now, beside its own 21.")?;
        awaited.extend(drifts(fleet::push_to_orchestras(self.cluster()?).await?));
        self.wait_for_messages(Wanted::Alert, awaited).await
    }

    async fn repair(&mut self) -> anyhow::Result<Heard> {
        self.narrator.act("The repair: central is restored from its backup")?;
        let restored = fleet::restore_central(self.cluster()?, self.fleet()?).await?;
        let mut awaited = vec![(restored, What::Drift(&MEMBERS[0])), (restored, What::Registry)];
        self.narrator.say(
            "drop table \"Orchestra\", \"User\", \"Customer\", \"SystemLog\" in sco and scoso",
        )?;
        awaited.extend(drifts(fleet::clean_orchestras(self.cluster()?).await?));
        let mended = self.wait_for_messages(Wanted::Resolved, awaited).await?;

        let reason = "restored from the backup of 09:00";
        self.narrator.act(&format!("schemawarden accept-reset central --reason \"{reason}\""))?;
        self.narrator.detail("Only a person can say that what is there now is right.")?;
        let accepted = self.accept_reset(reason).await?;
        let awaited = vec![(accepted, What::Reset(&MEMBERS[0]))];
        let accepted = self.wait_for_messages(Wanted::Resolved, awaited).await?;
        Ok(Heard {
            missing: [mended.missing, accepted.missing].concat(),
            slowest: mended.slowest.max(accepted.slowest),
            messages: mended.messages + accepted.messages,
        })
    }

    /// Runs the command as an operator would.
    async fn accept_reset(&self, reason: &str) -> anyhow::Result<Act> {
        let daemon = self.daemon.as_ref().context("no daemon was started")?;
        let server = format!("http://{}", daemon.address());
        let begun = std::time::Instant::now();
        let output = tokio::process::Command::new(&self.program)
            .args(["accept-reset", "central", "--reason", reason, "--server", &server])
            .arg("--token-file")
            .arg(self.cluster()?.directory().join("schemawarden.token"))
            .stdin(std::process::Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(MESSAGES_DEADLINE, output)
            .await
            .context("accept-reset did not end")?
            .context("could not start accept-reset")?;
        let said = String::from_utf8_lossy(&output.stderr);
        anyhow::ensure!(output.status.success(), "accept-reset failed: {said}");
        Ok(Act { database: "central", begun, at: std::time::Instant::now() })
    }

    /// Shows messages until each act has the one that it calls for. Returns what came of it.
    async fn wait_for_messages(
        &mut self,
        wanted: Wanted,
        awaited: Vec<(Act, What)>,
    ) -> anyhow::Result<Heard> {
        let deadline = Instant::now() + MESSAGES_DEADLINE;
        let mut tally = Tally::new(wanted, awaited);
        while !tally.is_complete() {
            let Ok(message) = tokio::time::timeout_at(deadline, self.next_message()).await else {
                break;
            };
            let message = message?;
            let brought = tally.count(&message);
            let look = match wanted {
                _ if brought.is_empty() => Look::Dim,
                Wanted::Alert => Look::Red,
                Wanted::Resolved => Look::Green,
            };
            self.show(&message, &brought, look)?;
        }
        Ok(tally.end(MESSAGES_DEADLINE))
    }

    fn show(&mut self, message: &Message, brought: &[String], look: Look) -> anyhow::Result<()> {
        let from = format!("Slack, #{}", message.channel);
        let caption: Vec<&str> =
            std::iter::once(&from).chain(brought).map(String::as_str).collect();
        self.narrator.message(&caption.join(" · "), &message.text, look)?;
        Ok(())
    }

    async fn next_message(&mut self) -> anyhow::Result<Message> {
        let receiver = self.receiver.as_mut().context("no receiver was started")?;
        let daemon = self.daemon.as_mut().context("no daemon was started")?;
        tokio::select! {
            message = receiver.next() => Ok(message),
            status = daemon.ended() => anyhow::bail!("the daemon ended ({})", status?),
        }
    }

    /// What a person can try now, in another terminal.
    fn invite(&mut self) -> anyhow::Result<()> {
        let cluster = self.cluster.as_ref().context("no server was started")?;
        let daemon = self.daemon.as_ref().context("no daemon was started")?;
        let (psql, address) = (cluster.psql(), daemon.address());
        let (directory, program) = (cluster.directory().display(), self.program.display());
        let tell = &mut self.narrator;
        tell.act("Everything keeps running. Try this in another terminal:")?;
        tell.line("")?;
        tell.command(
            "a table that should not be there",
            &format!("{psql} sco -c 'create table oops ()'"),
        )?;
        tell.command("and its end", &format!("{psql} sco -c 'drop table oops'"))?;
        tell.command(
            "the same audit by hand",
            &format!("{program} check --config {directory}/config.yaml"),
        )?;
        tell.command("what the daemon knows", &format!("curl http://{address}/api/v1/databases"))?;
        tell.command("what it does", &format!("tail -f {directory}/daemon.log"))?;
        tell.line("")?;
        tell.say("Messages that come are shown here. Ctrl-C stops and removes everything.")?;
        Ok(())
    }

    fn fleet(&self) -> anyhow::Result<&Fleet> {
        self.fleet.as_ref().context("no fleet was made")
    }

    fn cluster(&self) -> anyhow::Result<&Cluster> {
        self.cluster.as_ref().context("no server was started")
    }
}

/// Each act with the drift that it makes or ends.
fn drifts(acts: Vec<Act>) -> impl Iterator<Item = (Act, What)> {
    acts.into_iter().filter_map(|act| {
        let member = MEMBERS.iter().find(|it| it.name == act.database)?;
        Some((act, What::Drift(member)))
    })
}
