//! How much a store holds, and how much room that takes.

use super::view::Pair;

/// What is in a store: its records, their keys included, before any backend adds its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Raw {
    /// How many records.
    pub n_records: u64,
    /// How many bytes.
    pub n_bytes: u64,
}

impl Raw {
    pub(super) fn count(&mut self, pairs: &[Pair]) {
        self.n_records += pairs.len() as u64;
        self.n_bytes += pairs.iter().map(|(key, value)| (key.len() + value.len()) as u64).sum::<u64>();
    }
}

/// How much a store holds, and how much room that takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Its bytes on disk now, without the room that is set aside for a full disk.
    pub disk_bytes: u64,
    /// What was in it when it was last counted; not yet after a start.
    pub raw: Option<Raw>,
}

impl Sizes {
    /// How many times its records the store takes on disk.
    pub fn factor(&self) -> Option<f64> {
        #[expect(clippy::cast_precision_loss, reason = "a factor is for reading")]
        let factor = |raw: Raw| self.disk_bytes as f64 / raw.n_bytes as f64;
        self.raw.filter(|raw| raw.n_bytes > 0).map(factor)
    }
}

/// What compacting came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compacted {
    /// The bytes on disk before.
    pub before_bytes: u64,
    /// What there is now.
    pub after: Sizes,
}
