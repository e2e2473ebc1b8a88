//! How the daemon starts, stops and speaks to systemd.
//!
//! The first signal to stop drains: no new leases, listeners closed, messages on their way finish. The second, or the end
//! of the grace, cuts: whatever is still under way becomes unknown at the next start. Every task is spawned through the
//! tracker, so that a stop can wait for it.

use std::time::Duration;

use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The tasks of this process and the two ways to end them.
#[derive(Clone, Debug, Default)]
pub struct Lifecycle {
    /// Every task.
    pub tasks: TaskTracker,
    /// Says: take nothing new.
    pub soft: CancellationToken,
    /// Says: drop everything.
    pub hard: CancellationToken,
}

impl Lifecycle {
    /// Spawns a task that ends by itself after [`soft`](Self::soft), and is dropped at [`hard`](Self::hard).
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let hard = self.hard.clone();
        self.tasks.spawn(async move {
            tokio::select! { () = task => (), () = hard.cancelled() => () }
        });
    }

    /// Drains for at most `grace`, then cuts. Gives whether everything ended by itself.
    pub async fn stop(&self, grace: Duration, second: impl Future<Output = ()>) -> bool {
        self.soft.cancel();
        self.tasks.close();
        let drained = tokio::select! {
            () = self.tasks.wait() => true,
            () = tokio::time::sleep(grace) => false,
            () = second => false,
        };
        if !drained {
            self.hard.cancel();
        }
        drained
    }
}

/// What the daemon is asked to do while it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Read the configuration again.
    Reload,
    /// Stop.
    Stop,
}

/// The signals that the daemon listens to.
#[derive(Debug)]
pub struct Signals {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Listens from now on.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// The next request.
    pub async fn next(&mut self) -> Request {
        tokio::select! {
            _ = self.hangup.recv() => Request::Reload,
            _ = self.terminate.recv() => Request::Stop,
            _ = self.interrupt.recv() => Request::Stop,
        }
    }

    /// Waits for a signal to stop, whatever else arrives.
    pub async fn next_stop(&mut self) {
        while self.next().await != Request::Stop {}
    }
}

/// Tells systemd, where there is one. That it cannot be told is no reason to stop.
pub fn tell_systemd(states: &[NotifyState<'_>]) {
    if let Err(err) = sd_notify::notify(states) {
        tracing::warn!("cannot notify systemd: {err}");
    }
}
