//! What operations allow a stage, as far as the gate keeps it.
//!
//! The gate goes by the configuration that is in force, also for what was planned under an earlier one: a limit that is
//! tightened holds at once.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::id::{JourneyId, StageId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Cap, LATE_MAX, Push};

/// The limits of one stage.
#[derive(Clone, Debug, PartialEq)]
pub struct StageLimits {
    /// How often the stage may ask one person.
    pub cap: Option<Cap>,
    /// How much later than it was due a message may still leave.
    pub late_max: TimeDelta,
}

impl StageLimits {
    /// Of a stage that is no longer configured: what holds where nothing is said.
    pub const UNSAID: Self = Self { cap: None, late_max: LATE_MAX };

    /// Those that a stage's rules set.
    pub fn of(push: &Push) -> Self {
        Self { cap: push.cap, late_max: push.late_max }
    }
}

/// The limits of every stage.
#[derive(Clone, Debug, Default)]
pub struct AllStageLimits(BTreeMap<JourneyId, BTreeMap<StageId, StageLimits>>);

impl AllStageLimits {
    /// Of the stage that an invitation belongs to.
    pub fn of(&self, invitation: &Invitation) -> &StageLimits {
        let known = self.0.get(&invitation.journey).and_then(|stages| stages.get(&invitation.stage));
        known.unwrap_or(const { &StageLimits::UNSAID })
    }
}

impl<'a> FromIterator<(&'a JourneyId, &'a StageId, &'a Push)> for AllStageLimits {
    fn from_iter<I: IntoIterator<Item = (&'a JourneyId, &'a StageId, &'a Push)>>(stages: I) -> Self {
        let mut all = Self::default();
        for (journey, stage, push) in stages {
            all.0.entry(journey.clone()).or_default().insert(stage.clone(), StageLimits::of(push));
        }
        all
    }
}
