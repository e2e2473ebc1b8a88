//! Connections that wait for their next message, and messages that wait for a connection.
//!
//! A place stands for one open connection, so there are never more than the relay allows; a connection is with its place
//! while somebody uses it, so one that is dropped half way, by an error or a cancelled send, is gone for good. Nothing
//! runs in the background: what grew old is closed by the next message that comes by.
//!
//! Messages that find no place free stand in line. The first in line gets the next place that comes free, or is told of
//! with the end of a message that is leaving, and then gets that one's place and connection.
//!
//! **Invariant:** while a message stands in line, no place is free.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::{Instant, timeout};

use super::connection::Connection;
use super::letter::{Commands, Letter};
use super::reply::{Phase, Reply, Trouble};

/// A connection that was idle for longer is closed: asking whether it still lives would cost as much as a new one
/// saves, and servers hang up after some minutes.
const IDLE_MAX: Duration = Duration::from_secs(10);

/// How long taking leave may take, over all connections that are closed at once.
const LEAVE_MAX: Duration = Duration::from_secs(2);

/// All places.
pub(super) struct Pool {
    state: Mutex<State>,
    messages_per_connection: u32,
}

struct State {
    n_free: usize,
    /// Idle connections, newest last; at most one for each free place.
    idle: Vec<Connection>,
    line: VecDeque<Waiting>,
    /// Whether the relay hears what is said with the end of a message.
    hears_ahead: bool,
}

/// A message in line.
struct Waiting {
    commands: Arc<Commands>,
    called: oneshot::Sender<Place>,
}

/// The right to use one connection, and the connection. Free again when it is dropped.
pub(super) struct Place {
    pool: Arc<Pool>,
    connection: Option<Connection>,
}

/// A message that is to be the next on a connection. Back at the head of the line when it is dropped.
struct Next {
    pool: Arc<Pool>,
    waiting: Option<Waiting>,
    commands: Arc<Commands>,
}

impl Pool {
    /// As many free places.
    pub(super) fn open(connections: usize, messages_per_connection: u32) -> Arc<Self> {
        let state = State { n_free: connections, idle: Vec::new(), line: VecDeque::new(), hears_ahead: true };
        Arc::new(Self { state: Mutex::new(state), messages_per_connection })
    }

    /// A place for the message with these commands, with the newest connection that may carry it, if there is one; what
    /// is spent or old is closed politely on the way.
    pub(super) async fn place(self: &Arc<Self>, commands: &Arc<Commands>) -> Place {
        let mut place = loop {
            // A message in line is never forgotten, so it has to stand there once only.
            if let Ok(place) = self.stand_in_line(commands).await {
                break place;
            }
        };
        if place.connection().is_some_and(Connection::is_told) {
            return place;
        }
        let now = Instant::now();
        let is_worn = |connection: &Connection| !self.is_fresh(connection, now);
        let mut worn = Vec::from_iter(place.connection.take_if(|connection| is_worn(connection)));
        {
            let mut state = self.state();
            worn.extend(state.idle.extract_if(.., |connection| is_worn(connection)));
            place.connection = place.connection.take().or_else(|| state.idle.pop());
        }
        leave(worn).await;
        place
    }

    /// Closes all idle connections politely.
    pub(super) async fn close(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        leave(idle).await;
    }

    fn stand_in_line(self: &Arc<Self>, commands: &Arc<Commands>) -> oneshot::Receiver<Place> {
        let (called, call) = oneshot::channel();
        let waiting = Waiting { commands: Arc::clone(commands), called };
        self.call_or_line_up(waiting, VecDeque::push_back);
        call
    }

    /// Gives a place to a message. One that was given up meanwhile leaves it free when it drops it.
    fn call(self: &Arc<Self>, waiting: Waiting, connection: Option<Connection>) {
        drop(waiting.called.send(Place { pool: Arc::clone(self), connection }));
    }

    /// The first in line, if its commands may be said on this connection now.
    fn next(self: &Arc<Self>, connection: &Connection) -> Option<Next> {
        if connection.n_messages() >= self.messages_per_connection {
            return None;
        }
        let mut state = self.state();
        let waiting = loop {
            let first = state.line.pop_front()?;
            if !first.called.is_closed() {
                break first;
            }
        };
        if !state.hears_ahead || connection.lacks(&waiting.commands).is_some() {
            state.line.push_front(waiting);
            return None;
        }
        let commands = Arc::clone(&waiting.commands);
        Some(Next { pool: Arc::clone(self), waiting: Some(waiting), commands })
    }

    /// Gives a message a place if one is free; else it stands in line where it is to.
    fn call_or_line_up(self: &Arc<Self>, waiting: Waiting, line_up: fn(&mut VecDeque<Waiting>, Waiting)) {
        let mut state = self.state();
        if state.n_free == 0 {
            return line_up(&mut state.line, waiting);
        }
        state.n_free -= 1;
        drop(state);
        self.call(waiting, None);
    }

    /// A place is free, with its connection if that can be used.
    fn set_free(self: &Arc<Self>, connection: Option<Connection>) {
        let mut state = self.state();
        let waiting = loop {
            let Some(first) = state.line.pop_front() else {
                state.n_free += 1;
                state.idle.extend(connection);
                return;
            };
            if !first.called.is_closed() {
                break first;
            }
        };
        drop(state);
        self.call(waiting, connection);
    }

    fn is_fresh(&self, connection: &Connection, now: Instant) -> bool {
        connection.n_messages() < self.messages_per_connection
            && now.saturating_duration_since(connection.idle_since()) <= IDLE_MAX
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The connection, if it is open.
    pub(super) fn connection(&self) -> Option<&Connection> {
        self.connection.as_ref()
    }

    /// Has this connection from now on.
    pub(super) fn take(&mut self, connection: Connection) {
        self.connection = Some(connection);
    }

    /// Sends a message over the connection. Where another waits, it says what comes before that one with the end of this
    /// one and hands the place over; else the place is given back.
    pub(super) async fn carry(mut self, letter: &Letter<'_>) -> (Result<Reply, (Phase, Trouble)>, Option<Self>) {
        let Some(mut connection) = self.connection.take() else {
            return (Err((Phase::Hello, Trouble::Lost("there is no connection".to_owned()))), Some(self));
        };
        let was_told = connection.is_told();
        let (done, next) = connection.carry(letter, |connection| self.pool.next(connection)).await;
        if was_told && matches!(done, Err((Phase::Mail, Trouble::Late(_)))) {
            self.pool.state().hears_ahead = false;
        }
        self.connection = Some(connection);
        if let Some(next) = next {
            next.follow(self);
            return (done, None);
        }
        self.connection.take_if(|connection| !connection.is_usable());
        (done, Some(self))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let connection = self.connection.take().filter(Connection::is_usable);
        self.pool.set_free(connection);
    }
}

impl Next {
    /// Takes the place and the connection that was told of it.
    fn follow(mut self, place: Place) {
        if let Some(waiting) = self.waiting.take() {
            // A connection that was told of a message that was given up is of no use to another.
            drop(waiting.called.send(place));
        }
    }
}

impl AsRef<Commands> for Next {
    fn as_ref(&self) -> &Commands {
        &self.commands
    }
}

impl Drop for Next {
    fn drop(&mut self) {
        if let Some(waiting) = self.waiting.take() {
            self.pool.call_or_line_up(waiting, VecDeque::push_front);
        }
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
