//! When a message may leave, as far as clocks and calendars go.
//!
//! Several things must be open at once: the stage's `send` window, by the clock where the contact lives (else the
//! branch's); and the branch's days off, its weekends and its holidays, unless the stage writes on them. A day off is a day
//! of that same clock's calendar, so that it begins and ends where the window's days do.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::contact::Contact;
use crate::domain::holidays::Holidays;
use crate::domain::invitation::Invitation;
use crate::domain::reason::DeferReason;
use crate::domain::send_window::{DaySet, SendWindow};

use super::gate::GateRules;

/// When a message may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chance {
    /// When: in all hours and within every budget, unless that is too late to ask at all.
    pub at: DateTime<Utc>,
    /// What moved it there, beyond the stage's own hours, if anything did.
    pub deferred: Option<DeferReason>,
}

/// The hours in which a message may leave.
#[derive(Clone, Debug)]
pub struct Hours<'a> {
    zone: Tz,
    send: SendWindow,
    /// The days that are not of the weekend, where weekends are off.
    workdays: Option<SendWindow>,
    /// Where holidays are off.
    holidays: Option<&'a Holidays>,
}

/// Something that is open at times: the same instant when it is open then, else the first at which it is.
type Opening<'o> = &'o dyn Fn(DateTime<Utc>) -> Option<DateTime<Utc>>;

impl<'a> Hours<'a> {
    /// Those of an invitation's messages to its contact.
    pub fn of(rules: &'a GateRules, invitation: &Invitation, contact: &Contact) -> Self {
        let writes_on = rules.stages.of(invitation).writes_on;
        let branch = rules.branch_of(invitation);
        let weekend = branch.map_or(DaySet::SAT_SUN, |branch| branch.weekend);
        Self {
            zone: contact.time_zone.unwrap_or(invitation.zone),
            send: invitation.send,
            workdays: weekend.others().filter(|_| !writes_on.weekends).map(SendWindow::on_days),
            holidays: branch.filter(|_| !writes_on.holidays).map(|branch| &branch.holidays),
        }
    }

    /// The first chance at `wanted` or later; one that is not before `before` may be too early, for it is too late in any
    /// case. `None` where the hours never open again.
    pub fn chance(&self, wanted: DateTime<Utc>, before: DateTime<Utc>) -> Option<Chance> {
        let send = |at| self.send.next_open(self.zone, at);
        let workdays = |at| self.workdays.map_or(Some(at), |workdays| workdays.next_open(self.zone, at));
        let holidays = |at| self.holidays.map_or(Some(at), |holidays| holidays.next_open(self.zone, at));
        let own = all_open(&[&send, &workdays], wanted, before)?;
        let at = all_open(&[&send, &workdays, &holidays], own, before)?;
        Some(Chance { at, deferred: (own < at).then_some(DeferReason::Holiday) })
    }
}

/// The first instant from `wanted` on at which all are open, or one that is not before `before`.
fn all_open(openings: &[Opening<'_>], wanted: DateTime<Utc>, before: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut at = wanted;
    // Ends: every turn but the last moves on to the next opening of something, and openings are days apart at most.
    loop {
        let next = openings.iter().try_fold(at, |at, opening| opening(at))?;
        if next == at || before <= next {
            return Some(next);
        }
        at = next;
    }
}
