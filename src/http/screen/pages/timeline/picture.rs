//! Draws a [`Timeline`] as SVG, with a legend, an axis, and the same as a table for whoever cannot see it.
//!
//! The picture is stretched to the width of the page, so it holds no text: the axis is HTML below it.
//! Bands differ in height as well as in colour.

use std::fmt::Write as _;

use jiff::SignedDuration;
use jiff::Timestamp;
use maud::Markup;
use maud::html;

use super::Band;
use super::COUNTS;
use super::Ddl;
use super::LANES;
use super::Timeline;
use super::WIDTH;
use crate::http::screen::marks;
use crate::http::screen::pages::list;
use crate::http::screen::pages::pieces;
use crate::http::screen::words;
use crate::report::Verdict;

/// Rows of the table.
const ROWS_MAX: usize = 50;
/// Heights, from top to bottom.
const BAND: f64 = 24.0;
const GAP: f64 = 8.0;
const LANE: f64 = 10.0;
const TICK: f64 = 12.0;
const TICK_WIDTH: f64 = 2.0;
/// A longer stretch of time has days on its axis.
const DAYS_SHOWN: SignedDuration = SignedDuration::from_hours(36);

/// The whole figure, and the table below it.
pub(in crate::http::screen::pages) fn figure(
    database: &str,
    line: &Timeline<'_>,
    root: &str,
) -> Markup {
    html! {
        figure.history {
            (svg(database, line))
            (axis(line))
            figcaption.muted { (legend(line)) }
        }
        (table(line, root))
    }
}

fn svg(database: &str, line: &Timeline<'_>) -> Markup {
    let counts = BAND + GAP;
    let lanes = counts + COUNTS + GAP;
    #[expect(clippy::cast_precision_loss, reason = "a handful of lanes")]
    let place_of = |number: usize| lanes + number as f64 * (LANE + 2.0);
    let below = place_of(LANES) + GAP;
    let height = below + TICK;
    html! {
        svg.timeline viewBox={ "0 0 " (WIDTH) " " (height) } preserveAspectRatio="none"
            width=(WIDTH) height=(height) role="img"
            aria-labelledby="timeline-title timeline-desc" {
            title #timeline-title { "History of " (database) }
            desc #timeline-desc { (description(line)) }
            // What is not clean is drawn last, so that nothing covers it.
            @for verdict in [Verdict::Clean, Verdict::Unknown, Verdict::Drifted] {
                @for it in line.bands.iter().filter(|it| it.verdict == verdict) { (band(it)) }
            }
            line.line x1="0" x2=(WIDTH) y1=(BAND) y2=(BAND) vector-effect="non-scaling-stroke" {}
            @for points in &line.lines {
                polyline.mark vector-effect="non-scaling-stroke" points=(polyline(points, counts)) {}
            }
            @for it in &line.bars {
                rect.late x=(place(it.x)) y=(place_of(it.lane)) width=(place(it.width)) height=(LANE) {
                    title { (it.trouble.id) " " (it.trouble.kind) }
                }
            }
            @for it in &line.ticks {
                rect.unknown x=(place(it.x.min(WIDTH - TICK_WIDTH))) y=(below) width=(TICK_WIDTH)
                    height=(TICK) {
                    title { "DDL at " (marks::instant(it.at)) ": " (it.said) }
                }
            }
        }
    }
}

fn band(it: &Band) -> Markup {
    let height = match it.verdict {
        Verdict::Clean => BAND / 4.0,
        Verdict::Unknown => BAND / 2.0,
        Verdict::Drifted => BAND,
    };
    let [from, until] = [it.from, it.until].map(marks::instant);
    html! {
        rect class=(it.verdict.word()) x=(place(it.x)) y=(BAND - height) width=(place(it.width))
            height=(height) {
            title { (it.verdict.word()) " from " (from) " to " (until) }
        }
    }
}

fn polyline(points: &[(f64, f64)], top: f64) -> String {
    let points: Vec<String> =
        points.iter().map(|(x, y)| format!("{},{}", place(*x), place(top + y))).collect();
    points.join(" ")
}

/// A tenth of a unit: finer is not seen.
fn place(it: f64) -> f64 {
    (it * 10.0).round() / 10.0
}

/// The first, the middle and the last instant.
fn axis(line: &Timeline<'_>) -> Markup {
    let span = line.until.duration_since(line.from);
    let form = if span > DAYS_SHOWN { "%a %-d %b" } else { "%H:%M UTC" };
    let label = |at: Timestamp| at.strftime(form).to_string();
    let middle = line.from.checked_add(span / 2).unwrap_or(line.from);
    html! {
        div.axis aria-hidden="true" {
            span { (label(line.from)) } span { (label(middle)) } span { "now" }
        }
    }
}

fn legend(line: &Timeline<'_>) -> Markup {
    html! {
        "From top to bottom: the verdict (high: drifted, middle: unknown, low: clean, none: not audited)"
        @if let Some((least, most)) = line.range {
            "; the number of relations, " @if least == most { (least) } @else { (least) " to " (most) }
        }
        @if !line.bars.is_empty() { "; incidents" }
        @if !line.ticks.is_empty() { "; DDL, as far as it is known" }
        "."
    }
}

/// What the picture shows, in words.
fn description(line: &Timeline<'_>) -> String {
    let of = |verdict| line.bands.iter().filter(|it| it.verdict == verdict).count();
    let mut text = format!(
        "From {} to {}: it had drifted {}, and could not be told {}; {}",
        marks::instant(line.from),
        marks::instant(line.until),
        words::count(of(Verdict::Drifted), "time", "times"),
        words::count(of(Verdict::Unknown), "time", "times"),
        words::count(line.bars.len(), "incident", "incidents"),
    );
    if let Some((least, most)) = line.range {
        // Writing to a String cannot fail.
        let _ = write!(text, "; from {least} to {most} relations");
    }
    text.push_str(". The table below says the same.");
    text
}

/// Every change of the verdict, the latest first, every incident, and DDL.
fn table(line: &Timeline<'_>, root: &str) -> Markup {
    let bands: Vec<&Band> = line.bands.iter().rev().collect();
    let (shown, more) = list::cut(&bands, ROWS_MAX);
    html! {
        details #timeline-table {
            summary { "The same as a table" }
            table.list.cards {
                caption { "Verdicts, the latest first" }
                (list::head(["verdict", "from", "to"]))
                tbody {
                    @for it in shown {
                        tr {
                            td { (marks::verdict(it.verdict)) }
                            td data-label="from" { (pieces::exact(it.from)) }
                            td data-label="to" { (pieces::exact(it.until)) }
                        }
                    }
                }
            }
            (list::left_out(more, ["stretch", "stretches"], "The API's list of audits has all of them."))
            @if !line.bars.is_empty() { (incidents(line, root)) }
            @if !line.acts.is_empty() { (acts(&line.acts)) }
        }
    }
}

/// DDL, as far as it is known.
fn acts(all: &[Ddl]) -> Markup {
    let latest: Vec<&Ddl> = all.iter().rev().collect();
    let (shown, more) = list::cut(&latest, ROWS_MAX);
    let known = |it: &Option<String>| {
        html! {
            @match it { Some(it) => bdi { (it) }, None => span.muted { "not known" } }
        }
    };
    html! {
        table.list.cards {
            caption { "DDL, the latest first" }
            (list::head(["at", "command", "object", "role"]))
            tbody {
                @for it in shown {
                    tr {
                        td data-label="at" { (pieces::exact(it.at)) }
                        td data-label="command" {
                            @match &it.command {
                                Some(command) => bdi { (command) },
                                None => span.muted { "commit" },
                            }
                        }
                        td data-label="object" { (known(&it.object)) }
                        td data-label="role" { (known(&it.role)) }
                    }
                }
            }
        }
        (list::left_out(more, ["act", "acts"], "They are earlier."))
    }
}

fn incidents(line: &Timeline<'_>, root: &str) -> Markup {
    html! {
        table.list.cards {
            caption { "Incidents, the latest first" }
            (list::head(["incident", "kind", "opened", "resolved"]))
            tbody {
                @for it in line.bars.iter().rev().take(ROWS_MAX) {
                    tr {
                        th scope="row" { (pieces::incident(root, it.trouble.id)) }
                        td data-label="kind" { (it.trouble.kind) }
                        td data-label="opened" { (pieces::exact(it.trouble.opened_at)) }
                        td data-label="resolved" {
                            @match it.trouble.resolved_at {
                                Some(at) => (pieces::exact(at)),
                                None => "not yet",
                            }
                        }
                    }
                }
            }
        }
    }
}
