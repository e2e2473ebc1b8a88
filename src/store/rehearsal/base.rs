//! What a rehearsal reads from: any engine, whatever it is. Without this, a store that can be rehearsed on would be of a
//! type that contains itself.

use std::pin::Pin;

use tokio::sync::oneshot;

use super::super::StoreError;
use super::super::engine::Engine;
use super::super::view::Reading;

/// A look at ordered keys, whose finding goes its own way.
pub(in super::super) type Look = Box<dyn FnOnce(&dyn Reading) + Send>;

/// An engine that is only read from.
pub(in super::super) trait Base: Send + Sync {
    /// Looks.
    fn look(&self, look: Look) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + '_>>;
}

impl<E: Engine> Base for E {
    fn look(&self, look: Look) -> Pin<Box<dyn Future<Output = Result<(), StoreError>> + Send + '_>> {
        Box::pin(self.read(move |db| {
            look(db);
            Ok(())
        }))
    }
}

/// Looks and gives what was found.
pub(super) async fn read<T: Send + 'static>(
    base: &dyn Base,
    look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let (found, finding) = oneshot::channel();
    // Nobody waits for it where the one who looked is gone.
    base.look(Box::new(move |db| drop(found.send(look(db))))).await?;
    finding.await.map_err(|_| StoreError::Closed)?
}
