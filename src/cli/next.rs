//! `schemawarden next`: when each database is audited next. Answers "does this cron line mean what I
//! think it means?" before the first night.

use std::fmt::Write as _;

use super::Global;
use super::Status;
use super::environment;
use super::output;
use super::output::BOLD;
use super::output::DIM;
use super::output::paint;
use super::selection::Selection;
use crate::clock::Clock;

#[derive(Debug, clap::Args)]
pub(super) struct NextArgs {
    #[command(flatten)]
    selection: Selection,
    /// How many due times of each.
    #[arg(long, short = 'n', default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
}

pub(super) fn run(global: &Global, args: &NextArgs) -> anyhow::Result<Status> {
    let config = environment::load(&global.config)?;
    let databases = args.selection.of(&config)?;
    let now = Clock::System.now();
    let mut out = String::new();
    for database in databases {
        let zone = database.schedule.timezone();
        writeln!(
            out,
            "{}  {}",
            paint(BOLD, &database.name),
            paint(DIM, database.schedule.describe())
        )?;
        let mut at = now;
        for _ in 0..args.count {
            at = database.schedule.next_due(&database.name, at);
            let local = at.to_zoned(zone.clone());
            let until = at.duration_since(now);
            let until = jiff::SignedDuration::from_secs(until.as_secs());
            writeln!(
                out,
                "  {}  {}",
                local.strftime("%Y-%m-%d %H:%M:%S %Z"),
                paint(DIM, format!("in {until:#}"))
            )?;
        }
    }
    output::emit(&out)?;
    Ok(Status::Clean)
}
