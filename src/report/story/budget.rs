//! Which earlier invitations used up a budget.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::Background;
use super::words::{brief, list, span};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Cap, Fatigue};
use crate::domain::reason::DeferReason;

/// Most invitations that are named.
const NAMED_MAX: usize = 3;

/// A budget, with how a sentence about it begins and what has used it up.
struct Spent {
    cap: Cap,
    name: &'static str,
    asks: Vec<DateTime<Utc>>,
}

/// Why a message moved to `until`, in full where the budget of today accounts for it.
pub(super) fn deferred(
    invitation: &Invitation,
    background: &Background<'_>,
    (reason, until): (DeferReason, DateTime<Utc>),
    at: DateTime<Utc>,
) -> Option<String> {
    let spent = spent(invitation, background, reason)?;
    let zone = background.send_zone(invitation);
    let frees = |ask: &DateTime<Utc>| invitation.send.next_open(zone, *ask + spent.cap.per) == Some(until);
    let freeing = *spent.asks.iter().find(|ask| frees(ask))?;
    // From the one that makes room by moving out of the stretch, on.
    let asks: Vec<_> = spent.asks.iter().copied().filter(|ask| freeing <= *ask && *ask < until).collect();
    Some(sentence(&spent, &asks, at, invitation.zone))
}

/// Why a budget left no time to ask, in full where the budget of today accounts for it.
pub(super) fn skipped(
    invitation: &Invitation,
    background: &Background<'_>,
    reason: DeferReason,
    at: DateTime<Utc>,
) -> Option<String> {
    let spent = spent(invitation, background, reason)?;
    let counts = |ask: &DateTime<Utc>| *ask < invitation.ask_before && at < *ask + spent.cap.per;
    let asks: Vec<_> = spent.asks.iter().copied().filter(counts).collect();
    let is_full = asks.len() >= spent.cap.at_most as usize;
    is_full.then(|| sentence(&spent, &asks, at, invitation.zone))
}

/// The budget of today that this reason speaks of.
fn spent(invitation: &Invitation, background: &Background<'_>, reason: DeferReason) -> Option<Spent> {
    let gate = &background.rules.gate;
    let asks = |counts: &dyn Fn(&Invitation) -> bool| {
        let others = background.facts.asked().filter(|other| other.id != invitation.id && counts(other));
        let mut asks: Vec<_> = others.filter_map(Invitation::asks_at).collect();
        asks.sort_unstable();
        asks
    };
    match reason {
        DeferReason::FrequencyCap => {
            Some(Spent { cap: gate.fatigue?.cap, name: "[fatigue] allows", asks: asks(&|_| true) })
        }
        DeferReason::KeptRoom => {
            let Fatigue { cap, keep } = gate.fatigue?;
            let keep = keep.filter(|keep| invitation.priority < keep.for_priority)?;
            let cap = Cap { at_most: cap.at_most.saturating_sub(keep.n), ..cap };
            let name = "[fatigue], beside the room that it keeps for rarer surveys, allows";
            Some(Spent { cap, name, asks: asks(&|other| other.priority < keep.for_priority) })
        }
        DeferReason::StageCap => {
            let here = |other: &Invitation| other.journey == invitation.journey && other.stage == invitation.stage;
            let cap = gate.stages.of(invitation).cap?;
            Some(Spent { cap, name: "the cap of the stage allows", asks: asks(&here) })
        }
        DeferReason::QuietHours | DeferReason::BranchCap | DeferReason::Holiday | DeferReason::NationalHours => None,
    }
}

fn sentence(spent: &Spent, asks: &[DateTime<Utc>], at: DateTime<Utc>, zone: Tz) -> String {
    let allowed = match spent.cap.at_most {
        0 => "no invitation".to_owned(),
        1 => "one invitation".to_owned(),
        n => format!("{n} invitations"),
    };
    let mut named: Vec<_> = asks.iter().take(NAMED_MAX).map(|ask| format!("on {}", brief(*ask, zone))).collect();
    if asks.len() > NAMED_MAX {
        named.push(format!("{} times more", asks.len() - NAMED_MAX));
    }
    let verb = match (asks.iter().any(|ask| *ask <= at), asks.iter().any(|ask| *ask > at)) {
        (true, true) => "were or will be asked",
        (false, true) => "will be asked",
        (true | false, false) => "were asked",
    };
    format!("{} {allowed} in {}, and they {verb} {}", spent.name, span(spent.cap.per), list(&named))
}
