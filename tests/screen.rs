//! The pages as a text browser sees them: what they say, where they lead, and what their forms do. What only a
//! real browser shows is in `screen_live`.

mod acts;
mod decisions;
mod pages;
mod stage;
pub(crate) mod visitor;
