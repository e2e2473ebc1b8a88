//! Chance that depends on what it is about and on nothing else.
//!
//! Messages leave and answers come in side by side, so draws from one stream would fall differently on every run. Each
//! decision draws from a stream of its own, named after the guest, the day or the link that it is about.

use aws_lc_rs::digest;

use crate::entropy::Entropy;

/// The draws of one decision.
#[derive(Debug)]
pub(super) struct Chance(Entropy);

impl Chance {
    /// The draws of the decision that these words name.
    pub(super) fn about(seed: u64, words: &[&str]) -> Self {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&seed.to_be_bytes());
        for word in words {
            context.update(word.as_bytes());
            context.update(&[0]);
        }
        let digest = context.finish();
        let start = digest.as_ref().first_chunk::<8>().copied().unwrap_or_default();
        Self(Entropy::seeded(u64::from_be_bytes(start)))
    }

    /// A number in `0..1`.
    pub(super) fn fraction(&self) -> f64 {
        self.0.fraction()
    }

    /// Whether something happens that happens in this share of cases.
    pub(super) fn hits(&self, share: f64) -> bool {
        self.fraction() < share
    }

    /// A whole number in `0..n`; 0 when `n` is 0.
    pub(super) fn below(&self, n: u64) -> u64 {
        self.0.bits().checked_rem(n).unwrap_or(0)
    }

    /// A whole number in `from..=to`.
    pub(super) fn between(&self, from: u32, to: u32) -> u32 {
        let n = u64::from(to.saturating_sub(from)) + 1;
        from + u32::try_from(self.below(n)).unwrap_or(0)
    }

    /// One of these.
    pub(super) fn pick<'a, T>(&self, of: &'a [T]) -> Option<&'a T> {
        of.get(usize::try_from(self.below(of.len() as u64)).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(seed: u64, words: &[&str]) -> u64 {
        Chance::about(seed, words).below(u64::MAX)
    }

    #[test]
    fn the_same_words_draw_the_same_and_others_do_not() {
        assert_eq!(first(1, &["visit", "guest-001"]), first(1, &["visit", "guest-001"]));
        assert_ne!(first(1, &["visit", "guest-001"]), first(2, &["visit", "guest-001"]));
        assert_ne!(first(1, &["ab", "c"]), first(1, &["a", "bc"]));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let chance = Chance::about(1, &[]);
        assert!((0..200).all(|_| (3..=5).contains(&chance.between(3, 5))));
        assert_eq!((chance.below(0), chance.pick::<u8>(&[])), (0, None));
        assert!(!chance.hits(0.0) && chance.hits(1.0));
    }
}
