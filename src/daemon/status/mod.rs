//! How things stand: what somebody sees who is woken at night, what alarms go by, and what is logged when it changes.
//!
//! What a look costs is bounded, however much there is to do: see [`Store::backlog`](crate::store::Store::backlog).

mod alarms;
mod spending;
mod watch;

use chrono::{DateTime, TimeDelta, Utc};

pub use spending::{GatewayDay, stopped_gateways};
pub use watch::{Change, Watch};

use super::collector::MailboxTrouble;
use super::core::Core;
use super::pulse::{LastError, Outcomes, SPANS_MINUTES};
use crate::domain::journey::Channel;
use crate::domain::route::Route;
use crate::plan::pace::RouteState;
use crate::store::{Backlog, Health, StoreError};

/// Keys of a kind that are looked at for somebody who asks.
pub const LOOKS_MAX: usize = 100_000;
/// Keys of a kind that are looked at again and again: by each scrape, and by each round of the watch.
pub const LOOKS_OFTEN: usize = 10_000;

/// How things stand.
#[derive(Debug)]
pub struct Status {
    /// When.
    pub now: DateTime<Utc>,
    /// Since when the daemon serves; `None` where none runs.
    pub begun_at: Option<DateTime<Utc>>,
    /// Whether the store takes changes.
    pub health: Health,
    /// What there is to do, unless the store cannot be read.
    pub backlog: Result<Backlog, StoreError>,
    /// Bytes of the store on disk, unless it is closed.
    pub store_bytes: Option<u64>,
    /// What gateways that have a limit cost today; nothing where the store cannot be read.
    pub gateway_days: Vec<GatewayDay>,
    /// What is wrong with the bounce mailbox.
    pub mailbox: Option<MailboxTrouble>,
    /// Whether the configuration that was read last was refused.
    pub reload_refused: bool,
    /// What left, and did not, within each span.
    pub rates: Vec<Rate>,
    /// What went wrong lately, the latest first.
    pub errors: Vec<LastError>,
}

/// What came of messages of a channel within the last minutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The channel.
    pub channel: Channel,
    /// How many minutes.
    pub minutes: u16,
    /// What came of them.
    pub outcomes: Outcomes,
}

/// What a route that is out of order does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing leaves by it.
    Rests,
    /// It failed, and is tried with one message at a time.
    OnTrial,
    /// It goes slower than it would.
    Slowed,
}

impl Standing {
    /// How a route that is out of order stands.
    pub fn of(state: &RouteState, now: DateTime<Utc>) -> Self {
        match (state.rests(now), state.is_on_trial()) {
            (Some(_), _) => Self::Rests,
            (None, true) => Self::OnTrial,
            (None, false) => Self::Slowed,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rests => "rests",
            Self::OnTrial => "on_trial",
            Self::Slowed => "slowed",
        }
    }
}

/// Looks how things stand.
pub async fn look(core: &Core, n_max: usize) -> Status {
    let now = core.clock.now();
    let health = *core.store.health().borrow();
    let backlog = core.store.backlog(now, n_max).await.map(|mut backlog| {
        backlog.routes.sort_by(|one, other| place(one, now).cmp(&place(other, now)));
        backlog
    });
    let rate = |channel| {
        let within = move |minutes| (minutes, core.pulse.within(channel, minutes, now));
        SPANS_MINUTES.map(within).map(|(minutes, outcomes)| Rate { channel, minutes, outcomes })
    };
    Status {
        now,
        begun_at: core.pulse.begun_at(),
        health,
        backlog,
        store_bytes: core.store.sizes().await.ok().map(|sizes| sizes.disk_bytes),
        gateway_days: spending::today(core, now).await.unwrap_or_default(),
        mailbox: core.collecting.trouble(),
        reload_refused: core.reload_refused.load(std::sync::atomic::Ordering::Relaxed),
        rates: Channel::ALL.into_iter().flat_map(rate).collect(),
        errors: core.pulse.errors(),
    }
}

/// The place of a route among those that are out of order: the worse and the wider first.
fn place((route, state): &(Route, RouteState), now: DateTime<Utc>) -> (Standing, u8, &str) {
    let width = match route {
        Route::Account => 0,
        Route::Gateway(_) => 1,
        Route::Domain(_) => 2,
    };
    (Standing::of(state, now), width, name_of(route))
}

/// Brings the metrics up to how things stand. What cannot be read stays as it was.
pub async fn refresh(core: &Core) -> Status {
    let status = look(core, LOOKS_OFTEN).await;
    core.metrics.store(status.health);
    if let Ok(backlog) = &status.backlog {
        core.metrics.backlog(backlog, status.now);
    }
    core.metrics.gateway_days(&status.gateway_days);
    if let Some(bytes) = status.store_bytes {
        core.metrics.store_bytes(bytes);
    }
    status
}

/// What the other side last said of a route that is out of order.
pub fn reason<'s>(errors: &'s [LastError], route: &Route) -> Option<&'s str> {
    errors.iter().find(|error| error.route.as_ref() == Some(route)).map(|error| error.what.as_str())
}

/// What kind of route it is.
pub fn kind_of(route: &Route) -> &'static str {
    match route {
        Route::Account => "account",
        Route::Gateway(_) => "gateway",
        Route::Domain(_) => "domain",
    }
}

/// The name of a route among those of its kind, for those who may read addresses. It never goes into a log or a metric:
/// a domain may be a person's own.
pub fn name_of(route: &Route) -> &str {
    match route {
        Route::Account => "",
        Route::Gateway(name) | Route::Domain(name) => name,
    }
}

/// How long something has lasted or will last, to what matters of it.
pub fn span(duration: TimeDelta) -> String {
    let grain = match duration {
        short if short < TimeDelta::hours(1) => TimeDelta::seconds(1),
        short if short < TimeDelta::days(1) => TimeDelta::minutes(1),
        _ => TimeDelta::hours(1),
    };
    let rest = duration.num_seconds() % grain.num_seconds();
    crate::domain::duration::format_duration(duration - TimeDelta::seconds(rest))
}

#[cfg(test)]
mod tests;
