//! What is spent by gateways on a day of the house, where operations limit it.
//!
//! A message is granted the most that it may take in the unit of work that grants its lease, and gives back what it did not
//! take in the one that settles it. A lease that nobody comes back for gives nothing back. A gateway without a limit has no
//! count. Only today's matters to anybody, so old ones go when a new one begins.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::super::view::{Reading, View};
use super::super::{DayGrant, LeaseRequest, Settlement, StoreError, keys, record};
use super::branch_days;
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::civil::{local_time, next_day};
use crate::domain::route::{Room, Route};
use crate::plan::spend::{DayLimit, Grant, Spent};

/// What a unit of work knows of the gateways that have a limit.
#[derive(Default)]
pub(super) struct GatewayDays(BTreeMap<Room, Spending>);

struct Spending {
    spent: Spent,
    is_new: bool,
    changed: bool,
}

impl GatewayDays {
    /// What the next message of this room may take; `None` when nothing more may leave today.
    pub(super) fn next(
        &mut self,
        view: &View<'_>,
        request: &LeaseRequest,
        (room, gateway, limit): (Room, &str, &DayLimit),
    ) -> Result<Option<Grant>, StoreError> {
        let spending = match self.0.entry(room) {
            std::collections::btree_map::Entry::Occupied(known) => known.into_mut(),
            std::collections::btree_map::Entry::Vacant(new) => {
                let stored = read(view, today(request), gateway)?;
                let (spent, is_new) = (stored.unwrap_or_default(), stored.is_none());
                new.insert(Spending { spent, is_new, changed: false })
            }
        };
        Ok(limit.grant(spending.spent))
    }

    /// Grants a message that takes these routes what it may take.
    pub(super) fn take(&mut self, request: &LeaseRequest, routes: &[Route]) -> Option<DayGrant> {
        let limits = &request.rules.routes.limits;
        if limits.is_empty() {
            return None;
        }
        let (room, (_, limit)) = routes.iter().find_map(|route| limits.get_key_value(&route.room()))?;
        let spending = self.0.get_mut(room)?;
        let grant = limit.grant(spending.spent)?;
        spending.spent = spending.spent.granted(grant);
        spending.changed = true;
        Some(DayGrant { day: today(request), grant })
    }

    /// Writes what has changed.
    pub(super) fn close(self, view: &mut View<'_>, request: &LeaseRequest) -> Result<(), StoreError> {
        for (room, spending) in self.0.into_iter().filter(|(_, spending)| spending.changed) {
            let Some((gateway, _)) = request.rules.routes.limits.get(&room) else { continue };
            if spending.is_new {
                branch_days::forget(view, keys::kind::GATEWAY_DAY, today(request))?;
            }
            put(view, today(request), gateway, spending.spent)?;
        }
        Ok(())
    }
}

/// Puts what a message took in the place of what it was granted.
pub(super) fn settle(view: &mut View<'_>, request: &Settlement) -> Result<(), StoreError> {
    let Some(DayGrant { day, grant }) = request.grant else { return Ok(()) };
    let gateways =
        request.routes.iter().filter_map(|route| if let Route::Gateway(name) = route { Some(name) } else { None });
    for gateway in gateways {
        let before = read(view, day, gateway)?.unwrap_or_default();
        let mut spent = before.settled(grant, request.cost);
        if let Outcome::Deferred { obstacle: Obstacle::DayLimit { n_segments }, .. } = request.outcome {
            spent.n_wanted = n_segments;
        }
        put(view, day, gateway, spent)?;
    }
    Ok(())
}

/// When the day ends on which these messages are asked for.
pub(super) fn ends_at(request: &LeaseRequest) -> Option<DateTime<Utc>> {
    next_day(request.rules.default_zone, request.now)
}

fn today(request: &LeaseRequest) -> NaiveDate {
    local_time(request.rules.default_zone, request.now).date()
}

/// What was spent by a gateway on a day, if anything was.
pub(in super::super) fn read(db: &dyn Reading, day: NaiveDate, gateway: &str) -> Result<Option<Spent>, StoreError> {
    db.get(&keys::gateway_day(day, gateway))?.map(|value| record::gateway_day::read(&value)).transpose()
}

fn put(view: &mut View<'_>, day: NaiveDate, gateway: &str, spent: Spent) -> Result<(), StoreError> {
    view.put(keys::gateway_day(day, gateway), record::gateway_day::write(spent)?);
    Ok(())
}
