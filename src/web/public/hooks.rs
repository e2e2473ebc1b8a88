//! Where gateways report: `/hooks/sms/{gateway}/status/{token}`.
//!
//! The link cannot be guessed, so a report under it comes from the gateway that the message went to. Reports are taken and
//! counted, so that no gateway queues them up and tries again; what they say changes nothing yet. The answer is 200 and
//! nothing else: Kannel takes 204 for a failure and comes again for an hour.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;

use crate::daemon::core::Core;
use crate::domain::seal::Purpose;

/// Takes a report.
pub(super) async fn status(
    State(core): State<Arc<Core>>,
    Path((gateway, token)): Path<(String, String)>,
) -> StatusCode {
    let live = core.live.load();
    let known = live.config.gateways().any(|name| name == gateway);
    match core.store.seal().open(Purpose::Receipt, &token) {
        Some(target) if known => {
            core.metrics.reported(&gateway);
            tracing::debug!(invitation.id = %target.invitation, "{gateway} reported on {}", target.invitation);
            StatusCode::OK
        }
        Some(_) | None => StatusCode::NOT_FOUND,
    }
}
