//! Moves running invitations to the configuration in force.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::super::StoreError;
use super::super::reads;
use super::super::view::{Reading, View};
use super::invitations;
use crate::domain::id::InvitationId;
use crate::domain::operator::Operator;
use crate::domain::seal::Seal;
use crate::plan::replan::{Replanned, Stays, fire_of, replan};
use crate::plan::{Occasion, PlanInput, PlanRules, RecordedEvent};

/// Which running invitations to plan anew, and by which rules.
#[derive(Clone, Debug)]
pub struct Migration {
    /// The invitations: no more than a unit of work should change.
    pub invitations: Vec<InvitationId>,
    /// The rules of the configuration in force.
    pub rules: Arc<PlanRules>,
    /// Who wants it.
    pub by: Operator,
    /// When.
    pub now: DateTime<Utc>,
    /// Whether to say only what would become of them.
    pub dry_run: bool,
}

/// What became of a running invitation.
#[derive(Clone, Debug)]
pub struct Migrated {
    /// The invitation.
    pub id: InvitationId,
    /// What became of it.
    pub outcome: Replanned,
}

/// Plans each anew, those that are decided later with what was decided before.
pub(in super::super) fn migrate(
    view: &mut View<'_>,
    seal: &Seal,
    request: &Migration,
) -> Result<Vec<Migrated>, StoreError> {
    let mut all = Vec::with_capacity(request.invitations.len());
    for id in &request.invitations {
        let outcome = one(view, seal, request, *id)?;
        all.push(Migrated { id: *id, outcome });
    }
    Ok(all)
}

/// What [`migrate`] would say, changing nothing.
pub(in super::super) fn preview(
    db: &dyn Reading,
    seal: &Seal,
    request: &Migration,
) -> Result<Vec<Migrated>, StoreError> {
    migrate(&mut View::of(db), seal, request)
}

fn one(view: &mut View<'_>, seal: &Seal, request: &Migration, id: InvitationId) -> Result<Replanned, StoreError> {
    let Some(running) = reads::invitation(view, &id)? else { return Ok(Replanned::Stays(Stays::NotWaiting)) };
    let stages = &request.rules.stages;
    let stage = stages.iter().find(|stage| stage.journey == running.journey && stage.stage == running.stage);
    let Some(stage) = stage else { return Ok(Replanned::Stays(Stays::StageGone)) };
    let recorded = match &running.event {
        Some(event) => reads::event(view, event)?,
        None => None,
    };
    let occasion = match (&recorded, &running.event) {
        (Some(RecordedEvent { event, .. }), _) => Some(Occasion::Event(event)),
        (None, Some(_)) => return Ok(Replanned::Stays(Stays::OccasionGone)),
        (None, None) => fire_of(&running, stage),
    };
    let Some(occasion) = occasion else { return Ok(Replanned::Stays(Stays::OtherOccasion)) };
    let facts = reads::facts(view, seal, &running.contact)?;
    let Some(contact) = &facts.contact else { return Ok(Replanned::Stays(Stays::ContactGone)) };
    let input = PlanInput { now: request.now, occasion, contact, facts: &facts, rules: &request.rules, seal };
    let outcome = replan(&input, &running, request.by.clone());
    if let Some(changed) = outcome.changed() {
        invitations::put(view, Some(&running), changed)?;
    }
    Ok(outcome)
}
