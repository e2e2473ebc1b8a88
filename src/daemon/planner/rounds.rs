//! Plans for many arrivals as if one after the other, and stores many plans as one change.
//!
//! What is planned for an arrival may hang on what was planned for one before it: the same contact, or somebody who counts as
//! the same person. The store says which those are. So arrivals are taken in rounds: a round takes, in order, those that hang
//! on no earlier one that is not done yet, looks all of them up at once and stores their plans in one unit of work, of which
//! each plan is a part that holds or fails by itself. Whoever changes a contact meanwhile is faster: that arrival is planned
//! again, before those that wait for it.
//!
//! While the plans of one round are stored the next is looked up, of what hangs on none of those either.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::daemon::core::Core;
use crate::plan::{Decision, Plan, RecordedEvent};
use crate::store::{Arrival, Known, LookUp, Outlook, StoreError};

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

/// An arrival whose plan is being stored, and what it says.
type Planned<'a> = (Open<'a>, Vec<Decision>);
/// What was looked up of an arrival.
type LookedUp<'a> = (Open<'a>, Result<Outlook, StoreError>);

/// Arrivals that are being taken.
struct Rounds<'a, D> {
    core: &'a Core,
    decide: D,
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
    let mut rounds = Rounds { core, decide, answers: BTreeMap::new() };
    if let Err(err) = rounds.run(open).await {
        // What the store does not do for one it does not do for those behind it either.
        for place in 0..arrivals.len() {
            rounds.answers.entry(place).or_insert_with(|| Err(err.clone()));
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

impl<'a, D: Fn(usize, &Known, DateTime<Utc>) -> Option<Plan>> Rounds<'a, D> {
    async fn run(&mut self, mut open: Vec<Open<'a>>) -> Result<(), StoreError> {
        while !open.is_empty() {
            let mut looked_up = self.look_up(open, &[]).await?;
            // While the plans of one round are stored, the next is looked up.
            loop {
                let (planned, plans);
                (open, planned, plans) = self.decide_all(looked_up);
                if plans.is_empty() {
                    break;
                }
                let asks = plans.iter().any(|plan| !plan.invitations.is_empty());
                let (applied, next) = tokio::join!(self.core.store.apply_plans(plans), self.look_up(open, &planned));
                let stale = self.answer_all(planned, applied?);
                if asks {
                    self.core.wake.everybody();
                }
                looked_up = next?;
                looked_up.extend(stale.into_iter().map(|stale| (stale, Ok(Outlook::Waits))));
                looked_up.sort_unstable_by_key(|(open, _)| open.place);
            }
        }
        Ok(())
    }

    /// Looks up those that hang on no earlier one, nor on those whose plans are being stored.
    async fn look_up(&self, open: Vec<Open<'a>>, planned: &[Planned<'a>]) -> Result<Vec<LookedUp<'a>>, StoreError> {
        if open.is_empty() {
            return Ok(Vec::new());
        }
        let arrivals = open.iter().map(|open| Arc::clone(open.arrival)).collect();
        let under_way = planned.iter().map(|(open, _)| Arc::clone(open.arrival)).collect();
        let outlooks = self.core.store.look_up(LookUp { arrivals, under_way, n_max: AT_ONCE_MAX }).await?;
        Ok(open.into_iter().zip(outlooks).collect())
    }

    /// Answers what can be answered, and gives those that wait, and those that were planned for with their plans.
    fn decide_all(&mut self, looked_up: Vec<LookedUp<'a>>) -> (Vec<Open<'a>>, Vec<Planned<'a>>, Vec<Plan>) {
        let now = self.core.clock.now();
        let (mut open, mut planned, mut plans) = (Vec::new(), Vec::new(), Vec::new());
        for (arrival, outlook) in looked_up {
            let answer = match outlook {
                Ok(Outlook::Waits) => {
                    open.push(arrival);
                    continue;
                }
                Ok(Outlook::Known(known)) => match (self.decide)(arrival.place, &known, now) {
                    Some(plan) => {
                        planned.push((arrival, plan.decisions.clone()));
                        plans.push(plan);
                        continue;
                    }
                    None => Ok(Taken::Now(Vec::new())),
                },
                Ok(Outlook::Recorded(recorded)) => Ok(Taken::Before(recorded)),
                Err(err) => Err(err),
            };
            self.answers.insert(arrival.place, answer);
        }
        (open, planned, plans)
    }

    /// Answers those whose plans were stored or not, and gives those that are to be planned for again.
    fn answer_all(
        &mut self,
        planned: Vec<Planned<'a>>,
        applied: Vec<Result<Option<RecordedEvent>, StoreError>>,
    ) -> Vec<Open<'a>> {
        let mut again = Vec::new();
        for ((open, decisions), applied) in planned.into_iter().zip(applied) {
            let answer = match applied {
                Ok(Some(recorded)) => Ok(Taken::Before(recorded)),
                Ok(None) => Ok(Taken::Now(decisions)),
                Err(StoreError::Stale) if open.n_plans + 1 < PLANS_MAX => {
                    again.push(Open { n_plans: open.n_plans + 1, ..open });
                    continue;
                }
                Err(err) => Err(err),
            };
            self.answers.insert(open.place, answer);
        }
        again
    }
}
