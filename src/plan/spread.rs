//! Calling everybody up once per period, evenly, counted from the last ask.
//!
//! Whoever was asked before is called up again a period after that, to the second; so a panel that is spread evenly stays
//! so, and an ask that came late moves the next. Whoever was never asked has a fixed place in the period, drawn by lot from
//! the id. A fire calls up those whose place came since the fire before, and of those who were asked before all whose turn
//! comes before the next fire. Where the turn lies later than the fire the message is due then, so that rounding to fires
//! adds up to nothing over the years.
//!
//! Whoever was called up and could not be asked (no consent, a full budget) keeps the turn that they have: they are called
//! up again a period later, and not at each fire.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::{ContactId, JourneyId, StageId};
use crate::domain::invitation::Invitation;
use crate::domain::seal::Seal;

/// A fire of a clock that spreads its audience.
#[derive(Clone, Copy, Debug)]
pub struct Panel<'a> {
    /// The stage's journey.
    pub journey: &'a JourneyId,
    /// The stage.
    pub stage: &'a StageId,
    /// When those are asked whom the fire before this one called up, at the earliest.
    pub since: DateTime<Utc>,
    /// When those are asked whom this fire calls up, at the earliest.
    pub at: DateTime<Utc>,
    /// When those are asked whom the next fire calls up, at the earliest.
    pub next: DateTime<Utc>,
    /// The period.
    pub per: TimeDelta,
}

/// What a person was asked at the stage before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Before {
    /// When they were last asked, or will be.
    pub asked_at: Option<DateTime<Utc>>,
    /// When the last of their turns came, whether or not they could be asked.
    pub turn_at: Option<DateTime<Utc>>,
}

impl Before {
    /// What these invitations of a person say of the stage.
    pub fn of<'i>(invitations: impl IntoIterator<Item = &'i Invitation>, journey: &JourneyId, stage: &StageId) -> Self {
        let mut before = Self::default();
        for known in invitations.into_iter().filter(|known| known.journey == *journey && known.stage == *stage) {
            before.asked_at = before.asked_at.max(known.asks_at());
            before.turn_at = before.turn_at.max(known.ask_before.checked_sub_signed(known.window));
        }
        before
    }
}

impl Panel<'_> {
    /// When to ask a contact, if it is their turn.
    pub fn turn(&self, contact: &ContactId, before: Before, seal: &Seal) -> Option<DateTime<Utc>> {
        let per = self.per.num_microseconds().filter(|per| *per > 0)?;
        // Of those who were asked, the turns up to the next fire; of the others, those since the fire before.
        let (first, until) = match before.asked_at {
            Some(asked_at) => (asked_at.checked_add_signed(self.per)?, self.next),
            None => (self.place(contact, seal)?, self.at),
        };
        let last = until.timestamp_micros().checked_sub(1)?;
        let n_micros = last.checked_sub(first.timestamp_micros())?.rem_euclid(per);
        let turn = DateTime::from_timestamp_micros(last.checked_sub(n_micros)?)?;
        let is_over = turn < self.since || before.asked_at.is_some() && turn < first;
        // Half a period is more than any fire is late, and less than lies between two turns.
        let had = before.turn_at.is_some_and(|had| turn - self.per / 2 < had);
        if is_over || had {
            return None;
        }
        Some(if before.asked_at.is_some() { turn.max(self.at) } else { self.at })
    }

    /// A turn of somebody who was never asked.
    fn place(&self, contact: &ContactId, seal: &Seal) -> Option<DateTime<Utc>> {
        let lot = seal.lot(&format!("spread {}/{}", self.journey, self.stage), contact.as_str());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "periods are at most ten years"
        )]
        let seconds = (lot * self.per.num_seconds() as f64) as i64;
        DateTime::from_timestamp(seconds, 0)
    }
}

#[cfg(test)]
mod tests;
