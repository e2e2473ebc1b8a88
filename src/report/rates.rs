//! Response rates: sums of counters by dimension (METRICS §4).
//!
//! A case counts once in the whole and once in every channel that reached it, while its answer counts only where the link
//! came from. So the answers of the channels add up to the whole and their bases do not; nothing here adds a base up.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::aapor::Outcomes;
use super::by::{By, Labels, Values, labels};
use super::share::{Base, Share};
use super::surface::{self, SurfaceRow};
use super::tally::{Cell, Counts, SurfaceCell, SurfaceTally, Tally};
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::domain::journey::Channel;

/// What the figures mean. Another meaning is another version, and a trend line breaks there.
pub const DEFINITION_VERSION: u32 = 1;
/// Which cases a period takes.
pub const BASIS: &str = "cohort of first send";
/// What to know before adding channels up.
pub const BASES_OVERLAP: &str = "a case reached by two channels is in the base of both and its answer is in one: \
                                 numerators add up, denominators do not";

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatesQuery {
    /// What to split by, in this order. Nothing gives the total alone.
    pub by: Vec<By>,
    /// The first day of the cohorts.
    pub from: NaiveDate,
    /// The day after their last.
    pub to: NaiveDate,
    /// When it is asked: windows that close later make a rate provisional.
    pub as_of: DateTime<Utc>,
    /// Only this journey.
    pub journey: Option<JourneyId>,
    /// Only this stage.
    pub stage: Option<StageId>,
    /// Only this branch.
    pub branch: Option<BranchId>,
}

impl RatesQuery {
    /// Whether the cohort is asked for.
    pub fn takes(&self, cell: &Cell) -> bool {
        self.takes_day(cell.day)
            && self.journey.as_ref().is_none_or(|journey| *journey == cell.journey)
            && self.stage.as_ref().is_none_or(|stage| *stage == cell.stage)
            && self.branch.as_ref().is_none_or(|branch| cell.branch.as_ref() == Some(branch))
    }

    /// Whether the visits are asked for. They belong to no journey and no stage.
    pub fn takes_visits_of(&self, cell: &SurfaceCell) -> bool {
        self.takes_visits()
            && self.takes_day(cell.day)
            && self.branch.as_ref().is_none_or(|branch| *branch == cell.branch)
    }

    /// Whether any visits are asked for.
    pub fn takes_visits(&self) -> bool {
        self.journey.is_none() && self.stage.is_none()
    }

    fn takes_day(&self, day: NaiveDate) -> bool {
        self.from <= day && day < self.to
    }
}

/// Response rates, and beside them the rates of surfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatesReport {
    /// What was asked for.
    pub query: RatesQuery,
    /// Every case once.
    pub total: Row,
    /// Split, in the order of the labels; what has no label comes last.
    pub rows: Vec<Row>,
    /// Visits to surfaces, which are no cases and in no total.
    pub surfaces: Vec<SurfaceRow>,
}

/// The cases of a row and what came of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// What sets the row apart; empty for the total.
    pub labels: Labels,
    /// What its cases have in common.
    pub scope: Scope,
    /// The counters.
    pub counts: Counts,
    /// Whether a window is open at the time of the report, so that the rates may still move.
    pub provisional: bool,
}

/// Which counters a row holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Cases, each once.
    Whole,
    /// Cases of one channel: those that it reached.
    Channel,
}

/// Of some delivered cases, those answered by the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Delivered.
    pub n: i64,
    /// Answered.
    pub answered: i64,
}

/// Sums the cells up.
pub fn rates(query: &RatesQuery, cells: &[(Cell, Tally)], surfaces: &[(SurfaceCell, SurfaceTally)]) -> RatesReport {
    let by_channel = query.by.contains(&By::Channel);
    let mut total = Sum::default();
    let mut groups = BTreeMap::<Values<'_>, Sum>::new();
    for (cell, tally) in cells.iter().filter(|(cell, _)| query.takes(cell)) {
        let open = tally.closes_at.is_some_and(|closes_at| closes_at > query.as_of);
        let mut add = |channel: Option<Channel>, counts: &Counts| {
            if *counts != Counts::default() {
                let values = query.by.iter().map(|by| by.of_cell(cell, channel)).collect();
                groups.entry(values).or_default().add(counts, open);
            }
        };
        if by_channel {
            for channel in Channel::ALL {
                add(Some(channel), tally.of(channel));
            }
        } else if !query.by.is_empty() {
            add(None, &tally.all);
        }
        total.add(&tally.all, open);
    }
    let scope = if by_channel { Scope::Channel } else { Scope::Whole };
    let row = |(values, sum): (Values<'_>, Sum)| sum.row(scope, labels(&query.by, values));
    let mut rows: Vec<Row> = groups.into_iter().map(row).collect();
    rows.sort_by(|a, b| labels_last(&a.labels, &b.labels));
    RatesReport {
        query: query.clone(),
        total: total.row(Scope::Whole, Labels::new()),
        rows,
        surfaces: surface::rows(query, surfaces),
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    counts: Counts,
    provisional: bool,
}

impl Sum {
    fn add(&mut self, counts: &Counts, open: bool) {
        self.counts += *counts;
        // A case that was never sent has no window, whatever the others of its cell have.
        self.provisional |= open && counts.attempted + counts.ineligible > 0;
    }

    fn row(self, scope: Scope, labels: Labels) -> Row {
        Row { labels, scope, counts: self.counts, provisional: self.provisional }
    }
}

/// By label; what has none comes last.
pub(super) fn labels_last(a: &Labels, b: &Labels) -> Ordering {
    let key = |labels: &Labels| labels.iter().map(|(_, value)| (value.is_none(), value.clone())).collect::<Vec<_>>();
    key(a).cmp(&key(b))
}

/// A counter as a count. Counters are sums of what cases add and so never negative.
pub(super) fn natural(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0)
}

impl Row {
    /// The base of the row: cases that were sent to, in a channel those that it reached. Ineligible ones are none.
    pub fn cases(&self) -> i64 {
        match self.scope {
            Scope::Whole => self.counts.delivered + self.counts.undelivered + self.counts.unknown,
            Scope::Channel => self.counts.delivered,
        }
    }

    /// Delivered and no word from the customer in time.
    pub fn no_response(&self) -> i64 {
        let counts = &self.counts;
        counts.delivered - counts.complete - counts.partial - counts.break_off - counts.refusal
    }

    /// Tried and refused: in a channel perhaps delivered by another, in the whole by none.
    pub fn not_delivered(&self) -> i64 {
        self.counts.attempted - self.counts.delivered - self.counts.unknown
    }

    /// The final dispositions. In a channel, what it did not deliver is unknown.
    pub fn outcomes(&self) -> Outcomes {
        let counts = &self.counts;
        Outcomes {
            complete: natural(counts.complete),
            partial: natural(counts.partial),
            refusal: natural(counts.break_off + counts.refusal),
            no_contact: natural(self.no_response()),
            other: 0,
            unknown: natural(counts.attempted - counts.delivered),
            ineligible: natural(counts.ineligible),
        }
    }

    /// Answered of delivered: the headline (RR6).
    pub fn rr_delivered(&self) -> Share {
        self.outcomes().rr6()
    }

    /// Answered of sent, bounces included (RR2).
    pub fn rr_sent(&self) -> Share {
        self.outcomes().rr2()
    }

    /// Sent of the occasions that could have been. `None` for a channel: a case that was never sent belongs to none.
    pub fn coverage(&self) -> Option<Share> {
        let sent = natural(self.counts.attempted + self.counts.ineligible);
        match self.scope {
            Scope::Whole => Some(Share::sampling(sent, sent + natural(self.counts.suppressed))),
            Scope::Channel => None,
        }
    }

    /// The cases whose first message went by this channel; `None` in the whole.
    pub fn first_contact(&self) -> Option<Contact> {
        let contact = Contact { n: self.counts.first_delivered, answered: self.counts.first_answered };
        (self.scope == Scope::Channel).then_some(contact)
    }

    /// The cases where this channel came after another, which had brought no answer; `None` in the whole.
    pub fn fallback(&self) -> Option<Contact> {
        let contact = Contact { n: self.counts.fallback_delivered, answered: self.counts.fallback_answered };
        (self.scope == Scope::Channel).then_some(contact)
    }

    /// How much the headline can carry.
    pub fn base(&self) -> Base {
        self.rr_delivered().base()
    }

    /// The counters under their names, in the order in which they are written down.
    pub fn counters(&self) -> [(&'static str, i64); 12] {
        let counts = &self.counts;
        [
            ("cases", self.cases()),
            ("delivered", counts.delivered),
            ("undelivered", counts.undelivered),
            ("complete", counts.complete),
            ("partial", counts.partial),
            ("break_off", counts.break_off),
            ("refusal", counts.refusal),
            ("no_response", self.no_response()),
            ("late", counts.late),
            ("ineligible", counts.ineligible),
            ("suppressed", counts.suppressed),
            ("unknown", counts.unknown),
        ]
    }

    /// The further rates under the names of METRICS §4.2, in the order in which they are written down.
    pub fn detail(&self) -> [(&'static str, Option<Share>); 9] {
        let outcomes = self.outcomes();
        [
            ("deliverability", Some(outcomes.deliverability())),
            ("coverage", self.coverage()),
            ("rr_complete", Some(outcomes.rr1())),
            ("rr5", Some(outcomes.rr5())),
            ("rr6", Some(outcomes.rr6())),
            ("e", Some(outcomes.e())),
            ("con1", Some(outcomes.con1())),
            ("coop2", Some(outcomes.coop2())),
            ("ref1", Some(outcomes.ref1())),
        ]
    }
}
