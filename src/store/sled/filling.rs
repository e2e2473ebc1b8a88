//! A store that is being filled, to take another's place.

use super::home::Room;
use super::place::{Opened, Place};
use super::{failed, garbage};
use crate::store::StoreError;
use crate::store::sizes::Raw;
use crate::store::view::Changes;
use crate::store::walk::Part;

/// Bytes that sled is told to keep in memory of a store that is filled in the order of its keys, beside one that is open
/// already: it comes back to few pages.
const CACHE_BYTES_MAX: u64 = 16 << 20;

/// A store that nobody uses yet.
pub(super) struct Filling {
    place: Place,
    opened: Opened,
    raw: Raw,
    // Last: it is removed with all that is in it, unless it was finished.
    room: Room,
}

impl Filling {
    /// Begins in an empty room.
    pub(super) fn begin(room: Room, cache_bytes: u64) -> Result<Self, StoreError> {
        let place = Place::elsewhere(room.folder(), cache_bytes.min(CACHE_BYTES_MAX));
        Ok(Self { opened: place.open()?, place, raw: Raw::default(), room })
    }

    /// Takes a part over.
    pub(super) fn take(&mut self, part: Part) -> Result<(), StoreError> {
        self.raw.count(&part.pairs);
        // sled splits a page in halves when it holds more than 16 pairs. Put in order, each half would stay as it is; put
        // in two rounds, the second round fills the halves of the first, and there are half as many pages to keep.
        let (pairs, mut others) = (part.pairs, Vec::new());
        let n_pairs = pairs.len();
        for (n, (key, value)) in pairs.into_iter().enumerate() {
            if n % 2 == 0 {
                self.opened.db.insert(key, value).map_err(failed)?;
            } else {
                others.push((key, value));
            }
        }
        for (key, value) in others {
            self.opened.db.insert(key, value).map_err(failed)?;
        }
        garbage::collect_after(n_pairs);
        self.change(part.changes)
    }

    /// Changes what was taken over.
    pub(super) fn change(&mut self, changes: Changes) -> Result<(), StoreError> {
        let n_changes = changes.len();
        for (key, value) in changes {
            match value {
                Some(value) => self.opened.db.insert(key, value).map_err(failed)?,
                None => self.opened.db.remove(key).map_err(failed)?,
            };
        }
        garbage::collect_after(n_changes);
        Ok(())
    }

    /// Writes out what was taken over, and its index as well, so that it is quick to open.
    pub(super) fn write_out(mut self) -> Result<Self, StoreError> {
        self.flush()?;
        self.opened.close();
        self.opened = self.place.open()?;
        Ok(self)
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.opened.db.flush().map_err(failed)?;
        self.opened.log.sync_all().map_err(failed)
    }

    /// Closes it, with everything on disk. Gives how much was taken over, and where it is.
    pub(super) fn finish(self) -> Result<(Raw, Room), StoreError> {
        self.flush()?;
        self.opened.close();
        Ok((self.raw, self.room))
    }
}
