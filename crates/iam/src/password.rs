//! Passwords: which are acceptable, how they are hashed, and what state they put a sign-in into.

pub(crate) mod draw;
pub mod hasher;
pub mod rules;
pub mod state;
