//! What time brings about: leases whose holders never came back, and windows that close.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::core::Core;
use super::dispatcher;
use crate::domain::invitation::{Lane, RetryPlan};
use crate::domain::journey::Channel;
use crate::store::{Expiry, StoreError};

/// Invitations whose windows end that are looked at in one unit of work.
const WINDOWS_MAX: usize = 500;

/// The task that keeps house.
#[derive(Debug)]
pub struct Housekeeper {
    core: Arc<Core>,
}

impl Housekeeper {
    /// Keeps house for this core.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Ends every lease of an earlier run. To be called once, before anything is leased: nobody else can hold the store,
    /// so whoever held these leases is gone, and what they did is unknown.
    pub async fn recover(&self) -> Result<usize, StoreError> {
        let now = self.core.clock.now();
        let n = self.core.store.expire_leases(self.expiry(now, DateTime::<Utc>::MAX_UTC)).await?;
        self.core.metrics.unknown_at_start(n);
        if n > 0 {
            tracing::warn!(n, "{n} messages were on their way when the daemon stopped; their outcome is unknown");
        }
        Ok(n)
    }

    /// Ends leases and closes windows that are over. Gives how many of both.
    pub async fn step(&self) -> Result<usize, StoreError> {
        let now = self.core.clock.now();
        let n_expired = self.core.store.expire_leases(self.expiry(now, now)).await?;
        let mut n_closed = 0;
        while self.core.store.next_due(Lane::Close).await?.is_some_and(|at| at <= now) {
            n_closed += self.core.store.close_windows(now, WINDOWS_MAX).await?;
        }
        Ok(n_expired + n_closed)
    }

    fn expiry(&self, now: DateTime<Utc>, before: DateTime<Utc>) -> Expiry {
        let live = self.core.live.load_full();
        let plans = Channel::ALL.map(|channel| {
            let retry_at = now + dispatcher::rule(channel).first;
            let give_up_after = dispatcher::give_up_after(&live, channel).unwrap_or(TimeDelta::zero());
            RetryPlan { retry_at, give_up_after, after_unknown: live.after_unknown(channel) }
        });
        let [email, sms] = plans;
        Expiry { now, before, email, sms }
    }
}
