//! What is held does not leave, is in nobody's way, and is not lost.

use std::sync::Arc;

use super::books;
use super::world::{World, hours, noon};
use crate::domain::hold::{HOLDS_MAX, Hold};
use crate::domain::id::{BranchId, InvitationId, JourneyId, StageId};
use crate::domain::invitation::State;
use crate::domain::journey::Channel::{self, Email, Sms};
use crate::domain::operator::Operator;
use crate::domain::reason::HoldReason;
use crate::domain::scope::Scope;
use crate::store::{Store, StoreError};

fn stage(id: &str) -> Scope {
    Scope { stage: StageId::parse(id).ok(), ..Scope::default() }
}

fn hold(scope: Scope, note: &str) -> Hold {
    let by = Operator::parse("maria").unwrap();
    Hold { scope, since: noon(), reason: HoldReason::Operator, note: note.to_owned(), by }
}

async fn leased(world: &World, channel: Channel) -> Vec<InvitationId> {
    // What is moved out of the way in one request is out of it in the next.
    world.lease(channel, 10, noon() + hours(1)).await.leases.iter().map(|lease| lease.invitation.id).collect()
}

pub(super) async fn what_is_held_does_not_leave_with_the_very_next_lease_and_what_is_not_does(store: Arc<dyn Store>) {
    let world = World::of(store);
    let visit = world.invite("visit", "ada", "e-1", noon()).await;
    let renewal = world.invite("renewal", "bob", "e-2", noon()).await;
    let delivery = world.invite("delivery", "cyd", "e-3", noon()).await;
    world.store.hold(hold(stage("renewal"), "")).await.unwrap();
    assert_eq!(leased(&world, Email).await, [visit]);
    let before = world.invitation(renewal).await;
    assert!(leased(&world, Email).await.is_empty());
    assert_eq!(leased(&world, Sms).await, [delivery]);
    // The record is untouched, and counts among what is to be sent.
    assert!(matches!(before.state, State::Waiting { due_at, .. } if due_at == noon()));
    assert_eq!(world.store.queue().await.unwrap(), [0, 2, 1, 0]);
    let journey = Scope { journey: JourneyId::parse("dine-in").ok(), channel: Some(Sms), ..Scope::default() };
    world.store.hold(hold(journey, "")).await.unwrap();
    world.invite("delivery", "dan", "e-4", noon()).await;
    assert!(leased(&world, Sms).await.is_empty());
}

pub(super) async fn what_is_let_go_leaves_in_its_order(store: Arc<dyn Store>) {
    let world = World::of(store);
    let mitte = Scope { branch: BranchId::parse("mitte").ok(), ..Scope::default() };
    world.store.hold(hold(mitte.clone(), "")).await.unwrap();
    let later = world.invite("visit", "ada", "e-1", noon() + hours(1)).await;
    let first = world.invite("visit", "bob", "e-2", noon()).await;
    let ranked = world.invite("renewal", "cyd", "e-3", noon()).await;
    for _ in 0..3 {
        assert!(leased(&world, Email).await.is_empty());
    }
    let released = world.store.release(vec![mitte.clone(), Scope::default()]).await.unwrap();
    assert_eq!(released, [hold(mitte.clone(), "")]);
    assert!(world.store.release(vec![mitte]).await.unwrap().is_empty());
    assert_eq!(leased(&world, Email).await, [ranked, first, later]);
    assert_eq!(world.store.queue().await.unwrap(), [0, 3, 0, 0]);
}

pub(super) async fn a_hold_on_everything_moves_nothing(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let restored = Hold { reason: HoldReason::Restored, ..hold(Scope::default(), "") };
    world.store.hold(restored.clone()).await.unwrap();
    let nothing = world.lease(Email, 10, noon() + hours(1)).await;
    assert_eq!((nothing.leases.len(), nothing.n_withheld, nothing.next_at), (0, 0, None));
    books::check(&*world.store).await;
    assert_eq!(world.store.holds().await.unwrap(), [restored]);
    world.store.release(vec![Scope::default()]).await.unwrap();
    assert_eq!(leased(&world, Email).await, [id]);
}

pub(super) async fn what_is_held_twice_waits_for_both(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let emails = Scope { channel: Some(Email), branch: BranchId::parse("mitte").ok(), ..Scope::default() };
    for scope in [stage("visit"), emails.clone()] {
        world.store.hold(hold(scope, "")).await.unwrap();
        assert!(leased(&world, Email).await.is_empty());
    }
    for scope in [stage("visit"), emails] {
        assert!(leased(&world, Email).await.is_empty());
        world.store.release(vec![scope]).await.unwrap();
    }
    assert_eq!(leased(&world, Email).await, [id]);
}

pub(super) async fn a_scope_has_one_hold_whose_note_may_change(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.store.hold(hold(stage("visit"), "the relay moves")).await.unwrap();
    let again = Hold { since: noon() + hours(1), ..hold(stage("visit"), "") };
    assert_eq!(world.store.hold(again.clone()).await.unwrap(), hold(stage("visit"), "the relay moves"));
    let noted = Hold { note: "still".to_owned(), ..again };
    assert_eq!(world.store.hold(noted).await.unwrap(), hold(stage("visit"), "still"));
    assert_eq!(world.store.holds().await.unwrap().len(), 1);
}

pub(super) async fn there_are_no_more_holds_than_are_kept(store: Arc<dyn Store>) {
    let world = World::of(store);
    for n in 0..HOLDS_MAX {
        world.store.hold(hold(stage(&format!("s-{n}")), "")).await.unwrap();
    }
    let more = world.store.hold(hold(stage("one-more"), "")).await;
    assert!(matches!(more, Err(StoreError::Full { n_max: HOLDS_MAX, .. })));
    world.store.hold(hold(stage("s-1"), "known")).await.unwrap();
    assert_eq!(world.store.holds().await.unwrap().len(), HOLDS_MAX);
}

pub(super) async fn what_waits_is_listed_page_by_page_wherever_it_stands(store: Arc<dyn Store>) {
    let world = World::of(store);
    world.store.hold(hold(stage("visit"), "")).await.unwrap();
    let mut expected = Vec::new();
    for (n, kind) in ["visit", "renewal", "delivery", "visit", "renewal"].into_iter().enumerate() {
        expected.push(world.invite(kind, &format!("guest-{n}"), &format!("e-{n}"), noon()).await);
    }
    world.lease(Email, 1, noon()).await;
    world.lease(Email, 1, noon()).await;
    let sending: Vec<_> = {
        let mut sending = Vec::new();
        for id in &expected {
            if matches!(world.invitation(*id).await.state, State::Sending { .. }) {
                sending.push(*id);
            }
        }
        sending
    };
    expected.retain(|id| !sending.contains(id));
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.waiting_after(after, 2).await.unwrap();
        found.extend(page.waiting.iter().map(|invitation| invitation.id));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!((found, sending.len()), (expected, 2));
}

pub(super) async fn what_was_held_too_long_is_not_sent_any_more(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = world.invite("renewal", "ada", "e-1", noon()).await;
    world.store.hold(hold(stage("renewal"), "")).await.unwrap();
    assert!(leased(&world, Email).await.is_empty());
    // Nobody is asked when their time is over, however long it was held.
    world.store.release(vec![stage("renewal")]).await.unwrap();
    let late = world.lease(Email, 10, noon() + hours(24 * 30)).await;
    assert_eq!((late.leases.len(), late.n_withheld), (0, 1));
    assert!(matches!(world.invitation(id).await.state, State::Skipped { .. }));
    books::check(&*world.store).await;
}
