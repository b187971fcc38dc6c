//! Text that must never be printed: passwords, webhook URLs, signing keys.
//!
//! The type has no `Display` and no `Serialize`; `Debug` prints `[redacted]`. Whoever needs the text
//! says so with [`Secret::expose`], which is easy to search for in a review.

use std::fmt;

/// A secret text.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Box<str>);

impl Secret {
    /// Takes the text out of circulation.
    #[must_use]
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that sends it where it belongs.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// The first line of what a secret file holds, without its line end (`\n` or `\r\n`). Nothing else is
/// trimmed: a space may be part of a password.
#[must_use]
pub fn first_line(bytes: &[u8]) -> &[u8] {
    let Some(end) = bytes.iter().position(|it| *it == b'\n') else { return bytes };
    let line = &bytes[..end];
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[redacted]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_loses_its_line_end_and_nothing_else() {
        #[rustfmt::skip]
        let cases: &[(&[u8], &[u8])] = &[
            (b"",                b""),
            (b"\nlater",         b""),
            (b"hunter2",         b"hunter2"),
            (b"hunter2\n",       b"hunter2"),
            (b"hunter2\r\nnoise", b"hunter2"),
            (b" hunter 2\t \n",  b" hunter 2\t "),
            (b"hunt\rer2\n",     b"hunt\rer2"),
            (b"hunter2\r",       b"hunter2\r"),
            (b"\xff\n",          b"\xff"),
        ];
        for (bytes, want) in cases {
            assert_eq!(first_line(bytes), *want, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn debug_does_not_print_the_text() {
        assert_eq!(format!("{:?}", Some(Secret::new("hunter2"))), "Some([redacted])");
    }
}
