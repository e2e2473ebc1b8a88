//! The story of an invitation, in plain words: what was decided, what was done, and why.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::invitation::{End, Found, Happening, Invitation, Note, State};
use crate::domain::journey::Channel;

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as a sentence.
    pub what: String,
}

/// The story of an invitation, line by line.
pub fn tell(invitation: &Invitation) -> Vec<Line> {
    invitation.history.iter().map(|note| Line { at: note.at, what: sentence(note, invitation) }).collect()
}

/// Where an invitation stands, as a sentence.
pub fn standing(invitation: &Invitation) -> String {
    let zone = invitation.zone;
    match invitation.state {
        State::Waiting { step, due_at } => {
            let channel = invitation.line_up.get(usize::from(step)).map_or("?", |step| words(step.channel));
            format!("The next {channel} is due {}.", when(due_at, zone))
        }
        State::Sending { .. } => "A message is on its way right now.".to_owned(),
        State::Held { reason, .. } => format!("It is held, because {}.", reason.because()),
        State::Asked => match invitation.closes_at() {
            Some(closes_at) => format!("Nothing more will be sent; answers count until {}.", when(closes_at, zone)),
            None => "Nothing more will be sent.".to_owned(),
        },
        State::Closed { end, .. } => ended(end).to_owned(),
        State::Skipped { reason, .. } => format!("It was never sent, because {}.", reason.because()),
    }
}

fn sentence(note: &Note, invitation: &Invitation) -> String {
    let zone = invitation.zone;
    match &note.what {
        Happening::Planned { due_at, deferred: None } => {
            format!("Planned: the first message is due {}.", when(*due_at, zone))
        }
        Happening::Planned { due_at, deferred: Some(reason) } => {
            format!("Planned for {} rather than earlier, because {}.", when(*due_at, zone), reason.because())
        }
        Happening::PutOff { until, reason } => {
            format!("Put off until {}, because {}.", when(*until, zone), reason.because())
        }
        Happening::StepPassedOver { channel, reason } => {
            format!("No {} was sent, because {}.", words(*channel), reason.because())
        }
        Happening::Accepted { attempt, reply } => {
            format!("Sent by {}{}.", attempt_words(invitation, *attempt), said(reply))
        }
        Happening::Deferred { attempt, until, reply } => format!(
            "Tried by {}, and asked to come again{}. Next try {}.",
            attempt_words(invitation, *attempt),
            said(reply),
            when(*until, zone)
        ),
        Happening::Refused { attempt, reply, gave_up: false } => {
            format!("Refused: {}{}.", attempt_words(invitation, *attempt), said(reply))
        }
        Happening::Refused { attempt, reply, gave_up: true } => {
            format!("Gave up on {} after the last try{}.", attempt_words(invitation, *attempt), said(reply))
        }
        Happening::Unknown { attempt, reply } => {
            format!("Nobody can say whether {} left{}.", attempt_words(invitation, *attempt), said(reply))
        }
        Happening::Held { reason } => format!("Held, because {}.", reason.because()),
        Happening::NextStep { channel, due_at } => {
            format!("Next in the line-up: {}, due {}.", words(*channel), when(*due_at, zone))
        }
        Happening::Answered { attempt, completeness } => {
            format!("Answered ({}) through {}.", completeness.as_str(), attempt_words(invitation, *attempt))
        }
        Happening::Skipped { reason } => format!("Decided not to ask, because {}.", reason.because()),
        Happening::Closed { end } => ended(*end).to_owned(),
        Happening::SentAgain { attempt, by } => {
            format!("{by} had {} sent once more, under the same number.", attempt_words(invitation, *attempt))
        }
        Happening::Settled { attempt, found, by } => {
            let found = match found {
                Found::Accepted => "was taken after all",
                Found::Refused => "was never taken",
            };
            format!("{by} found out that {} {found}.", attempt_words(invitation, *attempt))
        }
        Happening::AskedAgain { channel, due_at, by } => {
            format!("{by} had it asked again: {}, due {}.", words(*channel), when(*due_at, zone))
        }
    }
}

fn ended(end: End) -> &'static str {
    match end {
        End::Answered => "Closed: answered in full.",
        End::WindowClosed => "Closed: the time to answer was over.",
        End::Undelivered => "Closed: no message could be delivered.",
        End::OptedOut => "Closed: the contact wants no more surveys.",
        End::Ineligible => "Closed: the contact says that they were not a customer here.",
    }
}

fn words(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Sms => "text message",
    }
}

fn attempt_words(invitation: &Invitation, number: u8) -> String {
    match invitation.attempt(number) {
        Some(attempt) => format!("{} (attempt {number}, {})", words(attempt.channel), attempt.kind.as_str()),
        None => format!("attempt {number}"),
    }
}

fn said(reply: &str) -> String {
    if reply.is_empty() { String::new() } else { format!("; the other side said “{reply}”") }
}

/// A time as people at the branch read it.
pub fn when(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %Y-%m-%d %H:%M %Z").to_string()
}
