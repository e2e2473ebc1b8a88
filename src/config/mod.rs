//! What operations wrote, read and checked whole.
//!
//! [`load`] goes from files to a [`Config`] in four steps, and reports everything that is wrong, not only the first
//! thing: files become trees in which every value knows its line (`node`); the layers of `canvass.toml` become one
//! (`layers`, over the `config` crate); each tree is read into valid types, key by key (`reader`, and one module per
//! file); and what the files say of each other is looked up (`check`).
//!
//! **Invariant:** there is a [`Config`] only when there is no [`Problem`]: nobody ever runs half of what was written.
//! **Invariant:** nothing here reads the environment or the clock; both are handed in.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::id::{BranchId, JourneyId, StageId, SurveyId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Ask, Journey, Push, Stage};
use crate::domain::place::Branch;
use crate::domain::survey::Survey;
use crate::domain::tap::OneTap;

pub mod settings;

mod files;
mod loading;
mod problem;
pub mod shipped;
mod tests_block;
mod thanks;

mod layers;
mod node;

mod mailbox;
mod reader;
mod secrets;
mod values;
mod webhooks;
mod words;

mod abuse;
mod breaker;
mod cards_section;
mod dkim_section;
mod email_section;
mod quiet_hours;
mod settings_file;
mod sms_section;

mod journeys;
mod line_up;
mod places;
mod questions;
mod surveys;
mod triggers;

mod check;
mod references;

#[cfg(test)]
mod tests;

use settings::Settings;

pub use files::{FILE_BYTES_MAX, FILES_MAX, Files, Folder, InMemory};
pub use loading::{Loaded, load, load_from};
pub use problem::{Place, Problem, Spot};
pub use tests_block::{Expected, JourneyTest};

/// A configuration without a problem in it.
#[derive(Clone, Debug)]
pub struct Config {
    /// `canvass.toml` and what is layered over it.
    pub settings: Settings,
    /// `places.toml`.
    pub branches: BTreeMap<BranchId, Branch>,
    /// `surveys/*.toml`.
    pub surveys: BTreeMap<SurveyId, Survey>,
    /// The surveys among them that are asked whole by text message, rather than their key question alone.
    pub asked_whole: BTreeSet<SurveyId>,
    /// `journeys/*.toml`.
    pub journeys: BTreeMap<JourneyId, Journey>,
}

impl Config {
    /// Whether taps on ratings in mails of this invitation are kept.
    pub fn keeps_taps(&self, invitation: &Invitation) -> bool {
        let stage = self.stage(&invitation.journey, &invitation.stage);
        matches!(stage.map(|stage| &stage.ask), Some(Ask::Push(push)) if push.one_tap == OneTap::Provisional)
    }

    /// The stage of that name.
    pub fn stage(&self, journey: &JourneyId, stage: &StageId) -> Option<&Stage> {
        self.journeys.get(journey)?.stages.iter().find(|known| known.id == *stage)
    }

    /// Every stage that invites people, with its journey, in the order of the files.
    pub fn pushes(&self) -> impl Iterator<Item = (&Journey, &Stage, &Push)> {
        self.journeys.values().flat_map(|journey| {
            journey.stages.iter().filter_map(move |stage| match &stage.ask {
                Ask::Push(push) => Some((journey, stage, push)),
                Ask::Pull(_) => None,
            })
        })
    }
}
