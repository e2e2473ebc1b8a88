//! What may be spent by a gateway on a day.
//!
//! Nobody knows what a message takes before it is written, and what it took before it has left. So each message is granted
//! the most that it may take, as long as the day has that; what it did not take is given back afterwards, and what nobody
//! ever comes back for stays spent. So the day's limit is never passed, whatever breaks. Where less is left than a message
//! could take, it is granted what is left, and goes if it needs no more.

use crate::domain::attempt::{TEXT_SEGMENTS_MAX, TextCost};
use crate::domain::price::Price;

/// What operations allow a gateway on a day: as long as both are left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayLimit {
    /// So many segments.
    pub segments: Option<u32>,
    /// So much money.
    pub money: Option<Price>,
    /// What a segment costs.
    pub price: Option<Price>,
}

/// What was spent on a day, with what was granted and not given back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spent {
    /// Segments.
    pub n_segments: u64,
    /// Millionths of the currency that the gateway's price is in.
    pub millionths: u64,
    /// Segments that a message needed which were not left; while fewer are, no other message is tried.
    pub n_wanted: u8,
}

/// What one message may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Segments.
    pub n_segments: u8,
    /// What they cost, in millionths.
    pub millionths: u64,
}

impl DayLimit {
    /// What the next message may take; `None` when nothing more may leave.
    pub fn grant(&self, spent: Spent) -> Option<Grant> {
        let n_segments = self.left(spent).min(TEXT_SEGMENTS_MAX.into());
        let n_segments = u8::try_from(n_segments).ok().filter(|n| *n >= spent.n_wanted.max(1))?;
        let millionths = self.price.map_or(0, |price| price.times(n_segments.into()).millionths);
        Some(Grant { n_segments, millionths })
    }

    /// The segments that are left.
    pub fn left(&self, spent: Spent) -> u64 {
        let by_number = self.segments.map(|limit| u64::from(limit).saturating_sub(spent.n_segments));
        let by_money = self
            .money
            .zip(self.price)
            .and_then(|(limit, price)| limit.millionths.saturating_sub(spent.millionths).checked_div(price.millionths));
        by_number.into_iter().chain(by_money).min().unwrap_or(u64::MAX)
    }

    /// How much of it is spent: 1 is all.
    pub fn ratio(&self, spent: Spent) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a share to look at")]
        let share = |part: u64, whole: u64| part as f64 / whole as f64;
        let by_number = self.segments.map(|limit| share(spent.n_segments, limit.into()));
        let by_money = self.money.map(|limit| share(spent.millionths, limit.millionths));
        by_number.into_iter().chain(by_money).fold(0.0, f64::max)
    }
}

impl Spent {
    /// With what a message was granted.
    #[must_use]
    pub fn granted(self, grant: Grant) -> Self {
        let n_segments = self.n_segments.saturating_add(grant.n_segments.into());
        Self { n_segments, millionths: self.millionths.saturating_add(grant.millionths), ..self }
    }

    /// With what a message took, in the place of what it was granted.
    #[must_use]
    pub fn settled(self, grant: Grant, cost: Option<TextCost>) -> Self {
        let n_segments = self.n_segments.saturating_sub(grant.n_segments.into());
        let millionths = self.millionths.saturating_sub(grant.millionths);
        let taken = cost.map_or(Grant { n_segments: 0, millionths: 0 }, |cost| Grant {
            n_segments: cost.n_segments,
            millionths: cost.total().map_or(0, |total| total.millionths),
        });
        Self { n_segments, millionths, ..self }.granted(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(segments: Option<u32>, money: Option<&str>) -> DayLimit {
        let price = |text| Price::parse(text).unwrap();
        DayLimit { segments, money: money.map(price), price: Some(price("0.10 EUR")) }
    }

    #[track_caller]
    fn check(limit: DayLimit, (n_segments, n_wanted): (u64, u8), expected: Option<u8>) {
        let spent = Spent { n_segments, millionths: n_segments * 100_000, n_wanted };
        assert_eq!(limit.grant(spent).map(|grant| grant.n_segments), expected, "{limit:?} {spent:?}");
    }

    #[test]
    fn a_message_is_granted_the_most_it_may_take_or_what_is_left() {
        check(limit(Some(100), None), (0, 0), Some(10));
        check(limit(Some(100), None), (90, 0), Some(10));
        check(limit(Some(100), None), (97, 0), Some(3));
        check(limit(Some(100), None), (100, 0), None);
        check(limit(Some(100), None), (120, 0), None);
        check(limit(None, Some("10 EUR")), (99, 0), Some(1));
        check(limit(None, Some("10.05 EUR")), (100, 0), None);
        check(limit(Some(50), Some("10 EUR")), (49, 0), Some(1));
        check(limit(Some(500), Some("10 EUR")), (98, 0), Some(2));
    }

    #[test]
    fn what_did_not_fit_shuts_the_day_until_more_is_left() {
        check(limit(Some(100), None), (98, 3), None);
        check(limit(Some(100), None), (97, 3), Some(3));
    }

    #[test]
    fn what_was_not_taken_is_given_back() {
        let price = limit(None, None).price;
        let grant = Grant { n_segments: 10, millionths: 1_000_000 };
        let spent = Spent::default().granted(grant);
        assert_eq!(spent.settled(grant, None), Spent::default());
        let taken = spent.settled(grant, Some(TextCost { n_segments: 2, price }));
        assert_eq!((taken.n_segments, taken.millionths), (2, 200_000));
    }
}
