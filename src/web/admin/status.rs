//! How things stand.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::wire;
use crate::daemon::core::Core;
use crate::daemon::pulse::LastError;
use crate::daemon::status::{GatewayDay, LOOKS_MAX, Rate, Standing, Status, kind_of, look, name_of, reason};
use crate::domain::route::Route;
use crate::plan::pace::RouteState;
use crate::store::{ChannelBacklog, Health};
use crate::web::problem::ApiProblem;

/// How things stand: `{"at": …, "alarms": […], "daemon": {…}, "store": {…}, "queue": […], "windows_open": …, "rates": […],
/// "routes": […], "gateways": […], "holds": […], "errors": […]}`. What cannot be read is `null`;
/// that is an alarm then, and no failure.
pub(super) async fn status(State(core): State<Arc<Core>>) -> Result<Json<Value>, ApiProblem> {
    let status = look(&core, LOOKS_MAX).await;
    let reason = match status.health {
        Health::Writable => None,
        Health::ReadOnly(reason) => Some(reason.to_string()),
    };
    let backlog = status.backlog.as_ref().ok();
    let described = |(route, state): &(Route, RouteState)| route_state(&status, route, state);
    Ok(Json(json!({
        "at": wire::time(status.now),
        "alarms": status.alarms(),
        "daemon": {
            "running": status.begun_at.is_some(),
            "since": status.begun_at.map(wire::time),
            "version": env!("CARGO_PKG_VERSION"),
            "reload_refused": status.reload_refused,
        },
        "store": { "writable": status.health == Health::Writable, "reason": reason, "bytes": status.store_bytes },
        "queue": backlog.map(|backlog| backlog.channels.iter().map(queue).collect::<Vec<_>>()),
        "windows_open": backlog.map(|backlog| backlog.n_windows),
        "rates": status.begun_at.map(|_| status.rates.iter().map(rate).collect::<Vec<_>>()),
        "routes": backlog.map(|backlog| backlog.routes.iter().map(described).collect::<Vec<_>>()),
        "gateways": status.gateway_days.iter().map(gateway_day).collect::<Vec<_>>(),
        "holds": backlog.map(|backlog| backlog.holds.iter().map(wire::hold).collect::<Vec<_>>()),
        "errors": status.errors.iter().map(error).collect::<Vec<_>>(),
    })))
}

fn queue(channel: &ChannelBacklog) -> Value {
    json!({
        "channel": channel.channel.as_str(),
        "due": channel.due.n,
        "due_at_least": channel.due.at_least,
        "waiting": channel.n_waiting(),
        "in_flight": channel.n_in_flight,
        "held": channel.held.n,
        "held_at_least": channel.held.at_least,
        "unknown": channel.unknown.n,
        "unknown_at_least": channel.unknown.at_least,
        "unknown_for_operator": channel.n_for_operator,
        "oldest_due_at": channel.oldest_due.map(wire::time),
    })
}

/// Messages per minute.
fn rate(rate: &Rate) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "nobody sends so many in a quarter of an hour")]
    let per_minute = |n: u64| n as f64 / f64::from(rate.minutes);
    json!({
        "channel": rate.channel.as_str(),
        "minutes": rate.minutes,
        "sent": per_minute(rate.outcomes.n_sent),
        "failed": per_minute(rate.outcomes.n_failed),
        "deferred": per_minute(rate.outcomes.n_deferred),
        "unknown": per_minute(rate.outcomes.n_unknown),
    })
}

fn route_state(status: &Status, route: &Route, state: &RouteState) -> Value {
    let until = state.rests(status.now).map(wire::time);
    json!({
        "kind": kind_of(route),
        "name": name_of(route),
        "channel": route.channel().as_str(),
        "state": Standing::of(state, status.now).as_str(),
        "until": until,
        "failures": state.n_failures,
        "per_second": state.slowed.map(|slowed| slowed.per_second),
        "of_per_second": state.slowed.map(|slowed| slowed.from),
        "slowed_since": state.slowed.map(|slowed| wire::time(slowed.since)),
        "what": reason(&status.errors, route),
    })
}

/// What a gateway that has a limit cost today.
fn gateway_day(day: &GatewayDay) -> Value {
    json!({
        "name": day.gateway,
        "segments": day.spent.n_segments,
        "segments_limit": day.limit.segments,
        "spent": day.limit.money.map(|limit| day.money(limit).to_string()),
        "spent_limit": day.limit.money.map(|limit| limit.to_string()),
        "stopped_until": day.stopped_until.map(wire::time),
    })
}

fn error(error: &LastError) -> Value {
    json!({
        "at": wire::time(error.at),
        "n": error.n,
        "channel": error.channel.as_str(),
        "kind": error.route.as_ref().map(kind_of),
        "name": error.route.as_ref().map(name_of),
        "outcome": error.outcome,
        "what": error.what,
    })
}
