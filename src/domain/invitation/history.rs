//! What happened to an invitation, in words that a person can read back.

use chrono::{DateTime, Utc};

use super::super::answer::Completeness;
use super::super::journey::Channel;
use super::super::operator::Operator;
use super::super::reason::{DeferReason, HoldReason, SkipReason};
use super::super::receipt::Receipt;
use super::{End, Found, Invitation};

/// Most notes that a record carries. Tries that were put off by the channel give way first, then what was put off by the
/// gate, and what was answered: a form can be handed in any number of times. What an operator found out never does, as
/// nothing else holds it.
pub const NOTES_MAX: usize = 120;

/// Something that happened, and when. `Debug` leaves servers' replies out: they may name an address.
#[derive(Clone, PartialEq)]
pub struct Note {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub what: Happening,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Note").field("at", &self.at).finish_non_exhaustive()
    }
}

/// The kinds of things that happen to an invitation.
#[derive(Clone, PartialEq)]
pub enum Happening {
    /// It was decided to ask.
    Planned {
        /// When the first message is due.
        due_at: DateTime<Utc>,
        /// Why that is later than the stage asks for, if it is.
        deferred: Option<DeferReason>,
    },
    /// A due message was put off by the gate.
    PutOff {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: DeferReason,
    },
    /// A step cannot be taken for this contact.
    StepPassedOver {
        /// By which channel it would have gone.
        channel: Channel,
        /// Why not.
        reason: SkipReason,
    },
    /// The channel took a message.
    Accepted {
        /// The attempt.
        attempt: u8,
        /// The channel's answer.
        reply: String,
    },
    /// The channel asked us to come again.
    Deferred {
        /// The attempt.
        attempt: u8,
        /// When the next try is due.
        until: DateTime<Utc>,
        /// The channel's answer.
        reply: String,
    },
    /// The channel will not take it, or we gave up.
    Refused {
        /// The attempt.
        attempt: u8,
        /// The channel's answer.
        reply: String,
        /// Whether it was we who gave up.
        gave_up: bool,
    },
    /// Nobody can say whether the channel took it.
    Unknown {
        /// The attempt.
        attempt: u8,
        /// What happened.
        reply: String,
    },
    /// It waits for somebody to decide.
    Held {
        /// Why.
        reason: HoldReason,
    },
    /// The next step of the line-up was set.
    NextStep {
        /// By which channel.
        channel: Channel,
        /// When.
        due_at: DateTime<Utc>,
    },
    /// An answer came.
    Answered {
        /// The attempt whose link was used.
        attempt: u8,
        /// How far it goes.
        completeness: Completeness,
    },
    /// It was decided not to ask, or not to go on asking.
    Skipped {
        /// Why.
        reason: SkipReason,
    },
    /// It is over.
    Closed {
        /// How.
        end: End,
    },
    /// An operator had a message of unknown outcome sent once more.
    SentAgain {
        /// The attempt.
        attempt: u8,
        /// Who.
        by: Operator,
    },
    /// An operator put down what came of a message of unknown outcome.
    Settled {
        /// The attempt.
        attempt: u8,
        /// What they found.
        found: Found,
        /// Who.
        by: Operator,
    },
    /// An operator had it asked again.
    AskedAgain {
        /// By which channel.
        channel: Channel,
        /// When the message is due.
        due_at: DateTime<Utc>,
        /// Who.
        by: Operator,
    },
    /// Something came back about a message.
    CameBack {
        /// The attempt.
        attempt: u8,
        /// What.
        receipt: Receipt,
    },
    /// An operator moved it to the configuration that was in force then; what was decided by that follows.
    Replanned {
        /// Who.
        by: Operator,
    },
    /// The contact answered a text message with one of their own.
    Replied {
        /// The attempt that they answered.
        attempt: u8,
        /// What they said, in kind.
        said: Replied,
    },
    /// The gateway was asked what became of a message of unknown outcome.
    Inquired {
        /// The attempt.
        attempt: u8,
        /// Which gateway.
        gateway: String,
        /// Whether it has the message.
        is_there: bool,
    },
}

/// What somebody said in reply to a text message, in kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replied {
    /// An answer.
    Answer {
        /// How far the answers go with it.
        completeness: Completeness,
    },
    /// Something that nobody could make an answer of.
    Unclear,
    /// That they want no more surveys.
    Stop,
    /// That they want surveys again.
    Start,
    /// A question who that is.
    Help,
}

impl Invitation {
    /// The notes that were taken since it stood as `earlier`.
    pub fn notes_since<'a>(&'a self, earlier: &'a Self) -> impl Iterator<Item = &'a Note> {
        let mut known = earlier.history.iter();
        // Notes gave way since, perhaps, but none changed its place.
        self.history.iter().filter(move |note| {
            let rest = known.as_slice();
            let place = rest.iter().position(|known| known == *note);
            known = place.map_or(rest, |place| rest.get(place + 1..).unwrap_or_default()).iter();
            place.is_none()
        })
    }

    /// Adds a note, and keeps the record within bounds.
    pub(super) fn note(&mut self, at: DateTime<Utc>, what: Happening) {
        self.make_room(1);
        self.history.push(Note { at, what });
    }

    /// Within the bounds of a record.
    #[must_use]
    pub fn bounded(mut self) -> Self {
        self.make_room(0);
        self
    }

    fn make_room(&mut self, n: usize) {
        while self.history.len() + n > NOTES_MAX {
            let first = |wanted: fn(&Happening) -> bool| self.history.iter().position(|note| wanted(&note.what));
            let spare = first(|what| matches!(what, Happening::Deferred { .. })).or_else(|| {
                first(|what| {
                    matches!(what, Happening::PutOff { .. } | Happening::Answered { .. } | Happening::Replied { .. })
                })
            });
            let oldest = |(_, note): &(usize, &Note)| !matches!(note.what, Happening::Settled { .. });
            let oldest = self.history.iter().enumerate().skip(1).find(oldest).map(|(index, _)| index);
            self.history.remove(spare.or(oldest).unwrap_or(1));
        }
    }
}
