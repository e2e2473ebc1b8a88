//! Leasing, settling, and what time brings about.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{Expiry, Lease, LeaseRequest, Leased, Settlement, StoreError, keys, record};
use super::invitations;
use crate::domain::attempt::Outcome;
use crate::domain::contact::Contact;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::journey::Channel;
use crate::domain::seal::Seal;
use crate::plan::gate::{Pass, gate};

/// Due invitations looked at for each one that may be claimed: what the gate withholds must not hold up a unit of work.
const LOOKS_PER_LEASE: usize = 8;
/// How long an invitation that cannot be read is left alone.
const PUT_ASIDE_FOR: TimeDelta = TimeDelta::hours(1);

/// Asks the gate about due invitations, in the order of the due index, and claims those that may leave.
pub(in super::super) fn lease_due(
    view: &mut View<'_>,
    seal: &Seal,
    request: &LeaseRequest,
) -> Result<Leased, StoreError> {
    let n_looks_max = request.n_max.saturating_mul(LOOKS_PER_LEASE);
    let due = due_before(view, Lane::Send(request.channel), request.now, n_looks_max)?;
    let mut leased = Leased::default();
    for entry in due {
        if leased.leases.len() == request.n_max {
            break;
        }
        let visited = visit(view, entry, request.now, |view, invitation| ask_gate(view, seal, request, invitation));
        match visited? {
            Visited::Done(Some(lease)) => leased.leases.push(lease),
            Visited::Done(None) | Visited::PutRight => leased.n_withheld += 1,
            Visited::PutAside => leased.n_unreadable += 1,
        }
    }
    Ok(leased)
}

fn ask_gate(
    view: &mut View<'_>,
    seal: &Seal,
    request: &LeaseRequest,
    invitation: Invitation,
) -> Result<Option<Lease>, StoreError> {
    let facts = reads::facts(view, seal, &invitation.contact)?;
    let (now, zone) = (request.now, zone_of(facts.contact.as_ref(), &invitation));
    let before = invitation.clone();
    let changed = match gate(&request.rules, &invitation, &facts, now) {
        Pass::Send => {
            let leased = invitation.lease(now, request.lease, request.until).map_err(|_| StoreError::LeaseLost)?;
            invitations::put(view, Some(&before), &leased)?;
            return Ok(facts.contact.map(|contact| Lease {
                invitation: leased,
                contact,
                lease: request.lease,
                until: request.until,
            }));
        }
        Pass::PutOff { until, reason } => invitation.put_off(now, until, reason),
        Pass::PassOver { reason } => invitation.pass_over(now, reason, zone),
        Pass::Skip { reason } => invitation.skip(now, reason),
    };
    let changed = changed.map_err(|_| StoreError::LeaseLost)?;
    invitations::put(view, Some(&before), &changed)?;
    Ok(None)
}

/// Records what came of a leased attempt. An address that is dead is never written to again.
pub(in super::super) fn settle(
    view: &mut View<'_>,
    seal: &Seal,
    request: &Settlement,
) -> Result<Invitation, StoreError> {
    let before = existing(view, &request.invitation)?;
    let contact = reads::contact(view, &before.contact)?;
    let zone = zone_of(contact.as_ref(), &before);
    let channel = before.attempts.last().map(|attempt| attempt.channel);
    let settled = before.clone().settle(request.lease, &request.outcome, request.now, (request.retry, zone));
    let settled = settled.map_err(|_| StoreError::LeaseLost)?;
    if let (Outcome::Refused { address_dead: true, .. }, Some(channel)) = (&request.outcome, channel) {
        suppress(view, seal, channel, &request.contact, request.now)?;
    }
    invitations::put(view, Some(&before), &settled)?;
    Ok(settled)
}

/// Puts a contact's address on the suppression list.
pub(super) fn suppress(
    view: &mut View<'_>,
    seal: &Seal,
    channel: Channel,
    contact: &Contact,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let Some(address) = contact.address(channel) else { return Ok(()) };
    let key = keys::suppressed(seal.address_mark(channel, address));
    if view.get(&key)?.is_none() {
        view.put(key, record::suppression::write(channel, now)?);
    }
    Ok(())
}

/// Ends leases whose holders never came back.
pub(in super::super) fn expire_leases(view: &mut View<'_>, request: &Expiry) -> Result<usize, StoreError> {
    let expire = |view: &mut View<'_>, before: Invitation| {
        let channel = before.attempts.last().map_or(Channel::Email, |attempt| attempt.channel);
        let retry = match channel {
            Channel::Email => request.email,
            Channel::Sms => request.sms,
        };
        let expired = before.clone().expire_lease(request.now, retry);
        invitations::put(view, Some(&before), &expired.map_err(|_| StoreError::LeaseLost)?)
    };
    let due = due_before(view, Lane::Leased, request.before, usize::MAX)?;
    visit_all(view, due, request.now, expire)
}

/// Closes windows that ended.
pub(in super::super) fn close_windows(
    view: &mut View<'_>,
    now: DateTime<Utc>,
    n_max: usize,
) -> Result<usize, StoreError> {
    let due = due_before(view, Lane::Close, now, n_max)?;
    visit_all(view, due, now, |view, before| invitations::put(view, Some(&before), &before.clone().window_closed(now)))
}

/// An entry of the due index: its key, and whose it is.
type Entry = (Vec<u8>, InvitationId);

/// What came of an entry of the due index.
enum Visited<T> {
    /// What was to be done was done.
    Done(T),
    /// It stood where the invitation no longer is; now it stands where the invitation says.
    PutRight,
    /// Something that must be read for it cannot be read: it comes again later.
    PutAside,
}

/// Does what is to be done with a due invitation. One that cannot be read, as a later canvass may have written it, is put
/// aside for a while: it must neither be sent blindly nor hold up those behind it.
fn visit<T>(
    view: &mut View<'_>,
    (key, id): Entry,
    now: DateTime<Utc>,
    act: impl FnOnce(&mut View<'_>, Invitation) -> Result<T, StoreError>,
) -> Result<Visited<T>, StoreError> {
    let done = view.try_unit(|unit| {
        let invitation = existing(unit, &id)?;
        let own_key = invitation.due().map(|due| keys::due(due, invitation.priority, &id));
        if own_key.as_ref() == Some(&key) {
            return act(unit, invitation).map(Visited::Done);
        }
        unit.remove(key.clone());
        if let Some(own_key) = own_key {
            unit.put(own_key, Vec::new());
        }
        Ok(Visited::PutRight)
    });
    match (done, keys::due_later(&key, now + PUT_ASIDE_FOR)) {
        (Err(StoreError::Unreadable { .. }), Some(later)) => {
            view.remove(key);
            view.put(later, Vec::new());
            Ok(Visited::PutAside)
        }
        (done, _) => done,
    }
}

/// Visits every entry. Gives how many were done.
fn visit_all(
    view: &mut View<'_>,
    due: Vec<Entry>,
    now: DateTime<Utc>,
    act: impl Fn(&mut View<'_>, Invitation) -> Result<(), StoreError>,
) -> Result<usize, StoreError> {
    let mut n_done = 0;
    for entry in due {
        n_done += usize::from(matches!(visit(view, entry, now, &act)?, Visited::Done(())));
    }
    Ok(n_done)
}

fn due_before(view: &View<'_>, lane: Lane, now: DateTime<Utc>, n_max: usize) -> Result<Vec<Entry>, StoreError> {
    let range = view.range(&keys::lane(lane), &keys::lane_after(lane, now));
    range
        .take(n_max)
        .map(|pair| {
            let (key, _) = pair?;
            let unreadable = || StoreError::Unreadable { kind: 'd', reason: "its key has a wrong length".to_owned() };
            let (_, id) = keys::read_due(&key).ok_or_else(unreadable)?;
            Ok((key, id))
        })
        .collect()
}

fn existing(view: &View<'_>, id: &InvitationId) -> Result<Invitation, StoreError> {
    reads::invitation(view, id)?.ok_or(StoreError::NotFound { what: "invitation of that id" })
}

fn zone_of(contact: Option<&Contact>, invitation: &Invitation) -> Tz {
    contact.and_then(|contact| contact.time_zone).unwrap_or(invitation.zone)
}
