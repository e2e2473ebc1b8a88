//! Rates, rests and rooms: what one route cannot take now is in nobody's way.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{World, accepted, contact_id, event, guest, hours, idle, noon};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::contact::Email as Address;
use crate::domain::id::InvitationId;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::route::Route;
use crate::store::{Extent, Lease, Load, Loads, Store};

fn domain(name: &str) -> Route {
    Route::Domain(name.to_owned())
}

/// Invites a guest whose address is at this domain.
async fn invite(world: &World, who: &str, at_domain: &str) -> InvitationId {
    let address = Address::parse(&format!("{who}@{at_domain}")).unwrap();
    let who = crate::domain::contact_change::ContactChange { email: Some(address), ..guest(who) };
    let event = event("visit", &contact_id(who.id.as_str()), &format!("e-{}", who.id), noon());
    let plan = world.plan(who, &event, noon()).await;
    let invited = plan.invitations[0].id;
    world.apply(plan).await.unwrap();
    invited
}

fn ids(leases: &[Lease]) -> Vec<InvitationId> {
    leases.iter().map(|lease| lease.invitation.id).collect()
}

fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

pub(super) async fn what_is_over_a_domains_rate_waits_in_nobodys_way(store: Arc<dyn Store>) {
    let mut world = World::of(store);
    Arc::make_mut(&mut world.rules.gate).routes.domains = BTreeMap::from([("slow.example".to_owned(), 1.0)]);
    for n in 0..200 {
        invite(&world, &format!("a-{n}"), "slow.example").await;
    }
    let other = invite(&world, "z", "quick.example").await;
    let first = world.lease(Email, 1, noon()).await;
    assert_eq!((first.leases.len(), first.leases[0].routes.clone()), (1, vec![Route::Account, domain("slow.example")]));
    // However many are before it, it has its turn after a few looks, and the next of the slow ones after a second.
    let mut leased = Vec::new();
    for _ in 0..5 {
        leased.extend(ids(&world.lease(Email, 1, noon()).await.leases));
    }
    assert_eq!(leased, [other]);
    assert_eq!(world.lease(Email, 9, noon()).await.next_at, Some(noon() + seconds(1) - TimeDelta::milliseconds(100)));
    let n_later = world.lease(Email, 9, noon() + seconds(60)).await.leases.len();
    assert_eq!((n_later, world.store.queue().await.unwrap()), (1, [0, 3, 198, 0]));
    let mut now = noon() + seconds(60);
    for _ in 0..198 {
        now += seconds(1);
        assert_eq!(world.lease(Email, 9, now).await.leases.len(), 1);
    }
    let nothing = world.lease(Email, 9, now + hours(1)).await;
    assert_eq!((nothing.leases.len(), nothing.n_withheld, nothing.next_at), (0, 0, None));
}

pub(super) async fn a_rate_of_the_relay_holds_over_all_domains_and_is_remembered(store: Arc<dyn Store>) {
    let mut world = World::of(store);
    Arc::make_mut(&mut world.rules.gate).routes.account = Some(2.0);
    for n in 0..20 {
        invite(&world, &format!("a-{n}"), &format!("d-{n}.example")).await;
    }
    assert_eq!(world.lease(Email, 9, noon()).await.leases.len(), 1);
    assert_eq!(world.lease(Email, 9, noon()).await.next_at, Some(noon() + TimeDelta::milliseconds(400)));
    // Somebody else who asks the same store, as after a restart, is bound by it too.
    let mut again = World::of(Arc::clone(&world.store));
    again.rules = world.rules.clone();
    assert_eq!(again.lease(Email, 9, noon() + TimeDelta::milliseconds(300)).await.leases.len(), 0);
    assert_eq!(again.lease(Email, 9, noon() + TimeDelta::milliseconds(400)).await.leases.len(), 1);
}

/// Leases when so much is under way on this domain.
async fn lease_beside(world: &World, load: (&str, Load), n_max: usize, now: DateTime<Utc>) -> Vec<InvitationId> {
    let busy = BTreeMap::from([(domain(load.0).room(), load.1)]);
    ids(&world.lease_with(Email, n_max, now, Loads { busy, ..idle() }).await.leases)
}

pub(super) async fn what_waits_for_a_slow_domain_is_out_of_the_way_until_the_domain_has_room(store: Arc<dyn Store>) {
    let world = World::of(store);
    let mut slow = Vec::new();
    for n in 0..100 {
        slow.push(invite(&world, &format!("a-{n}"), "slow.example").await);
    }
    let other = invite(&world, "z", "quick.example").await;
    let full = Load { n_under_way: 4, limit: 4, is_slow: true };
    let mut leased = Vec::new();
    for _ in 0..3 {
        leased.extend(lease_beside(&world, ("slow.example", full), 1, noon()).await);
    }
    assert_eq!(leased, [other]);
    // Nothing else tells when there is room again.
    let busy = [(domain("slow.example").room(), full)].into();
    let nothing = world.lease_with(Email, 1, noon(), Loads { busy, limit: 32 }).await;
    assert_eq!((nothing.leases.len(), nothing.next_at, nothing.awaits_an_end), (0, None, true));
    let room = Load { n_under_way: 2, limit: 4, is_slow: true };
    assert_eq!(lease_beside(&world, ("slow.example", room), 9, noon()).await.len(), 2);
    // A busy domain that answers quickly is waited for where it stands.
    let busy = Load { is_slow: false, ..full };
    assert!(lease_beside(&world, ("slow.example", busy), 9, noon()).await.is_empty());
    assert_eq!(world.lease(Email, 200, noon()).await.leases.len(), slow.len() - 2);
}

pub(super) async fn no_domain_takes_all_that_is_free(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..50 {
        invite(&world, &format!("a-{n}"), "one.example").await;
    }
    // Of 32 it may have 24: then 8 are free, and 24 is three times that.
    assert_eq!(world.lease(Email, 32, noon()).await.leases.len(), 24);
}

pub(super) async fn an_invitation_that_changes_while_it_waits_in_a_room_leaves_nothing_behind(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = invite(&world, "ada", "slow.example").await;
    let full = Load { n_under_way: 4, limit: 4, is_slow: true };
    assert!(lease_beside(&world, ("slow.example", full), 1, noon()).await.is_empty());
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 1, 0]);
    world.refuse(id, Extent::Everything, noon()).await;
    assert_eq!(world.store.queue().await.unwrap(), [0; 4]);
    let put_right = world.lease(Email, 9, noon()).await;
    assert!(put_right.leases.is_empty() && put_right.n_withheld == 1);
    let nothing = world.lease(Email, 9, noon()).await;
    assert_eq!((nothing.n_withheld, nothing.next_at), (0, None));
    assert_eq!(world.store.next_due(Lane::Send(Email)).await.unwrap(), None);

    // What goes on by another channel does so, and its place in the room goes.
    let bob = invite(&world, "bob", "slow.example").await;
    assert!(lease_beside(&world, ("slow.example", full), 1, noon()).await.is_empty());
    let lease = world.lease_one(Email, noon()).await;
    assert_eq!(lease.invitation.id, bob);
    world.settle(&lease, super::world::refused(false), noon()).await.unwrap();
    assert!(world.lease(Email, 9, noon()).await.next_at.is_none());
    world.send(Sms, accepted(), noon()).await;
    assert_eq!(world.store.queue().await.unwrap(), [1, 0, 0, 0]);
}

fn trouble(obstacle: Obstacle, not_before: Option<DateTime<Utc>>) -> Outcome {
    Outcome::Deferred { not_before, reply: "421 not now".to_owned(), obstacle }
}

pub(super) async fn a_relay_that_fails_rests_and_is_tried_with_one_message(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..10 {
        invite(&world, &format!("a-{n}"), &format!("d-{n}.example")).await;
    }
    let dead = || trouble(Obstacle::Route { slow_down: false }, None);
    let leased = world.lease(Email, 4, noon()).await.leases;
    for lease in &leased {
        world.settle(lease, dead(), noon()).await.unwrap();
    }
    // Four that failed together count once: a rest of a second, then one message, then two seconds.
    let mut now = noon();
    for rest in [1, 2, 4] {
        let resting = world.lease(Email, 9, now).await;
        assert_eq!((resting.leases.len(), resting.next_at), (0, Some(now + seconds(rest))));
        now += seconds(rest);
        let trial = world.lease(Email, 9, now).await.leases;
        assert_eq!(trial.len(), 1);
        let beside = Loads {
            busy: [(Route::Account.room(), Load { n_under_way: 1, limit: 32, is_slow: false })].into(),
            limit: 4,
        };
        assert!(world.lease_with(Email, 9, now, beside).await.awaits_an_end, "for the trial");
        world.settle(&trial[0], dead(), now).await.unwrap();
    }
    now += seconds(8);
    let trial = world.lease_one(Email, now).await;
    world.settle(&trial, accepted(), now).await.unwrap();
    assert_eq!(world.lease(Email, 20, now + hours(1)).await.leases.len(), 9);
}

pub(super) async fn a_domain_that_asks_to_slow_down_is_slowed_and_the_others_are_not(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..10 {
        invite(&world, &format!("a-{n}"), "slow.example").await;
    }
    let asked = world.lease(Email, 1, noon()).await.leases.remove(0);
    let slower = trouble(Obstacle::Domain { slow_down: true }, None);
    world.settle(&asked, slower, noon()).await.unwrap();
    let other = invite(&world, "z", "quick.example").await;
    assert_eq!(ids(&world.lease(Email, 20, noon() + seconds(1)).await.leases), [other]);
    // A rest of ten seconds, then half of the one a second that was seen, which is less than it was.
    let mut now = noon() + seconds(9);
    let mut n_left = 0;
    for _ in 0..20 {
        now += seconds(1);
        n_left += world.lease(Email, 20, now).await.leases.len();
    }
    assert!((9..=10).contains(&n_left), "{n_left} in 20 s");
}

pub(super) async fn a_gateway_that_says_when_to_come_back_is_left_alone_until_then(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..3 {
        world.invite("delivery", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let lease = world.lease(Sms, 1, noon()).await.leases.remove(0);
    let busy = trouble(Obstacle::Route { slow_down: true }, Some(noon() + seconds(90)));
    world.settle(&lease, busy, noon()).await.unwrap();
    let resting = world.lease(Sms, 9, noon() + seconds(89)).await;
    assert_eq!((resting.leases.len(), resting.next_at), (0, Some(noon() + seconds(90))));
    assert!(!world.lease(Sms, 9, noon() + seconds(90)).await.leases.is_empty());
}
