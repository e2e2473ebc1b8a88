//! Who may leave now, and by which route: holds, rates, rests and how much is under way, as one unit of work sees them.
//!
//! The state of a route is read when a message wants to take it, and written with the leases that it allowed. So a rate
//! survives a restart, and no two units of work can spend the same allowance.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::super::view::{Reading, View};
use super::super::{DayGrant, LeaseRequest, Load, StoreError, keys, record};
use super::gateway_days::{self, GatewayDays};
use super::holds::Holds;
use crate::domain::invitation::Invitation;
use crate::domain::route::{Room, Route};
use crate::plan::pace::{RouteState, Turn};

/// A route may have at most so many times as much under way as could still be sent by others: the dynamic threshold of
/// shared buffers (Choudhury and Hahne, IEEE/ACM Trans. Networking 6(2), 1998). So one slow route never takes all.
const THRESHOLD: usize = 3;

/// Whether a message may take its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// Now.
    Open,
    /// In a moment, when something that is under way comes back.
    Busy,
    /// Later. Until then what takes the route is in the way of what does not.
    Shut(Room),
}

/// What a unit of work knows of the routes.
pub(super) struct Tolls<'r> {
    request: &'r LeaseRequest,
    holds: Holds,
    known: BTreeMap<Room, Toll>,
    days: GatewayDays,
    n_free: usize,
    next_at: Option<DateTime<Utc>>,
    awaits_an_end: bool,
}

#[derive(Clone, Default)]
struct Toll {
    /// Known once a message was seen that takes it, or when something was stored of it.
    route: Option<Route>,
    state: RouteState,
    n_taken: usize,
    changed: bool,
}

impl<'r> Tolls<'r> {
    /// For a request for work, while this is held.
    pub(super) fn of(request: &'r LeaseRequest, holds: Holds) -> Self {
        Self {
            request,
            holds,
            known: BTreeMap::new(),
            days: GatewayDays::default(),
            n_free: request.n_max,
            next_at: None,
            awaits_an_end: false,
        }
    }

    /// The request.
    pub(super) fn request(&self) -> &'r LeaseRequest {
        self.request
    }

    /// Where a message of this invitation waits, if it is held.
    pub(super) fn held(&self, invitation: &Invitation) -> Option<Room> {
        self.holds.room_of(invitation, self.request.channel)
    }

    /// Whether what waits in a room may come out.
    pub(super) fn passage(&mut self, view: &View<'_>, room: Room) -> Result<Passage, StoreError> {
        if self.holds.hold_room(room) {
            return Ok(Passage::Shut(room));
        }
        let (request, n_free) = (self.request, self.n_free);
        let toll = self.toll(view, room)?;
        let rate = toll.route.as_ref().and_then(|route| request.rules.routes.rate(route));
        if let Turn::At(at) = toll.state.turn(rate, request.now) {
            self.later(Some(at));
            return Ok(Passage::Shut(room));
        }
        let n_taken = toll.n_taken;
        let load = request.loads.of(room);
        let (on_trial, n_under_way) = (toll.state.is_on_trial(), load.n_under_way + n_taken);
        let limit = match &toll.route {
            _ if on_trial => 1,
            // What they may have is theirs alone.
            Some(Route::Account | Route::Gateway(_)) => load.limit,
            Some(Route::Domain(_)) | None => load.limit.min(THRESHOLD.saturating_mul(n_free)),
        };
        if n_under_way >= limit {
            self.awaits_an_end = true;
            return Ok(if load.is_slow || on_trial { Passage::Shut(room) } else { Passage::Busy });
        }
        let Some((gateway, limit)) = request.rules.routes.limits.get(&room) else { return Ok(Passage::Open) };
        if self.days.next(view, request, (room, gateway, limit))?.is_some() {
            return Ok(Passage::Open);
        }
        // What comes back may leave something of what it was granted; whoever records it says so.
        if n_under_way > 0 && !load.is_slow {
            return Ok(Passage::Busy);
        }
        self.later(gateway_days::ends_at(request));
        Ok(Passage::Shut(room))
    }

    fn later(&mut self, at: Option<DateTime<Utc>>) {
        self.next_at = [self.next_at, at].into_iter().flatten().min();
    }

    /// Whether a message may take these routes.
    pub(super) fn ask(&mut self, view: &View<'_>, routes: &[Route]) -> Result<Passage, StoreError> {
        for route in routes {
            let room = route.room();
            self.toll(view, room)?.route.get_or_insert_with(|| route.clone());
            match self.passage(view, room)? {
                Passage::Open => (),
                closed @ (Passage::Busy | Passage::Shut(_)) => return Ok(closed),
            }
        }
        Ok(Passage::Open)
    }

    /// Notes that a message takes these routes. Gives whether a success would change what is remembered of one, and what it
    /// may take of the day's limit.
    pub(super) fn take(&mut self, routes: &[Route]) -> (bool, Option<DayGrant>) {
        self.n_free = self.n_free.saturating_sub(1);
        let mut is_remembered = false;
        for route in routes {
            let toll = self.known.entry(route.room()).or_default();
            toll.n_taken += 1;
            toll.changed |= toll.state.take(self.request.rules.routes.rate(route), self.request.now);
            is_remembered |= toll.state.is_in_trouble();
        }
        (is_remembered, self.days.take(self.request, routes))
    }

    /// Whether a route was met that opens when a message comes to an end.
    pub(super) fn awaits_an_end(&self) -> bool {
        self.awaits_an_end
    }

    /// Writes what has changed. Gives when the first of the routes that were shut opens.
    pub(super) fn close(self, view: &mut View<'_>) -> Result<Option<DateTime<Utc>>, StoreError> {
        for (room, toll) in self.known.iter().filter(|(_, toll)| toll.changed) {
            if let Some(route) = &toll.route {
                view.put(keys::route(*room), record::route::write(route, toll.state)?);
            }
        }
        self.days.close(view, self.request)?;
        Ok(self.next_at)
    }

    fn toll(&mut self, view: &View<'_>, room: Room) -> Result<&mut Toll, StoreError> {
        use std::collections::btree_map::Entry;
        match self.known.entry(room) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let stored = view.get(&keys::route(room))?.map(|value| record::route::read(&value)).transpose()?;
                let limited = || self.request.rules.routes.limits.get(&room);
                let toll = stored.map(|(route, state)| Toll { route: Some(route), state, ..Toll::default() });
                let toll = toll.unwrap_or_else(|| Toll {
                    route: limited().map(|(gateway, _)| Route::Gateway(gateway.clone())),
                    ..Toll::default()
                });
                Ok(new.insert(toll))
            }
        }
    }
}

/// What came of a message changes what its routes may do next.
pub(in super::super) fn report(
    view: &mut View<'_>,
    route: &Route,
    report: impl FnOnce(&mut RouteState) -> bool,
) -> Result<(), StoreError> {
    let key = keys::route(route.room());
    let stored = view.get(&key)?.map(|value| record::route::read(&value)).transpose()?;
    let mut state = stored.map(|(_, state)| state).unwrap_or_default();
    if report(&mut state) {
        view.put(key, record::route::write(route, state)?);
    }
    Ok(())
}

impl super::super::Loads {
    /// How much is under way on the route of this room.
    fn of(&self, room: Room) -> Load {
        self.busy.get(&room).copied().unwrap_or(Load { n_under_way: 0, limit: self.limit, is_slow: false })
    }
}
