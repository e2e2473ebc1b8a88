//! Invitations and responses, to look at.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::daemon::core::Core;
use crate::domain::id::{ContactId, InvitationId, ResponseId};
use crate::domain::invitation::Invitation;
use crate::web::problem::ApiProblem;

/// Rows on a page.
const PAGE_MAX: usize = 1_000;

/// Which invitations.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InvitationsQuery {
    /// Only this contact's.
    contact: Option<String>,
    /// Only those with an attempt whose outcome is or was unknown.
    unknown: bool,
    after: Option<String>,
    limit: Option<usize>,
}

/// Invitations: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<InvitationsQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let invalid = |err: crate::domain::id::IdError| ApiProblem::invalid(err.to_string());
    if let Some(contact) = &query.contact {
        let contact = ContactId::parse(contact).map_err(invalid)?;
        let found = core.store.invitations_of(&contact).await?;
        return Ok(Json(json!({ "rows": rows(&found), "next": null })));
    }
    let after = query.after.as_deref().map(InvitationId::parse).transpose().map_err(invalid)?;
    let limit = query.limit.unwrap_or(100).clamp(1, PAGE_MAX);
    let found = if query.unknown {
        core.store.unknown_after(after, limit).await?
    } else {
        core.store.invitations_after(after, limit).await?
    };
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.id.to_string());
    Ok(Json(json!({ "rows": rows(&found), "next": next })))
}

fn rows(invitations: &[Invitation]) -> Vec<Value> {
    invitations.iter().map(wire::invitation).collect()
}

/// One invitation.
pub(super) async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Json<Value>, ApiProblem> {
    let id = InvitationId::parse(&id).map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let found = core.store.invitation(&id).await?;
    let found = found.ok_or_else(|| ApiProblem::not_found(format!("there is no invitation {id}")))?;
    Ok(Json(wire::invitation(&found)))
}

/// A place in a listing.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
}

/// Responses: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn responses(
    State(core): State<Arc<Core>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let after = query.after.as_deref().map(ResponseId::parse).transpose();
    let after = after.map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let limit = query.limit.unwrap_or(100).clamp(1, PAGE_MAX);
    let found = core.store.responses_after(after, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.id.to_string());
    let rows: Vec<_> = found.iter().map(wire::response).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}

/// One response.
pub(super) async fn response(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Json<Value>, ApiProblem> {
    let id = ResponseId::parse(&id).map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let found = core.store.response(&id).await?;
    let found = found.ok_or_else(|| ApiProblem::not_found(format!("there is no response {id}")))?;
    Ok(Json(wire::response(&found)))
}
