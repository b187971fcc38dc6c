//! The names that Prisma gives to what has none, within PostgreSQL's 63 bytes.
//!
//! `psl/psl-core/src/datamodel_connector/constraint_names.rs` and, for join tables,
//! `push_relation_tables` in `sql-schema-connector/src/sql_schema_calculator.rs` in prisma-engines;
//! for sequences `makeObjectName` in PostgreSQL's `src/backend/commands/indexcmds.c`.

/// Bytes that PostgreSQL keeps of a name (`NAMEDATALEN - 1`).
pub(super) const BYTES_MAX: usize = 63;

/// `User_pkey`.
pub(super) fn primary_key(table: &str) -> String {
    cut_to_fit(table.to_owned(), "_pkey")
}

/// `User_email_key`.
pub(super) fn unique(table: &str, columns: &[impl AsRef<str>]) -> String {
    cut_to_fit(joined(table, columns), "_key")
}

/// `User_name_age_idx`.
pub(super) fn index(table: &str, columns: &[impl AsRef<str>]) -> String {
    cut_to_fit(joined(table, columns), "_idx")
}

/// `Post_authorId_fkey`.
pub(super) fn foreign_key(table: &str, columns: &[impl AsRef<str>]) -> String {
    cut_to_fit(joined(table, columns), "_fkey")
}

/// `_AToB`. Prisma cuts it by characters, PostgreSQL then by bytes.
pub(super) fn join_table(relation: &str) -> String {
    let name: String = format!("_{relation}").chars().take(BYTES_MAX).collect();
    cut(&name, BYTES_MAX).to_owned()
}

/// `_AToB_A_fkey`.
pub(super) fn join_foreign_key(table: &str, column: char) -> String {
    format!("{}_{column}_fkey", cut(table, BYTES_MAX - "_A_fkey".len()))
}

/// `_AToB_B_index`.
pub(super) fn join_index(table: &str) -> String {
    let start: String = table.chars().take(BYTES_MAX - "_B_index".len()).collect();
    cut(&format!("{start}_B_index"), BYTES_MAX).to_owned()
}

/// The sequence that PostgreSQL makes for a serial column: `User_id_seq`. The longer of table and
/// column gives way first.
pub(super) fn sequence(table: &str, column: &str) -> String {
    let room = BYTES_MAX - "__seq".len();
    let (mut of_table, mut of_column) = (table.len(), column.len());
    while of_table + of_column > room {
        if of_table > of_column { of_table -= 1 } else { of_column -= 1 }
    }
    format!("{}_{}_seq", cut(table, of_table), cut(column, of_column))
}

fn joined(table: &str, columns: &[impl AsRef<str>]) -> String {
    let columns: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    format!("{table}_{}", columns.join("_"))
}

fn cut_to_fit(mut name: String, suffix: &str) -> String {
    name.truncate(cut(&name, BYTES_MAX - suffix.len()).len());
    name + suffix
}

/// As much of `text` as fits into so many bytes, without half a character.
pub(super) fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_prismas_rules() {
        let long = "x".repeat(70);
        let umlauts = "\u{fc}".repeat(40);
        #[rustfmt::skip]
        let cases = [
            (primary_key("User"),                   "User_pkey".to_owned()),
            (primary_key(&long),                    format!("{}_pkey", "x".repeat(58))),
            (unique("User", &["a", "b"]),           "User_a_b_key".to_owned()),
            (index("User", &["a"]),                 "User_a_idx".to_owned()),
            (index(&long, &["a"]),                  format!("{}_idx", "x".repeat(59))),
            (foreign_key(&umlauts, &["a"]),         format!("{}_fkey", "\u{fc}".repeat(29))),
            (join_table("AToB"),                    "_AToB".to_owned()),
            (join_table(&long),                     format!("_{}", "x".repeat(62))),
            (join_foreign_key("_AToB", 'A'),        "_AToB_A_fkey".to_owned()),
            (join_foreign_key(&long, 'B'),          format!("{}_B_fkey", "x".repeat(56))),
            (join_index("_AToB"),                   "_AToB_B_index".to_owned()),
            (join_index(&long),                     format!("{}_B_index", "x".repeat(55))),
            (sequence("User", "id"),                "User_id_seq".to_owned()),
            (sequence(&long, "id"),                 format!("{}_id_seq", "x".repeat(56))),
            (sequence(&long, &long),                format!("{0}_{0}_seq", "x".repeat(29))),
        ];
        for (name, want) in cases {
            assert!(name.len() <= BYTES_MAX, "{name}");
            assert_eq!(name, want);
        }
    }
}
