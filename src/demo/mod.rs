//! `canvass demo`: the whole product on one machine, with nothing else installed.
//!
//! The shipped configuration, a store in a folder that goes away again, made-up guests, and four weeks of their visits
//! played through the real planner and dispatcher on a clock of its own. Mail leaves by SMTP and text messages by HTTP,
//! as they do in production; only, the servers at the other end are [ours](crate::catcher) and keep what they get. Guests
//! answer through the same pages as everybody.
//!
//! **Invariant:** nothing leaves this machine: the catchers, the pages and every link are on loopback.
//! **Invariant:** the same seed, the same start and the same number of guests play the same weeks.

mod browser;
mod chance;
mod events;
mod house;
mod links;
mod manners;
mod pages;
mod people;
mod play;
mod setting;

#[cfg(test)]
mod tests;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::chain::Chain;
use crate::clock::{Clock, SystemClock, WarpClock};
use crate::daemon::core::LiveError;
use crate::daemon::lifecycle::Lifecycle;
use crate::entropy::Entropy;
use crate::store::{self, StoreError};
use setting::{Setting, Stage};

/// Days that are played before anybody looks.
pub const DAYS: u32 = 28;
/// Guests.
const PEOPLE: u32 = 200;
/// What the chance of the demo begins with: everybody sees the same guests.
const SEED: u64 = 4711;
/// How often the demo looks whether something is due.
const ROUND: Duration = Duration::from_millis(500);
/// How long a stop waits for pages that are being read.
const GRACE: Duration = Duration::from_secs(3);
/// Memory for the store's pages, in bytes.
const CACHE_BYTES: u64 = 64 * 1024 * 1024;

/// Why there is no demo.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The demo is for the person at this machine: it has no password.
    #[error("the demo listens on this machine only, and {listen} is not; use 127.0.0.1 or [::1]")]
    NotLoopback {
        /// The address given.
        listen: SocketAddr,
    },
    /// Sockets, files or the temporary folder.
    #[error("the machine does not let the demo run")]
    Machine(#[from] std::io::Error),
    /// The configuration that is compiled in cannot be used.
    #[error("the shipped configuration cannot be used: {0}")]
    Shipped(String),
    /// The configuration cannot be put in force.
    #[error("the shipped configuration cannot be put in force")]
    Live(#[from] LiveError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// A page did not do what a guest expects.
    #[error("a page under `{path}` failed a guest: {why}")]
    Page {
        /// The first part of its path; the rest may be a token.
        path: String,
        /// What happened.
        why: String,
    },
    /// A task ended before its time.
    #[error("a task of the demo ended before its time")]
    Task(#[from] tokio::task::JoinError),
}

impl DemoError {
    fn page(path: &str, why: impl Into<String>) -> Self {
        let first = path.split('/').nth(1).unwrap_or_default();
        Self::Page { path: format!("/{first}/"), why: why.into() }
    }
}

/// A demo that is being served.
#[derive(Debug)]
pub struct Running {
    stage: Arc<Stage>,
    lifecycle: Lifecycle,
    folder: TempDir,
}

/// Whether the demo may listen there.
pub fn check_listen(listen: SocketAddr) -> Result<(), DemoError> {
    if listen.ip().is_loopback() { Ok(()) } else { Err(DemoError::NotLoopback { listen }) }
}

/// Plays the weeks before now, and serves on `listener` from then on. `progress` is told the days that were played.
pub async fn open(listener: TcpListener, progress: &(dyn Fn(u32) + Send + Sync)) -> Result<Running, DemoError> {
    let listen = listener.local_addr()?;
    check_listen(listen)?;
    let folder = tempfile::Builder::new().prefix("canvass-demo-").tempdir()?;
    let now = SystemClock.now();
    let begin = now - TimeDelta::days(DAYS.into());
    let lifecycle = Lifecycle::default();
    let entropy = Arc::new(Entropy::seeded(SEED));
    let options = store::sled::SledOptions { path: folder.path().join("store"), cache_bytes: CACHE_BYTES };
    let store = store::sled::open(options, entropy.bytes()).await?;
    let setting = Setting {
        seed: SEED,
        n_people: PEOPLE,
        url: format!("http://{listen}"),
        state_dir: folder.path().to_owned(),
        entropy,
        store,
        clock: Arc::new(WarpClock::standing_at(begin)),
    };
    let stage = Arc::new(Stage::open(setting, &lifecycle).await?);
    stage.play_until(now, &|at| progress(days_between(begin, at))).await?;
    serve(&stage, &lifecycle, listener);
    Ok(Running { stage, lifecycle, folder })
}

impl Running {
    /// Where the first page is.
    pub fn url(&self) -> String {
        format!("{}/", self.stage.url())
    }

    /// Stops, and removes everything.
    pub async fn stop(self) -> Result<(), DemoError> {
        let Self { stage, lifecycle, folder } = self;
        lifecycle.soft.cancel();
        stage.leave().await;
        lifecycle.stop(GRACE, std::future::pending()).await;
        stage.close().await?;
        // Whatever still holds files in the folder goes before the folder does.
        drop(stage);
        Ok(folder.close()?)
    }
}

fn serve(stage: &Arc<Stage>, lifecycle: &Lifecycle, listener: TcpListener) {
    let (pages, stop) = (pages::router(Arc::clone(stage)), lifecycle.soft.clone());
    lifecycle.spawn(async move {
        if let Err(err) = axum::serve(listener, pages).with_graceful_shutdown(stop.cancelled_owned()).await {
            tracing::error!("the listener stopped: {}", Chain(&err));
        }
    });
    let (stage, stop) = (Arc::clone(stage), lifecycle.soft.clone());
    lifecycle.spawn(async move {
        while !stop.is_cancelled() {
            if let Err(err) = stage.catch_up().await {
                tracing::error!("a round failed: {}", Chain(&err));
            }
            tokio::select! { () = tokio::time::sleep(ROUND) => (), () = stop.cancelled() => () }
        }
    });
}

fn days_between(begin: DateTime<Utc>, at: DateTime<Utc>) -> u32 {
    u32::try_from((at - begin).num_days()).unwrap_or(0)
}
