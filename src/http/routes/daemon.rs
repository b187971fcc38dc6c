//! The daemon itself: probes, metrics, events, and this description.

use axum::routing::get;
use serde_json::Map;
use serde_json::Value;

use crate::http::answers::health::Health;
use crate::http::openapi;
use crate::http::operation::Operation;
use crate::http::screen::events;

const DAEMON: &str = "The daemon";
const TEXT: &str = "text/plain";
const STREAM: &str =
    "The stream. It ends when the daemon stops, and after five minutes: come back then.";
const NO_STREAM: &str = "As many streams are open as may be; `Retry-After` says when to ask again.";
const EVENTS: &str = "\
Server-sent events: `hello` at the beginning, `change` at most five times a second, and `beat` where nothing \
changes. Their data is an object: `version` counts every change, and where one audit alone changed something, \
`database`, `verdict` and `at` say which. What changed is asked for elsewhere.";

pub(super) fn operations() -> Vec<Operation> {
    vec![
        Operation::get("/livez", "livez")
            .says(
                DAEMON,
                "Whether this process makes progress",
                "Never depends on a database, a receiver or the state. `/-/healthy` is the same.",
            )
            .for_anybody()
            .writes(200, TEXT, "Every loop comes round.")
            .writes(503, TEXT, "One of them does not, and which."),
        Operation::get("/readyz", "readyz")
            .says(
                DAEMON,
                "Whether config and state are there and the process is not stopping",
                "With `?verbose` every condition is named. `/-/ready` is the same.",
            )
            .for_anybody()
            .writes(200, TEXT, "They are.")
            .writes(503, TEXT, "One of them is not; who may read learns why."),
        Operation::get("/healthz", "healthz")
            .says(
                DAEMON,
                "The same with the fleet in numbers",
                "Who may not read gets the numbers alone.",
            )
            .for_anybody()
            .answers::<Health>(200, "It is ready.")
            .answers::<Health>(503, "It is not; `faults` says why."),
        Operation::get("/metrics", "metrics")
            .says(DAEMON, "Metrics for Prometheus", "docs/metrics.md lists them.")
            .for_anybody()
            .writes(200, TEXT, "The exposition.")
            .refuses(
                401,
                "It would name databases (`metrics.per_database`), the daemon listens beyond loopback, and \
                 this is no token that is known.",
            ),
        Operation::get("/events", "events")
            .says(DAEMON, "Says that something changed", EVENTS)
            .writes(200, "text/event-stream", STREAM)
            .refuses(503, NO_STREAM)
            .by(get(events::events)),
        Operation::get("/api/v1/events", "api_events")
            .says(DAEMON, "The same stream for programs", EVENTS)
            .writes(200, "text/event-stream", STREAM)
            .refuses(503, NO_STREAM)
            .by(get(events::events)),
        Operation::get("/openapi.json", "openapi")
            .says(DAEMON, "This description, for programs", "`/api` is the same for people.")
            .answers::<Map<String, Value>>(200, "An OpenAPI 3.1 document.")
            .by(get(openapi::serve)),
    ]
}
