//! The default backend: sled 0.34, one tree, one writer.
//!
//! All changes go through one thread ([`writer`]) that runs the units of work waiting for it into one batch, applies it,
//! flushes, and calls `sync_data` on the log file itself: sled ends a flush with `sync_file_range`, which flushes neither
//! the disk's cache nor the file's metadata. Only then is anybody told that their work is done.

mod writer;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::engine::Engine;
use super::shared::Shared;
use super::view::{Pairs, Reading, View};
use super::{Store, StoreError};
use writer::Writer;

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
    let opened = tokio::task::spawn_blocking(move || open_blocking(&options));
    let sled = opened.await.map_err(failed)??;
    Ok(Arc::new(Shared::open(sled, secret).await?))
}

fn open_blocking(options: &SledOptions) -> Result<Sled, StoreError> {
    let config = ::sled::Config::new()
        .path(&options.path)
        .cache_capacity(options.cache_bytes)
        .flush_every_ms(None)
        .mode(::sled::Mode::HighThroughput);
    let db = config.open().map_err(|source| open_failed(source, &options.path))?;
    let log = std::fs::File::open(options.path.join("db")).map_err(failed)?;
    let tree: ::sled::Tree = (*db).clone();
    let writer = Writer::start(db, log)?;
    Ok(Sled { tree: Mutex::new(Some(tree)), writer })
}

fn open_failed(source: ::sled::Error, path: &Path) -> StoreError {
    // sled wraps the error of a lock that it cannot get in one of kind `Other`, and keeps of the cause only the words:
    // what another holder makes of it is `WouldBlock`, while a file system without locks makes something else.
    if let ::sled::Error::Io(err) = &source
        && err.kind() == ErrorKind::Other
        && err.to_string().contains(&format!("{:?}", ErrorKind::WouldBlock))
    {
        return StoreError::InUse { path: path.to_owned() };
    }
    failed(source)
}

/// Wraps what went wrong below.
pub(super) fn failed(source: impl std::error::Error + Send + Sync + 'static) -> StoreError {
    StoreError::Failed { source: Arc::new(source) }
}

struct Sled {
    /// Gone once the store is closed: sled keeps the folder locked as long as anybody has a tree of it.
    tree: Mutex<Option<::sled::Tree>>,
    writer: Writer,
}

impl Sled {
    fn tree(&self) -> MutexGuard<'_, Option<::sled::Tree>> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
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
        let tree = self.tree().clone().ok_or(StoreError::Closed)?;
        tokio::task::spawn_blocking(move || look(&Tree(&tree))).await.map_err(failed)?
    }

    async fn close(&self) -> Result<(), StoreError> {
        drop(self.tree().take());
        self.writer.close().await
    }
}

#[cfg(test)]
mod tests;
