//! What a reader of SARIF gets. The document was held to the OASIS schema when it was written; here its
//! parts are held to what readers rely on.

use super::*;
use crate::cli::check::sample;

fn run(reports: &[Report]) -> Value {
    let mut document = document(reports, &[], Path::new("/"));
    assert_eq!(document["version"], "2.1.0");
    document["runs"][0].take()
}

#[test]
fn each_finding_is_a_result_of_the_rule_of_its_kind() {
    let run = run(&[sample::drifted()]);
    let rules = run["tool"]["driver"]["rules"].as_array().expect("a list");
    let results = run["results"].as_array().expect("a list");
    let told: Vec<_> = results
        .iter()
        .map(|it| {
            let rule = &rules[usize::try_from(it["ruleIndex"].as_u64().expect("a number"))
                .expect("it is small")];
            assert_eq!(rule["id"], it["ruleId"]);
            let place = &it["locations"][0]["logicalLocations"][0];
            [&it["ruleId"], &it["level"], &place["fullyQualifiedName"], &place["kind"]]
                .map(|it| it.as_str().expect("a text").to_owned())
        })
        .collect();
    let hostile = "central.public.]]>\"<x a='b'>&amp;\\x1b[31m\\x0a\\u{202e}\\u{9b}";
    let want = [
        ["foreign_manifest", "error", "central", "database"],
        ["unexpected_table", "error", hostile, "table"],
        ["column_type_changed", "warning", "central.public.User.email", "member"],
        ["unexpected_table", "error", "central.public.tmp_import", "table"],
        ["unexpected_extension", "note", "central.hstore", "extension"],
    ];
    assert_eq!(told, want);
    let levels = results[1..].iter().map(|it| it["level"].as_str().expect("a text"));
    assert!(levels.eq(sample::SEVERITIES.map(level)));
    let ids: Vec<_> = rules.iter().map(|it| it["id"].as_str().expect("a text")).collect();
    assert_eq!(
        ids,
        ["foreign_manifest", "unexpected_table", "column_type_changed", "unexpected_extension"]
    );
    for rule in rules {
        for text in ["shortDescription", "fullDescription", "help"] {
            assert!(rule[text]["text"].as_str().is_some_and(|it| it.len() > 10), "{rule:#}");
        }
    }
    assert_eq!(rules[1]["name"], "UnexpectedTable");
    assert!(!run.to_string().contains("\\u001b"), "{run:#}");
}

#[test]
fn known_findings_are_suppressed_with_their_reason_and_no_others() {
    let run = run(&[sample::drifted()]);
    let results = run["results"].as_array().expect("a list");
    let suppressed: Vec<_> = results.iter().filter(|it| it.get("suppressions").is_some()).collect();
    assert_eq!(suppressed.len(), 1);
    let want = json!([{
        "kind": "external",
        "status": "accepted",
        "justification": "import of July (ops, until 2026-12-01)",
    }]);
    assert_eq!(suppressed[0]["suppressions"], want);
}

/// Two databases with one drift are two alerts, and the same two tomorrow.
#[test]
fn fingerprints_tell_databases_and_findings_apart() {
    let mut other = sample::drifted();
    other.database = "central-2".to_owned();
    let run = run(&[sample::drifted(), other]);
    let mut seen = std::collections::BTreeSet::new();
    for it in run["results"].as_array().expect("a list") {
        let print = it["partialFingerprints"][FINGERPRINT].as_str().expect("a text");
        assert!(seen.insert(print.to_owned()), "{print} twice");
    }
    assert!(seen.contains(&format!("central/{}", sample::findings()[2].fingerprint())), "{seen:?}");
}

#[test]
fn what_could_not_be_told_is_no_result_and_no_success() {
    let unknown = sample::report(Verdict::Unknown, Some("connection refused"), vec![]);
    let partial = sample::report(Verdict::Drifted, Some("max_relations"), sample::findings());
    let clean = sample::report(Verdict::Clean, None, vec![]);
    for (reports, success, told) in [
        (vec![clean.clone()], true, vec![]),
        (vec![sample::drifted()], true, vec![]),
        (vec![clean.clone(), unknown], false, vec!["could not tell: connection refused"]),
        (vec![clean, partial], false, vec!["the read is not complete: max_relations"]),
    ] {
        let run = run(&reports);
        let invocation = &run["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], success);
        let notes = invocation["toolExecutionNotifications"].as_array().expect("a list");
        let texts: Vec<_> =
            notes.iter().map(|it| it["message"]["text"].as_str().expect("a text")).collect();
        let want: Vec<_> = told.iter().map(|it| format!("database central: {it}")).collect();
        assert_eq!(texts, want);
        assert!(notes.iter().all(|it| it["level"] == "error"));
        assert_eq!(invocation["startTimeUtc"], "2025-07-05T10:00:00.500Z");
        assert_eq!(invocation["endTimeUtc"], "2025-07-05T10:00:00.508Z");
    }
}

#[test]
fn no_name_becomes_a_link_or_a_placeholder() {
    for (text, want) in [
        ("type is text[], not '{}'", "type is text[], not '{}'"),
        ("[click](https://evil.example)", "\\[click\\](https://evil.example)"),
        ("{0} {12} {x} {", "{{0}} {{12}} {x} {"),
        ("a{1", "a{1"),
        ("{{0}}", "{{{0}}}"),
    ] {
        assert_eq!(inert(text), want);
    }
}
