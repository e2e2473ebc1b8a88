//! Leasing, settling, and what time brings about.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::super::reads;
use super::super::record::lease::Claim;
use super::super::view::View;
use super::super::{Expiry, Lease, LeaseRequest, Leased, Settlement, StoreError, keys};
use super::due::{self, Entry};
use super::holds::Holds;
use super::leases::{self, Ends, Granted, Leases};
use super::tolls::{self, Passage, Tolls};
use super::windows::Windows;
use super::{branch_days, gateway_days, invitations, suppressions};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::contact::Contact;
use crate::domain::id::InvitationId;
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::reason::SkipReason;
use crate::domain::route::{Room, Route};
use crate::domain::seal::Seal;
use crate::domain::suppression::{Suppression, SuppressionReason};
use crate::plan::gate::{Pass, gate};

/// Due invitations looked at beyond those that may be claimed, at first.
const LOOKS_MIN: usize = 8;
/// Due invitations looked at for each one that may be claimed: what the gate withholds must not hold up a unit of work.
const LOOKS_PER_LEASE: usize = 8;
/// Due invitations looked at, where the first may not leave, in any case: what is in the way is out of it soon.
const LOOKS_FURTHER: usize = 64;
/// Due invitations met that wait for their route's turn, until no more is looked at: it comes soon, or the route is shut as
/// a slow one and they are moved out of the way.
const BUSY_MAX: usize = 16;
/// How long an invitation that cannot be read is left alone.
pub(super) const PUT_ASIDE_FOR: TimeDelta = TimeDelta::hours(1);

const NO_INVITATION: StoreError = StoreError::NotFound { what: "invitation of that id" };

/// Asks the gate about due invitations, in the order of the due index, and claims those that may leave. What is held,
/// and what waits for a route that is shut, is moved into the room of the hold or the route, where it is in nobody's way.
pub(in super::super) fn lease_due(
    view: &mut View<'_>,
    seal: &Seal,
    request: &LeaseRequest,
) -> Result<Leased, StoreError> {
    let (channel, now) = (request.channel, request.now);
    let n_looks_max = request.n_max.saturating_mul(LOOKS_PER_LEASE).max(LOOKS_FURTHER);
    let holds = Holds::of(view)?;
    if holds.hold_channel(channel) {
        return Ok(Leased::default());
    }
    let (mut tolls, mut leases) = (Tolls::of(request, holds), Leases::default());
    let mut leased = Leased::default();
    if channel == Channel::Email && tolls.ask(view, &[Route::Account])? != Passage::Open {
        leased.awaits_an_end = tolls.awaits_an_end();
        leased.next_at = tolls.close(view)?;
        return Ok(leased);
    }
    // Mostly the first of what is due may leave; only where they may not is it worth looking further.
    for n_looks in [request.n_max + LOOKS_MIN, n_looks_max] {
        let is_open = |room| Ok(tolls.passage(view, room)? == Passage::Open);
        let head = due::of_channel(view, (channel, now), (request.lease, n_looks), is_open)?;
        leased.next_at = head.next_at;
        let is_whole = head.entries.len() < n_looks;
        look_at(view, seal, (&mut tolls, &mut leases), (head, &mut leased))?;
        if is_whole || leased.n_busy > 0 || leased.leases.len() == request.n_max {
            break;
        }
    }
    leases.close(view, granted(request))?;
    leased.awaits_an_end = tolls.awaits_an_end();
    leased.next_at = [leased.next_at, tolls.close(view)?].into_iter().flatten().min();
    Ok(leased)
}

/// Does what is to be done with what is due, as long as there is room for more leases.
fn look_at(
    view: &mut View<'_>,
    seal: &Seal,
    (tolls, leases): (&mut Tolls<'_>, &mut Leases),
    (head, leased): (due::Head, &mut Leased),
) -> Result<(), StoreError> {
    let request = tolls.request();
    for entry in head.entries {
        if leased.leases.len() == request.n_max || leased.n_busy == BUSY_MAX {
            break;
        }
        let hand_out = |view: &mut View<'_>, invitation| hand_out(view, seal, (tolls, leases), (request, invitation));
        match visit(view, &entry, request.now, hand_out)? {
            Visited::Done(Handed::Lease(lease)) => {
                leases.grant(entry.id, granted(request));
                leave_room(view, entry);
                leased.leases.push(*lease);
            }
            Visited::Done(Handed::Withheld) => {
                leave_room(view, entry);
                leased.n_withheld += 1;
            }
            Visited::PutRight => leased.n_withheld += 1,
            Visited::Done(Handed::Shut(room)) => {
                leased.n_withheld += usize::from(park(view, request.channel, room, entry));
            }
            Visited::Done(Handed::Busy) => leased.n_busy += 1,
            Visited::PutAside => leased.n_unreadable += 1,
        }
    }
    Ok(())
}

/// The lease of a request.
fn granted(request: &LeaseRequest) -> Granted {
    Granted { lease: request.lease, since: request.now, until: request.until }
}

/// What was done with a due invitation.
enum Handed {
    /// It may leave.
    Lease(Box<Lease>),
    /// The gate put it off, passed it over or dropped it.
    Withheld,
    /// It waits for something that is under way.
    Busy,
    /// It waits for a room to open.
    Shut(Room),
}

fn hand_out(
    view: &mut View<'_>,
    seal: &Seal,
    (tolls, leases): (&mut Tolls<'_>, &mut Leases),
    (request, invitation): (&LeaseRequest, Invitation),
) -> Result<Handed, StoreError> {
    if let Some(room) = tolls.held(&invitation) {
        return Ok(Handed::Shut(room));
    }
    let contact = reads::contact(view, &invitation.contact)?;
    let routes = match &contact {
        Some(contact) => request.rules.routes.of(request.channel, contact, invitation.branch.as_ref()),
        None => Vec::new(),
    };
    match tolls.ask(view, &routes)? {
        Passage::Open => (),
        Passage::Busy => return Ok(Handed::Busy),
        Passage::Shut(room) => return Ok(Handed::Shut(room)),
    }
    let marks = contact.as_ref().map_or_else(Vec::new, |contact| reads::marks(seal, contact));
    let mut facts = reads::facts_beside(view, seal, (&invitation, &request.rules), (contact, &marks, leases))?;
    facts.sent_today = branch_days::sent(view, &request.rules, &invitation, request.now)?;
    let (now, zone) = (request.now, zone_of(facts.contact.as_ref(), &invitation));
    let before = invitation.clone();
    let changed = match (gate(&request.rules, &invitation, &facts, now), facts.contact) {
        (Pass::Send, Some(contact)) => {
            let (lease, until) = (request.lease, request.until);
            let leased = invitation.lease(now, lease, until).map_err(|_| StoreError::LeaseLost)?;
            invitations::lease(view, &before, &leased)?;
            branch_days::count(view, &request.rules, &before, now)?;
            let (is_remembered, grant) = tolls.take(&routes);
            let to = marks.iter().find(|(channel, _)| *channel == request.channel).map(|(_, mark)| *mark);
            let lease = Lease { invitation: leased, contact, to, routes, is_remembered, grant, lease, until };
            return Ok(Handed::Lease(Box::new(lease)));
        }
        (Pass::Send, None) => invitation.skip(now, SkipReason::ContactGone),
        (Pass::PutOff { until, reason }, _) => invitation.put_off(now, until, reason),
        (Pass::PassOver { reason }, _) => invitation.pass_over(now, reason, zone),
        (Pass::Skip { reason }, _) => invitation.skip(now, reason),
    };
    let changed = changed.map_err(|_| StoreError::LeaseLost)?;
    invitations::put(view, Some(&before), &changed)?;
    Ok(Handed::Withheld)
}

/// Takes away the entry of a room; that of a lane moved with the invitation.
fn leave_room(view: &mut View<'_>, entry: Entry) {
    if keys::read_room(&entry.key).is_some() {
        view.remove(entry.key);
    }
}

/// Moves an entry into a room; gives whether it was elsewhere.
fn park(view: &mut View<'_>, channel: Channel, room: Room, entry: Entry) -> bool {
    match keys::moved_into(channel, room, &entry.key) {
        Some(parked) if parked != entry.key => {
            view.remove(entry.key);
            view.put(parked, Vec::new());
            true
        }
        Some(_) | None => false,
    }
}

/// Records what came of leased attempts: each for itself, or why it cannot be.
pub(in super::super) fn settle(
    view: &mut View<'_>,
    requests: &[Settlement],
) -> Result<Vec<Result<Invitation, StoreError>>, StoreError> {
    let (mut ends, mut windows) = (Ends::default(), Windows::default());
    let mut settle_one = |request: &Settlement| {
        let before = ends.held_by(view, &request.invitation, request.lease)?.ok_or(NO_INVITATION)?;
        let settled = view.try_unit(|unit| settle_leased(unit, (request, &before), &mut windows))?;
        ends.end(request.lease, &request.invitation);
        Ok(settled)
    };
    let settled = requests.iter().map(&mut settle_one).collect();
    ends.write(view)?;
    windows.write(view)?;
    Ok(settled)
}

/// Records what came of an attempt. An address that is dead is never written to again.
fn settle_leased(
    view: &mut View<'_>,
    (request, before): (&Settlement, &Invitation),
    windows: &mut Windows,
) -> Result<Invitation, StoreError> {
    // As the gate saw it when the message left.
    let zone = zone_of(Some(&request.contact), before);
    let settled = before.clone().settle(request.lease, &request.outcome, request.now, (request.retry, zone));
    let mut settled = settled.map_err(|_| StoreError::LeaseLost)?;
    if let Some(last) = settled.attempts.last_mut() {
        last.to = request.to.or(last.to);
        last.cost = request.cost.or(last.cost);
        if let (Outcome::Refused { address_dead: true, .. }, Some(mark)) = (&request.outcome, last.to) {
            let (channel, reason) = (last.channel, SuppressionReason::Dead);
            let source = match channel {
                Channel::Email => "the relay",
                Channel::Sms => "the gateway",
            };
            let suppression = Suppression { channel, reason, source: source.to_owned(), since: request.now };
            suppressions::put(view, mark, &suppression)?;
        }
    }
    report(view, request)?;
    gateway_days::settle(view, request)?;
    invitations::put_unleased(view, Some(before), &settled, windows)?;
    Ok(settled)
}

/// Tells the routes what came of a message that took them: the widest of its trouble, the narrowest of the domain's.
fn report(view: &mut View<'_>, request: &Settlement) -> Result<(), StoreError> {
    let (now, rules) = (request.now, &request.rules);
    let in_trouble = |view: &mut View<'_>, route: Option<&Route>, slow_down: bool, not_before| match route {
        Some(route) => tolls::report(view, route, |state| {
            let limit = (rules.routes.rate(route), request.observed);
            if slow_down { state.slow_down(limit, now, not_before) } else { state.failed(now, not_before) }
        }),
        None => Ok(()),
    };
    match request.outcome {
        Outcome::Accepted { .. } | Outcome::Refused { .. } if request.is_remembered => {
            request.routes.iter().try_for_each(|route| tolls::report(view, route, |state| state.succeeded(now)))
        }
        Outcome::Deferred { not_before, obstacle: Obstacle::Route { slow_down }, .. } => {
            in_trouble(view, request.routes.first(), slow_down, not_before)
        }
        Outcome::Deferred { not_before, obstacle: Obstacle::Domain { slow_down }, .. } => {
            in_trouble(view, request.routes.last(), slow_down, not_before)
        }
        Outcome::Deferred { not_before, obstacle: Obstacle::Sender, .. } => {
            in_trouble(view, request.routes.last(), true, not_before)
        }
        // The recipient's own trouble shows that the way there is open.
        Outcome::Deferred { obstacle: Obstacle::Recipient, .. } if request.is_remembered => {
            request.routes.iter().try_for_each(|route| tolls::report(view, route, |state| state.succeeded(now)))
        }
        Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::Deferred { .. } | Outcome::Unknown { .. } => {
            Ok(())
        }
    }
}

/// Ends leases whose holders never came back. One whose invitation cannot be read is looked at again later.
pub(in super::super) fn expire_leases(view: &mut View<'_>, request: &Expiry) -> Result<usize, StoreError> {
    let (mut n_expired, mut windows) = (0, Windows::default());
    let ended = leases::claims(view)?.into_iter().filter(|(_, claim)| claim.until <= request.before);
    let ended = ended.flat_map(|(lease, Claim { since, invitations, .. })| {
        invitations.into_iter().map(move |id| (lease, id, since))
    });
    for (lease, id, since) in ended {
        let expired = view.try_unit(|unit| {
            let before = existing(unit, &id, lease)?;
            let channel = before.attempts.last().map_or(Channel::Email, |attempt| attempt.channel);
            let retry = match channel {
                Channel::Email => request.email,
                Channel::Sms => request.sms,
            };
            let expired = before.clone().expire_lease(request.now, retry).map_err(|_| StoreError::LeaseLost)?;
            // In a store of an older layout an invitation names another lease than the one that was made for it.
            leases::let_go(unit, lease, &id)?;
            invitations::put_with(unit, Some(&before), &expired, &mut windows)
        });
        match expired {
            Ok(()) => n_expired += 1,
            Err(StoreError::Unreadable { .. } | StoreError::LeaseLost | StoreError::NotFound { .. }) => {
                leases::put_aside(view, lease, id, (since, request.now + PUT_ASIDE_FOR))?;
            }
            Err(err) => return Err(err),
        }
    }
    windows.write(view)?;
    Ok(n_expired)
}

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
    Entry { key, id, .. }: &Entry,
    now: DateTime<Utc>,
    act: impl FnOnce(&mut View<'_>, Invitation) -> Result<T, StoreError>,
) -> Result<Visited<T>, StoreError> {
    let done = view.try_unit(|unit| {
        // What stands on the due index is not leased.
        let stored = reads::stored_invitation(unit, id)?;
        let invitation = stored.ok_or(NO_INVITATION)?;
        let own_key = due::key_of(&invitation);
        if own_key == keys::on_its_lane(key) {
            return act(unit, invitation).map(Visited::Done);
        }
        unit.remove(key.clone());
        if let Some(own_key) = own_key {
            unit.put(own_key, Vec::new());
        }
        Ok(Visited::PutRight)
    });
    match (done, keys::due_later(key, now + PUT_ASIDE_FOR)) {
        (Err(StoreError::Unreadable { .. }), Some(later)) => {
            view.remove(key.clone());
            view.put(later, Vec::new());
            Ok(Visited::PutAside)
        }
        (done, _) => done,
    }
}

fn existing(view: &View<'_>, id: &InvitationId, lease: u64) -> Result<Invitation, StoreError> {
    leases::held_by(view, id, lease)?.ok_or(NO_INVITATION)
}

pub(super) fn zone_of(contact: Option<&Contact>, invitation: &Invitation) -> Tz {
    contact.and_then(|contact| contact.time_zone).unwrap_or(invitation.zone)
}
