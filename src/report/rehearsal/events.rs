//! What a rehearsal brought about for one invitation.

use chrono::{DateTime, Utc};

use crate::domain::invitation::{Happening, Invitation, Note};
use crate::domain::journey::{Channel, StepKind};

/// The word for a message that no channel would take: it could not be written.
const NOT_TAKEN: &str = "not_taken";

/// Something that would happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// By which channel it goes, or would have gone.
    pub channel: Channel,
    /// What.
    pub what: What,
}

/// The kinds of things that would happen to a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It leaves.
    Sent {
        /// Its number in the invitation.
        attempt: u8,
        /// What it is to the customer.
        kind: StepKind,
    },
    /// It is put off.
    PutOff {
        /// The word for why.
        reason: &'static str,
    },
    /// It is left out.
    LeftOut {
        /// The word for why.
        reason: &'static str,
    },
}

/// What came about between two states of an invitation, in order.
pub fn events(before: Option<&Invitation>, after: &Invitation) -> Vec<Event> {
    let mut channels = Channels::of(after);
    let is_new: Vec<bool> = match before {
        Some(before) => {
            let mut since = after.notes_since(before).peekable();
            let is_new = |note: &Note| since.next_if(|new| std::ptr::eq(*new, note)).is_some();
            after.history.iter().map(is_new).collect()
        }
        None => vec![true; after.history.len()],
    };
    let mut events = Vec::new();
    let mut last: Option<Event> = None;
    for (note, is_new) in after.history.iter().zip(is_new) {
        let Some((channel, what)) = channels.next(note) else { continue };
        let event = Event { at: note.at, channel, what };
        // Where no step is left, what is said of the last is said of the whole once more.
        let is_said = matches!(what, What::LeftOut { .. }) && last == Some(event);
        last = Some(event);
        if is_new && !is_said {
            events.push(event);
        }
    }
    events
}

/// By which channel an invitation's next message goes, note by note.
struct Channels<'a> {
    invitation: &'a Invitation,
    n_passed_over: usize,
    now: Option<Channel>,
}

impl<'a> Channels<'a> {
    fn of(invitation: &'a Invitation) -> Self {
        let now = invitation.line_up.first().map(|step| step.channel);
        Self { invitation, n_passed_over: 0, now }
    }

    /// What a note tells of a message, if it does.
    fn next(&mut self, note: &Note) -> Option<(Channel, What)> {
        let what = match &note.what {
            Happening::Planned { deferred, .. } => {
                let step = self.invitation.first_steps().get(self.n_passed_over).copied();
                let step = step.and_then(|step| self.invitation.line_up.get(usize::from(step)));
                self.now = step.map(|step| step.channel).or(self.now);
                What::PutOff { reason: deferred.as_ref()?.as_str() }
            }
            Happening::StepPassedOver { channel, reason } => {
                self.n_passed_over += 1;
                self.now = Some(*channel);
                What::LeftOut { reason: reason.as_str() }
            }
            Happening::NextStep { channel, .. } | Happening::AskedAgain { channel, .. } => {
                self.now = Some(*channel);
                return None;
            }
            Happening::Replanned { .. } => {
                self.n_passed_over = 0;
                return None;
            }
            Happening::PutOff { reason, .. } => What::PutOff { reason: reason.as_str() },
            Happening::Deferred { .. } => What::PutOff { reason: NOT_TAKEN },
            Happening::Accepted { attempt, .. } => {
                let attempt = self.invitation.attempt(*attempt)?;
                return Some((attempt.channel, What::Sent { attempt: attempt.number, kind: attempt.kind }));
            }
            Happening::Refused { .. } => What::LeftOut { reason: NOT_TAKEN },
            Happening::Skipped { reason } => What::LeftOut { reason: reason.as_str() },
            Happening::Unknown { .. }
            | Happening::Held { .. }
            | Happening::Answered { .. }
            | Happening::Closed { .. }
            | Happening::SentAgain { .. }
            | Happening::CameBack { .. }
            | Happening::Replied { .. }
            | Happening::Inquired { .. }
            | Happening::Settled { .. } => return None,
        };
        Some((self.now?, what))
    }
}
