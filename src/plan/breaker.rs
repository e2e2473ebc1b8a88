//! The circuit breaker: what happens to too many of those who were asked lately, so that nobody else should be asked before
//! somebody has looked.
//!
//! Mails that come back, complaints, people who say no, and answers that are nothing but the worst are each part of a good
//! day. Many at once mean that something is wrong: an import with the wrong addresses, a text that annoys, a scanner that
//! clicks on everything, a kitchen on fire. What is counted is counted of the same stretch of time on both sides: a message
//! that left before the counting began does not count when it comes back, or every restart would look like a burst.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::duration::format_duration;

/// The pieces that the time looked back on is counted in.
const SLOTS: i32 = 48;

/// Something that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// A channel took a message or will never take it.
    Message,
    /// A message was not taken, or came back.
    Bounce,
    /// Somebody called a message unwanted.
    Complaint,
    /// Somebody wants no more.
    OptOut,
    /// Somebody answered.
    Answer,
    /// Every rating of an answer is the worst of its scale.
    WorstAnswer,
    /// Somebody would not believe that we are who we say we are.
    SenderFault,
}

impl Sight {
    /// Every kind.
    pub const ALL: [Self; 7] = [
        Self::Message,
        Self::Bounce,
        Self::Complaint,
        Self::OptOut,
        Self::Answer,
        Self::WorstAnswer,
        Self::SenderFault,
    ];

    /// What it is a share of; `None` for what is counted alone, or a base itself.
    fn base(self) -> Option<Self> {
        match self {
            Self::Bounce | Self::Complaint | Self::OptOut => Some(Self::Message),
            Self::WorstAnswer => Some(Self::Answer),
            Self::Message | Self::Answer | Self::SenderFault => None,
        }
    }

    /// The word for it in metrics, which is its key in `[breaker]`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "messages",
            Self::Bounce => "bounced",
            Self::Complaint => "complained",
            Self::OptOut => "opted_out",
            Self::Answer => "answers",
            Self::WorstAnswer => "worst",
            Self::SenderFault => "sender_faults",
        }
    }
}

/// When the breaker opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BreakerRules {
    /// How far back is looked.
    pub within: TimeDelta,
    /// Messages that came back, or were not taken, of those that were sent.
    pub bounced: Option<Limit>,
    /// Complaints, of the messages that were sent.
    pub complained: Option<Limit>,
    /// People who want no more, of the messages that were sent.
    pub opted_out: Option<Limit>,
    /// Answers that are nothing but the worst, of all answers.
    pub worst: Option<Limit>,
    /// Mails that a domain did not believe to be ours, whoever they were for.
    pub sender_faults: Option<u32>,
}

/// How much is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// From this share on, 0 to 1.
    pub share: f64,
    /// But not for fewer than so many, of which a share means nothing.
    pub at_least: u32,
}

impl BreakerRules {
    /// A day; a tenth that comes back, three complaints in a thousand (what mailbox providers bear at most, and senders
    /// should stay far below), one in twenty who wants no more, half of the answers nothing but the worst.
    pub const USUAL: Self = Self {
        within: TimeDelta::days(1),
        bounced: Some(Limit { share: 0.1, at_least: 20 }),
        complained: Some(Limit { share: 0.003, at_least: 3 }),
        opted_out: Some(Limit { share: 0.05, at_least: 20 }),
        worst: Some(Limit { share: 0.5, at_least: 20 }),
        sender_faults: Some(3),
    };

    fn limit(&self, sight: Sight) -> Option<Limit> {
        match sight {
            Sight::Message | Sight::Answer => None,
            Sight::Bounce => self.bounced,
            Sight::Complaint => self.complained,
            Sight::OptOut => self.opted_out,
            Sight::WorstAnswer => self.worst,
            Sight::SenderFault => self.sender_faults.map(|at_least| Limit { share: 0.0, at_least }),
        }
    }
}

/// Too much of something.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Burst {
    /// Of what.
    pub sight: Sight,
    /// How many.
    pub n: u32,
    /// Of how many, where it is a share of something.
    pub of: Option<u32>,
    /// Within how long.
    pub within: TimeDelta,
}

/// As a reason, in one line.
impl std::fmt::Display for Burst {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { sight, n, of, within } = self;
        let of = of.unwrap_or_default();
        let within = format_duration(*within);
        match sight {
            Sight::Bounce => write!(f, "{n} of {of} messages came back within {within}"),
            Sight::Complaint => write!(f, "{n} complaints on {of} messages within {within}"),
            Sight::OptOut => write!(f, "{n} people want no more, of {of} messages within {within}"),
            Sight::WorstAnswer => write!(f, "{n} of {of} answers within {within} are nothing but the worst"),
            Sight::SenderFault => {
                write!(
                    f,
                    "{n} mails within {within} were not believed to be ours; look at SPF, DKIM, DMARC and reverse DNS"
                )
            }
            Sight::Message => write!(f, "{n} messages within {within}"),
            Sight::Answer => write!(f, "{n} answers within {within}"),
        }
    }
}

/// What was seen lately of one journey, or one channel.
#[derive(Clone, Debug, Default)]
pub struct Watch {
    slots: VecDeque<Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Which piece of time, counted from 1970.
    number: i64,
    counts: [u32; Sight::ALL.len()],
}

impl Watch {
    /// Counts it, and says when it is too much. Then that is forgotten: whoever lets go of what is held has looked at it.
    pub fn see(&mut self, rules: &BreakerRules, sight: Sight, now: DateTime<Utc>) -> Option<Burst> {
        let length = (rules.within / SLOTS).num_milliseconds().max(1);
        let number = now.timestamp_millis().div_euclid(length);
        // A clock that goes back, or a reload with another length, makes no order that could be relied on.
        if self.slots.back().is_some_and(|newest| newest.number > number) {
            self.slots.clear();
        }
        let oldest = number - i64::from(SLOTS);
        while self.slots.front().is_some_and(|slot| slot.number <= oldest) {
            self.slots.pop_front();
        }
        if self.slots.back().is_none_or(|newest| newest.number < number) {
            self.slots.push_back(Slot { number, counts: [0; Sight::ALL.len()] });
        }
        if let Some(count) = self.slots.back_mut().and_then(|slot| slot.counts.get_mut(sight as usize)) {
            *count = count.saturating_add(1);
        }
        let limit = rules.limit(sight)?;
        let (n, of) = (self.n(sight), sight.base().map(|base| self.n(base)));
        let share = of.map_or(1.0, |of| f64::from(n) / f64::from(of.max(1)));
        if n < limit.at_least || share < limit.share {
            return None;
        }
        for slot in &mut self.slots {
            if let Some(count) = slot.counts.get_mut(sight as usize) {
                *count = 0;
            }
        }
        Some(Burst { sight, n, of, within: rules.within })
    }

    fn n(&self, sight: Sight) -> u32 {
        self.slots.iter().filter_map(|slot| slot.counts.get(sight as usize)).sum()
    }
}

#[cfg(test)]
mod tests;
