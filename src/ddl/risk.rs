//! What a statement that is not followed may do to tables all the same.
//!
//! A push that is judged before it runs must not be passed by what nobody understood. So this is a list of what
//! is harmless, and everything else says why it is not known.

/// First words of statements that leave relations alone.
const HARMLESS: [&str; 35] = [
    "ABORT",
    "ANALYZE",
    "BEGIN",
    "CHECKPOINT",
    "CLOSE",
    "CLUSTER",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DELETE",
    "DISCARD",
    "END",
    "FETCH",
    "GRANT",
    "INSERT",
    "LISTEN",
    "LOCK",
    "MERGE",
    "MOVE",
    "NOTIFY",
    "REFRESH",
    "REINDEX",
    "RELEASE",
    "RESET",
    "REVOKE",
    "SAVEPOINT",
    "SECURITY",
    "SET",
    "SHOW",
    "START",
    "TRUNCATE",
    "UNLISTEN",
    "UPDATE",
    "VACUUM",
];

/// Words in the body of a block by which it may take something away, or make a table.
const RISKY: [&str; 10] = [
    "drop", "truncate", "delete", "execute", "call", "perform", "rename", "detach", "merge", "into",
];

/// What may stand before a parenthesis in a query and does nothing to a table.
const CALLED: [&str; 44] = [
    "all",
    "and",
    "any",
    "array",
    "array_agg",
    "as",
    "avg",
    "between",
    "by",
    "cast",
    "coalesce",
    "concat",
    "count",
    "currval",
    "date_trunc",
    "exists",
    "extract",
    "filter",
    "format",
    "from",
    "greatest",
    "in",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "least",
    "length",
    "lower",
    "max",
    "min",
    "not",
    "now",
    "nullif",
    "on",
    "or",
    "over",
    "select",
    "set_config",
    "setval",
    "string_agg",
    "sum",
    "upper",
    "values",
    "where",
];

/// Why it is not known what a statement of this kind does; `None` where it does nothing to a relation.
pub(super) fn risk(kind: &str, text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    if lower.contains("u&\"") {
        return Some("a name in it is spelt by code points, which is not followed".to_owned());
    }
    let words = || {
        let split = lower.split(|it: char| !it.is_alphanumeric() && it != '_');
        split.filter(|it| !it.is_empty())
    };
    let has = |word: &str| words().any(|it| it == word);
    let not_followed = || Some(format!("what {kind} does to tables is not followed"));
    match kind {
        "DO" => {
            let makes = words().collect::<Vec<_>>().windows(2).any(|it| it == ["create", "table"]);
            let moves = has("set") && has("schema");
            let risky = makes || moves || RISKY.iter().any(|it| has(it));
            risky.then(|| {
                "the body of DO is not executed, and may do something to tables".to_owned()
            })
        }
        "SELECT" | "WITH" | "VALUES" | "TABLE" => called(&lower).map(|it| {
            format!(
                "it calls `{}`, and what that does is not followed",
                crate::schema::visible(it.as_bytes())
            )
        }),
        "COMMENT" if has("database") => Some("it may take the mark away".to_owned()),
        "DROP OWNED" | "DROP DATABASE" => not_followed(),
        "ALTER DATABASE" if has("rename") => not_followed(),
        _ if kind.starts_with("DROP ") => {
            if has("cascade") {
                not_followed()
            } else {
                None
            }
        }
        _ if kind.starts_with("CREATE ") || kind.starts_with("ALTER ") || kind == "COMMENT" => None,
        _ if HARMLESS.contains(&kind) => None,
        _ => not_followed(),
    }
}

/// The first function that a query calls and that is not known to be harmless.
fn called(lower: &str) -> Option<&str> {
    let bytes = lower.as_bytes();
    let is_word = |it: &u8| it.is_ascii_alphanumeric() || *it == b'_' || *it >= 0x80;
    let mut quoted = false;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'\'' => quoted = !quoted,
            b'(' if !quoted => {
                let before = lower[..at].trim_end();
                let start = before.bytes().rev().take_while(is_word).count();
                let word = &before[before.len() - start..];
                let is_quoted_name = before.ends_with('"');
                if is_quoted_name {
                    return Some("\"…\"");
                }
                if !word.is_empty() && !CALLED.contains(&word) && !word.starts_with("pg_") {
                    return Some(word);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_harmless_passes() {
        #[rustfmt::skip]
        let cases = [
            ("INSERT",          "insert into t values (f(1))",                    false),
            ("GRANT",           "grant select on t to r",                         false),
            ("CREATE FUNCTION", "create function f() …",                          false),
            ("ALTER POLICY",    "alter policy p on t …",                          false),
            ("DROP TRIGGER",    "drop trigger x on t",                            false),
            ("DROP FUNCTION",   "drop function f cascade",                        true),
            ("DROP OWNED",      "drop owned by r",                                true),
            ("DROP DATABASE",   "drop database x",                                true),
            ("ALTER DATABASE",  "alter database x rename to y",                   true),
            ("ALTER DATABASE",  "alter database x set timezone = 'UTC'",          false),
            ("COMMENT",         "comment on table t is 'x'",                      false),
            ("COMMENT",         "comment on database x is null",                  true),
            ("CALL",            "call p()",                                       true),
            ("EXECUTE",         "execute x",                                      true),
            ("EXPLAIN",         "explain analyze select 1",                       true),
            ("DO",              "do $$ begin drop schema public cascade; end $$", true),
            ("DO",              "do $$ begin perform f(); end $$",                true),
            ("DO",              "do $$ begin create table x (id int); end $$",    true),
            ("DO",              "do $$ begin alter table t add constraint c foreign key (a) references b; exception when duplicate_object then null; end $$", false),
            ("SELECT",          "select set_config('search_path', '', false)",    false),
            ("SELECT",          "select setval('a_seq', (select max(id) from a))", false),
            ("SELECT",          "select pg_catalog.setval('x', 1)",               false),
            ("SELECT",          "select drop_all()",                              true),
            ("SELECT",          "select \"F\" ()",                                true),
            ("SELECT",          "select 'drop_all()'",                            false),
            ("ALTER TABLE",     "alter table U&\"\\0055ser\" …",                  true),
        ];
        for (kind, text, want) in cases {
            assert_eq!(risk(kind, text).is_some(), want, "{text}: {:?}", risk(kind, text));
        }
    }
}
