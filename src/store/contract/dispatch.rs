//! The due index and its leases.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::world::{WINDOW, World, accepted, days, deferred, hours, noon, refused, settlement};
use crate::domain::attempt::Fate;
use crate::domain::invitation::{End, Happening, Invitation, Lane, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::store::{Store, StoreError};

fn waits_until(invitation: &Invitation) -> Option<chrono::DateTime<chrono::Utc>> {
    match invitation.state {
        State::Waiting { due_at, .. } => Some(due_at),
        State::Sending { .. } | State::Held { .. } | State::Asked | State::Closed { .. } | State::Skipped { .. } => {
            None
        }
    }
}

pub(super) async fn due_invitations_are_leased_in_order_of_priority_then_time(store: Arc<dyn Store>) {
    let world = World::of(store);
    let later = world.invite("renewal", "ada", "e-1", noon() + hours(2)).await;
    let common = world.invite("visit", "bob", "e-2", noon() + hours(1)).await;
    let valuable = world.invite("renewal", "cyd", "e-3", noon() + hours(1)).await;
    let first = world.invite("visit", "dan", "e-4", noon()).await;
    let by_text = world.invite("delivery", "eve", "e-5", noon()).await;
    let not_due = world.invite("visit", "fay", "e-6", noon() + days(1)).await;

    let leased = world.lease(Email, 10, noon() + hours(2)).await;
    let order: Vec<_> = leased.leases.iter().map(|lease| lease.invitation.id).collect();
    assert_eq!(order, [valuable, later, first, common]);
    assert_eq!(leased.n_withheld, 0);
    assert_eq!(world.lease_one(Sms, noon()).await.invitation.id, by_text);
    assert!(waits_until(&world.invitation(not_due).await).is_some());
}

pub(super) async fn no_more_than_asked_for_are_leased_and_none_twice(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..5 {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let mut seen = BTreeSet::new();
    for (n_max, n_expected) in [(0, 0), (2, 2), (2, 2), (2, 1), (2, 0)] {
        let leased = world.lease(Email, n_max, noon()).await;
        assert_eq!(leased.leases.len(), n_expected);
        for lease in leased.leases {
            assert!(seen.insert(lease.invitation.id));
            assert_eq!(lease.contact.id, lease.invitation.contact);
            assert_eq!(lease.until, noon() + hours(1));
            // What the worker holds is what is stored.
            assert_eq!(world.invitation(lease.invitation.id).await, lease.invitation);
        }
    }
    assert_eq!(seen.len(), 5);
}

pub(super) async fn racing_workers_never_hold_the_same_invitation(store: Arc<dyn Store>) {
    let world = Arc::new(World::of(store));
    for n in 0..30 {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let mut racing = JoinSet::new();
    for _ in 0..8 {
        let world = Arc::clone(&world);
        racing.spawn(async move { world.lease(Email, 5, noon()).await.leases });
    }
    let held: Vec<_> = racing.join_all().await.into_iter().flatten().map(|lease| lease.invitation.id).collect();
    let distinct: BTreeSet<_> = held.iter().copied().collect();
    assert_eq!((held.len(), distinct.len()), (30, 30));
}

pub(super) async fn only_the_holder_of_a_lease_may_settle_it(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Email, noon()).await;
    let forged = crate::store::Lease { lease: lease.lease + 1, ..lease.clone() };
    assert!(matches!(world.settle(&forged, accepted(), noon()).await, Err(StoreError::LeaseLost)));
    assert_eq!(world.invitation(id).await, lease.invitation);

    let settled = world.settle(&lease, accepted(), noon()).await.unwrap();
    assert_eq!(world.invitation(id).await, settled);
    assert!(matches!(world.settle(&lease, refused(true), noon()).await, Err(StoreError::LeaseLost)));
    assert_eq!(world.invitation(id).await, settled);
    assert_eq!(world.store.facts(&settled.contact).await.unwrap().suppressed, []);
}

pub(super) async fn outcomes_that_are_recorded_together_stand_each_for_itself(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..4 {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let leases = world.lease(Email, 3, noon()).await.leases;
    let other = world.lease_one(Email, noon()).await;
    let forged = crate::store::Lease { lease: leases[0].lease + 9, ..other.clone() };
    let of = |lease, outcome| settlement(&world.rules, lease, outcome, noon());
    let requests = [
        of(&leases[0], deferred()),
        // A second time, when it waits again.
        of(&leases[0], accepted()),
        of(&forged, accepted()),
        of(&leases[1], accepted()),
        of(&other, accepted()),
    ];
    let recorded = world.store.settle(Arc::from(requests)).await.unwrap();
    let is_recorded: Vec<_> = recorded.iter().map(Result::is_ok).collect();
    assert_eq!(is_recorded, [true, false, false, true, true]);
    assert!(matches!(recorded[1..3], [Err(StoreError::LeaseLost), Err(StoreError::LeaseLost)]), "{recorded:?}");
    for settled in recorded.into_iter().flatten() {
        assert_eq!(world.invitation(settled.id).await, settled);
    }
    let held = world.invitation(leases[2].invitation.id).await;
    assert_eq!(held, leases[2].invitation, "nobody has said what came of it");
    world.settle(&leases[2], accepted(), noon()).await.unwrap();
}

pub(super) async fn a_deferred_message_waits_again_under_the_same_attempt(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    let put_off = world.send(Email, deferred(), noon()).await;
    let due_at = waits_until(&put_off).unwrap();
    assert!(due_at > noon());
    assert!(world.lease(Email, 10, noon()).await.leases.is_empty());

    let again = world.lease_one(Email, due_at).await.invitation;
    let [attempt] = again.attempts.as_slice() else { panic!("{:?}", again.attempts) };
    assert_eq!((attempt.number, attempt.n_tries, attempt.first_tried_at), (1, 2, noon()));
}

pub(super) async fn a_line_up_goes_on_by_another_channel_when_the_first_was_refused(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, refused(false), noon()).await;
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 0, 1]);
    let by_text = world.send(Sms, accepted(), noon()).await;
    let numbers: Vec<_> = by_text.attempts.iter().map(|attempt| (attempt.number, attempt.channel)).collect();
    assert_eq!(numbers, [(1, Email), (2, Sms)]);
    assert_eq!((by_text.state, world.store.queue().await.unwrap()), (State::Asked, [1, 0, 0, 0]));

    // Refused on both, it is over.
    world.invite("visit", "bob", "e-2", noon()).await;
    world.send(Email, refused(false), noon()).await;
    let nowhere = world.send(Sms, refused(false), noon()).await;
    assert!(matches!(nowhere.state, State::Closed { end: End::Undelivered, .. }));
    assert!(nowhere.attempts.iter().all(|attempt| matches!(attempt.fate, Fate::Refused { .. })));
}

pub(super) async fn windows_close_on_time_and_only_once(store: Arc<dyn Store>) {
    let world = World::of(store);
    let first = world.invite("renewal", "ada", "e-1", noon()).await;
    let second = world.invite("renewal", "bob", "e-2", noon() + hours(1)).await;
    world.send(Email, accepted(), noon()).await;
    world.send(Email, accepted(), noon() + hours(1)).await;
    let ends_at = noon() + WINDOW;
    assert_eq!(world.store.next_due(Lane::Close).await.unwrap(), Some(ends_at));

    assert_eq!(world.store.close_windows(ends_at - hours(1), 10).await.unwrap(), 0);
    assert_eq!(world.store.close_windows(ends_at, 10).await.unwrap(), 1);
    let closed = world.invitation(first).await;
    assert_eq!(closed.state, State::Closed { at: ends_at, end: End::WindowClosed, through: None });
    assert_eq!(world.invitation(second).await.state, State::Asked);

    assert_eq!(world.store.close_windows(ends_at + hours(1), 0).await.unwrap(), 0);
    assert_eq!(world.store.close_windows(ends_at + hours(1), 10).await.unwrap(), 1);
    assert_eq!(world.store.close_windows(ends_at + days(99), 10).await.unwrap(), 0);
    assert_eq!(world.invitation(first).await, closed);
    let n_closed = closed.history.iter().filter(|note| matches!(note.what, Happening::Closed { .. })).count();
    assert_eq!((n_closed, world.store.queue().await.unwrap()), (1, [0; 4]));
}

pub(super) async fn the_queue_tells_how_many_stand_on_each_lane_and_what_is_due_first(store: Arc<dyn Store>) {
    let world = World::of(store);
    for lane in Lane::ALL {
        assert_eq!(world.store.next_due(lane).await.unwrap(), None);
    }
    world.invite("visit", "ada", "e-1", noon() + hours(3)).await;
    world.invite("renewal", "bob", "e-2", noon() + hours(2)).await;
    world.invite("delivery", "cyd", "e-3", noon()).await;
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 2, 1]);
    assert_eq!(world.store.next_due(Lane::Send(Email)).await.unwrap(), Some(noon() + hours(2)));
    assert_eq!(world.store.next_due(Lane::Send(Sms)).await.unwrap(), Some(noon()));

    let lease = world.lease_one(Sms, noon()).await;
    assert_eq!(world.store.queue().await.unwrap(), [0, 1, 2, 0]);
    assert_eq!(world.store.next_due(Lane::Leased).await.unwrap(), Some(lease.until));
    world.settle(&lease, accepted(), noon()).await.unwrap();
    assert_eq!(world.store.queue().await.unwrap(), [1, 0, 2, 0]);
}
