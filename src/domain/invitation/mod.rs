//! An invitation: one contact asked one survey on one occasion; the *case* of all response rates.
//!
//! The record carries its own history, so a report or `canvass why` never has to guess from logs. Its states and their
//! transitions are in [`transition`]; what has no variant there cannot happen.

mod history;
mod intervention;
mod receipts;
mod transition;

#[cfg(test)]
pub(crate) mod tests;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use history::{Happening, NOTES_MAX, Note, Replied};
pub use intervention::{ATTEMPTS_MAX, Found, LeftOut, Stalled, Stop};
pub use transition::{AfterUnknown, LeaseLost, NotWaiting, RetryPlan};

use super::answer::Completeness;
use super::attempt::Attempt;
use super::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, StageId, SurveyId};
use super::journey::{Channel, Level, Step};
use super::reason::{HoldReason, SkipReason};
use super::send_window::SendWindow;
use super::survey::SurveyVersion;

/// One contact asked one survey on one occasion.
#[derive(Clone, Debug, PartialEq)]
pub struct Invitation {
    /// Its id: a keyed hash of contact, journey, stage and occasion.
    pub id: InvitationId,
    /// Who is asked.
    pub contact: ContactId,
    /// In which journey.
    pub journey: JourneyId,
    /// At which stage of it.
    pub stage: StageId,
    /// On which occasion: the event's id, or the nominal time of the clock's fire.
    pub occasion: String,
    /// The event that set it off, if it was one.
    pub event: Option<EventId>,
    /// What the score will speak of.
    pub level: Level,
    /// Where it happened.
    pub branch: Option<BranchId>,
    /// The time zone that its dates are reported in: the branch's, else the daemon's.
    pub zone: Tz,
    /// What is asked.
    pub survey: SurveyId,
    /// The content of it at the time of planning.
    pub version: SurveyVersion,
    /// When it was planned.
    pub planned_at: DateTime<Utc>,
    /// The last moment at which the first message makes sense.
    pub ask_before: DateTime<Utc>,
    /// How long answers count, from the first attempt.
    pub window: TimeDelta,
    /// When its messages may be sent.
    pub send: SendWindow,
    /// The steps, as they were at the time of planning.
    pub line_up: Vec<Step>,
    /// Who goes first when the budget is short: higher before lower.
    pub priority: u8,
    /// Where it stands.
    pub state: State,
    /// The messages so far, in order.
    pub attempts: Vec<Attempt>,
    /// What was answered.
    pub answer: Option<AnswerMark>,
    /// Everything that happened to it, in order.
    pub history: Vec<Note>,
}

/// Where an invitation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// A message is due at a time.
    Waiting {
        /// The step of the line-up.
        step: u8,
        /// When.
        due_at: DateTime<Utc>,
    },
    /// A worker holds the lease and is handing the message to its channel.
    Sending {
        /// The step of the line-up.
        step: u8,
        /// Which worker: only the holder may say what came of it.
        lease: u64,
        /// When the lease ends by itself.
        until: DateTime<Utc>,
    },
    /// Nothing is sent until somebody decides.
    Held {
        /// The step that it stopped at.
        step: u8,
        /// Why.
        reason: HoldReason,
        /// Since when.
        since: DateTime<Utc>,
    },
    /// Nothing more is to be sent; answers are awaited.
    Asked,
    /// It is over.
    Closed {
        /// When.
        at: DateTime<Utc>,
        /// How it ended.
        end: End,
        /// The attempt whose link ended it, if one did.
        through: Option<u8>,
    },
    /// It was decided not to ask.
    Skipped {
        /// When.
        at: DateTime<Utc>,
        /// Why.
        reason: SkipReason,
    },
}

impl State {
    /// The word for it in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Waiting { .. } => "waiting",
            Self::Sending { .. } => "sending",
            Self::Held { .. } => "held",
            Self::Asked => "asked",
            Self::Closed { .. } => "closed",
            Self::Skipped { .. } => "skipped",
        }
    }
}

/// How an invitation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum End {
    /// Answered in full.
    Answered,
    /// The window closed.
    WindowClosed,
    /// No message reached the contact.
    Undelivered,
    /// The contact said no more.
    OptedOut,
    /// The contact says that the occasion never was.
    Ineligible,
}

impl End {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::WindowClosed => "window_closed",
            Self::Undelivered => "undelivered",
            Self::OptedOut => "opted_out",
            Self::Ineligible => "ineligible",
        }
    }
}

/// What was answered, as far as rates need it; the answers themselves are in the response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerMark {
    /// The attempt whose link carried the first answer to a key question; until there is one, the link used last.
    pub attempt: u8,
    /// How far it goes.
    pub completeness: Completeness,
    /// When the first of it came.
    pub first_at: DateTime<Utc>,
    /// Whether the first of it came after the window had closed.
    pub late: bool,
}

impl Invitation {
    /// When the first message was handed to a channel. The date of its cohort.
    pub fn first_at(&self) -> Option<DateTime<Utc>> {
        self.attempts.first().map(|attempt| attempt.first_tried_at)
    }

    /// When answers stop to count, once something was sent.
    pub fn closes_at(&self) -> Option<DateTime<Utc>> {
        self.first_at().map(|first_at| first_at + self.window)
    }

    /// When it next needs somebody's attention, which is where it stands on the due index.
    pub fn due(&self) -> Option<Due> {
        match self.state {
            State::Waiting { step, due_at } => {
                let channel = self.line_up.get(usize::from(step))?.channel;
                Some(Due { lane: Lane::Send(channel), at: due_at })
            }
            State::Sending { until, .. } => Some(Due { lane: Lane::Leased, at: until }),
            State::Held { .. } | State::Asked => {
                let at = self.closes_at().unwrap_or(self.ask_before);
                Some(Due { lane: Lane::Close, at })
            }
            State::Closed { .. } | State::Skipped { .. } => None,
        }
    }

    /// Whether a message of it was taken by a channel and did not come back.
    pub fn delivered(&self) -> bool {
        self.attempts.iter().any(|attempt| attempt.fate.has_arrived())
    }

    /// Whether a message of it was taken by this channel and did not come back.
    pub fn delivered_by(&self, channel: Channel) -> bool {
        self.attempts.iter().any(|attempt| attempt.channel == channel && attempt.fate.has_arrived())
    }

    /// The attempt with this number.
    pub fn attempt(&self, number: u8) -> Option<&Attempt> {
        self.attempts.iter().find(|attempt| attempt.number == number)
    }

    /// When the contact was or will be asked first, for a budget of invitations per person; `None` when they never were
    /// and never will be.
    pub fn asks_at(&self) -> Option<DateTime<Utc>> {
        self.first_at().or(match self.state {
            State::Waiting { due_at, .. } => Some(due_at),
            State::Sending { .. }
            | State::Held { .. }
            | State::Asked
            | State::Closed { .. }
            | State::Skipped { .. } => None,
        })
    }
}

/// A place on the due index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// Whose business it is.
    pub lane: Lane,
    /// When.
    pub at: DateTime<Utc>,
}

/// The lanes of the due index, so that a slow channel never stands in another's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Windows that close.
    Close,
    /// Leases that end by themselves.
    Leased,
    /// Messages of a channel.
    Send(Channel),
}

impl Lane {
    /// Every lane.
    pub const ALL: [Self; 4] = [Self::Close, Self::Leased, Self::Send(Channel::Email), Self::Send(Channel::Sms)];
}
