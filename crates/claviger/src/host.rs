//! Work on the server's own host: operations run for whoever the operating system vouches for, through the server's local
//! socket while it serves, and in this process while nothing serves. Both ways run the same operation in the same pipeline.
//!
//! SECURITY: that nobody else gets in rests on three things. The socket is made in a directory that only its owner may
//! enter, gets mode 0600 there, and is only then put in its place. Each peer's user is asked of the operating system, and
//! only the server's own and root are answered. In this process, the store is opened by whoever can read its files and its
//! master key, and SQLite's directory is locked, so that no server and no other command has it.

mod behind;
mod connection;
mod door;
mod socket;

pub(crate) use connection::Connection;
pub(crate) use door::Call;
pub(crate) use socket::{Bound, bind};
