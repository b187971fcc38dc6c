//! Rows for people: aligned, coloured on a terminal, the last column as long as it likes. And the
//! small spellings that the answers of the API have in common.

use anstyle::Style;
use jiff::Timestamp;
use serde_json::Value;

use super::output::BAD;
use super::output::DIM;
use super::output::GOOD;
use super::output::WARN;
use super::output::paint;

/// One cell: what it says, and how.
pub(super) type Cell = (String, Style);

/// How a cell looks that needs no attention.
pub(super) const PLAIN: Style = Style::new();

/// The rows under their headings; every column but the last as wide as its widest cell.
pub(super) fn table(headings: &[&str], rows: &[Vec<Cell>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|it| it.0.chars().count());
        cells.chain(headings.get(column).map(|it| it.len())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let heading: Vec<Cell> = headings.iter().map(|it| ((*it).to_owned(), DIM)).collect();
    let mut out = String::new();
    for row in std::iter::once(&heading).chain(rows) {
        for (column, (text, style)) in row.iter().enumerate() {
            let last = column + 1 == row.len();
            let width = if last { 0 } else { widths.get(column).copied().unwrap_or(0) };
            out.push_str(&paint(*style, format!("{text:width$}")));
            out.push_str(if last { "\n" } else { "  " });
        }
    }
    out
}

/// A text of an answer; nothing where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// A list of an answer; an empty one where there is none.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

/// An instant of an answer to the minute; `-` where there is none.
pub(super) fn time(value: &Value, key: &str) -> String {
    instant(value, key, "%Y-%m-%d %H:%M UTC")
}

/// The same to the second: the steps of an incident may all be in one minute.
pub(super) fn moment(value: &Value, key: &str) -> String {
    instant(value, key, "%Y-%m-%d %H:%M:%S UTC")
}

fn instant(value: &Value, key: &str, format: &str) -> String {
    match value[key].as_str().map(str::parse::<Timestamp>) {
        Some(Ok(at)) => at.strftime(format).to_string(),
        Some(Err(_)) => text(value, key).to_owned(),
        None => "-".to_owned(),
    }
}

/// The colour of the word for a state: of an incident, a delivery, a silence, a deploy.
pub(super) fn state(word: &str) -> Style {
    match word {
        "open" | "abandoned" | "suspect" | "critical" => BAD,
        "acknowledged" | "pending" | "sending" | "active" | "trial" | "warning" => WARN,
        "resolved" | "delivered" | "trusted" => GOOD,
        _ => DIM,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned_and_lines_end_where_their_text_does() {
        let cell = |text: &str| (text.to_owned(), PLAIN);
        let rows = [
            vec![cell("SW-1001"), cell("open"), cell("one")],
            vec![cell("SW-2"), cell("acknowledged"), cell("ü two")],
        ];
        let table =
            anstream::adapter::strip_str(&table(&["id", "state", "what"], &rows)).to_string();
        assert_eq!(
            table,
            "id       state         what\n\
             SW-1001  open          one\n\
             SW-2     acknowledged  ü two\n"
        );
    }
}
