//! Values that the tests of the pages share.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::finding::Finding;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;

/// A complete report that says `findings`.
pub(in crate::http::screen::pages) fn report(findings: Vec<Finding>) -> Report {
    let drifted = findings.iter().any(Finding::counts);
    Report {
        database: "central".to_owned(),
        manifest: "central".to_owned(),
        verdict: if drifted { Verdict::Drifted } else { Verdict::Clean },
        reason: None,
        findings,
        diagnoses: Vec::new(),
        evidence: Evidence {
            audited_at: "2026-11-24T12:00:00Z".parse().expect("a time"),
            duration: Duration::from_millis(8),
            server_version: Some("15.18".to_owned()),
            role: Some("auditor".to_owned()),
            relations: Some(25),
            hidden_from_information_schema: Some(25),
            left_out: BTreeMap::new(),
            manifest_hash: "0123456789abcdef".to_owned(),
            manifest_ref: None,
            deploy: None,
            unreachable: false,
            complete: true,
        },
    }
}
