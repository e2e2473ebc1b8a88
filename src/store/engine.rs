//! What a backend of ordered keys must do; everything else is written once on top.

use tokio::sync::watch;

use crate::store::StoreError;
use crate::store::health::Health;
use crate::store::view::{Reading, View};

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

    /// Whether it takes changes, and every change of that.
    fn health(&self) -> watch::Receiver<Health>;

    /// Writes out and closes.
    fn close(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}
