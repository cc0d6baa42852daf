//! Stories about operations, told by actors with true signatures, each on both engines.

mod groups;
mod protocol;
mod users;
