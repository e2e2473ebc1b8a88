//! The story of an invitation.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::words::{a_message, a_step, attempt, brief, by_attempt, cost, due, message, said, sentence, when};
use super::{Background, Line, reasons};
use crate::domain::answer::Completeness;
use crate::domain::attempt::Fate;
use crate::domain::invitation::{End, Found, Happening, Invitation, Note, Replied, State};
use crate::domain::journey::{Channel, Step, StepKind};
use crate::domain::reason::{DeferReason, HoldReason, SkipReason};
use crate::domain::receipt::{Bounce, News, Receipt};

/// The story of an invitation, line by line.
pub fn tell(invitation: &Invitation, background: &Background<'_>) -> Vec<Line> {
    let told = invitation.history.iter().enumerate();
    told.map(|(index, note)| Line { at: note.at, what: Telling { invitation, background, index }.line(note) }).collect()
}

/// Where an invitation stands, as a sentence.
pub fn standing(invitation: &Invitation, background: &Background<'_>) -> String {
    let zone = invitation.zone;
    match invitation.state {
        State::Waiting { step, due_at } => {
            let held = held(invitation, step, background).or_else(|| stopped(invitation, (step, due_at), background));
            format!("{}{}.", waiting(invitation, (step, due_at), background.now), held.unwrap_or_default())
        }
        State::Sending { .. } => "A message is on its way right now.".to_owned(),
        State::Held { .. } => {
            let id = invitation.id;
            format!(
                "It waits for you: `canvass unknown retry {id}` sends it once more, `canvass unknown settle {id} --as \
                 accepted` or `refused` puts down what you found out."
            )
        }
        State::Asked => match invitation.closes_at() {
            Some(closes_at) => format!("Nothing more will be sent; answers count until {}.", when(closes_at, zone)),
            None => "Nothing more will be sent.".to_owned(),
        },
        State::Closed { end, .. } => ended(end).to_owned(),
        State::Skipped { at, reason } => {
            format!("It was never sent, because {}.", reasons::skipped(invitation, background, (reason, None), at))
        }
    }
}

fn waiting(invitation: &Invitation, (step, due_at): (u8, DateTime<Utc>), now: DateTime<Utc>) -> String {
    let Some(next) = invitation.line_up.get(usize::from(step)) else { return "Nothing is due".to_owned() };
    let at = when(due_at, invitation.zone);
    let at = if due_at <= now { format!("has been due since {at}") } else { format!("is due on {at}") };
    let last = invitation.attempts.last().filter(|last| last.step == step);
    match last.map(|last| last.fate) {
        Some(Fate::Deferred) => format!("The next try of the {} {at}", message(next.channel)),
        Some(Fate::Unknown { .. }) => {
            let receiver = match next.channel {
                Channel::Email => " and Message-ID, so that a receiver can drop the second copy",
                Channel::Sms => "",
            };
            format!("The {} goes once more under the same number{receiver}; it {at}", message(next.channel))
        }
        Some(
            Fate::Sending
            | Fate::Accepted { .. }
            | Fate::Refused { .. }
            | Fate::Delivered { .. }
            | Fate::Bounced { .. }
            | Fate::Complained { .. },
        )
        | None => {
            format!("{} {at}", sentence(&a_step(kind_of(invitation, next), next.channel)))
        }
    }
}

/// By what hold a message of this step is kept back, to stand behind when it is due.
fn held(invitation: &Invitation, step: u8, background: &Background<'_>) -> Option<String> {
    let channel = invitation.line_up.get(usize::from(step))?.channel;
    let hold = background.holds.iter().find(|hold| hold.scope.covers(invitation, channel))?;
    let are = if hold.scope.is_everything() { "is" } else { "are" };
    let (scope, since) = (&hold.scope, when(hold.since, invitation.zone));
    let note = if hold.note.is_empty() { String::new() } else { format!(", “{}”", hold.note) };
    Some(match hold.reason {
        HoldReason::Operator => format!(", but {scope} {are} held: by {} since {since}{note}", hold.by),
        HoldReason::Restored | HoldReason::UnknownOutcome | HoldReason::Breaker => {
            format!(", but {scope} {are} held since {since}: {}{note}", hold.reason.because())
        }
    })
}

/// That its gateway has spent what it may cost today, to stand behind when a text message is due.
fn stopped(
    invitation: &Invitation,
    (step, due_at): (u8, DateTime<Utc>),
    background: &Background<'_>,
) -> Option<String> {
    let channel = invitation.line_up.get(usize::from(step))?.channel;
    let gateway = background.rules.gate.routes.gateway_for(invitation.branch.as_ref());
    let (_, until) = background.stopped.iter().find(|(name, _)| name == gateway)?;
    let until = (channel == Channel::Sms && due_at < *until).then(|| when(*until, invitation.zone))?;
    Some(format!(", but gateway {gateway} has spent what it may cost today, so it waits until {until}"))
}

/// What a step is to somebody who may have had nothing yet.
fn kind_of(invitation: &Invitation, step: &Step) -> StepKind {
    if invitation.attempts.is_empty() { StepKind::Initial } else { step.kind }
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

/// One note of a story, with what was there when it was taken.
struct Telling<'a> {
    invitation: &'a Invitation,
    background: &'a Background<'a>,
    index: usize,
}

impl Telling<'_> {
    fn line(&self, note: &Note) -> String {
        let attempt = |number: &u8| attempt(self.invitation, *number);
        match &note.what {
            Happening::Planned { due_at, deferred } => self.planned(note.at, (*due_at, *deferred)),
            Happening::PutOff { until, reason } => {
                let why = reasons::deferred(self.invitation, self.background, (*reason, *until), note.at);
                format!("Put off until {}, because {why}.", self.brief(*until))
            }
            Happening::StepPassedOver { channel, reason } => {
                let skip = (*reason, Some(*channel));
                let why = reasons::skipped(self.invitation, self.background, skip, note.at);
                format!("No {} was sent, because {why}.", message(*channel))
            }
            Happening::Accepted { attempt: number, reply } => {
                let by = by_attempt(self.invitation, *number);
                format!("Sent {by}{}{}.", cost(self.invitation, *number), said(reply))
            }
            Happening::Deferred { attempt: number, until, reply } if *until <= note.at => format!(
                "The {} was not taken yet, and is tried again as soon as its way is open{}.",
                attempt(number),
                said(reply)
            ),
            Happening::Deferred { attempt: number, until, reply } => format!(
                "The {} was not taken yet, and is due again {}{}.",
                attempt(number),
                due(*until, note.at, self.invitation.zone),
                said(reply)
            ),
            Happening::Refused { attempt: number, reply, gave_up: false } => {
                format!("The {} was refused for good{}.", attempt(number), said(reply))
            }
            Happening::Refused { attempt: number, reply, gave_up: true } => {
                format!("The {} was given up after the last try{}.", attempt(number), said(reply))
            }
            Happening::Unknown { attempt: number, reply } => {
                let reply = if reply.is_empty() { String::new() } else { format!(": {reply}") };
                let cost = cost(self.invitation, *number);
                format!("Nobody can say whether the {}{cost} left{reply}.", attempt(number))
            }
            Happening::Held { reason } => format!("It waits for an operator, because {}.", reason.because()),
            Happening::NextStep { channel, due_at } => self.next_step(note.at, *channel, *due_at),
            Happening::Answered { attempt: number, completeness } => {
                format!("{} through the link in the {}.", answered(*completeness), attempt(number))
            }
            Happening::Skipped { reason } => self.skipped(note.at, *reason),
            Happening::Closed { end } => ended(*end).to_owned(),
            Happening::SentAgain { attempt: number, by } => {
                format!("By decision of {by}, the {} goes once more, under the same number.", attempt(number))
            }
            Happening::Settled { attempt: number, found, by } => {
                let found = match found {
                    Found::Accepted => "was sent after all",
                    Found::Refused => "was never sent",
                };
                format!("According to {by}, the {} {found}.", attempt(number))
            }
            Happening::AskedAgain { channel, due_at, by } => {
                let due = due(*due_at, note.at, self.invitation.zone);
                format!("By decision of {by}, asked again: {} is due {due}.", a_message(*channel))
            }
            Happening::CameBack { attempt: number, receipt } => came_back(&attempt(number), receipt),
            Happening::Replanned { by } => {
                format!("By decision of {by}, planned anew under the configuration that was in force then.")
            }
            Happening::Replied { attempt: number, said } => replied(&attempt(number), *said),
            Happening::Inquired { attempt: number, gateway, is_there } => {
                let found = if *is_there { "took" } else { "does not have" };
                format!("Asked about it, {gateway} says that it {found} the {}.", attempt(number))
            }
        }
    }

    fn brief(&self, at: DateTime<Utc>) -> String {
        brief(at, self.invitation.zone)
    }

    fn before(&self) -> impl Iterator<Item = &Happening> {
        self.invitation.history.iter().take(self.index).map(|note| &note.what)
    }

    fn after(&self) -> impl Iterator<Item = &Happening> {
        self.invitation.history.iter().skip(self.index + 1).map(|note| &note.what)
    }

    fn planned(&self, at: DateTime<Utc>, (due_at, deferred): (DateTime<Utc>, Option<DeferReason>)) -> String {
        let invitation = self.invitation;
        if self.after().any(is_replanned) {
            // By what it was planned then, nobody can say any more.
            return format!("Planned: a message is due {}.", due(due_at, at, invitation.zone));
        }
        let begin = self.before().collect::<Vec<_>>().into_iter().rev().take_while(|what| !is_replanned(what));
        let n_passed_over = begin.filter(|what| matches!(what, Happening::StepPassedOver { .. })).count();
        let step = invitation.first_steps().get(n_passed_over).copied();
        let channel = step.and_then(|step| invitation.line_up.get(usize::from(step))).map(|step| step.channel);
        let what = channel.map_or("a message", a_message);
        let meant = reasons::meant_for(invitation, at);
        let moved = match deferred {
            Some(reason) => Some(reasons::deferred(invitation, self.background, (reason, due_at), at)),
            None => reasons::moved(invitation, self.background, due_at, at),
        };
        let due = due(due_at, at, invitation.zone);
        let Some(why) = moved else { return format!("Planned: {what} is due {due}.") };
        let meant = if meant <= at {
            "which could have gone at once".to_owned()
        } else {
            format!("meant for {}", self.brief(meant))
        };
        format!("Planned: {what}, {meant}, is due {due}, because {why}.")
    }

    fn skipped(&self, at: DateTime<Utc>, reason: SkipReason) -> String {
        let why = reasons::skipped(self.invitation, self.background, (reason, None), at);
        let was_sent = self.before().any(|what| matches!(what, Happening::Accepted { .. }));
        let what = if was_sent { "to send nothing more" } else { "not to ask" };
        format!("Decided {what}, because {why}.")
    }

    fn next_step(&self, at: DateTime<Utc>, channel: Channel, due_at: DateTime<Utc>) -> String {
        let invitation = self.invitation;
        let last = self.before().filter_map(attempt_of).last().and_then(|number| invitation.attempt(number));
        let after = last.map_or(0, |last| usize::from(last.step) + 1);
        let next = invitation.line_up.iter().skip(after).find(|step| step.channel == channel);
        let what = a_step(next.map_or(StepKind::Initial, |step| step.kind), channel);
        let due = due(due_at, at, invitation.zone);
        // A receipt says more than the channel's answer, whichever came first.
        let (told, taken): (Vec<_>, Vec<_>) =
            self.before().partition(|what| matches!(what, Happening::CameBack { .. }));
        let arrivals: BTreeMap<_, _> = taken.into_iter().chain(told).filter_map(arrival).collect();
        if arrivals.into_values().any(|has_arrived| has_arrived) {
            format!("Unless they answer, {what} follows {due}.")
        } else {
            format!("Instead, {what} goes out {due}.")
        }
    }
}

fn is_replanned(what: &Happening) -> bool {
    matches!(what, Happening::Replanned { .. })
}

/// The attempt that a note speaks of, if it says what came of one.
fn attempt_of(what: &Happening) -> Option<u8> {
    match what {
        Happening::Accepted { attempt, .. }
        | Happening::Deferred { attempt, .. }
        | Happening::Refused { attempt, .. }
        | Happening::Unknown { attempt, .. }
        | Happening::SentAgain { attempt, .. }
        | Happening::Settled { attempt, .. }
        | Happening::Inquired { attempt, .. }
        | Happening::CameBack { attempt, .. } => Some(*attempt),
        Happening::Planned { .. }
        | Happening::PutOff { .. }
        | Happening::StepPassedOver { .. }
        | Happening::Held { .. }
        | Happening::NextStep { .. }
        | Happening::Answered { .. }
        | Happening::Skipped { .. }
        | Happening::Closed { .. }
        | Happening::AskedAgain { .. }
        | Happening::Replied { .. }
        | Happening::Replanned { .. } => None,
    }
}

/// The attempt that a note says of whether the contact has it, and whether they do.
fn arrival(what: &Happening) -> Option<(u8, bool)> {
    if let Happening::Accepted { attempt, .. }
    | Happening::Settled { attempt, found: Found::Accepted, .. }
    | Happening::Inquired { attempt, is_there: true, .. }
    | Happening::CameBack { attempt, receipt: Receipt { news: News::Delivered, .. } } = what
    {
        return Some((*attempt, true));
    }
    if let Happening::CameBack { attempt, receipt: Receipt { news: News::Bounced(_), .. } } = what {
        return Some((*attempt, false));
    }
    None
}

/// What a receipt says of a message, with whom to blame for what came back.
fn came_back(message: &str, receipt: &Receipt) -> String {
    let Receipt { news, source, reply } = receipt;
    let said = said(reply);
    match news {
        News::Delivered => format!("The {message} arrived, says {source}{said}."),
        News::Complained => format!("The {message} was reported as unwanted, says {source}{said}."),
        News::Bounced(class) => {
            let why = match class {
                Bounce::Soft => "did not get through",
                Bounce::Policy => "came back, because it is not wanted there",
                Bounce::Sender => "came back, because they do not believe that it is from us",
                Bounce::Hard => "came back, because nobody is there; the address is not written to again",
            };
            format!("The {message} {why}, says {source}{said}.")
        }
    }
}

/// What somebody said in reply to a message, in kind: the answers stand elsewhere.
fn replied(message: &str, said: Replied) -> String {
    let what = match said {
        Replied::Answer { completeness } => return format!("{} in reply to the {message}.", answered(completeness)),
        Replied::Unclear => "said something that is no answer",
        Replied::Stop => "said stop: they want no more surveys",
        Replied::Start => "said that they want surveys again",
        Replied::Help => "asked who that is",
    };
    format!("In reply to the {message} they {what}.")
}

fn answered(completeness: Completeness) -> &'static str {
    match completeness {
        Completeness::Started => "Opened the survey",
        Completeness::Partial => "Answered in part",
        Completeness::Complete => "Answered in full",
    }
}
