//! How incidents live: what a database says over what the defaults say.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::config::period::Period;
use crate::incident::Life;
use crate::yaml::At;

use super::Noted;

/// With more audits than this a drift would be told hours late.
const CONFIRM: RangeInclusive<usize> = 1..=10;
const CONFIRM_FAILING: RangeInclusive<usize> = 1..=100;
/// What returns after a day is a new story.
const FLAP_WINDOW: RangeInclusive<Duration> = Duration::ZERO..=Duration::from_hours(24);

/// The keys, wherever they stand.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) confirm: Option<&'a At<usize>>,
    pub(super) confirm_failing: Option<&'a At<usize>>,
    pub(super) flap_window: Option<&'a At<Period>>,
}

/// `said` under the section `key`, over `default`.
pub(super) fn read(said: Said<'_>, key: &str, default: Life, noted: &mut Noted) -> Life {
    let mut count = |given, name: &str, default: u32, range: RangeInclusive<usize>| {
        let default = usize::try_from(default).unwrap_or(usize::MAX);
        let number = noted.number(given, &format!("{key}.{name}"), default, range);
        u32::try_from(number).unwrap_or(u32::MAX)
    };
    let confirm = count(said.confirm, "confirm", default.confirm, CONFIRM);
    let confirm_failing =
        count(said.confirm_failing, "confirm_failing", default.confirm_failing, CONFIRM_FAILING);
    let place = format!("{key}.flap_window");
    let flap_window = noted.period(said.flap_window, &place, default.flap_window, FLAP_WINDOW);
    Life { confirm, confirm_failing, flap_window }
}
