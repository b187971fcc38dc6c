//! Placeholder until `cli` lands.
fn main() {}
