//! Calling everybody up once per period, evenly.
//!
//! Each contact has a fixed place in the period, drawn by lot from its id. A fire calls up those whose place lies between
//! the fire before and itself, so every contact is called once per period however often the clock fires, and each fire
//! calls a share that fits the time since the last.

use chrono::{DateTime, TimeDelta, Utc};

use crate::domain::id::{ContactId, JourneyId, StageId};
use crate::domain::seal::Seal;

/// A fire of a clock that spreads its audience.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// The stage's journey.
    pub journey: &'a JourneyId,
    /// The stage.
    pub stage: &'a StageId,
    /// The fire before this one.
    pub since: DateTime<Utc>,
    /// This fire.
    pub at: DateTime<Utc>,
    /// The period.
    pub per: TimeDelta,
}

/// Whether this fire calls the contact up.
pub fn is_called(turn: &Turn<'_>, contact: &ContactId, seal: &Seal) -> bool {
    let per = turn.per.num_seconds();
    if per <= 0 || turn.at - turn.since >= turn.per {
        return true;
    }
    let lot = seal.lot(&format!("spread {}/{}", turn.journey, turn.stage), contact.as_str());
    #[expect(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "periods are at most ten years")]
    let place = (lot * per as f64) as i64;
    let since_place = (turn.at.timestamp() - place).rem_euclid(per);
    since_place < (turn.at - turn.since).num_seconds()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contact_is_called_once_per_period_and_about_evenly() {
        let seal = Seal::new(&[5; 32]);
        let (journey, stage) = (JourneyId::parse("guests").unwrap(), StageId::parse("loyalty").unwrap());
        let start = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
        let n_weeks = 13;
        let mut per_week = vec![0; n_weeks];
        for n in 0..1_300 {
            let contact = ContactId::parse(&format!("c-{n}")).unwrap();
            let calls: Vec<_> = (0..n_weeks)
                .filter(|week| {
                    let since = start + TimeDelta::weeks(i64::try_from(*week).unwrap());
                    let at = since + TimeDelta::weeks(1);
                    let turn = Turn { journey: &journey, stage: &stage, since, at, per: TimeDelta::weeks(13) };
                    is_called(&turn, &contact, &seal)
                })
                .collect();
            assert_eq!(calls.len(), 1, "{contact}");
            per_week[calls[0]] += 1;
        }
        assert!(per_week.iter().all(|n| (60..145).contains(n)), "{per_week:?}");
    }
}
