//! Where look-ups find the open store, and wait while it is being opened again.

use tokio::sync::watch;

use crate::store::StoreError;

/// What look-ups find.
#[derive(Clone)]
pub(super) enum At {
    /// The store.
    Open(sled::Tree),
    /// It is closed for a moment, and will be back.
    Away,
    /// It could not be opened again, for this reason.
    Gone(StoreError),
    /// It was closed for good.
    Closed,
}

/// The place where the open store is to be found. Whoever closes it takes it from here first: sled keeps the folder
/// locked as long as anybody has a tree of it.
pub(super) struct Slot(watch::Sender<At>);

impl Slot {
    /// A slot with an open store.
    pub(super) fn with(tree: sled::Tree) -> Self {
        Self(watch::Sender::new(At::Open(tree)))
    }

    /// Puts something else there. A store that was closed for good stays closed.
    pub(super) fn put(&self, at: At) {
        self.0.send_if_modified(|there| {
            let changes = !matches!(there, At::Closed);
            if changes {
                *there = at;
            }
            changes
        });
    }

    /// The open store, once it is there.
    pub(super) async fn tree(&self) -> Result<sled::Tree, StoreError> {
        let mut there = self.0.borrow().clone();
        if matches!(there, At::Away) {
            let mut changes = self.0.subscribe();
            let back = changes.wait_for(|at| !matches!(at, At::Away)).await;
            there = back.map_or(At::Closed, |at| at.clone());
        }
        match there {
            At::Open(tree) => Ok(tree),
            At::Gone(reason) => Err(reason),
            At::Away | At::Closed => Err(StoreError::Closed),
        }
    }
}
