//! The operating system's generator of chance.

use claviger_model::Rng;
use getrandom::SysRng;
use rand_chacha::ChaCha20Rng;
use rand_core::{SeedableRng as _, UnwrapErr};

/// A generator over the operating system's. Should that fail, the process must not go on with anything weaker.
pub(crate) fn system() -> Rng {
    Rng::new(UnwrapErr(SysRng))
}

/// A generator seeded from the operating system's, for what is drawn on every request and is no secret: it asks the system
/// once and not each time.
pub(crate) fn for_request_ids() -> Rng {
    let seed = system().bytes();
    Rng::new(ChaCha20Rng::from_seed(seed))
}
