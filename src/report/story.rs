//! Stories: what was decided about an invitation, a contact, an event or a card, what was done, and why, in plain words.
//!
//! A story is told from the records alone, which carry their own history. Where a note names a reason whose inputs lie in
//! other records (a budget, a send window, a condition), they are looked up and named only if they account for what was
//! decided then; otherwise the reason stands alone, rather than beside something that is true only today.

mod budget;
mod card;
mod contact;
mod event;
mod invitation;
mod reasons;
mod words;

#[cfg(test)]
mod tests;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

pub use card::{CardPlace, card};
pub use contact::contact;
pub use event::event;
pub use invitation::{standing, tell};
pub use words::when;

use crate::domain::hold::Hold;
use crate::domain::invitation::Invitation;
use crate::domain::tap::{Taps, TapsEnd};
use crate::plan::{Facts, PlanRules};

/// What somebody said to being contacted about their answer.
pub fn consent(is_given: bool) -> &'static str {
    if is_given {
        "They may be contacted about this answer."
    } else {
        "They do not wish to be contacted about this answer."
    }
}

/// What was tapped in the mails of an invitation, and what is made of it.
pub fn taps(taps: &Taps, zone: Tz) -> String {
    let times = if taps.n == 1 { "once".to_owned() } else { format!("{} times", taps.n) };
    let first = when(taps.first_at, zone);
    let what = format!("A rating in a mail was tapped {times}, first on {first}.");
    match taps.end {
        Some(TapsEnd::Answered(_)) => format!("{what} What a person answered counts in its place."),
        Some(TapsEnd::Released(at)) => format!("{what} An operator let it count on {}.", when(at, zone)),
        None if taps.is_suspect() => {
            let reasons: Vec<_> = taps.signs.iter().map(|sign| sign.reason()).collect();
            format!("{what} It counts nowhere, as it looks like a scanner: {}.", reasons.join("; "))
        }
        None => format!("{what} It counts nowhere until a person is seen."),
    }
}

/// A line of a story.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When it happened.
    pub at: DateTime<Utc>,
    /// What happened, as a sentence or two.
    pub what: String,
}

/// What a story is told against.
#[derive(Clone, Copy, Debug)]
pub struct Background<'a> {
    /// What is known of the contact.
    pub facts: &'a Facts,
    /// What is held at present.
    pub holds: &'a [Hold],
    /// The gateways that have spent what they may cost today, each with the end of that day.
    pub stopped: &'a [(String, DateTime<Utc>)],
    /// The rules that are in force.
    pub rules: &'a PlanRules,
    /// The time.
    pub now: DateTime<Utc>,
}

impl Background<'_> {
    /// The zone by which messages of this invitation are sent.
    fn send_zone(&self, invitation: &Invitation) -> Tz {
        self.facts.contact.as_ref().and_then(|contact| contact.time_zone).unwrap_or(invitation.zone)
    }
}
