//! When a deferred attempt is tried again: exponential with bounded jitter.
//!
//! The wait doubles so that a struggling relay is left in peace, and chance spreads the retries of one outage so that
//! they do not come back as one wave. A peer that says when to come back is believed.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

/// The longest `Retry-After` that is taken at its word. No invitation lives that long, so a longer one changes nothing.
pub const RETRY_AFTER_MAX: TimeDelta = TimeDelta::days(90);

/// How the waits between the tries of one attempt grow.
///
/// A wait is never shorter than `first`, never longer than `longest`, and `spread` of it is left to chance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryRule {
    /// The wait after the first try, before chance adds to it. Negative counts as zero.
    pub first: TimeDelta,
    /// What each further wait is multiplied by. Zero counts as one.
    pub factor: u32,
    /// No wait is longer, chance included, unless the peer asks for more. Less than `first` counts as `first`.
    pub longest: TimeDelta,
    /// The largest share of the wait that chance adds to it, 0 to 1.
    pub spread: f64,
}

impl RetryRule {
    /// Email: 10 minutes, doubling, at most 4 hours. Ten minutes outlast the usual greylisting of five.
    pub const EMAIL: Self =
        Self { first: TimeDelta::minutes(10), factor: 2, longest: TimeDelta::hours(4), spread: 0.25 };
    /// SMS: 1 minute, doubling, at most 30 minutes. Gateways recover faster than mail relays.
    pub const SMS: Self =
        Self { first: TimeDelta::minutes(1), factor: 2, longest: TimeDelta::minutes(30), spread: 0.25 };

    /// The wait after `n_tries` tries before chance adds to it, in milliseconds.
    fn base_millis(&self, n_tries: u32) -> i64 {
        let first = self.first.num_milliseconds().max(0);
        // Room for chance is kept below the limit, or all long waits would end at the same moment.
        let limit = real(self.longest.num_milliseconds()) / (1.0 + clamped(self.spread));
        let doublings = n_tries.saturating_sub(1);
        let factor = i64::from(self.factor.max(1)).checked_pow(doublings).unwrap_or(i64::MAX);
        first.saturating_mul(factor).min(whole(limit)).max(first)
    }
}

/// The instant of the next try, after `n_tries` tries (counted from 1; 0 counts as 1) of which the last ended at `now`.
///
/// `jitter` is chance, from 0 (earliest) to 1 (latest); anything else is moved into that range. The result is never
/// earlier than `now + retry_after`, which is what the peer asked for (believed up to [`RETRY_AFTER_MAX`]); jitter comes
/// on top, so that everybody told the same does not come back at the same moment.
pub fn retry_at(
    rule: &RetryRule,
    n_tries: u32,
    now: DateTime<Utc>,
    jitter: f64,
    retry_after: Option<Duration>,
) -> DateTime<Utc> {
    let base = rule.base_millis(n_tries);
    let limit = rule.longest.num_milliseconds().max(base);
    let chance = whole(real(base) * clamped(rule.spread) * clamped(jitter)).min(limit - base);
    // The fraction of a millisecond that is cut off is rounded up: later is allowed, earlier is not.
    let asked = retry_after.map_or(0, |wait| i64::try_from(wait.as_millis()).unwrap_or(i64::MAX).saturating_add(1));
    let wait = base.max(asked.min(RETRY_AFTER_MAX.num_milliseconds())).saturating_add(chance);
    let wait = TimeDelta::try_milliseconds(wait).unwrap_or(TimeDelta::MAX);
    now.checked_add_signed(wait).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// `value` moved into 0 to 1; what is no number counts as 0.
fn clamped(value: f64) -> f64 {
    if value.is_nan() { 0.0 } else { value.clamp(0.0, 1.0) }
}

#[expect(clippy::cast_precision_loss, reason = "waits are far below 2^53 ms, and a lost millisecond would not matter")]
fn real(millis: i64) -> f64 {
    millis as f64
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a float cast saturates, and fractions of a millisecond do not matter"
)]
fn whole(millis: f64) -> i64 {
    millis as i64
}

#[cfg(test)]
mod tests;
