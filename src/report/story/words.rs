//! The small words that all stories share.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::domain::duration::format_duration;
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Channel, StepKind};
use crate::domain::send_window::SendWindow;

/// A time as people at the branch read it, in full: `Wed 4 Mar 2026, 14:00 CET`.
pub fn when(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b %Y, %H:%M %Z").to_string()
}

/// The same inside a sentence that stands beside a time in full: `Wed 4 Mar at 14:00`.
pub(super) fn brief(at: DateTime<Utc>, zone: Tz) -> String {
    at.with_timezone(&zone).format("%a %-d %b at %H:%M").to_string()
}

/// When something is due, seen from `now`: `at once`, or `on Wed 4 Mar at 14:00`.
pub(super) fn due(at: DateTime<Utc>, now: DateTime<Utc>, zone: Tz) -> String {
    if at <= now { "at once".to_owned() } else { format!("on {}", brief(at, zone)) }
}

/// A message of this channel.
pub(super) fn message(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "email",
        Channel::Sms => "text message",
    }
}

/// The same with its article.
pub(super) fn a_message(channel: Channel) -> &'static str {
    match channel {
        Channel::Email => "an email",
        Channel::Sms => "a text message",
    }
}

/// A message of a step, with its article.
pub(super) fn a_step(kind: StepKind, channel: Channel) -> String {
    match kind {
        StepKind::Initial | StepKind::Fallback => a_message(channel).to_owned(),
        StepKind::Reminder => format!("a reminder by {}", message(channel)),
    }
}

/// The message of an attempt, as far as needed to tell it from the invitation's others.
pub(super) fn attempt(invitation: &Invitation, number: u8) -> String {
    let Some(attempt) = invitation.attempt(number) else { return format!("attempt {number}") };
    let what = match attempt.kind {
        StepKind::Initial | StepKind::Fallback => message(attempt.channel).to_owned(),
        StepKind::Reminder => format!("reminder by {}", message(attempt.channel)),
    };
    if invitation.attempts.len() > 1 { format!("{what} (attempt {number})") } else { what }
}

/// By which message something was sent.
pub(super) fn by_attempt(invitation: &Invitation, number: u8) -> String {
    let is_reminder = invitation.attempt(number).is_some_and(|attempt| attempt.kind == StepKind::Reminder);
    let what = attempt(invitation, number);
    if is_reminder { format!("a {what}") } else { format!("by {what}") }
}

/// What the message of an attempt cost, to stand behind it.
pub(super) fn cost(invitation: &Invitation, number: u8) -> String {
    let cost = invitation.attempt(number).and_then(|attempt| attempt.cost);
    cost.map(|cost| format!(" ({cost})")).unwrap_or_default()
}

/// What the other side said, to stand at the end of a sentence.
pub(super) fn said(reply: &str) -> String {
    if reply.is_empty() { String::new() } else { format!(": “{reply}”") }
}

/// When a stage writes: `between 10:00 and 20:00, Mon-Sat`.
pub(super) fn send_hours(send: SendWindow) -> String {
    let text = send.to_string();
    let (hours, days) = text.split_once(' ').unwrap_or((&text, ""));
    let (from, until) = hours.split_once('-').unwrap_or((hours, ""));
    match (from, until, days) {
        ("00:00", "24:00", days) => format!("on {days}"),
        (from, until, "" | "Mon-Sun") => format!("between {from} and {until}"),
        (from, until, days) => format!("between {from} and {until}, {days}"),
    }
}

/// `30 days`, or as operators write it where it is no whole number of days.
pub(super) fn span(span: TimeDelta) -> String {
    match span.num_days() {
        1 if span == TimeDelta::days(1) => "a day".to_owned(),
        days if days > 1 && span == TimeDelta::days(days) => format!("{days} days"),
        _ => format_duration(span),
    }
}

/// `never`, `once`, `twice`, `3 times`.
pub(super) fn times(n: i64) -> String {
    match n {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        n => format!("{n} times"),
    }
}

/// `a, b and c`.
pub(super) fn list(things: &[String]) -> String {
    match things {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

/// A sentence begins with a capital letter.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
