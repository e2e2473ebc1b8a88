//! Who newly gets, loses or moves a message when another configuration is in force.
//!
//! Two rehearsals of one store are laid side by side, invitation by invitation and message by message. Where a stage's clock
//! fires at other times, its invitations are others by name; those of one contact at one stage are then told as moved.

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Utc};

use super::events::{Event, What, events};
use crate::domain::id::{BranchId, ContactId, InvitationId, JourneyId, StageId};
use crate::domain::invitation::{Invitation, State};
use crate::domain::journey::Channel;

/// Changes that are told one by one; those beyond are only counted.
pub const CHANGES_MAX: usize = 200_000;

/// How the second rehearsal differs from the first.
#[derive(Clone, Debug, Default)]
pub struct Difference {
    /// Messages that only the second one sends.
    pub gains: Count,
    /// Messages that only the first one sends.
    pub losses: Count,
    /// Messages that both send, at another time or by another channel.
    pub moves: Count,
    /// Each of them, in the order of the time at which it happens or no longer does.
    pub changes: Vec<Change>,
    /// Changes that are counted and not told.
    pub n_left_off: u64,
}

/// How many messages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// All of them.
    pub n_messages: u64,
    /// The first ones of invitations: so many people are asked a survey, or are not.
    pub n_surveys: u64,
}

/// A message that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Who is asked.
    pub contact: ContactId,
    /// In which journey.
    pub journey: JourneyId,
    /// At which stage.
    pub stage: StageId,
    /// For which branch, where it belongs to one.
    pub branch: Option<BranchId>,
    /// Its number in the invitation.
    pub message: u8,
    /// Where the first rehearsal sends it.
    pub before: Option<Sending>,
    /// Where the second one does.
    pub after: Option<Sending>,
    /// The word for why one of them does not send it.
    pub why: Option<&'static str>,
}

/// A message that is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sending {
    /// Of which invitation.
    pub invitation: InvitationId,
    /// When.
    pub at: DateTime<Utc>,
    /// By which channel.
    pub channel: Channel,
}

impl Change {
    /// The word for it in JSON.
    pub fn as_str(&self) -> &'static str {
        match (self.before, self.after) {
            (None, _) => "gains",
            (Some(_), None) => "loses",
            (Some(_), Some(_)) => "moves",
        }
    }

    /// When it happens first, before or after.
    pub fn at(&self) -> Option<DateTime<Utc>> {
        [self.before, self.after].into_iter().flatten().map(|sending| sending.at).min()
    }
}

/// An invitation as it was, and as one rehearsal left it.
#[derive(Clone, Copy, Debug)]
pub struct Lived<'a> {
    /// As it was, if it was there.
    pub before: Option<&'a Invitation>,
    /// As it was left, if it is there.
    pub after: Option<&'a Invitation>,
}

impl Lived<'_> {
    fn events(&self) -> Vec<Event> {
        self.after.map(|after| events(self.before, after)).unwrap_or_default()
    }

    /// Why a message of it is not sent.
    fn why_not(&self, events: &[Event]) -> &'static str {
        let left_out = events.iter().rev().find_map(|event| match event.what {
            What::LeftOut { reason } => Some(reason),
            What::Sent { .. } | What::PutOff { .. } => None,
        });
        match (self.after.map(|after| after.state), left_out) {
            (None, _) => "not_planned",
            (Some(_), Some(reason)) => reason,
            (Some(State::Waiting { .. }), None) => "later",
            (
                Some(
                    State::Sending { .. }
                    | State::Held { .. }
                    | State::Asked
                    | State::Closed { .. }
                    | State::Skipped { .. },
                ),
                None,
            ) => "not_in_line_up",
        }
    }
}

/// What each message of an invitation becomes, by its number.
fn sendings(invitation: InvitationId, events: &[Event]) -> BTreeMap<u8, Sending> {
    let sent = events.iter().filter_map(|event| match event.what {
        What::Sent { attempt, .. } => Some((attempt, Sending { invitation, at: event.at, channel: event.channel })),
        What::PutOff { .. } | What::LeftOut { .. } => None,
    });
    sent.collect()
}

impl Difference {
    /// Lays the two ends of one invitation side by side.
    pub fn add(&mut self, first: Lived<'_>, second: Lived<'_>) {
        let Some(invitation) = second.after.or(first.after) else { return };
        let (in_first, in_second) = (first.events(), second.events());
        let befores = sendings(invitation.id, &in_first);
        let mut afters = sendings(invitation.id, &in_second);
        let change = |message, before, after, why| Change {
            contact: invitation.contact.clone(),
            journey: invitation.journey.clone(),
            stage: invitation.stage.clone(),
            branch: invitation.branch.clone(),
            message,
            before,
            after,
            why,
        };
        for (message, before) in befores {
            let after = afters.remove(&message);
            if after != Some(before) {
                let why = after.is_none().then(|| second.why_not(&in_second));
                self.put(change(message, Some(before), after, why));
            }
        }
        for (message, after) in afters {
            self.put(change(message, None, Some(after), Some(first.why_not(&in_first))));
        }
    }

    fn put(&mut self, change: Change) {
        if self.changes.len() < CHANGES_MAX {
            self.changes.push(change);
        } else {
            self.n_left_off += 1;
            self.count(&change);
        }
    }

    fn count(&mut self, change: &Change) {
        let count = match (change.before, change.after) {
            (None, _) => &mut self.gains,
            (Some(_), None) => &mut self.losses,
            (Some(_), Some(_)) => &mut self.moves,
        };
        count.n_messages += 1;
        count.n_surveys += u64::from(change.message == 1);
    }

    /// The whole of it, when every invitation was added.
    #[must_use]
    pub fn finished(mut self) -> Self {
        let mut changes = with_moves_by_name(std::mem::take(&mut self.changes));
        changes.sort_by(|a, b| (a.at(), &a.contact, a.message).cmp(&(b.at(), &b.contact, b.message)));
        for change in &changes {
            self.count(change);
        }
        self.changes = changes;
        self
    }
}

/// Joins what one contact loses and gets at one stage into moves, the earliest with the earliest.
fn with_moves_by_name(changes: Vec<Change>) -> Vec<Change> {
    let (gains, mut changes): (Vec<_>, Vec<_>) = changes.into_iter().partition(|change| change.before.is_none());
    let key = |change: &Change| (change.contact.clone(), change.journey.clone(), change.stage.clone(), change.message);
    let mut gained = BTreeMap::<_, VecDeque<Change>>::new();
    for gain in gains {
        gained.entry(key(&gain)).or_default().push_back(gain);
    }
    for same in gained.values_mut() {
        same.make_contiguous().sort_by_key(Change::at);
    }
    changes.sort_by_key(Change::at);
    for lost in changes.iter_mut().filter(|change| change.after.is_none()) {
        if let Some(gain) = gained.get_mut(&key(lost)).and_then(VecDeque::pop_front) {
            (lost.after, lost.why) = (gain.after, None);
        }
    }
    changes.extend(gained.into_values().flatten());
    changes
}
