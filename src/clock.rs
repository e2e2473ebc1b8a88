//! The time, as something that is handed in.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The current instant.
    fn now(&self) -> DateTime<Utc>;
}

/// The machine's clock; the only reader of it. It shows microseconds, which is what the store keeps, so that a time read
/// back is the time that was written.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the wall clock")]
    fn now(&self) -> DateTime<Utc> {
        Utc::now().trunc_subsecs(6)
    }
}

/// A clock that stands still until it is told to move: for tests, rehearsals and the demo's time warp.
#[derive(Debug)]
pub struct VirtualClock {
    micros: AtomicI64,
}

impl VirtualClock {
    /// A clock that shows `at`.
    pub fn at(at: DateTime<Utc>) -> Self {
        Self { micros: AtomicI64::new(at.timestamp_micros()) }
    }

    /// Moves on to `at`; a clock never goes back.
    pub fn advance_to(&self, at: DateTime<Utc>) {
        self.micros.fetch_max(at.timestamp_micros(), Ordering::SeqCst);
    }

    /// Moves on by `by`.
    pub fn advance(&self, by: TimeDelta) {
        self.advance_to(self.now() + by);
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_micros(self.micros.load(Ordering::SeqCst)).unwrap_or_default()
    }
}

/// A clock for a past that is played fast and a present that runs on: it stands still while somebody moves it, and goes
/// with the machine otherwise. It never goes back.
#[derive(Debug)]
pub struct WarpClock {
    pace: Mutex<Pace>,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    Standing { at: DateTime<Utc> },
    Running { from: DateTime<Utc>, since: Instant },
}

impl Pace {
    fn shows(self) -> DateTime<Utc> {
        match self {
            Self::Standing { at } => at,
            Self::Running { from, since } => {
                let elapsed = TimeDelta::from_std(since.elapsed()).unwrap_or(TimeDelta::MAX);
                from.checked_add_signed(elapsed).unwrap_or(from)
            }
        }
    }
}

impl WarpClock {
    /// A clock that stands still and shows `at`.
    pub fn standing_at(at: DateTime<Utc>) -> Self {
        Self { pace: Mutex::new(Pace::Standing { at }) }
    }

    /// Stops it at the time that it shows.
    pub fn stand(&self) {
        self.set(|shown| Pace::Standing { at: shown });
    }

    /// Lets it go on from the time that it shows, as fast as the machine's.
    pub fn run(&self) {
        self.set(|shown| Pace::Running { from: shown, since: Instant::now() });
    }

    /// Moves it on to `at`, whether it stands or runs.
    pub fn advance_to(&self, at: DateTime<Utc>) {
        let mut pace = self.pace();
        let at = at.max(pace.shows());
        *pace = match *pace {
            Pace::Standing { .. } => Pace::Standing { at },
            Pace::Running { .. } => Pace::Running { from: at, since: Instant::now() },
        };
    }

    fn set(&self, next: impl FnOnce(DateTime<Utc>) -> Pace) {
        let mut pace = self.pace();
        *pace = next(pace.shows());
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for WarpClock {
    fn now(&self) -> DateTime<Utc> {
        self.pace().shows()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warp_clock_stands_until_it_is_moved_and_never_goes_back() {
        let start = DateTime::UNIX_EPOCH;
        let clock = WarpClock::standing_at(start);
        assert_eq!(clock.now(), start);
        clock.advance_to(start + TimeDelta::days(1));
        clock.advance_to(start);
        assert_eq!(clock.now(), start + TimeDelta::days(1));
    }

    #[test]
    fn a_running_warp_clock_goes_on_from_where_it_stood_and_can_still_be_moved() {
        let start = DateTime::UNIX_EPOCH;
        let clock = WarpClock::standing_at(start);
        clock.run();
        let first = clock.now();
        assert!(start <= first && first <= clock.now());
        clock.advance_to(start + TimeDelta::days(7));
        assert!(clock.now() >= start + TimeDelta::days(7));
        clock.stand();
        assert_eq!(clock.now(), clock.now());
    }
}
