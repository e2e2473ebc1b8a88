//! The gate: asked again right before a message leaves.
//!
//! Between planning and sending, people say no, addresses die, other journeys use up the budget and the sun goes down.
//! The store asks the gate inside the unit of work that grants the lease, so what it sees is current, and no two
//! messages can slip past one budget.
//!
//! A message that is due can still come late: the daemon was down, the channel was, or somebody held it back. How late
//! is what lies between its [due time](State::Waiting) and now. Whoever puts a message off on purpose (this gate, or a
//! channel that wants to be asked again) sets the due time anew, so that time does not count; what is left is time that
//! nobody decided on, and a stage's `late_max` bounds it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::civil::next_day;
use crate::domain::id::BranchId;
use crate::domain::invitation::{Invitation, State};
use crate::domain::journey::{Channel, Fatigue};
use crate::domain::quiet_hours::QuietHours;
use crate::domain::reason::{DeferReason, SkipReason};

use super::Facts;
use super::budget;
use super::hours::{Chance, Hours};
use super::limits::{AllStageLimits, BranchRules};
use super::reach::{self, Person};
use super::routes::RouteRules;

/// What the gate goes by.
#[derive(Clone, Debug)]
pub struct GateRules {
    /// The budget of a person over all journeys and channels.
    pub fatigue: Option<Fatigue>,
    /// What is allowed to single stages.
    pub stages: AllStageLimits,
    /// What is known of branches.
    pub branches: BTreeMap<BranchId, BranchRules>,
    /// The hours of messages by country.
    pub quiet_hours: QuietHours,
    /// Whether only those are asked who agreed.
    pub consent_required: bool,
    /// The channels that are configured.
    pub channels: BTreeSet<Channel>,
    /// The time zone where neither contact nor branch says otherwise.
    pub default_zone: Tz,
    /// The routes that messages take, and how fast.
    pub routes: RouteRules,
}

impl GateRules {
    /// What is known of the branch that an invitation belongs to.
    pub fn branch_of(&self, invitation: &Invitation) -> Option<&BranchRules> {
        self.branches.get(invitation.branch.as_ref()?)
    }

    /// Whether what else a person is asked counts for the next message of this invitation.
    pub fn count_asks(&self, invitation: &Invitation) -> bool {
        let is_first = invitation.attempts.is_empty();
        is_first && (self.fatigue.is_some() || self.stages.of(invitation).cap.is_some())
    }
}

/// What the gate says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// It may leave now.
    Send,
    /// Not now.
    PutOff {
        /// Until when.
        until: DateTime<Utc>,
        /// Why.
        reason: DeferReason,
    },
    /// Not by this channel; perhaps by the next of the line-up.
    PassOver {
        /// Why.
        reason: SkipReason,
    },
    /// Not at all, or not any more.
    Skip {
        /// Why.
        reason: SkipReason,
    },
}

/// Whether a waiting invitation may leave now. `facts` hold the person's other invitations where they
/// [count](GateRules::count_asks), and may hold this one.
pub fn gate(rules: &GateRules, invitation: &Invitation, facts: &Facts, now: DateTime<Utc>) -> Pass {
    let State::Waiting { step, due_at } = invitation.state else {
        return Pass::Skip { reason: SkipReason::AlreadyAsked };
    };
    let Some(contact) = &facts.contact else { return Pass::Skip { reason: SkipReason::ContactGone } };
    let last = invitation.closes_at().unwrap_or(invitation.ask_before);
    if now >= last {
        return Pass::Skip { reason: SkipReason::TooLate };
    }
    if rules.stages.of(invitation).late_max < now - due_at {
        return overdue(invitation);
    }
    let Some(step) = invitation.line_up.get(usize::from(step)) else {
        return Pass::Skip { reason: SkipReason::NoChannel };
    };
    let person = Person { contact, suppressed: &facts.suppressed };
    if let Some(reason) = reach::obstacle(step.channel, person, rules) {
        return Pass::PassOver { reason };
    }
    let hours = Hours::of(rules, (invitation, step.channel), contact);
    let chance = if invitation.attempts.is_empty() {
        first_message(rules, (invitation, step.channel), facts, (&hours, now))
    } else {
        hours.chance(now, last)
    };
    let reason = chance.and_then(|chance| chance.deferred).unwrap_or(DeferReason::QuietHours);
    match chance {
        Some(Chance { at, .. }) if at <= now => Pass::Send,
        Some(Chance { at, .. }) if at < last => Pass::PutOff { until: at, reason },
        Some(_) | None => Pass::Skip { reason: budget::skip_instead(reason) },
    }
}

/// The first chance for a first message: within every budget of the person's, and on a day with room at the branch.
fn first_message(
    rules: &GateRules,
    (invitation, channel): (&Invitation, Channel),
    facts: &Facts,
    (hours, now): (&Hours<'_>, DateTime<Utc>),
) -> Option<Chance> {
    let chance_from = |from| budget::first_chance(rules, invitation, facts.asked(), (hours, from));
    let chance = chance_from(now)?;
    let full = rules.branch_of(invitation).filter(|branch| !branch.has_room(facts.sent_today, channel));
    match full {
        Some(branch) if chance.at <= now => {
            let deferred = Some(DeferReason::BranchCap);
            Some(Chance { deferred, ..chance_from(next_day(branch.zone, now)?)? })
        }
        Some(_) | None => Some(chance),
    }
}

/// What becomes of a message whose turn came too late. Of somebody who was reached already only this one is left out, as
/// what follows it in the line-up may be in time; somebody who was not is left alone, by the other channels too.
fn overdue(invitation: &Invitation) -> Pass {
    let reason = SkipReason::Overdue;
    if invitation.delivered() { Pass::PassOver { reason } } else { Pass::Skip { reason } }
}
