//! How much is under way on each route, and how much may be.
//!
//! A domain that is new gets a few messages at a time, one more for each quick answer, and fewer again when answers take
//! long: so a domain that hangs holds a few connections and not all of them. This is the slow start and the multiplicative
//! decrease of TCP (RFC 5681), with messages for segments. It is kept in memory only: after a restart every domain proves
//! itself anew, which takes a second.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::route::{Room, Route};
use crate::store::{Load, Loads};

/// Messages that a domain of which nothing is known gets at once.
const FIRST: usize = 4;
/// An answer within this time is quick.
const QUICK: TimeDelta = TimeDelta::seconds(1);
/// What is under way for longer than this is slow.
const SLOW: TimeDelta = TimeDelta::milliseconds(500);
/// How long the messages of a route are counted together.
const COUNTED: TimeDelta = TimeDelta::seconds(60);
/// Routes kept in mind; beyond, those that are idle are forgotten.
const ROUTES_MAX: usize = 10_000;

/// The routes of a channel.
#[derive(Debug, Default)]
pub(super) struct RouteLoads {
    routes: Mutex<BTreeMap<Room, Usage>>,
}

#[derive(Debug)]
struct Usage {
    /// When each message that is under way set off.
    begun: Vec<DateTime<Utc>>,
    /// How many may be.
    limit: usize,
    /// Messages since a time, and in the stretch before it.
    count: (DateTime<Utc>, u32, u32),
}

impl Usage {
    fn new(now: DateTime<Utc>) -> Self {
        Self { begun: Vec::new(), limit: FIRST, count: (now, 0, 0) }
    }

    fn count_one(&mut self, now: DateTime<Utc>) {
        let (since, n, _) = self.count;
        if now - since >= COUNTED {
            let before = if now - since < COUNTED * 2 { n } else { 0 };
            self.count = (now, 0, before);
        }
        self.count.1 = self.count.1.saturating_add(1);
    }

    fn per_second(&self, now: DateTime<Utc>) -> f64 {
        let (since, n, before) = self.count;
        let stretch = (now - since).min(COUNTED) + if before > 0 { COUNTED } else { TimeDelta::zero() };
        f64::from(n + before) / stretch.as_seconds_f64().max(1.0)
    }
}

impl RouteLoads {
    fn routes(&self) -> MutexGuard<'_, BTreeMap<Room, Usage>> {
        self.routes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things stand. `fixed` are the routes that have connections of their own, with how many.
    pub(super) fn now(&self, fixed: &[(Route, usize)], now: DateTime<Utc>) -> Loads {
        let routes = self.routes();
        let mut busy: BTreeMap<_, _> = routes
            .iter()
            .map(|(room, usage)| {
                let is_slow = usage.begun.iter().min().is_some_and(|begun| now - *begun > SLOW);
                (*room, Load { n_under_way: usage.begun.len(), limit: usage.limit, is_slow })
            })
            .collect();
        for (route, limit) in fixed {
            let free = Load { n_under_way: 0, limit: *limit, is_slow: false };
            busy.entry(route.room()).and_modify(|load| load.limit = *limit).or_insert(free);
        }
        Loads { busy, limit: FIRST }
    }

    /// A message sets off.
    pub(super) fn begin(&self, taken: &[Route], now: DateTime<Utc>) {
        let mut routes = self.routes();
        if routes.len() >= ROUTES_MAX {
            routes.retain(|_, usage| !usage.begun.is_empty());
        }
        for route in taken {
            let usage = routes.entry(route.room()).or_insert_with(|| Usage::new(now));
            usage.begun.push(now);
            usage.count_one(now);
        }
    }

    /// A message that set off at `begun` came to an end; `max` is how many the channel carries. Gives the messages per
    /// second that left by the last of its routes lately.
    pub(super) fn end(&self, taken: &[Route], (begun, now): (DateTime<Utc>, DateTime<Utc>), max: usize) -> f64 {
        let mut routes = self.routes();
        let mut per_second = 0.0;
        for route in taken {
            let Some(usage) = routes.get_mut(&route.room()) else { continue };
            if let Some(at) = usage.begun.iter().position(|known| *known == begun) {
                usage.begun.swap_remove(at);
            }
            usage.limit = if now - begun <= QUICK { (usage.limit + 1).min(max) } else { (usage.limit / 2).max(1) };
            per_second = usage.per_second(now);
        }
        per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    fn domain() -> [Route; 1] {
        [Route::Domain("sole.example".to_owned())]
    }

    fn load(loads: &RouteLoads, now: DateTime<Utc>) -> Load {
        loads.now(&[], now).busy[&domain()[0].room()]
    }

    #[test]
    fn a_quick_domain_gets_one_more_for_each_answer_and_a_slow_one_half() {
        let loads = RouteLoads::default();
        let mut now = noon();
        for n in 0..40 {
            loads.begin(&domain(), now);
            assert_eq!(load(&loads, now), Load { n_under_way: 1, limit: (FIRST + n).min(32), is_slow: false });
            loads.end(&domain(), (now, now + TimeDelta::milliseconds(20)), 32);
            now += TimeDelta::milliseconds(20);
        }
        for limit in [16, 8, 4, 2, 1, 1] {
            loads.begin(&domain(), now);
            assert!(load(&loads, now + TimeDelta::seconds(9)).is_slow);
            loads.end(&domain(), (now, now + TimeDelta::seconds(10)), 32);
            assert_eq!(load(&loads, now), Load { n_under_way: 0, limit, is_slow: false });
        }
    }

    #[test]
    fn routes_with_connections_of_their_own_have_just_these() {
        let loads = RouteLoads::default();
        let gateway = Route::Gateway("kannel".to_owned());
        let fixed = [(gateway.clone(), 8)];
        loads.begin(std::slice::from_ref(&gateway), noon());
        let load = loads.now(&fixed, noon()).busy[&gateway.room()];
        assert_eq!(load, Load { n_under_way: 1, limit: 8, is_slow: false });
    }

    #[test]
    fn what_left_lately_is_counted_over_a_minute_or_two() {
        let loads = RouteLoads::default();
        let mut seen = 0.0;
        for n in 0..600 {
            let now = noon() + TimeDelta::milliseconds(250 * n);
            loads.begin(&domain(), now);
            seen = loads.end(&domain(), (now, now), 32);
        }
        assert!((3.9..4.1).contains(&seen), "{seen} of 4 a second");
    }
}
