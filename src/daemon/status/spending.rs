//! What gateways that have a limit cost today.

use chrono::{DateTime, Utc};

use super::super::core::Core;
use crate::domain::civil::{local_time, next_day};
use crate::domain::price::Price;
use crate::plan::spend::{DayLimit, Spent};
use crate::store::StoreError;

/// What a gateway cost so far today, and may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayDay {
    /// Its name.
    pub gateway: String,
    /// What it may cost.
    pub limit: DayLimit,
    /// What it cost, with what is under way counted as the most that it can be.
    pub spent: Spent,
    /// When the day ends, if nothing more may leave before.
    pub stopped_until: Option<DateTime<Utc>>,
}

impl GatewayDay {
    /// As people read it: `12 of 12 segments, 0.95 of 50.00 EUR`.
    pub fn shown(&self) -> String {
        let segments = self.limit.segments.map(|limit| format!("{} of {limit} segments", self.spent.n_segments));
        let money = self.limit.money.map(|limit| format!("{} of {limit}", self.money(limit).amount()));
        segments.into_iter().chain(money).collect::<Vec<_>>().join(", ")
    }

    /// The money that was spent, in the currency of the limit.
    pub fn money(&self, limit: Price) -> Price {
        Price { millionths: self.spent.millionths, ..limit }
    }
}

/// Of every gateway that has a limit.
pub(super) async fn today(core: &Core, now: DateTime<Utc>) -> Result<Vec<GatewayDay>, StoreError> {
    let live = core.live.load_full();
    let limited = live.config.gateways().filter_map(|gateway| Some((gateway.name().to_owned(), gateway.day_limit()?)));
    let (names, limits): (Vec<_>, Vec<_>) = limited.unzip();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let zone = live.rules.gate.default_zone;
    let spent = core.store.spent(local_time(zone, now).date(), names.clone()).await?;
    let days = names.into_iter().zip(limits).zip(spent).map(|((gateway, limit), spent)| {
        let stopped_until = if limit.grant(spent).is_none() { next_day(zone, now) } else { None };
        GatewayDay { gateway, limit, spent, stopped_until }
    });
    Ok(days.collect())
}

/// The gateways that have spent what they may cost today, each with the end of that day.
pub async fn stopped_gateways(core: &Core, now: DateTime<Utc>) -> Result<Vec<(String, DateTime<Utc>)>, StoreError> {
    let days = today(core, now).await?.into_iter();
    Ok(days.filter_map(|day| Some((day.gateway, day.stopped_until?))).collect())
}
