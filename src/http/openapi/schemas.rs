//! The schemas that a document refers to: of answers as they are written, of bodies as they are read. The
//! two differ, because a field that may be left out of a body is never absent from an answer.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::Map;
use serde_json::Value;

use crate::http::operation::Shape;

/// Collects them by name.
pub(super) struct Schemas {
    answers: SchemaGenerator,
    bodies: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|it| {
                it.definitions_path = "/components/schemas".into();
                it.meta_schema = None;
            })
        };
        Self {
            answers: settings().for_serialize().into_generator(),
            bodies: settings().for_deserialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The schema of an answer, or a reference to it.
    pub(super) fn answer(&mut self, shape: Shape) -> Value {
        shape(&mut self.answers).into()
    }

    /// The schema of a body, or a reference to it.
    pub(super) fn body(&mut self, shape: Shape) -> Value {
        shape(&mut self.bodies).into()
    }

    /// All of them, by name.
    ///
    /// # Panics
    ///
    /// Where an answer and a body have the same name and are different: a test builds the document.
    pub(super) fn taken(mut self) -> Map<String, Value> {
        let mut all = self.answers.take_definitions(true);
        for (name, schema) in self.bodies.take_definitions(true) {
            let before = all.insert(name.clone(), schema.clone());
            assert!(
                before.is_none_or(|it| it == schema),
                "two schemas are called {name}: an answer's and a body's"
            );
        }
        all
    }
}
