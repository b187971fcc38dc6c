//! Where a page of a list begins: what `next` of the page before said, read strictly.
//!
//! Where rows have a key that people know (a name, `SW-1042`), the cursor is that key; audits have none,
//! so theirs is a short text that means nothing outside.

use super::body::spelled;
use crate::store::AuditPlace;

/// What the cursors of audits begin with, so that one of another list is none.
const AUDIT: &str = "a";

/// Writes the cursor of an audit: `a18c2f3e8000-1f`.
pub(super) fn of_audit(AuditPlace { at, id }: AuditPlace) -> String {
    format!("{AUDIT}{at:x}-{id:x}")
}

/// Reads it back.
pub(super) fn audit(text: &str) -> Result<AuditPlace, String> {
    let place = || {
        let (at, id) = text.strip_prefix(AUDIT)?.split_once('-')?;
        let number = |it: &str| i64::from_str_radix(it, 16).ok();
        Some(AuditPlace { at: number(at)?, id: number(id)? })
    };
    // Written again, it has to be the same: `a+1-1` is none of ours.
    place().filter(|it| of_audit(*it) == text).ok_or_else(|| wrong(text))
}

/// Reads the number of a silence or a deploy.
pub(super) fn number(text: &str) -> Result<i64, String> {
    let number = text.parse().ok().filter(|it: &i64| *it > 0 && it.to_string() == text);
    number.ok_or_else(|| wrong(text))
}

/// No cursor of this list.
pub(super) fn wrong(text: &str) -> String {
    format!(
        "`after` takes what `next` of the page before said, as it is; `{}` was none of this list",
        spelled(text)
    )
}

/// The first `limit` of rows of which one more than that was asked for, and the cursor of the last of
/// them where there are more.
pub(super) fn cut<T>(
    mut rows: Vec<T>,
    limit: usize,
    cursor: impl Fn(&T) -> String,
) -> (Vec<T>, Option<String>) {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(cursor);
    (rows, next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cursor_of_an_audit_comes_back() {
        for (at, id) in [(0, 0), (1_800_000_000_123, 31), (i64::MAX, i64::MAX)] {
            let place = AuditPlace { at, id };
            assert_eq!(audit(&of_audit(place)), Ok(place));
        }
    }

    #[test]
    fn anything_else_is_none() {
        for text in [
            "",
            "a",
            "a-",
            "a1",
            "a1-",
            "a-1",
            "1-1",
            "a+1-1",
            "a01-1",
            "aA-1",
            "a1-1 ",
            "SW-1001",
            "a1-1-1",
            "a\u{0661}-1",
            "a7fffffffffffffff0-1",
            "../a1-1",
        ] {
            let error = audit(text).unwrap_err();
            assert!(error.starts_with("`after` takes what `next`"), "{text}: {error}");
        }
        for text in ["", "0", "-1", "+1", "01", "1.0", "x", "9223372036854775808", "\u{1b}[2J"] {
            let error = number(text).unwrap_err();
            assert!(!error.contains('\u{1b}'), "{text}: {error}");
        }
        assert_eq!(number("17"), Ok(17));
    }

    #[test]
    fn a_page_is_cut_where_it_ends() {
        let name = |it: &u8| it.to_string();
        assert_eq!(cut(vec![3, 2, 1], 2, name), (vec![3, 2], Some("2".to_owned())));
        assert_eq!(cut(vec![3, 2], 2, name), (vec![3, 2], None));
        assert_eq!(cut(Vec::new(), 2, name), (Vec::new(), None));
    }
}
