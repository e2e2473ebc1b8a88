//! How fast a route may be used: a rate, a slow-down when the other side asks for one, and a pause when it is in trouble.
//!
//! The rate is a token bucket kept as one instant (the generic cell rate algorithm of ITU-T I.371, in its virtual
//! scheduling form). What is asked to slow down goes at half its speed and comes back slowly. What fails as a whole rests
//! for twice as long each time, and is then tried with a single message: a dead relay costs one message a try, not one
//! per customer. The state is small, is stored with every decision that it allowed, and so survives a restart.

use chrono::{DateTime, TimeDelta, Utc};

/// An allowance that was not used is kept for this long. A timer wakes up a little late, and without it a fast rate could
/// never be reached.
const SLACK: TimeDelta = TimeDelta::milliseconds(100);
/// The first rest after a failure of the whole route; each further one is twice as long.
const REST_FIRST: TimeDelta = TimeDelta::seconds(1);
/// The longest rest that we take by ourselves; the other side may ask for more.
const REST_MAX: TimeDelta = TimeDelta::minutes(5);
/// The longest rest that is taken at the other side's word.
const ASKED_REST_MAX: TimeDelta = TimeDelta::days(1);
/// The rest after a request to slow down that names no time.
const SLOW_DOWN_REST: TimeDelta = TimeDelta::seconds(10);
/// No route is slowed down below this, in messages per second: one a minute finds out when the other side recovers.
const SLOWED_MIN: f64 = 1.0 / 60.0;
/// How often a slowed route is let go faster, and by how much.
const RECOVERY: (TimeDelta, f64) = (TimeDelta::minutes(1), 1.25);
/// A stored instant that lies further ahead than any rate can put it was written by a clock that was wrong.
const AHEAD_MAX: TimeDelta = TimeDelta::hours(1);

/// What is remembered of a route.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RouteState {
    /// When the next message may leave by the rate.
    pub next_at: Option<DateTime<Utc>>,
    /// The speed that the other side put up with, while that is less than what we would like.
    pub slowed: Option<Slowed>,
    /// Nothing leaves before then.
    pub rests_until: Option<DateTime<Utc>>,
    /// Failures of the whole route since the last success.
    pub n_failures: u32,
}

/// A route that was asked to slow down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slowed {
    /// Messages per second now.
    pub per_second: f64,
    /// Messages per second before.
    pub from: f64,
    /// When it was last changed.
    pub since: DateTime<Utc>,
}

/// Whether a message may take a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Now.
    Now,
    /// Not before then.
    At(DateTime<Utc>),
}

impl RouteState {
    /// Whether a message may leave by a route with this rate (messages per second, if limited).
    pub fn turn(&self, rate: Option<f64>, now: DateTime<Utc>) -> Turn {
        let rest = self.rests_until.filter(|until| *until <= now + ASKED_REST_MAX);
        let by_rate = self.interval(rate).and(self.next_at).filter(|at| *at <= now + AHEAD_MAX);
        match rest.max(by_rate) {
            Some(at) if at > now => Turn::At(at),
            Some(_) | None => Turn::Now,
        }
    }

    /// Notes that a message leaves. Gives whether that changed anything.
    pub fn take(&mut self, rate: Option<f64>, now: DateTime<Utc>) -> bool {
        let Some(interval) = self.interval(rate) else { return self.next_at.take().is_some() };
        let saved = self.next_at.filter(|at| *at <= now + AHEAD_MAX).map_or(now - SLACK, |at| at.max(now - SLACK));
        self.next_at = Some(saved + interval);
        true
    }

    /// Whether it is being tried after a failure: then one message at a time is enough.
    pub fn is_on_trial(&self) -> bool {
        self.n_failures > 0
    }

    /// Whether a success would be news.
    pub fn is_in_trouble(&self) -> bool {
        self.n_failures > 0 || self.slowed.is_some() || self.rests_until.is_some()
    }

    /// Whether it is not as it should be: it rests, is slowed down, or failed last and is on trial.
    pub fn is_out_of_order(&self, now: DateTime<Utc>) -> bool {
        self.rests(now).is_some() || self.slowed.is_some() || self.is_on_trial()
    }

    /// Until when nothing leaves by it.
    pub fn rests(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.rests_until.filter(|until| now < *until && *until <= now + ASKED_REST_MAX)
    }

    /// The route failed as a whole; it rests, at least until `not_before` where the other side said so. Failures that were
    /// on their way before the rest began say nothing new. Gives whether this one did.
    pub fn failed(&mut self, now: DateTime<Utc>, not_before: Option<DateTime<Utc>>) -> bool {
        let asked = not_before.map(|at| at.min(now + ASKED_REST_MAX));
        if self.rests_until.is_some_and(|until| now < until) {
            let longer = self.rests_until.max(asked);
            let news = longer != self.rests_until;
            self.rests_until = longer;
            return news;
        }
        let doubled = REST_FIRST.checked_mul(1 << self.n_failures.min(16)).unwrap_or(REST_MAX);
        self.n_failures = self.n_failures.saturating_add(1);
        self.rests_until = Some(now + doubled.min(REST_MAX)).max(asked);
        true
    }

    /// The other side asks to be slower: half of what the rate is, else of what was `observed` lately (messages per
    /// second). What was on its way before the rest began says nothing new. Gives whether this did.
    pub fn slow_down(
        &mut self,
        (rate, observed): (Option<f64>, f64),
        now: DateTime<Utc>,
        not_before: Option<DateTime<Utc>>,
    ) -> bool {
        if self.rests_until.is_some_and(|until| now < until) {
            return false;
        }
        let wish = rate.unwrap_or(observed).max(SLOWED_MIN);
        let (per_second, from) = self.slowed.map_or((wish, wish), |slowed| (slowed.per_second, slowed.from));
        self.slowed = Some(Slowed { per_second: (per_second / 2.0).max(SLOWED_MIN), from, since: now });
        self.rests_until = Some(not_before.map_or(now + SLOW_DOWN_REST, |at| at.min(now + ASKED_REST_MAX)));
        true
    }

    /// The other side took a message. Gives whether that changed anything.
    pub fn succeeded(&mut self, now: DateTime<Utc>) -> bool {
        let was = *self;
        self.n_failures = 0;
        self.rests_until = self.rests_until.filter(|until| now < *until);
        let (pause, factor) = RECOVERY;
        if let Some(slowed) = self.slowed
            && now - slowed.since >= pause
        {
            let faster = Slowed { per_second: slowed.per_second * factor, since: now, ..slowed };
            self.slowed = (faster.per_second < faster.from).then_some(faster);
        }
        was != *self
    }

    /// The time between two messages, where there is a limit.
    fn interval(&self, rate: Option<f64>) -> Option<TimeDelta> {
        let per_second = match (self.slowed, rate) {
            (Some(slowed), Some(rate)) => slowed.per_second.min(rate),
            (Some(slowed), None) => slowed.per_second,
            (None, rate) => rate?,
        };
        let micros = 1e6 / per_second.clamp(1e-4, 1e6);
        #[expect(clippy::cast_possible_truncation, reason = "between a microsecond and three hours, as the clamp says")]
        Some(TimeDelta::microseconds(micros as i64))
    }
}

#[cfg(test)]
mod tests;
