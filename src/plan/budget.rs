//! The budget of invitations per person.
//!
//! A budget is a number of first messages in any stretch of some length, over all journeys and channels (`[fatigue]`) or
//! at one stage (`cap`). What was sent counts; what is only planned counts for those of lower rank, so that a rare and
//! valuable survey is not displaced by a common one that happens to be due earlier. `keep` goes further: part of the
//! budget is out of reach of common surveys, so that a rare one finds room also when common ones came first and were
//! sent. Over the budget means later, and only when later is too late means never.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use crate::domain::id::InvitationId;
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Cap, Fatigue};
use crate::domain::reason::{DeferReason, SkipReason};

use super::gate::GateRules;
use super::hours::{Chance, Hours};

/// The first chance for the first message of `mine` at `wanted` or later, given the hours in which it may leave and what
/// else the person is asked, under whichever id; `None` where the hours never open again.
pub fn first_chance<'a>(
    rules: &GateRules,
    mine: &Invitation,
    others: impl IntoIterator<Item = &'a Invitation>,
    (hours, wanted): (&Hours<'_>, DateTime<Utc>),
) -> Option<Chance> {
    let budgets = budgets(rules, mine, others);
    let mut chance = hours.chance(wanted, mine.ask_before)?;
    // Each turn leaves at least one message behind, or ends when it is too late in any case.
    while chance.at < mine.ask_before {
        let next = |budget: &Budget| Some((budget.free_after(chance.at)?, budget.reason));
        let Some((free_at, reason)) = budgets.iter().find_map(next) else { break };
        chance = Chance { deferred: Some(reason), ..hours.chance(free_at, mine.ask_before)? };
    }
    Some(chance)
}

/// The skip that takes the place of a deferral which would come too late.
pub fn skip_instead(reason: DeferReason) -> SkipReason {
    match reason {
        DeferReason::QuietHours => SkipReason::TooLate,
        DeferReason::Holiday | DeferReason::NationalHours => SkipReason::NeverOpen,
        DeferReason::FrequencyCap => SkipReason::FrequencyCap,
        DeferReason::StageCap => SkipReason::StageCap,
        DeferReason::KeptRoom => SkipReason::KeptRoom,
        DeferReason::BranchCap => SkipReason::BranchCap,
    }
}

/// Who goes first when the budget is short: the lower value.
pub(super) fn rank(invitation: &Invitation) -> (Reverse<u8>, DateTime<Utc>, InvitationId) {
    (Reverse(invitation.priority), invitation.planned_at, invitation.id)
}

/// A cap, and the first messages that count towards it, in order.
struct Budget {
    cap: Cap,
    asks: Vec<DateTime<Utc>>,
    reason: DeferReason,
}

fn budgets<'a>(rules: &GateRules, mine: &Invitation, others: impl IntoIterator<Item = &'a Invitation>) -> Vec<Budget> {
    // What was sent uses up budget before mine, and what is planned if it has the higher rank.
    let outranks = |other: &Invitation| other.first_at().is_some() || rank(other) < rank(mine);
    let rivals = others.into_iter().filter(|other| other.id != mine.id && outranks(other));
    let mut asks: Vec<_> = rivals.filter_map(|rival| Some((rival.asks_at()?, rival))).collect();
    asks.sort_unstable_by_key(|(at, _)| *at);
    let budget = |cap, reason, counts: &dyn Fn(&Invitation) -> bool| {
        let asks = asks.iter().filter(|(_, rival)| counts(rival)).map(|(at, _)| *at).collect();
        Budget { cap, asks, reason }
    };
    let fatigue = rules.fatigue.map(|fatigue| budget(fatigue.cap, DeferReason::FrequencyCap, &|_| true));
    let beside_kept_room = rules.fatigue.and_then(|Fatigue { cap, keep }| {
        let keep = keep.filter(|keep| mine.priority < keep.for_priority)?;
        let cap = Cap { at_most: cap.at_most.saturating_sub(keep.n), ..cap };
        Some(budget(cap, DeferReason::KeptRoom, &|rival| rival.priority < keep.for_priority))
    });
    let at_this_stage = |rival: &Invitation| rival.journey == mine.journey && rival.stage == mine.stage;
    let stage_cap = rules.stages.of(mine).cap.map(|cap| budget(cap, DeferReason::StageCap, &at_this_stage));
    [fatigue, beside_kept_room, stage_cap].into_iter().flatten().collect()
}

impl Budget {
    /// The first time after `at` at which there is room for one more; `None` when there is room at `at`.
    fn free_after(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.has_room(at) {
            return None;
        }
        let ends = self.asks.iter().map(|ask| *ask + self.cap.per).filter(|end| *end > at);
        Some(ends.into_iter().find(|end| self.has_room(*end)).unwrap_or(at + self.cap.per))
    }

    /// Whether one more at this time leaves every stretch of the cap's length within it.
    fn has_room(&self, at: DateTime<Utc>) -> bool {
        let n_before = |end: DateTime<Utc>| self.asks.partition_point(|ask| *ask < end);
        let is_full = |start: DateTime<Utc>| {
            let n_asks = n_before(start + self.cap.per) - n_before(start);
            n_asks >= self.cap.at_most as usize
        };
        let starts = self.asks.iter().filter(|ask| **ask <= at && at < **ask + self.cap.per);
        !starts.chain([&at]).any(|start| is_full(*start))
    }
}
