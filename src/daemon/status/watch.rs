//! Watches the routes, and logs when one begins to rest or is well again: an alarm goes by that, and nobody has to ask.
//!
//! It looks now and then. Trouble that begins and ends between two looks leaves its trace in the messages' own log lines
//! only, which is enough: nobody is woken for what was over in seconds.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;

use super::super::core::Core;
use super::{GatewayDay, Standing, kind_of, reason, refresh};
use crate::daemon::pulse::LastError;
use crate::domain::route::{Room, Route};
use crate::plan::pace::RouteState;
use crate::store::{Backlog, StoreError};

/// The watch over the routes, and over the metrics that nobody scrapes.
#[derive(Debug)]
pub struct Watch {
    core: Arc<Core>,
    known: Mutex<BTreeMap<Room, Known>>,
    /// The gateways that were said to be stopped, each with the end of that day.
    stopped: Mutex<BTreeMap<String, DateTime<Utc>>>,
}

/// What was said of a route last.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Known {
    label: String,
    kind: &'static str,
    is_failing: bool,
    is_slowed: bool,
}

/// What has changed of a route.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// It is out of order, in another way than before.
    Worse(Route, RouteState),
    /// It is well again.
    Recovered {
        /// Which, in words that may be logged.
        label: String,
        /// What kind of route it is.
        kind: &'static str,
        /// What tells it from others of its kind.
        room: Room,
    },
}

impl Watch {
    /// Watches over this core.
    pub fn new(core: Arc<Core>) -> Self {
        Self { core, known: Mutex::default(), stopped: Mutex::default() }
    }

    /// Looks, and says what has changed.
    pub async fn step(&self) -> Result<Vec<Change>, StoreError> {
        let status = refresh(&self.core).await;
        let news =
            newly_stopped(&mut self.stopped.lock().unwrap_or_else(PoisonError::into_inner), &status.gateway_days);
        for (gateway, until, spent) in news {
            let until = until.to_rfc3339();
            tracing::warn!(
                gateway,
                until,
                "gateway {gateway} has spent what it may cost today ({spent}): its messages wait"
            );
        }
        let backlog = status.backlog?;
        let changes = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            changes(&mut known, &backlog)
        };
        for change in &changes {
            log(change, &status.errors, status.now);
        }
        Ok(changes)
    }
}

/// What has changed since `known`, which is brought up to date.
fn changes(known: &mut BTreeMap<Room, Known>, backlog: &Backlog) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut seen = BTreeMap::new();
    for (route, state) in &backlog.routes {
        let is_failing = state.is_on_trial();
        let now = Known { label: route.label(), kind: kind_of(route), is_failing, is_slowed: state.slowed.is_some() };
        let before = known.get(&route.room());
        let is_news =
            before.is_none_or(|before| (now.is_failing && !before.is_failing) || (now.is_slowed && !before.is_slowed));
        if is_news {
            changes.push(Change::Worse(route.clone(), *state));
        }
        seen.insert(route.room(), now);
    }
    // Where not all were looked at, one that was not seen may be as it was.
    let gone = known.iter().filter(|(room, _)| !backlog.more_routes && !seen.contains_key(room));
    changes.extend(gone.map(|(room, known)| Change::Recovered {
        label: known.label.clone(),
        kind: known.kind,
        room: *room,
    }));
    if backlog.more_routes {
        known.extend(seen);
    } else {
        *known = seen;
    }
    changes
}

/// The gateways that are stopped since the last look, each told of once a day.
fn newly_stopped(
    told: &mut BTreeMap<String, DateTime<Utc>>,
    days: &[GatewayDay],
) -> Vec<(String, DateTime<Utc>, String)> {
    let stopped = days.iter().filter_map(|day| Some((day, day.stopped_until?)));
    let news = stopped.filter(|(day, until)| told.insert(day.gateway.clone(), *until) != Some(*until));
    news.map(|(day, until)| (day.gateway.clone(), until, day.shown())).collect()
}

fn log(change: &Change, errors: &[LastError], now: DateTime<Utc>) {
    match change {
        Change::Worse(route, state) => {
            let (label, kind) = (route.label(), kind_of(route));
            let room = HEXLOWER.encode(route.room().as_bytes());
            let what = reason(errors, route).unwrap_or("no code");
            let standing = Standing::of(state, now).as_str();
            let until = state.rests(now).map(|until| until.to_rfc3339());
            let per_second = state.slowed.map(|slowed| slowed.per_second);
            tracing::warn!(
                route.kind = kind,
                route.room = room,
                standing,
                until,
                n_failures = state.n_failures,
                per_second,
                what,
                "{label} is out of order ({standing}): {what}"
            );
        }
        Change::Recovered { label, kind, room } => {
            let room = HEXLOWER.encode(room.as_bytes());
            tracing::info!(route.kind = kind, route.room = room, "{label} is well again");
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::plan::pace::Slowed;
    use crate::store::ChannelBacklog;

    fn backlog(routes: &[(Route, RouteState)], more_routes: bool) -> Backlog {
        let idle = |channel| ChannelBacklog::idle(channel, 0);
        let channels = crate::domain::journey::Channel::ALL.map(idle);
        Backlog { channels, n_windows: 0, holds: Vec::new(), routes: routes.to_vec(), more_routes }
    }

    fn noon() -> DateTime<Utc> {
        DateTime::from_timestamp(1_780_000_000, 0).unwrap()
    }

    #[test]
    fn a_route_is_told_of_when_it_falls_ill_gets_worse_and_is_well_again_and_not_in_between() {
        let mut known = BTreeMap::new();
        let relay = Route::Account;
        let failing = |n_failures| RouteState {
            rests_until: Some(noon() + TimeDelta::seconds(1)),
            n_failures,
            ..RouteState::default()
        };
        let slowed = Slowed { per_second: 1.0, from: 2.0, since: noon() };
        let both = RouteState { slowed: Some(slowed), ..failing(3) };
        let mut see = |state: Option<RouteState>, more_routes| {
            let routes: Vec<_> = state.into_iter().map(|state| (relay.clone(), state)).collect();
            changes(&mut known, &backlog(&routes, more_routes))
        };
        assert_eq!(see(Some(failing(1)), false), [Change::Worse(Route::Account, failing(1))]);
        assert_eq!(see(Some(failing(2)), false), []);
        assert_eq!(see(Some(both), false), [Change::Worse(Route::Account, both)]);
        let slow = RouteState { n_failures: 0, rests_until: None, ..both };
        assert_eq!(see(Some(slow), false), []);
        let label = "the mail relay".to_owned();
        let recovered = Change::Recovered { label, kind: "account", room: Route::Account.room() };
        assert_eq!(see(None, false), [recovered]);
        assert_eq!(see(None, false), []);
    }

    #[test]
    fn what_was_not_looked_at_is_not_called_well() {
        let mut known = BTreeMap::new();
        let state = RouteState { n_failures: 1, ..RouteState::default() };
        let domain = Route::Domain("ada.example".to_owned());
        assert_eq!(changes(&mut known, &backlog(&[(domain, state)], false)).len(), 1);
        assert_eq!(changes(&mut known, &backlog(&[], true)), []);
    }
}
