//! `schemawarden run`: turns signals into messages and starts the daemon.

use anyhow::Context as _;
use tokio::signal::unix::SignalKind;
use tokio::signal::unix::signal;
use tokio::sync::mpsc;

use super::Global;
use super::Status;
use super::environment;
use crate::app;
use crate::app::Command;
use crate::app::Options;
use crate::failpoint;

pub(super) async fn run(global: &Global) -> anyhow::Result<Status> {
    if let Some(place) = environment::variable(failpoint::VARIABLE) {
        failpoint::arm(&place);
    }
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("could not listen for SIGINT")?;
    let mut hangup = signal(SignalKind::hangup()).context("could not listen for SIGHUP")?;
    let (commands, received) = mpsc::channel(8);
    let forward = async move {
        loop {
            let command = tokio::select! {
                _ = terminate.recv() => Command::Stop,
                _ = interrupt.recv() => Command::Stop,
                _ = hangup.recv() => Command::Reload,
            };
            if commands.send(command).await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    let options = Options {
        config: global.config.clone(),
        variable: environment::variable,
        commands: received,
    };
    tokio::select! {
        result = app::run(options) => result.map(|()| Status::Clean),
        never = forward => match never {},
    }
}
