//! Cases: what is there, what is pushed, and what is said of it.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::*;
use crate::compare::Accepted;
use crate::ddl;
use crate::ddl::Source;
use crate::manifest::Manifest;
use crate::manifest::Manifests;
use crate::prisma;
use crate::reset::Pin;
use crate::schema::Catalog;
use crate::schema::DatabaseIdentity;
use crate::schema::Definitions;
use crate::schema::Imprint;
use crate::schema::Mark;
use crate::schema::MarkError;

const CENTRAL: &str =
    "create table \"Orchestra\" (id int); create table \"User\" (id int, email text, age int);";
const DATASOURCE: &str = "datasource db {\n  provider = \"postgresql\"\n}\n";

fn manifests() -> Manifests {
    let of = |name: &str, tables: &[&str]| {
        let tables: Vec<_> = tables.iter().map(|it| RelationName::new("public", *it)).collect();
        (name.to_owned(), Arc::new(Manifest::of_tables(name, tables)))
    };
    [of("central", &["Orchestra", "User"]), of("orchestra", &["Musician", "Concert", "Venue"])]
        .into()
}

fn definitions(sql: &str) -> Definitions {
    let source = Source { path: Path::new("x.sql"), text: sql };
    ddl::import(&[source]).expect("SQL that is understood").0
}

struct World {
    live: Catalog,
    pin: Option<Pin>,
    learnt: Option<(u64, u32)>,
    unregistered: bool,
}

impl World {
    fn of(sql: &str) -> Self {
        let definitions = definitions(sql);
        let identity =
            DatabaseIdentity { system: Some(7), oid: 16384, name: "central".to_owned(), major: 15 };
        let imprint = Imprint {
            identity,
            started_at: None,
            schemas: BTreeMap::new(),
            tables: BTreeMap::new(),
            oids: std::collections::BTreeSet::new(),
            statistics: None,
        };
        let definitions = Definitions { imprint: Some(Ok(imprint)), ..definitions };
        let live = Catalog::of_tables(definitions);
        Self { live, pin: None, learnt: None, unregistered: false }
    }

    fn marked(class: &str, environment: &str) -> Self {
        let mut it = Self::of(CENTRAL);
        let (class, environment) = (class.to_owned(), environment.to_owned());
        it.live.session.mark = Some(Ok(Mark { class, environment, owner: None }));
        it
    }

    fn ask(&self, push: &Push) -> Answer {
        let all = manifests();
        let own = if self.unregistered { vec![] } else { vec![&*all["central"]] };
        let question = Question {
            live: &self.live,
            manifests: &own,
            all: &all,
            accepted: Accepted { known: &[], severities: &BTreeMap::new() },
            labels: &BTreeMap::new(),
            pin: self.pin.as_ref(),
            learnt: self.learnt,
            today: jiff::civil::date(2025, 7, 5),
        };
        judge(&question, push)
    }

    fn push(&self, models: &str, force_reset: bool) -> Push {
        let file = (Path::new("s.prisma").to_owned(), format!("{DATASOURCE}{models}"));
        let (desired, _) = prisma::import(&[file]).expect("a schema");
        Push::of_state(&desired, &self.live, force_reset)
    }

    fn sql(&self, sql: &str) -> Push {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.sql");
        std::fs::write(&file, sql).expect("a file");
        Push::of_sql(ddl::follow(&[file], Some(&self.live), "public"))
    }
}

/// `go`, or `refuse kind:table`.
fn words(it: &Answer) -> String {
    let mut all = vec![it.decision.word().to_owned()];
    all.extend(it.refusals.iter().map(|it| {
        let table = it.table.as_ref().map_or_else(String::new, |it| format!(":{it}"));
        let column = it.column.as_ref().map_or_else(String::new, |it| format!(".{it}"));
        format!("{}{table}{column}", it.kind.word())
    }));
    all.join(" ")
}

const OWN: &str = "model Orchestra {\n id Int?\n @@ignore\n}\nmodel User {\n id Int?\n email String?\n age Int?\n @@ignore\n}\n";
const OTHER: &str = "model Musician {\n id Int @id\n}\nmodel Concert {\n id Int @id\n}\nmodel Venue {\n id Int @id\n}\n";

#[test]
fn a_prisma_schema_is_held_against_what_is_there() {
    let plain = || World::of(CENTRAL);
    let production = || World::marked("central", "production");
    let both = format!("{OWN}{OTHER}");
    let no_age = OWN.replace(" age Int?\n", "");
    let other_type = OWN.replace("age Int?", "age DateTime?");
    let wider = OWN.replace("age Int?", "age BigInt?");
    let all_others =
        "refuse unexpected_table:Concert unexpected_table:Musician unexpected_table:Venue";
    #[rustfmt::skip]
    let cases = vec![
        ("its own",                  plain(),                    OWN,          false, "go"),
        ("its own, production",      production(),               OWN,          false, "go"),
        ("the incident",             plain(),                    &both,        false, all_others),
        ("another class",            plain(),                    OTHER,        false, all_others),
        ("of production",            production(),               OTHER,        false,
            "refuse unexpected_table:Concert unexpected_table:Musician unexpected_table:Venue dropped_table:Orchestra dropped_table:User"),
        ("a reset",                  plain(),                    OWN,          true,  "go"),
        ("a reset of production",    production(),               OWN,          true,  "refuse dropped_table:Orchestra dropped_table:User"),
        ("a reset of staging",       World::marked("central", "staging"), OWN, true,  "go"),
        ("a column",                 plain(),                    &no_age,      false, "go"),
        ("a column of production",   production(),               &no_age,      false, "refuse dropped_column:User.age"),
        ("a type",                   production(),               &other_type,  false, "refuse dropped_column:User.age"),
        ("a wider type",             production(),               &wider,       false, "go"),
        ("a new database",           World::of("create schema s"), OWN,        false, "go"),
        ("an orchestra, with a User", World::of("create table \"Musician\" (id int); create table \"Venue\" (id int); create table \"Concert\" (id int); create table \"User\" (id int)"), OWN, false,
            "refuse wrong_database"),
        ("the mark of another",      World::marked("orchestra", "production"), OWN, false, "refuse wrong_database"),
        ("another database's URL",   World::of("create table \"Musician\" (id int); create table \"Venue\" (id int)"), OWN, false,
            "refuse wrong_database"),
    ];
    for (case, world, models, force_reset, want) in cases {
        let push = world.push(models, force_reset);
        assert_eq!(words(&world.ask(&push)), want, "{case}");
    }
    let told = plain().ask(&plain().push(&both, false));
    let whose = "3 of 3 tables that would come are in manifest `orchestra`: is this the push of another database?";
    assert_eq!(told.diagnoses, [whose]);
}

#[test]
fn sql_is_held_against_what_is_there() {
    let plain = || World::of(CENTRAL);
    let production = || World::marked("central", "production");
    let reset = "drop schema public cascade; create schema public; create table \"User\" (id int)";
    #[rustfmt::skip]
    let cases = [
        ("nothing of interest",   production(), "create index on \"User\" (email)",       "go"),
        ("a table too many",      plain(),      "create table \"Musician\" (id int)",     "refuse unexpected_table:Musician"),
        ("a rename",              plain(),      "alter table \"User\" rename to \"Person\"", "refuse unexpected_table:Person"),
        ("a temporary table",     plain(),      "create temp table x (id int)",           "go"),
        ("a reset",               plain(),      reset,                                    "go"),
        ("a reset of production", production(), reset,                                    "refuse dropped_table:Orchestra dropped_table:User"),
        ("a block",               plain(),      "do $$ begin drop table \"User\"; end $$", "unknown"),
        ("renamed away",          production(), "alter table \"User\" rename to \"User_old\"", "refuse unexpected_table:User_old dropped_table:User"),
        ("a mistake",             plain(),      "drop table nobody",                      "unknown"),
        ("a mistake and a drop",  production(), "drop table nobody; drop table \"User\"", "refuse dropped_table:User"),
    ];
    for (case, world, sql, want) in cases {
        assert_eq!(words(&world.ask(&world.sql(sql))), want, "{case}");
    }
}

#[test]
fn a_history_says_what_it_can() {
    let of = |world: &World, sql: &str| {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("x.sql");
        std::fs::write(&file, sql).expect("a file");
        let push = Push::of_history(&ddl::follow(&[file], None, "public"), &world.live);
        words(&world.ask(&push))
    };
    let world = World::marked("central", "production");
    #[rustfmt::skip]
    let cases = [
        (CENTRAL.to_owned(),                                                        "go"),
        (format!("{CENTRAL} create table \"Venue\" (id int)"),                      "refuse unexpected_table:Venue"),
        (format!("{CENTRAL} create table t (id int); drop table t"),                "go"),
        (format!("{CENTRAL} drop table \"User\""),                                  "refuse dropped_table:User"),
        (format!("{CENTRAL} alter table \"User\" drop age"),                        "refuse dropped_column:User.age"),
        (format!("create table \"User\" (id int); drop table \"User\"; {CENTRAL}"), "unknown"),
        (format!("{CENTRAL} drop table if exists \"Other\""),                       "go"),
        ("create table \"Orchestra\" (id int); drop table if exists \"User\"".to_owned(), "refuse dropped_table:User"),
        (format!("{CENTRAL} alter table \"User\" rename to x; drop table x"),       "refuse dropped_table:User"),
        (format!("{CENTRAL} alter table \"User\" drop age; alter table \"User\" add age int"), "unknown"),
    ];
    for (sql, want) in cases {
        assert_eq!(of(&world, &sql), want, "{sql}");
    }
}

#[test]
fn who_it_is_decides_before_anything_else() {
    let pin = |system| Some(Pin { system: Some(system), oid: Some(16384), name: None });
    let push = Push::default();
    let ask = |change: &dyn Fn(&mut World)| {
        let mut world = World::of(CENTRAL);
        change(&mut world);
        world.ask(&push)
    };
    let proofs = |it: &Answer| it.proofs.iter().map(|it| it.word()).collect::<Vec<_>>().join(" ");
    let it = ask(&|it| it.pin = pin(7));
    assert_eq!((words(&it), proofs(&it)), ("go".to_owned(), "declared tables".to_owned()));
    assert_eq!(words(&ask(&|it| it.pin = pin(8))), "refuse wrong_database");
    let it = ask(&|it| it.learnt = Some((7, 16384)));
    assert_eq!((words(&it), proofs(&it)), ("go".to_owned(), "learnt tables".to_owned()));
    assert_eq!(words(&ask(&|it| it.learnt = Some((7, 5)))), "refuse wrong_database");
    // What cannot be told is not fine.
    let no_system = |it: &mut World| {
        it.learnt = Some((7, 16384));
        if let Some(Ok(imprint)) = &mut it.live.definitions.imprint {
            imprint.identity.system = None;
        }
    };
    assert_eq!(words(&ask(&no_system)), "unknown");
    let broken = |it: &mut World| {
        let error = MarkError { line: "x".to_owned(), problem: "y".to_owned() };
        it.live.session.mark = Some(Err(error));
    };
    assert_eq!(words(&ask(&broken)), "unknown");
    assert_eq!(words(&ask(&|it| it.live.incomplete = Some("half".to_owned()))), "unknown");
    let it = ask(&|it| it.unregistered = true);
    assert_eq!((words(&it), proofs(&it)), ("go".to_owned(), String::new()));
}

#[test]
fn the_json_form_names_what_is_refused() {
    let world = World::marked("central", "production");
    let answer = world.ask(&world.push(OTHER, false));
    let it = json(&answer, Some("central"), Some("central"), "PostgreSQL 15");
    assert_eq!((&it["version"], &it["decision"]), (&1.into(), &"refuse".into()));
    assert_eq!(it["refusals"][0]["kind"], "unexpected_table");
    assert_eq!(it["refusals"][4]["name"], "User");
    assert_eq!(
        it["drops"][0],
        serde_json::json!({"schema": "public", "name": "Orchestra", "rows": null, "made_anew": false})
    );
    assert_eq!(it["mark"]["environment"], "production");
}
