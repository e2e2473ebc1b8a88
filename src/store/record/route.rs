//! What is remembered of routes, on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::ROUTE;
use super::common::{self, Wrong};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::route::Route;
use crate::plan::pace::{RouteState, Slowed};

#[derive(Serialize, Deserialize)]
struct RouteV1 {
    name: NameV1,
    next_at: Option<i64>,
    slowed: Option<SlowedV1>,
    rests_until: Option<i64>,
    n_failures: u32,
}

#[derive(Serialize, Deserialize)]
enum NameV1 {
    Account,
    Domain(String),
    Gateway(String),
}

#[derive(Serialize, Deserialize)]
struct SlowedV1 {
    per_second: f64,
    from: f64,
    since: i64,
}

pub(in super::super) fn write(route: &Route, state: RouteState) -> Result<Vec<u8>, StoreError> {
    let name = match route.clone() {
        Route::Account => NameV1::Account,
        Route::Domain(name) => NameV1::Domain(name),
        Route::Gateway(name) => NameV1::Gateway(name),
    };
    let slowed = state.slowed.map(|slowed| SlowedV1 {
        per_second: slowed.per_second,
        from: slowed.from,
        since: common::micros(slowed.since),
    });
    let (next_at, rests_until) = (state.next_at.map(common::micros), state.rests_until.map(common::micros));
    encode(ROUTE, 1, &RouteV1 { name, next_at, slowed, rests_until, n_failures: state.n_failures })
}

pub(in super::super) fn read(record: &[u8]) -> Result<(Route, RouteState), StoreError> {
    match split(ROUTE, record)? {
        (1, body) => from_v1(decode(ROUTE, body)?).map_err(|wrong| unreadable(ROUTE, &wrong)),
        (version, _) => Err(newer(ROUTE, version)),
    }
}

fn from_v1(stored: RouteV1) -> Result<(Route, RouteState), Wrong> {
    let route = match stored.name {
        NameV1::Account => Route::Account,
        NameV1::Domain(name) => Route::Domain(name),
        NameV1::Gateway(name) => Route::Gateway(name),
    };
    let slowed = stored.slowed.map(|slowed| {
        let since = common::instant(slowed.since)?;
        Ok::<_, Wrong>(Slowed { per_second: slowed.per_second, from: slowed.from, since })
    });
    let state = RouteState {
        next_at: stored.next_at.map(common::instant).transpose()?,
        slowed: slowed.transpose()?,
        rests_until: stored.rests_until.map(common::instant).transpose()?,
        n_failures: stored.n_failures,
    };
    Ok((route, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_a_route_reads_back() {
        let at = |seconds| chrono::DateTime::from_timestamp(seconds, 0);
        let full = RouteState {
            next_at: at(1),
            slowed: Some(Slowed { per_second: 2.5, from: 5.0, since: at(2).unwrap() }),
            rests_until: at(3),
            n_failures: 4,
        };
        let routes = [Route::Account, Route::Domain("sole.example".to_owned()), Route::Gateway("kannel".to_owned())];
        for route in routes {
            for state in [full, RouteState::default()] {
                assert_eq!(read(&write(&route, state).unwrap()).unwrap(), (route.clone(), state));
            }
        }
    }
}
