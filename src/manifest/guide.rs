//! The YAML of `docs/manifests.md` is what it says: good manifests, without a warning. And every key
//! stands there.

use std::fs;
use std::path::Path;

use jiff::civil::Date;
use tempfile::TempDir;

use super::*;

const TODAY: Date = jiff::civil::date(2025, 7, 5);

fn repository(file: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// What the examples name beside themselves.
fn neighbours(folder: &Path) {
    for (file, text) in [
        ("m/base.yaml", "manifest: base\ntables: [Setting]\n".to_owned()),
        ("prisma/schema.prisma", repository("tests/prisma/schema.central.prisma")),
        ("db/structure.sql", repository("tests/ddl/structure.sql")),
    ] {
        let path = folder.join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn every_example_of_the_guide_is_a_good_manifest() {
    let page = repository("docs/manifests.md");
    let blocks = page.split("```yaml\n").skip(1);
    let examples: Vec<_> = blocks.map(|it| it.split_once("```").expect("an end").0).collect();
    assert_eq!(examples.len(), 10);
    let folder = TempDir::new().unwrap();
    neighbours(folder.path());
    for example in examples {
        let path = folder.path().join("m/example.yaml");
        fs::write(&path, example).unwrap();
        let (manifest, warnings) =
            load_noting(&path, TODAY).unwrap_or_else(|it| panic!("{it:?}\n{example}"));
        // What the SQL holds beside tables is a word about the SQL.
        let own: Vec<_> = warnings.iter().filter(|it| it.path == path).collect();
        assert!(own.is_empty(), "{own:?}\n{example}");
        assert!(!manifest.expected.is_empty() || manifest.golden.is_some(), "{example}");
    }
}

#[test]
fn every_key_of_a_manifest_stands_in_the_guide() {
    fn keys(schema: &serde_json::Value, into: &mut BTreeSet<String>) {
        match schema {
            serde_json::Value::Object(members) => {
                let properties = members.get("properties").and_then(|it| it.as_object());
                into.extend(properties.into_iter().flat_map(|it| it.keys().cloned()));
                members.values().for_each(|it| keys(it, into));
            }
            serde_json::Value::Array(items) => items.iter().for_each(|it| keys(it, into)),
            _ => {}
        }
    }
    let page = repository("docs/manifests.md");
    let mut all = BTreeSet::new();
    keys(&schema(), &mut all);
    // Those of `severity` are in the guide of the configuration.
    let kinds = FindingKind::ALL.map(FindingKind::word);
    all.retain(|it| !kinds.contains(&it.as_str()));
    assert!(all.len() > 80, "{all:?}");
    for key in all {
        assert!(page.contains(&format!("`{key}`")), "`{key}` is not in docs/manifests.md");
    }
}
