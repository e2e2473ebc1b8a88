//! Whether the daemon lives, can work, and how much it did.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use crate::daemon::core::Core;
use crate::daemon::status;
use crate::store::{Health, StoreError};
use crate::web::problem::ApiProblem;

/// The process runs and answers.
pub(super) async fn alive() -> &'static str {
    "alive\n"
}

/// The store answers and takes changes, so the daemon can do its work.
pub(super) async fn ready(State(core): State<Arc<Core>>) -> Result<&'static str, ApiProblem> {
    if let Health::ReadOnly(reason) = *core.store.health().borrow() {
        return Err(StoreError::ReadOnly { reason }.into());
    }
    core.store.queue().await?;
    Ok("ready\n")
}

/// What Prometheus reads, also from a store that cannot be read.
pub(super) async fn metrics(State(core): State<Arc<Core>>) -> Result<Response, ApiProblem> {
    status::refresh(&core).await;
    if let Ok(lengths) = core.store.queue().await {
        core.metrics.queue(lengths);
    }
    let text = core.metrics.text().map_err(|err| {
        ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics cannot be written", err.to_string())
    })?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
