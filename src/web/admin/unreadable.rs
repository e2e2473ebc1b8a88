//! Mails that came back and that nobody could read.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::bounces::described;
use super::by_hand::{self, BY_HAND_MAX};
use super::wire;
use crate::chain::Chain;
use crate::daemon::core::Core;
use crate::daemon::returns::Returned;
use crate::daemon::unreadable::{self, Kept, RetryError, UnreadableId};
use crate::web::problem::ApiProblem;

/// All of them: `{"rows": [{"id": …, "since": …, "bytes": …, "why": …}], "next": null}`.
pub(super) async fn list(State(core): State<Arc<Core>>) -> Result<Json<Value>, ApiProblem> {
    let seal = core.store.seal().clone();
    let kept = on_disk(&core, move |folder| unreadable::list(&folder, &seal)).await?;
    Ok(Json(json!({ "rows": kept.iter().map(row).collect::<Vec<_>>(), "next": null })))
}

fn row(kept: &Kept) -> Value {
    let why = kept.why.map_or_else(|| "it can be read by now".to_owned(), |why| why.to_string());
    json!({ "id": kept.id.as_str(), "since": wire::time(kept.since), "bytes": kept.n_bytes, "why": why })
}

/// One of them, as it is kept.
pub(super) async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Response, ApiProblem> {
    let id = read_id(&id)?;
    let found = on_disk(&core, move |folder| unreadable::read(&folder, &id)).await?;
    let bytes = found.ok_or_else(not_there)?;
    // A browser must not show what somebody sent.
    let headers = [(header::CONTENT_TYPE, "message/rfc822"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    Ok((headers, bytes).into_response())
}

/// Which ones.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Chosen {
    ids: Vec<String>,
    by: Option<String>,
}

/// Reads some again: `{"rows": [{"id": …, "verdict": …, …}]}`, as `/api/v1/bounces` answers. What can be read by now is
/// not kept any longer.
pub(super) async fn retry(
    State(core): State<Arc<Core>>,
    form: Result<Json<Chosen>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let (ids, by) = chosen(form)?;
    let (mut rows, mut n_read) = (Vec::new(), 0);
    for id in ids {
        let mut row = match unreadable::retry(&core, &id).await {
            Ok(None) => json!({ "verdict": "not_there", "explanation": "it is not kept" }),
            Ok(Some(returned)) => {
                n_read += usize::from(!matches!(returned, Returned::Unreadable(_)));
                described(&returned)
            }
            Err(RetryError::Store(err)) => return Err(err.into()),
            Err(RetryError::File(err)) => return Err(cannot(&err)),
        };
        row["id"] = json!(id.as_str());
        rows.push(row);
    }
    tracing::info!(n_read, "{by} had mails that came back read again; {n_read} can be read by now");
    Ok(Json(json!({ "rows": rows })))
}

/// Removes some: `{"removed": 2}`.
pub(super) async fn remove(
    State(core): State<Arc<Core>>,
    form: Result<Json<Chosen>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let (ids, by) = chosen(form)?;
    let removed = on_disk(&core, move |folder| {
        ids.iter().try_fold(0, |n, id| Ok(n + usize::from(unreadable::remove(&folder, id)?)))
    });
    let n = removed.await?;
    tracing::info!(n, "{by} removed {n} mails that came back and could not be read");
    Ok(Json(json!({ "removed": n })))
}

fn chosen(
    form: Result<Json<Chosen>, JsonRejection>,
) -> Result<(Vec<UnreadableId>, crate::domain::operator::Operator), ApiProblem> {
    let Json(Chosen { ids, by }) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    if ids.len() > BY_HAND_MAX {
        return Err(ApiProblem::invalid(format!("at most {BY_HAND_MAX} mails at once")));
    }
    let ids = ids.iter().map(|id| read_id(id)).collect::<Result<_, _>>()?;
    Ok((ids, by_hand::operator(by.as_deref())?))
}

fn read_id(given: &str) -> Result<UnreadableId, ApiProblem> {
    UnreadableId::parse(given).ok_or_else(|| {
        let given: String = given.chars().take(60).flat_map(char::escape_debug).collect();
        ApiProblem::invalid(format!("`{given}` calls no mail: write the 32 digits that the list shows"))
    })
}

fn not_there() -> ApiProblem {
    ApiProblem::not_found("no such mail is kept")
}

fn cannot(err: &io::Error) -> ApiProblem {
    let detail = format!("the folder of unreadable mails cannot be used: {}", Chain(err));
    ApiProblem::new(StatusCode::INTERNAL_SERVER_ERROR, "the disk failed", detail)
}

async fn on_disk<T: Send + 'static>(
    core: &Core,
    work: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
) -> Result<T, ApiProblem> {
    let folder = unreadable::folder(core);
    // Nobody aborts it, so it fails only if it panicked.
    let done = tokio::task::spawn_blocking(move || work(folder)).await.unwrap_or_else(|err| Err(io::Error::other(err)));
    done.map_err(|err| cannot(&err))
}
