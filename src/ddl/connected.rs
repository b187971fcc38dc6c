//! Which database psql is told to connect with (`\connect`). A manifest is about one database, and
//! `pg_dumpall` dumps one after the other: their tables must not be mixed.

use crate::yaml::shown;

/// What to do about a file that is about several databases.
pub(super) const HELP: &str =
    "a manifest is about one database: dump each by itself with `pg_dump`, or cut the file there";

/// The database of the last `\connect`.
#[derive(Debug, Default)]
pub(super) struct Connected(Option<String>);

impl Connected {
    /// Follows a `\connect` with these arguments. What is wrong where it leads to another database after
    /// something was made in one.
    pub(super) fn follow(&mut self, arguments: &str, made_something: bool) -> Option<String> {
        let words = arguments.split_whitespace();
        let mut words = words.skip_while(|it| it.starts_with("-reuse-previous"));
        // `-` is the one of before, with another role perhaps.
        let database = words.next().filter(|it| *it != "-")?.trim_matches(['"', '\'']);
        // Where a name has to be quoted, pg_dump writes a connection string.
        let database = database.trim_start_matches("dbname=").trim_matches('\'');
        let is_other = self.0.as_deref() != Some(database);
        self.0 = Some(database.to_owned());
        (is_other && made_something).then(|| {
            let database = shown(database);
            format!("from here on it is about database {database}, and what comes before is about another")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_database_is_told_from_the_same() {
        let mut connected = Connected::default();
        #[rustfmt::skip]
        let cases = [
            ("template1",                                 false, false),
            ("shop",                                      false, false),
            ("shop",                                      true,  false),
            ("\"shop\" alice",                            true,  false),
            ("- alice",                                   true,  false),
            ("",                                          true,  false),
            ("-reuse-previous=on \"dbname='my shop'\"",   true,  true),
            ("-reuse-previous=on \"dbname='my shop'\"",   true,  false),
            ("other",                                     true,  true),
        ];
        for (arguments, made_something, wrong) in cases {
            let told = connected.follow(arguments, made_something);
            assert_eq!(told.is_some(), wrong, "{arguments}: {told:?}");
        }
    }
}
