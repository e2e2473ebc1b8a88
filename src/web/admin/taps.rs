//! Taps that wait for a person: the bucket of ratings in mails whose links were followed, and what operators let out of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX};
use super::wire;
use crate::daemon::core::Core;
use crate::domain::answer;
use crate::domain::id::InvitationId;
use crate::domain::tap::{NotReleased, Taps};
use crate::store::{StoreError, TapRelease};
use crate::web::problem::ApiProblem;

/// The words for how taps stand.
const STANDINGS: [&str; 4] = ["waiting", "suspect", "answered", "released"];

/// Which taps.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TapsQuery {
    /// Only those that stand so.
    state: Option<String>,
    after: Option<String>,
    limit: Option<usize>,
}

/// Taps, an invitation a row: `{"rows": [{"invitation": …, "attempt": …, "state": "waiting" | "suspect" | "answered" |
/// "released", "taps": …, "ratings": […], "signs": […], "reasons": […], "first_at": …, "last_at": …}], "next": "…"}`, where
/// `next` goes into `after`. None of them counts anywhere.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<TapsQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let state = query.state.as_deref().map(|given| by_hand::one_of("state of taps", given, STANDINGS.map(|s| (s, s))));
    let state = state.transpose()?;
    let after = query.after.as_deref().map(by_hand::invitation_id).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, BY_HAND_MAX);
    let found = core.store.taps_after(after, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.invitation.to_string());
    let meant = found.iter().filter(|taps| state.is_none_or(|state| taps.standing() == state));
    Ok(Json(json!({ "rows": meant.map(row).collect::<Vec<_>>(), "next": next })))
}

fn row(taps: &Taps) -> Value {
    json!({
        "invitation": taps.invitation.to_string(),
        "attempt": taps.attempt,
        "state": taps.standing(),
        "taps": taps.n,
        "ratings": taps.points,
        "signs": taps.signs.iter().map(|sign| sign.as_str()).collect::<Vec<_>>(),
        "reasons": taps.signs.iter().map(|sign| sign.reason()).collect::<Vec<_>>(),
        "first_at": wire::time(taps.first_at),
        "last_at": wire::time(taps.last_at),
    })
}

/// Whose taps to let count.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseForm {
    invitations: Vec<String>,
    by: Option<String>,
}

/// Lets taps count as answers: `{"rows": [{"invitation": …, "result": "released" | "left_out", "explanation": …}]}`.
pub(super) async fn release(
    State(core): State<Arc<Core>>,
    form: Result<Json<ReleaseForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let ids = by_hand::invitations(&form.invitations, BY_HAND_MAX)?;
    by_hand::operator(form.by.as_deref())?;
    let (mut rows, mut n_released) = (Vec::new(), 0);
    for id in ids {
        let released = release_one(&core, id).await?;
        n_released += usize::from(released.is_ok());
        rows.push(match released {
            Ok(()) => json!({ "invitation": id.to_string(), "result": "released" }),
            Err(why) => {
                json!({ "invitation": id.to_string(), "result": "left_out", "explanation": why.to_string() })
            }
        });
    }
    tracing::info!(n_released, "an operator let {n_released} taps count");
    Ok(Json(json!({ "rows": rows })))
}

async fn release_one(core: &Core, id: InvitationId) -> Result<Result<(), NotReleased>, StoreError> {
    let (Some(taps), Some(invitation)) = (core.store.taps(&id).await?, core.store.invitation(&id).await?) else {
        return Ok(Err(NotReleased::Nothing));
    };
    let point = match taps.to_release() {
        Ok(point) => point,
        Err(why) => return Ok(Err(why)),
    };
    let survey = core.store.survey(invitation.version).await?;
    let survey = survey.ok_or(StoreError::NotFound { what: "survey of that version" })?;
    let Some(key) = survey.key_question() else { return Ok(Err(NotReleased::NotOne)) };
    let form = BTreeMap::from([(key.id.to_string(), vec![point.to_string()])]);
    let contact = core.store.contact(&invitation.contact).await?;
    let live = core.live.load();
    let language = contact.and_then(|contact| contact.locale);
    let release = TapRelease {
        invitation: id,
        point,
        reading: answer::read(&survey, &form),
        language: language.unwrap_or_else(|| live.config.settings.daemon.language.clone()),
        now: core.clock.now(),
    };
    Ok(core.store.release_tap(release).await?.map(drop))
}
