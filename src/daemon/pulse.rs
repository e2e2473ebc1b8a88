//! What the daemon did lately: how much left, and what went wrong.
//!
//! It is kept in memory, within bounds, and gone with the process: what must outlive it is in the records of the
//! invitations. What went wrong is kept without the words of whoever said it, which may name an address.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};

use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::journey::Channel;
use crate::domain::route::Route;

/// Seconds that are counted together.
const SLOT_SECONDS: i64 = 5;
/// The spans that rates are told of, in minutes.
pub const SPANS_MINUTES: [u16; 3] = [1, 5, 15];
/// Slots that are kept: as many as the longest span has.
const SLOTS_MAX: usize = 180;
/// Kinds of errors that are kept. The same error of the same route counts up, so an outage does not push others out.
pub const ERRORS_MAX: usize = 20;
/// The longest that is kept of our own words about an error, in characters.
const WORDS_CHARS_MAX: usize = 100;
/// So many digits in a row may be somebody's number.
const DIGITS_MAX: usize = 4;

/// What the daemon did lately.
#[derive(Debug, Default)]
pub struct Pulse {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    begun_at: Option<DateTime<Utc>>,
    slots: VecDeque<Slot>,
    errors: Vec<LastError>,
}

#[derive(Debug)]
struct Slot {
    /// Which stretch of [`SLOT_SECONDS`], counted from 1970.
    number: i64,
    email: Outcomes,
    sms: Outcomes,
}

/// Messages by what came of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes {
    /// The channel took them.
    pub n_sent: u64,
    /// The channel will never take them.
    pub n_failed: u64,
    /// They come again later.
    pub n_deferred: u64,
    /// Nobody can say.
    pub n_unknown: u64,
}

/// Something that went wrong, as often as it did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastError {
    /// When it was last seen.
    pub at: DateTime<Utc>,
    /// How often, since it is kept.
    pub n: u64,
    /// By which channel.
    pub channel: Channel,
    /// On which route.
    pub route: Option<Route>,
    /// What it meant for the message: `deferred`, `refused` or `unknown`.
    pub outcome: &'static str,
    /// The code that the other side gave, or our own words where it gave none.
    pub what: String,
}

impl Pulse {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The daemon begins to serve.
    pub fn begin(&self, now: DateTime<Utc>) {
        self.kept().begun_at = Some(now);
    }

    /// Since when the daemon serves; `None` where none does, and somebody else has opened its store.
    pub fn begun_at(&self) -> Option<DateTime<Utc>> {
        self.kept().begun_at
    }

    /// Something came of a message that took these routes.
    pub fn note(&self, channel: Channel, routes: &[Route], outcome: &Outcome, now: DateTime<Utc>) {
        let mut kept = self.kept();
        kept.count(channel, outcome, now);
        let route = match outcome {
            // Our own limit is nothing that went wrong.
            Outcome::Accepted { .. } | Outcome::Deferred { obstacle: Obstacle::DayLimit { .. }, .. } => return,
            Outcome::Deferred { obstacle: Obstacle::Route { .. }, .. } | Outcome::Unknown { .. } => routes.first(),
            Outcome::Deferred { .. } | Outcome::Refused { .. } => routes.last(),
        };
        let (outcome, what) = (outcome.as_str(), without_names(&outcome.reply()));
        kept.keep_error(LastError { at: now, n: 1, channel, route: route.cloned(), outcome, what });
    }

    /// What came of messages of a channel within the last `minutes`, up to a slot.
    pub fn within(&self, channel: Channel, minutes: u16, now: DateTime<Utc>) -> Outcomes {
        let newest = slot_of(now);
        let oldest = newest - i64::from(minutes) * 60 / SLOT_SECONDS;
        let mut sum = Outcomes::default();
        for slot in self.kept().slots.iter().filter(|slot| (oldest + 1..=newest).contains(&slot.number)) {
            sum.add(slot.of(channel));
        }
        sum
    }

    /// What went wrong lately, the latest first.
    pub fn errors(&self) -> Vec<LastError> {
        let mut errors = self.kept().errors.clone();
        errors.sort_by_key(|error| std::cmp::Reverse(error.at));
        errors
    }
}

fn slot_of(at: DateTime<Utc>) -> i64 {
    at.timestamp().div_euclid(SLOT_SECONDS)
}

impl Kept {
    fn count(&mut self, channel: Channel, outcome: &Outcome, now: DateTime<Utc>) {
        let number = slot_of(now);
        // Slots that lie ahead were counted by a clock that has been set back since.
        while self.slots.back().is_some_and(|slot| slot.number > number) {
            self.slots.pop_back();
        }
        if self.slots.back().is_none_or(|slot| slot.number < number) {
            self.slots.push_back(Slot { number, email: Outcomes::default(), sms: Outcomes::default() });
        }
        while self.slots.len() > SLOTS_MAX {
            self.slots.pop_front();
        }
        let Some(slot) = self.slots.back_mut() else { return };
        let counted = match channel {
            Channel::Email => &mut slot.email,
            Channel::Sms => &mut slot.sms,
        };
        match outcome {
            Outcome::Accepted { .. } => counted.n_sent += 1,
            Outcome::Refused { .. } => counted.n_failed += 1,
            Outcome::Deferred { .. } => counted.n_deferred += 1,
            Outcome::Unknown { .. } => counted.n_unknown += 1,
        }
    }

    fn keep_error(&mut self, new: LastError) {
        let is_same = |known: &&mut LastError| {
            (known.channel, &known.route, known.outcome, &known.what)
                == (new.channel, &new.route, new.outcome, &new.what)
        };
        if let Some(known) = self.errors.iter_mut().find(is_same) {
            known.n += 1;
            known.at = new.at;
            return;
        }
        if self.errors.len() >= ERRORS_MAX
            && let Some((oldest, _)) = self.errors.iter().enumerate().min_by_key(|(_, error)| error.at)
        {
            self.errors.swap_remove(oldest);
        }
        self.errors.push(new);
    }
}

impl Slot {
    fn of(&self, channel: Channel) -> Outcomes {
        match channel {
            Channel::Email => self.email,
            Channel::Sms => self.sms,
        }
    }
}

impl Outcomes {
    fn add(&mut self, other: Self) {
        self.n_sent += other.n_sent;
        self.n_failed += other.n_failed;
        self.n_deferred += other.n_deferred;
        self.n_unknown += other.n_unknown;
    }
}

/// What may be repeated of a reply. One of a server begins with its code, and all that follows, but for an enhanced
/// code, is text that may name the address. Any other is of our own words, as far as no number and no address begins in
/// them.
fn without_names(reply: &str) -> String {
    let mut words = reply.split_whitespace();
    if let Some(code) = words.next().filter(|word| is_code(word)) {
        return match words.next().filter(|word| is_enhanced(word)) {
            Some(enhanced) => format!("{code} {enhanced}"),
            None => code.to_owned(),
        };
    }
    let is_ours = |clause: &&str| {
        let n_digits = clause.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
        let begins_with_a_number = clause.trim_start().starts_with(|c: char| c.is_ascii_digit());
        !clause.contains('@') && n_digits <= DIGITS_MAX && !begins_with_a_number
    };
    let clauses: Vec<_> = reply.split(": ").take_while(is_ours).collect();
    match clauses.join(": ") {
        ours if ours.is_empty() => "no code".to_owned(),
        ours => ours.chars().take(WORDS_CHARS_MAX).collect(),
    }
}

fn is_code(word: &str) -> bool {
    word.len() == 3 && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Such as `4.7.650` (RFC 3463 §2).
fn is_enhanced(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    parts.len() == 3
        && parts.iter().all(|part| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests;
