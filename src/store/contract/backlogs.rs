//! How much there is to do: what is counted, and where counting stops.

use std::sync::Arc;

use super::world::{World, accepted, deferred, hours, noon, unknown};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::hold::Hold;
use crate::domain::id::StageId;
use crate::domain::invitation::Found;
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::operator::Operator;
use crate::domain::reason::HoldReason;
use crate::domain::route::Route;
use crate::domain::scope::Scope;
use crate::store::{ChannelBacklog, Counted, Store, Wanted};

const ALL: usize = 1_000;

fn exactly(n: u64) -> Counted {
    Counted { n, at_least: false }
}

pub(super) async fn what_is_due_waits_is_held_or_on_its_way_is_counted_by_channel(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    world.invite("visit", "bob", "e-2", noon() + hours(3)).await;
    world.invite("renewal", "cyd", "e-3", noon() + hours(1)).await;
    world.invite("delivery", "dan", "e-4", noon()).await;
    assert_eq!(world.lease(Sms, 1, noon()).await.leases.len(), 1);
    let stage = Scope { stage: StageId::parse("renewal").ok(), ..Scope::default() };
    let by = Operator::parse("maria").unwrap();
    let hold = Hold { scope: stage, since: noon(), reason: HoldReason::Operator, note: String::new(), by };
    world.store.hold(hold.clone()).await.unwrap();
    let now = noon() + hours(2);
    // The dispatcher comes by what is held.
    assert_eq!(world.lease(Email, 10, now).await.leases.len(), 1);
    world.invite("visit", "eve", "e-5", now - hours(1)).await;

    let backlog = world.store.backlog(now, ALL).await.unwrap();
    let email = ChannelBacklog {
        due: exactly(1),
        held: exactly(1),
        oldest_due: Some(now - hours(1)),
        n_in_flight: 1,
        ..ChannelBacklog::idle(Email, 3)
    };
    let sms = ChannelBacklog { n_in_flight: 1, ..ChannelBacklog::idle(Sms, 0) };
    assert_eq!(backlog.channels, [email, sms]);
    assert_eq!((email.n_waiting(), backlog.n_windows, backlog.holds), (1, 0, vec![hold]));

    let by = Operator::parse("maria").unwrap();
    let everything =
        Hold { scope: Scope::default(), since: noon(), reason: HoldReason::Operator, note: String::new(), by };
    world.store.hold(everything).await.unwrap();
    let [email, _] = world.store.backlog(now, ALL).await.unwrap().channels;
    assert_eq!((email.due, email.held, email.oldest_due), (exactly(0), exactly(2), None));
}

pub(super) async fn a_count_that_reaches_its_bound_says_so_and_the_oldest_is_found_all_the_same(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..5 {
        world.invite("visit", &format!("a-{n}"), &format!("e-{n}"), noon() + hours(n)).await;
    }
    // Of another rank, and due first.
    world.invite("renewal", "cyd", "e-9", noon() - hours(1)).await;
    let now = noon() + hours(9);
    for (n_max, due) in [(7, exactly(6)), (6, exactly(6)), (5, Counted { n: 5, at_least: true })] {
        let [email, _] = world.store.backlog(now, n_max).await.unwrap().channels;
        assert_eq!((email.due, email.oldest_due), (due, Some(noon() - hours(1))), "{n_max}");
    }
    let [email, _] = world.store.backlog(now, 0).await.unwrap().channels;
    assert_eq!((email.due, email.n_queued), (Counted { n: 0, at_least: true }, 6));
    let [email, _] = world.store.backlog(noon() - hours(2), 0).await.unwrap().channels;
    assert_eq!((email.due, email.n_waiting()), (exactly(0), 6));
}

pub(super) async fn what_is_unknown_is_counted_until_it_is_known(store: Arc<dyn Store>) {
    let world = World::of(store);
    let text = world.invite("delivery", "ada", "e-1", noon()).await;
    world.send(Sms, unknown(), noon()).await;
    world.invite("visit", "bob", "e-2", noon()).await;
    world.send(Email, unknown(), noon()).await;
    let [email, sms] = world.store.backlog(noon(), ALL).await.unwrap().channels;
    // Mail is tried again by itself, a text message waits for somebody.
    assert_eq!((email.unknown, email.n_for_operator), (exactly(1), 0));
    assert_eq!((sms.unknown, sms.n_for_operator), (exactly(1), 1));
    let [email, sms] = world.store.backlog(noon(), 1).await.unwrap().channels;
    assert_eq!(email.unknown.n + sms.unknown.n, 1);
    assert!(email.unknown.at_least && sms.unknown.at_least);
    let settle = Wanted::Settle { attempt: None, found: Found::Accepted };
    world.intervene(text, settle, noon()).await.unwrap();
    let [_, sms] = world.store.backlog(noon(), ALL).await.unwrap().channels;
    assert_eq!((sms.unknown, sms.n_for_operator), (exactly(0), 0));
}

pub(super) async fn routes_are_listed_while_they_are_out_of_order(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, deferred(), noon()).await;
    assert!(world.store.backlog(noon(), ALL).await.unwrap().routes.is_empty(), "a recipient's trouble is no route's");
    let dead = Outcome::Deferred {
        not_before: None,
        reply: "cannot connect".to_owned(),
        obstacle: Obstacle::Route { slow_down: false },
    };
    world.invite("visit", "bob", "e-2", noon()).await;
    world.send(Email, dead, noon()).await;
    let backlog = world.store.backlog(noon(), ALL).await.unwrap();
    let [(Route::Account, state)] = &backlog.routes[..] else { panic!("{:?}", backlog.routes) };
    let until = state.rests(noon()).unwrap();
    assert_eq!((state.n_failures, backlog.more_routes), (1, false));
    assert!(world.store.backlog(noon(), 0).await.unwrap().more_routes);
    // It is on trial until something went well.
    let backlog = world.store.backlog(until, ALL).await.unwrap();
    assert_eq!((backlog.routes.len(), backlog.routes[0].1.rests(until)), (1, None));
    world.invite("visit", "cyd", "e-3", until).await;
    world.send(Email, accepted(), until).await;
    assert!(world.store.backlog(until, ALL).await.unwrap().routes.is_empty());
}
