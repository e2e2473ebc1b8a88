//! Connections that wait for their next message.
//!
//! A permit stands for one open connection, so there are never more than the relay allows; a connection is out of the
//! list while somebody uses it, so one that is dropped half way, by an error or a cancelled send, is gone for good.
//! Nothing runs in the background: what grew old is closed by the next message that comes by.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::connection::Connection;

/// A connection that was idle for longer is closed: asking whether it still lives would cost as much as a new one
/// saves, and servers hang up after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// How long taking leave may take, over all connections that are closed at once.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// Idle connections, newest last.
pub(super) struct Pool {
    permits: Semaphore,
    idle: Mutex<Vec<Connection>>,
    messages_per_connection: u32,
}

impl Pool {
    /// An empty pool.
    pub(super) fn open(connections: usize, messages_per_connection: u32) -> Self {
        Self { permits: Semaphore::new(connections), idle: Mutex::new(Vec::new()), messages_per_connection }
    }

    /// The right to use one connection. `None` never happens: nobody closes the semaphore.
    pub(super) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }

    /// The newest connection that may carry another message; what is spent or old is closed politely on the way.
    pub(super) async fn take(&self) -> Option<Connection> {
        let (fresh, worn) = {
            let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
            let now = Instant::now();
            let worn: Vec<_> = idle.extract_if(.., |waiting| !self.is_fresh(waiting, now)).collect();
            (idle.pop(), worn)
        };
        leave(worn).await;
        fresh
    }

    /// Brings a connection back, unless it broke.
    pub(super) fn give_back(&self, connection: Connection) {
        if connection.is_usable() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }

    /// Closes all idle connections politely.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        leave(idle).await;
    }

    fn is_fresh(&self, connection: &Connection, now: Instant) -> bool {
        connection.n_messages() < self.messages_per_connection
            && now.saturating_duration_since(connection.idle_since()) <= IDLE_MAX
    }
}

/// Says QUIT on each; those that do not answer are closed all the same.
async fn leave(connections: Vec<Connection>) {
    if connections.is_empty() {
        return;
    }
    let leaving = async {
        for connection in connections {
            connection.quit().await;
        }
    };
    // Too late means closed without a word, which is all that is left to do.
    drop(timeout(LEAVE_MAX, leaving).await);
}
