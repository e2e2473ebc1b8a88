//! The default backend: sled 0.34, one tree, one writer.
//!
//! All changes go through one thread ([`writer`]) that runs the units of work waiting for it into one batch, applies it,
//! flushes, and calls `sync_data` on the log file itself: sled ends a flush with `sync_file_range`, which flushes neither
//! the disk's cache nor the file's metadata. Only then is anybody told that their work is done. A disk that is full turns
//! the store read-only until there is room again.

mod place;
mod slot;
mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::watch;

use super::engine::Engine;
use super::health::Health;
use super::shared::Shared;
use super::view::{Pairs, Reading, View};
use super::{Store, StoreError};
use place::{Place, RealDisk};
use slot::{At, Slot};
use writer::{Pauses, Writer};

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
    let opened = tokio::task::spawn_blocking(move || open_blocking(options));
    let sled = opened.await.map_err(failed)??;
    Ok(Arc::new(Shared::open(sled, secret).await?))
}

fn open_blocking(options: SledOptions) -> Result<Sled, StoreError> {
    let place = Place { path: options.path, cache_bytes: options.cache_bytes, disk: Box::new(RealDisk) };
    let (writer, slot) = Writer::start(place, Pauses::USUAL)?;
    Ok(Sled { slot, writer })
}

/// Wraps what went wrong below.
pub(super) fn failed(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed { source: Arc::new(source) }
}

struct Sled {
    slot: Arc<Slot>,
    writer: Writer,
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
        tokio::task::spawn_blocking(move || look(&Tree(&tree))).await.map_err(failed)?
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.slot.put(At::Closed);
        self.writer.close().await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.writer.health()
    }
}

#[cfg(test)]
mod tests;
