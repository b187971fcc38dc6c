//! Whether a table's name looks like somebody's copy of another: `User_old`, `User_backup_2025`,
//! `copy_of_user`, `User_1`.
//!
//! Only a guess from the name, so all it does is lower the severity and say so: a copy by hand of a
//! table that belongs here is less alarming than a stranger, and usually as unwanted.

/// Words that people put before or behind a name, lower case. A number may follow each (`copy2`).
/// Not `new` and `archive`: those are often an application's own.
const WORDS: [&str; 18] = [
    "old", "bak", "bck", "bkp", "bkup", "backup", "copy", "tmp", "temp", "orig", "original",
    "save", "saved", "prev", "previous", "before", "dump", "snapshot",
];

/// Digits that can be a date with a time: `20250705120000`.
const MAX_DIGITS: usize = 14;

/// The names that `name` may be a copy of, nearest first: what is left when such words and numbers
/// are taken away from its end, or from its start.
pub(super) fn originals(name: &[u8]) -> Vec<&[u8]> {
    let mut originals = Vec::new();
    let mut rest = name;
    while let Some((before, last)) = split_last(rest) {
        if !(is_word(last) || is_number(last)) {
            break;
        }
        originals.push(before);
        rest = before;
    }
    let mut rest = name;
    while let Some((first, after)) = split_first(rest) {
        if !(is_word(first) || rest.len() < name.len() && first.eq_ignore_ascii_case(b"of")) {
            break;
        }
        originals.push(after);
        rest = after;
    }
    originals.retain(|it| !it.is_empty());
    originals
}

fn is_separator(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b' ' | b'.' | b'$')
}

fn split_last(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().rposition(|it| is_separator(*it))?;
    Some((&name[..at], &name[at + 1..]))
}

fn split_first(name: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = name.iter().position(|it| is_separator(*it))?;
    Some((&name[..at], &name[at + 1..]))
}

fn is_number(token: &[u8]) -> bool {
    (1..=MAX_DIGITS).contains(&token.len()) && token.iter().all(u8::is_ascii_digit)
}

fn is_word(token: &[u8]) -> bool {
    let digits = token.iter().rev().take_while(|it| it.is_ascii_digit()).count();
    let word = &token[..token.len() - digits];
    digits <= MAX_DIGITS && WORDS.iter().any(|it| word.eq_ignore_ascii_case(it.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_are_known_by_their_names() {
        #[rustfmt::skip]
        let cases: &[(&str, &[&str])] = &[
            ("User_old",               &["User"]),
            ("User_bak",               &["User"]),
            ("User_backup",            &["User"]),
            ("User_copy",              &["User"]),
            ("User_copy2",             &["User"]),
            ("User copy 2",            &["User copy", "User"]),
            ("User_tmp",               &["User"]),
            ("User_2025",              &["User"]),
            ("User_20250705",          &["User"]),
            ("User_2025_07_05",        &["User_2025_07", "User_2025", "User"]),
            ("User_backup_2025",       &["User_backup", "User"]),
            ("User-before-migration",  &[]),
            ("old_User",               &["User"]),
            ("copy_of_User",           &["of_User", "User"]),
            ("bak_old_User",           &["old_User", "User"]),
            ("User_1",                 &["User"]),
            ("USER_OLD",               &["USER"]),
            ("user_group_old",         &["user_group"]),
            ("User",                   &[]),
            ("UserOld",                &[]),
            ("User_group",             &[]),
            ("RequestToken",           &[]),
            ("_old",                   &[]),
            ("of_User",                &[]),
            ("User_123456789012345",   &[]),
            ("User_golden",            &[]),
        ];
        for (name, want) in cases {
            let got = originals(name.as_bytes());
            let want: Vec<_> = want.iter().map(|it| it.as_bytes()).collect();
            assert_eq!(got, want, "{name}");
        }
    }
}
