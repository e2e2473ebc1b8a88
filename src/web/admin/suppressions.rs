//! The suppression list: addresses that nothing is sent to. It holds their marks only, so an address can be looked for,
//! put on it and taken off it by whoever has the address, and read off it by nobody.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX};
use super::wire;
use crate::daemon::core::Core;
use crate::domain::id::ContactId;
use crate::domain::suppression::{SOURCE_CHARS_MAX, Suppression, SuppressionReason, read_address};
use crate::store::Suppressed;
use crate::web::problem::ApiProblem;

/// Which entries, as a query says it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ListQuery {
    after: Option<String>,
    limit: Option<usize>,
}

/// The list: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let after = query.after.as_deref().map(mark).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, BY_HAND_MAX);
    let found = core.store.suppressed_after(after, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| HEXLOWER.encode(&last.mark));
    Ok(Json(json!({ "rows": found.iter().map(row).collect::<Vec<_>>(), "next": next })))
}

fn mark(given: &str) -> Result<[u8; 16], ApiProblem> {
    let bytes = HEXLOWER.decode(given.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    bytes.ok_or_else(|| ApiProblem::invalid("`after` is not what `next` was on the page before".to_owned()))
}

fn row(entry: &Suppressed) -> Value {
    let Suppressed { mark, suppression: Suppression { channel, reason, source, since }, contacts } = entry;
    json!({
        "mark": HEXLOWER.encode(mark),
        "channel": channel.as_str(),
        "reason": reason.as_str(),
        "source": source,
        "since": wire::time(*since),
        "contacts": contacts.iter().map(ContactId::as_str).collect::<Vec<_>>(),
    })
}

/// Addresses to put on the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AddForm {
    addresses: Vec<String>,
    /// Where they come from, for whoever asks later.
    #[serde(default)]
    source: String,
    by: Option<String>,
}

/// Puts addresses on the list, all or none: `{"added": 2, "known": 1}`. One that cannot be read is told by its place.
pub(super) async fn add(
    State(core): State<Arc<Core>>,
    form: Result<Json<AddForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    if form.addresses.len() > BY_HAND_MAX {
        return Err(ApiProblem::invalid(format!("at most {BY_HAND_MAX} addresses at once")));
    }
    let by = by_hand::operator(form.by.as_deref())?;
    let source = if form.source.trim().is_empty() { format!("imported by {by}") } else { form.source };
    if source.chars().count() > SOURCE_CHARS_MAX || source.chars().any(char::is_control) {
        return Err(ApiProblem::invalid(format!("`source` is one line of at most {SOURCE_CHARS_MAX} characters")));
    }
    let now = core.clock.now();
    let read = |(place, given): (usize, &String)| {
        let (channel, address) = read_address(given)
            .map_err(|why| ApiProblem::invalid(format!("address {} of the list cannot be read: {why}", place + 1)))?;
        let suppression =
            Suppression { channel, reason: SuppressionReason::Imported, source: source.clone(), since: now };
        Ok((core.store.seal().address_mark(channel, &address), suppression))
    };
    let entries = form.addresses.iter().enumerate().map(read).collect::<Result<Vec<_>, ApiProblem>>()?;
    let n = entries.len();
    let n_added = core.store.suppress(entries).await?;
    tracing::info!(n_added, "{by} put {n_added} addresses on the suppression list");
    Ok(Json(json!({ "added": n_added, "known": n - n_added })))
}

/// An address to take off the list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RemoveForm {
    address: String,
    by: Option<String>,
}

/// Takes an address off the list. Gives the entry that there was.
pub(super) async fn remove(
    State(core): State<Arc<Core>>,
    form: Result<Json<RemoveForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let by = by_hand::operator(form.by.as_deref())?;
    let (channel, address) =
        read_address(&form.address).map_err(|why| ApiProblem::invalid(format!("the address cannot be read: {why}")))?;
    let mark = core.store.seal().address_mark(channel, &address);
    let Some(removed) = core.store.unsuppress(mark).await? else {
        return Err(ApiProblem::not_found("the address is not on the suppression list"));
    };
    let reason = removed.suppression.reason.as_str();
    tracing::info!(mark = HEXLOWER.encode(&mark), reason, "{by} took an address off the suppression list");
    Ok(Json(row(&removed)))
}
