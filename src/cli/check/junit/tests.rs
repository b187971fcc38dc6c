//! What a reader of JUnit XML gets, by a parser that is not ours.

use roxmltree::Document;
use roxmltree::Node;

use super::*;
use crate::cli::check::sample;

/// Name, outcome and message of every test case.
fn cases(xml: &str) -> Vec<(String, &'static str, String)> {
    let document = Document::parse(xml).unwrap_or_else(|error| panic!("{error}\n{xml}"));
    let cases = document.descendants().filter(|it| it.has_tag_name("testcase"));
    cases
        .map(|case| {
            let name = case.attribute("name").expect("a name").to_owned();
            let child = case.first_element_child();
            let outcome = match child.map(|it| it.tag_name().name()) {
                None => "passed",
                Some("failure") => "failure",
                Some("error") => "error",
                Some("skipped") => "skipped",
                Some(other) => panic!("{other}"),
            };
            let message = child.and_then(|it| it.attribute("message")).unwrap_or_default();
            (name, outcome, message.to_owned())
        })
        .collect()
}

fn outcomes(report: &Report, fail_on: FailOn) -> Vec<&'static str> {
    let xml = render(std::slice::from_ref(report), fail_on);
    cases(&xml).into_iter().map(|(_, outcome, _)| outcome).collect()
}

#[test]
fn each_verdict_and_each_finding_is_a_test_case() {
    let xml = render(&[sample::drifted()], FailOn::Warning);
    let cases = cases(&xml);
    let hostile = "]]>\"<x a='b'>&amp;\\x1b[31m\\x0a\\u{202e}\\u{9b}";
    let want = [
        (
            "holds what manifest central expects".to_owned(),
            "failure",
            "1 of 1 unexpected tables belong to manifest `orchestra`".to_owned(),
        ),
        (
            format!("unexpected_table: public.{hostile}"),
            "failure",
            format!("table `{hostile}` is not in manifest `central`"),
        ),
        (
            "column_type_changed: public.User.email".to_owned(),
            "failure",
            "column `email` of table `User` is text, not character varying(200)".to_owned(),
        ),
        (
            "unexpected_table: public.tmp_import".to_owned(),
            "skipped",
            "known until 2026-12-01 (import of July, ops): table `tmp_import` is not in manifest \
             `central`"
                .to_owned(),
        ),
        (
            "unexpected_extension: hstore".to_owned(),
            "skipped",
            "info: extension `hstore` is not in manifest `central`".to_owned(),
        ),
    ];
    assert_eq!(cases, want);
    assert!(!xml.contains('\x1b') && !xml.contains('\u{202e}'), "{xml:?}");
}

#[test]
fn numbers_and_times_are_those_of_the_test_cases() {
    let unknown = sample::report(Verdict::Unknown, Some("connection refused"), vec![]);
    let xml = render(&[sample::drifted(), unknown], FailOn::Warning);
    let document = Document::parse(&xml).expect("it is XML");
    let root = document.root_element();
    let said = |node: Node<'_, '_>, names: &[&str]| -> Vec<String> {
        names.iter().map(|it| node.attribute(*it).unwrap_or("-").to_owned()).collect()
    };
    let names = ["name", "tests", "failures", "errors", "time"];
    assert_eq!(said(root, &names), ["schemawarden", "6", "3", "1", "0.016"]);
    let suites: Vec<_> = root.children().filter(Node::is_element).collect();
    let names = ["name", "tests", "failures", "errors", "skipped", "time", "timestamp"];
    let first = ["central", "5", "3", "0", "2", "0.008", "2025-07-05T10:00:00"];
    assert_eq!(said(suites[0], &names), first);
    assert_eq!(said(suites[1], &names)[1..5], ["1", "0", "1", "0"]);
    let property = |name: &str| {
        let mut all = suites[0].descendants().filter(|it| it.has_tag_name("property"));
        all.find(|it| it.attribute("name") == Some(name)).and_then(|it| it.attribute("value"))
    };
    assert_eq!(property("hidden_from_information_schema"), Some("25"));
    assert_eq!(property("server_version"), Some("15.18"));
}

/// A pipeline that looks at the report decides as one that looks at the exit code.
#[test]
fn a_run_fails_exactly_where_its_exit_code_does() {
    use crate::cli::Status;
    let partial = |findings| sample::report(Verdict::Drifted, Some("max_relations"), findings);
    let clean = sample::report(Verdict::Clean, None, vec![]);
    let unknown = sample::report(Verdict::Unknown, Some("refused"), vec![]);
    let mild = || vec![sample::findings().swap_remove(1)];
    let drifted = sample::drifted();
    let warned = sample::report(Verdict::Drifted, None, mild());
    for (report, fail_on, want) in [
        (&clean, FailOn::Warning, &["passed"][..]),
        (&unknown, FailOn::Warning, &["error"]),
        (&drifted, FailOn::Critical, &["failure", "failure", "skipped", "skipped", "skipped"]),
        (&warned, FailOn::Warning, &["failure", "failure"]),
        (&warned, FailOn::Critical, &["passed", "skipped"]),
        (&partial(mild()), FailOn::Warning, &["failure", "failure"]),
        (&partial(mild()), FailOn::Critical, &["error", "skipped"]),
    ] {
        let outcomes = outcomes(report, fail_on);
        assert_eq!(outcomes, want, "{report:?}");
        let status = crate::cli::check::status(std::slice::from_ref(report), fail_on);
        let failed = outcomes.iter().any(|it| matches!(*it, "failure" | "error"));
        assert_eq!(failed, status != Status::Clean, "{report:?}");
        assert_eq!(outcomes.contains(&"failure"), status == Status::Drift, "{report:?}");
    }
}
