//! One operation of the HTTP face: how it is asked for, who may ask, what it answers, and what answers it.
//!
//! Routing and description are one value, so that there is no route without a description and no
//! description of a route that is not there ([`super::routes`], [`super::openapi`]).

use std::sync::Arc;

use axum::middleware;
use axum::routing::MethodRouter;
use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde_json::Value;
use serde_json::json;

use super::Face;
use super::query;
use super::query::Known;
use super::query::ROWS;
use super::query::ROWS_MAX;

/// What is asked for over and over, and changes nothing; or what changes something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Method {
    Get,
    Post,
}

impl Method {
    /// As a request line spells it.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }
}

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Everybody who reaches the address, whatever `Host` they name: a probe.
    Anybody,
    /// Who may read.
    Read,
    /// Who may change something.
    Operate,
}

/// Where a parameter stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
}

/// One parameter.
#[derive(Clone, Debug)]
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    /// JSON Schema of its value.
    pub(super) schema: Value,
    /// What it means, in a sentence.
    pub(super) meaning: &'static str,
    /// A value that fits the examples of the other operations; empty where there is none.
    pub(super) example: &'static str,
}

impl Parameter {
    /// Whether it may be there several times.
    pub(super) fn repeats(&self) -> bool {
        self.schema["type"] == "array"
    }
}

/// Makes a JSON Schema, and puts what it refers to into the generator.
pub(super) type Shape = fn(&mut SchemaGenerator) -> Schema;

fn shape_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The body of a request.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    pub(super) shape: Shape,
    /// One that may be sent as it is.
    pub(super) example: &'static str,
}

/// What a body of an answer is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Content {
    Json(Shape),
    /// Text of this media type.
    Text(&'static str),
    /// `application/problem+json`.
    Problem,
}

/// One answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) content: Content,
    pub(super) meaning: &'static str,
}

/// One operation.
#[derive(Clone, Debug)]
pub(super) struct Operation {
    pub(super) method: Method,
    /// From the root, with `{name}` for what is left open.
    pub(super) path: &'static str,
    /// Unique, for programs that are made from the document.
    pub(super) id: &'static str,
    /// What it is about: the heading under which it is listed.
    pub(super) tag: &'static str,
    /// In a line.
    pub(super) summary: &'static str,
    /// In some sentences; may be empty.
    pub(super) about: &'static str,
    pub(super) role: Role,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<Wanted>,
    pub(super) replies: Vec<Reply>,
    /// What answers it; `None` for what is routed elsewhere.
    pub(super) handler: Option<MethodRouter<Face>>,
}

impl Operation {
    /// One that reads.
    pub(super) fn get(path: &'static str, id: &'static str) -> Self {
        Self::new(Method::Get, Role::Read, path, id)
    }

    /// One that changes something. Its body is JSON, and so large at most as the face takes.
    pub(super) fn post<T: JsonSchema>(
        path: &'static str,
        id: &'static str,
        example: &'static str,
    ) -> Self {
        let body = Some(Wanted { shape: shape_of::<T>, example });
        Self { body, ..Self::new(Method::Post, Role::Operate, path, id) }
    }

    fn new(method: Method, role: Role, path: &'static str, id: &'static str) -> Self {
        Self {
            method,
            path,
            id,
            tag: "",
            summary: "",
            about: "",
            role,
            parameters: Vec::new(),
            body: None,
            replies: Vec::new(),
            handler: None,
        }
    }

    /// Where it is listed, and what it does: in a line, and in some sentences.
    pub(super) fn says(
        self,
        tag: &'static str,
        summary: &'static str,
        about: &'static str,
    ) -> Self {
        Self { tag, summary, about, ..self }
    }

    /// Anybody may ask.
    pub(super) fn for_anybody(self) -> Self {
        Self { role: Role::Anybody, ..self }
    }

    /// The piece of the path that names something.
    pub(super) fn named(
        mut self,
        name: &'static str,
        schema: Value,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        self.parameters.push(Parameter { name, place: Place::Path, schema, meaning, example });
        self
    }

    /// A parameter behind the `?`.
    pub(super) fn takes(
        mut self,
        name: &'static str,
        schema: Value,
        example: &'static str,
        meaning: &'static str,
    ) -> Self {
        self.parameters.push(Parameter { name, place: Place::Query, schema, meaning, example });
        self
    }

    /// `limit` and `after`.
    pub(super) fn in_pages(self, after: Value) -> Self {
        let limit = json!({
            "type": "integer", "minimum": 1, "maximum": ROWS_MAX, "default": ROWS,
        });
        self.takes("limit", limit, "", "How many rows the answer holds at most.").takes(
            "after",
            after,
            "",
            "Where the page begins: what `next` of the page before said.",
        )
    }

    /// Answers with JSON.
    pub(super) fn answers<T: JsonSchema>(self, status: u16, meaning: &'static str) -> Self {
        self.replies(status, Content::Json(shape_of::<T>), meaning)
    }

    /// Answers with text of a media type.
    pub(super) fn writes(self, status: u16, media: &'static str, meaning: &'static str) -> Self {
        self.replies(status, Content::Text(media), meaning)
    }

    /// Answers with a problem.
    pub(super) fn refuses(self, status: u16, meaning: &'static str) -> Self {
        self.replies(status, Content::Problem, meaning)
    }

    fn replies(mut self, status: u16, content: Content, meaning: &'static str) -> Self {
        self.replies.push(Reply { status, content, meaning });
        self
    }

    /// What answers it. Its query is read, and refused, before that.
    pub(super) fn by(self, handler: MethodRouter<Face>) -> Self {
        let query = self.parameters.iter().filter(|it| it.place == Place::Query);
        let known = Known {
            names: query.clone().map(|it| it.name).collect(),
            repeated: query.filter(|it| it.repeats()).map(|it| it.name).collect(),
        };
        let checked =
            handler.route_layer(middleware::from_fn_with_state(Arc::new(known), query::check));
        Self { handler: Some(checked), ..self }
    }

    /// Every answer, those included that every operation of this kind may give.
    pub(super) fn all_replies(&self) -> Vec<Reply> {
        let problem = |status, meaning| Reply { status, content: Content::Problem, meaning };
        let mut all = self.replies.clone();
        if self.role != Role::Anybody {
            all.extend([
                problem(400, "What is wrong about the request, with the nearest right word."),
                problem(401, "It needs a token, or this is none that is known."),
                problem(429, "Too many wrong tokens; `Retry-After` says when to ask again."),
                problem(421, "The `Host` is no name of this daemon."),
                problem(503, "The state cannot be read or written, or the daemon is stopping."),
            ]);
        }
        if self.role == Role::Operate {
            all.extend([
                problem(403, "This token may read only, or a page of another site asks."),
                problem(408, "The body did not come in time."),
                problem(413, "The body is larger than 1 MiB."),
                problem(415, "The body does not say that it is JSON."),
            ]);
        }
        all.sort_by_key(|it| it.status);
        all
    }
}

/// Schema of a text that is not empty.
pub(super) fn text() -> Value {
    json!({ "type": "string", "minLength": 1 })
}

/// Schema of one of these words.
pub(super) fn words(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

/// Schema of a switch.
pub(super) fn switch() -> Value {
    words(&["1", "0", "true", "false"])
}
