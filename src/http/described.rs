//! `/api`: the same description as `/openapi.json`, for people. Drawn from that document, so that the two
//! cannot differ.

mod shapes;

use axum::extract::State;
use axum::response::Response;
use maud::Markup;
use maud::html;
use serde_json::Map;
use serde_json::Value;

use super::Face;
use super::access::Viewer;
use super::openapi;
use super::operation::Method;
use super::operation::Operation;
use super::operation::Place;
use super::operation::Role;
use super::routes;
use super::screen::frame;
use super::screen::pages::list::head;
use super::screen::pages::list::wide;

/// The path of the page.
const AT: &str = "/api";

/// Every operation, and every type that it speaks in.
pub(super) async fn page(State(face): State<Face>, viewer: Viewer) -> Response {
    frame::page(&face, &viewer, AT, "API", body(&routes::operations(), openapi::described())).await
}

fn body(operations: &[Operation], document: &Value) -> Markup {
    let mut tags: Vec<&str> = Vec::new();
    for it in operations {
        if !tags.contains(&it.tag) {
            tags.push(it.tag);
        }
    }
    let of = |tag: &str| operations.iter().filter(|it| it.tag == tag).collect::<Vec<_>>();
    html! {
        h1 { "API" }
        p.lead {
            "The same for programs, in OpenAPI 3.1: " a href="openapi.json" { "openapi.json" } "."
        }
        @for paragraph in document["info"]["description"].as_str().unwrap_or_default().split("\n\n") {
            p { (ticks(paragraph)) }
        }
        pre {
            "server=http://127.0.0.1:9847\n"
            "token=$(cat schemawarden.token)   # beside the state"
        }
        nav aria-labelledby="operations" {
            h2 #operations { "Operations" }
            @for tag in &tags {
                h3 { (tag) }
                ul {
                    @for it in of(tag) {
                        li {
                            a href={ "#" (it.id) } { code { (it.method.word()) " " (it.path) } }
                            " " (it.summary)
                        }
                    }
                }
            }
        }
        @for tag in &tags {
            h2 { (tag) }
            @for it in of(tag) { (operation(it, document)) }
        }
        (shapes::all(&document["components"]["schemas"]))
    }
}

fn operation(it: &Operation, document: &Value) -> Markup {
    let said = &document["paths"][it.path][it.method.word().to_lowercase()];
    html! {
        section.panel id=(it.id) {
            h3 { code { (it.method.word()) " " (it.path) } }
            p { (it.summary) ". " (ticks(it.about)) }
            p.muted { (may(it.role)) }
            @if !it.parameters.is_empty() { (parameters(it)) }
            @if it.body.is_some() {
                @let schema = &said["requestBody"]["content"]["application/json"]["schema"];
                p { "Body: " (shapes::spelled(schema)) }
            }
            pre { (curl(it)) }
            (replies(it, &said["responses"]))
        }
    }
}

fn may(role: Role) -> &'static str {
    match role {
        Role::Anybody => "Anybody may ask, under any Host.",
        Role::Read => "For whoever may read.",
        Role::Operate => "For a token that may operate.",
    }
}

fn parameters(of: &Operation) -> Markup {
    let table = html! {
        table.list {
            (head(["Parameter", "Value", "Meaning"]))
            tbody {
                @for it in &of.parameters {
                    tr {
                        th scope="row" {
                            code { @if it.place == Place::Query { "?" } (it.name) }
                        }
                        td { (shapes::spelled(&it.schema)) }
                        td { (ticks(it.meaning)) }
                    }
                }
            }
        }
    };
    wide(&format!("parameters of {} {}", of.method.word(), of.path), &table)
}

/// An answer and a problem of one status are one row.
fn replies(of: &Operation, said: &Value) -> Markup {
    let mut statuses: Vec<u16> = of.all_replies().iter().map(|it| it.status).collect();
    statuses.dedup();
    let content = |status: u16| -> Map<String, Value> {
        let content = &said[status.to_string()]["content"];
        content.as_object().cloned().unwrap_or_default()
    };
    let table = html! {
        table.list {
            (head(["Status", "Answer", "When"]))
            tbody {
                @for status in statuses {
                    tr {
                        th scope="row" { (status) }
                        td {
                            @for (media, it) in content(status) {
                                div {
                                    @if media == "text/plain" || media == "text/event-stream" {
                                        code { (media) }
                                    } @else {
                                        (shapes::spelled(&it["schema"]))
                                    }
                                }
                            }
                        }
                        td {
                            @let when = &said[status.to_string()]["description"];
                            (ticks(when.as_str().unwrap_or_default()))
                        }
                    }
                }
            }
        }
    };
    wide(&format!("answers of {} {}", of.method.word(), of.path), &table)
}

/// One line that may be copied.
fn curl(it: &Operation) -> String {
    let mut path = it.path.to_owned();
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for parameter in it.parameters.iter().filter(|it| !it.example.is_empty()) {
        match parameter.place {
            Place::Path => {
                path = path.replace(&format!("{{{}}}", parameter.name), parameter.example);
            }
            Place::Query => {
                query.append_pair(parameter.name, parameter.example);
            }
        }
    }
    let query = query.finish();
    let mark = if query.is_empty() { "" } else { "?" };
    let ask = format!("curl -fsS \"$server{path}{mark}{query}\"");
    match (it.method, &it.body) {
        (Method::Post, Some(body)) => format!(
            "{ask} -H \"Authorization: Bearer $token\" \\\n  -H 'Content-Type: application/json' \
             -d '{}'",
            body.example.replace('\'', r"'\''")
        ),
        _ => ask,
    }
}

/// Text with what stands in backticks as code.
fn ticks(text: &str) -> Markup {
    html! {
        @for (index, piece) in text.split('`').enumerate() {
            @if index % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_on_the_page_and_every_link_leads_somewhere() {
        let operations = routes::operations();
        let html = body(&operations, openapi::described()).into_string();
        for it in &operations {
            assert!(html.contains(&format!("id=\"{}\"", it.id)), "{}", it.id);
            assert!(html.contains(it.path), "{}", it.path);
        }
        for link in html.split("href=\"#").skip(1) {
            let to = link.split('"').next().unwrap();
            assert!(html.contains(&format!("id=\"{to}\"")), "#{to} leads nowhere");
        }
        assert!(!html.contains("<script") && !html.contains("style="), "nothing inline");
        // Each table can be scrolled with the keyboard, and says what its columns are.
        let tables = html.matches("<table").count();
        assert!(tables > operations.len());
        let regions = html.matches("role=\"region\" aria-label=\"Table: ").count();
        assert_eq!((regions, html.matches("tabindex=\"0\"").count()), (tables, tables));
        assert_eq!(html.matches("<th scope=\"col\"").count(), tables * 3);
        assert!(!html.contains("<th>"), "a head of what?");
    }

    #[test]
    fn an_example_can_be_copied() {
        let operations = routes::operations();
        let of = |id: &str| curl(operations.iter().find(|it| it.id == id).unwrap());
        assert_eq!(of("show_incident"), "curl -fsS \"$server/api/v1/incidents/SW-1001\"");
        assert!(of("audit_database").ends_with("-d '{}'"), "{}", of("audit_database"));
        assert!(of("list_audits").contains("?database=central"), "{}", of("list_audits"));
    }

    #[test]
    fn what_stands_in_ticks_is_code() {
        assert_eq!(ticks("a `b<c>` d").into_string(), "a <code>b&lt;c&gt;</code> d");
    }
}
