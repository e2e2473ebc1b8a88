//! Moves running invitations to the configuration in force, page by page.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use serde::Deserialize;
use serde_json::{Value, json};

use super::by_hand::{self, BY_HAND_MAX, ScopeForm};
use crate::daemon::core::Core;
use crate::domain::id::InvitationId;
use crate::domain::invitation::Invitation;
use crate::plan::replan::{Replanned, may_be_replanned};
use crate::store::{Migrated, Migration};
use crate::web::problem::ApiProblem;

/// Which invitations to move.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MigrateForm {
    #[serde(default)]
    scope: ScopeForm,
    by: Option<String>,
    /// Whether to say only what would become of them.
    #[serde(default)]
    dry_run: bool,
    /// Those after this one, in the order of their ids.
    after: Option<String>,
    limit: Option<usize>,
}

/// Plans running invitations anew of which nothing was sent yet: `{"looked_at": …, "rows": [{"journey": …, "stage": …,
/// "result": "moved" | "dropped" | "unchanged" | "stays", "reason": …, "n": …}], "next": "…"}`, where `next` goes into
/// `after`.
pub(super) async fn migrate(
    State(core): State<Arc<Core>>,
    form: Result<Json<MigrateForm>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(form) = form.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let live = core.live.load_full();
    let scope = form.scope.read(&live)?;
    let after = form.after.as_deref().map(by_hand::invitation_id).transpose()?;
    let limit = form.limit.unwrap_or(BY_HAND_MAX).clamp(1, BY_HAND_MAX);
    let page = core.store.invitations_after(after, limit).await?;
    let next = page.last().filter(|_| page.len() == limit).map(|last| last.id.to_string());
    let is_meant = |invitation: &&Invitation| {
        let channel = by_hand::next_channel(invitation);
        may_be_replanned(invitation) && channel.is_some_and(|channel| scope.covers(invitation, channel))
    };
    let meant: Vec<_> = page.iter().filter(is_meant).collect();
    let request = Migration {
        invitations: meant.iter().map(|invitation| invitation.id).collect(),
        rules: Arc::clone(&live.rules),
        by: by_hand::operator(form.by.as_deref())?,
        now: core.clock.now(),
        dry_run: form.dry_run,
    };
    let done = if meant.is_empty() { Vec::new() } else { core.store.migrate_plans(request).await? };
    let n_changed = done.iter().filter(|done| done.outcome.changed().is_some()).count();
    if n_changed > 0 && !form.dry_run {
        tracing::info!(n_changed, "an operator moved {n_changed} invitations to the configuration in force");
        core.wake.everybody();
    }
    let rows = rows(&meant, &done);
    Ok(Json(json!({ "looked_at": page.len(), "rows": rows, "next": next })))
}

/// The word and the sentence for why not.
type Why = Option<(&'static str, String)>;

/// How many of each stage became what.
fn rows(meant: &[&Invitation], done: &[Migrated]) -> Vec<Value> {
    let places: BTreeMap<InvitationId, (&str, &str)> = meant
        .iter()
        .map(|invitation| (invitation.id, (invitation.journey.as_str(), invitation.stage.as_str())))
        .collect();
    let mut counts = BTreeMap::<_, u64>::new();
    for Migrated { id, outcome } in done {
        let Some(place) = places.get(id) else { continue };
        let why = match outcome {
            Replanned::Moved(_) | Replanned::Unchanged => None,
            Replanned::Dropped(_, reason) => Some((reason.as_str(), reason.because().to_owned())),
            Replanned::Stays(why) => Some((why.as_str(), why.to_string())),
        };
        *counts.entry((*place, outcome.as_str(), why)).or_default() += 1;
    }
    let row = |(((journey, stage), result, why), n): (((&str, &str), &str, Why), u64)| {
        let (reason, explanation) = why.unzip();
        json!({
            "journey": journey, "stage": stage, "result": result, "reason": reason, "explanation": explanation, "n": n,
        })
    };
    counts.into_iter().map(row).collect()
}
