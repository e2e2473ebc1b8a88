//! What is held, and what is let go.
//!
//! A hold is seen inside the unit of work that leases, so it is effective for the very next message. What it holds waits in
//! a room beside its lane, where it is in nobody's way; when the hold is gone, the room is open like any other.

use super::super::reads;
use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::hold::{HOLDS_MAX, Hold};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::route::Room;
use crate::domain::scope::Scope;

/// The holds, as a unit of work sees them.
pub(super) struct Holds(Vec<Hold>);

impl Holds {
    /// Those that there are.
    pub(super) fn of(db: &dyn Reading) -> Result<Self, StoreError> {
        Ok(Self(reads::holds(db)?))
    }

    /// Whether everything that leaves by this channel is held.
    pub(super) fn hold_channel(&self, channel: Channel) -> bool {
        self.0.iter().any(|hold| hold.scope.covers_channel(channel))
    }

    /// Where a message of this invitation by this channel waits, if it is held.
    pub(super) fn room_of(&self, invitation: &Invitation, channel: Channel) -> Option<Room> {
        self.0.iter().find(|hold| hold.scope.covers(invitation, channel)).map(Hold::room)
    }

    /// Whether what waits in this room is held.
    pub(super) fn hold_room(&self, room: Room) -> bool {
        self.0.iter().any(|hold| hold.room() == room)
    }
}

/// Holds a scope. One that is held already goes on being held since it was, with the new note if there is one.
pub(in super::super) fn hold(view: &mut View<'_>, hold: Hold) -> Result<Hold, StoreError> {
    let key = keys::hold(hold.room());
    let known = view.get(&key)?.map(|value| record::hold::read(&value)).transpose()?;
    let hold = match known {
        Some(known) if hold.note.is_empty() => known,
        Some(known) => Hold { note: hold.note, by: hold.by, ..known },
        None if reads::holds(view)?.len() >= HOLDS_MAX => {
            return Err(StoreError::Full { what: "holds", n_max: HOLDS_MAX });
        }
        None => hold,
    };
    view.put(key, record::hold::write(&hold)?);
    Ok(hold)
}

/// Lets go of these scopes. Gives the holds that there were on them.
pub(in super::super) fn release(view: &mut View<'_>, scopes: &[Scope]) -> Result<Vec<Hold>, StoreError> {
    let mut released = Vec::new();
    for scope in scopes {
        let key = keys::hold(scope.room());
        if let Some(value) = view.get(&key)? {
            released.push(record::hold::read(&value)?);
            view.remove(key);
        }
    }
    Ok(released)
}
