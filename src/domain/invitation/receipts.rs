//! What a receipt changes.
//!
//! Receipts may come before the channel's own answer, twice, and after the invitation is over. Whatever their order, the
//! latest of the news counts ([`News`]), so that any order of the same receipts leaves the same fate.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::super::attempt::{Fate, Outcome};
use super::super::receipt::{News, Receipt};
use super::{End, Happening, Invitation, State};

impl Invitation {
    /// Notes what came back about a message. `None` when nobody learns anything from it: there is no such message, or as
    /// much or more was known of it.
    ///
    /// A message that came back was not delivered, so the line-up goes on at once with what follows that. Whoever
    /// complains gets nothing more.
    pub fn heard(self, attempt: u8, receipt: &Receipt, now: DateTime<Utc>, zone: Tz) -> Option<Self> {
        let mut heard = self;
        let is_last = heard.attempts.last().is_some_and(|last| last.number == attempt);
        let told = heard.attempts.iter_mut().find(|known| known.number == attempt)?;
        // What was refused in so many words never was on its way; somebody takes one message for another.
        if matches!(told.fate, Fate::Refused { .. }) || told.fate.news() >= Some(receipt.news) {
            return None;
        }
        let (step, had_arrived) = (told.step, told.fate.has_arrived());
        told.fate = Fate::after(receipt.news, now);
        heard.note(now, Happening::CameBack { attempt, receipt: receipt.clone() });
        Some(match receipt.news {
            News::Delivered if had_arrived => heard,
            News::Delivered => heard.knowing_more(now, (step, is_last), zone),
            News::Bounced(_) => heard.came_back(now, (step, is_last), zone),
            News::Complained => heard.complained(now, attempt),
        })
    }

    /// Notes what a gateway says that was asked about a message of unknown outcome: its own name for the message, or that it
    /// does not have it. `None` when nobody learns anything from it. What a gateway does not have may still be on its way
    /// there, so it stays of unknown outcome until somebody decides.
    pub fn inquired(
        mut self,
        attempt: u8,
        (gateway, provider_ref): (&str, Option<&str>),
        now: DateTime<Utc>,
        zone: Tz,
    ) -> Option<Self> {
        let is_last = self.attempts.last().is_some_and(|last| last.number == attempt);
        let asked = self.attempts.iter_mut().find(|known| known.number == attempt)?;
        let (at, step) = (asked.fate.lost_at()?, asked.step);
        let inquired = |is_there| Happening::Inquired { attempt, gateway: gateway.to_owned(), is_there };
        let Some(provider_ref) = provider_ref else {
            let since_lost =
                self.history.iter().rev().take_while(
                    |note| !matches!(note.what, Happening::Unknown { attempt: lost, .. } if lost == attempt),
                );
            let is_known = since_lost.map(|note| &note.what).any(|what| *what == inquired(false));
            if !is_known {
                self.note(now, inquired(false));
            }
            return (!is_known).then_some(self);
        };
        // It was taken when it left, not when somebody found out.
        asked.fate = Fate::Accepted { at };
        asked.provider_ref = Some(provider_ref.to_owned());
        self.note(now, inquired(true));
        Some(self.knowing_more(now, (step, is_last), zone))
    }

    /// Whoever complains has the message, whatever was said of it before.
    fn complained(self, now: DateTime<Utc>, attempt: u8) -> Self {
        if let State::Closed { at, end: End::Undelivered, .. } = self.state {
            return Self { state: State::Closed { at, end: End::OptedOut, through: Some(attempt) }, ..self };
        }
        self.opted_out(now, Some(attempt))
    }

    /// A message came back, so whatever was to follow its arrival does not.
    fn came_back(mut self, now: DateTime<Utc>, (step, is_last): (u8, bool), zone: Tz) -> Self {
        let goes_on = matches!(self.state, State::Asked | State::Waiting { .. });
        if goes_on && !self.delivered() {
            self.abandon(now);
            let last = self.attempts.last().map_or(step, |last| last.step);
            return self.advance(now, last, zone, None);
        }
        self.knowing_more(now, (step, is_last), zone)
    }

    /// The channel's answer to a message of which a receipt told more already.
    pub(super) fn settle_known(
        mut self,
        now: DateTime<Utc>,
        (step, attempt): (u8, u8),
        outcome: &Outcome,
        zone: Tz,
    ) -> Self {
        if let Outcome::Accepted { provider_ref, .. } = outcome {
            if let Some(last) = self.attempts.last_mut() {
                last.provider_ref.clone_from(provider_ref);
            }
            self.note(now, Happening::Accepted { attempt, reply: outcome.reply() });
        }
        self.advance(now, step, zone, None)
    }
}
