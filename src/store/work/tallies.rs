//! Counters that move with what they count.

use super::super::view::{Reading, View};
use super::super::{StoreError, keys, record};
use crate::domain::invitation::{Invitation, Lane};
use crate::report::tally::{Cell, SurfaceCell, SurfaceTally, Tally, contribution};

/// Takes away what the invitation added before, and adds what it adds now.
pub(super) fn recount(view: &mut View<'_>, before: Option<&Invitation>, after: &Invitation) -> Result<(), StoreError> {
    let before = before.and_then(contribution);
    let after = contribution(after);
    if before == after {
        return Ok(());
    }
    if let Some((cell, tally)) = before {
        change(view, &cell, |kept| *kept -= tally)?;
    }
    if let Some((cell, tally)) = after {
        change(view, &cell, |kept| *kept += tally)?;
    }
    Ok(())
}

fn change(view: &mut View<'_>, cell: &Cell, act: impl FnOnce(&mut Tally)) -> Result<(), StoreError> {
    let key = keys::tally(cell);
    let mut tally = match view.get(&key)? {
        Some(value) => record::tally::read(&value)?,
        None => Tally::default(),
    };
    act(&mut tally);
    view.put(key, record::tally::write(&tally)?);
    Ok(())
}

/// Adds to the counters of a surface.
pub(in super::super) fn add_surface(
    view: &mut View<'_>,
    cell: &SurfaceCell,
    added: SurfaceTally,
) -> Result<(), StoreError> {
    let key = keys::surface(cell);
    let mut tally = match view.get(&key)? {
        Some(value) => record::tally::read_surface(&value)?,
        None => SurfaceTally::default(),
    };
    tally += added;
    view.put(key, record::tally::write_surface(&tally)?);
    Ok(())
}

/// Keeps the lengths of the lanes.
pub(super) fn requeue(view: &mut View<'_>, from: Option<Lane>, to: Option<Lane>) -> Result<(), StoreError> {
    if from == to {
        return Ok(());
    }
    let mut lengths = match view.get(keys::QUEUE)? {
        Some(value) => record::tally::read_queue(&value)?,
        None => [0; 4],
    };
    for (index, lane) in Lane::ALL.into_iter().enumerate() {
        let Some(length) = lengths.get_mut(index) else { continue };
        *length = length.saturating_add(u64::from(to == Some(lane))).saturating_sub(u64::from(from == Some(lane)));
    }
    view.put(keys::QUEUE.to_vec(), record::tally::write_queue(lengths)?);
    Ok(())
}
