//! Ledgers of migration tools: at home, wrong, or only looking like one.

use super::*;
use crate::finding::ObjectKind;
use crate::schema::Column;

const WRONG: &str = "critical wrong_ledger _prisma_migrations";

#[test]
fn another_tools_ledger_is_wrong_where_the_manifest_says_whose_is_at_home() {
    let there = ["A", "_prisma_migrations", "flyway_schema_history"];
    let both_left_out: &[(&str, usize)] = &[("preset:flyway", 1), ("preset:prisma", 1)];
    let flyway = &[("preset:flyway", 1)];
    check("tables: [A]", &there, &[], both_left_out);
    check("tables: [A]; presets: [auto, flyway]", &there, &[WRONG], flyway);
    check("tables: [A]; presets: [flyway]", &there, &[WRONG], flyway);
    check("tables: [A]; presets: [auto, flyway, prisma]", &there, &[], both_left_out);
    check("tables: [A, flyway_schema_history]", &there, &[WRONG], &[]);
    check(
        "tables: {A: , flyway_schema_history: {optional: true}}",
        &["A", there[1]],
        &[WRONG],
        &[],
    );
    check("tables: [A, flyway_schema_history]; presets: []", &there, &[WRONG], &[]);
    // A generic name may be the application's own table, and says nothing of tools.
    check("tables: [A, changelog]", &["A", "changelog", there[1]], &[], &[("preset:prisma", 1)]);
}

#[test]
fn what_a_manifest_says_of_the_table_itself_wins() {
    let there = ["A", "_prisma_migrations"];
    let flyway = "tables: [A]; presets: [auto, flyway]";
    check(&format!("{flyway}; ignore: ['_prisma*']"), &there, &[], &[("ignore", 1)]);
    check(
        &format!("{flyway}; forbid: ['_prisma*']"),
        &there,
        &["critical forbidden_table _prisma_migrations"],
        &[],
    );
    check("tables: [A, _prisma_migrations]; presets: [auto, flyway]", &there, &[], &[]);
    check(
        &format!("{flyway}; schemas: [public]"),
        &["A", "drizzle.__drizzle_migrations"],
        &[],
        &[("schemas", 1)],
    );
    check(
        &format!("{flyway}; severity: {{wrong_ledger: warning}}"),
        &there,
        &["warning wrong_ledger _prisma_migrations"],
        &[],
    );
    check(flyway, &["A", "view _prisma_migrations"], &[], &[("views", 1)]);
}

#[test]
fn a_wrong_ledger_says_whose_it_is_and_can_be_accepted() {
    let manifest = parse("tables: [A]; presets: [auto, flyway, rails]");
    let there = catalog(&["A", "_prisma_migrations by eve"]);
    let finding = &plainly(&manifest, &there).findings[0];
    assert_eq!(
        finding.message,
        "table `_prisma_migrations` is the ledger of prisma; databases of manifest `m` are migrated \
         with flyway and rails"
    );
    assert_eq!((finding.object, &finding.detail["owner"]), (ObjectKind::Table, &"eve".into()));
    assert_eq!(finding.detail["tool"], "prisma");
    assert_eq!(finding.detail["at_home"], serde_json::json!(["flyway", "rails"]));
    assert!(finding.hints[0].starts_with("prisma was run against"), "{:?}", finding.hints);
    // Published: a change here would reopen incidents.
    assert_eq!(finding.fingerprint().to_string(), "160882c2c9fb5ee9");

    let known =
        "known: [{object: _prisma_migrations, kind: KIND, reason: r, owner: o, until: 2025-12-01}]";
    for (kind, accepted) in [("wrong_ledger", true), ("unexpected_table", false)] {
        let text = format!("tables: [A]; presets: [flyway]; {}", known.replace("KIND", kind));
        let finding = &plainly(&parse(&text), &there).findings[0];
        assert_eq!(finding.known.is_some(), accepted, "{kind}");
    }
}

#[test]
fn a_deploy_may_change_the_tool() {
    let accepted = Accepted { known: &[], severities: &BTreeMap::new() };
    let there = catalog(&["A", "_prisma_migrations"]);
    let [old, new] = ["flyway", "prisma"].map(|it| parse(&format!("tables: [A]; presets: [{it}]")));
    let comparison = compare_allowing(&[&old, &new], &accepted, &there, TODAY);
    assert_eq!((comparison.findings, comparison.left_out["preset:prisma"]), (Vec::new(), 1));
    // Where neither allows it, one says more of it than the other; it is one finding.
    let none = parse("tables: [A]; presets: []");
    let found = compare_allowing(&[&old, &none], &accepted, &there, TODAY).findings;
    assert_eq!(found.iter().map(line).collect::<Vec<_>>(), [WRONG]);
}

#[test]
fn a_generic_ledger_is_unexpected_and_its_columns_are_a_hint() {
    let mut there = catalog(&["A", "schema_migrations"]);
    let name = RelationName::parse("schema_migrations").unwrap();
    there.definitions.shapes.insert(name.clone(), vec![Column::new("version", "text")]);
    let hints = |it: &Catalog| {
        let finding = plainly(&parse("tables: [A]"), it).findings.remove(0);
        assert_eq!(line(&finding), "critical unexpected_table schema_migrations");
        finding.hints
    };
    assert_eq!(
        hints(&there),
        [
            "its columns are those of the ledger of rails or dbmate: if that tool migrates this database, \
             name it under `presets`"
        ]
    );
    let rails = plainly(&parse("tables: [A]; presets: [rails]"), &there);
    assert_eq!((rails.findings, rails.left_out["preset:rails"]), (Vec::new(), 1));
    there.definitions.shapes.insert(name, vec![Column::new("id", "text")]);
    assert_eq!(hints(&there), [""; 0]);
    assert_eq!(plainly(&parse("tables: [A]; presets: [rails]"), &there).findings.len(), 1);
}
