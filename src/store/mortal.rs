//! A store on a machine that dies at the n-th change, and the disk that outlives it.
//!
//! A change that was acknowledged is on the disk. The one during which the machine dies may or may not be: both happen.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::contract::SECRET;
use super::engine::Engine;
use super::health::Health;
use super::memory::{Map, Memory};
use super::shared::Shared;
use super::sizes::Raw;
use super::view::{Reading, View};
use super::walk::Taps;
use super::{Store, StoreError};

/// What outlives the machine.
#[derive(Clone)]
pub(crate) struct Disk(Arc<Memory>);

/// When the machine dies.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Death {
    /// During this change, counted from 1.
    pub(crate) at_change: usize,
    /// Whether that change is on the disk.
    pub(crate) is_kept: bool,
}

impl Disk {
    /// An empty one.
    pub(crate) fn empty() -> Self {
        Self(Arc::new(Memory::of(Map(BTreeMap::new()))))
    }

    /// Starts a machine on it; with a death, one that will not live for ever.
    pub(crate) async fn start(&self, death: Option<Death>) -> Result<Arc<dyn Store>, StoreError> {
        let n_left = AtomicUsize::new(death.map_or(usize::MAX, |death| death.at_change));
        let engine = Mortal { disk: Arc::clone(&self.0), n_left, is_kept: death.is_some_and(|death| death.is_kept) };
        Ok(Arc::new(Shared::open(engine, SECRET).await?))
    }
}

struct Mortal {
    disk: Arc<Memory>,
    /// Changes until death; none are left when it is dead.
    n_left: AtomicUsize,
    is_kept: bool,
}

impl Engine for Mortal {
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let n_left = self.n_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        match n_left {
            Ok(1) => {
                if self.is_kept {
                    // Whatever it says, nobody hears it.
                    drop(self.disk.write(unit).await);
                }
                Err(StoreError::Closed)
            }
            Ok(_) => self.disk.write(unit).await,
            Err(_) => Err(StoreError::Closed),
        }
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if self.n_left.load(Ordering::SeqCst) == 0 {
            return Err(StoreError::Closed);
        }
        self.disk.read(look).await
    }

    async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.disk.between(act).await
    }

    async fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.disk.disk_bytes().await
    }

    async fn compact(&self) -> Result<Raw, StoreError> {
        self.disk.compact().await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.disk.health()
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
