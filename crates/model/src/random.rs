//! The one place where randomness comes from: secrets, tokens and nonces. Ids are counted, never drawn.
//!
//! Nothing else in Caravan asks the machine for random bytes (`clippy.toml` refuses it), so that tests can repeat what
//! was drawn. Sample data has its own, seeded generator.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::sample::SplitMix64;

/// Where randomness comes from. Cheap to clone; clones share one stream.
#[derive(Debug, Clone)]
pub enum Random {
    /// The operating system's, fit for secrets.
    System,
    /// A repeatable stream, for tests only.
    Seeded(Arc<AtomicU64>),
}

impl Random {
    /// A repeatable stream that starts at `seed`.
    pub fn seeded(seed: u64) -> Self {
        Self::Seeded(Arc::new(AtomicU64::new(seed)))
    }

    /// `N` random bytes.
    ///
    /// # Panics
    /// When the operating system gives none: a secret that can be guessed would be worse.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        match self {
            Self::System => fill_from_system(&mut bytes),
            Self::Seeded(state) => {
                for chunk in bytes.chunks_mut(8) {
                    let number = SplitMix64::new(state.fetch_add(1, Ordering::Relaxed)).next();
                    chunk.copy_from_slice(number.to_le_bytes().split_at(chunk.len()).0);
                }
            }
        }
        bytes
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that may ask the machine for random bytes")]
#[expect(clippy::expect_used, reason = "without randomness there must be no secrets")]
fn fill_from_system(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_draws_the_same_bytes_and_never_twice_the_same() {
        let (one, two) = (Random::seeded(7), Random::seeded(7));
        let first: [u8; 20] = one.bytes();
        assert_eq!(first, two.bytes::<20>());
        assert_ne!(first, one.bytes::<20>());
    }

    #[test]
    fn the_system_draws_something_else_each_time() {
        assert_ne!(Random::System.bytes::<32>(), Random::System.bytes::<32>());
    }
}
