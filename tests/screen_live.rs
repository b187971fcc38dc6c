//! The pages in a real browser: what a person at three in the morning sees and does.
//!
//! Written from the issue and the forms' targets; a test here knows paths, fields and words, and little
//! of the markup around them. Pictures of every page are kept in `target/screens`.

mod acts;
mod crowd;
mod grid;
mod hostile;
mod keyboard;
mod looks;
mod plain;
mod stage;
mod updates;
