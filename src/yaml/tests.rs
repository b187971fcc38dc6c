//! Whole documents, good and bad, with the exact words that a person reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error as _;

use super::*;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Doc {
    databases: Vec<Database>,
    limits: Option<Limits>,
    #[serde(default)]
    channels: Entries<BTreeMap<String, String>>,
}

#[expect(dead_code, reason = "read for its mistakes only")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Database {
    name: At<String>,
    url: String,
    schedule: Option<Schedule>,
    #[serde(default)]
    insecure: bool,
    tables: Option<Vec<At<String>>>,
    kind: Option<Kind>,
    even: Option<Even>,
}

#[expect(dead_code, reason = "read for its mistakes only")]
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    cron: String,
    zone: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Limits {
    concurrency: u16,
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Slack,
    Webhook,
}

/// A type with a rule of its own.
#[derive(Debug)]
struct Even;

impl<'de> Deserialize<'de> for Even {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = u32::deserialize(deserializer)?;
        if number % 2 == 0 { Ok(Self) } else { Err(D::Error::custom(format!("{number} is odd"))) }
    }
}

fn env(name: &str) -> Option<String> {
    match name {
        "URL" => Some("postgres://u:hunter2@h/d".to_owned()),
        "FIVE" => Some("5".to_owned()),
        "YES" => Some("true".to_owned()),
        "WORD" => Some("hunter2".to_owned()),
        _ => None,
    }
}

fn read_doc(text: &str) -> Result<Doc, Vec<Mistake>> {
    read(Path::new("c.yaml"), text, Some(&env))
}

#[track_caller]
fn check(case: &str, text: &str, want: &[&str]) {
    let got = read_doc(text).map(|_| ()).unwrap_err();
    let got: Vec<String> = got.iter().map(ToString::to_string).collect();
    assert_eq!(got, want, "{case}");
}

#[test]
fn a_good_document_is_read_with_positions_and_variables() {
    let doc = read_doc(
        "databases:\n  - name: central\n    url: ${URL}\n    insecure: \"${YES}\"\n    kind: slack\n    \
         tables: &t [User, \"no\"]\n  - {name: sco, url: u, tables: *t, insecure: yes, even: 4}\n\
         limits: {concurrency: \"${FIVE}\"}\nchannels: {b: {x: z}, a: {}}\n",
    )
    .unwrap();
    assert_eq!(doc.databases[0].name.value, "central");
    assert_eq!(doc.databases[0].name.at, Position { line: 2, column: 11 });
    assert!(!doc.databases[0].name.from_env);
    assert_eq!(doc.databases[0].url, "postgres://u:hunter2@h/d");
    assert_eq!(doc.databases[0].kind, Some(Kind::Slack));
    assert!(doc.databases[0].insecure && doc.databases[1].insecure);
    let tables = doc.databases[1].tables.as_ref().unwrap();
    assert_eq!((tables[1].value.as_str(), tables[1].at.line), ("no", 6));
    assert_eq!(doc.limits.unwrap().concurrency, 5);
    let channels: Vec<_> = doc.channels.0.iter().map(|(name, _)| name.value.as_str()).collect();
    assert_eq!(channels, ["b", "a"]);
}

#[test]
fn without_an_environment_nothing_is_replaced() {
    let doc: BTreeMap<String, String> = read(Path::new("c.yaml"), "a: ${NONE} $$\n", None).unwrap();
    assert_eq!(doc["a"], "${NONE} $$");
}

#[test]
#[rustfmt::skip]
fn every_mistake_of_shape_is_told() {
    let d = "databases:\n  - name: a\n    url: u\n";
    let cases: &[(&str, String, &[&str])] = &[
        ("unknown key", format!("{d}    shedule: {{}}\n"),
            &["c.yaml:4:5: databases[0].shedule: unknown key; did you mean `schedule`?"]),
        ("unknown key, nothing near", format!("{d}limits: {{concurrency: 1, abcdefgh: 1}}\n"),
            &["c.yaml:4:26: limits.abcdefgh: unknown key; known here: `concurrency`"]),
        ("duplicate keys", format!("{d}    name: b\n    name: c\n"),
            &["c.yaml:4:5: databases[0].name: this key is there twice, first at 2:5; keep one of the two",
              "c.yaml:5:5: databases[0].name: this key is there twice, first at 2:5; keep one of the two"]),
        ("missing keys, all of them", "databases:\n  - insecure: false\n  - {name: b, url: c, schedule: {}}\n".into(),
            &["c.yaml:2:5: databases[0].name: this key is required",
              "c.yaml:2:5: databases[0].url: this key is required",
              "c.yaml:3:33: databases[1].schedule.cron: this key is required",
              "c.yaml:3:33: databases[1].schedule.zone: this key is required"]),
        ("a wrong value of a required key is one mistake", "databases:\n  - {name: 2024, url: c}\n".into(),
            &["c.yaml:2:12: databases[0].name: expected text, found the number `2024`; write it in quotes: \"2024\""]),
        ("text that YAML does not take as text", format!("{d}    tables: [2024, no, null, ~, a, 0x1F, 1.5, ]\n"),
            &["c.yaml:4:14: databases[0].tables[0]: expected text, found the number `2024`; write it in quotes: \"2024\"",
              "c.yaml:4:20: databases[0].tables[1]: expected text, found the boolean `no`; write it in quotes: \"no\"",
              "c.yaml:4:24: databases[0].tables[2]: expected text, found the null value `null`; write it in quotes: \"null\"",
              "c.yaml:4:30: databases[0].tables[3]: expected text, found the null value `~`; write it in quotes: \"~\"",
              "c.yaml:4:36: databases[0].tables[5]: expected text, found the number `0x1F`; write it in quotes: \"0x1F\"",
              "c.yaml:4:42: databases[0].tables[6]: expected text, found the number `1.5`; write it in quotes: \"1.5\""]),
        ("no list", format!("{d}    tables: User\n"),
            &["c.yaml:4:13: databases[0].tables: expected a list, found the text `User`; write it as a list: [User]"]),
        ("no map", "databases: [a]\nlimits: []\n".into(),
            &["c.yaml:1:13: databases[0]: expected a map, found the text `a`",
              "c.yaml:2:9: limits: expected a map, found a list"]),
        ("nothing where a list must be", "databases:\n".into(),
            &["c.yaml:1:10: databases: expected a list, found nothing"]),
        ("a number in quotes", format!("{d}limits: {{concurrency: \"5\"}}\n"),
            &["c.yaml:4:23: limits.concurrency: expected a whole number, found the text `5`; write it without quotes"]),
        ("a number out of range", format!("{d}limits: {{concurrency: -1}}\n"),
            &["c.yaml:4:23: limits.concurrency: expected a whole number from 0 to 65535, found the number `-1`"]),
        ("a word of a closed list", format!("{d}    kind: webook\n"),
            &["c.yaml:4:11: databases[0].kind: expected one of slack, webhook, found `webook`; did you mean `webhook`?"]),
        ("a type's own rule", format!("{d}    even: 3\n"), &["c.yaml:4:11: databases[0].even: 3 is odd"]),
        ("several levels at once", "databases:\n  - {name: a, url: b, schedule: {cron: no, zon: x}}\n  - {name: [], url: b, insecure: 7}\nlimit: 1\n".into(),
            &["c.yaml:2:33: databases[0].schedule.zone: this key is required",
              "c.yaml:2:40: databases[0].schedule.cron: expected text, found the boolean `no`; write it in quotes: \"no\"",
              "c.yaml:2:44: databases[0].schedule.zon: unknown key; did you mean `zone`?",
              "c.yaml:3:12: databases[1].name: expected text, found a list",
              "c.yaml:3:34: databases[1].insecure: expected true or false, found the number `7`",
              "c.yaml:4:1: limit: unknown key; did you mean `limits`?"]),
        ("a map's key that is no text", format!("{d}channels: {{2024: {{}}, x: {{no: a}}}}\n"),
            &["c.yaml:4:12: channels.\"?\": expected text, found the number `2024`; write it in quotes: \"2024\"",
              "c.yaml:4:26: channels.x.\"?\": expected text, found the boolean `no`; write it in quotes: \"no\""]),
        ("unset variables", format!("{d}    kind: ${{NONE}}\n    schedule: {{cron: \"${{NO\", zone: x}}\n"),
            &["c.yaml:4:11: databases[0].kind: environment variable `NONE` is not set; set it, or write `${NONE:-default}`",
              "c.yaml:5:22: databases[0].schedule.cron: `${` is opened and not closed; close it, or write `$$` for a dollar sign"]),
    ];
    for (case, text, want) in cases {
        check(case, text, want);
    }
}

#[test]
#[rustfmt::skip]
fn syntax_errors_say_what_to_do() {
    let cases = [
        ("empty", "", "c.yaml: the file is empty; it needs at least `databases`"),
        ("comments only", "\u{feff}# nothing\n\n", "c.yaml: the file is empty; it needs at least `databases`"),
        ("a null document", "---\n...\n", "c.yaml: the file is empty; it needs at least `databases`"),
        ("tab", "databases:\n\t- name: a\n", "c.yaml:2:1: a tab; YAML is indented with spaces only"),
        ("tab later", "databases:\n  - name: a\n\t  url: b\n", "c.yaml:3:1: a tab; YAML is indented with spaces only"),
        ("two documents", "databases: []\n---\ndatabases: []\n", "c.yaml:3:1: a second document begins here; keep one document in a file"),
        ("unclosed bracket", "databases: [a\n", "c.yaml:1:12: not YAML: unclosed bracket '['; every quote and bracket that opens must close"),
        ("unclosed quote", "databases: \"a\n", "c.yaml:1:12: not YAML: unclosed quote; every quote and bracket that opens must close"),
        ("bare variable in a flow map", "databases: [{name: a, url: ${URL}}]\n", "c.yaml:1:29: not YAML: while parsing a flow mapping, did not find expected ',' or '}'; inside { } or [ ], a value with ${…} must be quoted: \"${NAME}\""),
        ("no anchor", "databases: *x\n", "c.yaml:1:12: an alias of an anchor that is not defined before; a value that begins with * must be quoted"),
        ("a tag", "databases: !include x.yaml\n", "c.yaml:1:21: a tag that is not supported here; remove the word that begins with !"),
        ("colon in a value", "databases: a: b\n", "c.yaml:1:13: not YAML: mapping values are not allowed in this context; keys of one level are indented alike; a value that holds `: ` must be quoted"),
        ("missing colon", "databases\nlimits: {}\n", "c.yaml:2:7: not YAML: mapping values are not allowed in this context; keys of one level are indented alike; a value that holds `: ` must be quoted"),
        ("only text", "hello\n", "c.yaml:1:1: expected a map, found the text `hello`"),
        ("NUL", "databases: \0\n", "c.yaml:1:12: a control character, U+0000"),
    ];
    for (case, text, want) in cases {
        check(case, text, &[want]);
    }
}

/// Nothing that came from the environment, and nothing under a key that holds secrets, is repeated.
#[test]
fn no_message_repeats_a_secret() {
    let documents = [
        "databases: [{name: [], url: [hunter2]}]",
        "databases: [{name: a, url: {hunter2: x}}]",
        "databases: [{name: a, url: u, kind: \"${WORD}\"}]",
        "databases: [{name: a, url: u, insecure: \"${WORD}\", even: \"${WORD}\"}]",
        "databases: \"${WORD}\"",
        "limits: {concurrency: \"${WORD}\"}",
        "databases: [{name: a, url: postgres://u:${hunter2@h/d}]",
        "databases: [{name: a, url: \"postgres://u:${hunter2@h/d\"}]",
        "databases: [{name: a, url: \"postgres://u:${hunter2 x}@h/d\"}]",
        "databases: [{name: a, postgres://u:hunter2@h/d}]",
        "databases: [{name: a, postgres://u:hunter2@h/d: b, postgres://u:hunter2@h/d: c}]",
        "databases: [postgres://u:hunter2@h/d]",
        "password: [hunter2\n",
        "password: hunter2: x\n",
        "password: \thunter2\n\tx\n",
        "password: 'hunter2\n",
        "password: @hunter2\n",
        "password: *hunter2\n",
        "password: !hunter2 x\n",
        "password: hunter2\n---\nhunter2",
        "token: hunter2\ntoken: hunter2\n",
        "channels: {a: {url: [hunter2]}, b: {signing_secret: {hunter2: hunter2}}}",
    ];
    for text in documents {
        for mistake in read_doc(text).unwrap_err() {
            let all = format!("{mistake} {mistake:?}");
            assert!(!all.contains("hunter2"), "{text}: {all}");
        }
    }
}

/// Each is refused by a limit, which its words name, and not after the work that it would be: what the
/// limits allow is bounded, and how long that takes is a matter of the machine.
#[test]
fn large_documents_are_refused_by_a_limit() {
    let bomb = {
        let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
        // 9⁶ values: beyond the limit, and harmless where the limit is missing.
        for n in 1..6 {
            let items = vec![format!("*a{}", n - 1); 9].join(", ");
            text.extend([format!("a{n}: &a{n} [{items}]\n")]);
        }
        text
    };
    let nodes = format!("a: [{}]\n", "x,".repeat(tree::MAX_NODES));
    let too_large = "c.yaml: the file has 10485760 bytes; the limit is 4194304";
    let too_many = "larger than this program reads (250000 values) once aliases are expanded";
    let cases = [
        ("10 MB", "x".repeat(10 * 1024 * 1024), too_large),
        ("alias bomb", bomb, too_many),
        ("many nodes", nodes, too_many),
        ("deep lists", "[".repeat(100_000), "nested more than 32 levels deep"),
        ("deep maps", "a: {".repeat(100_000), "nested more than 32 levels deep"),
        ("deep items", "- ".repeat(100_000), "nested more than 32 levels deep"),
        ("long key", format!("{}: 1", "k".repeat(1_000_000)), "not YAML"),
    ];
    for (case, text, want) in cases {
        let mistakes = read_doc(&text).unwrap_err();
        assert!(mistakes[0].to_string().contains(want), "{case}: {mistakes:?}");
        assert!(mistakes[0].to_string().len() < 300, "{case}");
    }
}

#[test]
fn many_mistakes_are_cut() {
    let text = format!("databases:\n{}", "  - {name: 1, url: a, x: y}\n".repeat(10_000));
    let mistakes = read_doc(&text).unwrap_err();
    assert_eq!(mistakes.len(), MAX_MISTAKES + 1);
    let last = mistakes.last().unwrap().to_string();
    assert_eq!(last, "c.yaml: there are more mistakes; mend these first");
}
