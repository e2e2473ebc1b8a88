//! Plans a running invitation anew, on the configuration that is in force.
//!
//! An invitation keeps the line-up, hours, window and survey that it was planned with, whatever operations write later. This
//! is the one way to move it: the same decision as at first, on the same occasion, by the rules of today. Only what was not
//! sent yet can be moved, as a reminder under other rules than its first message would be neither the one nor the other.

use super::{Occasion, PlanInput, StageRules, ask, blank_invitation, meets_conditions};
use crate::domain::invitation::{Happening, Invitation, Note, State};
use crate::domain::operator::Operator;
use crate::domain::reason::SkipReason;

/// What becomes of a running invitation.
#[derive(Clone, Debug, PartialEq)]
pub enum Replanned {
    /// It goes on under the configuration of today.
    Moved(Box<Invitation>),
    /// Under the configuration of today it is not asked.
    Dropped(Box<Invitation>, SkipReason),
    /// It stands on the configuration of today already.
    Unchanged,
    /// It stays on the configuration that planned it.
    Stays(Stays),
}

impl Replanned {
    /// The invitation as it is to be stored, if it changes.
    pub fn changed(&self) -> Option<&Invitation> {
        match self {
            Self::Moved(changed) | Self::Dropped(changed, _) => Some(changed),
            Self::Unchanged | Self::Stays(_) => None,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Moved(_) => "moved",
            Self::Dropped(..) => "dropped",
            Self::Unchanged => "unchanged",
            Self::Stays(_) => "stays",
        }
    }
}

/// Why an invitation stays on the configuration that planned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Stays {
    /// There is no invitation of that id, or it does not wait for its first message.
    #[error("it does not wait for its first message")]
    NotWaiting,
    /// Nobody invites at this stage any more.
    #[error("its stage is no longer configured")]
    StageGone,
    /// The stage is set off by something else than what set this one off.
    #[error("its stage is set off by something else now")]
    OtherOccasion,
    /// What set it off is no longer on record.
    #[error("what set it off is no longer on record")]
    OccasionGone,
    /// The contact is gone.
    #[error("the contact no longer exists")]
    ContactGone,
}

impl Stays {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotWaiting => "not_waiting",
            Self::StageGone => "stage_gone",
            Self::OtherOccasion => "other_occasion",
            Self::OccasionGone => "occasion_gone",
            Self::ContactGone => "contact_gone",
        }
    }
}

/// Whether a running invitation can be planned anew.
pub fn may_be_replanned(invitation: &Invitation) -> bool {
    matches!(invitation.state, State::Waiting { .. }) && invitation.attempts.is_empty()
}

/// Decides anew; `input` is what happened then, with what is known today.
pub fn replan(input: &PlanInput<'_>, running: &Invitation, by: Operator) -> Replanned {
    if !may_be_replanned(running) {
        return Replanned::Stays(Stays::NotWaiting);
    }
    let is_its = |stage: &&StageRules| stage.journey == running.journey && stage.stage == running.stage;
    let Some(stage) = input.rules.stages.iter().find(is_its) else { return Replanned::Stays(Stays::StageGone) };
    let Some(is_met) = meets_conditions(input, stage) else { return Replanned::Stays(Stays::OtherOccasion) };
    let blank = anew(input, stage, running);
    if is_met && has_the_terms_of(running, &blank) {
        return Replanned::Unchanged;
    }
    let note = |what| Note { at: input.now, what };
    let before = running.history.iter().cloned().chain([note(Happening::Replanned { by })]);
    match if is_met { ask(input, stage, &blank, &[]) } else { Err(SkipReason::ConditionNotMet) } {
        Ok(asked) => {
            let moved = asked.on(blank, input.now);
            let history = before.chain(moved.history).collect();
            Replanned::Moved(Box::new(Invitation { history, ..moved }.bounded()))
        }
        Err(reason) => {
            let history = before.chain([note(Happening::Skipped { reason })]).collect();
            let state = State::Skipped { at: input.now, reason };
            Replanned::Dropped(Box::new(Invitation { state, history, ..blank }.bounded()), reason)
        }
    }
}

/// The invitation as it would be planned today: of the same occasion, with the same place in the order of planning, and for
/// the branch where it happened.
fn anew(input: &PlanInput<'_>, stage: &StageRules, running: &Invitation) -> Invitation {
    let gate = &input.rules.gate;
    let branch = running.branch.as_ref().and_then(|id| gate.branches.get(id));
    let zone = branch.map_or(gate.default_zone, |branch| branch.zone);
    let (branch, planned_at) = (running.branch.clone(), running.planned_at);
    Invitation { id: running.id, branch, zone, planned_at, ..blank_invitation(input, stage) }
}

/// Whether it was planned as it would be today.
fn has_the_terms_of(running: &Invitation, today: &Invitation) -> bool {
    let Invitation { level, zone, survey, version, ask_before, window, send, line_up, priority, .. } = today;
    let is_same = running.level == *level
        && running.zone == *zone
        && running.survey == *survey
        && running.version == *version
        && running.ask_before == *ask_before;
    is_same
        && running.window == *window
        && running.send == *send
        && running.line_up == *line_up
        && running.priority == *priority
}

/// The occasion of an invitation that a clock called up.
pub fn fire_of<'a>(running: &'a Invitation, stage: &StageRules) -> Option<Occasion<'a>> {
    use crate::domain::journey::Trigger;
    match &stage.push.trigger {
        Trigger::Cron(clock) => Some(Occasion::Fire {
            journey: &running.journey,
            stage: &running.stage,
            nominal: &running.occasion,
            at: clock.schedule.instant_of(clock.time_zone, &running.occasion)?,
        }),
        Trigger::Event { .. } => None,
    }
}
