//! `schemawarden notify-test`: sends a test message and prints what the receiver answered.

use anyhow::bail;
use uuid::Uuid;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::output::BAD;
use super::output::GOOD;
use super::output::paint;
use crate::channel;
use crate::channel::Message;
use crate::channel::Outcome;
use crate::channel::Sender;
use crate::clock::Clock;
use crate::config::Channel;
use crate::config::ChannelKind;
use crate::config::Config;
use crate::nearest::hint;
use crate::notification::Notification;

#[derive(Debug, clap::Args)]
pub(super) struct NotifyTestArgs {
    /// A channel of the configuration.
    channel: String,
}

pub(super) async fn run(global: &Global, args: NotifyTestArgs) -> anyhow::Result<Status> {
    let config = environment::load(&global.config)?;
    let Some(channel) = config.channels.get(&args.channel) else {
        let hint = hint(&args.channel, config.channels.keys().map(String::as_str));
        bail!("no channel `{}` in {}{hint}", args.channel, config.path.display());
    };
    let sender = Sender::new()?.with_networks(&config.networks)?;
    let (delivered, text) = send(&sender, &config, channel).await;
    let lead = if delivered { paint(GOOD, "delivered") } else { paint(BAD, "not delivered") };
    output::emit(&format!("{lead} to channel `{}`: {text}\n", channel.name))?;
    Ok(if delivered { Status::Clean } else { Status::Trouble })
}

/// Sends one test message; whether it arrived, and what came of it in words. Where that leaves an alert
/// open, it is ended at once: nobody else would.
pub(super) async fn send(sender: &Sender, config: &Config, channel: &Channel) -> (bool, String) {
    let now = Clock::System.now();
    let (delivered, text) =
        send_one(sender, config, channel, channel::test_notification(now)).await;
    if !delivered || !matches!(channel.kind, ChannelKind::PagerDuty { .. }) {
        return (delivered, text);
    }
    let (ended, how) = send_one(sender, config, channel, channel::test_over(now)).await;
    let end = if ended {
        "; the alert `schemawarden:test` is resolved again".to_owned()
    } else {
        format!("; the alert `schemawarden:test` is still open, resolve it there ({how})")
    };
    (delivered, format!("{text}{end}"))
}

async fn send_one(
    sender: &Sender,
    config: &Config,
    channel: &Channel,
    notification: Notification,
) -> (bool, String) {
    let message = Message {
        id: Uuid::now_v7(),
        now: notification.audited_at,
        notifications: &[notification],
        minimal: false,
        look: &config.messages,
        thread: None,
    };
    match sender.send(channel, &message).await {
        Outcome::Delivered { answer, .. } => (true, format!("the receiver answered: {answer}")),
        Outcome::Retry { failure, detail, after } => {
            let again =
                after.map_or_else(String::new, |it| format!(", asks to wait {} s", it.as_secs()));
            (false, format!("{}: {detail}{again} (the daemon would try again)", failure.word()))
        }
        Outcome::Refused { failure, detail } => {
            (false, format!("{}: {detail} (the receiver refuses this message)", failure.word()))
        }
        Outcome::Broken { failure, detail } => (
            false,
            format!("{}: {detail} (the channel is broken until somebody mends it)", failure.word()),
        ),
    }
}
