//! Table tests of what there is beside relations: a manifest, what a database holds, and the findings.

use std::path::Path;

use super::*;
use crate::manifest;
use crate::schema::Definitions;
use crate::schema::Relation;
use crate::schema::RelationKind;
use crate::schema::Session;

const TODAY: jiff::civil::Date = jiff::civil::date(2025, 7, 5);

/// What every case's manifest says.
const DECLARED: &str = "
sequences: { numbers: { type: bigint, start: 1, cycle: false }, maybe: { optional: true } }
enums: { Role: [ADMIN, USER] }
functions:
  'touch()': { returns: trigger, language: plpgsql, body: 0123456789abcdef, security_definer: false }
  'total(int, text[])':
extensions: { citext: { version: '1.6' } }
event_triggers: { guard: { event: ddl_command_end, function: watch, enabled: origin, tags: [] } }
schemas: [public]
";

fn manifest(text: &str) -> Manifest {
    let text = format!("manifest: m\ntables: []\n{text}");
    manifest::read(Path::new("m.yaml"), &text, TODAY).unwrap_or_else(|it| panic!("{it:#?}"))
}

fn name(text: &str) -> RelationName {
    RelationName::parse(text).expect("a name")
}

fn function(returns: &str) -> Function {
    Function {
        kind: "function".to_owned(),
        returns: returns.to_owned(),
        language: "plpgsql".to_owned(),
        body: "0123456789abcdef".to_owned(),
        security_definer: false,
    }
}

fn signature(of: &str, arguments: &str) -> Signature {
    Signature { name: name(of), arguments: arguments.to_owned() }
}

/// A database that is as declared.
fn definitions() -> Definitions {
    let numbers = Sequence {
        type_name: "bigint".to_owned(),
        start: 1,
        increment: 1,
        min: 1,
        max: i64::MAX,
        cache: 1,
        cycle: false,
    };
    let guard = EventTrigger {
        event: "ddl_command_end".to_owned(),
        function: name("watch"),
        enabled: 'O',
        tags: BTreeSet::new(),
    };
    Definitions {
        tell: Part::ALL.into(),
        sequences: [(name("numbers"), numbers)].into(),
        enums: [(name("Role"), vec!["ADMIN".to_owned(), "USER".to_owned()])].into(),
        functions: [
            (signature("touch", ""), function("trigger")),
            (signature("total", "integer, text[]"), function("numeric")),
        ]
        .into(),
        extensions: [("citext", "1.6"), ("plpgsql", "1.0")]
            .map(|(name, version)| {
                let extension =
                    Extension { schema: Some("public".into()), version: Some(version.to_owned()) };
                (Name::from(name), extension)
            })
            .into(),
        schemas: ["public".into()].into(),
        event_triggers: [(Name::from("guard"), guard)].into(),
        ..Definitions::default()
    }
}

fn found(manifest: &Manifest, definitions: Definitions, relations: Vec<Relation>) -> Vec<String> {
    let catalog = Catalog {
        relations,
        aside: Vec::new(),
        incomplete: None,
        session: Session::default(),
        definitions,
    };
    let word = |it: Finding| {
        let name = it.name.map(|it| it.visible()).unwrap_or_default();
        let part = it.part.map(|it| format!(" {it}")).unwrap_or_default();
        format!("{} {name}{part}", it.kind)
    };
    objects(manifest, &catalog).into_iter().map(word).collect()
}

#[test]
fn each_difference_is_found_and_nothing_else() {
    type Spoil = fn(&mut Definitions);
    #[rustfmt::skip]
    let cases: &[(&str, Spoil, &[&str])] = &[
        ("as declared", |_| {}, &[]),
        ("a sequence is gone", |it| it.sequences.clear(), &["missing_sequence numbers"]),
        ("one that may be absent is there", |it| { let one = it.sequences[&name("numbers")].clone(); it.sequences.insert(name("maybe"), one); }, &[]),
        ("an unlisted sequence", |it| { let one = it.sequences[&name("numbers")].clone(); it.sequences.insert(name("other"), one); }, &["unexpected_sequence other"]),
        ("a sequence starts elsewhere", |it| it.sequences.get_mut(&name("numbers")).unwrap().start = 5, &["sequence_changed numbers"]),
        ("what is not declared of a sequence", |it| it.sequences.get_mut(&name("numbers")).unwrap().cache = 5, &[]),
        ("labels in another order", |it| it.enums.get_mut(&name("Role")).unwrap().reverse(), &["enum_changed Role"]),
        ("one label more", |it| it.enums.get_mut(&name("Role")).unwrap().push("GUEST".to_owned()), &["enum_changed Role"]),
        ("an enum is gone", |it| it.enums.clear(), &["missing_enum Role"]),
        ("an unlisted enum", |it| { it.enums.insert(name("Mood"), Vec::new()); }, &["unexpected_enum Mood"]),
        ("an enum in a schema that is not audited", |it| { it.enums.insert(name("x.Mood"), Vec::new()); }, &[]),
        ("another body", |it| it.functions.get_mut(&signature("touch", "")).unwrap().body = "0".repeat(16), &["function_changed touch ()"]),
        ("the rights of the owner", |it| it.functions.get_mut(&signature("touch", "")).unwrap().security_definer = true, &["function_changed touch ()"]),
        ("another result", |it| it.functions.get_mut(&signature("touch", "")).unwrap().returns = "integer".to_owned(), &["function_changed touch ()"]),
        ("an overload", |it| { it.functions.insert(signature("touch", "integer"), function("trigger")); }, &["unexpected_function touch (integer)"]),
        ("a function is gone", |it| { it.functions.remove(&signature("total", "integer, text[]")); }, &["missing_function total (integer, text[])"]),
        ("another version", |it| it.extensions.get_mut(&Name::from("citext")).unwrap().version = Some("1.7".to_owned()), &["extension_changed  citext"]),
        ("another extension", |it| { let one = it.extensions[&Name::from("citext")].clone(); it.extensions.insert("hstore".into(), one); }, &["unexpected_extension  hstore"]),
        ("an extension is gone", |it| { it.extensions.remove(&Name::from("citext")); }, &["missing_extension  citext"]),
        ("a trigger is off", |it| it.event_triggers.get_mut(&Name::from("guard")).unwrap().enabled = 'D', &["event_trigger_changed  guard"]),
        ("a trigger calls another", |it| it.event_triggers.get_mut(&Name::from("guard")).unwrap().function = name("evil"), &["event_trigger_changed  guard"]),
        ("a trigger is about less", |it| { it.event_triggers.get_mut(&Name::from("guard")).unwrap().tags.insert("DROP TABLE".to_owned()); }, &["event_trigger_changed  guard"]),
        ("a trigger is gone", |it| it.event_triggers.clear(), &["missing_event_trigger  guard"]),
        ("a trigger of somebody", |it| { let one = it.event_triggers[&Name::from("guard")].clone(); it.event_triggers.insert("other".into(), one); }, &["unexpected_event_trigger  other"]),
        ("a schema is gone", |it| it.schemas.clear(), &["missing_schema  public"]),
        ("nothing was read", |it| *it = Definitions::default(), &[]),
    ];
    let manifest = manifest(DECLARED);
    for (case, spoil, want) in cases {
        let mut there = definitions();
        spoil(&mut there);
        assert_eq!(found(&manifest, there, Vec::new()), *want, "{case}");
    }
}

#[test]
fn what_is_not_declared_is_not_compared() {
    assert_eq!(found(&manifest(""), definitions(), Vec::new()), [""; 0]);
}

#[test]
fn what_lies_in_a_schema_of_a_provider_is_the_providers() {
    let manifest = manifest("enums: []\nfunctions: []\nsequences: []\n");
    let mut there = Definitions { tell: Part::ALL.into(), ..Definitions::default() };
    there.enums.insert(name("auth.aal_level"), Vec::new());
    there.enums.insert(name("auth2.own"), Vec::new());
    there.functions.insert(signature("auth.uid", ""), function("uuid"));
    let users = Relation {
        name: name("auth.users"),
        kind: RelationKind::Table,
        owner: Name::from("supabase_auth_admin"),
        unlogged: false,
        partitions: 0,
        hidden_from_information_schema: false,
    };
    assert_eq!(found(&manifest, there, vec![users]), ["unexpected_enum auth2.own"]);
}
