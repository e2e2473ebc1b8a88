//! What operators do by hand goes through the gate, changes the counters with the records, and only what it is to.

use std::sync::Arc;

use super::books;
use super::world::{World, accepted, contact_id, days, hours, noon, refused, unknown};
use crate::domain::attempt::Fate;
use crate::domain::contact::Consent;
use crate::domain::contact_change::ContactChange;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{End, Found, Happening, LeftOut, Stalled, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::domain::reason::SkipReason;
use crate::store::{Intervention, Store, Wanted};

const AGAIN: Wanted = Wanted::AskAgain { how: Stalled::Undelivered, channel: None };

/// Invited and refused on every channel, by a relay that had a bad hour.
async fn nowhere(world: &World, who: &str) -> InvitationId {
    let id = world.invite("renewal", who, who, noon()).await;
    let ended = world.send(Email, refused(false), noon()).await;
    assert!(matches!(ended.state, State::Closed { end: End::Undelivered, .. }));
    id
}

pub(super) async fn a_held_message_that_is_sent_again_leaves_under_its_number(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("delivery", "ada", "e-1", noon()).await;
    world.send(Sms, unknown(), noon()).await;
    assert!(world.lease(Sms, 10, noon() + hours(1)).await.leases.is_empty());
    let again = world.intervene(id, Wanted::SendAgain, noon() + hours(1)).await.unwrap();
    assert!(matches!(again.history.last().unwrap().what, Happening::SentAgain { attempt: 1, .. }));
    assert_eq!((&again, world.store.queue().await.unwrap()), (&world.invitation(id).await, [0, 0, 0, 1]));
    let lease = world.lease_one(Sms, noon() + hours(1)).await;
    let [attempt] = lease.invitation.attempts.as_slice() else { panic!("{:?}", lease.invitation.attempts) };
    assert_eq!((attempt.number, attempt.n_tries), (1, 2));
    assert_eq!(world.intervene(id, Wanted::SendAgain, noon()).await, Err(LeftOut::Sending));
    world.settle(&lease, accepted(), noon() + hours(1)).await.unwrap();
    books::check(&*world.store).await;
}

pub(super) async fn a_dry_run_says_what_would_become_of_them_and_changes_nothing(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = nowhere(&world, "ada").await;
    let before = world.invitation(id).await;
    let request = Intervention { dry_run: true, ..world.intervention(vec![id], AGAIN, noon()) };
    let told = world.store.intervene(request).await.unwrap();
    assert!(matches!(told[0].outcome.as_ref().unwrap().state, State::Waiting { step: 0, .. }));
    assert_eq!(world.invitation(id).await, before);
    assert!(world.lease(Email, 10, noon()).await.leases.is_empty());
    books::check(&*world.store).await;
}

pub(super) async fn what_an_operator_found_out_corrects_the_counters(store: Arc<dyn Store>) {
    let world = World::of(store);
    let mut ids = Vec::new();
    for who in ["ada", "bob"] {
        ids.push(world.invite("delivery", who, who, noon()).await);
        world.send(Sms, unknown(), noon()).await;
    }
    let late = noon() + days(20);
    world.store.close_windows(late, 10).await.unwrap();
    for (id, found) in [(ids[0], Found::Accepted), (ids[1], Found::Refused)] {
        world.intervene(id, Wanted::Settle { attempt: None, found }, late).await.unwrap();
    }
    let day = noon().date_naive();
    let tallies = world.store.tallies(day, day + chrono::Days::new(1)).await.unwrap();
    let counts = tallies.first().unwrap().1.all;
    assert_eq!((counts.delivered, counts.undelivered, counts.unknown), (1, 1, 0));
    books::check(&*world.store).await;
}

pub(super) async fn what_a_relay_refused_by_mistake_is_asked_again_and_arrives(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = nowhere(&world, "ada").await;
    world.intervene(id, AGAIN, noon() + hours(1)).await.unwrap();
    let sent = world.send(Email, accepted(), noon() + hours(1)).await;
    let numbers: Vec<_> = sent.attempts.iter().map(|attempt| (attempt.number, attempt.step)).collect();
    assert_eq!((sent.state, numbers), (State::Asked, vec![(1, 0), (2, 0)]));
    assert!(matches!(sent.attempts[0].fate, Fate::Refused { .. }));
    // The window is that of the first try.
    assert_eq!(world.store.close_windows(noon() + days(14), 10).await.unwrap(), 1);
    books::check(&*world.store).await;
}

pub(super) async fn whom_the_gate_would_not_let_through_is_left_out_with_its_reason(store: Arc<dyn Store>) {
    let world = World::of(store);
    let said_no = nowhere(&world, "ada").await;
    let no = ContactChange { consent_email: Some(Consent::Refused), ..ContactChange::none(contact_id("ada")) };
    world.store.put_contacts(vec![no], false).await.unwrap();
    let dead = world.invite("renewal", "bob", "e-2", noon()).await;
    world.send(Email, refused(true), noon()).await;
    let too_late = nowhere(&world, "cyd").await;
    let gate = |reason| Err(LeftOut::Gate(reason));
    assert_eq!(world.intervene(said_no, AGAIN, noon()).await, gate(SkipReason::NoConsent));
    assert_eq!(world.intervene(dead, AGAIN, noon()).await, gate(SkipReason::Suppressed));
    assert_eq!(world.intervene(too_late, AGAIN, noon() + days(14)).await, Err(LeftOut::WindowOver));
    // Where one step is barred, the next that failed is asked again.
    let both = world.invite("visit", "dan", "e-4", noon()).await;
    world.send(Email, refused(true), noon()).await;
    world.send(Sms, refused(false), noon()).await;
    let again = world.intervene(both, AGAIN, noon()).await.unwrap();
    assert!(matches!(again.state, State::Waiting { step: 2, .. }));
    books::check(&*world.store).await;
}

pub(super) async fn each_of_many_is_decided_by_itself(store: Arc<dyn Store>) {
    let world = World::of(store);
    let stalled = nowhere(&world, "ada").await;
    let asked = world.invite("renewal", "bob", "e-2", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let nobody = InvitationId::from_bytes([9; 16]);
    let done = world.store.intervene(world.intervention(vec![asked, stalled, nobody], AGAIN, noon())).await.unwrap();
    let outcomes: Vec<_> = done.iter().map(|done| done.outcome.as_ref().map(drop).map_err(|why| *why)).collect();
    assert_eq!(outcomes, [Err(LeftOut::MovedOn), Ok(()), Err(LeftOut::NotThere)]);
}
