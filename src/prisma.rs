//! Reads Prisma schemas: what `prisma migrate` or `prisma db push` would make of an empty PostgreSQL
//! database.

use crate::schema::Definitions;
use crate::yaml::Mistake;

/// What a Prisma schema makes, and what is worth a word.
#[derive(Clone, Debug)]
pub struct Imported {
    pub definitions: Definitions,
    pub warnings: Vec<Mistake>,
}
