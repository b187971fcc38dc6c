//! `known_file`: what it adds to the databases, and every mistake in it with its place.

use super::*;

const NAMED: &str = "known_file: known.yaml\n";

fn entry(object: &str) -> String {
    format!(
        "  - {{object: '{object}', kind: unexpected_table, reason: 'a $VAR', owner: dba, until: 2027-03-31}}\n"
    )
}

fn objects(config: &Config) -> Vec<String> {
    config.databases[0].known.iter().map(|it| it.object.spelled()).collect()
}

#[test]
fn its_entries_add_to_those_under_the_database() {
    let folder = Folder::new();
    folder.put("known.yaml", &format!("# From baseline.\na:\n{}{}", entry("old"), entry("x$y")));
    folder.put("more/known.yaml", &format!("a:\n{}", entry("later")));
    let own = "databases:\n  - name: a\n    url: host=/tmp\n    manifest: central\n    known:\n    \
               - {object: own, kind: unexpected_table, reason: r, owner: o, until: 2027-03-31}\n";
    let one = folder.load(&format!("{own}{NAMED}")).unwrap();
    assert_eq!(objects(&one), ["own", "old", "x$y"]);
    assert_eq!(one.databases[0].known[1].reason, "a $VAR");
    assert_eq!(one.known_files, [folder.0.path().join("known.yaml")]);
    let two = folder.load(&format!("{own}known_file: [known.yaml, more/known.yaml]\n")).unwrap();
    assert_eq!(objects(&two), ["own", "old", "x$y", "later"]);
    assert!(two.warnings.is_empty(), "{:?}", two.warnings);
    // A change of the file is a change of the configuration.
    folder.put("known.yaml", "");
    let emptied = folder.load(&format!("{own}{NAMED}")).unwrap();
    assert_eq!(objects(&emptied), ["own"]);
    assert_ne!(emptied.hash, one.hash);
}

#[test]
fn an_entry_that_ends_soon_and_an_unregistered_database_are_warnings() {
    let folder = Folder::new();
    let soon = entry("old").replace("2027-03-31", "2025-07-08");
    folder.put("known.yaml", &format!("a:\n{soon}aa:\n{}\"b.c\": []\n", entry("old")));
    let config = folder.load(&format!("{DATABASES}{NAMED}")).unwrap();
    let want = [
        "known.yaml:2:82: a[0].until: ends on 2025-07-08, in 3 days",
        "known.yaml:3:1: aa: no database has this name, so its entries accept nothing; did you mean `a`?",
        "known.yaml:5:1: \"b.c\": no database has this name, so its entries accept nothing",
    ];
    assert_eq!(folder.words(&config.warnings), want);
    // The daemon's notice of each day knows them too.
    let ending = config.ending(jiff::civil::date(2027, 3, 30));
    assert_eq!(
        folder.words(&ending)[0],
        "known.yaml:2:14: a[0].until: ended on 2025-07-08: the finding counts again"
    );
}

#[test]
fn every_mistake_in_it_is_told_with_its_place() {
    let folder = Folder::new();
    let bad =
        entry("a.b.c").replace("unexpected_table", "unexpected_tabel").replace("owner", "owned");
    folder.put(
        "known.yaml",
        &format!("a:\n{bad}{}a: []\n", entry("old").replace("2027-03-31", "soon")),
    );
    let wrong = folder.load(&format!("{DATABASES}{NAMED}")).map(|_| ()).unwrap_err();
    let wrong = wrong.join("\n");
    for word in [
        "known.yaml:2:5: a[0].owner: this key is required",
        "known.yaml:2:14: a[0].object: 3 parts",
        "known.yaml:2:29: a[0].kind: `unexpected_tabel` is no kind of finding; did you mean `unexpected_table`?",
        "known.yaml:2:65: a[0].owned: unknown key; did you mean `owner`?",
        "known.yaml:3:82: a[1].until: `soon` is not a day",
        "known.yaml:4:1: a: this key is there twice, first at 1:1",
    ] {
        assert!(wrong.contains(word), "{word}: {wrong}");
    }
    let files = format!("{DATABASES}known_file: [none.yaml, twice.yaml, twice.yaml, '']\n");
    folder.put("twice.yaml", "[a]\n");
    let wrong = folder.load(&files).map(|_| ()).unwrap_err();
    let want = [
        "c.yaml:3:14: known_file: there is no file `none.yaml`; `schemawarden baseline` prints one; an empty one will do",
        "c.yaml:3:37: known_file: `twice.yaml` is named twice",
        "c.yaml:3:49: known_file: the path is empty",
        "twice.yaml:1:1: expected a map, found a list",
    ];
    assert_eq!(wrong, want);
}
