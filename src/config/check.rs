//! Looks up what the files say about each other.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::domain::country::Country;
use crate::domain::id::BranchId;
use crate::domain::journey::Channel;
use crate::domain::openings::{Opening, Times, all_open};
use crate::domain::place::Branch;
use crate::domain::send_window::SendWindow;

use super::problem::{Problems, Spot};
use super::quiet_hours;
use super::reader::closest;
use super::references::{Ledger, Target};
use super::settings_file::Known;
use super::sms_section::{SenderId, no_such_gateway};

/// The files that could be read. What the others declare is not known, so nothing is said about it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Complete {
    /// `canvass.toml` and what is laid over it.
    pub(super) settings: bool,
    /// `places.toml`.
    pub(super) places: bool,
    /// Every survey.
    pub(super) surveys: bool,
}

/// Reports every reference to something that does not exist.
pub(super) fn check(ledger: Ledger<'_>, known: &Known, places: &BTreeMap<BranchId, Branch>, complete: Complete) {
    let lookup = Lookup {
        problems: ledger.problems,
        now: ledger.now,
        places,
        surveys: ledger.names("survey"),
        branches: ledger.names("branch"),
        stages: ledger.names("stage"),
        known,
    };
    for (spot, target) in ledger.into_references() {
        match target {
            Target::Survey(id) if complete.surveys => lookup.name(&spot, "survey", id.as_str(), &lookup.surveys),
            Target::Branch(id) if complete.places => lookup.name(&spot, "branch", id.as_str(), &lookup.branches),
            Target::Stage(journey, stage) => lookup.stage(&spot, journey.as_str(), stage.as_str()),
            Target::Channel(channel) if complete.settings => lookup.channel(&spot, channel),
            Target::Gateway(name) if complete.settings => lookup.gateway(&spot, &name),
            Target::Hours { channel, send } if complete.settings && complete.places => {
                lookup.hours(&spot, channel, send);
            }
            Target::LettersAllowedIn { country, gateway } if complete.settings => {
                lookup.letters(&spot, &country, gateway.as_ref());
            }
            Target::Survey(_)
            | Target::Branch(_)
            | Target::Channel(_)
            | Target::Gateway(_)
            | Target::Hours { .. }
            | Target::LettersAllowedIn { .. } => {}
        }
    }
}

struct Lookup<'a> {
    problems: &'a Problems,
    now: DateTime<Utc>,
    places: &'a BTreeMap<BranchId, Branch>,
    surveys: Vec<String>,
    branches: Vec<String>,
    stages: Vec<String>,
    known: &'a Known,
}

impl Lookup<'_> {
    fn name(&self, spot: &Spot, kind: &str, name: &str, known: &[String]) {
        if known.iter().any(|known| known == name) {
            return;
        }
        let meant = closest(name, known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
        let known = if known.is_empty() { "there are none".to_owned() } else { format!("known: {}", known.join(", ")) };
        self.problems.report(spot.problem(format!("there is no {kind} `{name}`{meant} ({known})")));
    }

    fn stage(&self, spot: &Spot, journey: &str, stage: &str) {
        let of_journey = |name: &String| name.strip_prefix(journey)?.strip_prefix('/').map(str::to_owned);
        let known: Vec<_> = self.stages.iter().filter_map(of_journey).collect();
        self.name(spot, "stage", stage, &known);
    }

    fn channel(&self, spot: &Spot, channel: Channel) {
        let (configured, section) = match channel {
            Channel::Email => (self.known.email, "[email] with `from`"),
            Channel::Sms => (self.known.sms, "[sms]"),
        };
        if !configured {
            let channel = channel.as_str();
            self.problems.report(spot.problem(format!("`{channel}` is not set up: add {section} to canvass.toml")));
        }
    }

    fn gateway(&self, spot: &Spot, name: &str) {
        if !self.known.gateways.contains_key(name) {
            self.problems.report(spot.problem(no_such_gateway(name, self.known.gateways.keys())));
        }
    }

    /// Where the stage's hours and those of a branch's country never meet, nobody there would ever be written to.
    fn hours(&self, spot: &Spot, channel: Channel, send: SendWindow) {
        let end = self.now + quiet_hours::SEARCH;
        let never_meet = |branch: &&Branch| {
            let (zone, country) = (branch.time_zone, branch.country.as_deref());
            let country = country.and_then(|letters| Country::parse(letters).ok());
            self.known.quiet_hours.on(channel).of(country).is_some_and(|hours| {
                let own = Opening { zone, times: Times::Window(send) };
                let openings: Vec<_> = hours.in_all(&[zone]).chain([own]).collect();
                all_open(&openings, self.now, end).is_none_or(|at| end <= at)
            })
        };
        let Some(branch) = self.places.values().find(never_meet) else { return };
        let of = branch.country.as_deref().unwrap_or("`other` countries");
        self.problems.report(spot.problem(format!(
            "no message by {} could ever leave for branch `{}`: these hours and the quiet hours of {of} never meet",
            channel.as_str(),
            branch.id
        )));
    }

    fn letters(&self, spot: &Spot, country: &str, gateway: Option<&String>) {
        let Some(name) = gateway.or(self.known.gateway.as_ref()) else { return };
        if self.known.gateways.get(name) == Some(&SenderId::Letters) {
            self.problems.report(spot.problem(format!(
                "gateway `{name}` sends under a name, which networks in {country} refuse; give this branch an \
                 `sms_gateway` that sends from a number"
            )));
        }
    }
}
