//! A gateway's pace: so many messages a second, evenly, and a pause when the gateway asks for one.
//!
//! Only the earliest instant of the next message is kept. There is no burst to save up: a gateway that allows ten a
//! second means any second. The time is monotonic and an argument, so a step of the wall clock changes nothing.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// When the next message may leave.
#[derive(Debug)]
pub(super) struct Pace {
    /// Between two messages; zero for no limit.
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Pace {
    /// A pace of so many messages a second, or none.
    pub(super) fn of(per_second: Option<f64>) -> Self {
        let interval = per_second.and_then(|rate| Duration::try_from_secs_f64(1.0 / rate).ok()).unwrap_or_default();
        Self { interval, next: Mutex::new(None) }
    }

    /// Takes the next turn and says how long to wait for it. Where that is longer than `wait_max` no turn is taken,
    /// and the error is how long it would have been.
    pub(super) fn take_turn(&self, now: Instant, wait_max: Duration) -> Result<Duration, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = next.map_or(now, |next| next.max(now));
        let wait = turn.duration_since(now);
        if wait > wait_max {
            return Err(wait);
        }
        *next = Some(turn + self.interval);
        Ok(wait)
    }

    /// Lets nobody through for a while; a shorter pause never ends a longer one.
    pub(super) fn pause(&self, now: Instant, pause: Duration) {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        *next = (*next).max(now.checked_add(pause));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn ten_a_second_leave_a_tenth_of_a_second_apart() {
        let (pace, now) = (Pace::of(Some(10.0)), Instant::now());
        let waits: Vec<_> = (0..3).map(|_| pace.take_turn(now, SECOND).unwrap()).collect();
        assert_eq!(waits, [0, 100, 200].map(Duration::from_millis));
        assert_eq!(pace.take_turn(now + SECOND, SECOND), Ok(Duration::ZERO), "idle time is not saved up");
        assert_eq!(pace.take_turn(now + SECOND, SECOND), Ok(Duration::from_millis(100)));
    }

    #[test]
    fn a_wait_that_is_too_long_takes_no_turn() {
        let (pace, now) = (Pace::of(Some(0.5)), Instant::now());
        assert_eq!(pace.take_turn(now, SECOND), Ok(Duration::ZERO));
        assert_eq!(pace.take_turn(now, SECOND), Err(2 * SECOND));
        assert_eq!(pace.take_turn(now + SECOND, SECOND), Ok(SECOND));
    }

    #[test]
    fn a_pause_holds_everybody_up_also_without_a_rate() {
        let (pace, now) = (Pace::of(None), Instant::now());
        assert_eq!(pace.take_turn(now, SECOND), Ok(Duration::ZERO));
        pace.pause(now, 30 * SECOND);
        pace.pause(now, 5 * SECOND);
        assert_eq!(pace.take_turn(now, SECOND), Err(30 * SECOND));
        assert_eq!(pace.take_turn(now + 30 * SECOND, SECOND), Ok(Duration::ZERO));
    }
}
