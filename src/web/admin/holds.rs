//! Holds: what is held back, what is let go, and what would go out if it were.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Query, State};
use chrono::{DateTime, NaiveDate, Utc};
use data_encoding::HEXLOWER;
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX, ScopeForm};
use super::wire;
use crate::daemon::core::{Core, Live};
use crate::domain::hold::{Hold, parse_note};
use crate::domain::id::BranchId;
use crate::domain::invitation::{Invitation, Lane, State as Standing};
use crate::domain::journey::Channel;
use crate::domain::reason::HoldReason;
use crate::web::problem::ApiProblem;

/// Every hold: `{"rows": […]}`.
pub(super) async fn list(State(core): State<Arc<Core>>) -> Result<Json<Value>, ApiProblem> {
    let holds = core.store.holds().await?;
    Ok(Json(json!({ "rows": holds.iter().map(wire::hold).collect::<Vec<_>>() })))
}

/// What to hold.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HoldForm {
    #[serde(default)]
    scope: ScopeForm,
    /// Why, for whoever asks later.
    #[serde(default)]
    reason: String,
    by: Option<String>,
}

/// Holds messages, from the very next one on. Gives the hold as it stands.
pub(super) async fn hold(
    State(core): State<Arc<Core>>,
    form: Result<Json<HoldForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let hold = Hold {
        scope: form.scope.read(&core.live.load())?,
        since: core.clock.now(),
        reason: HoldReason::Operator,
        note: parse_note(&form.reason).map_err(|err| ApiProblem::invalid(err.to_string()))?,
        by: by_hand::operator(form.by.as_deref())?,
    };
    let hold = core.store.hold(hold).await?;
    tracing::info!("an operator holds {}", hold.scope);
    Ok(Json(wire::hold(&hold)))
}

/// Which holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReleaseForm {
    #[serde(default)]
    scope: ScopeForm,
    /// Every hold, whatever its scope.
    #[serde(default)]
    all: bool,
}

/// Lets held messages go. Gives the holds that are no more: `{"rows": […]}`.
pub(super) async fn release(
    State(core): State<Arc<Core>>,
    form: Result<Json<ReleaseForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let (meant, _) = meant(core.store.holds().await?, &form.scope, form.all)?;
    let scopes = meant.into_iter().map(|hold| hold.scope).collect();
    let released = core.store.release(scopes).await?;
    for hold in &released {
        tracing::info!("an operator released {}", hold.scope);
    }
    core.wake.everybody();
    Ok(Json(json!({ "rows": released.iter().map(wire::hold).collect::<Vec<_>>() })))
}

/// Those that are meant, and the others.
fn meant(holds: Vec<Hold>, scope: &ScopeForm, all: bool) -> Result<(Vec<Hold>, Vec<Hold>), ApiProblem> {
    if all {
        return Ok((holds, Vec::new()));
    }
    let scope = scope.parse()?;
    let held = match holds.as_slice() {
        [] => "nothing is held".to_owned(),
        holds => {
            let scopes: Vec<_> = holds.iter().map(|hold| hold.scope.to_string()).collect();
            format!("held are: {}; release these by the same words, or all of them", scopes.join("; "))
        }
    };
    let (meant, others): (Vec<_>, Vec<_>) = holds.into_iter().partition(|hold| hold.scope == scope);
    if meant.is_empty() {
        return Err(ApiProblem::not_found(format!("there is no hold on {scope}; {held}")));
    }
    Ok((meant, others))
}

/// Which holds, and a place in the list of what they hold.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct OutlookQuery {
    journey: Option<String>,
    stage: Option<String>,
    branch: Option<String>,
    channel: Option<String>,
    all: bool,
    after: Option<String>,
    limit: Option<usize>,
}

/// What would go out if these holds were no more: `{"holds": […], "looked_at": …, "rows": [{"day": …, "journey": …,
/// "stage": …, "branch": …, "channel": …, "n": …, "n_too_late": …, "oldest": …}], "next": …}`, where `oldest` is when the
/// first of them was or is due, and `next` goes into `after`. Messages that are too late by now are counted apart: they
/// would be dropped.
pub(super) async fn outlook(
    State(core): State<Arc<Core>>,
    Query(query): Query<OutlookQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let form = ScopeForm { journey: query.journey, stage: query.stage, branch: query.branch, channel: query.channel };
    let (released, kept) = meant(core.store.holds().await?, &form, query.all)?;
    let after = query.after.map(|place| HEXLOWER.decode(place.as_bytes())).transpose();
    let after = after.map_err(|_| ApiProblem::invalid("`after` is not what an answer gave as `next`"))?;
    let limit = query.limit.unwrap_or(BY_HAND_MAX).clamp(1, BY_HAND_MAX);
    let page = core.store.waiting_after(after, limit).await?;
    let (live, now) = (core.live.load_full(), core.clock.now());
    let covers = |holds: &[Hold], invitation: &Invitation, channel| {
        holds.iter().any(|hold| hold.scope.covers(invitation, channel))
    };
    let mut counts = BTreeMap::<_, Waiting>::new();
    for invitation in &page.waiting {
        let Some((at, channel)) = next_message(invitation) else { continue };
        if covers(&released, invitation, channel) && !covers(&kept, invitation, channel) {
            let (stage, branch) = (invitation.stage.as_str(), invitation.branch.as_ref().map(BranchId::as_str));
            let place = (day(&live, at.max(now)), invitation.journey.as_str(), stage, branch, channel);
            let waiting = counts.entry(place).or_insert(Waiting { n: 0, n_too_late: 0, oldest: at });
            waiting.oldest = waiting.oldest.min(at);
            if is_too_late(&live, invitation, (at, now)) { waiting.n_too_late += 1 } else { waiting.n += 1 }
        }
    }
    let row = |((day, journey, stage, branch, channel), waiting): ((NaiveDate, _, _, Option<_>, Channel), Waiting)| {
        json!({
            "day": day.to_string(), "journey": journey, "stage": stage, "branch": branch, "channel": channel.as_str(),
            "n": waiting.n, "n_too_late": waiting.n_too_late, "oldest": wire::time(waiting.oldest),
        })
    };
    let rows: Vec<_> = counts.into_iter().map(row).collect();
    Ok(Json(json!({
        "holds": released.iter().map(wire::hold).collect::<Vec<_>>(),
        "looked_at": page.waiting.len(),
        "rows": rows,
        "next": page.next.map(|place| HEXLOWER.encode(&place)),
    })))
}

/// Messages that wait for the same thing.
struct Waiting {
    n: u64,
    n_too_late: u64,
    oldest: DateTime<Utc>,
}

fn next_message(invitation: &Invitation) -> Option<(DateTime<Utc>, Channel)> {
    match (invitation.state, invitation.due()?.lane) {
        (Standing::Waiting { due_at, .. }, Lane::Send(channel)) => Some((due_at, channel)),
        (_, Lane::Send(_) | Lane::Close | Lane::Leased) => None,
    }
}

fn day(live: &Live, at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&live.config.settings.daemon.time_zone).date_naive()
}

/// Whether the gate would drop it for coming too late.
fn is_too_late(live: &Live, invitation: &Invitation, (due_at, now): (DateTime<Utc>, DateTime<Utc>)) -> bool {
    let last = invitation.closes_at().unwrap_or(invitation.ask_before);
    last <= now || live.rules.gate.stages.of(invitation).late_max < now - due_at
}
