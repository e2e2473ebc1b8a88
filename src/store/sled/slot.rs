//! Where look-ups find the open store, and wait while it is being opened again.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::store::StoreError;

/// The pause between two looks whether look-ups under way are over.
const LOOK_PAUSE: Duration = Duration::from_millis(1);

/// What look-ups find.
#[derive(Clone)]
pub(super) enum At {
    /// The store. Look-ups under way have a part in it.
    Open(Arc<sled::Tree>),
    /// It is closed for a moment, and will be back.
    Away,
    /// It could not be opened again, for this reason.
    Gone(StoreError),
    /// It was closed for good.
    Closed,
}

impl At {
    pub(super) fn open(tree: &sled::Tree) -> Self {
        Self::Open(Arc::new(tree.clone()))
    }
}

/// The place where the open store is to be found. Whoever closes it takes it from here first: sled keeps the folder
/// locked as long as anybody has a tree of it.
pub(super) struct Slot(watch::Sender<At>);

impl Slot {
    /// A slot with an open store.
    pub(super) fn with(tree: &sled::Tree) -> Self {
        Self(watch::Sender::new(At::open(tree)))
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

    /// Takes the open store away for a moment, once the look-ups under way are over; those that come wait for it. Where one
    /// takes longer than `patience` it is put back. Gives whether it is away.
    pub(super) fn vacate(&self, patience: Duration) -> bool {
        let mut taken = None;
        self.0.send_if_modified(|there| {
            if let At::Open(tree) = there {
                taken = Some(Arc::clone(tree));
                *there = At::Away;
            }
            taken.is_some()
        });
        let Some(tree) = taken else { return false };
        let mut waited = Duration::ZERO;
        // Nobody can come by it but through those who have it.
        while Arc::strong_count(&tree) > 1 {
            if waited >= patience {
                self.put(At::Open(tree));
                return false;
            }
            std::thread::sleep(LOOK_PAUSE);
            waited += LOOK_PAUSE;
        }
        true
    }

    /// The open store, once it is there.
    pub(super) async fn tree(&self) -> Result<Arc<sled::Tree>, StoreError> {
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
