//! Clocks: looks which stages' clocks have fired, and works the fires through.
//!
//! A fire that was missed while the daemon was down is caught up on once, the latest standing for all, unless it is older
//! than the stage allows. A stage that is new begins to count now: nothing that lies before its first sight is fired.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::core::Core;
use super::planner;
use crate::domain::journey::{CronTrigger, Trigger};
use crate::domain::schedule::Fire;
use crate::plan::StageRules;
use crate::store::StoreError;

/// Fires looked at for one stage in one step; beyond, the older ones are past catching up anyway.
const FIRES_MAX: usize = 100_000;

/// The task that watches the clocks.
#[derive(Debug)]
pub struct Ticker {
    core: Arc<Core>,
}

impl Ticker {
    /// Watches the clocks of this core's configuration.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core }
    }

    /// Works through whatever has fired. Gives how many invitations were planned.
    pub async fn step(&self) -> Result<u64, StoreError> {
        let live = self.core.live.load_full();
        let mut n_planned = 0;
        for stage in &live.rules.stages {
            if let Trigger::Cron(clock) = &stage.push.trigger {
                n_planned += self.tick(stage, clock).await?;
            }
        }
        Ok(n_planned)
    }

    /// When the next clock fires.
    pub async fn next_fire(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        let live = self.core.live.load_full();
        let now = self.core.clock.now();
        let mut next = None;
        for stage in &live.rules.stages {
            let Trigger::Cron(clock) = &stage.push.trigger else { continue };
            let last = self.core.store.last_fire(&stage.journey, &stage.stage).await?.unwrap_or(now);
            let fire = clock.schedule.after(clock.time_zone, last).map(|fire| fire.at);
            next = [next, fire].into_iter().flatten().min();
        }
        Ok(next)
    }

    async fn tick(&self, stage: &StageRules, clock: &CronTrigger) -> Result<u64, StoreError> {
        let now = self.core.clock.now();
        let store = &self.core.store;
        let Some(last) = store.last_fire(&stage.journey, &stage.stage).await? else {
            store.finish_fire(stage.journey.clone(), stage.stage.clone(), now).await?;
            return Ok(0);
        };
        let Some(fire) = latest_fire(clock, last, now) else { return Ok(0) };
        let is_current = clock.schedule.after(clock.time_zone, last).is_some_and(|next| next.at == fire.at);
        let n_planned = if is_current || now - fire.at <= clock.catch_up_within {
            planner::take_fire(&self.core, stage, clock, (&fire, last)).await?
        } else {
            tracing::warn!(journey = %stage.journey, stage = %stage.stage, fire = %fire.nominal,
                "the clock of {}/{} fired while nobody watched, too long ago to catch up", stage.journey, stage.stage);
            0
        };
        store.finish_fire(stage.journey.clone(), stage.stage.clone(), fire.at).await?;
        tracing::info!(journey = %stage.journey, stage = %stage.stage, fire = %fire.nominal, n_planned,
            "the clock of {}/{} fired and planned {n_planned} invitations", stage.journey, stage.stage);
        Ok(n_planned)
    }
}

/// The last fire after `last` and not after `now`.
fn latest_fire(clock: &CronTrigger, last: DateTime<Utc>, now: DateTime<Utc>) -> Option<Fire> {
    let mut latest: Option<Fire> = None;
    for _ in 0..FIRES_MAX {
        let from = latest.as_ref().map_or(last, |fire| fire.at);
        match clock.schedule.after(clock.time_zone, from) {
            Some(fire) if fire.at <= now => latest = Some(fire),
            Some(_) | None => break,
        }
    }
    latest
}
