//! Hashing of passwords with Argon2id, in a bounded number of reused memory blocks.
//!
//! A permit owns one block buffer for as long as it works, so that a thousand sign-ins at once use no more memory than
//! one a permit; whoever would have to wait too long is turned away instead (OWASP password storage cheat sheet;
//! RFC 9106).

use std::sync::Arc;
use std::time::Duration;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use claviger_model::{Code, Rng, Secret};
use data_encoding::BASE64_NOPAD;
use parking_lot::Mutex;
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use zeroize::Zeroize;

use crate::fault::Fault;

/// What a hash costs. The defaults are the least that OWASP names for Argon2id: 19 MiB, two passes, one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
}

impl Default for Cost {
    fn default() -> Self {
        Self {
            memory_kib: 19 * 1024,
            passes: 2,
        }
    }
}

/// How long a request waits for a permit before it is turned away.
const PATIENCE: Duration = Duration::from_secs(5);
/// Requests that may wait at once; one more is turned away immediately.
const QUEUE: usize = 256;
const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;

/// Hashes and verifies passwords.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    cost: Cost,
    permits: Semaphore,
    waiting: std::sync::atomic::AtomicUsize,
    buffers: Mutex<Vec<Vec<Block>>>,
}

/// A hash with everything needed to check a password against it: a string in PHC format,
/// `$argon2id$v=19$m=19456,t=2,p=1$<salt>$<hash>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Parsed {
    cost: Cost,
    salt: [u8; SALT_BYTES],
    hash: [u8; HASH_BYTES],
}

impl Parsed {
    fn write(&self) -> String {
        format!(
            "$argon2id$v=19$m={},t={},p=1${}${}",
            self.cost.memory_kib,
            self.cost.passes,
            BASE64_NOPAD.encode(&self.salt),
            BASE64_NOPAD.encode(&self.hash),
        )
    }

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("$argon2id$v=19$m=")?;
        let (memory, rest) = rest.split_once(",t=")?;
        let (passes, rest) = rest.split_once(",p=1$")?;
        let (salt, hash) = rest.split_once('$')?;
        Some(Self {
            cost: Cost {
                memory_kib: memory.parse().ok()?,
                passes: passes.parse().ok()?,
            },
            salt: BASE64_NOPAD.decode(salt.as_bytes()).ok()?.try_into().ok()?,
            hash: BASE64_NOPAD.decode(hash.as_bytes()).ok()?.try_into().ok()?,
        })
    }
}

impl Hasher {
    /// A hasher that works on `permits` passwords at once. One less than the cores leaves room for everything else.
    #[must_use]
    pub fn new(cost: Cost, permits: usize) -> Self {
        Self(Arc::new(Inner {
            cost,
            permits: Semaphore::new(permits.max(1)),
            waiting: std::sync::atomic::AtomicUsize::new(0),
            buffers: Mutex::new(Vec::new()),
        }))
    }

    /// Hashes a new password. `salt_of` is an earlier hash of the same user, whose salt is used again, so that one run
    /// compares a password with all that the user had.
    ///
    /// # Errors
    /// `Throttling` when too many are waiting.
    pub async fn hash(
        &self,
        password: &Secret<String>,
        salt_of: Option<&Secret<String>>,
        rng: &Rng,
    ) -> Result<Secret<String>, Fault> {
        let salt = salt_of
            .and_then(|earlier| Parsed::read(earlier.expose()))
            .filter(|earlier| earlier.cost == self.0.cost)
            .map_or_else(|| rng.bytes(), |earlier| earlier.salt);
        let hash = self.run(password.clone(), self.0.cost, salt).await?;
        Ok(Secret::new(
            Parsed {
                cost: self.0.cost,
                salt,
                hash,
            }
            .write(),
        ))
    }

    /// Whether a hash costs what hashes cost now. One that cannot be read does not.
    #[must_use]
    pub fn is_current(&self, hash: &Secret<String>) -> bool {
        Parsed::read(hash.expose()).is_some_and(|hash| hash.cost == self.0.cost)
    }

    /// Which of the hashes the password matches, by place. Hashes that share cost and salt cost one run together.
    ///
    /// # Errors
    /// `Throttling` when too many are waiting; `ServiceFailure` for a stored hash that cannot be read.
    pub async fn matching(
        &self,
        password: &Secret<String>,
        hashes: &[Secret<String>],
    ) -> Result<Vec<bool>, Fault> {
        let parsed: Vec<Parsed> = hashes
            .iter()
            .map(|hash| {
                Parsed::read(hash.expose())
                    .ok_or_else(|| Fault::service("a stored password hash is unreadable"))
            })
            .collect::<Result<_, _>>()?;
        let mut runs: Vec<(Cost, [u8; SALT_BYTES], [u8; HASH_BYTES])> = Vec::new();
        for wanted in &parsed {
            if !runs
                .iter()
                .any(|(cost, salt, _)| *cost == wanted.cost && *salt == wanted.salt)
            {
                let hash = self.run(password.clone(), wanted.cost, wanted.salt).await?;
                runs.push((wanted.cost, wanted.salt, hash));
            }
        }
        Ok(parsed
            .iter()
            .map(|wanted| {
                runs.iter().any(|(cost, salt, hash)| {
                    *cost == wanted.cost
                        && *salt == wanted.salt
                        && bool::from(hash.ct_eq(&wanted.hash))
                })
            })
            .collect())
    }

    /// Whether the password is the one of this hash.
    ///
    /// # Errors
    /// As [`Hasher::matching`].
    pub async fn verify(
        &self,
        password: &Secret<String>,
        hash: &Secret<String>,
    ) -> Result<bool, Fault> {
        Ok(self
            .matching(password, std::slice::from_ref(hash))
            .await?
            .first()
            .copied()
            .unwrap_or(false))
    }

    async fn run(
        &self,
        password: Secret<String>,
        cost: Cost,
        salt: [u8; SALT_BYTES],
    ) -> Result<[u8; HASH_BYTES], Fault> {
        use std::sync::atomic::Ordering;

        let busy = || Fault::new(Code::Throttling, "Rate exceeded");
        let inner = self.0.clone();
        if inner.waiting.fetch_add(1, Ordering::Relaxed) >= QUEUE {
            inner.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err(busy());
        }
        let permit = tokio::time::timeout(PATIENCE, inner.permits.acquire()).await;
        inner.waiting.fetch_sub(1, Ordering::Relaxed);
        let Ok(Ok(_permit)) = permit else {
            return Err(busy());
        };
        let worker = inner.clone();
        tokio::task::spawn_blocking(move || {
            let mut blocks = worker.buffers.lock().pop().unwrap_or_default();
            let result = hash_with(&password, cost, &salt, &mut blocks);
            // Only buffers of the present cost are kept; others are rare and would hold memory for nothing.
            for block in &mut blocks {
                block.zeroize();
            }
            if cost == worker.cost {
                worker.buffers.lock().push(blocks);
            }
            result
        })
        .await
        .map_err(Fault::service)?
    }
}

fn hash_with(
    password: &Secret<String>,
    cost: Cost,
    salt: &[u8; SALT_BYTES],
    blocks: &mut Vec<Block>,
) -> Result<[u8; HASH_BYTES], Fault> {
    let failed = |error: argon2::Error| Fault::service(error.to_string());
    let params = Params::new(cost.memory_kib, cost.passes, 1, Some(HASH_BYTES)).map_err(failed)?;
    blocks.resize(params.block_count(), Block::default());
    let mut hash = [0; HASH_BYTES];
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_into_with_memory(
            password.expose().as_bytes(),
            salt,
            &mut hash,
            blocks.as_mut_slice(),
        )
        .map_err(failed)?;
    Ok(hash)
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hasher")
            .field("cost", &self.0.cost)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng;

    use super::*;

    const CHEAP: Cost = Cost {
        memory_kib: 64,
        passes: 1,
    };

    fn rng() -> Rng {
        Rng::new(ChaCha20Rng::from_seed([5; 32]))
    }

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hasher = Hasher::new(CHEAP, 1);
        let hash = hasher
            .hash(&secret("correct horse"), None, &rng())
            .await
            .expect("a hash");
        assert!(
            hasher
                .verify(&secret("correct horse"), &hash)
                .await
                .expect("checked")
        );
        assert!(
            !hasher
                .verify(&secret("correct horsf"), &hash)
                .await
                .expect("checked")
        );
        assert!(!hasher.verify(&secret(""), &hash).await.expect("checked"));
    }

    #[tokio::test]
    async fn passwords_of_one_user_share_a_salt_and_those_of_two_do_not() {
        let (hasher, rng) = (Hasher::new(CHEAP, 1), rng());
        let first = hasher
            .hash(&secret("one"), None, &rng)
            .await
            .expect("a hash");
        let second = hasher
            .hash(&secret("two"), Some(&first), &rng)
            .await
            .expect("a hash");
        let other = hasher
            .hash(&secret("one"), None, &rng)
            .await
            .expect("a hash");
        let salt = |hash: &Secret<String>| Parsed::read(hash.expose()).expect("readable").salt;
        assert_eq!(salt(&first), salt(&second));
        assert_ne!(salt(&first), salt(&other));
        let found = hasher
            .matching(&secret("one"), &[second, first, other])
            .await
            .expect("checked");
        assert_eq!(found, [false, true, true]);
    }

    #[tokio::test]
    async fn a_hash_of_an_older_cost_is_still_checked() {
        let old = Hasher::new(CHEAP, 1);
        let hash = old
            .hash(&secret("one"), None, &rng())
            .await
            .expect("a hash");
        let new = Hasher::new(
            Cost {
                memory_kib: 128,
                passes: 2,
            },
            1,
        );
        assert!(new.verify(&secret("one"), &hash).await.expect("checked"));
    }

    #[tokio::test]
    async fn the_seventy_third_byte_counts() {
        let hasher = Hasher::new(CHEAP, 1);
        let long = "x".repeat(72);
        let hash = hasher
            .hash(&secret(&format!("{long}a")), None, &rng())
            .await
            .expect("a hash");
        assert!(
            !hasher
                .verify(&secret(&format!("{long}b")), &hash)
                .await
                .expect("checked")
        );
    }
}
