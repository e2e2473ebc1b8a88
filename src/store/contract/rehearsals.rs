//! What is rehearsed happens to a copy, and the copy is the store as it was at one instant.

use std::sync::Arc;

use super::books;
use super::world::{World, accepted, days, noon};
use crate::domain::journey::Channel::Email;
use crate::store::Store;

pub(super) async fn what_is_rehearsed_changes_nothing_and_each_rehearsal_begins_anew(store: Arc<dyn Store>) {
    let world = World::of(store);
    let sent = world.invite("visit", "ada", "e-1", noon()).await;
    let waiting = world.invite("visit", "bob", "e-2", noon() + days(1)).await;
    world.send(Email, accepted(), noon()).await;
    let snapshot = world.store.snapshot().await.unwrap();
    let (before, queue) = (books::every_invitation(&*world.store).await, world.store.queue().await.unwrap());
    for _ in 0..2 {
        let rehearsal = snapshot.rehearse(noon()).await.unwrap();
        assert!(rehearsal.touched(None, 10).await.unwrap().is_empty());
        let played = World::of(rehearsal.store());
        assert_eq!(books::every_invitation(&*played.store).await, before);
        played.send(Email, accepted(), noon() + days(1)).await;
        let new = played.invite("visit", "cyd", "e-3", noon() + days(1)).await;
        books::check(&*played.store).await;
        let touched = rehearsal.touched(None, 10).await.unwrap();
        let of = |id| touched.iter().find(|touched| touched.after.id == id);
        assert_eq!((touched.len(), of(sent).is_none()), (2, true));
        assert_eq!(of(waiting).unwrap().before.as_ref(), before.iter().find(|known| known.id == waiting));
        assert!(of(waiting).unwrap().after.delivered() && of(new).unwrap().before.is_none());
        let rest = rehearsal.touched(Some(touched[0].after.id), 10).await.unwrap();
        assert_eq!(rest.len(), 1);
    }
    assert_eq!(books::every_invitation(&*world.store).await, before);
    assert_eq!(world.store.queue().await.unwrap(), queue);
}

async fn send_some(world: &World) {
    let leases = world.lease(Email, 8, noon()).await.leases;
    assert!(!leases.is_empty());
    for lease in leases {
        world.settle(&lease, accepted(), noon()).await.unwrap();
    }
}

pub(super) async fn a_snapshot_stays_as_it_was_while_the_store_goes_on(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..20 {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
    }
    let before = books::every_invitation(&*world.store).await;
    let snapshot = world.store.snapshot().await.unwrap();
    send_some(&world).await;
    world.invite("visit", "late", "e-20", noon()).await;
    let first = snapshot.rehearse(noon()).await.unwrap();
    assert_eq!(books::every_invitation(&*first.store()).await, before);
    send_some(&world).await;
    let second = snapshot.rehearse(noon()).await.unwrap();
    for played in [first.store(), second.store()] {
        assert_eq!(books::every_invitation(&*played).await, before);
        books::check(&*played).await;
    }
    assert_ne!(books::every_invitation(&*world.store).await, before);
}

pub(super) async fn what_is_on_its_way_arrives_in_a_rehearsal(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let lease = world.lease_one(Email, noon()).await;
    let rehearsal = world.store.snapshot().await.unwrap().rehearse(noon()).await.unwrap();
    let arrived = rehearsal.store().invitation(&id).await.unwrap().unwrap();
    assert!(arrived.delivered());
    assert_eq!(world.invitation(id).await, lease.invitation, "what really is on its way still is");
}
