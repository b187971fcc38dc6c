//! What every list has in common: a limit, a word about what it leaves out, and a place in which it may be
//! wider than a telephone.

use maud::Markup;
use maud::html;

use crate::http::screen::words;

/// Rows of one page of a list that goes on.
pub(super) const ROWS_MAX: usize = 100;

/// Rows of a list that is drawn as a whole.
pub(super) const WHOLE_MAX: usize = 500;

/// The rows that are drawn, and how many there are beside them.
pub(super) fn cut<T>(rows: &[T], max: usize) -> (&[T], usize) {
    let shown = &rows[..rows.len().min(max)];
    (shown, rows.len() - shown.len())
}

/// "… and 12 more tables.", and where they are.
pub(super) fn left_out(more: usize, [one, many]: [&str; 2], place: &str) -> Markup {
    html! {
        @if more > 0 {
            p.muted {
                "… and " (words::number(more)) " more " (if more == 1 { one } else { many }) ". " (place)
            }
        }
    }
}

/// A table that may be wider than the screen: it scrolls by itself, with the keyboard too.
pub(in crate::http) fn wide(caption: &str, table: &Markup) -> Markup {
    html! { div.scroll role="region" aria-label={ "Table: " (caption) } tabindex="0" { (table) } }
}

/// The head of a table.
pub(in crate::http) fn head<'a>(columns: impl IntoIterator<Item = &'a str>) -> Markup {
    html! { thead { tr { @for it in columns { th scope="col" { (it) } } } } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_says_how_much_it_leaves_out() {
        assert_eq!(cut(&[1, 2, 3], 2), (&[1, 2][..], 1));
        assert_eq!(cut(&[1, 2, 3], 3), (&[1, 2, 3][..], 0));
        let noun = ["table", "tables"];
        let said = left_out(2, noun, "The API lists all.").into_string();
        assert_eq!(said, "<p class=\"muted\">… and 2 more tables. The API lists all.</p>");
        assert_eq!(left_out(0, noun, "").into_string(), "");
    }
}
