//! Chance, as something that is handed in.

use std::sync::Mutex;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A source of random numbers: the system's for the daemon, a seed for tests and rehearsals.
pub struct Entropy {
    generator: Mutex<StdRng>,
}

impl Entropy {
    /// Numbers that nobody can foresee.
    #[expect(clippy::missing_panics_doc, reason = "an operating system without randomness cannot run TLS either")]
    pub fn of_system() -> Self {
        let mut seed = [0; 32];
        aws_lc_rs::rand::fill(&mut seed).expect("the operating system always has randomness");
        Self { generator: Mutex::new(StdRng::from_seed(seed)) }
    }

    /// The same numbers for the same seed.
    pub fn seeded(seed: u64) -> Self {
        Self { generator: Mutex::new(StdRng::seed_from_u64(seed)) }
    }

    fn with<T>(&self, draw: impl FnOnce(&mut StdRng) -> T) -> T {
        draw(&mut self.generator.lock().unwrap_or_else(std::sync::PoisonError::into_inner))
    }

    /// 64 random bits.
    pub fn bits(&self) -> u64 {
        self.with(Rng::next_u64)
    }

    /// Random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        self.with(|generator| {
            let mut bytes = [0; N];
            generator.fill_bytes(&mut bytes);
            bytes
        })
    }

    /// A number in `0..1`.
    pub fn fraction(&self) -> f64 {
        self.with(rand::RngExt::random::<f64>)
    }
}

impl std::fmt::Debug for Entropy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Entropy(…)")
    }
}
