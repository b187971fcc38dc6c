//! Text in Markdown (CommonMark, with the tables of GitHub): nothing from a manifest acts there.
//!
//! A name is written as code. Where it holds a character that would end the code, the cell or the line,
//! it is written as `<code>` with character references, which cannot stand for structure (CommonMark,
//! section 2.5).

use std::fmt::Write as _;

use crate::architecture::Piece;
use crate::architecture::Said;

/// A name or a piece of SQL, as code, on one line.
pub(super) fn code(text: &str) -> String {
    let plain = |c: char| !c.is_control() && !matches!(c, '`' | '|' | '\\' | '<' | '>' | '&');
    let spaced = text.starts_with(' ') || text.ends_with(' ') || text.contains("  ");
    if !text.is_empty() && !spaced && text.chars().all(plain) {
        return format!("`{text}`");
    }
    let mut out = String::from("<code>");
    for c in text.chars() {
        match c {
            // SQL over several lines.
            '\n' | '\t' | '\r' => out.push(' '),
            c if c.is_alphanumeric() || matches!(c, ' ' | '.' | ',' | '-' | '\'' | '"') => {
                out.push(c);
            }
            c => {
                // Writing to a String cannot fail.
                let _ = write!(out, "&#{};", u32::from(c));
            }
        }
    }
    out + "</code>"
}

/// Several of them.
pub(super) fn codes<T: AsRef<str>>(texts: impl IntoIterator<Item = T>) -> String {
    texts.into_iter().map(|it| code(it.as_ref())).collect::<Vec<_>>().join(", ")
}

/// What is said of a manifest: our own words as they are, everything else as code.
pub(super) fn said(it: &Said) -> String {
    let piece = |it: &Piece| match it {
        Piece::Words(words) => words.to_string(),
        Piece::Code(text) | Piece::Database(text) => code(text),
        Piece::Table(name) => code(&name.visible()),
    };
    it.pieces().iter().map(piece).collect()
}

/// Words of the manifest's author: their Markdown stays, HTML does not.
pub(super) fn prose(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.trim().chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '\n' => out.push('\n'),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// The same in a cell.
pub(super) fn cell(text: &str) -> String {
    prose(text).replace(['\n', '\\'], " ").replace('|', "&#124;").replace('`', "&#96;")
}

/// One row of a table.
pub(super) fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) -> String {
    let mut out = String::from("|");
    for it in cells {
        let it = it.as_ref();
        out.push_str(if it.is_empty() { "" } else { " " });
        out.push_str(it);
        out.push_str(" |");
    }
    out + "\n"
}

/// The head of a table.
pub(super) fn head<const N: usize>(names: [&str; N]) -> String {
    format!("{}|{}\n", row(names), "---|".repeat(N))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_code_and_nothing_else() {
        for (name, want) in [
            ("created_at", "`created_at`"),
            ("now() + '1 day'::interval", "`now() + '1 day'::interval`"),
            ("*a* _b_ [c](d)", "`*a* _b_ [c](d)`"),
            ("a|b", "<code>a&#124;b</code>"),
            ("`rm`", "<code>&#96;rm&#96;</code>"),
            ("<script>", "<code>&#60;script&#62;</code>"),
            ("&lt;", "<code>&#38;lt&#59;</code>"),
            ("a\\x0ab", "<code>a&#92;x0ab</code>"),
            (" a ", "<code> a </code>"),
            ("select\n  1", "<code>select   1</code>"),
            ("", "<code></code>"),
        ] {
            assert_eq!(code(name), want);
        }
    }

    #[test]
    fn a_row_stays_one_row() {
        assert_eq!(head(["a", "b"]), "| a | b |\n|---|---|\n");
        let hostile = "x | y\n| z |\\| `c` <b>";
        let made = row([code(hostile), cell(hostile), String::new()]);
        assert_eq!(made.matches('\n').count(), 1, "{made}");
        assert_eq!(made.matches('|').count(), 4, "{made}");
        assert!(!made.contains('<') || !made.contains("<b>"), "{made}");
    }
}
