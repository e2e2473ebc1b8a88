//! What a backend of ordered keys must do; everything else is written once on top.

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::health::Health;
use crate::store::sizes::Raw;
use crate::store::view::{Reading, View};
use crate::store::walk::Taps;

/// Runs units of work one after the other, each durable before it is acknowledged, and reads beside them.
pub(crate) trait Engine: Send + Sync + 'static {
    /// Runs a unit of work. When it fails, nothing of it is kept.
    fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Reads, off the async threads. Sees every unit of work that was acknowledged before.
    fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Looks at a few keys, on this thread where that takes no longer than handing it to another would. What is not at hand is
    /// read from the disk meanwhile, so nothing that goes over many keys belongs here.
    fn look<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        self.read(look)
    }

    /// Does something between two groups of units of work, also while no changes are taken.
    fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// The bytes that it takes on disk.
    fn disk_bytes(&self) -> impl Future<Output = Result<u64, StoreError>> + Send;

    /// Copies everything to where it takes less room, while units of work go on. Gives what was copied.
    fn compact(&self) -> impl Future<Output = Result<Raw, StoreError>> + Send;

    /// Whether it takes changes, and every change of that.
    fn health(&self) -> watch::Receiver<Health>;

    /// Writes out and closes.
    fn close(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
