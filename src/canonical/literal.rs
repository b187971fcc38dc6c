//! Constants: numbers, intervals and JSON as PostgreSQL writes them back.

use serde_json::Value;

use super::token::token_form;

/// Longer exponents are left as they are.
const EXPONENT_MAX: i32 = 40;

/// A number as `numeric_out` writes it (`1e3` is `1000`, `.5` is `0.5`, `+1` is `1`); `None` where the
/// text is no decimal number. Zeros behind the point stay: they are the scale of a numeric.
pub(super) fn number(text: &str) -> Option<String> {
    let text = text.trim();
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = |it: &str| it.bytes().all(|it| it.is_ascii_digit());
    if whole.len() + fraction.len() == 0 || !digits(whole) || !digits(fraction) {
        return None;
    }
    if exponent.abs() > EXPONENT_MAX {
        return Some(text.to_ascii_lowercase());
    }
    let point = i32::try_from(whole.len()).ok()? + exponent;
    let mut digits = format!("{whole}{fraction}");
    while point > i32::try_from(digits.len()).ok()? {
        digits.push('0');
    }
    let (whole, fraction) = match usize::try_from(point) {
        Ok(at) => (digits[..at].to_owned(), digits[at..].to_owned()),
        Err(_) => (String::new(), format!("{}{digits}", "0".repeat((-point).try_into().ok()?))),
    };
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let zero = whole == "0" && fraction.bytes().all(|it| it == b'0');
    let sign = if negative && !zero { "-" } else { "" };
    let dot = if fraction.is_empty() { "" } else { "." };
    Some(format!("{sign}{whole}{dot}{fraction}"))
}

/// A number of a type that has no scale: without zeros behind the point.
pub(super) fn without_scale(number: &str) -> &str {
    if number.contains('.') { number.trim_end_matches('0').trim_end_matches('.') } else { number }
}

/// Months, days and microseconds, which is what an interval is; `None` where the text is more than
/// amounts with units (`1 week 2 days`, `01:30:00`). `unit` is what a bare number means.
pub(super) fn interval(text: &str, unit: Option<&str>) -> Option<String> {
    let text = text.trim().to_ascii_lowercase();
    let (text, ago) = match text.strip_suffix(" ago") {
        Some(text) => (text, true),
        None => (text.as_str(), false),
    };
    let text = text.strip_prefix('@').unwrap_or(text);
    let (mut months, mut days, mut micros) = (0_i64, 0_i64, 0_i64);
    let mut pieces = pieces(text)?.into_iter().peekable();
    pieces.peek()?;
    while let Some(amount) = pieces.next() {
        if amount.contains(':') {
            micros = micros.checked_add(clock(amount)?)?;
            continue;
        }
        let unit = pieces.next().or(unit)?;
        let amount = micros_of(amount)?;
        let whole = (amount % 1_000_000 == 0).then_some(amount / 1_000_000);
        let each = |count: i64| whole.and_then(|it| it.checked_mul(count));
        let time = |count: i64| amount.checked_mul(count);
        match unit.strip_suffix('s').filter(|it| it.len() > 1).unwrap_or(unit) {
            "year" | "yr" | "y" => months = months.checked_add(each(12)?)?,
            "month" | "mon" => months = months.checked_add(each(1)?)?,
            "week" | "w" => days = days.checked_add(each(7)?)?,
            "day" | "d" => days = days.checked_add(each(1)?)?,
            "hour" | "hr" | "h" => micros = micros.checked_add(time(3600)?)?,
            "minute" | "min" | "m" => micros = micros.checked_add(time(60)?)?,
            "second" | "sec" | "s" => micros = micros.checked_add(time(1)?)?,
            "millisecond" | "msec" | "ms" => micros = micros.checked_add(amount / 1000)?,
            "microsecond" | "usec" | "us" => micros = micros.checked_add(amount / 1_000_000)?,
            _ => return None,
        }
    }
    if ago {
        (months, days, micros) = (-months, -days, -micros);
    }
    Some(format!("{months} mons {days} days {micros} us"))
}

/// Amounts and units, also where nothing is between them: `1h`, `2 days`.
fn pieces(text: &str) -> Option<Vec<&str>> {
    let mut pieces = Vec::new();
    for word in text.split_whitespace() {
        let end = word.find(|it: char| it.is_ascii_alphabetic()).unwrap_or(word.len());
        let (amount, unit) = word.split_at(end);
        if !amount.is_empty() {
            pieces.push(amount);
        }
        if !unit.is_empty() {
            let follows = pieces.last().is_some_and(|it| it.starts_with(starts_amount));
            if !follows {
                return None;
            }
            pieces.push(unit);
        }
    }
    Some(pieces)
}

fn starts_amount(it: char) -> bool {
    it.is_ascii_digit() || "+-.".contains(it)
}

/// `hh:mm[:ss]` in microseconds.
fn clock(text: &str) -> Option<i64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text),
    };
    let mut parts = text.split(':');
    let hours = micros_of(parts.next()?)?.checked_mul(3600)?;
    let minutes = micros_of(parts.next()?)?.checked_mul(60)?;
    let seconds = micros_of(parts.next().unwrap_or("0"))?;
    let sum = hours.checked_add(minutes)?.checked_add(seconds)?;
    parts.next().is_none().then_some(if negative { -sum } else { sum })
}

/// A decimal number times a million.
fn micros_of(text: &str) -> Option<i64> {
    let text = number(text)?;
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, ""));
    let negative = whole.starts_with('-');
    let fraction: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    let whole = whole.parse::<i64>().ok()?.checked_mul(1_000_000)?;
    whole.checked_add(if negative { -fraction } else { fraction })
}

/// A date, a time or both as PostgreSQL writes them: with seconds, and without midnight behind a date.
/// Only for what is written in its own order already; anything else as it is.
pub(super) fn moment(text: &str) -> String {
    let (date, time) = match text.split_once([' ', 'T']) {
        Some((date, time)) => (date, time),
        None if text.contains(':') => ("", text),
        None => return text.to_owned(),
    };
    let digits = |it: &str| it.len() == 2 && it.bytes().all(|it| it.is_ascii_digit());
    let time = match time.split(':').collect::<Vec<_>>().as_slice() {
        [hours, minutes] if digits(hours) && digits(minutes) => format!("{time}:00"),
        _ => time.to_owned(),
    };
    match (date, time.as_str()) {
        ("", time) => time.to_owned(),
        (date, "00:00:00") => date.to_owned(),
        (date, time) => format!("{date} {time}"),
    }
}

/// JSON as `jsonb` keeps it, as far as its order of keys and white space go; `None` where the text
/// is not JSON.
pub(super) fn json(text: &str) -> Option<String> {
    // serde_json keeps maps sorted by key and refuses what nests deeper than 128.
    serde_json::from_str::<Value>(text).ok().map(|it| it.to_string())
}

/// A name as a constant, without quotes that it does not need and without a schema that everybody
/// sees: `pg_dump --quote-all-identifiers` writes `'"public"."t_id_seq"'`.
pub(super) fn name(text: &str) -> String {
    let name = token_form(text).replace(" . ", ".");
    let bare = ["public.", "pg_catalog."].iter().find_map(|it| name.strip_prefix(it));
    bare.map(str::to_owned).unwrap_or(name)
}
