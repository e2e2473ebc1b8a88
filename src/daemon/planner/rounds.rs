//! Plans for many arrivals as if one after the other, and stores many plans as one change.
//!
//! What is planned for an arrival may hang on what was planned for one before it: the same contact, or somebody who counts as
//! the same person. The store says which those are. So arrivals are taken in rounds: a round takes, in order, those that hang
//! on no earlier one that is not done yet, looks all of them up at once and stores their plans in one unit of work, of which
//! each plan is a part that holds or fails by itself. Whoever changes a contact meanwhile is faster: that arrival is planned
//! again in the next round, before those that wait for it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::daemon::core::Core;
use crate::plan::{Decision, Plan, RecordedEvent};
use crate::store::{Arrival, Known, Outlook, StoreError};

/// Plans made for one arrival before we give up: each time, somebody else changed the same contact in between.
const PLANS_MAX: usize = 32;
/// Plans stored at once: enough to share a flush well, few enough that whoever waits to send has the store's writer soon.
pub(super) const AT_ONCE_MAX: usize = 100;

/// What became of an arrival.
#[derive(Debug)]
pub(super) enum Taken {
    /// The event was recorded before.
    Before(RecordedEvent),
    /// It was decided now; without a decision where nothing was planned.
    Now(Vec<Decision>),
}

/// An arrival that is not done yet.
struct Open<'a> {
    place: usize,
    arrival: &'a Arc<Arrival>,
    n_plans: usize,
}

/// Arrivals that are being taken.
struct Rounds<'a, D> {
    core: &'a Core,
    decide: D,
    open: Vec<Open<'a>>,
    answers: BTreeMap<usize, Result<Taken, StoreError>>,
}

/// Takes arrivals, and says of each what became of it, in their order. `decide` plans for the one at a
/// place, if there is something to plan.
pub(super) async fn take(
    core: &Core,
    arrivals: &[Arc<Arrival>],
    decide: impl Fn(usize, &Known, DateTime<Utc>) -> Option<Plan>,
) -> Vec<Result<Taken, StoreError>> {
    let open = arrivals.iter().enumerate().map(|(place, arrival)| Open { place, arrival, n_plans: 0 }).collect();
    let mut rounds = Rounds { core, decide, open, answers: BTreeMap::new() };
    while !rounds.open.is_empty() {
        if let Err(err) = rounds.run_one().await {
            // What the store does not do for these it does not do for those behind them either.
            for place in 0..arrivals.len() {
                rounds.answers.entry(place).or_insert_with(|| Err(err.clone()));
            }
            break;
        }
    }
    let mut answers: Vec<_> = rounds.answers.into_values().collect();
    if answers.iter().any(was_before)
        && let Err(err) = core.store.confirm().await
    {
        answers.iter_mut().filter(|answer| was_before(answer)).for_each(|answer| *answer = Err(err.clone()));
    }
    answers
}

fn was_before(answer: &Result<Taken, StoreError>) -> bool {
    matches!(answer, Ok(Taken::Before(_)))
}

impl<D: Fn(usize, &Known, DateTime<Utc>) -> Option<Plan>> Rounds<'_, D> {
    /// Takes those that hang on no earlier one.
    async fn run_one(&mut self) -> Result<(), StoreError> {
        let arrivals = self.open.iter().map(|open| Arc::clone(open.arrival)).collect();
        let outlooks = self.core.store.look_up(arrivals, AT_ONCE_MAX).await?;
        let now = self.core.clock.now();
        let (mut plans, mut planned) = (Vec::new(), Vec::new());
        for (open, outlook) in std::mem::take(&mut self.open).into_iter().zip(outlooks) {
            match outlook {
                Ok(Outlook::Waits) => self.open.push(open),
                Ok(Outlook::Recorded(recorded)) => self.answer(&open, Ok(Taken::Before(recorded))),
                Ok(Outlook::Known(known)) => match (self.decide)(open.place, &known, now) {
                    Some(plan) => {
                        planned.push((open, plan.decisions.clone()));
                        plans.push(plan);
                    }
                    None => self.answer(&open, Ok(Taken::Now(Vec::new()))),
                },
                Err(err) => self.answer(&open, Err(err)),
            }
        }
        if plans.is_empty() {
            return Ok(());
        }
        let asks = plans.iter().any(|plan| !plan.invitations.is_empty());
        let applied = self.core.store.apply_plans(plans).await?;
        if asks {
            self.core.wake.everybody();
        }
        for ((open, decisions), applied) in planned.into_iter().zip(applied) {
            match applied {
                Ok(Some(recorded)) => self.answer(&open, Ok(Taken::Before(recorded))),
                Ok(None) => self.answer(&open, Ok(Taken::Now(decisions))),
                Err(StoreError::Stale) if open.n_plans + 1 < PLANS_MAX => {
                    self.open.push(Open { n_plans: open.n_plans + 1, ..open });
                }
                Err(err) => self.answer(&open, Err(err)),
            }
        }
        self.open.sort_unstable_by_key(|open| open.place);
        Ok(())
    }

    fn answer(&mut self, open: &Open<'_>, answer: Result<Taken, StoreError>) {
        self.answers.insert(open.place, answer);
    }
}
