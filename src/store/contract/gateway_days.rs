//! What may be spent by a gateway on a day: granted with the lease, so that nothing slips past it.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, TimeDelta, TimeZone, Utc};
use proptest::prelude::*;
use tokio::task::JoinSet;

use super::world::{World, accepted, days, hours, noon, refused, settlement, unknown};
use crate::domain::attempt::{Obstacle, Outcome, TextCost};
use crate::domain::invitation::{Invitation, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::price::Price;
use crate::domain::route::Route;
use crate::plan::spend::{DayLimit, Spent};
use crate::store::{Lease, Store};

const GATEWAY: &str = "kannel";

fn world(store: Arc<dyn Store>, n_segments: Option<u32>) -> World {
    let mut world = World::of(store);
    let routes = &mut Arc::make_mut(&mut world.rules.gate).routes;
    GATEWAY.clone_into(&mut routes.gateway);
    if n_segments.is_some() {
        let limit = DayLimit { segments: n_segments, money: None, price: Some(price()) };
        routes.limits.insert(Route::Gateway(GATEWAY.to_owned()).room(), (GATEWAY.to_owned(), limit));
    }
    world
}

fn price() -> Price {
    Price::parse("0.10 EUR").unwrap()
}

fn today() -> NaiveDate {
    noon().date_naive()
}

/// When the day after [`noon`] begins in Berlin.
fn tomorrow() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2026, 3, 2, 23, 0, 0).unwrap()
}

async fn invite(world: &World, n: usize) {
    for n in 0..n {
        world.invite("delivery", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
}

/// The message needs so many segments, and this comes of it.
async fn settle(world: &World, lease: &Lease, n_segments: u8, outcome: Outcome) -> Invitation {
    let cost = TextCost { n_segments, price: Some(price()) };
    let settlement = settlement(&world.rules, lease, outcome, noon()).costing(Some(cost));
    world.store.settle([settlement].into()).await.unwrap().remove(0).unwrap()
}

async fn spent(world: &World) -> Spent {
    world.store.spent(today(), vec![GATEWAY.to_owned()]).await.unwrap()[0]
}

pub(super) async fn what_a_message_took_counts_and_the_rest_is_given_back(store: Arc<dyn Store>) {
    let world = world(store, Some(100));
    invite(&world, 4).await;
    let leases = world.lease(Sms, 4, noon()).await.leases;
    assert_eq!((leases.len(), spent(&world).await.n_segments), (4, 40));
    let sent = settle(&world, &leases[0], 2, accepted()).await;
    assert_eq!(sent.attempts[0].cost.unwrap().to_string(), "2 segments, 0.20 EUR");
    settle(&world, &leases[1], 3, unknown()).await;
    let refused = settle(&world, &leases[2], 3, refused(false)).await;
    assert_eq!(refused.attempts[0].cost, None);
    let three = Outcome::Accepted { provider_ref: None, n_segments: Some(3), reply: String::new() };
    let said = settle(&world, &leases[3], 1, three).await;
    assert_eq!(said.attempts[0].cost.unwrap().n_segments, 3, "the gateway knows better");
    assert_eq!(spent(&world).await, Spent { n_segments: 8, millionths: 800_000, n_wanted: 0 });
}

pub(super) async fn a_gateway_without_a_limit_has_no_count(store: Arc<dyn Store>) {
    let world = world(store, None);
    invite(&world, 1).await;
    let lease = world.lease_one(Sms, noon()).await;
    assert_eq!(lease.grant, None);
    let sent = settle(&world, &lease, 2, accepted()).await;
    assert_eq!(sent.attempts[0].cost.unwrap().n_segments, 2);
    assert_eq!(spent(&world).await, Spent::default());
}

pub(super) async fn a_full_day_shuts_the_gateway_until_the_next_and_nothing_else(store: Arc<dyn Store>) {
    let mut world = world(store, Some(12));
    invite(&world, 30).await;
    let mut n_sent = 0;
    while let [lease, rest @ ..] = world.lease(Sms, 9, noon()).await.leases.as_slice() {
        for lease in std::iter::once(lease).chain(rest) {
            settle(&world, lease, 1, accepted()).await;
            n_sent += 1;
        }
    }
    assert_eq!((n_sent, spent(&world).await.n_segments), (12, 12));
    let shut = world.lease(Sms, 9, noon()).await;
    assert_eq!((shut.leases.len(), shut.n_busy, shut.next_at), (0, 0, Some(tomorrow())));
    assert!(world.lease(Sms, 9, tomorrow() - TimeDelta::seconds(1)).await.leases.is_empty());
    // Mail goes on, and so does another gateway.
    world.invite("visit", "ada", "e-mail", noon()).await;
    assert_eq!(world.lease(Email, 9, noon()).await.leases.len(), 1);
    // The next day begins anew; a limit that is raised counts at once.
    assert_eq!(world.lease(Sms, 1, tomorrow()).await.leases.len(), 1);
    for (_, limit) in Arc::make_mut(&mut world.rules.gate).routes.limits.values_mut() {
        limit.segments = Some(32);
    }
    assert_eq!(world.lease(Sms, 9, noon()).await.leases.len(), 2);
}

pub(super) async fn a_crash_leaves_spent_what_the_messages_may_have_taken(store: Arc<dyn Store>) {
    let world = world(store, Some(25));
    invite(&world, 9).await;
    let leased = world.lease(Sms, 9, noon()).await;
    let granted: Vec<_> = leased.leases.iter().map(|lease| lease.grant.unwrap().grant.n_segments).collect();
    assert_eq!(granted, [10, 10, 5]);
    // Nobody comes back for them.
    assert_eq!(world.expire(noon() + hours(2)).await, 3);
    assert_eq!(spent(&world).await.n_segments, 25);
    assert!(world.lease(Sms, 9, noon() + hours(2)).await.leases.is_empty());
    assert_eq!(world.lease(Sms, 9, noon() + days(1)).await.leases.len(), 3);
}

pub(super) async fn what_does_not_fit_waits_for_a_day_with_room(store: Arc<dyn Store>) {
    let world = world(store, Some(2));
    invite(&world, 2).await;
    let lease = world.lease(Sms, 1, noon()).await.leases.remove(0);
    let obstacle = Obstacle::DayLimit { n_segments: 3 };
    let waits = settle(&world, &lease, 3, Outcome::Deferred { not_before: None, reply: String::new(), obstacle }).await;
    assert!(matches!(waits.state, State::Waiting { .. }));
    assert_eq!((waits.attempts[0].n_tries, waits.attempts[0].cost), (0, None));
    assert_eq!(spent(&world).await, Spent { n_segments: 0, millionths: 0, n_wanted: 3 });
    let shut = world.lease(Sms, 9, noon() + hours(1)).await;
    assert_eq!((shut.leases.len(), shut.next_at), (0, Some(tomorrow())));
    assert_eq!(world.lease(Sms, 9, tomorrow()).await.leases.len(), 1);
}

pub(super) async fn racing_workers_together_stay_within_the_limit(store: Arc<dyn Store>) {
    let world = Arc::new(world(store, Some(43)));
    invite(&world, 20).await;
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let world = Arc::clone(&world);
        racing.spawn(async move {
            let leases = world.lease(Sms, 5, noon()).await.leases;
            leases.iter().map(|lease| u32::from(lease.grant.unwrap().grant.n_segments)).sum::<u32>()
        });
    }
    assert_eq!(racing.join_all().await.into_iter().sum::<u32>(), 43);
}

/// What somebody does who sends.
#[derive(Clone, Debug)]
enum Act {
    Lease(usize),
    Settle(usize, u8, u8),
    Crash(usize),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        (1_usize..5).prop_map(Act::Lease),
        (0_usize..5, 1_u8..=10, 0_u8..4).prop_map(|(index, needs, how)| Act::Settle(index, needs, how)),
        (0_usize..5).prop_map(Act::Crash),
    ]
}

/// Does all of it; gives what the messages took at most.
async fn act_out(world: &World, acts: Vec<Act>) -> u64 {
    let (mut held, mut taken): (Vec<Lease>, u64) = (Vec::new(), 0);
    for act in acts {
        match act {
            Act::Lease(n) => held.extend(world.lease(Sms, n, noon()).await.leases),
            Act::Crash(index) if index < held.len() => {
                taken += u64::from(held.remove(index).grant.unwrap().grant.n_segments);
            }
            Act::Settle(index, needs, how) if index < held.len() => {
                let lease = held.remove(index);
                let obstacle = Obstacle::DayLimit { n_segments: needs };
                let (outcome, took) = match how {
                    _ if needs > lease.grant.unwrap().grant.n_segments => {
                        (Outcome::Deferred { not_before: None, reply: String::new(), obstacle }, 0)
                    }
                    0 => (unknown(), needs),
                    1 => (refused(false), 0),
                    _ => (accepted(), needs),
                };
                taken += u64::from(took);
                settle(world, &lease, needs, outcome).await;
            }
            Act::Crash(_) | Act::Settle(..) => (),
        }
    }
    taken
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_messages_take_the_limit_is_never_passed(
        limit in 1_u32..80,
        acts in prop::collection::vec(act(), 1..60),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (taken, spent) = runtime.block_on(async {
            let world = world(super::open_memory().await.store, Some(limit));
            invite(&world, 12).await;
            (act_out(&world, acts).await, spent(&world).await.n_segments)
        });
        prop_assert!(taken <= spent && spent <= limit.into(), "{taken} {spent} {limit}");
    }
}
