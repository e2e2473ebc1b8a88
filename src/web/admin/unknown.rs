//! Messages of which nobody can say whether they left, or could not once: the list, and what an operator does about them.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX, ScopeForm};
use super::wire;
use crate::daemon::core::Core;
use crate::daemon::reconciler::{self, Answer};
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Found, Invitation};
use crate::domain::receipt::News;
use crate::domain::scope::Scope;
use crate::report::unknown::{WaitsFor, unknown};
use crate::store::{Intervened, Intervention, StoreError, Wanted};
use crate::web::problem::ApiProblem;

/// Invitations whose gateways are asked about them with one request.
const ASKED_MAX: usize = 100;

/// Which messages, as a query says it.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct UnknownQuery {
    journey: Option<String>,
    stage: Option<String>,
    branch: Option<String>,
    channel: Option<String>,
    /// Only those whose outcome is unknown still.
    open: bool,
    after: Option<String>,
    limit: Option<usize>,
}

/// Messages: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<UnknownQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let form = ScopeForm { journey: query.journey, stage: query.stage, branch: query.branch, channel: query.channel };
    let scope = form.read(&core.live.load())?;
    let after = query.after.as_deref().map(by_hand::invitation_id).transpose()?;
    let limit = query.limit.unwrap_or(100).clamp(1, BY_HAND_MAX);
    let found = core.store.unknown_after(after, limit).await?;
    let next = found.last().filter(|_| found.len() == limit).map(|last| last.id.to_string());
    let rows: Vec<_> = found.iter().flat_map(|invitation| rows(invitation, &scope, query.open)).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}

fn rows(invitation: &Invitation, scope: &Scope, open: bool) -> Vec<Value> {
    let is_open = |attempt: &Attempt| matches!(attempt.fate, Fate::Unknown { .. });
    unknown(invitation)
        .filter(|(attempt, _)| scope.covers(invitation, attempt.channel) && (!open || is_open(attempt)))
        .map(|(attempt, waits)| row(invitation, attempt, &waits))
        .collect()
}

fn row(invitation: &Invitation, attempt: &Attempt, waits: &WaitsFor) -> Value {
    let due_at = if let WaitsFor::Retry { at } = waits { Some(wire::time(*at)) } else { None };
    json!({
        "invitation": invitation.id.to_string(),
        "attempt": attempt.number,
        "journey": invitation.journey.as_str(),
        "stage": invitation.stage.as_str(),
        "branch": invitation.branch.as_ref().map(crate::domain::id::BranchId::as_str),
        "channel": attempt.channel.as_str(),
        "outcome": attempt.fate.as_str(),
        "tries": attempt.n_tries,
        "first_tried_at": wire::time(attempt.first_tried_at),
        "state": invitation.state.as_str(),
        "waits_for": waits.as_str(),
        "due_at": due_at,
        "explanation": waits.sentence(invitation.zone),
    })
}

/// Which messages to send again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryForm {
    invitations: Vec<String>,
    by: Option<String>,
}

/// Sends messages of unknown outcome once more, each under the number that it had: `{"rows": [{"invitation": …,
/// "result": "sent_again" | "left_out", "reason": …, "explanation": …}]}`.
pub(super) async fn retry(
    State(core): State<Arc<Core>>,
    form: Result<Json<RetryForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let ids = by_hand::invitations(&form.invitations, BY_HAND_MAX)?;
    let by = form.by.as_deref();
    let done = intervene(&core, ids, (Wanted::SendAgain, by)).await?;
    let n_again = done.iter().filter(|done| done.outcome.is_ok()).count();
    tracing::info!(
        n_again,
        n_left_out = done.len() - n_again,
        "an operator had {n_again} messages of unknown outcome sent once more"
    );
    let rows: Vec<_> = done.iter().map(retried).collect();
    Ok(Json(json!({ "rows": rows })))
}

fn retried(done: &Intervened) -> Value {
    match &done.outcome {
        Ok(again) => {
            let due_at = again.due().map(|due| wire::time(due.at));
            json!({ "invitation": done.id.to_string(), "result": "sent_again", "due_at": due_at })
        }
        Err(why) => json!({
            "invitation": done.id.to_string(), "result": "left_out", "reason": why.as_str(),
            "explanation": why.to_string(),
        }),
    }
}

/// Which messages to ask their gateways about.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReconcileForm {
    invitations: Vec<String>,
}

/// Asks gateways about text messages of unknown outcome, one after the other: `{"rows": [{"invitation": …, "attempt": …,
/// "result": "taken" | "delivered" | "bounced" | "not_there" | "left_alone" | "not_told", "explanation": …}]}`. Those
/// whose outcome is known have no row.
pub(super) async fn reconcile(
    State(core): State<Arc<Core>>,
    form: Result<Json<ReconcileForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let ids = by_hand::invitations(&form.invitations, ASKED_MAX)?;
    let mut rows = Vec::new();
    for id in ids {
        let invitation =
            core.store.invitation(&id).await?.ok_or(StoreError::NotFound { what: "invitation of that id" })?;
        for (attempt, _) in reconciler::lost(&invitation) {
            let (result, explanation) = told(&reconciler::ask(&core, &invitation, attempt).await?);
            rows.push(json!({
                "invitation": id.to_string(), "attempt": attempt.number, "result": result, "explanation": explanation,
            }));
        }
    }
    Ok(Json(json!({ "rows": rows })))
}

fn told(answer: &Answer) -> (&'static str, String) {
    match answer {
        Answer::Taken(None) => ("taken", "the gateway took it".to_owned()),
        Answer::Taken(Some(news @ News::Delivered)) => (news.as_str(), "it arrived".to_owned()),
        Answer::Taken(Some(news @ News::Bounced(_))) => (news.as_str(), "it did not get through".to_owned()),
        Answer::Taken(Some(news @ News::Complained)) => (news.as_str(), "it was reported as unwanted".to_owned()),
        Answer::NotThere => {
            ("not_there", "the gateway does not have it; send it again or say what came of it".to_owned())
        }
        Answer::LeftAlone => ("left_alone", "its outcome became known meanwhile".to_owned()),
        Answer::Nothing(silence) => ("not_told", silence.to_string()),
    }
}

/// What came of a message.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SettleForm {
    invitation: String,
    attempt: Option<u8>,
    #[serde(rename = "as")]
    found: String,
    by: Option<String>,
}

/// Puts down what an operator found out about a message of unknown outcome. Gives the invitation as it stands then.
pub(super) async fn settle(
    State(core): State<Arc<Core>>,
    form: Result<Json<SettleForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let id = by_hand::invitation_id(&form.invitation)?;
    let found = by_hand::one_of("finding", &form.found, Found::ALL.map(|found| (found.as_str(), found)))?;
    let wanted = Wanted::Settle { attempt: form.attempt, found };
    let done = intervene(&core, vec![id], (wanted, form.by.as_deref())).await?;
    let outcome = done.into_iter().next().ok_or(StoreError::NotFound { what: "invitation of that id" })?.outcome;
    let settled = outcome.map_err(|why| by_hand::refusal(id, why))?;
    tracing::info!(invitation.id = %id, "an operator settled a message of {id} as {}", found.as_str());
    Ok(Json(wire::invitation(&settled)))
}

async fn intervene(
    core: &Core,
    invitations: Vec<InvitationId>,
    (wanted, by): (Wanted, Option<&str>),
) -> Result<Vec<Intervened>, ApiProblem> {
    let request = Intervention {
        invitations,
        wanted,
        by: by_hand::operator(by)?,
        now: core.clock.now(),
        rules: Arc::clone(&core.live.load().rules.gate),
        dry_run: false,
    };
    let done = core.store.intervene(request).await?;
    let due = done.iter().filter_map(|done| by_hand::next_channel(done.outcome.as_ref().ok()?));
    for channel in due {
        core.wake.ring(channel);
    }
    Ok(done)
}
