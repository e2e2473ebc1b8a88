//! A card: `/q/{code}`.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::survey::unavailable;
use super::visitor::Visitor;
use super::walk_in::{self, WalkIn};
use super::{nothing_here, reply};
use crate::daemon::core::Core;
use crate::daemon::occasions;
use crate::domain::card_code::CardCode;
use crate::domain::response::SurfaceId;
use crate::render::{GonePage, GoneWhy};
use crate::store::StoreError;

enum Found {
    Card(Box<WalkIn>),
    Revoked(Box<WalkIn>),
    Nothing,
}

/// Shows the form.
pub(super) async fn show(State(core): State<Arc<Core>>, Path(code): Path<String>, who: Visitor) -> Response {
    match found(&core, &code, &who).await {
        Ok(at) => walk_in::show(&core, &at, &who).await,
        Err(refusal) => refusal,
    }
}

/// Takes the form.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Path(code): Path<String>,
    who: Visitor,
    body: Bytes,
) -> Response {
    match found(&core, &code, &who).await {
        Ok(at) => walk_in::take(&core, &at, &who, &body).await,
        Err(refusal) => refusal,
    }
}

/// Says thank you.
pub(super) async fn thanks(State(core): State<Arc<Core>>, Path(code): Path<String>, who: Visitor) -> Response {
    match found(&core, &code, &who).await {
        Ok(at) => walk_in::thanks(&core, &at, &who).await,
        Err(refusal) => refusal,
    }
}

/// Where the card in use behind a code leads, or what the customer gets instead.
async fn found(core: &Arc<Core>, code: &str, who: &Visitor) -> Result<Box<WalkIn>, Response> {
    match find(core, code, who).await {
        Ok(Found::Card(at)) => Ok(at),
        Ok(Found::Revoked(at)) => {
            let why = GoneWhy::CardRevoked;
            let page = GonePage { language: at.language.clone(), place: at.branch.title.clone(), why };
            Err(reply::page(StatusCode::GONE, &at.live, &page))
        }
        Ok(Found::Nothing) => Err(nothing_here(State(Arc::clone(core)), who.clone()).await),
        Err(err) => Err(unavailable(core, who, &err)),
    }
}

async fn find(core: &Core, code: &str, who: &Visitor) -> Result<Found, StoreError> {
    let Ok(code) = CardCode::parse(code) else { return Ok(Found::Nothing) };
    let Some(card) = core.store.card(code).await? else { return Ok(Found::Nothing) };
    let live = core.live.load_full();
    let branch = live.config.branches.get(&card.branch).cloned();
    let survey = live.survey_today(&card.survey).map(|(version, survey)| (version, Arc::clone(survey)));
    let (Some(branch), Some((version, survey))) = (branch, survey) else { return Ok(Found::Nothing) };
    let (survey, is_tailored) = match occasions::tailored_to_branch(&survey, &branch) {
        Cow::Borrowed(_) => (survey, false),
        Cow::Owned(tailored) => (Arc::new(tailored), true),
    };
    let (from, language) = (SurfaceId::Card(card.id), who.language(&branch.language));
    let path = format!("/q/{}", card.code);
    let at = Box::new(WalkIn {
        live,
        from,
        branch,
        touchpoint: card.touchpoint,
        survey,
        is_tailored,
        version,
        language,
        path,
    });
    Ok(if card.revoked_at.is_some() { Found::Revoked(at) } else { Found::Card(at) })
}
