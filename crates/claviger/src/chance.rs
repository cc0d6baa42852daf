//! The operating system's generator of chance.

use claviger_model::Rng;
use getrandom::SysRng;
use rand_core::UnwrapErr;

/// A generator over the operating system's. Should that fail, the process must not go on with anything weaker.
pub(crate) fn system() -> Rng {
    Rng::new(UnwrapErr(SysRng))
}
