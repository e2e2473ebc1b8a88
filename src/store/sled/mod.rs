//! The default backend: sled 0.34, one tree, one writer.
//!
//! All changes go through one thread ([`writer`]) that runs the units of work waiting for it into one batch, applies it,
//! flushes, and calls `sync_data` on the log file itself: sled ends a flush with `sync_file_range`, which flushes neither
//! the disk's cache nor the file's metadata. Only then is anybody told that their work is done. A disk that is full turns
//! the store read-only until there is room again. So that a start after a crash is quick, the writer opens the store again
//! now and then while it is at work ([`renewal`]).

mod filling;
mod garbage;
mod home;
mod place;
mod renewal;
mod restore;
mod slot;
mod writer;

use std::path::PathBuf;
use std::sync::{Arc, Weak};

use tokio::sync::watch;

use super::engine::Engine;
use super::health::Health;
use super::shared::Shared;
use super::sizes::Raw;
use super::view::{Pairs, Reading, View};
use super::walk::{Taps, Walk};
use super::{Store, StoreError};
use filling::Filling;
use home::Home;
use place::{Place, RealDisk};
pub use place::{Room, room};
use renewal::Bounds;
pub use restore::{RestoreError, Restored, restore};
use slot::{At, Slot};
use writer::{Pauses, Replacement, Writer};

/// Where and how to open a store.
#[derive(Clone, Debug)]
pub struct SledOptions {
    /// Its folder; made if it is not there.
    pub path: PathBuf,
    /// Bytes that sled is told to keep in memory; it takes nearly twice as much. Reading slows down below some 15 MiB and
    /// gains little above 128 MiB.
    pub cache_bytes: u64,
}

/// Opens or makes a store. `secret` is used only when it is made.
pub async fn open(
    options: SledOptions,
    secret: [u8; crate::domain::seal::SECRET_BYTES],
) -> Result<Arc<dyn Store>, StoreError> {
    let sled = blocking(move || open_blocking(&options)).await?;
    Ok(Arc::new(Shared::open(sled, secret).await?))
}

fn open_blocking(options: &SledOptions) -> Result<Sled, StoreError> {
    let place = Place::at_home(&options.path, options.cache_bytes, Box::new(RealDisk))?;
    Sled::start(place, Pauses::USUAL, Bounds::USUAL)
}

/// Runs what blocks, off the async threads.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    tokio::task::spawn_blocking(act).await.map_err(failed)?
}

/// Wraps what went wrong below.
pub(super) fn failed(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed { source: Arc::new(source) }
}

struct Sled {
    path: PathBuf,
    cache_bytes: u64,
    /// The writer's: it leaves when the store is closed, however long handles of it are kept.
    home: Weak<Home>,
    slot: Arc<Slot>,
    writer: Writer,
}

impl Sled {
    fn start(place: Place, pauses: Pauses, bounds: Bounds) -> Result<Self, StoreError> {
        let (path, cache_bytes) = (place.path().to_owned(), place.cache_bytes());
        let home = place.home().map_or_else(|_| Weak::new(), Arc::downgrade);
        let (writer, slot) = Writer::start(place, pauses, bounds)?;
        Ok(Self { path, cache_bytes, home, slot, writer })
    }

    /// Copies the store into a room of its own, and puts the copy in its place. When it is dropped in between, the copy goes
    /// with it.
    async fn copy(&self, home: Arc<Home>) -> Result<Raw, StoreError> {
        let (path, cache_bytes) = (self.path.clone(), self.cache_bytes);
        let begin = move || {
            let room = home.make_room()?;
            Place::check_room_for_copy(&path)?;
            Filling::begin(room, cache_bytes)
        };
        let mut filling = blocking(begin).await?;
        let mut walk = Walk::begin(self).await?;
        while let Some(part) = walk.step(self).await? {
            filling = blocking(move || filling.take(part).map(|()| filling)).await?;
        }
        // Nobody is to wait while all of it is written out.
        let filling = blocking(move || filling.write_out()).await?;
        self.writer.replace(Replacement { filling, walk }).await
    }
}

/// What is in the tree now.
pub(super) struct Tree<'a>(pub(super) &'a ::sled::Tree);

impl Reading for Tree<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).map_err(failed)?.map(|value| value.to_vec()))
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let pairs = self.0.range(from.to_vec()..to.to_vec());
        Box::new(pairs.map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(failed)))
    }
}

impl Engine for Sled {
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.run(unit).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tree = self.slot.tree().await?;
        blocking(move || look(&Tree(&tree))).await
    }

    async fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let tree = self.slot.tree().await?;
        look(&Tree(&tree))
    }

    async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.writer.between(act).await
    }

    async fn disk_bytes(&self) -> Result<u64, StoreError> {
        let path = self.path.clone();
        blocking(move || Place::disk_bytes(&path).map_err(failed)).await
    }

    async fn compact(&self) -> Result<Raw, StoreError> {
        if let Health::ReadOnly(reason) = *self.health().borrow() {
            return Err(StoreError::ReadOnly { reason });
        }
        self.copy(self.home.upgrade().ok_or(StoreError::Closed)?).await
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.slot.put(At::Closed);
        // A copy in the making finds it closed at its next step, and is gone before the home is left.
        let room = self.home.upgrade().map(|home| home.room());
        let _none_copies = match &room {
            Some(room) => Some(room.lock().await),
            None => None,
        };
        self.writer.close().await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.writer.health()
    }
}

#[cfg(test)]
mod tests;
