//! The closed lists of words in answers. Each is a type, so that the document lists them.

use std::borrow::Cow;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use schemars::json_schema;
use serde::Serialize;

use crate::finding::FindingKind;
use crate::finding::ObjectKind;
use crate::finding::Severity;
use crate::incident::About;
use crate::incident::IncidentKind;
use crate::incident::IncidentState;
use crate::incident::Step;
use crate::registry::Why;
use crate::report::DiagnosisKind;
use crate::report::Verdict;
use crate::store::DeliveryState;

/// A type for the words of one list: what they are made from, how they are called in the document, and what
/// they mean.
macro_rules! words {
    ($(#[doc = $doc:literal] $name:ident of $from:ty as $called:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(transparent)]
        pub(in crate::http) struct $name(&'static str);

        impl From<$from> for $name {
            fn from(it: $from) -> Self {
                Self(it.word())
            }
        }

        impl JsonSchema for $name {
            fn schema_name() -> Cow<'static, str> {
                $called.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                let words: Vec<&str> = <$from>::ALL.into_iter().map(<$from>::word).collect();
                json_schema!({ "type": "string", "description": $doc.trim(), "enum": words })
            }
        }
    )*};
}

words! {
    /// Whether a database holds what it should: `unknown` is never proof of anything.
    VerdictWord of Verdict as "Verdict";
    /// What kind of trouble an incident is.
    KindWord of IncidentKind as "IncidentKind";
    /// Where an incident is in its life. `acknowledged`: a person has it in hand.
    StateWord of IncidentState as "IncidentState";
    /// What an incident is about.
    AboutWord of About as "IncidentAbout";
    /// One step in the life of an incident.
    StepWord of Step as "IncidentStep";
    /// How bad a finding is. `info` is shown and does nothing else.
    SeverityWord of Severity as "Severity";
    /// What kind of difference a finding is. `schemawarden explain KIND` says what each means.
    FindingWord of FindingKind as "FindingKind";
    /// What kind of object a finding is about.
    ObjectWord of ObjectKind as "FindingObject";
    /// What several findings mean together.
    DiagnosisWord of DiagnosisKind as "DiagnosisKind";
    /// Where a delivery is. `abandoned`: it ended without success.
    DeliveryWord of DeliveryState as "DeliveryState";
    /// Why a registry is not believed.
    DoubtWord of Why as "RegistryDoubt";
}

/// A closed list of words that no type of ours has.
pub(in crate::http) fn among(words: &[&str]) -> Schema {
    json_schema!({ "type": "string", "enum": words })
}
