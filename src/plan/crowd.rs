//! How many answers are believed from one place: a place that many people share has a flow, and somebody with a script has
//! a flood.
//!
//! Each place has an allowance an hour that fills up evenly and is never more than an hour's worth, kept as one instant
//! (the generic cell rate algorithm of ITU-T I.371). What is over it takes nothing away, so that it fills up during a flood
//! too, and who comes after one is believed again.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};

/// Places that are remembered at most. A place that is forgotten has its whole allowance again.
const PLACES_MAX: usize = 100_000;
/// What an allowance is counted by, and the most that is saved up.
const HOUR: TimeDelta = TimeDelta::hours(1);

/// The mark of a place: a keyed hash of it, so that nothing here says where anybody was.
pub type Mark = [u8; 8];

/// Places, and when each of them will have its whole allowance again.
#[derive(Clone, Debug, Default)]
pub struct Crowd {
    whole_at: HashMap<Mark, DateTime<Utc>>,
}

impl Crowd {
    /// Takes one answer from the allowances of all places that it comes from, each with so many an hour; where one of them has
    /// none left, it takes nothing and gives the first such.
    pub fn take(&mut self, places: &[(Mark, u32)], now: DateTime<Utc>) -> Result<(), usize> {
        let whole: Vec<_> =
            places.iter().map(|(place, per_hour)| self.after_one_more(*place, *per_hour, now)).collect();
        if let Some(over) = whole.iter().position(Option::is_none) {
            return Err(over);
        }
        for ((place, _), whole_at) in places.iter().zip(whole.into_iter().flatten()) {
            if self.whole_at.len() >= PLACES_MAX && !self.whole_at.contains_key(place) {
                self.forget(now);
            }
            self.whole_at.insert(*place, whole_at);
        }
        Ok(())
    }

    /// When the place will have its whole allowance again after one more answer; `None` when there is none left.
    fn after_one_more(&self, place: Mark, per_hour: u32, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let each = i32::try_from(per_hour).ok().filter(|n| *n > 0).map(|n| HOUR / n)?;
        // A clock that was set back leaves instants that are further ahead than any answer can put them.
        let known = self.whole_at.get(&place).copied().filter(|at| *at <= now + HOUR);
        let whole_at = known.map_or(now, |at| at.max(now)) + each;
        Some(whole_at).filter(|at| *at <= now + HOUR)
    }

    /// Forgets the half that matters least: places whose allowance is nearest to being whole.
    fn forget(&mut self, now: DateTime<Utc>) {
        self.whole_at.retain(|_, at| *at > now);
        if self.whole_at.len() < PLACES_MAX {
            return;
        }
        let mut instants: Vec<_> = self.whole_at.values().copied().collect();
        let (_, median, _) = instants.select_nth_unstable(PLACES_MAX / 2);
        let median = *median;
        self.whole_at.retain(|_, at| *at > median);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        "2026-03-04T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_flood_takes_nothing_from_those_who_come_before_and_after_it() {
        let (mut crowd, place) = (Crowd::default(), [([1; 8], 20)]);
        // Guests, one every six minutes.
        let guests = |crowd: &mut Crowd, from: DateTime<Utc>| {
            (0..20).filter(|n| crowd.take(&place, from + TimeDelta::minutes(6 * n)).is_ok()).count()
        };
        assert_eq!(guests(&mut crowd, noon()), 20);
        let flood = noon() + TimeDelta::hours(3);
        let at = |n: i64| flood + TimeDelta::milliseconds(10 * n);
        assert_eq!((0..10_000).filter(|n| crowd.take(&place, at(*n)).is_ok()).count(), 20);
        assert_eq!(crowd.take(&place, at(10_100)), Err(0));
        assert_eq!(crowd.take(&[([2; 8], 20)], flood), Ok(()), "another place has an allowance of its own");
        assert_eq!(guests(&mut crowd, flood + TimeDelta::minutes(6)), 20);
    }

    #[test]
    fn what_is_over_at_one_place_takes_nothing_from_another() {
        let (mut crowd, network, card) = (Crowd::default(), ([1; 8], 5), ([2; 8], 2));
        for expected in [Ok(()), Ok(()), Err(1), Err(1), Err(1), Err(1)] {
            assert_eq!(crowd.take(&[network, card], noon()), expected);
        }
        for expected in [Ok(()), Ok(()), Ok(()), Err(0)] {
            assert_eq!(crowd.take(&[network], noon()), expected);
        }
    }

    #[test]
    fn a_clock_that_is_set_back_shuts_nobody_out() {
        let (mut crowd, place) = (Crowd::default(), [([1; 8], 20)]);
        assert!((0..20).all(|_| crowd.take(&place, noon()).is_ok()));
        assert_eq!(crowd.take(&place, noon()), Err(0));
        assert_eq!(crowd.take(&place, noon() - TimeDelta::hours(5)), Ok(()));
        assert_eq!(crowd.take(&[([1; 8], 0)], noon()), Err(0));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut crowd = Crowd::default();
        let last = PLACES_MAX as u64 + 9;
        for n in 0..=last {
            assert_eq!(crowd.take(&[(n.to_be_bytes(), 20)], noon() + TimeDelta::milliseconds(n.cast_signed())), Ok(()));
        }
        assert!(crowd.whole_at.len() <= PLACES_MAX / 2 + 10, "{}", crowd.whole_at.len());
        assert!(crowd.whole_at.contains_key(&last.to_be_bytes()));
    }
}
