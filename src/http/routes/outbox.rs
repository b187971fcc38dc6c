//! The outbox.

use axum::routing::get;
use axum::routing::post;
use serde_json::Value;
use serde_json::json;

use crate::http::answers::deliveries::Deliveries;
use crate::http::answers::deliveries::DeliveryDetail;
use crate::http::answers::deliveries::Retried;
use crate::http::deliveries;
use crate::http::operation::Operation;
use crate::http::operation::text;
use crate::http::operation::words;
use crate::http::orders::Retry;
use crate::store::DeliveryState;

use super::trouble;

const DELIVERIES: &str = "Deliveries";

fn delivery() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/api/v1/deliveries", "list_deliveries")
            .says(DELIVERIES, "Deliveries, the newest first, and the channels that are parked", "")
            .takes(
                "state",
                words(&DeliveryState::ALL.map(DeliveryState::word)),
                "",
                "Only those in this state.",
            )
            .takes("channel", text(), "", "Only those for this channel.")
            .takes(
                "incident",
                trouble::incident(),
                "",
                "Only those that carry something about this incident.",
            )
            .in_pages(delivery())
            .answers::<Deliveries>(200, "Those that fit.")
            .refuses(
                404,
                "There is none, and no such channel is configured or no such incident is known; or no such \
                 delivery to go on behind.",
            )
            .by(get(deliveries::list)),
        Operation::get("/api/v1/deliveries/{id}", "show_delivery")
            .says(
                DELIVERIES,
                "One delivery with its attempts and every notification that it carries",
                "",
            )
            .named("id", delivery(), "019a0000-0000-7000-8000-000000000000", "The delivery.")
            .answers::<DeliveryDetail>(200, "It.")
            .refuses(404, "No such delivery, or history does not reach back to it.")
            .by(get(deliveries::show)),
        Operation::post::<Retry>(
            "/api/v1/deliveries/retry",
            "retry_deliveries",
            r#"{"channel": "ops"}"#,
        )
        .says(
            DELIVERIES,
            "Tries again now what waits, and what was given up",
            "Names a `channel`, or one `delivery`.",
        )
        .answers::<Retried>(200, "So many are due now.")
        .refuses(404, "No such channel or delivery.")
        .by(post(deliveries::retry)),
    ]
}
