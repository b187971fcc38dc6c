//! Reads a report back that [`database`](super::database) wrote: the state keeps reports in that form,
//! and what is told by time alone is worded from the last one.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Map;
use serde_json::Value;

use crate::finding::Finding;
use crate::finding::KnownBy;
use crate::report::Diagnosis;
use crate::report::DiagnosisKind;
use crate::report::Evidence;
use crate::report::Report;
use crate::report::Verdict;
use crate::schema::RelationName;

/// The report in `value`. `None` where it is none, or where a later version wrote words that this one
/// does not know. What the form does not say, or an earlier version did not, is left empty.
#[must_use]
pub fn read(value: &Value) -> Option<Report> {
    let findings: Option<Vec<Finding>> =
        value["findings"].as_array()?.iter().map(finding).collect();
    let diagnoses = value["diagnoses"].as_array().into_iter().flatten();
    Some(Report {
        database: text(&value["database"])?,
        manifest: text(&value["manifest"])?,
        verdict: Verdict::from_word(value["verdict"].as_str()?)?,
        reason: text(&value["reason"]),
        findings: findings?,
        diagnoses: diagnoses.map(diagnosis).collect::<Option<_>>()?,
        evidence: evidence(&value["evidence"])?,
    })
}

fn finding(it: &Value) -> Option<Finding> {
    let mut detail: Map<String, Value> = it["detail"].as_object().cloned().unwrap_or_default();
    let known = match it["known"].as_bool() {
        Some(true) => Some(known(&detail.remove("known")?)?),
        _ => None,
    };
    let name = match (it["schema"].as_str(), it["name"].as_str()) {
        // Quoted, a visible spelling is read literally.
        (Some(schema), Some(name)) => {
            let [schema, name] = [schema, name].map(|it| it.replace('"', "\"\""));
            Some(RelationName::parse(&format!("\"{schema}\".\"{name}\"")).ok()?)
        }
        _ => None,
    };
    Some(Finding {
        kind: it["kind"].as_str()?.parse().ok()?,
        severity: it["severity"].as_str()?.parse().ok()?,
        object: it["object"].as_str()?.parse().ok()?,
        name,
        part: text(&it["part"]),
        message: text(&it["message"]).unwrap_or_default(),
        hints: it["hints"].as_array().into_iter().flatten().filter_map(text).collect(),
        detail,
        known,
        held: it["held"].as_bool().unwrap_or(false),
    })
}

fn known(it: &Value) -> Option<KnownBy> {
    Some(KnownBy {
        reason: text(&it["reason"])?,
        owner: text(&it["owner"])?,
        until: it["until"].as_str()?.parse().ok()?,
    })
}

fn diagnosis(it: &Value) -> Option<Diagnosis> {
    let word = it["kind"].as_str()?;
    Some(Diagnosis {
        kind: DiagnosisKind::ALL.into_iter().find(|it| it.word() == word)?,
        manifest: text(&it["manifest"]),
        matched: count(&it["matched"]).unwrap_or(0),
        of: count(&it["of"]).unwrap_or(0),
        message: text(&it["message"])?,
    })
}

fn evidence(it: &Value) -> Option<Evidence> {
    let duration = it["duration_ms"].as_f64().unwrap_or(0.0) / 1000.0;
    let left_out = it["left_out"].as_object().into_iter().flatten();
    let left_out: BTreeMap<String, usize> =
        left_out.filter_map(|(why, many)| Some((why.clone(), count(many)?))).collect();
    Some(Evidence {
        audited_at: it["audited_at"].as_str()?.parse().ok()?,
        duration: Duration::try_from_secs_f64(duration).unwrap_or_default(),
        server_version: text(&it["server_version"]),
        role: text(&it["role"]),
        relations: count(&it["relations"]),
        hidden_from_information_schema: count(&it["hidden_from_information_schema"]),
        left_out,
        manifest_hash: text(&it["manifest_hash"]).unwrap_or_default(),
        manifest_ref: text(&it["manifest_ref"]),
        deploy: it["deploy"].as_u64(),
        // Not part of the form: it matters for the audit that says it, and not later.
        unreachable: false,
        complete: it["complete"].as_bool()?,
    })
}

fn text(it: &Value) -> Option<String> {
    it.as_str().map(str::to_owned)
}

fn count(it: &Value) -> Option<usize> {
    it.as_u64().and_then(|it| usize::try_from(it).ok())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::json;

    use super::*;
    use crate::finding::FindingKind;
    use crate::finding::ObjectKind;
    use crate::finding::Severity;
    use crate::report::json::database;
    use crate::schema::Name;

    #[test]
    fn what_was_written_is_read_back() {
        let hostile =
            RelationName::new(Name::from_bytes(b"a.\"\\b"), Name::from_bytes(b"\x1b\xff`.\""));
        let unexpected = FindingKind::UnexpectedTable;
        let mut finding = Finding::new(unexpected, ObjectKind::Table, Some(hostile), "unexpected");
        finding.severity = Severity::Warning;
        finding.hints.push("a hint".to_owned());
        finding.detail.insert("owner".to_owned(), json!("app"));
        finding.held = true;
        let known = Finding {
            known: Some(KnownBy {
                reason: "old".to_owned(),
                owner: "alice".to_owned(),
                until: jiff::civil::date(2026, 12, 1),
            }),
            held: false,
            ..finding.clone()
        };
        let whole = Finding::new(FindingKind::WrongDatabase, ObjectKind::Database, None, "none");
        let report = Report {
            database: "central".to_owned(),
            manifest: "central".to_owned(),
            verdict: Verdict::Drifted,
            reason: Some("the read is partial".to_owned()),
            findings: vec![whole, finding, known],
            diagnoses: vec![Diagnosis {
                kind: DiagnosisKind::Backup,
                manifest: None,
                matched: 1,
                of: 2,
                message: "a backup".to_owned(),
            }],
            evidence: Evidence {
                audited_at: Timestamp::from_millisecond(1_750_000_000_123).unwrap(),
                duration: Duration::from_micros(7_900),
                server_version: Some("15.18".to_owned()),
                role: Some("auditor".to_owned()),
                relations: Some(25),
                hidden_from_information_schema: Some(24),
                left_out: [("ignore".to_owned(), 2)].into(),
                manifest_hash: "0123456789abcdef".to_owned(),
                manifest_ref: Some("4be7a".to_owned()),
                deploy: Some(3),
                unreachable: false,
                complete: true,
            },
        };
        assert_eq!(read(&database(&report)), Some(report));
    }

    #[test]
    fn what_is_no_report_is_none() {
        for value in [json!(null), json!({}), json!({ "verdict": "clean", "findings": [{}] })] {
            assert_eq!(read(&value), None);
        }
    }
}
