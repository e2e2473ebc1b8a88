//! The layout of the keys, and the steps from each layout to the next.
//!
//! A record says its version itself and is upgraded when it is read; a key cannot. So the store says which layout its keys
//! have, and an older one is brought to today's before anybody is served. [`STEPS`] is the list: a change of the keys adds
//! a line to its end, and nothing else decides which layout is today's.
//!
//! A step visits every record under a prefix, some at a time, each slice being one unit of work that also notes how far it
//! came. So the memory that it takes is bounded, a crash in the middle loses at most a slice, and the next start goes on
//! where this one ended. No record is visited twice.

#[cfg(test)]
mod tests;

use super::engine::Engine;
use super::view::{Pair, Reading, View};
use super::{StoreError, keys, record, work};
use crate::domain::seal::Seal;

/// The layout that stores had before they said which.
const FIRST: u32 = 1;
/// Records visited in one unit of work.
const SLICE: usize = 1_000;
/// Where the store says which layout it has.
const LAYOUT: &[u8] = b"mlayout";

/// A step from one layout to the next.
#[derive(Debug)]
pub(crate) struct Step {
    /// What it does, for the log.
    pub(crate) what: &'static str,
    /// It visits the records whose keys begin with this.
    pub(crate) prefix: &'static [u8],
    /// Does what is to be done about one of them. What it puts under the prefix itself may not lie behind that record.
    pub(crate) visit: fn(&mut View<'_>, &Seal, Pair) -> Result<(), StoreError>,
}

/// The steps from the first layout to today's. The list only grows, at its end.
pub(crate) const STEPS: &[Step] = &[
    Step {
        what: "the due index puts the priority before the time",
        prefix: &[keys::kind::DUE_BY_TIME],
        visit: |view, _, (key, _)| work::due::bring_up_to_date(view, key),
    },
    Step {
        what: "an index says who has which address",
        prefix: &[keys::kind::CONTACT],
        visit: |view, seal, (_, record)| match record::contact::read(&record) {
            Ok(contact) => work::addresses::change(view, seal, None, &contact),
            // What cannot be read cannot be asked either.
            Err(_) => Ok(()),
        },
    },
];

/// Which layout the keys have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout {
    /// Its number.
    pub(crate) number: u32,
    /// The last record that the step to the next layout has visited, while it is under way.
    pub(crate) under_way: Option<Vec<u8>>,
}

/// The layout that these steps lead to.
fn after(steps: &[Step]) -> u32 {
    steps.iter().fold(FIRST, |number, _| number + 1)
}

/// Today's layout.
pub(crate) fn known() -> u32 {
    after(STEPS)
}

/// Which layout the store has.
pub(crate) fn layout(db: &dyn Reading) -> Result<Layout, StoreError> {
    match db.get(LAYOUT)? {
        Some(record) => record::layout::read(&record),
        None => Ok(Layout { number: FIRST, under_way: None }),
    }
}

/// Notes that a store that is being made has today's layout.
pub(crate) fn begin(view: &mut View<'_>, steps: &[Step]) -> Result<(), StoreError> {
    put(view, &Layout { number: after(steps), under_way: None })
}

fn put(view: &mut View<'_>, layout: &Layout) -> Result<(), StoreError> {
    view.put(LAYOUT.to_vec(), record::layout::write(layout)?);
    Ok(())
}

/// Brings the store to the layout that the steps lead to. Refuses one that is further already.
pub(crate) async fn run<E: Engine>(engine: &E, seal: &Seal, steps: &'static [Step]) -> Result<(), StoreError> {
    let found = engine.read(layout).await?.number;
    let known = after(steps);
    if found > known {
        return Err(StoreError::NewerLayout { found, known });
    }
    for (number, step) in (FIRST + 1..).zip(steps).filter(|(number, _)| *number > found) {
        tracing::info!(layout = number, "the store is brought to layout {number} of {known}: {}", step.what);
        let mut n_visited = 0;
        loop {
            let seal = seal.clone();
            let visited = engine.write(move |view| slice(view, &seal, (number, step))).await?;
            n_visited += visited;
            if visited < SLICE {
                break;
            }
        }
        tracing::info!(layout = number, "the store has layout {number}; {n_visited} records were visited");
    }
    Ok(())
}

/// Visits the next records of a step. Gives how many; fewer than a slice, and the step is done.
fn slice(view: &mut View<'_>, seal: &Seal, (number, step): (u32, &Step)) -> Result<usize, StoreError> {
    let from = match layout(view)?.under_way {
        Some(mut last) => {
            last.push(0);
            last
        }
        None => step.prefix.to_vec(),
    };
    let pairs = view.range(&from, &keys::after_prefix(step.prefix)).take(SLICE);
    let pairs = pairs.collect::<Result<Vec<_>, _>>()?;
    let (n, last) = (pairs.len(), pairs.last().map(|(key, _)| key.clone()));
    for pair in pairs {
        (step.visit)(view, seal, pair)?;
    }
    let reached =
        if n < SLICE { Layout { number, under_way: None } } else { Layout { number: number - 1, under_way: last } };
    put(view, &reached)?;
    Ok(n)
}
