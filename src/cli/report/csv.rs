//! The report as one table for spreadsheets: a row for each database, incident and known finding, told
//! apart by the first column.
//!
//! A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a table may be
//! called so: such a cell gets an apostrophe, which spreadsheets take for "this is text".

use serde_json::Value;

use crate::cli::columns::list;

const HEADINGS: [&str; 16] = [
    "record",
    "name",
    "manifest",
    "kind",
    "object",
    "id",
    "state",
    "opened_at",
    "resolved_at",
    "seconds",
    "audits",
    "complete",
    "drifted",
    "until",
    "owner",
    "text",
];

/// All of it.
pub(super) fn written(report: &Value) -> anyhow::Result<String> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(HEADINGS)?;
    for it in list(report, "databases") {
        let row = |heading: &str| match heading {
            "record" => "database".to_owned(),
            "seconds" => cell(&it["longest_gap_seconds"]),
            "text" => "seconds: the longest time without a complete audit".to_owned(),
            other => cell(&it[other]),
        };
        out.write_record(HEADINGS.map(row))?;
    }
    for it in list(report, "incidents") {
        let row = |heading: &str| match heading {
            "record" => "incident".to_owned(),
            "name" => cell(&it["subject"]),
            "seconds" => lasted(it).map(|it| it.to_string()).unwrap_or_default(),
            "text" => cell(&it["headline"]),
            "owner" | "until" | "object" => String::new(),
            other => cell(&it[other]),
        };
        out.write_record(HEADINGS.map(row))?;
    }
    for it in list(report, "known") {
        let row = |heading: &str| match heading {
            "record" => "known".to_owned(),
            "name" => cell(&it["database"]),
            "object" => {
                let parts = ["schema", "name", "part"].map(|key| it[key].as_str());
                let parts: Vec<&str> = parts.into_iter().flatten().collect();
                cell(&Value::from(parts.join(".")))
            }
            "text" => cell(&it["reason"]),
            other => cell(&it[other]),
        };
        out.write_record(HEADINGS.map(row))?;
    }
    Ok(String::from_utf8(out.into_inner()?)?)
}

/// How long an incident was open, in seconds, if it is over.
fn lasted(incident: &Value) -> Option<i64> {
    let at = |key: &str| incident[key].as_str()?.parse::<jiff::Timestamp>().ok();
    Some(at("resolved_at")?.duration_since(at("opened_at")?).as_secs())
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if text.starts_with(['=', '+', '-', '@', '\t', '\r']) => {
            format!("'{text}")
        }
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn each_record_is_a_row_and_nothing_is_a_formula() {
        let report = json!({
            "databases": [{"name": "central", "manifest": "central", "audits": 3, "complete": 2, "drifted": 1,
                           "longest_gap_seconds": 300}],
            "incidents": [{"id": "SW-1001", "kind": "drift", "subject": "central", "state": "resolved",
                           "opened_at": "2026-11-02T10:00:00Z", "resolved_at": "2026-11-02T11:00:00Z",
                           "headline": "=1+1, \"x\""}],
            "known": [{"database": "central", "kind": "unexpected_table", "schema": "public", "name": "a",
                       "part": null, "reason": "@x", "owner": "data", "until": "2026-12-01"}],
        });
        assert_eq!(
            written(&report).unwrap(),
            "record,name,manifest,kind,object,id,state,opened_at,resolved_at,seconds,audits,complete,drifted,until,owner,text\n\
             database,central,central,,,,,,,300,3,2,1,,,seconds: the longest time without a complete audit\n\
             incident,central,,drift,,SW-1001,resolved,2026-11-02T10:00:00Z,2026-11-02T11:00:00Z,3600,,,,,,\"'=1+1, \"\"x\"\"\"\n\
             known,central,,unexpected_table,public.a,,,,,,,,,2026-12-01,data,'@x\n"
        );
    }
}
