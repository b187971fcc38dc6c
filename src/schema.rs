//! The words for what a PostgreSQL database holds: names, relations, and the catalog that was read.
//!
//! Both sides of a comparison use them: the manifest says which [`RelationName`]s are expected, and
//! introspection returns the [`Catalog`] that is there. Nothing here does I/O, and nothing here
//! assumes that a name is text: PostgreSQL stores identifiers as bytes, and a database with encoding
//! `SQL_ASCII` accepts bytes that are not UTF-8.

mod name;
mod relation;

pub use name::Name;
pub use name::NameError;
pub use name::RelationName;
pub use name::visible;
pub use relation::Aside;
pub use relation::AsideBy;
pub use relation::Catalog;
pub use relation::Relation;
pub use relation::RelationKind;
pub use relation::Session;
