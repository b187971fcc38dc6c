//! Databases and what is known of them: audits, expectations, manifests, registries, the report.

use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;

use crate::http::answers::databases::AuditGoesOn;
use crate::http::answers::databases::Audited;
use crate::http::answers::databases::DatabaseDetail;
use crate::http::answers::databases::Databases;
use crate::http::answers::databases::ResetAccepted;
use crate::http::answers::discoveries::Discoveries;
use crate::http::answers::discoveries::RegistryAccepted;
use crate::http::answers::expectations::Expectations;
use crate::http::answers::fleet_report::FleetReport;
use crate::http::answers::history::Audits;
use crate::http::answers::manifests::ManifestReleased;
use crate::http::answers::manifests::Manifests;
use crate::http::audits;
use crate::http::databases;
use crate::http::discoveries;
use crate::http::expectations;
use crate::http::manifests;
use crate::http::operation::Operation;
use crate::http::operation::text;
use crate::http::operation::words;
use crate::http::orders::Because;
use crate::http::orders::Nothing;
use crate::http::report;
use crate::http::resets;

const DATABASES: &str = "Databases";
const MANIFESTS: &str = "Manifests and registries";

fn fail_on() -> Value {
    let word = "(drift|drifted|unknown|late)";
    json!({ "type": "string", "pattern": format!("^{word}(,{word})*$") })
}

fn labels() -> Value {
    let label = json!({ "type": "string", "pattern": "^[^=]+=" });
    json!({ "type": "array", "items": label, "maxItems": 20 })
}

/// White space alone would find everything.
fn search() -> Value {
    json!({ "type": "string", "pattern": r"\S" })
}

fn number() -> Value {
    json!({ "type": "string", "pattern": "^[0-9]{1,20}$" })
}

#[expect(clippy::too_many_lines, reason = "a table, one entry an operation")]
pub(super) fn operations() -> Vec<Operation> {
    let database = "The registered database.";
    let no_database = "No such database is registered; the nearest name is in `detail`.";
    vec![
        Operation::get("/api/v1/databases", "list_databases")
            .says(
                DATABASES,
                "The registered databases with their last verdicts, by name",
                "All filters have to hold. A manifest or a label that no registered database has is \
                 an error: under a misspelt filter everything would be fine for ever.",
            )
            .takes("manifest", text(), "", "Only those of this manifest.")
            .takes(
                "verdict",
                words(&["clean", "drifted", "unknown"]),
                "",
                "Only those with this verdict. One that was never audited is `unknown`.",
            )
            .takes(
                "label",
                labels(),
                "",
                "Only those with this label, like `team=red`. Several have to hold together.",
            )
            .takes(
                "search",
                search(),
                "",
                "Only those with each of these words, in any case and order, in their name, their manifest, \
                 their server or one of their labels (`team=red`): as the search of the fleet page.",
            )
            .takes(
                "fail_on",
                fail_on(),
                "",
                "`drift`, `unknown`, `late`, or several with commas: answers 503 where such is the verdict \
                 of any database that fits `manifest`, `label` and `search`, whichever page is shown. \
                 `late`: where an audit of one of them is overdue by more than a minute, or two of its due \
                 times have passed since, whatever the last \
                 one said. For uptime monitors.",
            )
            .in_pages(json!({ "type": "string", "pattern": "^[A-Za-z0-9._-]+$" }))
            .answers::<Databases>(200, "Those that fit.")
            .answers::<Databases>(503, "The same, where `fail_on` says that it is a failure.")
            .refuses(404, "No such manifest or label; or nothing fits that could fail.")
            .by(get(databases::list)),
        Operation::get("/api/v1/databases/{name}", "show_database")
            .says(DATABASES, "One database with the report of its last audit", "")
            .named("name", text(), "central", database)
            .takes(
                "fail_on",
                fail_on(),
                "",
                "`drift`, `unknown`, `late`, or several with commas: turns such a verdict into status 503. \
                 `late`: where its audit is overdue by more than a minute, or two of its due times have passed \
                 since, whatever the last one said. For \
                 uptime monitors.",
            )
            .answers::<DatabaseDetail>(200, "It.")
            .answers::<DatabaseDetail>(503, "The same, where `fail_on` says that it is a failure.")
            .refuses(404, no_database)
            .by(get(databases::show)),
        Operation::post::<Nothing>("/api/v1/databases/{name}/audit", "audit_database", "{}")
            .says(
                DATABASES,
                "Audits a database now",
                "The audit begins after the question, whatever runs already.",
            )
            .named("name", text(), "central", database)
            .answers::<Audited>(200, "The audit has ended.")
            .answers::<AuditGoesOn>(202, "It takes longer than 25 s, and goes on.")
            .refuses(404, no_database)
            .by(post(databases::audit)),
        Operation::post::<Because>(
            "/api/v1/databases/{name}/accept-reset",
            "accept_reset",
            r#"{"reason": "restored from the backup of Thursday"}"#,
        )
        .says(
            DATABASES,
            "Takes what a database holds now, and which one it is, as known",
            "It is audited then, and the answer says which incidents ended by it.",
        )
        .named("name", text(), "central", database)
        .answers::<ResetAccepted>(200, "It is known from now on.")
        .refuses(404, no_database)
        .refuses(409, "There is nothing to accept, or it was never audited.")
        .by(post(resets::accept)),
        Operation::get("/api/v1/audits", "list_audits")
            .says(DATABASES, "Audits that history keeps, the latest first", "")
            .takes("database", text(), "central", "Only those of this database.")
            .in_pages(json!({ "type": "string", "pattern": "^a(0|[1-9a-f][0-9a-f]{0,14})-(0|[1-9a-f][0-9a-f]{0,14})$" }))
            .answers::<Audits>(200, "Those that fit.")
            .refuses(404, no_database)
            .by(get(audits::list)),
        Operation::get("/api/v1/expectations", "find_expectations")
            .says(
                DATABASES,
                "What is expected of a database, and by what it is known again",
                "Asked for by name (`database`), by identity (`system` and `oid`) or by where it is \
                 reached (`places` and `dbname`): whichever fits. `schemawarden preflight --server` \
                 asks this before a push.",
            )
            .takes("database", text(), "central", "The name of a registered database.")
            .takes("system", number(), "", "`system_identifier` of the cluster.")
            .takes("oid", number(), "", "OID of the database.")
            .takes("places", text(), "", "`host:port` of where it is reached, several with commas.")
            .takes("dbname", text(), "", "The database's own name, beside `places`.")
            .answers::<Expectations>(200, "Those that fit; there may be none.")
            .refuses(404, no_database)
            .by(get(expectations::find)),
        Operation::get("/api/v1/report", "report")
            .says(
                DATABASES,
                "How well the fleet was watched, what happened, and what is accepted until when",
                "`schemawarden report` words it.",
            )
            .takes(
                "since",
                text(),
                "30d",
                "From when on: a length of time (`30d`, `12h`) or an instant (`2026-11-01T00:00:00Z`) \
                 that is past. 30 days, where it is left out.",
            )
            .answers::<FleetReport>(200, "The report on that time.")
            .by(get(report::report)),
        Operation::get("/api/v1/manifests", "list_manifests")
            .says(
                MANIFESTS,
                "The manifests of the config, and what is held of a changed one",
                "There is one for each class of database, so all of them are one answer.",
            )
            .answers::<Manifests>(200, "All of them, by name.")
            .by(get(manifests::list)),
        Operation::post::<Nothing>("/api/v1/manifests/{name}/release", "release_manifest", "{}")
            .says(MANIFESTS, "Lets the findings of a changed manifest through", "")
            .named("name", text(), "orchestra", "The manifest.")
            .answers::<ManifestReleased>(200, "It is trusted from now on.")
            .refuses(404, "No such manifest; the nearest name is in `detail`.")
            .refuses(409, "Nothing of it is held.")
            .by(post(manifests::release)),
        Operation::get("/api/v1/discoveries", "list_discoveries")
            .says(
                MANIFESTS,
                "What registries name, and whether they are believed",
                "No URL of a registry is in the answer.",
            )
            .answers::<Discoveries>(200, "Every discovery of the config, in its order.")
            .by(get(discoveries::list)),
        Operation::post::<Because>(
            "/api/v1/discoveries/{name}/accept",
            "accept_registry",
            r#"{"reason": "these orchestras were closed"}"#,
        )
        .says(
            MANIFESTS,
            "Takes a registry for right that names fewer than before",
            "What is gone from it is not audited any more.",
        )
        .named("name", text(), "orchestras", "The discovery.")
        .answers::<RegistryAccepted>(200, "It is believed from now on.")
        .refuses(404, "No such discovery; the nearest name is in `detail`.")
        .refuses(409, "Nothing is gone from it that is kept registered.")
        .by(post(discoveries::accept)),
    ]
}
