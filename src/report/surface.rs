//! Rates of surfaces, where people come by and nobody is invited (METRICS §4.4).
//!
//! There is no response rate without an invitation. There is a share of visits that ended in an answer, and, only where
//! somebody counted the people who could have answered, a share of those. Neither ever shares a column with a response
//! rate.

use std::collections::BTreeMap;

use super::by::{By, Labels, Values, labels};
use super::rates::{RatesQuery, labels_last, natural};
use super::share::{Base, Share};
use super::tally::{SurfaceCell, SurfaceTally};
use crate::domain::place::Surface;

/// Why there is no participation where no exposure was counted; never 0 % and never 100 %.
pub const NO_EXPOSURE: &str = "not available: no exposure recorded";

/// The visits to one kind of surface, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SurfaceRow {
    /// The kind of surface. Kinds are never summed up: a visit to a card is not a tap on a kiosk.
    pub surface: Surface,
    /// Those dimensions of the report that a visit has: the branch and the day, week or month.
    pub labels: Labels,
    /// The counts.
    pub tally: SurfaceTally,
}

impl SurfaceRow {
    /// Answered, fully or in part, of the visits of people.
    pub fn completion(&self) -> Share {
        Share::nominal(answered(&self.tally), natural(self.tally.sessions))
    }

    /// How much the completion can carry.
    pub fn base(&self) -> Base {
        self.completion().base()
    }
}

/// Answered, fully or in part, of those who could have: covers, receipts or visitors of the branch. `None` when nobody
/// counted them.
pub fn participation(tally: &SurfaceTally, exposure: Option<u64>) -> Option<Share> {
    let exposure = exposure.filter(|&exposure| exposure > 0)?;
    Some(Share::nominal(answered(tally), exposure))
}

fn answered(tally: &SurfaceTally) -> u64 {
    natural(tally.complete) + natural(tally.partial)
}

/// The rows of the visits that the query takes, by surface and then by those of its dimensions that visits have.
pub(super) fn rows(query: &RatesQuery, surfaces: &[(SurfaceCell, SurfaceTally)]) -> Vec<SurfaceRow> {
    let dimensions: Vec<By> = query.by.iter().copied().filter(|by| is_of_visits(*by)).collect();
    let mut groups = BTreeMap::<(Surface, Values<'_>), SurfaceTally>::new();
    for (cell, tally) in surfaces.iter().filter(|(cell, _)| query.takes_visits_of(cell)) {
        if *tally != SurfaceTally::default() {
            let values = dimensions.iter().map(|by| by.of_surface(cell)).collect();
            *groups.entry((cell.surface, values)).or_default() += *tally;
        }
    }
    let row = |((surface, values), tally): ((Surface, Values<'_>), SurfaceTally)| {
        let labels = labels(&dimensions, values);
        SurfaceRow { surface, labels, tally }
    };
    let mut rows: Vec<SurfaceRow> = groups.into_iter().map(row).collect();
    rows.sort_by(|a, b| a.surface.as_str().cmp(b.surface.as_str()).then_with(|| labels_last(&a.labels, &b.labels)));
    rows
}

fn is_of_visits(by: By) -> bool {
    match by {
        By::Branch | By::Day | By::Week | By::Month => true,
        By::Channel | By::Stage | By::Journey => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(surface: Surface, tally: SurfaceTally) -> SurfaceRow {
        SurfaceRow { surface, labels: Labels::new(), tally }
    }

    #[test]
    fn a_card_has_a_completion_and_with_exposure_a_participation() {
        let tally = SurfaceTally { sessions: 54, complete: 31, partial: 4, flagged: 0 };
        let completion = row(Surface::Card, tally).completion();
        assert_eq!((completion.hits, completion.n), (35, 54));
        assert!((completion.value().unwrap() - 0.6481).abs() < 0.000_05);
        assert_eq!(completion.kind.as_str(), "nominal");
        let share = participation(&tally, Some(420)).unwrap();
        assert!((share.value().unwrap() - 0.0833).abs() < 0.000_05);
    }

    #[test]
    fn taps_on_a_kiosk_are_a_share_of_the_footfall() {
        let tally = SurfaceTally { sessions: 258, complete: 258, partial: 0, flagged: 0 };
        assert_eq!(participation(&tally, Some(2150)).unwrap().value(), Some(0.12));
    }

    #[test]
    fn without_exposure_there_is_no_participation() {
        let tally = SurfaceTally { sessions: 54, complete: 31, partial: 4, flagged: 0 };
        assert_eq!(participation(&tally, None), None);
        assert_eq!(participation(&tally, Some(0)), None);
    }

    #[test]
    fn more_answers_than_visits_make_no_rate() {
        let tally = SurfaceTally { sessions: 2, complete: 3, partial: 0, flagged: 0 };
        assert_eq!(row(Surface::Web, tally).completion().value(), None);
    }
}
