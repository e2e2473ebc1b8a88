//! What happened to an invitation, on disk.

use serde::{Deserialize, Serialize};

use super::common::{self, ChannelV1, CompletenessV1, Wrong, stored_enum};
use crate::domain::invitation::{End, Found, Happening, Note, Replied};
use crate::domain::operator::Operator;
use crate::domain::reason::{DeferReason, HoldReason, SkipReason};
use crate::domain::receipt::{Bounce, News, Receipt};

stored_enum!(SkipReasonV1 for SkipReason {
    ConditionNotMet, NotSampled, NoConsent, NoAddress, Suppressed, FrequencyCap, StageCap, TooLate, AlreadyAsked,
    ContactGone, NoChannel, NeverOpen, Overdue, KeptRoom, BranchCap,
});
stored_enum!(DeferReasonV1 for DeferReason {
    QuietHours, FrequencyCap, StageCap, KeptRoom, BranchCap, Holiday, NationalHours,
});
stored_enum!(HoldReasonV1 for HoldReason { UnknownOutcome, Operator, Restored, Breaker });
stored_enum!(FoundV1 for Found { Accepted, Refused });
stored_enum!(BounceV1 for Bounce { Soft, Policy, Sender, Hard });
stored_enum!(EndV1 for End { Answered, WindowClosed, Undelivered, OptedOut, Ineligible });

#[derive(Serialize, Deserialize)]
pub(super) struct NoteV1 {
    at: i64,
    what: HappeningV1,
}

#[derive(Serialize, Deserialize)]
enum HappeningV1 {
    Planned { due_at: i64, deferred: Option<DeferReasonV1> },
    PutOff { until: i64, reason: DeferReasonV1 },
    StepPassedOver { channel: ChannelV1, reason: SkipReasonV1 },
    Accepted { attempt: u8, reply: String },
    Deferred { attempt: u8, until: i64, reply: String },
    Refused { attempt: u8, reply: String, gave_up: bool },
    Unknown { attempt: u8, reply: String },
    Held { reason: HoldReasonV1 },
    NextStep { channel: ChannelV1, due_at: i64 },
    Answered { attempt: u8, completeness: CompletenessV1 },
    Skipped { reason: SkipReasonV1 },
    Closed { end: EndV1 },
    SentAgain { attempt: u8, by: String },
    Settled { attempt: u8, found: FoundV1, by: String },
    AskedAgain { channel: ChannelV1, due_at: i64, by: String },
    Replanned { by: String },
    CameBack { attempt: u8, news: NewsV1, source: String, reply: String },
    Replied { attempt: u8, said: RepliedV1 },
    Inquired { attempt: u8, gateway: String, is_there: bool },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum RepliedV1 {
    Answer(CompletenessV1),
    Unclear,
    Stop,
    Start,
    Help,
}

fn to_replied(said: Replied) -> RepliedV1 {
    match said {
        Replied::Answer { completeness } => RepliedV1::Answer(completeness.into()),
        Replied::Unclear => RepliedV1::Unclear,
        Replied::Stop => RepliedV1::Stop,
        Replied::Start => RepliedV1::Start,
        Replied::Help => RepliedV1::Help,
    }
}

fn from_replied(stored: RepliedV1) -> Replied {
    match stored {
        RepliedV1::Answer(completeness) => Replied::Answer { completeness: completeness.into() },
        RepliedV1::Unclear => Replied::Unclear,
        RepliedV1::Stop => Replied::Stop,
        RepliedV1::Start => Replied::Start,
        RepliedV1::Help => Replied::Help,
    }
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum NewsV1 {
    Delivered,
    Bounced(BounceV1),
    Complained,
}

fn to_news(news: News) -> NewsV1 {
    match news {
        News::Delivered => NewsV1::Delivered,
        News::Bounced(class) => NewsV1::Bounced(class.into()),
        News::Complained => NewsV1::Complained,
    }
}

fn from_news(stored: NewsV1) -> News {
    match stored {
        NewsV1::Delivered => News::Delivered,
        NewsV1::Bounced(class) => News::Bounced(class.into()),
        NewsV1::Complained => News::Complained,
    }
}

pub(super) fn to_note(note: &Note) -> NoteV1 {
    let what = match note.what.clone() {
        Happening::Planned { due_at, deferred } => {
            HappeningV1::Planned { due_at: common::micros(due_at), deferred: deferred.map(Into::into) }
        }
        Happening::PutOff { until, reason } => {
            HappeningV1::PutOff { until: common::micros(until), reason: reason.into() }
        }
        Happening::StepPassedOver { channel, reason } => {
            HappeningV1::StepPassedOver { channel: channel.into(), reason: reason.into() }
        }
        Happening::Accepted { attempt, reply } => HappeningV1::Accepted { attempt, reply },
        Happening::Deferred { attempt, until, reply } => {
            HappeningV1::Deferred { attempt, until: common::micros(until), reply }
        }
        Happening::Refused { attempt, reply, gave_up } => HappeningV1::Refused { attempt, reply, gave_up },
        Happening::Unknown { attempt, reply } => HappeningV1::Unknown { attempt, reply },
        Happening::Held { reason } => HappeningV1::Held { reason: reason.into() },
        Happening::NextStep { channel, due_at } => {
            HappeningV1::NextStep { channel: channel.into(), due_at: common::micros(due_at) }
        }
        Happening::Answered { attempt, completeness } => {
            HappeningV1::Answered { attempt, completeness: completeness.into() }
        }
        Happening::Skipped { reason } => HappeningV1::Skipped { reason: reason.into() },
        Happening::Closed { end } => HappeningV1::Closed { end: end.into() },
        Happening::SentAgain { attempt, by } => HappeningV1::SentAgain { attempt, by: by.as_str().to_owned() },
        Happening::Settled { attempt, found, by } => {
            HappeningV1::Settled { attempt, found: found.into(), by: by.as_str().to_owned() }
        }
        Happening::AskedAgain { channel, due_at, by } => HappeningV1::AskedAgain {
            channel: channel.into(),
            due_at: common::micros(due_at),
            by: by.as_str().to_owned(),
        },
        Happening::Replanned { by } => HappeningV1::Replanned { by: by.as_str().to_owned() },
        Happening::CameBack { attempt, receipt: Receipt { news, source, reply } } => {
            HappeningV1::CameBack { attempt, news: to_news(news), source, reply }
        }
        Happening::Replied { attempt, said } => HappeningV1::Replied { attempt, said: to_replied(said) },
        Happening::Inquired { attempt, gateway, is_there } => HappeningV1::Inquired { attempt, gateway, is_there },
    };
    NoteV1 { at: common::micros(note.at), what }
}

pub(super) fn from_note(stored: NoteV1) -> Result<Note, Wrong> {
    let what = match stored.what {
        HappeningV1::Planned { due_at, deferred } => {
            Happening::Planned { due_at: common::instant(due_at)?, deferred: deferred.map(Into::into) }
        }
        HappeningV1::PutOff { until, reason } => {
            Happening::PutOff { until: common::instant(until)?, reason: reason.into() }
        }
        HappeningV1::StepPassedOver { channel, reason } => {
            Happening::StepPassedOver { channel: channel.into(), reason: reason.into() }
        }
        HappeningV1::Accepted { attempt, reply } => Happening::Accepted { attempt, reply },
        HappeningV1::Deferred { attempt, until, reply } => {
            Happening::Deferred { attempt, until: common::instant(until)?, reply }
        }
        HappeningV1::Refused { attempt, reply, gave_up } => Happening::Refused { attempt, reply, gave_up },
        HappeningV1::Unknown { attempt, reply } => Happening::Unknown { attempt, reply },
        HappeningV1::Held { reason } => Happening::Held { reason: reason.into() },
        HappeningV1::NextStep { channel, due_at } => {
            Happening::NextStep { channel: channel.into(), due_at: common::instant(due_at)? }
        }
        HappeningV1::Answered { attempt, completeness } => {
            Happening::Answered { attempt, completeness: completeness.into() }
        }
        HappeningV1::Skipped { reason } => Happening::Skipped { reason: reason.into() },
        HappeningV1::Closed { end } => Happening::Closed { end: end.into() },
        HappeningV1::SentAgain { attempt, by } => Happening::SentAgain { attempt, by: operator(&by)? },
        HappeningV1::Settled { attempt, found, by } => {
            Happening::Settled { attempt, found: found.into(), by: operator(&by)? }
        }
        HappeningV1::AskedAgain { channel, due_at, by } => {
            Happening::AskedAgain { channel: channel.into(), due_at: common::instant(due_at)?, by: operator(&by)? }
        }
        HappeningV1::Replanned { by } => Happening::Replanned { by: operator(&by)? },
        HappeningV1::CameBack { attempt, news, source, reply } => {
            Happening::CameBack { attempt, receipt: Receipt { news: from_news(news), source, reply } }
        }
        HappeningV1::Replied { attempt, said } => Happening::Replied { attempt, said: from_replied(said) },
        HappeningV1::Inquired { attempt, gateway, is_there } => Happening::Inquired { attempt, gateway, is_there },
    };
    Ok(Note { at: common::instant(stored.at)?, what })
}

pub(super) fn operator(name: &str) -> Result<Operator, Wrong> {
    Operator::parse(name).map_err(|err| err.to_string())
}
