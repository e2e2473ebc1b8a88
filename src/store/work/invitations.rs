//! Invitations come in and change, with everything that hangs on them.

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use super::windows::Windows;
use super::{contacts, due, leases, tallies};
use crate::domain::attempt::Attempt;
use crate::domain::invitation::{Invitation, State};
use crate::domain::seal::Seal;
use crate::plan::{Plan, RecordedEvent};

/// Stores each of these plans, as a unit of its own within the one that all of them are.
pub(in super::super) fn apply_plans(
    view: &mut View<'_>,
    seal: &Seal,
    plans: &[Plan],
) -> Vec<Result<Option<RecordedEvent>, StoreError>> {
    plans.iter().map(|plan| view.try_unit(|view| apply_plan(view, seal, plan))).collect()
}

/// Stores a plan, if the contact is still as it was when the plan was made and the event was not recorded before.
pub(in super::super) fn apply_plan(
    view: &mut View<'_>,
    seal: &Seal,
    plan: &Plan,
) -> Result<Option<RecordedEvent>, StoreError> {
    if let Some(planned) = &plan.event
        && let Some(recorded) = reads::event(view, &planned.event.id)?
    {
        return Ok(Some(recorded));
    }
    let known = reads::contact(view, &plan.contact.id)?;
    if known.as_ref().map_or(0, |contact| contact.revision) != plan.based_on {
        return Err(StoreError::Stale);
    }
    contacts::replace(view, seal, known.as_ref(), &plan.contact)?;
    for invitation in &plan.invitations {
        if view.get(&keys::invitation(&invitation.id))?.is_none() {
            put(view, None, invitation)?;
        }
    }
    if let Some(event) = &plan.event {
        view.put(keys::event(&event.event.id), record::event::write(event)?);
    }
    Ok(None)
}

/// Moves an invitation that is leased now. It stays as it is until its outcome is known; the lease is the caller's to
/// write.
pub(super) fn lease(view: &mut View<'_>, before: &Invitation, leased: &Invitation) -> Result<(), StoreError> {
    move_due(view, Some(before), leased)?;
    tallies::recount(view, Some(before), leased)
}

/// Moves an invitation among the messages that wait, and counts it where it stands now.
fn move_due(view: &mut View<'_>, before: Option<&Invitation>, after: &Invitation) -> Result<(), StoreError> {
    let (key_before, key_after) = (before.and_then(due::key_of), due::key_of(after));
    if key_before != key_after {
        if let Some(key) = key_before {
            view.remove(key);
        }
        if let Some(key) = key_after {
            view.put(key, Vec::new());
        }
    }
    let [from, to] = [before, Some(after)].map(|invitation| invitation.and_then(Invitation::due).map(|due| due.lane));
    tallies::requeue(view, from, to)
}

/// Writes an invitation with its place on the due index, its marks and its counters. If it is leased no more, neither is
/// it in the claim.
pub(super) fn put(view: &mut View<'_>, before: Option<&Invitation>, after: &Invitation) -> Result<(), StoreError> {
    let mut windows = Windows::default();
    put_with(view, before, after, &mut windows)?;
    windows.write(view)
}

/// The same for one of many, whose windows the caller writes.
pub(super) fn put_with(
    view: &mut View<'_>,
    before: Option<&Invitation>,
    after: &Invitation,
    windows: &mut Windows,
) -> Result<(), StoreError> {
    if let Some(before) = before
        && let State::Sending { lease, .. } = before.state
        && before.due() != after.due()
    {
        leases::let_go(view, lease, &before.id)?;
    }
    put_unleased(view, before, after, windows)
}

/// The same for one whose lease is the caller's to end, too.
pub(super) fn put_unleased(
    view: &mut View<'_>,
    before: Option<&Invitation>,
    after: &Invitation,
    windows: &mut Windows,
) -> Result<(), StoreError> {
    move_due(view, before, after)?;
    let was_unknown = |invitation: &Invitation| invitation.attempts.iter().any(|attempt: &Attempt| attempt.was_unknown);
    if was_unknown(after) && !before.is_some_and(was_unknown) {
        view.put(keys::unknown(&after.id), Vec::new());
    }
    tallies::recount(view, before, after)?;
    view.put(keys::invitation(&after.id), record::invitation::write(after)?);
    windows.watch(before, after);
    Ok(())
}
