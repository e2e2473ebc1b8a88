//! Windows end: together where they began together, none early, and none twice.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::books;
use super::world::{WINDOW, World, accepted, contact_id, event, form, guest, hours, noon, unknown};
use crate::domain::answer::Completeness;
use crate::domain::id::InvitationId;
use crate::domain::invitation::{End, Invitation, Lane, State};
use crate::domain::journey::Channel::{Email, Sms};
use crate::store::work::windows::TOGETHER_MAX;
use crate::store::{Extent, Lease, Store, Wanted};

/// So many of them are invited and leased together.
async fn leased(world: &World, kind: &str, n: usize, now: DateTime<Utc>) -> Vec<Lease> {
    let mut plans = Vec::new();
    for guest_number in 0..n {
        let who = format!("guest-{guest_number}");
        let visit = event(kind, &contact_id(&who), &format!("e-{who}-{}", now.timestamp_millis()), now);
        plans.push(world.plan(guest(&who), &visit, now).await);
    }
    world.store.apply_plans(plans).await.unwrap();
    let channel = if kind == "delivery" { Sms } else { Email };
    // No domain takes all that is free.
    let leased = world.lease(channel, 2 * n, now).await.leases;
    assert_eq!(leased.len(), n);
    leased
}

fn ids(leases: &[Lease]) -> Vec<InvitationId> {
    leases.iter().map(|lease| lease.invitation.id).collect()
}

async fn close(world: &World, at: DateTime<Utc>) -> usize {
    world.store.close_windows(at, 100).await.unwrap()
}

fn end_of(invitation: &Invitation) -> Option<(DateTime<Utc>, End)> {
    match invitation.state {
        State::Closed { at, end, .. } => Some((at, end)),
        State::Waiting { .. } | State::Sending { .. } | State::Held { .. } | State::Asked | State::Skipped { .. } => {
            None
        }
    }
}

pub(super) async fn those_that_end_by_the_same_second_and_are_settled_together_share_an_entry_and_never_end_early(
    store: Arc<dyn Store>,
) {
    let world = World::of(store);
    let sent_at = noon() + TimeDelta::milliseconds(250);
    let first = leased(&world, "renewal", 3, sent_at).await;
    let second = leased(&world, "renewal", 2, sent_at + TimeDelta::milliseconds(700)).await;
    let third = leased(&world, "renewal", 2, sent_at + TimeDelta::milliseconds(800)).await;
    let all = [first.clone(), third.clone(), second.clone()].concat();
    // The first and the third end by other seconds.
    world.settle_together(&all, accepted(), noon() + hours(1)).await;
    let ends_at = noon() + WINDOW + TimeDelta::seconds(1);
    let expected = [(ends_at, [ids(&first), ids(&second)].concat()), (ends_at + TimeDelta::seconds(1), ids(&third))];
    assert_eq!(books::windows(&*world.store).await, expected);
    assert_eq!(world.store.next_due(Lane::Close).await.unwrap(), Some(ends_at));
    books::check(&*world.store).await;

    // The end itself is what it always was; it is noticed by the next whole second.
    let invitation = world.invitation(first[0].invitation.id).await;
    assert_eq!(invitation.closes_at(), Some(sent_at + WINDOW));
    assert_eq!(close(&world, ends_at - TimeDelta::milliseconds(1)).await, 0);
    assert_eq!(close(&world, ends_at).await, 5);
    for id in [ids(&first), ids(&second)].concat() {
        assert_eq!(end_of(&world.invitation(id).await), Some((ends_at, End::WindowClosed)));
    }
    assert_eq!((close(&world, ends_at).await, world.store.queue().await.unwrap()), (0, [2, 0, 0, 0]));
    assert_eq!(close(&world, ends_at + hours(1)).await, 2);
    assert_eq!(books::windows(&*world.store).await, []);
    books::check(&*world.store).await;
}

pub(super) async fn text_messages_whose_leases_end_together_share_an_entry(store: Arc<dyn Store>) {
    let world = World::of(store);
    let leases = leased(&world, "delivery", 3, noon()).await;
    assert_eq!(world.expire(leases[0].until).await, 3);
    let entries = books::windows(&*world.store).await;
    assert_eq!(entries.iter().map(|(at, ids)| (*at, ids.len())).collect::<Vec<_>>(), [(noon() + WINDOW, 3)]);
    books::check(&*world.store).await;
    assert_eq!(close(&world, noon() + WINDOW).await, 3);
}

pub(super) async fn one_that_is_over_before_its_end_is_neither_closed_again_nor_opened(store: Arc<dyn Store>) {
    let world = World::of(store);
    let leases = leased(&world, "renewal", 4, noon()).await;
    world.settle_together(&leases, accepted(), noon()).await;
    let entries = books::windows(&*world.store).await;
    let [answered, in_part, refused, silent] = ids(&leases)[..] else { panic!("{leases:?}") };
    for (id, completeness) in [(answered, Completeness::Complete), (in_part, Completeness::Partial)] {
        let answer = World::answer(id, 1, form(Some(3), completeness), noon() + hours(1));
        world.store.answer_invitation(answer).await.unwrap();
    }
    world.refuse(refused, Extent::Everything, noon() + hours(2)).await;
    assert_eq!(books::windows(&*world.store).await, entries, "whoever is over leaves the index as it is");
    assert_eq!(world.store.queue().await.unwrap(), [2, 0, 0, 0]);
    books::check(&*world.store).await;
    let over = [world.invitation(answered).await, world.invitation(refused).await];

    assert_eq!(close(&world, noon() + WINDOW).await, 2);
    assert_eq!([world.invitation(answered).await, world.invitation(refused).await], over);
    for id in [in_part, silent] {
        assert_eq!(end_of(&world.invitation(id).await), Some((noon() + WINDOW, End::WindowClosed)));
    }
    assert_eq!(books::windows(&*world.store).await, []);
    books::check(&*world.store).await;
}

pub(super) async fn one_that_is_sent_again_ends_once_and_so_do_those_beside_it(store: Arc<dyn Store>) {
    let world = World::of(store);
    let leases = leased(&world, "delivery", 3, noon()).await;
    world.settle_together(&leases, unknown(), noon()).await;
    let all = ids(&leases);
    // The entry is named after the first.
    for id in &all[..2] {
        world.intervene(*id, Wanted::SendAgain, noon() + hours(1)).await.unwrap();
        books::check(&*world.store).await;
        world.send(Sms, accepted(), noon() + hours(1)).await;
        books::check(&*world.store).await;
    }
    let mut stand: Vec<_> = books::windows(&*world.store).await.into_iter().flat_map(|(_, ids)| ids).collect();
    stand.sort_unstable();
    stand.dedup();
    let mut expected = all.clone();
    expected.sort_unstable();
    assert_eq!((stand, world.store.queue().await.unwrap()), (expected, [3, 0, 0, 0]));
    assert_eq!(close(&world, noon() + WINDOW).await, 3);
    assert_eq!((books::windows(&*world.store).await, world.store.queue().await.unwrap()), (Vec::new(), [0; 4]));
    books::check(&*world.store).await;
}

pub(super) async fn one_that_is_on_its_way_at_its_end_is_closed_when_it_has_arrived(store: Arc<dyn Store>) {
    let world = World::of(store);
    let leases = leased(&world, "delivery", 2, noon()).await;
    world.settle_together(&leases, unknown(), noon()).await;
    let [again, beside] = ids(&leases)[..] else { panic!("{leases:?}") };
    let ends_at = noon() + WINDOW;
    world.intervene(again, Wanted::SendAgain, ends_at - hours(1)).await.unwrap();
    let lease = world.lease_one(Sms, ends_at - TimeDelta::seconds(1)).await;
    assert_eq!(close(&world, ends_at).await, 1);
    assert_eq!(world.invitation(again).await, lease.invitation);
    assert_eq!(end_of(&world.invitation(beside).await), Some((ends_at, End::WindowClosed)));
    world.settle(&lease, accepted(), ends_at + TimeDelta::seconds(2)).await.unwrap();
    books::check(&*world.store).await;
    assert_eq!(close(&world, ends_at + TimeDelta::seconds(3)).await, 1);
    assert_eq!(books::windows(&*world.store).await, []);
}

pub(super) async fn no_entry_is_longer_than_is_good_and_each_is_worked_off_whole(store: Arc<dyn Store>) {
    const N_MORE: usize = 5;
    let world = World::of(store);
    let leases = leased(&world, "renewal", TOGETHER_MAX + N_MORE, noon()).await;
    world.settle_together(&leases, accepted(), noon()).await;
    let entries = books::windows(&*world.store).await;
    let mut lengths: Vec<_> = entries.iter().map(|(_, ids)| ids.len()).collect();
    let at_first = lengths[0];
    lengths.sort_unstable();
    assert_eq!(lengths, [N_MORE, TOGETHER_MAX]);
    assert_eq!(world.store.close_windows(noon() + WINDOW, 0).await.unwrap(), 0);
    assert_eq!(world.store.close_windows(noon() + WINDOW, 1).await.unwrap(), at_first);
    assert_eq!(world.store.next_due(Lane::Close).await.unwrap(), Some(noon() + WINDOW));
    let rest = u64::try_from(leases.len() - at_first).unwrap();
    assert_eq!(world.store.queue().await.unwrap(), [rest, 0, 0, 0]);
    assert_eq!(world.store.close_windows(noon() + WINDOW, 1).await.unwrap(), leases.len() - at_first);
    assert_eq!(world.store.next_due(Lane::Close).await.unwrap(), None);
}
