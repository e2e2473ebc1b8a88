//! Leases: who is handing an invitation's message to a channel.
//!
//! Granting one rewrites no invitation: all that a request claims stands in one record beside them, and an invitation
//! that waits is leased if it stands in such a record.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::record::lease::Claim;
use super::super::view::{Reading, View};
use super::super::{GiveBack, StoreError, keys, reads, record};
use super::windows::Windows;
use super::{dispatch, invitations};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::id::InvitationId;
use crate::domain::invitation::{AfterUnknown, Invitation, RetryPlan, State};

/// A lease on an invitation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Granted {
    /// Who has it.
    pub(in super::super) lease: u64,
    /// Since when.
    pub(in super::super) since: DateTime<Utc>,
    /// When it ends by itself.
    pub(in super::super) until: DateTime<Utc>,
}

/// The leases, as far as somebody had to know.
#[derive(Debug, Default)]
pub(in super::super) struct Leases {
    /// All of them, once one was asked for.
    known: Option<BTreeMap<InvitationId, Granted>>,
    granted: Vec<InvitationId>,
}

impl Leases {
    /// The invitation as it stands: leased, if it is.
    pub(in super::super) fn see(&mut self, db: &dyn Reading, stored: Invitation) -> Result<Invitation, StoreError> {
        if !matches!(stored.state, State::Waiting { .. }) {
            return Ok(stored);
        }
        let known = match &mut self.known {
            Some(known) => known,
            none => none.insert(all(db)?),
        };
        match known.get(&stored.id) {
            Some(granted) => as_leased(stored, *granted),
            None => Ok(stored),
        }
    }

    /// Notes that an invitation is leased.
    pub(super) fn grant(&mut self, id: InvitationId, granted: Granted) {
        self.granted.push(id);
        if let Some(known) = &mut self.known {
            known.insert(id, granted);
        }
    }

    /// Writes what was noted, under one lease.
    pub(super) fn close(self, view: &mut View<'_>, granted: Granted) -> Result<(), StoreError> {
        if self.granted.is_empty() { Ok(()) } else { claim(view, granted, self.granted) }
    }
}

fn as_leased(stored: Invitation, Granted { lease, since, until }: Granted) -> Result<Invitation, StoreError> {
    let leased = stored.lease(since, lease, until);
    leased
        .map_err(|_| StoreError::Unreadable { kind: 'l', reason: "there is nothing that it is a lease of".to_owned() })
}

/// The claims, each with its lease.
pub(in super::super) fn claims(db: &dyn Reading) -> Result<Vec<(u64, Claim)>, StoreError> {
    let claims = db.prefix(&[keys::kind::LEASE]).map(|pair| {
        let (key, value) = pair?;
        let unreadable = || StoreError::Unreadable { kind: 'l', reason: "its key has a wrong length".to_owned() };
        Ok((keys::read_lease(&key).ok_or_else(unreadable)?, record::lease::read(&value)?))
    });
    claims.collect()
}

fn all(db: &dyn Reading) -> Result<BTreeMap<InvitationId, Granted>, StoreError> {
    let mut all = BTreeMap::new();
    for (lease, Claim { since, until, invitations }) in claims(db)? {
        all.extend(invitations.into_iter().map(|id| (id, Granted { lease, since, until })));
    }
    Ok(all)
}

fn find(db: &dyn Reading, lease: u64) -> Result<Option<Claim>, StoreError> {
    db.get(&keys::lease(lease))?.map(|value| record::lease::read(&value)).transpose()
}

/// The invitation: leased, if this one is its lease; else as it is stored.
pub(super) fn held_by(db: &dyn Reading, id: &InvitationId, lease: u64) -> Result<Option<Invitation>, StoreError> {
    Ends::default().held_by(db, id, lease)
}

/// The leases that come to an end in a unit of work: each claim is read and written once.
#[derive(Debug, Default)]
pub(super) struct Ends(BTreeMap<u64, Claim>);

impl Ends {
    /// The invitation: leased, if this one is its lease; else as it is stored.
    pub(super) fn held_by(
        &mut self,
        db: &dyn Reading,
        id: &InvitationId,
        lease: u64,
    ) -> Result<Option<Invitation>, StoreError> {
        let Some(stored) = reads::stored_invitation(db, id)? else { return Ok(None) };
        let claim = match self.0.entry(lease) {
            Entry::Occupied(known) => Some(known.into_mut()),
            Entry::Vacant(unknown) => find(db, lease)?.map(|claim| unknown.insert(claim)),
        };
        match (claim, stored.state) {
            (Some(Claim { since, until, invitations }), State::Waiting { .. }) if invitations.contains(id) => {
                as_leased(stored, Granted { lease, since: *since, until: *until }).map(Some)
            }
            (Some(_) | None, _) => Ok(Some(stored)),
        }
    }

    /// Takes one out of a lease that it was held by.
    pub(super) fn end(&mut self, lease: u64, id: &InvitationId) {
        if let Some(claim) = self.0.get_mut(&lease) {
            claim.invitations.retain(|other| other != id);
        }
    }

    /// Writes what is left of the claims.
    pub(super) fn write(&self, view: &mut View<'_>) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|(lease, claim)| write(view, *lease, claim))
    }
}

/// Writes a claim; one of nothing is gone.
fn write(view: &mut View<'_>, lease: u64, claim: &Claim) -> Result<(), StoreError> {
    if claim.invitations.is_empty() {
        view.remove(keys::lease(lease));
    } else {
        view.put(keys::lease(lease), record::lease::write(claim)?);
    }
    Ok(())
}

/// Puts these under a lease, with what is under it already.
pub(super) fn claim(view: &mut View<'_>, granted: Granted, ids: Vec<InvitationId>) -> Result<(), StoreError> {
    let Granted { lease, since, until } = granted;
    let mut invitations = find(view, lease)?.map(|claim| claim.invitations).unwrap_or_default();
    invitations.extend(ids);
    write(view, lease, &Claim { since, until, invitations })
}

/// Takes one out of a lease.
pub(super) fn let_go(view: &mut View<'_>, lease: u64, id: &InvitationId) -> Result<(), StoreError> {
    let Some(mut claim) = find(view, lease)? else { return Ok(()) };
    claim.invitations.retain(|other| other != id);
    write(view, lease, &claim)
}

/// Leaves one that cannot be read alone until then. It gets a lease of its own, which nobody has.
pub(super) fn put_aside(
    view: &mut View<'_>,
    lease: u64,
    id: InvitationId,
    (since, until): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(), StoreError> {
    let_go(view, lease, &id)?;
    claim(view, Granted { lease: at_that_time(until), since, until }, vec![id])
}

/// A lease of an older layout, whose holder is gone.
pub(super) fn of_nobody(view: &mut View<'_>, id: InvitationId, until: DateTime<Utc>) -> Result<(), StoreError> {
    claim(view, Granted { lease: at_that_time(until), since: until, until }, vec![id])
}

/// The lease of those that nobody has and that end at a time.
fn at_that_time(until: DateTime<Utc>) -> u64 {
    until.timestamp_micros().cast_unsigned()
}

/// Gives back every invitation under a lease that nobody was handed, so that it is known that nothing was sent. Gives how
/// many there were.
pub(in super::super) fn give_back(view: &mut View<'_>, request: &GiveBack) -> Result<usize, StoreError> {
    let mut n_given_back = 0;
    for id in find(view, request.lease)?.map(|claim| claim.invitations).unwrap_or_default() {
        // One that cannot be read stays where it is: its lease ends like any other.
        let Ok(Some(before)) = held_by(view, &id, request.lease) else { continue };
        let reply = "the store could not write, so nobody was handed the message".to_owned();
        let outcome = Outcome::Deferred { not_before: None, reply, obstacle: Obstacle::Route { slow_down: false } };
        let waiting = before.clone().settle(request.lease, &outcome, request.now, (request.retry, before.zone));
        invitations::put(view, Some(&before), &waiting.map_err(|_| StoreError::LeaseLost)?)?;
        n_given_back += 1;
    }
    Ok(n_given_back)
}

/// Has every message that is on its way arrive: for a rehearsal, which cannot know what will come of them.
pub(in super::super) fn arrive(view: &mut View<'_>, now: DateTime<Utc>) -> Result<(), StoreError> {
    let retry = RetryPlan { retry_at: now, give_up_after: TimeDelta::zero(), after_unknown: AfterUnknown::Hold };
    let mut windows = Windows::default();
    for (id, granted) in all(view)? {
        let Ok(Some(before)) = held_by(view, &id, granted.lease) else { continue };
        let State::Sending { lease, .. } = before.state else { continue };
        let contact = reads::contact(view, &before.contact)?;
        let zone = dispatch::zone_of(contact.as_ref(), &before);
        let outcome = Outcome::Accepted { provider_ref: None, n_segments: None, reply: String::new() };
        let arrived = before.clone().settle(lease, &outcome, now, (retry, zone));
        invitations::put_with(view, Some(&before), &arrived.map_err(|_| StoreError::LeaseLost)?, &mut windows)?;
    }
    windows.write(view)
}
