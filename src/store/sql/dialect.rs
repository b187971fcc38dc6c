//! How PostgreSQL spells what SQLite's spelling says.
//!
//! Statements are written once, in SQLite's spelling where the two differ. What PostgreSQL has under no
//! name at all (`json_extract`, `max` of two numbers) are functions that the state's schema brings there
//! (`store/postgres/functions.sql`).

/// The statement for PostgreSQL: parameters are `$1`, hints about indexes are gone.
pub(super) fn postgres(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut quoted = false;
    while let Some(at) = rest.find(['?', '\'', 'i', 'c', 'j']) {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        if from.starts_with('\'') {
            quoted = !quoted;
        } else if !quoted {
            let word_begins = !before.ends_with(|it: char| it.is_alphanumeric() || it == '_');
            let parameter =
                from.strip_prefix('?').filter(|it| it.starts_with(|it: char| it.is_ascii_digit()));
            if let Some(after) = parameter {
                out.push('$');
                rest = after;
                continue;
            }
            if word_begins {
                // A hint, and the name of its index.
                if let Some(after) = from.strip_prefix("indexed by ") {
                    rest = after.trim_start_matches(|it: char| it.is_alphanumeric() || it == '_');
                    continue;
                }
                // SQLite's way to say in which order to join; PostgreSQL's takes no condition.
                if let Some(after) = from.strip_prefix("cross join ") {
                    out.push_str("join ");
                    rest = after;
                    continue;
                }
                // There is another `json_each` there.
                if let Some(after) = from.strip_prefix("json_each(") {
                    out.push_str("json_members(");
                    rest = after;
                    continue;
                }
            }
        }
        let (one, after) = from.split_at(1);
        out.push_str(one);
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_respelt() {
        let cases = [
            ("select 1", "select 1"),
            ("a = ?1 and b in (?12, '?1')", "a = $1 and b in ($12, '?1')"),
            ("from d indexed by d_pending where x", "from d  where x"),
            ("from n cross join l on l.i = n.i", "from n join l on l.i = n.i"),
            ("in (select value from json_each(?1))", "in (select value from json_members($1))"),
            ("a ? b", "a ? b"),
            ("'it''s ?1' = ?2", "'it''s ?1' = $2"),
        ];
        for (sql, want) in cases {
            assert_eq!(postgres(sql), want, "{sql}");
        }
    }
}
