//! What is drawn. That Mermaid's own parser reads it was tried with the parser itself (11.17); here the
//! rules that it goes by are held.

use super::*;

fn read(text: &str) -> Manifest {
    let today = jiff::civil::date(2025, 7, 5);
    let read = crate::manifest::read(std::path::Path::new("m.yaml"), text, today);
    read.unwrap_or_else(|mistakes| panic!("{mistakes:?}"))
}

/// One of each arrow, and columns with every kind of remark.
const FLEET: &str = r#"
manifest: fleet
tables:
  Orchestra:
    columns: { id: integer not null, name: text not null }
    primary_key: [id]
  Concert:
    columns:
      id: bigint not null
      at: timestamptz(6) not null
      orchestraId: integer not null
      hallId: integer
      fee: numeric(12,2)
      pk: text not null
      roles: "\"Role\"[] not null"
      day: other."Day Of" not null
    primary_key: [id]
    foreign_keys:
      - { columns: [orchestraId], references: Orchestra, to: [id] }
      - { columns: [hallId], references: halls.Hall }
  Setting:
    columns: { orchestraId: integer not null, key: text not null }
    primary_key: [orchestraId, key]
    foreign_keys: [{ columns: [orchestraId], references: Orchestra }]
  Badge:
    columns: { orchestraId: integer not null }
    unique: [[orchestraId]]
    foreign_keys: [{ columns: [orchestraId], references: Orchestra }]
  Log: { optional: true }
"#;

#[test]
fn tables_columns_keys_and_arrows_are_drawn() {
    let want = r#"erDiagram
    "Badge" {
        integer orchestraId FK, UK
    }
    "Concert" {
        bigint id PK
        timestamp(6)_with_time_zone at
        other_Day_Of day "other.#34;Day#32;Of#34;"
        numeric(12_2) fee "numeric#40;12#44;2#41;, null"
        integer hallId FK "null"
        integer orchestraId FK
        text pk_ "pk"
        Role[] roles
    }
    "Log"
    "Orchestra" {
        integer id PK
        text name
    }
    "Setting" {
        integer orchestraId PK, FK
        text key PK
    }
    "Badge" |o..|| "Orchestra" : "orchestraId"
    "Concert" }o..|| "Orchestra" : "orchestraId"
    "Concert" }o..o| "halls.Hall" : "hallId"
    "Setting" }o--|| "Orchestra" : "orchestraId"
"#;
    assert_eq!(whole(&read(FLEET)), want);
}

#[test]
fn tables_alone_are_drawn_as_boxes() {
    let manifest = read("manifest: m\ntables: [b, a, billing.Invoice]\n");
    assert_eq!(whole(&manifest), "erDiagram\n    \"billing.Invoice\"\n    \"a\"\n    \"b\"\n");
    assert_eq!(drawable(&read("manifest: m\ntables: []\n")), None);
}

/// Whatever a name holds, a line of the diagram is made of words, codes and what the grammar knows.
#[test]
fn no_name_is_more_than_a_name() {
    let names = [
        "direction TB",
        "%%{init: {}}%%",
        "a\"b",
        "x; y",
        "end",
        "style",
        "classDef x",
        "1",
        "one",
        "<b>",
        "```",
        "a|b",
        "{",
        "}",
        "[alias]",
        "#35;",
        "a:::b",
        "--",
        "\\x0a",
        "\\u{202e}",
        "ü",
        "accTitle: x",
        "PK",
        "uk",
    ];
    let mut text = String::from("manifest: m\ntables:\n");
    for name in names {
        let quoted = format!("\"{}\"", name.replace('"', "\"\""));
        let (table, column) = (crate::manifest::scalar(&quoted), crate::manifest::scalar(name));
        let _ = writeln!(
            text,
            "  {table}: {{ columns: {{ {column}: text }}, foreign_keys: [{{ columns: [{column}], references: {table} }}] }}"
        );
    }
    let drawn = whole(&read(&text));
    let inside = |c: char| c.is_alphanumeric() || "_.-#;".contains(c);
    for line in drawn.lines().skip(1) {
        let mut outside = String::new();
        for (at, piece) in line.split('"').enumerate() {
            if at % 2 == 0 {
                outside.push_str(piece);
            } else {
                let piece = piece.replace(", null", "");
                assert!(piece.chars().all(inside), "{line}");
            }
        }
        let word = |c: char| c.is_ascii_alphanumeric() || "_ {}|o.:".contains(c);
        assert!(outside.chars().all(word), "{line}");
    }
    assert_eq!(drawn.matches(" text ").count(), names.len(), "{drawn}");
}

#[test]
fn a_diagram_that_is_too_large_is_drawn_without_columns_or_not_at_all() {
    let many = |tables: usize, columns: usize| {
        let mut text = String::from("manifest: m\ntables:\n");
        for table in 0..tables {
            let columns: Vec<_> = (0..columns).map(|it| format!("column_{it}: integer")).collect();
            let _ = writeln!(text, "  table_{table}: {{ columns: {{ {} }} }}", columns.join(", "));
        }
        read(&text)
    };
    let fits = |manifest: &Manifest| drawable(manifest).map(|it| it.contains("column_0"));
    assert_eq!(fits(&many(10, 10)), Some(true));
    assert_eq!(fits(&many(300, 10)), Some(false));
    assert_eq!(fits(&many(4000, 1)), None);
}
