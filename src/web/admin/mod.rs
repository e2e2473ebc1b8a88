//! The API: the only door to the store. The command line is a client of it.

mod bounces;
mod by_hand;
mod cards;
mod contacts;
mod delivery;
mod events;
mod flags;
mod gateways;
mod health;
mod holds;
mod invitations;
mod migrate;
mod pages;
mod plan;
mod reports;
mod retry;
mod status;
mod store;
mod suppressions;
mod taps;
mod unknown;
mod unreadable;
mod why;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{Method, Uri};
use axum::routing::{get, post};

pub use pages::report_page;
pub use reports::ReportQuery;

use super::problem::ApiProblem;
use crate::daemon::core::Core;

/// Longest body, in bytes: a few thousand contacts or events at once.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// The routes.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/api/v1/events", post(events::take))
        .route("/api/v1/events/{id}", get(events::one))
        .route("/api/v1/contacts", get(contacts::page).post(contacts::put))
        .route("/api/v1/contacts/{id}", get(contacts::one))
        .route("/api/v1/invitations", get(invitations::page))
        .route("/api/v1/invitations/retry", post(retry::retry))
        .route("/api/v1/invitations/migrate", post(migrate::migrate))
        .route("/api/v1/invitations/{id}", get(invitations::one))
        .route("/api/v1/holds", get(holds::list).post(holds::hold))
        .route("/api/v1/holds/outlook", get(holds::outlook))
        .route("/api/v1/holds/release", post(holds::release))
        .route("/api/v1/unknown", get(unknown::page))
        .route("/api/v1/unknown/retry", post(unknown::retry))
        .route("/api/v1/unknown/settle", post(unknown::settle))
        .route("/api/v1/unknown/reconcile", post(unknown::reconcile))
        .route("/api/v1/bounces", post(bounces::take))
        .route("/api/v1/bounces/unreadable", get(unreadable::list))
        .route("/api/v1/bounces/unreadable/retry", post(unreadable::retry))
        .route("/api/v1/bounces/unreadable/remove", post(unreadable::remove))
        .route("/api/v1/bounces/unreadable/{id}", get(unreadable::one))
        .route("/api/v1/suppressions", get(suppressions::page).post(suppressions::add))
        .route("/api/v1/suppressions/remove", post(suppressions::remove))
        .route("/api/v1/gateways", get(gateways::list))
        .route("/api/v1/plan", get(plan::plan))
        .route("/api/v1/responses", get(invitations::responses))
        .route("/api/v1/responses/{id}", get(invitations::response))
        .route("/api/v1/taps", get(taps::page))
        .route("/api/v1/taps/release", post(taps::release))
        .route("/api/v1/flags", get(flags::list).post(flags::mark))
        .route("/api/v1/cards", get(cards::page))
        .route("/api/v1/cards/print", post(cards::print))
        .route("/api/v1/cards/{code}/revoke", post(cards::revoke))
        .route("/api/v1/reports/rates", get(reports::rates))
        .route("/api/v1/reports/delivery", get(delivery::delivery))
        .route("/api/v1/status", get(status::status))
        .route("/api/v1/why/{id}", get(why::why))
        .route("/api/v1/store", get(store::sizes))
        .route("/api/v1/backup", get(store::backup))
        .route("/api/v1/compact", post(store::compact))
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/", get(pages::overview))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(core)
}

async fn nothing_here(method: Method, uri: Uri) -> ApiProblem {
    ApiProblem::not_found(format!("there is no {method} {}", uri.path().escape_debug()))
}
