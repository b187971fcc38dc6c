//! The one sentence that says what is the matter with a database.

use crate::finding::Finding;
use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::http::screen::words::count;
use crate::report::Report;
use crate::report::Verdict;

/// What holds of `database` now; ends without a full stop, for the time that it has lasted follows.
pub(super) fn truth(database: &str, manifest: &str, report: &Report) -> String {
    match report.verdict {
        Verdict::Clean => {
            format!("{database} holds what manifest {manifest} lists, and nothing else")
        }
        Verdict::Unknown => {
            format!("Whether {database} holds what it should could not be told")
        }
        Verdict::Drifted => drifted(database, report),
    }
}

fn drifted(database: &str, report: &Report) -> String {
    let counting: Vec<&Finding> = report.counting().collect();
    if counting.iter().any(|it| it.stands_for_missing()) {
        let manifest = &report.manifest;
        return format!("{database} holds none of the tables of manifest {manifest}");
    }
    let resets = counting.iter().filter(|it| it.kind == FindingKind::DatabaseReset).count();
    // What is about the whole database is worse than anything that is about a table.
    let is_whole = |it: &&&Finding| it.object == ObjectKind::Database;
    if let Some(whole) = counting.iter().find(is_whole).filter(|_| resets == 0) {
        return format!("{database}: {}", whole.message.trim_end_matches('.'));
    }
    let about_table = |it: &&&Finding| it.part.is_none() && it.object == ObjectKind::Table;
    let tables: Vec<&&Finding> = counting.iter().filter(about_table).collect();
    let extra = tables.iter().filter(|it| it.kind.is_unexpected()).count();
    let missing = tables.iter().filter(|it| it.kind.is_missing()).count();
    let others = counting.len() - resets - extra - missing;
    let mut parts = Vec::new();
    if resets > 0 {
        parts.push("was reset".to_owned());
    }
    if extra > 0 {
        parts.push(format!("holds {} it should not have", count(extra, "table", "tables")));
    }
    if missing > 0 {
        parts.push(format!("lacks {}", count(missing, "table", "tables")));
    }
    if others > 0 {
        let more = if extra + missing == 0 { "" } else { " more" };
        let way = if others == 1 { "way" } else { "ways" };
        parts.push(format!("differs in {others}{more} {way}"));
    }
    match parts.pop() {
        None => format!("{database} differs from its manifest"),
        Some(last) if parts.is_empty() => format!("{database} {last}"),
        Some(last) => format!("{database} {} and {last}", parts.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::screen::pages::database::sample::report;
    use crate::schema::RelationName;

    fn table(kind: FindingKind, name: &str) -> Finding {
        Finding::new(kind, ObjectKind::Table, Some(RelationName::new("public", name)), "m")
    }

    #[test]
    fn the_worst_is_said_in_one_sentence() {
        use FindingKind::{DatabaseReset, MissingColumn, MissingTable, UnexpectedTable};
        let column = || table(MissingColumn, "User").of_part("id");
        let whole = |kind| Finding::new(kind, ObjectKind::Database, None, "it is.");
        for (findings, want) in [
            (vec![], "central holds what manifest central lists, and nothing else"),
            (
                vec![table(UnexpectedTable, "a"), table(UnexpectedTable, "b")],
                "central holds 2 tables it should not have",
            ),
            (
                vec![table(UnexpectedTable, "a"), table(MissingTable, "b"), column()],
                "central holds 1 table it should not have, lacks 1 table and differs in 1 more way",
            ),
            (vec![column()], "central differs in 1 way"),
            (vec![whole(DatabaseReset), column()], "central was reset and differs in 1 way"),
            (
                vec![whole(DatabaseReset), table(UnexpectedTable, "a")],
                "central was reset and holds 1 table it should not have",
            ),
            (vec![whole(FindingKind::SameDatabase), column()], "central: it is"),
            (
                vec![whole(FindingKind::WrongDatabase)],
                "central holds none of the tables of manifest central",
            ),
        ] {
            assert_eq!(truth("central", "central", &report(findings)), want);
        }
        let mut unknown = report(vec![]);
        unknown.verdict = Verdict::Unknown;
        let said = truth("central", "central", &unknown);
        assert_eq!(said, "Whether central holds what it should could not be told");
    }
}
