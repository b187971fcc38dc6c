//! Reads SQL: what the statements of a file, of a folder of migrations or of a dump make of an empty
//! database.
//!
//! ```text
//! files ──► split ──► statement ──► State ──► Definitions
//!           streams,  by sqlparser, as the
//!           skips     by hand where catalog
//!           data      it lacks it   would be
//! ```
//!
//! Nothing is executed. What only a server can know (the columns of a query, what a function does) is
//! a mistake or a warning, never silence.

mod alter;
mod column;
mod connected;
mod constraint;
mod drop;
mod element;
mod enumeration;
mod files;
mod follow;
mod import;
mod index;
mod kind;
mod name;
mod rename;
mod risk;
mod sequence;
mod split;
mod state;
mod statement;
mod statements;
mod table;
mod tokens;
mod up_only;
mod view;

#[cfg(test)]
mod tests;

pub use files::files;
pub use follow::Effects;
pub use follow::follow;
pub use import::Source;
pub use import::import;
pub use import::is_count;
pub use import::read;
pub use state::TOLD;
pub use statements::Runnable;
pub use statements::statements;
