//! What the benches share: contenders that are measured in turn, medians, and the table of targets.

pub mod rounds;
pub mod targets;
