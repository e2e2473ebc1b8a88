//! Asks again: those who came to a stop in one way, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX, ScopeForm};
use super::wire;
use crate::daemon::core::Core;
use crate::domain::id::{InvitationId, JourneyId, StageId};
use crate::domain::invitation::{Invitation, LeftOut, Stalled};
use crate::domain::scope::Scope;
use crate::store::{Intervened, Intervention, Wanted};
use crate::web::problem::ApiProblem;

/// Whom to ask again.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RetryForm {
    /// How they came to a stop.
    state: String,
    #[serde(default)]
    scope: ScopeForm,
    /// Only those who stopped then or later: an instant, or how long ago.
    since: Option<String>,
    #[serde(default)]
    dry_run: bool,
    by: Option<String>,
    /// Where the page begins.
    after: Option<String>,
    /// How many invitations to look at.
    limit: Option<usize>,
}

struct Wish {
    how: Stalled,
    scope: Scope,
    since: Option<DateTime<Utc>>,
}

impl Wish {
    fn read(form: &RetryForm, core: &Core) -> Result<Self, ApiProblem> {
        let how = by_hand::one_of("state to retry", &form.state, Stalled::ALL.map(|how| (how.as_str(), how)))?;
        let since = form.since.as_deref().map(|given| by_hand::instant(given, core.clock.now())).transpose()?;
        Ok(Self { how, scope: form.scope.read(&core.live.load())?, since })
    }

    fn means(&self, invitation: &Invitation) -> bool {
        let stop = invitation.stalled(self.how, self.scope.channel).filter(|_| self.scope.covers_case(invitation));
        stop.is_some_and(|stop| self.since.is_none_or(|since| since <= stop.since))
    }

    fn wanted(&self) -> Wanted {
        Wanted::AskAgain { how: self.how, channel: self.scope.channel }
    }
}

/// Asks a page of them again, through the gate and within their windows: `{"looked_at": …, "since": …, "rows":
/// [{"journey": …, "stage": …, "result": "asked_again" | "left_out", "reason": …, "n": …}], "next": "…"}`, where `next`
/// goes into `after` and `since` is as good as what was given.
pub(super) async fn retry(
    State(core): State<Arc<Core>>,
    form: Result<Json<RetryForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let wish = Wish::read(&form, &core)?;
    let after = form.after.as_deref().map(by_hand::invitation_id).transpose()?;
    let limit = form.limit.unwrap_or(BY_HAND_MAX).clamp(1, BY_HAND_MAX);
    let page = match wish.how {
        // Only what is unknown is ever held, and there is a list of that.
        Stalled::Held => core.store.unknown_after(after, limit).await?,
        Stalled::Undelivered | Stalled::Refused | Stalled::Deferred | Stalled::Skipped => {
            core.store.invitations_after(after, limit).await?
        }
    };
    let next = page.last().filter(|_| page.len() == limit).map(|last| last.id.to_string());
    let meant: Vec<_> = page.iter().filter(|invitation| wish.means(invitation)).collect();
    let request = Intervention {
        invitations: meant.iter().map(|invitation| invitation.id).collect(),
        wanted: wish.wanted(),
        by: by_hand::operator(form.by.as_deref())?,
        now: core.clock.now(),
        rules: Arc::clone(&core.live.load().rules.gate),
        dry_run: form.dry_run,
    };
    let done = if meant.is_empty() { Vec::new() } else { core.store.intervene(request).await? };
    if !form.dry_run {
        conclude(&core, wish.how, &done);
    }
    let rows = rows(&meant, &done);
    Ok(Json(json!({ "looked_at": page.len(), "since": wish.since.map(wire::time), "rows": rows, "next": next })))
}

fn conclude(core: &Core, how: Stalled, done: &[Intervened]) {
    let again = done.iter().filter_map(|done| done.outcome.as_ref().ok());
    let n_again = again.clone().count();
    if !done.is_empty() {
        let state = how.as_str();
        tracing::info!(
            state,
            n_again,
            n_left_out = done.len() - n_again,
            "an operator had {n_again} invitations asked again that were {state}"
        );
    }
    for channel in again.filter_map(by_hand::next_channel) {
        core.wake.ring(channel);
    }
}

fn rows(meant: &[&Invitation], done: &[Intervened]) -> Vec<Value> {
    let places: BTreeMap<InvitationId, (&JourneyId, &StageId)> =
        meant.iter().map(|invitation| (invitation.id, (&invitation.journey, &invitation.stage))).collect();
    let mut counts = BTreeMap::<(&str, &str, Option<LeftOut>), u64>::new();
    for done in done {
        let Some((journey, stage)) = places.get(&done.id) else { continue };
        let why = done.outcome.as_ref().err().copied();
        *counts.entry((journey.as_str(), stage.as_str(), why)).or_default() += 1;
    }
    let row = |((journey, stage, why), n): ((&str, &str, Option<LeftOut>), u64)| {
        json!({
            "journey": journey, "stage": stage, "result": why.map_or("asked_again", |_| "left_out"),
            "reason": why.map(LeftOut::as_str), "explanation": why.map(|why| why.to_string()), "n": n,
        })
    };
    counts.into_iter().map(row).collect()
}
