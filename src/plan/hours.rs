//! When a message may leave, as far as clocks and calendars go.
//!
//! Several things must be open at once:
//! 1. The stage's `send` window, by the clock where the contact lives, else by the branch's.
//! 2. The branch's days off, its weekends and its holidays, unless the stage writes on them. A day off is a day of that same
//!    clock's calendar, so that it begins and ends where the window's days do.
//! 3. The hours of the contact's country ([`QuietHours`](crate::domain::quiet_hours::QuietHours)), where it has any. The
//!    country is that of the contact's telephone number, else the branch's. Its hours go by the contact's clock; where that
//!    is not known, by the branch's, if the branch is in that country; else they must be open in every zone of the country.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::contact::{Contact, Phone};
use crate::domain::country::Country;
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::openings::{Opening, Times, all_open};
use crate::domain::reason::DeferReason;
use crate::domain::send_window::{DaySet, SendWindow};

use super::gate::GateRules;
use super::limits::BranchRules;

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
    /// What the stage itself says.
    own: Vec<Opening<'a>>,
    /// What else must be open, and the reason for waiting where it is not.
    beside: Vec<(Opening<'a>, DeferReason)>,
}

impl<'a> Hours<'a> {
    /// Those of an invitation's messages to its contact by this channel.
    pub fn of(rules: &'a GateRules, (invitation, channel): (&Invitation, Channel), contact: &Contact) -> Self {
        let writes_on = rules.stages.of(invitation).writes_on;
        let branch = rules.branch_of(invitation);
        let zone = contact.time_zone.unwrap_or(invitation.zone);
        let here = |times| Opening { zone, times };
        let weekend = branch.map_or(DaySet::SAT_SUN, |branch| branch.weekend);
        let workdays = weekend.others().filter(|_| !writes_on.weekends).map(SendWindow::on_days);
        let holidays = branch.filter(|_| !writes_on.holidays).map(|branch| Times::NotOn(&branch.holidays));
        let own = std::iter::once(invitation.send).chain(workdays).map(Times::Window).map(here);
        let holidays = holidays.map(|times| (here(times), DeferReason::Holiday));
        let by_country = rules.quiet_hours.on(channel);
        let country = if by_country.is_empty() { None } else { country_of(contact, branch) };
        let national = by_country.of(country).map(|hours| {
            let zones = zones_of((contact, country), invitation, branch);
            hours.in_all(&zones).map(|opening| (opening, DeferReason::NationalHours)).collect::<Vec<_>>()
        });
        Self { own: own.collect(), beside: holidays.into_iter().chain(national.into_iter().flatten()).collect() }
    }

    /// The first chance at `wanted` or later; one that is not before `before` may be too early, for it is too late in any
    /// case. `None` where the hours never open again.
    pub fn chance(&self, wanted: DateTime<Utc>, before: DateTime<Utc>) -> Option<Chance> {
        let own = all_open(&self.own, wanted, before)?;
        if before <= own {
            // The search ends where it is too late. What lies there, open or not, moved nothing.
            return Some(Chance { at: own, deferred: None });
        }
        let beside = self.beside.iter().map(|(opening, _)| opening);
        let all: Vec<_> = self.own.iter().chain(beside).copied().collect();
        let at = all_open(&all, own, before)?;
        let closed = self.beside.iter().find(|(opening, _)| opening.next(own) != Some(own));
        Some(Chance { at, deferred: closed.map(|(_, reason)| *reason) })
    }
}

/// The country that a contact is in, as far as that can be told.
fn country_of(contact: &Contact, branch: Option<&BranchRules>) -> Option<Country> {
    let of_number = contact.phone.as_ref().map(Phone::as_str).and_then(Country::of_number);
    of_number.or(branch.and_then(|branch| branch.country))
}

/// The zones that a contact may be in.
fn zones_of(
    (contact, country): (&Contact, Option<Country>),
    invitation: &Invitation,
    branch: Option<&BranchRules>,
) -> Vec<Tz> {
    if let Some(zone) = contact.time_zone {
        return vec![zone];
    }
    let is_there = |country: Country| {
        branch.and_then(|branch| branch.country) == Some(country) || country.zones().contains(&invitation.zone)
    };
    match country {
        Some(country) if !is_there(country) => country.zones().to_vec(),
        Some(_) | None => vec![invitation.zone],
    }
}
