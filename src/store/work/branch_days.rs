//! How many people a branch asked on a day.
//!
//! The count moves in the unit of work that grants the lease, so no two messages can slip past a branch's cap. A branch
//! without a cap has no count. Only today's matters to anybody, so old ones go when a new one begins.

use chrono::{DateTime, Days, NaiveDate, Utc};

use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::id::BranchId;
use crate::domain::invitation::{Invitation, State};
use crate::domain::place::DayCaps;
use crate::plan::gate::GateRules;
use crate::plan::limits::DaySends;

/// Counts older than this are removed: the calendars of two places are never further apart.
const KEPT_FOR: Days = Days::new(3);
/// Old counts removed at once; there are as many as branches that began a day.
const REMOVED_MAX: usize = 1_000;

/// How many first messages have left today for the branch of a waiting invitation; none where nobody counts.
pub(super) fn sent(
    view: &View<'_>,
    rules: &GateRules,
    invitation: &Invitation,
    now: DateTime<Utc>,
) -> Result<DaySends, StoreError> {
    match counted(rules, invitation, now) {
        Some((day, branch)) => Ok(read(view, day, branch)?.unwrap_or_default()),
        None => Ok(DaySends::default()),
    }
}

/// Counts a waiting invitation that leaves now, if it is its first message.
pub(super) fn count(
    view: &mut View<'_>,
    rules: &GateRules,
    invitation: &Invitation,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some((day, branch)) = counted(rules, invitation, now) else { return Ok(()) };
    let State::Waiting { step, .. } = invitation.state else { return Ok(()) };
    let Some(step) = invitation.line_up.get(usize::from(step)) else { return Ok(()) };
    let sent = read(view, day, branch)?;
    if sent.is_none() {
        forget(view, keys::kind::BRANCH_DAY, day)?;
    }
    let sent = sent.unwrap_or_default().and_one(step.channel);
    view.put(keys::branch_day(day, branch), record::branch_day::write(sent)?);
    Ok(())
}

/// Where an invitation whose first message is still to come is counted, if its branch has a cap.
fn counted<'i>(rules: &GateRules, invitation: &'i Invitation, now: DateTime<Utc>) -> Option<(NaiveDate, &'i BranchId)> {
    let branch = rules.branch_of(invitation).filter(|branch| branch.per_day != DayCaps::NONE)?;
    let is_first = invitation.attempts.is_empty();
    is_first.then_some((branch.day(now), invitation.branch.as_ref()?))
}

fn read(view: &View<'_>, day: NaiveDate, branch: &BranchId) -> Result<Option<DaySends>, StoreError> {
    view.get(&keys::branch_day(day, branch))?.map(|value| record::branch_day::read(&value)).transpose()
}

/// Removes the old counts of a kind whose keys begin with the day.
pub(super) fn forget(view: &mut View<'_>, kind: u8, today: NaiveDate) -> Result<(), StoreError> {
    let Some(end) = today.checked_sub_days(KEPT_FOR) else { return Ok(()) };
    let old = view.range(&[kind], &keys::day(kind, end)).take(REMOVED_MAX);
    let old: Vec<_> = old.map(|pair| pair.map(|(key, _)| key)).collect::<Result<_, _>>()?;
    for key in old {
        view.remove(key);
    }
    Ok(())
}
