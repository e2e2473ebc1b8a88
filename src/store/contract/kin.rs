//! Identical persons: contacts that share an address share the budgets of one person.

use std::sync::Arc;

use super::world::{World, accepted, contact_id, days, event, guest, noon};
use crate::domain::contact::Email as Address;
use crate::domain::contact_change::ContactChange;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Happening, State};
use crate::domain::journey::Channel::Email;
use crate::domain::reason::DeferReason;
use crate::plan::{Plan, Verdict};
use crate::store::Store;
use crate::store::work::addresses::SHARED_MAX;

/// One invitation in so many days.
const BUDGET_DAYS: i64 = 5;

fn world(store: Arc<dyn Store>) -> World {
    World::with_budget(store, 1, BUDGET_DAYS)
}

/// Who has a phone number of their own, and this address.
fn at(who: &str, address: &str) -> ContactChange {
    ContactChange { email: Some(Address::parse(address).unwrap()), ..guest(who) }
}

/// What comes of a visit of theirs at noon.
async fn plan(world: &World, who: ContactChange) -> Plan {
    let event = event("visit", &who.id, &format!("e-{}", who.id), noon());
    world.plan(who, &event, noon()).await
}

async fn apply(world: &World, plan: Plan) -> InvitationId {
    let id = plan.invitations[0].id;
    assert!(world.apply(plan).await.unwrap().is_none());
    id
}

/// They are asked at noon, under this address.
async fn ask(world: &World, who: ContactChange) {
    let planned = plan(world, who).await;
    apply(world, planned).await;
    world.send(Email, accepted(), noon()).await;
}

#[track_caller]
fn check(plan: &Plan, shared: bool) {
    let expected = if shared { (noon() + days(BUDGET_DAYS), Some(DeferReason::FrequencyCap)) } else { (noon(), None) };
    match plan.decisions[0].verdict {
        Verdict::Planned { due_at, deferred, .. } => assert_eq!((due_at, deferred), expected),
        Verdict::Skipped { reason } => panic!("skipped: {}", reason.as_str()),
    }
}

pub(super) async fn who_shares_an_address_or_a_number_is_asked_as_one_person(store: Arc<dyn Store>) {
    let world = world(store);
    ask(&world, at("ada", "Home@example.org")).await;
    check(&plan(&world, at("bob", "home@example.org")).await, true);
    let same_number = ContactChange { phone: guest("ada").phone, ..guest("cyd") };
    check(&plan(&world, same_number).await, true);
    check(&plan(&world, guest("dan")).await, false);
    // What the other contact was asked is theirs to tell, and not this one's history.
    world.store.put_contacts(vec![at("bob", "home@example.org")], false).await.unwrap();
    let facts = world.store.facts(&contact_id("bob")).await.unwrap();
    assert_eq!((facts.history.len(), facts.kin.len()), (0, 1));
}

pub(super) async fn two_events_of_one_person_planned_at_the_same_time_do_not_both_slip_under_the_cap(
    store: Arc<dyn Store>,
) {
    let world = world(store);
    let [first, second] =
        [plan(&world, at("ada", "a@example.org")).await, plan(&world, at("bob", "a@example.org")).await];
    // Neither knows of the other.
    check(&first, false);
    check(&second, false);
    let ids = [apply(&world, first).await, apply(&world, second).await];
    let leased = world.lease(Email, 10, noon()).await;
    assert_eq!((leased.leases.len(), leased.n_withheld), (1, 1));
    let sent = leased.leases[0].invitation.id;
    let waits = if sent == ids[0] { ids[1] } else { ids[0] };
    let until = noon() + days(BUDGET_DAYS);
    let waiting = world.invitation(waits).await;
    assert_eq!(waiting.state, State::Waiting { step: 0, due_at: until });
    let put_off = Happening::PutOff { until, reason: DeferReason::FrequencyCap };
    assert!(waiting.history.iter().any(|note| note.what == put_off));
    assert_eq!(world.lease_one(Email, until).await.invitation.id, waits);
}

pub(super) async fn who_moves_away_from_an_address_is_another_person_again(store: Arc<dyn Store>) {
    let world = world(store);
    ask(&world, at("ada", "shared@example.org")).await;
    check(&plan(&world, at("bob", "shared@example.org")).await, true);
    world.store.put_contacts(vec![at("ada", "own@example.org")], false).await.unwrap();
    check(&plan(&world, at("bob", "shared@example.org")).await, false);
    // The news that come with an event decide, before they are stored.
    check(&plan(&world, at("bob", "own@example.org")).await, true);
}

pub(super) async fn a_chain_of_shared_addresses_joins_neighbours_only(store: Arc<dyn Store>) {
    let world = world(store);
    ask(&world, at("ada", "first@example.org")).await;
    let between = ContactChange { phone: guest("cyd").phone, ..at("bob", "first@example.org") };
    world.store.put_contacts(vec![between.clone()], false).await.unwrap();
    check(&plan(&world, guest("cyd")).await, false);
    check(&plan(&world, between).await, true);
}

pub(super) async fn an_address_that_was_typed_in_for_everybody_joins_nobody(store: Arc<dyn Store>) {
    let world = world(store);
    ask(&world, at("ada", "till@example.org")).await;
    let many = (1..SHARED_MAX).map(|n| at(&format!("guest-{n}"), "till@example.org")).collect();
    world.store.put_contacts(many, false).await.unwrap();
    check(&plan(&world, at("guest-1", "till@example.org")).await, true);
    world.store.put_contacts(vec![at("one-more", "till@example.org")], false).await.unwrap();
    check(&plan(&world, at("guest-1", "till@example.org")).await, false);
}
