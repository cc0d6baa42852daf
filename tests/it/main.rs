//! Stories about operations, told by actors with true signatures, each on both engines.

mod groups;
mod managed_policies;
mod policies_of_entities;
mod protocol;
mod roles;
mod sessions;
mod users;
