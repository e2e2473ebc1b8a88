//! What became of messages, each counted once, whatever became of the case that it belongs to.
//!
//! Response rates count cases (`report rates`); here somebody looks who wants to know why messages do not arrive: at which
//! channel, whose domain, which gateway, for what reason. It is a fold over the messages themselves. A message belongs to
//! the day of its first try.

pub mod by;
pub mod reason;
pub mod write;

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::share::Share;
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::domain::invitation::{End, Happening, Invitation, State};
use crate::domain::price::{Currency, Price};
use crate::domain::receipt::Bounce;
use by::By;

/// What the figures mean. Another meaning is another version.
pub const DEFINITION_VERSION: u32 = 1;
/// Which messages a period takes.
pub const BASIS: &str = "messages by the day of their first try; each counts once";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryQuery {
    /// What to split by, in this order. Nothing gives the total alone.
    pub by: Vec<By>,
    /// The first day.
    pub from: NaiveDate,
    /// The day after the last.
    pub to: NaiveDate,
    /// When it is asked.
    pub as_of: DateTime<Utc>,
    /// Only this journey.
    pub journey: Option<JourneyId>,
    /// Only this stage.
    pub stage: Option<StageId>,
    /// Only this branch.
    pub branch: Option<BranchId>,
}

impl DeliveryQuery {
    /// Whether messages of this invitation are asked for, on some day.
    pub fn takes(&self, invitation: &Invitation) -> bool {
        self.journey.as_ref().is_none_or(|journey| *journey == invitation.journey)
            && self.stage.as_ref().is_none_or(|stage| *stage == invitation.stage)
            && self.branch.as_ref().is_none_or(|branch| invitation.branch.as_ref() == Some(branch))
    }

    /// Whether this message of such an invitation was first tried on a day that is asked for.
    pub fn takes_day_of(&self, invitation: &Invitation, attempt: &Attempt) -> bool {
        let day = day(invitation, attempt);
        self.from <= day && day < self.to
    }
}

fn day(invitation: &Invitation, attempt: &Attempt) -> NaiveDate {
    attempt.first_tried_at.with_timezone(&invitation.zone).date_naive()
}

/// A message, and what only others know of it.
#[derive(Clone, Copy, Debug)]
pub struct Message<'a> {
    /// The invitation that it belongs to.
    pub invitation: &'a Invitation,
    /// It.
    pub attempt: &'a Attempt,
    /// The domain that it went to, where that is known still.
    pub domain: Option<&'a str>,
    /// The gateway that such messages take today.
    pub gateway: Option<&'a str>,
}

/// Messages by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Handed to a channel.
    pub sent: u64,
    /// Of these, the channel took, whatever was heard later.
    pub accepted: u64,
    /// The channel would not take, or we gave up.
    pub refused: u64,
    /// Nobody can say whether the channel took it.
    pub unknown: u64,
    /// On their way: no outcome yet, or to be tried again.
    pub under_way: u64,
    /// Of the accepted, said to have arrived.
    pub delivered: u64,
    /// Of the accepted, came back for a reason that may pass, or that nobody can tell.
    pub bounced_soft: u64,
    /// Of the accepted, came back because the message was not wanted.
    pub bounced_policy: u64,
    /// Of the accepted, came back because we were not believed.
    pub bounced_sender: u64,
    /// Of the accepted, came back because nobody is there.
    pub bounced_hard: u64,
    /// Of the accepted, called unwanted by the recipient.
    pub complained: u64,
    /// By which somebody said no more.
    pub opted_out: u64,
    /// Segments of the text messages that a gateway took, or may have taken.
    pub segments: u64,
    /// What these cost, in millionths of each currency, where operations wrote prices.
    pub costs: BTreeMap<Currency, u64>,
}

impl Counts {
    fn add(&mut self, message: &Message<'_>) {
        self.sent += 1;
        let accepted = match message.attempt.fate {
            Fate::Sending | Fate::Deferred => {
                // A message that was put off until its invitation was over is not tried again.
                let is_over = matches!(message.invitation.state, State::Closed { .. } | State::Skipped { .. });
                *(if is_over { &mut self.refused } else { &mut self.under_way }) += 1;
                false
            }
            Fate::Refused { .. } => {
                self.refused += 1;
                false
            }
            Fate::Unknown { .. } => {
                self.unknown += 1;
                false
            }
            Fate::Accepted { .. } => true,
            Fate::Delivered { .. } => {
                self.delivered += 1;
                true
            }
            Fate::Bounced { class, .. } => {
                *self.bounced_of(class) += 1;
                true
            }
            Fate::Complained { .. } => {
                self.complained += 1;
                true
            }
        };
        self.accepted += u64::from(accepted);
        let number = message.attempt.number;
        let state = message.invitation.state;
        let is_no = matches!(state, State::Closed { end: End::OptedOut, through: Some(by), .. } if by == number);
        self.opted_out += u64::from(is_no);
        if let Some(cost) = message.attempt.cost {
            self.segments += u64::from(cost.n_segments);
            if let Some(Price { millionths, currency }) = cost.total() {
                let sum = self.costs.entry(currency).or_default();
                *sum = sum.saturating_add(millionths);
            }
        }
    }

    /// What text messages cost, a sum for each currency.
    pub fn cost(&self) -> impl Iterator<Item = Price> {
        self.costs.iter().map(|(currency, millionths)| Price { millionths: *millionths, currency: *currency })
    }

    fn bounced_of(&mut self, class: Bounce) -> &mut u64 {
        match class {
            Bounce::Soft => &mut self.bounced_soft,
            Bounce::Policy => &mut self.bounced_policy,
            Bounce::Sender => &mut self.bounced_sender,
            Bounce::Hard => &mut self.bounced_hard,
        }
    }

    /// Came back, for whatever reason.
    pub fn bounced(&self) -> u64 {
        self.bounced_soft + self.bounced_policy + self.bounced_sender + self.bounced_hard
    }

    /// Of the messages whose fate at the channel is known, those that it did not take or that came back.
    pub fn failure_rate(&self) -> Share {
        Share::sampling(self.refused + self.bounced(), self.accepted + self.refused)
    }

    /// Of the accepted, those that came back because nobody is there.
    pub fn hard_bounce_rate(&self) -> Share {
        Share::sampling(self.bounced_hard, self.accepted)
    }

    /// Of the accepted, those that were called unwanted. Mailbox providers want it below 0.1 %, and never at 0.3 %.
    pub fn complaint_rate(&self) -> Share {
        Share::sampling(self.complained, self.accepted)
    }

    /// Of the accepted, those by which somebody said no more.
    pub fn opt_out_rate(&self) -> Share {
        Share::sampling(self.opted_out, self.accepted)
    }

    /// The counters under their names, in the order in which they are written down.
    pub fn counters(&self) -> [(&'static str, u64); 13] {
        [
            ("sent", self.sent),
            ("accepted", self.accepted),
            ("refused", self.refused),
            ("unknown", self.unknown),
            ("under_way", self.under_way),
            ("delivered", self.delivered),
            ("bounced_soft", self.bounced_soft),
            ("bounced_policy", self.bounced_policy),
            ("bounced_sender", self.bounced_sender),
            ("bounced_hard", self.bounced_hard),
            ("complained", self.complained),
            ("opted_out", self.opted_out),
            ("segments", self.segments),
        ]
    }

    /// The rates under their names, in the order in which they are written down.
    pub fn rates(&self) -> [(&'static str, Share); 4] {
        [
            ("failure_rate", self.failure_rate()),
            ("hard_bounce_rate", self.hard_bounce_rate()),
            ("complaint_rate", self.complaint_rate()),
            ("opt_out_rate", self.opt_out_rate()),
        ]
    }
}

/// The values of a row in the dimensions of the query; `None` where its messages have none.
pub type Labels = Vec<Option<String>>;

/// A report in the making: messages go in one by one, in any order.
#[derive(Clone, Debug)]
pub struct Delivery {
    query: DeliveryQuery,
    total: Counts,
    rows: BTreeMap<Labels, Counts>,
}

/// What became of messages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryReport {
    /// What was asked for.
    pub query: DeliveryQuery,
    /// Every message once.
    pub total: Counts,
    /// Split, those with the most messages first.
    pub rows: Vec<(Labels, Counts)>,
}

impl Delivery {
    /// A report without messages.
    pub fn of(query: DeliveryQuery) -> Self {
        Self { query, total: Counts::default(), rows: BTreeMap::new() }
    }

    /// What it is to tell.
    pub fn query(&self) -> &DeliveryQuery {
        &self.query
    }

    /// Counts a message, if it is asked for.
    pub fn add(&mut self, message: &Message<'_>) {
        if !self.query.takes(message.invitation) || !self.query.takes_day_of(message.invitation, message.attempt) {
            return;
        }
        self.total.add(message);
        if !self.query.by.is_empty() {
            let labels = self.query.by.iter().map(|by| by.of(message)).collect();
            self.rows.entry(labels).or_default().add(message);
        }
    }

    /// The report.
    pub fn report(self) -> DeliveryReport {
        let mut rows: Vec<_> = self.rows.into_iter().collect();
        rows.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.sent));
        DeliveryReport { query: self.query, total: self.total, rows }
    }
}

/// What was said of a message that did not get through, the last of it.
pub(super) fn last_words<'a>(invitation: &'a Invitation, attempt: &Attempt) -> Option<&'a str> {
    invitation.history.iter().rev().find_map(|note| {
        if let Happening::CameBack { attempt: of, receipt } = &note.what {
            return (*of == attempt.number).then_some(receipt.reply.as_str());
        }
        let (Happening::Refused { attempt: of, reply, .. }
        | Happening::Deferred { attempt: of, reply, .. }
        | Happening::Unknown { attempt: of, reply }) = &note.what
        else {
            return None;
        };
        (*of == attempt.number).then_some(reply.as_str())
    })
}

#[cfg(test)]
mod tests;
