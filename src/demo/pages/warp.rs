//! Moves the clock on.

use std::sync::Arc;

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, TimeDelta};
use serde::Deserialize;

use crate::chain::Chain;
use crate::demo::setting::Stage;
use crate::web::{ApiProblem, staff_redirect};

/// The buttons: what they post, what they say, and how far they go.
pub(super) const STEPS: [(&str, &str, TimeDelta); 3] = [
    ("1h", "+1 hour", TimeDelta::hours(1)),
    ("1d", "+1 day", TimeDelta::days(1)),
    ("1w", "+1 week", TimeDelta::weeks(1)),
];
/// The furthest move at once.
const MOVE_MAX: TimeDelta = TimeDelta::days(31);

/// How far, and where to go then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WarpForm {
    by: Option<String>,
    /// RFC 3339.
    until: Option<String>,
    #[serde(default)]
    back: String,
}

/// Plays on.
pub(super) async fn warp(State(stage): State<Arc<Stage>>, Form(form): Form<WarpForm>) -> Response {
    let now = stage.core.clock.now();
    let step = form.by.as_deref().and_then(|by| STEPS.iter().find(|(known, ..)| *known == by));
    let until = form.until.as_deref().and_then(|until| DateTime::parse_from_rfc3339(until).ok());
    let target = step.map(|(_, _, length)| now + *length).or(until.map(|until| until.to_utc()));
    let Some(target) = target.filter(|target| *target <= now + MOVE_MAX) else {
        return ApiProblem::invalid("`by` is 1h, 1d or 1w; `until` is a time within a month").into_response();
    };
    if let Err(err) = stage.warp_to(target.max(now)).await {
        tracing::error!("the clock was moved, but not everything happened: {}", Chain(&err));
    }
    staff_redirect(if is_ours(&form.back) { &form.back } else { "/" })
}

/// Whether a path leads to a page of the demo and nowhere else.
fn is_ours(back: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/?=&_-.,%+:".contains(c);
    back.starts_with('/') && !back.starts_with("//") && back.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::is_ours;

    #[test]
    fn the_way_back_never_leads_elsewhere() {
        assert!(is_ours("/") && is_ours("/inbox?page=2") && is_ours("/report?by=channel%2Cbranch"));
        for bad in ["", "//evil.example", "/\\evil.example", "https://evil.example", "/x\r\nSet-Cookie: a"] {
            assert!(!is_ours(bad), "{bad}");
        }
    }
}
