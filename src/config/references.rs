//! What one part of the configuration says about another, to be looked up when everything has been read.
//!
//! While files are read, nobody knows yet what the others declare. A reader notes each reference with its place, and
//! [`check`](super::check) resolves them all at the end, so the order of files does not matter.

use std::cell::RefCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::domain::id::{BranchId, JourneyId, StageId, SurveyId};
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::send_window::SendWindow;

use super::problem::{Problems, Spot};
use super::words::Words;

/// What is referred to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// A survey.
    Survey(SurveyId),
    /// A branch.
    Branch(BranchId),
    /// A stage of a journey.
    Stage(JourneyId, StageId),
    /// A channel of `canvass.toml`.
    Channel(Channel),
    /// A gateway of `canvass.toml`.
    Gateway(String),
    /// Hours of the week in which messages of a channel may leave.
    Hours {
        /// The channel.
        channel: Channel,
        /// What the stage says.
        send: SendWindow,
    },
    /// A gateway that sends as a name of letters in this country. `None` is the default gateway.
    LettersAllowedIn {
        /// ISO 3166 alpha-2.
        country: String,
        /// The gateway of the branch.
        gateway: Option<String>,
    },
}

/// What was declared and referred to so far, and what everything is read with.
#[derive(Debug)]
pub(super) struct Ledger<'a> {
    /// Where problems go.
    pub(super) problems: &'a Problems,
    /// The daemon's language.
    pub(super) language: Language,
    /// The daemon's time zone.
    pub(super) time_zone: Tz,
    /// The time at which the configuration is read: schedules are looked at from here.
    pub(super) now: DateTime<Utc>,
    declared: RefCell<BTreeMap<(&'static str, String), Spot>>,
    references: RefCell<Vec<(Spot, Target)>>,
}

impl<'a> Ledger<'a> {
    /// An empty one.
    pub(super) fn new(problems: &'a Problems, language: Language, time_zone: Tz, now: DateTime<Utc>) -> Self {
        Self { problems, language, time_zone, now, declared: RefCell::default(), references: RefCell::default() }
    }

    /// Texts in the daemon's language.
    pub(super) fn words(&self) -> Words {
        Words::plain_in(&self.language)
    }

    /// Notes that something exists. The same `kind` and name twice is a problem that names both places.
    pub(super) fn declare(&self, kind: &'static str, name: &str, spot: Spot) {
        let mut declared = self.declared.borrow_mut();
        if let Some(first) = declared.get(&(kind, name.to_owned())) {
            let message = format!("there is a {kind} `{name}` already, at {}", first.place);
            self.problems.report(spot.problem(message));
        } else {
            declared.insert((kind, name.to_owned()), spot);
        }
    }

    /// Every name of a kind that was declared, right or wrong.
    pub(super) fn names(&self, kind: &str) -> Vec<String> {
        let declared = self.declared.borrow();
        declared.keys().filter(|(known, _)| *known == kind).map(|(_, name)| name.clone()).collect()
    }

    /// Notes that something must exist.
    pub(super) fn refer(&self, spot: Spot, target: Target) {
        self.references.borrow_mut().push((spot, target));
    }

    /// Every reference.
    pub(super) fn into_references(self) -> Vec<(Spot, Target)> {
        self.references.into_inner()
    }
}
