//! Outcomes that nobody knows: never guessed, never hidden.

use std::sync::Arc;

use super::world::{World, accepted, hours, noon, unknown};
use crate::domain::attempt::Fate;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{Lane, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::reason::HoldReason;
use crate::store::{Store, StoreError};

async fn listed(world: &World) -> Vec<InvitationId> {
    world.store.unknown_after(None, 100).await.unwrap().iter().map(|invitation| invitation.id).collect()
}

pub(super) async fn an_expired_lease_of_mail_waits_again_under_the_same_attempt(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Email, noon()).await;
    assert_eq!(world.expire(lease.until).await, 1);
    let lost = world.invitation(id).await;
    assert!(matches!(lost.state, State::Waiting { step: 0, .. }));
    assert!(matches!(world.settle(&lease, accepted(), lease.until).await, Err(StoreError::LeaseLost)));
    assert_eq!((world.invitation(id).await, listed(&world).await), (lost, vec![id]));

    let again = world.lease_one(Email, lease.until + hours(1)).await;
    let [attempt] = again.invitation.attempts.as_slice() else { panic!("{:?}", again.invitation.attempts) };
    assert_eq!((attempt.number, attempt.n_tries, attempt.was_unknown), (1, 2, true));
}

pub(super) async fn an_expired_lease_of_a_text_message_is_held(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("delivery", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Sms, noon()).await;
    assert_eq!(world.expire(lease.until).await, 1);
    let held = world.invitation(id).await;
    assert_eq!(held.state, State::Held { step: 0, reason: HoldReason::UnknownOutcome, since: lease.until });
    assert_eq!(listed(&world).await, [id]);
    assert!(world.lease(Sms, 10, lease.until + hours(240)).await.leases.is_empty());
    assert_eq!(world.store.queue().await.unwrap(), [1, 0, 0, 0]);
}

pub(super) async fn a_lease_ends_at_its_time_and_not_before(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    world.invite("visit", "bob", "e-2", noon() + hours(1)).await;
    let first = world.lease_one(Email, noon()).await;
    let second = world.lease_one(Email, noon() + hours(1)).await;
    assert_eq!(world.expire(first.until - hours(1)).await, 0);
    assert_eq!(world.expire(first.until).await, 1);
    assert_eq!(world.store.next_due(Lane::Leased).await.unwrap(), Some(second.until));
    world.settle(&second, accepted(), first.until).await.unwrap();
    assert_eq!(world.expire(second.until).await, 0);
}

pub(super) async fn mail_of_unknown_outcome_is_sent_once_more_and_then_held(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let lost = world.send(Email, unknown(), noon()).await;
    assert!(matches!(lost.state, State::Waiting { .. }));
    let lost = world.send(Email, unknown(), noon() + hours(1)).await;
    assert!(matches!(lost.state, State::Held { .. }));
    assert_eq!(lost.attempts.iter().map(|attempt| attempt.n_tries).collect::<Vec<_>>(), [2]);
    assert!(world.lease(Email, 10, noon() + hours(300)).await.leases.is_empty());
    assert_eq!(listed(&world).await, [id]);
}

pub(super) async fn unknown_outcomes_stay_listed_also_when_they_become_known(store: Arc<dyn Store>) {
    let world = World::of(store);
    let mut ids = Vec::new();
    for n in 0..5 {
        ids.push(world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await);
    }
    ids.sort_unstable();
    for lease in world.lease(Email, 10, noon()).await.leases {
        world.settle(&lease, unknown(), noon()).await.unwrap();
    }
    let known = world.lease(Email, 1, noon() + hours(1)).await.leases.remove(0);
    let known = world.settle(&known, accepted(), noon() + hours(1)).await.unwrap();
    assert!(matches!(known.attempts.first().unwrap().fate, Fate::Accepted { .. }));
    assert_eq!(listed(&world).await, ids);

    // Page by page, the same list.
    let (mut paged, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.unknown_after(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        paged.extend(page.iter().map(|invitation| invitation.id));
    }
    assert_eq!(paged, ids);
}
