//! Journeys: the ordered stages at which a survey may be asked.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::event::Condition;
use super::id::{BranchId, JourneyId, StageId, SurveyId};
use super::place::Surface;
use super::schedule::Schedule;
use super::send_window::SendWindow;
use super::tap::OneTap;

/// Most steps of one line-up: an attempt's number must fit a byte with room to spare.
pub const STEPS_MAX: usize = 10;

/// How much later than it was due a message may still leave, where nothing is said: what was due on a Friday evening
/// still goes out when the daemon is up again on Monday.
pub const LATE_MAX: TimeDelta = TimeDelta::days(3);

/// A customer's way through the business.
#[derive(Clone, Debug, PartialEq)]
pub struct Journey {
    /// Its id.
    pub id: JourneyId,
    /// What staff call it.
    pub title: String,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
}

/// A moment of a journey.
#[derive(Clone, Debug, PartialEq)]
pub struct Stage {
    /// Its id, unique in the journey.
    pub id: StageId,
    /// What staff call it.
    pub title: String,
    /// Whether one contact or the whole relationship is asked about.
    pub level: Level,
    /// What is asked.
    pub survey: SurveyId,
    /// How the customer comes to be asked.
    pub ask: Ask,
}

/// What a score speaks of. The trigger decides it, not the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// One contact.
    Interaction,
    /// The whole relationship.
    Relationship,
}

impl Level {
    /// The word for it in TOML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Interaction => "interaction",
            Self::Relationship => "relationship",
        }
    }
}

/// How a customer comes to be asked.
#[expect(clippy::large_enum_variant, reason = "there are a few dozen stages, each made once")]
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// We write to them.
    Push(Push),
    /// They come by. Never on the due index.
    Pull(Surface),
}

/// The rules of a stage that invites people.
#[derive(Clone, Debug, PartialEq)]
pub struct Push {
    /// What sets it off.
    pub trigger: Trigger,
    /// How long after the trigger the first message is due.
    pub after: TimeDelta,
    /// When messages may be sent, in the contact's time zone, else the branch's.
    pub send: SendWindow,
    /// Whether it writes on the branch's days off.
    pub writes_on: WritesOn,
    /// How long answers count, from the first attempt.
    pub window: TimeDelta,
    /// The steps, in order; at least one.
    pub line_up: Vec<Step>,
    /// The share of occasions that are asked, in `0..=1`.
    pub sample: f64,
    /// Who goes first when the budget is short: higher before lower.
    pub priority: u8,
    /// The stage's own cap, beside the budget over all stages.
    pub cap: Option<Cap>,
    /// How much later than it was due a message may still leave, when nobody meant it to be late.
    pub late_max: TimeDelta,
    /// What it makes of a tap on a rating in its mails.
    pub one_tap: OneTap,
}

/// On which of a branch's days off a stage writes all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WritesOn {
    /// On its weekends.
    pub weekends: bool,
    /// On its holidays.
    pub holidays: bool,
}

impl WritesOn {
    /// Where nothing is said: guests come on weekends too, and whoever lists holidays wants them kept.
    pub const USUAL: Self = Self { weekends: true, holidays: false };
}

/// What sets a stage off.
#[derive(Clone, Debug, PartialEq)]
pub enum Trigger {
    /// An event of this kind whose data meets all conditions.
    Event {
        /// The event's kind.
        kind: String,
        /// All must hold.
        conditions: Vec<Condition>,
    },
    /// A clock.
    Cron(CronTrigger),
}

/// A clock, and whom it calls up.
#[derive(Clone, Debug, PartialEq)]
pub struct CronTrigger {
    /// When.
    pub schedule: Schedule,
    /// In which time zone.
    pub time_zone: Tz,
    /// Only people whom an event spoke of within this time.
    pub seen_within: Option<TimeDelta>,
    /// Only people of this branch.
    pub branch: Option<BranchId>,
    /// Calls everybody once per this time, counted from the last ask, a part of them at each fire.
    pub spread: Option<TimeDelta>,
    /// How late a fire may still be caught up on after the daemon was down; zero skips what was missed.
    pub catch_up_within: TimeDelta,
}

/// At most so many invitations per so much time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// Invitations allowed.
    pub at_most: u32,
    /// In any stretch of this length.
    pub per: TimeDelta,
}

/// The budget of a person over all journeys and channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fatigue {
    /// How often they are asked at all.
    pub cap: Cap,
    /// What of it is kept for surveys that are rare and valuable.
    pub keep: Option<Keep>,
}

/// Room in a budget that common surveys may not use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keep {
    /// So many of the invitations; fewer than the budget has.
    pub n: u32,
    /// For stages of this priority or a higher one.
    pub for_priority: u8,
}

/// One step of a line-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// By which channel.
    pub channel: Channel,
    /// How long after the first attempt; of no meaning for the first step, and when the step before it failed.
    pub after: TimeDelta,
    /// What kind of attempt it is.
    pub kind: StepKind,
    /// What must have become of the steps before it.
    pub when: When,
}

impl Step {
    /// Whether a line-up may begin with it where the steps before it cannot be taken.
    pub fn may_begin(&self) -> bool {
        self.kind != StepKind::Reminder && self.when.allows(false)
    }
}

/// A push channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Electronic mail.
    Email,
    /// Text messages.
    Sms,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 2] = [Self::Email, Self::Sms];

    /// The word for it in TOML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Sms => "sms",
        }
    }
}

/// What an attempt is to the customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// The first message.
    Initial,
    /// The same channel again.
    Reminder,
    /// Another channel.
    Fallback,
}

impl StepKind {
    /// The word for it in TOML and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Reminder => "reminder",
            Self::Fallback => "fallback",
        }
    }
}

/// What must have become of the steps before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// None of them arrived.
    Undelivered,
    /// One arrived, and no answer came.
    Silent,
    /// Either.
    Either,
}

impl When {
    /// The word for it in TOML.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undelivered => "undelivered",
            Self::Silent => "silent",
            Self::Either => "either",
        }
    }

    /// Whether a step with this condition may run after a delivery or after none.
    pub fn allows(self, delivered: bool) -> bool {
        match self {
            Self::Undelivered => !delivered,
            Self::Silent => delivered,
            Self::Either => true,
        }
    }
}
