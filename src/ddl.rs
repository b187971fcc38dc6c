//! Reads SQL: what the statements of a file, of a folder of migrations or of a dump make of an empty
//! database.

use crate::schema::Definitions;
use crate::yaml::Mistake;

/// What SQL makes, and what is worth a word.
#[derive(Clone, Debug)]
pub struct Imported {
    pub definitions: Definitions,
    pub warnings: Vec<Mistake>,
}
