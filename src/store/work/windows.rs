//! The due index of windows: invitations whose answers are awaited, and when each is looked at to be closed.
//!
//! Of those that come to await answers in one unit of work, all whose windows end by the same whole second stand in one
//! entry. So a settlement of many writes one key, where one for each was a third of all that the store wrote.
//!
//! An entry is a hint; the truth is in the [invitation](Invitation::due). Who is answered, says no or is sent another
//! message leaves the entry as it is. At its time each of its invitations is looked at, those whose windows have ended are
//! closed, and the others are passed by.
//!
//! **Invariant:** each invitation on [`Lane::Close`] stands in an entry at or before the end of its window, rounded up to a
//! whole second; what could not be read then is looked at again after an hour. So whoever comes to that lane, or has the
//! end moved, gets an entry, and no entry goes before those in it were looked at.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::super::view::{Pair, Reading, View};
use super::super::{StoreError, keys, reads, record};
use super::dispatch::PUT_ASIDE_FOR;
use super::invitations;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Due, Invitation, Lane};

/// Invitations in one entry, at the most: as many as are settled at once.
pub(in super::super) const TOGETHER_MAX: usize = 256;

/// Invitations that come to stand on the index in a unit of work, by the whole second at which they are looked at.
#[derive(Debug, Default)]
pub(super) struct Windows(BTreeMap<DateTime<Utc>, Vec<InvitationId>>);

impl Windows {
    /// The window of one alone.
    pub(super) fn of(id: InvitationId, at: DateTime<Utc>) -> Self {
        let mut windows = Self::default();
        windows.look_at(id, at);
        windows
    }

    /// Notes an invitation whose answers are awaited from now on, or until another time than before.
    pub(super) fn watch(&mut self, before: Option<&Invitation>, after: &Invitation) {
        let (known, due) = (before.and_then(Invitation::due), after.due());
        if let Some(Due { lane: Lane::Close, at }) = due
            && known != due
        {
            self.look_at(after.id, at);
        }
    }

    fn look_at(&mut self, id: InvitationId, at: DateTime<Utc>) {
        self.0.entry(keys::whole_second(at)).or_default().push(id);
    }

    /// Writes what was noted.
    pub(super) fn write(self, view: &mut View<'_>) -> Result<(), StoreError> {
        for (at, ids) in self.0 {
            let mut ids = ids.into_iter();
            while let Some(first) = ids.next() {
                let key = keys::windows(at, &first);
                // One that an entry is named after stands in it, and others may.
                if view.get(&key)?.is_none() {
                    let others: Vec<_> = ids.by_ref().take(TOGETHER_MAX - 1).collect();
                    view.put(key, record::windows::write(&others));
                }
            }
        }
        Ok(())
    }
}

/// An entry of the index.
struct Entry {
    key: Vec<u8>,
    /// The one that it is named after.
    first: InvitationId,
    /// All of them, or why they cannot be read.
    ids: Result<Vec<InvitationId>, StoreError>,
}

impl Entry {
    fn of((key, value): Pair) -> Result<Self, StoreError> {
        let unreadable = || StoreError::Unreadable { kind: 'w', reason: "its key has a wrong length".to_owned() };
        let (_, first) = keys::read_due(&key).ok_or_else(unreadable)?;
        let ids = record::windows::read(&value).map(|others| std::iter::once(first).chain(others).collect());
        Ok(Self { key, first, ids })
    }

    fn len(&self) -> usize {
        self.ids.as_ref().map_or(1, Vec::len)
    }
}

/// The entries whose time has come, until there are `n_max` invitations in them.
fn ended(view: &View<'_>, now: DateTime<Utc>, n_max: usize) -> Result<Vec<Entry>, StoreError> {
    let (from, to) = keys::windows_until(now);
    let (mut entries, mut n) = (Vec::new(), 0);
    let mut pairs = view.range(&from, &to);
    while n < n_max
        && let Some(pair) = pairs.next()
    {
        let entry = Entry::of(pair?)?;
        n += entry.len();
        entries.push(entry);
    }
    Ok(entries)
}

/// Closes windows that ended, entry by entry, until `n_max` invitations were looked at. Gives how many were closed.
pub(in super::super) fn close(view: &mut View<'_>, now: DateTime<Utc>, n_max: usize) -> Result<usize, StoreError> {
    let (mut n_closed, mut again) = (0, Windows::default());
    for Entry { key, first, ids } in ended(view, now, n_max)? {
        match ids {
            Ok(ids) => {
                view.remove(key);
                for id in ids {
                    n_closed += usize::from(close_one(view, id, now, &mut again)?);
                }
            }
            Err(_) => put_aside(view, (key, first), now)?,
        }
    }
    again.write(view)?;
    Ok(n_closed)
}

/// Closes the window of an invitation if it has ended; gives whether it had. If its end is still to come, or cannot be
/// read, it is looked at again.
fn close_one(
    view: &mut View<'_>,
    id: InvitationId,
    now: DateTime<Utc>,
    again: &mut Windows,
) -> Result<bool, StoreError> {
    let closed = view.try_unit(|unit| {
        let Some(before) = reads::stored_invitation(unit, &id)? else { return Ok(false) };
        match before.due() {
            Some(Due { lane: Lane::Close, at }) if at <= now => {
                invitations::put(unit, Some(&before), &before.clone().window_closed(now))?;
                Ok(true)
            }
            Some(Due { lane: Lane::Close, at }) => {
                again.look_at(id, at);
                Ok(false)
            }
            Some(Due { lane: Lane::Leased | Lane::Send(_), .. }) | None => Ok(false),
        }
    });
    if matches!(closed, Err(StoreError::Unreadable { .. })) {
        again.look_at(id, now + PUT_ASIDE_FOR);
        return Ok(false);
    }
    closed
}

/// Moves an entry that cannot be read, as a later canvass may have written it, out of the way for a while. It may not take
/// the place of another that is named after the same invitation.
fn put_aside(view: &mut View<'_>, (key, first): (Vec<u8>, InvitationId), now: DateTime<Utc>) -> Result<(), StoreError> {
    let Some(value) = view.get(&key)? else { return Ok(()) };
    let mut at = now + PUT_ASIDE_FOR;
    while view.get(&keys::windows(at, &first))?.is_some() {
        at += TimeDelta::seconds(1);
    }
    view.remove(key);
    view.put(keys::windows(at, &first), value);
    Ok(())
}
