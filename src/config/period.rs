//! Lengths of time and sizes with units, as the config spells them: `30s`, `1h30m`, `64MiB`.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;
use serde::de::Visitor;

/// Units of time, in milliseconds. Months and years are left out: they have no fixed length.
const TIME_UNITS: [(&str, u64); 6] = [
    ("ms", 1),
    ("s", 1_000),
    ("m", 60_000),
    ("h", 3_600_000),
    ("d", 86_400_000),
    ("w", 604_800_000),
];

/// Units of sizes, in bytes.
const SIZE_UNITS: [(&str, u64); 4] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// A length of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period(pub(super) Duration);

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size(pub(super) u64);

/// The sum of `1h30m`-like terms, each a whole number with a unit. `None` for anything else, and
/// for what is too large.
fn sum(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let mut rest = text.trim();
    let mut total: u64 = 0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().ok()?;
        let tail = rest[digits..].trim_start();
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (_, size) = units.iter().find(|(unit, _)| *unit == &tail[..letters])?;
        total = total.checked_add(number.checked_mul(*size)?)?;
        rest = tail[letters..].trim_start();
    }
    Some(total)
}

/// A length of time with a unit, as the config spells it; `None` for anything else.
#[must_use]
pub fn period(text: &str) -> Option<Duration> {
    sum(text, &TIME_UNITS).map(Duration::from_millis)
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = "a length of time needs a unit: 500ms, 30s, 5m, 2h, 7d, 4w";
        let millis = deserializer.deserialize_any(WithUnit { units: &TIME_UNITS, wrong })?;
        Ok(Self(Duration::from_millis(millis)))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let wrong = "a size needs a unit: 512KiB, 64MiB, 1GiB";
        deserializer.deserialize_any(WithUnit { units: &SIZE_UNITS, wrong }).map(Self)
    }
}

/// Takes any value, so that `30` gets the same answer as `"30"`.
struct WithUnit {
    units: &'static [(&'static str, u64)],
    wrong: &'static str,
}

impl Visitor<'_> for WithUnit {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number with a unit")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<u64, E> {
        sum(text, self.units).ok_or_else(|| E::custom(self.wrong))
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<u64, E> {
        Err(E::custom(self.wrong))
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<u64, E> {
        Err(E::custom(self.wrong))
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<u64, E> {
        Err(E::custom(self.wrong))
    }
}

impl JsonSchema for Period {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Period".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^( *[0-9]+ *(ms|s|m|h|d|w))+ *$" })
    }
}

impl JsonSchema for Size {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Size".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^( *[0-9]+ *(B|KiB|MiB|GiB))+ *$" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        let time = |text| sum(text, &TIME_UNITS);
        let size = |text| sum(text, &SIZE_UNITS);
        let cases = [
            ("30s", time("30s"), Some(30_000)),
            ("1h30m", time("1h30m"), Some(5_400_000)),
            ("1h 30 m", time(" 1h 30 m "), Some(5_400_000)),
            ("250ms", time("250ms"), Some(250)),
            ("0s", time("0s"), Some(0)),
            ("7d", time("7d"), Some(604_800_000)),
            ("30", time("30"), None),
            ("s", time("s"), None),
            ("", time(""), None),
            ("-1s", time("-1s"), None),
            ("1.5s", time("1.5s"), None),
            ("1y", time("1y"), None),
            ("1S", time("1S"), None),
            ("ü", time("1ü"), None),
            ("too much", time("99999999999999999999s"), None),
            ("overflow", time("18446744073709551615w"), None),
            ("64MiB", size("64MiB"), Some(67_108_864)),
            ("64", size("64"), None),
            ("64MB", size("64MB"), None),
        ];
        for (case, got, want) in cases {
            assert_eq!(got, want, "{case}");
        }
    }
}
