//! How many messages a second leave, over all connections.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How long an unused allowance is kept: after a pause, the messages of this time may leave at once. A timer wakes up a
/// millisecond late, and without this a fast rate could never be reached.
const SLACK: Duration = Duration::from_millis(100);

/// Longest wait for a turn; whoever would wait longer is told when to come back instead.
pub(super) const TURN_WAIT_MAX: Duration = Duration::from_secs(10);

/// A token bucket, kept as the instant at which the next message may leave (the generic cell rate algorithm of ITU-T
/// I.371 in its virtual scheduling form).
#[derive(Debug)]
pub(super) struct Rate {
    interval: Duration,
    next: Mutex<Option<Instant>>,
}

impl Rate {
    /// One message per `interval`.
    pub(super) fn every(interval: Duration) -> Self {
        Self { interval, next: Mutex::new(None) }
    }

    /// The instant of our turn, which is now taken; or how long it would be until then, and nothing is taken.
    pub(super) fn take(&self, now: Instant) -> Result<Instant, Duration> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let earliest = now.checked_sub(SLACK).unwrap_or(now);
        let turn = next.map_or(earliest, |next| next.max(earliest));
        let wait = turn.saturating_duration_since(now);
        if wait > TURN_WAIT_MAX {
            return Err(wait);
        }
        *next = Some(turn + self.interval);
        Ok(turn.max(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_steady_stream_leaves_at_its_rate() {
        let (rate, start) = (Rate::every(SECOND / 50), Instant::now());
        let turns: Vec<_> = (0..106).map(|_| rate.take(start).unwrap() - start).collect();
        assert_eq!(turns[0], Duration::ZERO);
        assert_eq!(turns[105], 2 * SECOND, "the five of the slack, then one every 20 ms");
    }

    #[test]
    fn a_long_pause_is_not_saved_up() {
        let (rate, start) = (Rate::every(SECOND / 10), Instant::now());
        rate.take(start).unwrap();
        let later = start + 3600 * SECOND;
        let turns: Vec<_> = (0..3).map(|_| rate.take(later).unwrap() - later).collect();
        assert_eq!(turns, [Duration::ZERO, Duration::ZERO, SECOND / 10]);
    }

    #[test]
    fn nobody_waits_longer_than_the_limit_and_nothing_is_taken_then() {
        let (rate, start) = (Rate::every(6 * SECOND), Instant::now());
        rate.take(start).unwrap();
        rate.take(start).unwrap();
        let wait = rate.take(start).unwrap_err();
        assert!(wait > TURN_WAIT_MAX);
        assert_eq!(rate.take(start), Err(wait));
        assert!(rate.take(start + 2 * SECOND).is_ok());
    }
}
