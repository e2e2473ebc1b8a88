//! The writer: one thread, group commit.

use std::fs::{File, TryLockError};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use super::{Tree, failed};
use crate::store::StoreError;
use crate::store::view::View;

/// Units of work that may wait; beyond, whoever brings more waits to hand it in.
const WAITING_MAX: usize = 4_096;
/// Units of work in one group: enough to share a flush well, few enough to keep the first of them from waiting long.
const GROUP_MAX: usize = 1_024;

/// Times that the lock on the folder is looked at when it closes, and the pause between two looks.
const LOCK_LOOKS_MAX: usize = 2_000;
const LOCK_PAUSE: Duration = Duration::from_millis(1);

/// Runs a unit in the group's view, and tells its owner later, once the group is on disk or has failed.
type Job = Box<dyn FnOnce(&mut View<'_>) -> Tell + Send>;
type Tell = Box<dyn FnOnce(Result<(), &StoreError>) + Send>;

enum Order {
    Run(Job),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// The handle of the writer thread. The thread ends when it is told to, or when the last handle goes.
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
}

impl Writer {
    /// Starts the thread.
    pub(super) fn start(db: sled::Db, log: File) -> Result<Self, StoreError> {
        let (orders, inbox) = mpsc::channel(WAITING_MAX);
        let thread = Thread { db, log, inbox, broken: None };
        let builder = std::thread::Builder::new().name("store".to_owned());
        builder.spawn(move || thread.run()).map_err(failed)?;
        Ok(Self { orders })
    }

    /// Runs a unit of work and waits until it is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |view| {
            let done = view.try_unit(unit);
            Box::new(move |committed| {
                let result = match committed {
                    Ok(()) => done,
                    Err(reason) => done.and(Err(again(reason))),
                };
                // Whoever asked may be gone; the work is done all the same.
                drop(tell.send(result));
            })
        });
        self.orders.send(Order::Run(job)).await.map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes what is waiting, writes out, and ends the thread. After it the folder can be opened again.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        self.orders.send(Order::Close(tell)).await.map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }
}

/// The same error for everybody in the group.
fn again(error: &StoreError) -> StoreError {
    match error {
        StoreError::Failed { source } => StoreError::Failed { source: Arc::clone(source) },
        StoreError::Stale
        | StoreError::LeaseLost
        | StoreError::NotFound { .. }
        | StoreError::Exists { .. }
        | StoreError::Unreadable { .. }
        | StoreError::InUse { .. }
        | StoreError::NewerLayout { .. }
        | StoreError::Closed => StoreError::Closed,
    }
}

struct Thread {
    db: sled::Db,
    log: File,
    inbox: mpsc::Receiver<Order>,
    /// The first failure of the disk. After it nothing is acknowledged any more: what a failed batch left behind is not
    /// known until the store is opened again.
    broken: Option<StoreError>,
}

impl Thread {
    fn run(mut self) {
        while let Some(order) = self.inbox.blocking_recv() {
            let mut jobs = Vec::new();
            let mut closing = None;
            let mut next = Some(order);
            while let Some(order) = next {
                match order {
                    Order::Run(job) => jobs.push(job),
                    Order::Close(tell) => closing = Some(tell),
                }
                next = if jobs.len() < GROUP_MAX && closing.is_none() { self.inbox.try_recv().ok() } else { None };
            }
            self.commit(jobs);
            if let Some(tell) = closing {
                let flushed = self.flush();
                drop(self.db);
                wait_for_lock(self.log);
                drop(tell.send(flushed));
                return;
            }
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) {
        let tree = Tree(&self.db);
        let mut view = View::of(&tree);
        let replies: Vec<Tell> = jobs.into_iter().map(|job| job(&mut view)).collect();
        let changes = view.into_changes();
        let mut batch = sled::Batch::default();
        let changed = !changes.is_empty();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        if changed && self.broken.is_none() {
            let written = self.db.apply_batch(batch).map_err(failed).and_then(|()| self.flush());
            self.broken = written.err();
        }
        for reply in replies {
            reply(self.broken.as_ref().map_or(Ok(()), Err));
        }
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.db.flush().map_err(failed)?;
        self.log.sync_data().map_err(failed)
    }
}

/// Waits until the folder can be opened again: sled's own threads and reads under way may have the log for a moment
/// longer. Not for ever, because somebody else may have opened it meanwhile.
fn wait_for_lock(log: File) {
    for _ in 0..LOCK_LOOKS_MAX {
        match log.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            // Ours for an instant, and free when the file goes.
            Ok(()) | Err(TryLockError::Error(_)) => break,
        }
    }
    drop(log);
}
