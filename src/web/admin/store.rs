//! The store itself: a backup of it, how large it is, and the room that it has no use for.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::daemon::core::Core;
use crate::store::{Health, Sizes, StoreError};
use crate::web::problem::ApiProblem;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SizesQuery {
    /// Whether to count what is in the store, which reads all of it.
    #[serde(default)]
    count: bool,
}

/// Everything in the store as a dump, while it goes on. A dump that cannot be finished is cut off without its end.
pub(super) async fn backup(State(core): State<Arc<Core>>) -> Result<Response, ApiProblem> {
    let now = core.clock.now();
    let dump = core.store.begin_dump(now).await?;
    tracing::info!("a backup is being taken");
    let parts = stream::try_unfold((core, dump), |(core, mut dump)| async move {
        match core.store.next_of_dump(&mut dump).await {
            Ok(Some(part)) => Ok(Some((part, (core, dump)))),
            Ok(None) => {
                tracing::info!("a backup was taken");
                Ok::<_, StoreError>(None)
            }
            Err(err) => {
                tracing::error!("a backup could not be finished: {}", Chain(&err));
                Err(err)
            }
        }
    });
    let name = now.format("attachment; filename=\"canvass-%Y%m%dT%H%M%SZ.dump\"").to_string();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_DISPOSITION, name),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(parts)).into_response())
}

/// How large the store is.
pub(super) async fn sizes(
    State(core): State<Arc<Core>>,
    query: Result<Query<SizesQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Query(query) = query.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let sizes = if query.count { core.store.count().await? } else { core.store.sizes().await? };
    let mut described = described(sizes);
    let read_only = match *core.store.health().borrow() {
        Health::Writable => Value::Null,
        Health::ReadOnly(reason) => Value::String(reason.to_string()),
    };
    if let Some(described) = described.as_object_mut() {
        described.insert("read_only".to_owned(), read_only);
    }
    Ok(Json(described))
}

/// Gives back the room that the store has no use for.
pub(super) async fn compact(State(core): State<Arc<Core>>) -> Result<Json<Value>, ApiProblem> {
    let compacted = core.store.compact().await?;
    tracing::info!("the store was compacted from {} to {} bytes", compacted.before_bytes, compacted.after.disk_bytes);
    Ok(Json(json!({ "before": { "disk_bytes": compacted.before_bytes }, "after": described(compacted.after) })))
}

fn described(sizes: Sizes) -> Value {
    json!({
        "disk_bytes": sizes.disk_bytes,
        "raw_bytes": sizes.raw.map(|raw| raw.n_bytes),
        "records": sizes.raw.map(|raw| raw.n_records),
        "factor": sizes.factor(),
    })
}
