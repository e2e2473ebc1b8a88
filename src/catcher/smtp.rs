//! A small, strict SMTP server (RFC 5321) that delivers nothing.
//!
//! Strict so that it finds what lenient servers forgive: bare line feeds, lines over 1000 bytes, commands out of order,
//! parameters that were not offered, commands sent ahead where that is not allowed. Scripted so that it misbehaves
//! exactly when told: see [`Script`]. It does not offer STARTTLS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::mailbox::Inbox;

mod session;
pub mod wire;

/// Largest message, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 10 * 1024 * 1024;
/// Most connections at once; further ones are told 421.
pub const CONNECTIONS_MAX: usize = 256;

/// A moment of a conversation at which the script is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment<'a> {
    /// A client connected; connections are counted from 1.
    Greeting {
        /// The number of the connection.
        connection: u64,
    },
    /// After MAIL.
    Mail {
        /// The envelope sender.
        from: &'a str,
    },
    /// After RCPT.
    Rcpt {
        /// The envelope recipient.
        to: &'a str,
    },
    /// After DATA, before 354.
    Data,
    /// After 354; nothing of the message is read yet.
    Body,
    /// After the final dot. `Accept` keeps the message and says 250.
    Dot {
        /// The message, dots unstuffed.
        message: &'a [u8],
    },
}

/// What the server does at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// What a friendly server does.
    Accept,
    /// Says this instead. After 421 it hangs up. At the dot, a message is kept when the code is 2xx.
    Reply(u16, String),
    /// Accepts and hangs up after its answer.
    AcceptThenClose,
    /// Accepts, keeps the message, and hangs up without an answer.
    TakeThenClose,
    /// Hangs up without an answer; keeps nothing.
    Close,
    /// Says nothing more until it is stopped.
    Hang,
}

/// How a server behaves.
pub trait Script: Send + Sync {
    /// What to do at this moment.
    fn act(&self, moment: Moment<'_>) -> Act;

    /// User name and password that AUTH PLAIN must present before MAIL; nobody need log in when `None`.
    fn login(&self) -> Option<(&str, &str)> {
        None
    }

    /// Whether addresses beyond ASCII are taken.
    fn takes_smtputf8(&self) -> bool {
        false
    }

    /// Whether commands may be sent in one go.
    fn takes_pipelining(&self) -> bool {
        true
    }
}

/// A server that takes everything.
#[derive(Clone, Copy, Debug, Default)]
pub struct Friendly;

impl Script for Friendly {
    fn act(&self, _: Moment<'_>) -> Act {
        Act::Accept
    }
}

/// A running server.
#[derive(Clone, Debug)]
pub struct Catcher {
    address: SocketAddr,
    counters: Arc<Counters>,
}

#[derive(Debug, Default)]
struct Counters {
    connections: AtomicU64,
    open: AtomicUsize,
    open_most: AtomicUsize,
}

impl Catcher {
    /// Serves on `listener` until `stop`, with all tasks on `tasks`; mail goes to `inbox`.
    pub fn start(
        listener: TcpListener,
        script: Arc<dyn Script>,
        inbox: Arc<Inbox>,
        tasks: &TaskTracker,
        stop: &CancellationToken,
    ) -> std::io::Result<Self> {
        let catcher = Self { address: listener.local_addr()?, counters: Arc::default() };
        let server = Server { script, inbox, stop: stop.clone(), counters: Arc::clone(&catcher.counters) };
        tasks.spawn(server.accept(listener, tasks.clone()));
        Ok(catcher)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Connections since the start.
    pub fn n_connections(&self) -> u64 {
        self.counters.connections.load(Ordering::SeqCst)
    }

    /// Most connections that were open at once.
    pub fn n_open_most(&self) -> usize {
        self.counters.open_most.load(Ordering::SeqCst)
    }
}

/// What all conversations share.
#[derive(Clone)]
struct Server {
    script: Arc<dyn Script>,
    inbox: Arc<Inbox>,
    stop: CancellationToken,
    counters: Arc<Counters>,
}

impl Server {
    async fn accept(self, listener: TcpListener, tasks: TaskTracker) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.stop.cancelled() => return,
            };
            let Ok((tcp, _)) = accepted else {
                // Out of file descriptors, most likely; trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            };
            let server = self.clone();
            let n = self.counters.connections.fetch_add(1, Ordering::SeqCst) + 1;
            let n_open = self.counters.open.fetch_add(1, Ordering::SeqCst) + 1;
            self.counters.open_most.fetch_max(n_open, Ordering::SeqCst);
            tasks.spawn(async move {
                let stop = server.stop.clone();
                let counters = Arc::clone(&server.counters);
                tokio::select! {
                    // However a conversation ends, the next one does not depend on it.
                    _ = session::converse(server, tcp, n, n_open) => (),
                    () = stop.cancelled() => (),
                }
                counters.open.fetch_sub(1, Ordering::SeqCst);
            });
        }
    }
}
