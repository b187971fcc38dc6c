//! Files as people write them, right and wrong, through the real reader.

use std::fs;

use super::*;
use crate::finding::FindingKind;
use crate::finding::Severity;
use crate::manifest::Expected;
use crate::schema::RelationKind;
use crate::schema::RelationName;

const TODAY: Date = jiff::civil::date(2025, 7, 5);

/// A folder with these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    dir
}

/// Mistakes as text, without the folder's name.
fn texts(dir: &Path, mistakes: &[Mistake]) -> Vec<String> {
    let prefix = format!("{}/", dir.display());
    mistakes.iter().map(|it| it.to_string().replace(&prefix, "")).collect()
}

fn table(name: &str) -> (RelationKind, RelationName) {
    (RelationKind::Table, RelationName::parse(name).unwrap())
}

#[track_caller]
fn parse(text: &str) -> Manifest {
    read(Path::new("m.yaml"), text, TODAY).unwrap()
}

/// The file's mistakes hold `want`, in this order and no others.
#[track_caller]
fn check_mistakes(text: &str, want: &[&str]) {
    let mistakes = read(Path::new("m.yaml"), text, TODAY).expect_err(text);
    let got: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
    assert_eq!(got.len(), want.len(), "{text}\n{got:#?}");
    for (got, want) in got.iter().zip(want) {
        assert!(got.contains(want), "{text}\ngot {got}\nwant {want}");
    }
}

#[test]
fn a_list_and_a_map_of_tables_mean_the_same() {
    let list = parse("manifest: m\ntables: [Orchestra, billing.Invoice, '\"a.b\".\"c*\"']\n");
    let map = parse(
        "# comment\ntables:\n  billing.Invoice:\n  \"Orchestra\": {optional: false}\n  '\"a.b\".\"c*\"': {}\nmanifest: m\n",
    );
    assert_eq!(list.expected, map.expected);
    assert_eq!(list.hash, map.hash);
    let keys: Vec<_> = list.expected.keys().cloned().collect();
    let quoted = (RelationKind::Table, RelationName::new("a.b", "c*"));
    assert_eq!(keys, [quoted, table("billing.Invoice"), table("Orchestra")]);

    let optional = parse("manifest: m\ntables: {A: {optional: true}, B: }\n");
    assert_eq!(optional.expected[&table("A")], Expected::named(true));
    assert_eq!(optional.required_tables().collect::<Vec<_>>(), [&table("B").1]);
}

#[test]
fn every_key_reaches_the_manifest() {
    let it = parse(
        r"
manifest: central-2.0_x
description: Control plane
tables: [User]
foreign_tables: [remote.Ledger]
views: []
materialized_views: [Totals]
schemas: [public, remote, audit]
ignore: ['legacy_*']
forbid: ['*.tmp_*']
presets: [prisma]
known: [{object: audit.x, kind: unexpected_table, reason: r, owner: ops, until: 2025-12-01}]
severity: {unexpected_table: warning}
",
    );
    assert_eq!(it.name, "central-2.0_x");
    assert_eq!(it.description.as_deref(), Some("Control plane"));
    assert_eq!(it.expected.len(), 3);
    assert!(it.compares_views && it.compares_materialized_views);
    assert_eq!(it.schemas.as_ref().map(std::collections::BTreeSet::len), Some(3));
    assert!(it.ignore.matching(&RelationName::new("public", "legacy_1")).is_some());
    assert!(it.forbid.matching(&RelationName::new("audit", "tmp_1")).is_some());
    assert_eq!(it.presets.to_string(), "[prisma]");
    assert_eq!(it.known.len(), 1);
    assert_eq!(it.severities[&FindingKind::UnexpectedTable], Severity::Warning);
    assert!(!parse("manifest: m\ntables: []\n").compares_views);
}

#[test]
fn the_hash_is_that_of_the_meaning() {
    let base = parse("manifest: m\ntables: [A, B]\nignore: ['x*', z]\n").hash;
    let same = [
        "manifest: other\ndescription: d\ntables: [public.B, '\"A\"']\nignore: [public.z, 'x*']\n",
        "manifest: m\npresets: auto\ntables: {A: , B: }\nignore: ['x**', z]\nforbid: []\n",
    ];
    for text in same {
        assert_eq!(parse(text).hash, base, "{text}");
    }
    let others = [
        "manifest: m\ntables: [A]\nignore: ['x*', z]\n",
        "manifest: m\ntables: {A: {optional: true}, B: }\nignore: ['x*', z]\n",
        "manifest: m\ntables: [A, b]\nignore: ['x*', z]\n",
        "manifest: m\ntables: [A, B]\nforbid: ['x*', z]\n",
        "manifest: m\ntables: [A, B]\nignore: ['\"x*\"', z]\n",
        "manifest: m\ntables: [A, B]\nignore: ['x*', z]\nviews: []\n",
        "manifest: m\ntables: [A, B]\nignore: ['x*', z]\npresets: []\n",
        "manifest: m\ntables: [A, B]\nignore: ['x*', z]\nschemas: [public]\n",
        "manifest: m\ntables: [A, B]\nignore: ['x*', z]\nseverity: {missing_table: warning}\n",
    ];
    for text in others {
        assert_ne!(parse(text).hash, base, "{text}");
    }
    assert_eq!(base.len(), 16);
}

#[test]
fn mistakes_have_a_place_and_a_remedy() {
    let known = "known: [{object: a, kind: unexpected_table, reason: r, owner: o, until: never}]";
    #[rustfmt::skip]
    let cases: &[(&str, &[&str])] = &[
        ("", &["empty"]),
        ("manifest: m\n", &["m.yaml: tables: this key is required; list the tables that must be there, or write `tables: []`"]),
        ("manifest: m\ntables:\n", &["m.yaml:2:7: tables: nothing is listed; to expect none on purpose, write `[]`"]),
        ("manifest: m\ntables: []\nviews:\n", &["views: nothing is listed"]),
        ("tables: []\n", &["manifest: this key is required"]),
        ("manifest: a b\ntables: []\n", &["m.yaml:1:11: manifest: `a b` is not a manifest's name; use letters"]),
        ("manifest: m\ntables: [A]\ntabels: [B]\n", &["m.yaml:3:1: tabels: unknown key; did you mean `tables`?"]),
        ("manifest: m\ntables: [A, no, 7]\n", &["write it in quotes: \"no\"", "m.yaml:2:17: tables[2]: expected text, found the number `7`"]),
        ("manifest: m\ntables: [A, B, public.A]\n", &["m.yaml:2:16: tables: `public.A` is listed twice, first at line 2, column 10"]),
        ("manifest: m\ntables: {A: , '\"A\"': }\n", &["m.yaml:2:15: tables: `\"A\"` is listed twice, first at line 2, column 10"]),
        ("manifest: m\ntables: [A]\nviews: [A]\n", &["m.yaml:3:9: views: `A` is listed as a view and, at line 2, column 10, as a table"]),
        ("manifest: m\ntables: [a.b.c]\n", &["m.yaml:2:10: tables: `a.b.c` is not a name: 3 parts"]),
        ("manifest: m\ntables: {A: {columns: {id: bigint nul}}}\n", &["m.yaml:2:24: tables.A.columns.id: `bigint nul` is not a type: something follows"]),
        ("manifest: m\ntables: {A: {rows: {min: 1}, B: 2}}\n", &["tables.A.B: unknown key"]),
        ("manifest: m\ntables: {A: {rows: {min: 0}}}\n", &["tables.A.rows.min: every table has as many; leave `rows` out"]),
        ("manifest: m\ntables: []\nviews: {V: {rows: {min: 1}}}\n", &["views.V: of a view only `optional` and `definition`", "views.V.rows: the rows of a view are not counted"]),
        ("manifest: m\ntables: {A: {optionl: true}}\n", &["did you mean `optional`?"]),
        ("manifest: m\ntables: A\n", &["m.yaml:2:9: tables: expected a list"]),
        ("manifest: m\nfrom: {prisma: x.prisma}\n", &["m.yaml:2:16: from.prisma: there is no file or folder x.prisma"]),
        ("manifest: m\nfrom: {sql: x.sql, prisma: y.prisma}\n", &["m.yaml:2:7: from: name one of `prisma`, `sql` and `database`"]),
        ("manifest: m\nfrom: {depth: full}\n", &["from: name one of `prisma`, `sql` and `database`"]),
        ("manifest: m\nfrom: {sql: x.sql, depth: ful}\n", &["from.depth: expected one of tables, columns, full, found `ful`; did you mean `full`?"]),
        ("manifest: m\nfrom: {prsima: x}\n", &["from.prsima: unknown key; did you mean `prisma`?"]),
        ("manifest: m\ntables: []\nfunctions: [f]\n", &["functions: `f` is not a function: the types of its arguments are missing; write it with the types"]),
        ("manifest: m\ntables: []\nfunctions: {'f(int)': , 'f(integer)': }\n", &["functions: `f(integer)` is listed twice"]),
        ("manifest: m\ntables: []\nenums: {Role: [A, A]}\n", &["enums.Role: `A` is listed twice"]),
        ("manifest: m\ntables: []\nsequences: {s: {type: nope int}}\n", &["sequences.s.type: `nope int` is not a type"]),
        ("manifest: m\ntables: {A: {grants: {r: [selct]}}}\n", &["tables.A.grants.r: expected one of select, insert"]),
        ("manifest: m\ntables: []\nextensions:\n", &["extensions: nothing is listed"]),
        ("manifest: m\ntables: []\nevent_triggers: {e: {enabled: on_}}\n", &["event_triggers.e.enabled: expected one of origin, disabled, replica, always"]),
        ("manifest: m\ntables: []\nignore: ['{a,b}_*', '!x']\n", &["ignore[0]: `{` and `}` are not supported", "ignore[1]: a glob cannot be negated"]),
        ("manifest: m\ntables: []\nforbid: ['a..b']\n", &["forbid[0]: not a name: the name is empty"]),
        ("manifest: m\ntables: []\nschemas: []\n", &["schemas: no schema would be audited"]),
        ("manifest: m\ntables: []\nschemas: [a, a, b.c]\n", &["`a` is listed twice", "`b.c` is not the name of a schema"]),
        ("manifest: m\ntables: [billing.X]\nschemas: [public]\n", &["m.yaml:2:10: schemas: table `billing.X` is expected in schema `billing`, which `schemas` leaves out"]),
        ("manifest: m\ntables: []\npresets: [prisma, superbase]\n", &["m.yaml:3:19: presets[1]: there is no preset `superbase`; did you mean `supabase`?"]),
        ("manifest: m\ntables: []\npresets: prisma\n", &["presets: expected `auto` or a list of presets, found the text `prisma`"]),
        ("manifest: m\ntables: []\nseverity: {wrong_database: info}\n", &["m.yaml:3:28: severity.wrong_database: `wrong_database` cannot be `info`"]),
        ("manifest: m\ntables: []\nseverity: {unexpected_tabel: warning, missing_table: warn}\n", &["did you mean `unexpected_table`?", "severity.missing_table: expected one of info, warning, critical, found `warn`"]),
        ("manifest: m\ntables: []\nextends: base\n", &["extends: `base` is not a path of a manifest file; name the file"]),
        ("manifest: m\ntables: []\nextends: base.yaml\n", &["extends: there is no file base.yaml"]),
        (&format!("manifest: m\ntables: []\n{known}\n"), &["known[0].until: `never` is not a day"]),
        ("manifest: m\ntables: []\nknown: [{object: a}]\n", &["kind: this key is required", "reason: this key is required", "owner: this key is required", "until: this key is required"]),
    ];
    for (text, want) in cases {
        check_mistakes(text, want);
    }
}

#[test]
fn every_mistake_of_a_file_is_reported_at_once() {
    check_mistakes(
        "manifest: a b\ntables: [A, A, x.y.z]\nignore: ['[']\npresets: [nope]\n",
        &[
            "is not a manifest's name",
            "listed twice",
            "3 parts",
            "opened and not closed",
            "no preset",
        ],
    );
}

#[test]
fn extends_adds_the_parents_and_lets_the_child_win() {
    let dir = folder(&[
        (
            "base.yaml",
            "manifest: base\ntables: [A, B]\nignore: ['i_*']\nviews: [V]\nseverity: {missing_view: info}\npresets: []\n",
        ),
        (
            "more/other.yaml",
            "manifest: other\nextends: ../base.yaml\ntables: [C]\nforbid: ['f_*']\n",
        ),
        (
            "child.yaml",
            "manifest: child\nextends: [base.yaml, more/other.yaml]\ntables: {B: {optional: true}, D: }\nseverity: {missing_view: critical}\n",
        ),
        ("bare.yaml", "manifest: bare\nextends: ./base.yaml\n"),
    ]);
    let child = load(&dir.path().join("child.yaml"), TODAY).unwrap();
    let tables: Vec<_> = child.tables().map(RelationName::visible).collect();
    assert_eq!(tables, ["A", "B", "C", "D"]);
    assert!(child.expected[&table("B")].optional);
    assert!(child.compares_views);
    assert!(!child.ignore.is_empty() && !child.forbid.is_empty());
    assert_eq!(child.ignore.iter().count(), 1, "the same glob by two ways is one");
    assert_eq!(child.presets, crate::manifest::Presets::none());
    assert_eq!(child.severities[&FindingKind::MissingView], Severity::Critical);

    let (all, warnings) = load_folder(dir.path(), TODAY).unwrap();
    assert_eq!(all.keys().collect::<Vec<_>>(), ["bare", "base", "child"]);
    assert_eq!(all["bare"].hash, all["base"].hash);
    assert_eq!(warnings, []);
}

#[test]
fn a_circle_is_shown() {
    let dir = folder(&[
        ("a.yaml", "manifest: a\nextends: b.yaml\n"),
        ("b.yaml", "manifest: b\nextends: [c.yaml]\n"),
        ("c.yaml", "manifest: c\nextends: ./b.yaml\n"),
        ("self.yaml", "manifest: self\nextends: self.yaml\n"),
    ]);
    let mistakes = load(&dir.path().join("a.yaml"), TODAY).unwrap_err();
    let want = "c.yaml:2:10: extends: goes in a circle: b.yaml -> c.yaml -> b.yaml";
    assert_eq!(texts(dir.path(), &mistakes), [want]);
    let mistakes = load(&dir.path().join("self.yaml"), TODAY).unwrap_err();
    let want = "self.yaml:2:10: extends: goes in a circle: self.yaml -> self.yaml";
    assert_eq!(texts(dir.path(), &mistakes), [want]);
}

#[test]
fn a_chain_has_a_limit() {
    let files: Vec<_> = (0..=MAX_DEPTH)
        .map(|n| (format!("m{n}.yaml"), format!("manifest: m{n}\nextends: m{}.yaml\n", n + 1)))
        .collect();
    let files: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let dir = folder(&files);
    let mistakes = load(&dir.path().join("m0.yaml"), TODAY).unwrap_err();
    assert!(texts(dir.path(), &mistakes)[0].contains("more than 16 files"), "{mistakes:?}");
}

#[test]
fn a_folder_tells_of_every_file_once() {
    let dir = folder(&[
        ("base.yaml", "manifest: base\ntables: [A, A]\n"),
        ("child.yml", "manifest: child\nextends: base.yaml\n"),
        ("same.yaml", "manifest: child\ntables: []\n"),
        ("broken.yaml", "manifest: [\n"),
        ("notes.txt", "not a manifest"),
        (".hidden.yaml", "nor this"),
    ]);
    let mistakes = load_folder(dir.path(), TODAY).unwrap_err();
    let got = texts(dir.path(), &mistakes);
    assert_eq!(got.len(), 3, "{got:#?}");
    assert!(got[0].starts_with("base.yaml:2:13: tables: `A` is listed twice"), "{got:#?}");
    assert!(got[1].starts_with("broken.yaml:"), "{got:#?}");
    assert!(got[2].starts_with("same.yaml: manifest: manifest `child` is in child.yml already"));

    let empty = folder(&[("notes.txt", "")]);
    assert!(load_folder(empty.path(), TODAY).unwrap_err()[0].message.contains("no manifest"));
    let absent = load_folder(&dir.path().join("absent"), TODAY).unwrap_err();
    assert!(absent[0].message.contains("cannot read this folder"));
}

#[test]
fn files_that_are_no_documents_are_refused() {
    let dir = folder(&[("big.yaml", ""), ("latin.yaml", "")]);
    fs::write(dir.path().join("big.yaml"), vec![b'#'; 10 * 1024 * 1024]).unwrap();
    fs::write(dir.path().join("latin.yaml"), b"manifest: \xfc\n").unwrap();
    let cases =
        [("big.yaml", "larger than 4 MiB"), ("latin.yaml", "not UTF-8"), ("no", "cannot read")];
    for (name, want) in cases {
        let mistakes = load(&dir.path().join(name), TODAY).unwrap_err();
        assert!(mistakes[0].message.contains(want), "{name}: {mistakes:?}");
    }
}

#[test]
fn what_is_allowed_but_odd_is_a_warning() {
    let dir = folder(&[(
        "m.yaml",
        "manifest: m\ntables: [tmp_a]\nforbid: ['tmp_*']\nknown: [{object: x, kind: unexpected_table, reason: r, owner: o, until: 2025-07-01}]\n",
    )]);
    let (manifest, warnings) = load_noting(&dir.path().join("m.yaml"), TODAY).unwrap();
    let got = texts(dir.path(), &warnings);
    assert_eq!(got.len(), 2, "{got:#?}");
    assert!(got[0].contains("`tmp_*` under `forbid` matches it; `forbid` wins"), "{got:#?}");
    assert!(got[1].contains("ended on 2025-07-01"), "{got:#?}");
    assert_eq!(manifest.required_tables().count(), 0);
    assert_eq!(manifest.known.len(), 1, "kept: the comparison sees that it ended");
}

/// The manifests of the example fleet, which the config's example refers to.
#[test]
fn the_example_fleet_loads() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("expected-schemas");
    let (all, warnings) = load_folder(&dir, TODAY).unwrap();
    assert_eq!(warnings, []);
    let counts: Vec<_> = all.values().map(|it| (&*it.name, it.required_tables().count())).collect();
    assert_eq!(counts, [("central", 4), ("orchestra", 21)]);
    let [central, orchestra] = ["central", "orchestra"].map(|name| &all[name]);
    assert!(central.tables().all(|it| !orchestra.tables().any(|other| it == other)));
}
