//! What would happen, by day, branch, stage and channel.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::events::{Event, What, events};
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::price::{Currency, Price};

/// What would happen in a stretch of time.
#[derive(Clone, Debug)]
pub struct Outlook {
    /// Its beginning.
    pub from: DateTime<Utc>,
    /// Its end, which is not in it.
    pub to: DateTime<Utc>,
    /// By day, branch, stage and channel.
    pub rows: BTreeMap<Place, Figures>,
    /// All of it.
    pub total: Figures,
}

/// Where something would happen. Days are those of the branch.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// On which day.
    pub day: NaiveDate,
    /// For which branch, where it belongs to one.
    pub branch: Option<BranchId>,
    /// In which journey.
    pub journey: JourneyId,
    /// At which stage.
    pub stage: StageId,
    /// By which channel.
    pub channel: Channel,
}

/// How much would happen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Messages that leave.
    pub n_sends: u64,
    /// Messages that are put off, by the word for why.
    pub deferrals: BTreeMap<&'static str, u64>,
    /// Messages that are left out, by the word for why.
    pub skips: BTreeMap<&'static str, u64>,
    /// Segments of text messages.
    pub n_segments: u64,
    /// Those of them of which nobody said what they cost.
    pub n_segments_unpriced: u64,
    /// What the others cost, in millionths.
    pub cost: BTreeMap<Currency, u64>,
}

/// What a text message takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Takes {
    /// Segments.
    pub n_segments: u32,
    /// What each costs, where that is known.
    pub price: Option<Price>,
}

impl Figures {
    /// What the segments cost, currency by currency.
    pub fn costs(&self) -> impl Iterator<Item = Price> {
        self.cost.iter().map(|(currency, millionths)| Price { millionths: *millionths, currency: *currency })
    }

    fn add(&mut self, what: What, takes: Option<Takes>) {
        match what {
            What::Sent { .. } => self.n_sends += 1,
            What::PutOff { reason } => *self.deferrals.entry(reason).or_default() += 1,
            What::LeftOut { reason } => *self.skips.entry(reason).or_default() += 1,
        }
        let Some(Takes { n_segments, price }) = takes else { return };
        self.n_segments += u64::from(n_segments);
        match price.map(|price| price.times(u64::from(n_segments))) {
            Some(cost) => {
                let sum = self.cost.entry(cost.currency).or_default();
                *sum = sum.saturating_add(cost.millionths);
            }
            None => self.n_segments_unpriced += u64::from(n_segments),
        }
    }
}

impl Outlook {
    /// Of a stretch in which nothing happens yet.
    pub fn of(from: DateTime<Utc>, to: DateTime<Utc>) -> Self {
        Self { from, to, rows: BTreeMap::new(), total: Figures::default() }
    }

    /// Adds what came about between two states of an invitation. `takes` says what a message of it takes, by its number.
    pub fn add(&mut self, before: Option<&Invitation>, after: &Invitation, takes: impl Fn(u8) -> Option<Takes>) {
        for Event { at, channel, what } in events(before, after) {
            let place = Place {
                day: at.with_timezone(&after.zone).date_naive(),
                branch: after.branch.clone(),
                journey: after.journey.clone(),
                stage: after.stage.clone(),
                channel,
            };
            let takes = match what {
                What::Sent { attempt, .. } => takes(attempt),
                What::PutOff { .. } | What::LeftOut { .. } => None,
            };
            self.rows.entry(place).or_default().add(what, takes);
            self.total.add(what, takes);
        }
    }
}
