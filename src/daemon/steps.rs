//! The daemon's tasks, called step by step by whoever holds the clock: a rehearsal, a simulation.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::task::TaskTracker;

use super::core::Core;
use super::dispatcher::Dispatcher;
use super::housekeeper::Housekeeper;
use super::ticker::Ticker;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;
use crate::store::StoreError;

/// The shortest step of a clock that is moved to what is due next.
pub(super) const GRAIN: TimeDelta = TimeDelta::seconds(1);
/// Rounds of sending at one instant, beyond which the daemon would be running in circles. Each sends as many messages as
/// there are connections.
pub(super) const ROUNDS_MAX: usize = 100_000;

/// The tasks of one daemon.
pub(super) struct Steps {
    core: Arc<Core>,
    dispatchers: [Dispatcher; 2],
    ticker: Ticker,
    housekeeper: Housekeeper,
}

/// When there is nothing to do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lull {
    /// When the next thing is due.
    pub(super) until: Option<DateTime<Utc>>,
    /// Rounds of sending that it took to get there.
    pub(super) n_rounds: usize,
}

impl Steps {
    /// Those of a daemon with this core.
    pub(super) fn of(core: &Arc<Core>) -> Self {
        let tasks = TaskTracker::new();
        let dispatchers = Channel::ALL.map(|channel| Dispatcher::new(Arc::clone(core), channel, tasks.clone()));
        let (ticker, housekeeper) = (Ticker::new(Arc::clone(core)), Housekeeper::new(Arc::clone(core)));
        Self { core: Arc::clone(core), dispatchers, ticker, housekeeper }
    }

    /// What a daemon does when it starts: ends the leases of the one before.
    #[cfg(test)]
    pub(super) async fn recover(&self) -> Result<usize, StoreError> {
        self.housekeeper.recover().await
    }

    /// Does everything that is due now, and what becomes due by that.
    pub(super) async fn until_nothing_is_due(&self) -> Result<Lull, StoreError> {
        self.ticker.step().await?;
        self.housekeeper.step().await?;
        let (mut until, mut n_rounds) = (self.ticker.next_fire().await?, 0);
        while n_rounds < ROUNDS_MAX {
            n_rounds += 1;
            let (mut n_done, mut soonest) = (0, None);
            for dispatcher in &self.dispatchers {
                let step = dispatcher.step().await?;
                dispatcher.settled().await;
                n_done += step.n_leased + step.n_withheld;
                soonest = earliest([soonest, step.next_at]);
            }
            if n_done == 0 {
                until = earliest([until, soonest]);
                break;
            }
        }
        for lane in [Lane::Close, Lane::Leased] {
            until = earliest([until, self.core.store.next_due(lane).await?]);
        }
        Ok(Lull { until, n_rounds })
    }
}

fn earliest<const N: usize>(times: [Option<DateTime<Utc>>; N]) -> Option<DateTime<Utc>> {
    times.into_iter().flatten().min()
}
