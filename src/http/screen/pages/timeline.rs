//! The history of one database as a picture, and the same as a table. Here: where everything stands, as a
//! pure rule; [`picture`] draws it.
//!
//! What was not looked at is a gap, not a continuation: a verdict holds until the next audit, and at most
//! for a few usual intervals.

mod ddl;
mod picture;

use jiff::SignedDuration;
use jiff::Timestamp;

use crate::incident::IncidentId;
use crate::report::Verdict;

pub(super) use ddl::Ddl;
pub(super) use picture::figure;

/// How far back it reaches.
pub(super) const REACH: SignedDuration = SignedDuration::from_hours(7 * 24);
/// The shortest stretch of time that is drawn.
const SPAN_MIN: SignedDuration = SignedDuration::from_mins(10);
/// A verdict holds for so many of the usual intervals between two audits.
const INTERVALS_HELD: i32 = 3;

/// Width of the picture, in its own units.
const WIDTH: f64 = 1000.0;
/// What is not clean is never too narrow to be seen.
const BAND_MIN: f64 = 3.0;
/// Rows for incidents that overlap; the last one takes what is left.
const LANES: usize = 3;
/// Height of the line of counts.
const COUNTS: f64 = 60.0;

/// One audit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at: Timestamp,
    pub(super) verdict: Verdict,
    pub(super) relations: Option<u64>,
}

/// One incident.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Trouble {
    pub(super) id: IncidentId,
    pub(super) kind: &'static str,
    pub(super) opened_at: Timestamp,
    pub(super) resolved_at: Option<Timestamp>,
}

/// A stretch of one verdict.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Band {
    x: f64,
    width: f64,
    verdict: Verdict,
    from: Timestamp,
    until: Timestamp,
}

/// An incident from its beginning to its end, or to now.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Bar<'a> {
    x: f64,
    width: f64,
    lane: usize,
    trouble: &'a Trouble,
}

/// One second in which there was DDL.
#[derive(Clone, Debug, PartialEq)]
struct Tick {
    x: f64,
    at: Timestamp,
    /// What is known of it, in words.
    said: String,
}

/// Where everything stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Timeline<'a> {
    from: Timestamp,
    until: Timestamp,
    /// In their order.
    bands: Vec<Band>,
    /// Lines of counts, each without a gap; `y` grows downwards from 0 to [`COUNTS`].
    lines: Vec<Vec<(f64, f64)>>,
    /// The least and the greatest count.
    range: Option<(u64, u64)>,
    bars: Vec<Bar<'a>>,
    /// What DDL is known, in its order.
    acts: Vec<Ddl>,
    ticks: Vec<Tick>,
}

impl<'a> Timeline<'a> {
    /// Lays out audits (oldest first), incidents and DDL until `now`; `None` where there was no audit.
    pub(super) fn new(
        seen: &[Seen],
        troubles: &'a [Trouble],
        acts: &[Ddl],
        now: Timestamp,
    ) -> Option<Self> {
        let oldest = now.checked_sub(REACH).ok()?;
        // A clock that was set back leaves audits in the future.
        let seen: Vec<Seen> =
            seen.iter().copied().filter(|it| it.at >= oldest && it.at <= now).collect();
        let from = seen.first()?.at.min(now.checked_sub(SPAN_MIN).ok()?);
        let scale = Scale { from, span: now.duration_since(from).as_secs_f64() };
        let stretches = stretches(&seen, now);
        let counts: Vec<u64> = seen.iter().filter_map(|it| it.relations).collect();
        let range = counts.iter().min().copied().zip(counts.iter().max().copied());
        let shown = acts.iter().filter(|it| it.at >= from && it.at <= now);
        let acts = ddl::tidied(shown.cloned().collect());
        let ticks = acts.chunk_by(|a, b| a.at.as_second() == b.at.as_second()).map(|it| {
            let at = it[0].at;
            Tick { x: scale.x(at), at, said: ddl::said(it) }
        });
        Some(Self {
            from,
            until: now,
            bands: bands(&stretches, &scale),
            lines: range.map_or_else(Vec::new, |it| lines(&stretches, it, &scale)),
            range,
            bars: bars(troubles, from, now, &scale),
            ticks: ticks.collect(),
            acts,
        })
    }
}

/// Instants as places.
struct Scale {
    from: Timestamp,
    span: f64,
}

impl Scale {
    fn x(&self, at: Timestamp) -> f64 {
        let passed = at.duration_since(self.from).as_secs_f64();
        (passed / self.span * WIDTH).clamp(0.0, WIDTH)
    }
}

/// One audit, and until when it speaks.
struct Stretch {
    seen: Seen,
    until: Timestamp,
}

fn stretches(seen: &[Seen], now: Timestamp) -> Vec<Stretch> {
    let held = usual(seen).map(|it| it.saturating_mul(INTERVALS_HELD));
    let ends = seen.iter().skip(1).map(|it| it.at).chain([now]);
    let stretch = |(seen, next): (&Seen, Timestamp)| {
        let until = held.and_then(|it| seen.at.checked_add(it).ok());
        Stretch { seen: *seen, until: until.map_or(next, |it| it.min(next)) }
    };
    seen.iter().zip(ends).map(stretch).collect()
}

/// The usual interval between two audits: the middle one.
fn usual(seen: &[Seen]) -> Option<SignedDuration> {
    let mut gaps: Vec<SignedDuration> =
        seen.windows(2).map(|it| it[1].at.duration_since(it[0].at)).collect();
    gaps.sort_unstable();
    // Audits that were asked for come close together; a minute is always believed.
    gaps.get(gaps.len() / 2).map(|it| (*it).max(SignedDuration::from_mins(1)))
}

/// Stretches of one verdict that follow each other are one band.
fn bands(stretches: &[Stretch], scale: &Scale) -> Vec<Band> {
    let mut bands: Vec<Band> = Vec::new();
    for it in stretches {
        let (from, until, verdict) = (it.seen.at, it.until, it.seen.verdict);
        match bands.last_mut().filter(|last| last.verdict == verdict && last.until == from) {
            Some(last) => last.until = until,
            None => bands.push(Band { x: 0.0, width: 0.0, verdict, from, until }),
        }
    }
    for it in &mut bands {
        let (x, end) = (scale.x(it.from), scale.x(it.until));
        let least = if it.verdict == Verdict::Clean { 0.0 } else { BAND_MIN };
        it.width = (end - x).max(least);
        it.x = x.min(WIDTH - it.width);
    }
    bands
}

/// Counts as steps. A read that told no count is a gap.
fn lines(stretches: &[Stretch], (least, most): (u64, u64), scale: &Scale) -> Vec<Vec<(f64, f64)>> {
    #[expect(clippy::cast_precision_loss, reason = "a picture has no 2^52 places")]
    let y = |count: u64| match most - least {
        0 => COUNTS / 2.0,
        span => COUNTS - (count - least) as f64 / span as f64 * COUNTS,
    };
    let mut lines: Vec<Vec<(f64, f64)>> = Vec::new();
    let mut open_until = None;
    for it in stretches {
        let Some(count) = it.seen.relations else {
            open_until = None;
            continue;
        };
        let (y, from, until) = (y(count), scale.x(it.seen.at), scale.x(it.until));
        match lines.last_mut().filter(|_| open_until == Some(it.seen.at)) {
            // The same height goes on: its end moves.
            Some(line) if line.last().is_some_and(|last| (last.1 - y).abs() < f64::EPSILON) => {
                *line.last_mut().expect("it has a last one") = (until, y);
            }
            Some(line) => line.extend([(from, y), (until, y)]),
            None => lines.push(vec![(from, y), (until, y)]),
        }
        open_until = Some(it.until);
    }
    lines
}

/// Each incident in the first lane that is free when it opens.
fn bars<'a>(
    troubles: &'a [Trouble],
    from: Timestamp,
    now: Timestamp,
    scale: &Scale,
) -> Vec<Bar<'a>> {
    let end = |it: &Trouble| it.resolved_at.unwrap_or(now);
    let mut shown: Vec<&Trouble> =
        troubles.iter().filter(|it| it.opened_at <= now && end(it) >= from).collect();
    shown.sort_by_key(|it| it.opened_at);
    let mut busy_until = [None::<Timestamp>; LANES];
    let bar = |trouble: &'a Trouble| {
        let is_free = |it: &Option<Timestamp>| it.is_none_or(|it| it <= trouble.opened_at);
        let lane = busy_until.iter().position(is_free).unwrap_or(LANES - 1);
        busy_until[lane] = busy_until[lane].max(Some(end(trouble)));
        let (x, right) = (scale.x(trouble.opened_at), scale.x(end(trouble)));
        let width = (right - x).max(BAND_MIN);
        Bar { x: x.min(WIDTH - width), width, lane, trouble }
    };
    shown.into_iter().map(bar).collect()
}

#[cfg(test)]
mod tests;
