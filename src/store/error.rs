//! Why the store does not do what it was asked.

use std::path::PathBuf;
use std::sync::Arc;

use super::health::ReadOnlyReason;

/// Why the store did not do what it was asked.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// The contact has changed since the plan was made: look again and plan again.
    #[error("the contact has changed since the plan was made")]
    Stale,
    /// The lease has ended; somebody else may hold the invitation now.
    #[error("the lease on the invitation has ended")]
    LeaseLost,
    /// There is no such thing.
    #[error("there is no {what}")]
    NotFound {
        /// What was looked for.
        what: &'static str,
    },
    /// A thing of that id exists already.
    #[error("there is already {what}")]
    Exists {
        /// What was to be made.
        what: &'static str,
    },
    /// There are as many of them as may be.
    #[error("there are {n_max} {what} already, and no more are kept")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many may be.
        n_max: usize,
    },
    /// There is no room for a copy of the store beside it, so none was begun.
    #[error(
        "there is no room for a copy of the store: it may take {needed_bytes} bytes and {free_bytes} are free on its file \
         system; make room, or move the state folder to a larger one"
    )]
    NoRoomForCopy {
        /// The most that it takes.
        needed_bytes: u64,
        /// What is free.
        free_bytes: u64,
    },
    /// A record cannot be read by this version of canvass.
    #[error("a record of kind `{kind}` cannot be read: {reason}")]
    Unreadable {
        /// The kind of record: the first letter of its key.
        kind: char,
        /// What is wrong with it.
        reason: String,
    },
    /// Another process holds the store.
    #[error("the store in `{}` is in use; is a canvass daemon running?", path.display())]
    InUse {
        /// Its folder.
        path: PathBuf,
    },
    /// A later canvass has brought the store to a layout that this one does not know.
    #[error(
        "the store has layout {found} and this canvass knows none after {known}: a later canvass has written it; \
         run that one, or restore a backup from before it"
    )]
    NewerLayout {
        /// The layout that the store has.
        found: u32,
        /// The last layout that this canvass knows.
        known: u32,
    },
    /// The store takes no changes, so this one was refused; it may or may not be there when the store takes changes again,
    /// and can be handed in again either way.
    #[error("the store is read-only, because {reason}")]
    ReadOnly {
        /// Why.
        reason: ReadOnlyReason,
    },
    /// The disk or the backend failed. Nothing that was not acknowledged may be relied on.
    #[error("the store cannot write")]
    Failed {
        /// Why.
        #[source]
        source: Arc<dyn std::error::Error + Send + Sync>,
    },
    /// What is played or looked at in memory has grown too large.
    #[error("the rehearsal would take more than {mib_max} MiB of memory; rehearse fewer days")]
    RehearsalTooLarge {
        /// How much it may take.
        mib_max: usize,
    },
    /// The store is closing.
    #[error("the store is closing")]
    Closed,
}

impl StoreError {
    /// Whether the store takes no changes. It has logged so itself, once: whoever gets the error need not.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::ReadOnly { .. })
    }
}
