//! A share with its base and its interval, and how large a base must be to say anything (METRICS §1).
//!
//! A share keeps its two counts and is divided when it is read, so the same cases in any order give the same bits.

use crate::score::interval::{Interval, real, wilson};

/// How interval and share are computed, in JSON.
pub const METHOD: &str = "wilson";

/// Some of a number of cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How many of them.
    pub hits: u64,
    /// The base.
    pub n: u64,
    /// What its interval speaks of.
    pub kind: Kind,
}

/// What an interval speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A cohort that was invited.
    Sampling,
    /// People who came by: the spread of these answers only, which says nothing about those who did not answer.
    Nominal,
}

impl Kind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sampling => "sampling",
            Self::Nominal => "nominal",
        }
    }
}

impl Share {
    /// A share of an invited cohort.
    pub fn sampling(hits: u64, n: u64) -> Self {
        Self { hits, n, kind: Kind::Sampling }
    }

    /// A share of those who came by.
    pub fn nominal(hits: u64, n: u64) -> Self {
        Self { hits, n, kind: Kind::Nominal }
    }

    /// The fraction, in `0..=1`. `None` when there is nothing to divide by, or when the base misses some of the hits:
    /// then the two were not counted over the same time, and no fraction of them means anything.
    pub fn value(&self) -> Option<f64> {
        (self.n > 0 && self.hits <= self.n).then(|| real(self.hits) / real(self.n))
    }

    /// Its 95 % Wilson interval, where it has a value.
    pub fn interval(&self) -> Option<Interval> {
        wilson(self.hits, self.n)
    }

    /// How much its base can carry.
    pub fn base(&self) -> Base {
        Base::of(self.n)
    }
}

/// How much a base can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// Fewer than 5: single cases, and perhaps single people.
    Tiny,
    /// 5 to 29: no rank, no arrow, no target.
    Low,
    /// 30 to 99: with its interval.
    Medium,
    /// 100 and more: may be ranked.
    Large,
}

impl Base {
    /// The base of `n` cases.
    pub fn of(n: u64) -> Self {
        match n {
            0..5 => Self::Tiny,
            5..30 => Self::Low,
            30..100 => Self::Medium,
            100.. => Self::Large,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tiny => "tiny",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::Large => "large",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_has_no_value() {
        assert_eq!(Share::sampling(0, 0).value(), None);
        assert_eq!(Share::sampling(0, 0).interval(), None);
        assert_eq!(Share::nominal(3, 2).value(), None);
        assert_eq!(Share::nominal(3, 2).interval(), None);
        assert_eq!(Share::sampling(1, 4).value(), Some(0.25));
    }

    #[test]
    fn a_base_changes_its_word_at_5_30_and_100() {
        let words = [0, 4, 5, 29, 30, 99, 100].map(|n| Base::of(n).as_str());
        assert_eq!(words, ["tiny", "tiny", "low", "low", "medium", "medium", "large"]);
    }
}
