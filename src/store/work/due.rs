//! The due index of messages: what is due first, and what waits in a room beside its lane. That of windows is in
//! [`windows`](super::windows).

use chrono::{DateTime, Utc};

use super::super::view::{Reading, View};
use super::super::{StoreError, keys};
use super::leases;
use super::windows::Windows;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Due, Invitation, Lane};
use crate::domain::journey::Channel;
use crate::domain::route::Room;

/// Rooms looked into for one request; beyond, the others' turn comes with the next.
pub(in super::super) const ROOMS_MAX: usize = 256;

/// An entry of the due index: its key, and whose it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    /// Its place in the order of what is due, wherever it stands: rank, time, invitation.
    order: Vec<u8>,
    /// Its key.
    pub(super) key: Vec<u8>,
    /// Whose it is.
    pub(super) id: InvitationId,
}

/// What is due, in order, and when the next thing will be.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) entries: Vec<Entry>,
    pub(super) next_at: Option<DateTime<Utc>>,
}

impl Head {
    fn later(&mut self, at: Option<DateTime<Utc>>) {
        self.next_at = [self.next_at, at].into_iter().flatten().min();
    }
}

/// Where an invitation stands on its lane, while a message of it waits.
pub(in super::super) fn key_of(invitation: &Invitation) -> Option<Vec<u8>> {
    match invitation.due()? {
        Due { lane: Lane::Send(channel), at } => Some(keys::message(channel, at, invitation.priority, &invitation.id)),
        Due { lane: Lane::Close | Lane::Leased, .. } => None,
    }
}

/// What is due on a channel's lane, and in those of its rooms that are open, in one order.
///
/// `first` says with which room to begin where there are more than can be looked into.
pub(super) fn of_channel(
    view: &View<'_>,
    (channel, now): (Channel, DateTime<Utc>),
    (first, n_max): (u64, usize),
    mut is_open: impl FnMut(Room) -> Result<bool, StoreError>,
) -> Result<Head, StoreError> {
    let mut head = under(view, &keys::lane(Lane::Send(channel)), now, n_max)?;
    for room in rooms(view, channel, Room::from_bytes(first.to_be_bytes()))? {
        if is_open(room)? {
            let inside = under(view, &keys::room(channel, room), now, n_max)?;
            head.entries.extend(inside.entries);
            head.later(inside.next_at);
        }
    }
    head.entries.sort();
    head.entries.truncate(n_max);
    Ok(head)
}

/// The rooms in which something waits, beginning with `first`.
pub(in super::super) fn rooms(db: &dyn Reading, channel: Channel, first: Room) -> Result<Vec<Room>, StoreError> {
    let (all, mut found) = (keys::rooms(channel), Vec::new());
    let (middle, end) = (keys::room(channel, first), keys::after_prefix(&all));
    for (mut from, to) in [(middle.clone(), &end), (all, &middle)] {
        while found.len() < ROOMS_MAX
            && let Some((key, _)) = db.first(&from, to)?
        {
            let Some(room) = keys::read_room(&key) else { break };
            found.push(room);
            from = keys::after_prefix(&keys::room(channel, room));
        }
    }
    Ok(found)
}

/// What is due under a prefix: rank by rank, and by time within a rank.
fn under(view: &View<'_>, prefix: &[u8], now: DateTime<Utc>, n_max: usize) -> Result<Head, StoreError> {
    let (mut head, end) = (Head::default(), keys::after_prefix(prefix));
    let mut from = prefix.to_vec();
    while let Some((key, _)) = view.first(&from, &end)? {
        let Some(rank) = keys::read_rank(&key) else { break };
        let until = keys::at_rank_after(prefix, rank, now);
        for pair in view.range(&keys::at_rank(prefix, rank), &until).take(n_max - head.entries.len()) {
            let (key, _) = pair?;
            let unreadable = || StoreError::Unreadable { kind: 'w', reason: "its key has a wrong length".to_owned() };
            let (_, id) = keys::read_due(&key).ok_or_else(unreadable)?;
            let order = key.get(prefix.len()..).unwrap_or_default().to_vec();
            head.entries.push(Entry { order, key, id });
        }
        from = keys::after_prefix(&[prefix, &[rank]].concat());
        if head.entries.len() < n_max {
            let next = view.first(&until, &from)?;
            head.later(next.and_then(|(key, _)| keys::read_due(&key)).map(|(at, _)| at));
        } else {
            break;
        }
    }
    Ok(head)
}

/// Brings an entry of layout 1 to where it stands today.
pub(in super::super) fn bring_up_to_date(view: &mut View<'_>, old: Vec<u8>) -> Result<(), StoreError> {
    match keys::read_due_of_layout_1(&old) {
        // Whoever had the lease is gone; when it was granted is in the invitation.
        Some((Due { lane: Lane::Leased, at }, _, id)) => leases::of_nobody(view, id, at)?,
        Some((Due { lane: Lane::Close, at }, _, id)) => Windows::of(id, at).write(view)?,
        Some((Due { lane: Lane::Send(channel), at }, priority, id)) => {
            view.put(keys::message(channel, at, priority, &id), Vec::new());
        }
        None => (),
    }
    view.remove(old);
    Ok(())
}
