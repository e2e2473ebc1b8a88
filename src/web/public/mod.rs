//! The door for customers.
//!
//! Pages need no script, ask nothing of anybody else and are never cached; the links to them carry a token and nothing
//! that says who somebody is.

mod card;
mod doubts;
mod email_hooks;
mod hooks;
mod inbound;
mod reply;
mod survey;
mod unsubscribe;
mod visitor;
mod walk_in;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::daemon::core::Core;
use crate::render::NotFoundPage;
use email_hooks::POST_BYTES_MAX;
use visitor::Visitor;

/// Longest form, in bytes.
const FORM_BYTES_MAX: usize = 64 * 1024;

/// The routes.
pub(super) fn router(core: Arc<Core>) -> Router {
    Router::new()
        .route("/s/{token}", get(survey::show).post(survey::take))
        .route("/s/{token}/thanks", get(survey::thanks))
        .route("/q/{code}", get(card::show).post(card::take))
        .route("/q/{code}/thanks", get(card::thanks))
        // A QR code in upper case is smaller, so that is how it is printed.
        .route("/Q/{code}", get(card::show).post(card::take))
        .route("/Q/{code}/thanks", get(card::thanks))
        .route("/u/{token}", get(unsubscribe::show).post(unsubscribe::take))
        .route("/hooks/sms/{gateway}/status/{token}", get(hooks::status).post(hooks::status))
        .route("/hooks/email/{provider}", post(email_hooks::post).layer(DefaultBodyLimit::max(POST_BYTES_MAX)))
        .route("/hooks/sms/{gateway}/inbound", get(inbound::signed).post(inbound::signed))
        .route("/hooks/sms/{gateway}/inbound/{token}", get(inbound::by_token).post(inbound::by_token))
        .route("/robots.txt", get(|| async { super::ROBOTS }))
        .fallback(nothing_here)
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
        .with_state(core)
}

async fn nothing_here(State(core): State<Arc<Core>>, who: Visitor) -> Response {
    let live = core.live.load_full();
    let page = NotFoundPage { language: who.language(&live.config.settings.daemon.language) };
    reply::page(StatusCode::NOT_FOUND, &live, &page).into_response()
}
