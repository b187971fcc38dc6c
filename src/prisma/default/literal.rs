//! Literals of each scalar type, as PostgreSQL prints them in a default.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::civil::DateTime;
use jiff::civil::Time;
use jiff::fmt::temporal::Pieces;
use jiff::tz::Offset;

use crate::prisma::ast::Expression;
use crate::prisma::ast::Value;
use crate::prisma::column::Kind;
use crate::prisma::declared::Declared;
use crate::prisma::mistakes::Mistakes;
use crate::prisma::native_type::Native;
use crate::prisma::native_type::Scalar;
use crate::prisma::quoting::literal;

/// A value by itself: `'x'::text`, `5`, `'-5'::integer`.
pub(in crate::prisma) fn scalar(
    value: &Expression,
    scalar: Scalar,
    native: &Native,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let written = read(value, scalar, native, mistakes)?;
    Some(match written {
        Written::Bare(text) => text,
        Written::Number { digits, cast: None } => digits,
        Written::Number { digits, cast: Some(cast) } => format!("'{digits}'::{cast}"),
        Written::Text(text) => format!("{}::{}", literal(&text), native.cast(&declared.citext)),
    })
}

/// A value in a list: `'x'::character varying(20)`, `5`, `(5)::bigint`.
pub(super) fn element(
    value: &Expression,
    scalar: Scalar,
    native: &Native,
    declared: &Declared<'_>,
    mistakes: &mut Mistakes<'_>,
) -> Option<String> {
    let written = read(value, scalar, native, mistakes)?;
    let to = native.spelled(&declared.citext);
    Some(match written {
        Written::Bare(text) => text,
        Written::Text(text) => format!("{}::{to}", literal(&text)),
        Written::Number { digits, cast } => {
            let own = cast.unwrap_or(if digits.contains('.') { "numeric" } else { "integer" });
            let is_negative = cast.is_some() && digits.starts_with('-');
            match (own == native.cast(""), is_negative) {
                // PostgreSQL folds the length of a numeric into the literal.
                (true, true) => format!("'{digits}'::{to}"),
                (true, false) if native.has_modifier() => format!("{digits}::{to}"),
                (true, false) if cast.is_some() => format!("'{digits}'::{own}"),
                (true, false) => digits,
                (false, true) => format!("('{digits}'::{own})::{to}"),
                (false, false) => format!("({digits})::{to}"),
            }
        }
    })
}

/// A list: `ARRAY['a'::text, 'b'::text]`.
pub(super) fn array(items: &[String], kind: &Kind, declared: &Declared<'_>) -> String {
    if !items.is_empty() {
        return format!("ARRAY[{}]", items.join(", "));
    }
    let spelled = kind.spelled(declared);
    match kind {
        Kind::Scalar(_, native) if native.has_modifier() => {
            let plain = native.without_modifier().spelled(&declared.citext);
            format!("(ARRAY[]::{plain}[])::{spelled}[]")
        }
        _ => format!("ARRAY[]::{spelled}[]"),
    }
}

/// A value in PostgreSQL's spelling, before its cast.
enum Written {
    /// Without a cast: `true`.
    Bare(String),
    /// The cast that PostgreSQL gives the literal by itself.
    Number {
        digits: String,
        cast: Option<&'static str>,
    },
    Text(String),
}

fn read(
    value: &Expression,
    scalar: Scalar,
    native: &Native,
    mistakes: &mut Mistakes<'_>,
) -> Option<Written> {
    let written = match (scalar, &value.value) {
        (Scalar::String, Value::Text(text)) => Ok(Written::Text(text.clone())),
        (Scalar::Boolean, Value::Constant(word)) if word == "true" || word == "false" => {
            Ok(Written::Bare(word.clone()))
        }
        (Scalar::Boolean, _) => Err("expected `true` or `false`"),
        (Scalar::Int | Scalar::BigInt, Value::Number(digits)) => {
            integer(digits, scalar).ok_or("expected a whole number that fits the type")
        }
        (Scalar::Float | Scalar::Decimal, Value::Number(digits)) => Ok(number(digits)),
        (Scalar::Decimal, Value::Text(digits)) if is_decimal(digits) => Ok(number(digits)),
        (Scalar::DateTime, Value::Text(text)) => moment(text, native)
            .map(Written::Text)
            .ok_or("expected a time such as \"2025-07-05T10:00:00Z\""),
        (Scalar::Json, Value::Text(text)) => {
            json(text, native).map(Written::Text).ok_or("the string is not JSON")
        }
        (Scalar::Bytes, Value::Text(text)) => {
            bytes(text).map(Written::Text).ok_or("the string is not Base64")
        }
        _ => {
            let message = format!("expected a {}, not {}", scalar.word(), value.value.phrase());
            mistakes.error(value.span, message);
            return None;
        }
    };
    written.map_err(|message| mistakes.error(value.span, message)).ok()
}

fn integer(digits: &str, scalar: Scalar) -> Option<Written> {
    let number: i64 = digits.parse().ok()?;
    if i32::try_from(number).is_err() && scalar == Scalar::Int {
        return None;
    }
    Some(self::number(&number.to_string()))
}

/// A number as PostgreSQL's own lexer takes it: `-5` is one literal, and `5000000000` a bigint.
fn number(digits: &str) -> Written {
    let cast = if digits.contains('.') {
        digits.starts_with('-').then_some("numeric")
    } else {
        match digits.parse::<i64>() {
            Ok(it) if i32::try_from(it).is_ok() => (it < 0).then_some("integer"),
            Ok(_) => Some("bigint"),
            Err(_) => digits.starts_with('-').then_some("numeric"),
        }
    };
    Written::Number { digits: digits.to_owned(), cast }
}

fn is_decimal(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|it| !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit()))
}

/// A time in the way the column keeps it. Without a zone, PostgreSQL drops the offset; with one, it
/// prints in the session's zone, which audits set to UTC.
fn moment(text: &str, native: &Native) -> Option<String> {
    let pieces = Pieces::parse(text).ok()?;
    let local = DateTime::from_parts(pieces.date(), pieces.time()?);
    let offset = pieces.to_numeric_offset()?;
    Some(match native.word() {
        "Date" => local.date().to_string(),
        "Time" => time(local.time()),
        "Timetz" => format!("{}{}", time(local.time()), hours(offset)),
        "Timestamptz" => {
            let utc = Offset::UTC.to_datetime(offset.to_timestamp(local).ok()?);
            format!("{} {}+00", utc.date(), time(utc.time()))
        }
        _ => format!("{} {}", local.date(), time(local.time())),
    })
}

/// `03:04:05.6`, to the microsecond.
fn time(time: Time) -> String {
    let micros = time.subsec_nanosecond() / 1000;
    let whole = format!("{:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    if micros == 0 {
        return whole;
    }
    format!("{whole}.{micros:06}").trim_end_matches('0').to_owned()
}

/// `+02`, `-03:30`.
fn hours(offset: Offset) -> String {
    let seconds = offset.seconds();
    let sign = if seconds < 0 { '-' } else { '+' };
    let (hours, minutes) = (seconds.abs() / 3600, seconds.abs() / 60 % 60);
    if minutes == 0 {
        format!("{sign}{hours:02}")
    } else {
        format!("{sign}{hours:02}:{minutes:02}")
    }
}

/// `jsonb` keeps what it read, with shorter keys first; `json` keeps the text.
fn json(text: &str, native: &Native) -> Option<String> {
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(if native.word() == "Json" { text.to_owned() } else { jsonb(&value) })
}

fn jsonb(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Array(items) => {
            let items: Vec<String> = items.iter().map(jsonb).collect();
            format!("[{}]", items.join(", "))
        }
        serde_json::Value::Object(entries) => {
            let mut entries: Vec<_> = entries.iter().collect();
            entries.sort_by_key(|(key, _)| (key.len(), *key));
            let entries: Vec<String> = entries
                .into_iter()
                .map(|(key, value)| {
                    format!("{}: {}", serde_json::Value::from(&**key), jsonb(value))
                })
                .collect();
            format!("{{{}}}", entries.join(", "))
        }
        other => other.to_string(),
    }
}

/// `\x68656c6c6f`.
fn bytes(text: &str) -> Option<String> {
    use std::fmt::Write as _;
    let mut hex = "\\x".to_owned();
    for byte in STANDARD.decode(text).ok()? {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    Some(hex)
}
