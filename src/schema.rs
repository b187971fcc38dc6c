//! The words for what a PostgreSQL database holds: names, relations, what they are made of, and the
//! catalog that was read.
//!
//! Both sides of a comparison use them: the manifest says which [`RelationName`]s are expected, and
//! introspection returns the [`Catalog`] that is there. Nothing here does I/O, and nothing here
//! assumes that a name is text: PostgreSQL stores identifiers as bytes, and a database with encoding
//! `SQL_ASCII` accepts bytes that are not UTF-8.

mod column;
mod constraint;
mod definitions;
mod guard;
mod imprint;
mod index;
mod mark;
mod name;
mod observer;
mod relation;
mod residence;
mod table;
mod wanted;

pub use column::Column;
pub use column::Generated;
pub use column::Identity;
pub use constraint::Action;
pub use constraint::Check;
pub use constraint::Exclusion;
pub use constraint::ForeignKey;
pub use constraint::Key;
pub use definitions::Definitions;
pub use definitions::EventTrigger;
pub use definitions::Extension;
pub use definitions::Function;
pub use definitions::Part;
pub use definitions::Sequence;
pub use definitions::Signature;
pub use definitions::View;
pub use guard::BYPASS;
pub use guard::Bypass;
pub use guard::GUARD_PREFIX;
pub use guard::GUARD_TRIGGERS;
pub use guard::GUARD_VERSION;
pub use guard::Guard;
pub use guard::GuardSeal;
pub use guard::PAST_THE_GUARD;
pub use imprint::Counters;
pub use imprint::DatabaseIdentity;
pub use imprint::Imprint;
pub use imprint::StartedAt;
pub use imprint::Statistics;
pub use imprint::Stored;
pub use index::Index;
pub use index::IndexKey;
pub use index::IndexedOn;
pub use mark::COMMENT_BYTES_MAX;
pub use mark::MARK;
pub use mark::Mark;
pub use mark::MarkError;
pub use mark::PRODUCTION;
pub use name::Name;
pub use name::NameError;
pub use name::RelationName;
pub use name::visible;
pub use observer::Act;
pub use observer::CHANNEL;
pub use observer::LEDGER;
pub use observer::OBSERVER_TRIGGERS;
pub use observer::OWN_SCHEMA;
pub use observer::Observer;
pub use observer::Origins;
pub use relation::Aside;
pub use relation::AsideBy;
pub use relation::Catalog;
pub use relation::Relation;
pub use relation::RelationKind;
pub use relation::Session;
pub use residence::NoResidence;
pub use residence::Residence;
pub use table::ENABLED;
pub use table::Grantee;
pub use table::PUBLIC;
pub use table::Policy;
pub use table::RowSecurity;
pub use table::Table;
pub use table::Trigger;
pub use table::enabled_letter;
pub use table::enabled_word;
pub use wanted::Wanted;
