//! Plans: stored whole, once, and on what is still true.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::JoinSet;

use super::world::{World, contact_id, days, event, guest, hours, noon};
use crate::domain::id::{JourneyId, StageId};
use crate::domain::invitation::{Invitation, State};
use crate::domain::journey::Channel;
use crate::domain::reason::{DeferReason, SkipReason};
use crate::plan::Verdict;
use crate::store::{Extent, Store, StoreError};

pub(super) async fn a_plan_is_stored_whole_or_not_at_all(store: Arc<dyn Store>) {
    let world = World::of(store);
    let visit = event("visit", &contact_id("ada"), "e-1", noon());
    let plan = world.plan(guest("ada"), &visit, noon()).await;
    let stale = world.plan(guest("ada"), &event("renewal", &contact_id("ada"), "e-2", noon()), noon()).await;
    assert_eq!(world.apply(plan.clone()).await.unwrap(), None);

    assert_eq!(world.store.contact(&contact_id("ada")).await.unwrap().as_ref(), Some(&plan.contact));
    assert_eq!(world.store.event(&visit.id).await.unwrap(), plan.event);
    assert_eq!(world.store.invitations_of(&contact_id("ada")).await.unwrap(), plan.invitations);
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 1, 0]);

    let refused = stale.event.clone().unwrap().event.id;
    assert!(matches!(world.apply(stale).await, Err(StoreError::Stale)));
    assert_eq!(world.store.event(&refused).await.unwrap(), None);
    assert_eq!(world.store.invitations_of(&contact_id("ada")).await.unwrap().len(), 1);
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 1, 0]);
}

pub(super) async fn the_same_event_again_gives_the_recorded_decisions_and_changes_nothing(store: Arc<dyn Store>) {
    let world = World::of(store);
    let visit = event("visit", &contact_id("ada"), "e-1", noon());
    let plan = world.plan(guest("ada"), &visit, noon()).await;
    world.apply(plan.clone()).await.unwrap();
    let contact = world.store.contact(&contact_id("ada")).await.unwrap();

    assert_eq!(world.apply(plan.clone()).await.unwrap(), plan.event);
    // Planned anew, the stage would say that the guest was asked already; what was said first stands.
    let anew = world.plan(guest("ada"), &visit, noon() + hours(1)).await;
    assert_ne!(anew.decisions, plan.decisions);
    assert_eq!(world.apply(anew).await.unwrap(), plan.event);
    assert_eq!(world.store.contact(&contact_id("ada")).await.unwrap(), contact);
    assert_eq!(world.store.invitations_of(&contact_id("ada")).await.unwrap(), plan.invitations);
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 1, 0]);
}

pub(super) async fn a_plan_on_an_older_revision_is_stale(store: Arc<dyn Store>) {
    let world = World::of(store);
    let visit = event("visit", &contact_id("ada"), "e-1", noon());
    let plan = world.plan(guest("ada"), &visit, noon()).await;
    world.store.put_contacts(vec![guest("ada")], false).await.unwrap();
    assert!(matches!(world.apply(plan).await, Err(StoreError::Stale)));

    let plan = world.plan(guest("ada"), &visit, noon()).await;
    // The same news again changes nothing, so the plan stays good.
    world.store.put_contacts(vec![guest("ada")], false).await.unwrap();
    assert_eq!(world.apply(plan).await.unwrap(), None);

    // A no that comes through a link is a change like any other.
    let asked = world.store.invitations_of(&contact_id("ada")).await.unwrap().remove(0);
    let next = event("renewal", &contact_id("ada"), "e-2", noon());
    let plan = world.plan(guest("ada"), &next, noon()).await;
    world.refuse(asked.id, Extent::Everything, noon()).await;
    assert!(matches!(world.apply(plan).await, Err(StoreError::Stale)));
}

pub(super) async fn two_racing_plans_for_one_contact_cannot_both_pass_a_cap(store: Arc<dyn Store>) {
    let world = World::with_budget(store, 1, 5);
    let who = contact_id("ada");
    let [first, second] = ["e-1", "e-2"].map(|id| event("visit", &who, id, noon()));
    let plan_first = world.plan(guest("ada"), &first, noon()).await;
    let plan_second = world.plan(guest("ada"), &second, noon()).await;
    let at_once = |plan: &crate::plan::Plan| match plan.decisions.first().map(|decision| decision.verdict) {
        Some(Verdict::Planned { due_at, deferred, .. }) => (due_at, deferred),
        other => panic!("{other:?}"),
    };
    assert_eq!([at_once(&plan_first), at_once(&plan_second)], [(noon(), None); 2]);

    world.apply(plan_second).await.unwrap();
    assert!(matches!(world.apply(plan_first).await, Err(StoreError::Stale)));
    let later = noon() + hours(1);
    let again = world.plan(guest("ada"), &first, later).await;
    assert_eq!(at_once(&again), (noon() + days(5), Some(DeferReason::FrequencyCap)));
    world.apply(again).await.unwrap();

    // With a budget for longer than the invitation would last, later is never.
    let world = World::with_budget(Arc::clone(&world.store), 1, 60);
    let third = world.plan(guest("ada"), &event("visit", &who, "e-3", noon()), later).await;
    let [decision] = third.decisions.as_slice() else { panic!("one stage listens") };
    assert_eq!(decision.verdict, Verdict::Skipped { reason: SkipReason::FrequencyCap });
}

pub(super) async fn of_many_racing_events_of_one_contact_each_is_recorded_once_and_none_is_asked_over_the_cap(
    store: Arc<dyn Store>,
) {
    const N_EVENTS: usize = 8;
    let world = Arc::new(World::with_budget(store, 1, 60));
    let mut racing = JoinSet::new();
    for n in 0..N_EVENTS * 2 {
        let world = Arc::clone(&world);
        racing.spawn(async move {
            // Every event comes twice.
            let event = event("visit", &contact_id("ada"), &format!("e-{}", n % N_EVENTS), noon());
            loop {
                let plan = world.plan(guest("ada"), &event, noon()).await;
                match world.apply(plan).await {
                    Ok(recorded) => return recorded.is_none(),
                    Err(StoreError::Stale) => (),
                    Err(other) => panic!("{other}"),
                }
            }
        });
    }
    let n_new = racing.join_all().await.into_iter().filter(|new| *new).count();
    assert_eq!(n_new, N_EVENTS);
    assert_eq!(world.lease(Channel::Email, N_EVENTS, noon()).await.leases.len(), 1);
    let all = world.store.invitations_of(&contact_id("ada")).await.unwrap();
    let over =
        |invitation: &&Invitation| matches!(invitation.state, State::Skipped { reason: SkipReason::FrequencyCap, .. });
    assert_eq!((all.len(), all.iter().filter(over).count()), (N_EVENTS, N_EVENTS - 1));
    let revision = world.store.contact(&contact_id("ada")).await.unwrap().map(|contact| contact.revision);
    assert_eq!(revision, Some(N_EVENTS as u64));
}

pub(super) async fn the_last_fire_of_a_clock_is_kept_by_stage(store: Arc<dyn Store>) {
    let journey = JourneyId::parse("dine-in").unwrap();
    let [loyalty, other] = ["loyalty", "other"].map(|id| StageId::parse(id).unwrap());
    assert_eq!(store.last_fire(&journey, &loyalty).await.unwrap(), None);
    let early: DateTime<Utc> = DateTime::from_timestamp_micros(-1).unwrap();
    for at in [early, noon()] {
        store.finish_fire(journey.clone(), loyalty.clone(), at).await.unwrap();
        assert_eq!(store.last_fire(&journey, &loyalty).await.unwrap(), Some(at));
    }
    assert_eq!(store.last_fire(&journey, &other).await.unwrap(), None);
}
