//! Incidents, and what keeps them quiet: silences and deploy windows.

use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;

use crate::http::answers::deploys::DeployHandled;
use crate::http::answers::deploys::Deploys;
use crate::http::answers::incidents::IncidentDetail;
use crate::http::answers::incidents::IncidentHandled;
use crate::http::answers::incidents::Incidents;
use crate::http::answers::silences::SilenceEnded;
use crate::http::answers::silences::SilenceMade;
use crate::http::answers::silences::Silences;
use crate::http::deploys;
use crate::http::incidents;
use crate::http::operation::Operation;
use crate::http::operation::switch;
use crate::http::operation::text;
use crate::http::operation::words;
use crate::http::orders::Acknowledge;
use crate::http::orders::AddSilence;
use crate::http::orders::BeginDeploy;
use crate::http::orders::EndDeploy;
use crate::http::orders::Nothing;
use crate::http::silences;
use crate::incident::IncidentKind;

const INCIDENTS: &str = "Incidents";
const SILENCES: &str = "Silences";
const DEPLOYS: &str = "Deploys";

/// `SW-1042`.
pub(super) fn incident() -> Value {
    json!({ "type": "string", "pattern": "^SW-[0-9]{1,19}$" })
}

/// A number that the state gave.
fn number() -> Value {
    json!({ "type": "integer", "minimum": 1, "maximum": i64::MAX })
}

#[expect(clippy::too_many_lines, reason = "a table, one entry an operation")]
pub(super) fn operations() -> Vec<Operation> {
    let no_incident = "No such incident, or history does not reach back to it.";
    let malformed = "What names it is no such id.";
    vec![
        Operation::get("/api/v1/incidents", "list_incidents")
            .says(INCIDENTS, "Incidents, the latest first", "")
            .takes(
                "state",
                words(&incidents::state_words()),
                "",
                "Only those in this state. `unresolved` (which is meant where it is left out): `open` \
                 and `acknowledged`; `all`: any.",
            )
            .takes("database", text(), "", "Only those about this database.")
            .takes(
                "kind",
                words(&IncidentKind::ALL.map(IncidentKind::word)),
                "",
                "Only those of this kind.",
            )
            .in_pages(incident())
            .answers::<Incidents>(200, "Those that fit.")
            .refuses(404, "There is none, and no such database is registered.")
            .by(get(incidents::list)),
        Operation::get("/api/v1/incidents/{id}", "show_incident")
            .says(INCIDENTS, "One incident with its findings and its audit trail", "")
            .named("id", incident(), "SW-1001", "The incident.")
            .answers::<IncidentDetail>(200, "It.")
            .refuses(400, malformed)
            .refuses(404, no_incident)
            .by(get(incidents::show)),
        Operation::post::<Acknowledge>(
            "/api/v1/incidents/{id}/ack",
            "acknowledge_incident",
            r#"{"note": "on it"}"#,
        )
        .says(INCIDENTS, "Takes an incident in hand", "It is quiet until its findings grow.")
        .named("id", incident(), "SW-1001", "The incident.")
        .answers::<IncidentHandled>(200, "Somebody has it in hand; `changed` says whether that is new.")
        .refuses(404, no_incident)
        .refuses(409, "It is resolved already.")
        .by(post(incidents::acknowledge)),
        Operation::post::<Nothing>("/api/v1/incidents/{id}/release", "release_incident", "{}")
            .says(INCIDENTS, "Lets go of an incident", "It is told again as any other.")
            .named("id", incident(), "SW-1001", "The incident.")
            .answers::<IncidentHandled>(200, "Nobody has it in hand; `changed` says whether that is new.")
            .refuses(404, no_incident)
            .refuses(409, "It is resolved already.")
            .by(post(incidents::release)),
        Operation::get("/api/v1/silences", "list_silences")
            .says(
                SILENCES,
                "Silences, the newest first, and the maintenance windows that are open",
                "",
            )
            .takes("all", switch(), "", "Those that have ended, too, as far as they are kept.")
            .in_pages(number())
            .answers::<Silences>(200, "Those that fit.")
            .by(get(silences::list)),
        Operation::post::<AddSilence>(
            "/api/v1/silences",
            "add_silence",
            r#"{"match": {"database": ["sco*"], "kind": ["drift"]}, "reason": "the import", "for": "2h"}"#,
        )
        .says(
            SILENCES,
            "Adds a silence",
            "It mutes messages and nothing else, for at most 90 days. What it matches nothing with now \
             is a warning: the database may come later.",
        )
        .answers::<SilenceMade>(201, "It holds from now on.")
        .by(post(silences::add)),
        Operation::post::<Nothing>("/api/v1/silences/{id}/expire", "expire_silence", "{}")
            .says(SILENCES, "Ends a silence now", "What it kept back is told.")
            .named("id", number(), "1", "The number of the silence.")
            .answers::<SilenceEnded>(200, "It has ended.")
            .refuses(404, "No such silence.")
            .refuses(409, "It has ended already.")
            .by(post(silences::expire)),
        Operation::get("/api/v1/deploys", "list_deploys")
            .says(
                DEPLOYS,
                "Deploy windows, the newest first",
                "Those that are open, and those that have ended and hold a database to something else \
                 than its manifest file says.",
            )
            .takes("all", switch(), "", "All that have ended, too, as far as they are kept.")
            .in_pages(number())
            .answers::<Deploys>(200, "Those that fit.")
            .by(get(deploys::list)),
        Operation::post::<BeginDeploy>(
            "/api/v1/deploys",
            "begin_deploy",
            r#"{"databases": ["central"], "ref": "4f2a91c", "for": "30m", "manifest": "manifest: central\ntables: [Orchestra, User, Customer, SystemLog, Invoice]\n"}"#,
        )
        .says(
            DEPLOYS,
            "Opens a deploy window",
            "While it is open, the old and the new manifest of its databases are allowed, and nothing \
             else. It is in force when this is answered.",
        )
        .answers::<DeployHandled>(201, "It is open.")
        .refuses(404, "No such database or label.")
        .refuses(409, "A deploy of one of the databases is open already.")
        .by(post(deploys::begin)),
        Operation::post::<EndDeploy>(
            "/api/v1/deploys/{id}/end",
            "end_deploy",
            r#"{"rolled_back": false}"#,
        )
        .says(
            DEPLOYS,
            "Ends a deploy",
            "The new manifest holds from then on, or the old one where it was rolled back. One that has \
             ended can be taken back while what it brought is in force.",
        )
        .named("id", number(), "1", "The number of the deploy.")
        .answers::<DeployHandled>(200, "It has ended.")
        .refuses(404, "No such deploy.")
        .refuses(409, "It has ended already, and cannot be taken back.")
        .by(post(deploys::end)),
    ]
}
