//! Taps on ratings in mails: kept apart from answers, and ended by them.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::world::{World, accepted, form, hours, noon};
use crate::domain::answer::Completeness;
use crate::domain::id::InvitationId;
use crate::domain::journey::Channel::Email;
use crate::domain::language::Language;
use crate::domain::tap::{NotReleased, Sign, TAPS_MAX, Tap, TapsEnd};
use crate::store::{Store, StoreError, TapRelease};

async fn asked(world: &World) -> InvitationId {
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    id
}

fn tap(point: i32) -> Tap {
    Tap { attempt: 1, point: Some(point), signs: [Sign::Robot].into(), at: noon() + hours(1) }
}

fn release(invitation: InvitationId, point: i32) -> TapRelease {
    let (reading, language) = (form(Some(point), Completeness::Complete), Language::english());
    TapRelease { invitation, point, reading, language, now: noon() + hours(2) }
}

pub(super) async fn racing_taps_are_one_entry_and_no_answer(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    let before = world.invitation(id).await;
    let mut racing = JoinSet::new();
    for n in 0..22 {
        let store = Arc::clone(&world.store);
        racing.spawn(async move { store.keep_tap(id, tap(n % 11)).await.unwrap().unwrap() });
    }
    racing.join_all().await;
    let taps = world.store.taps(&id).await.unwrap().unwrap();
    assert_eq!((taps.n, taps.points.len(), taps.standing()), (22, 11, "suspect"));
    assert_eq!(taps.signs, [Sign::SeveralRatings, Sign::Robot].into());
    assert_eq!(world.store.taps_after(None, 10).await.unwrap(), [taps]);
    assert_eq!(world.store.responses_after(None, 10).await.unwrap(), []);
    assert_eq!(world.invitation(id).await, before);
    for _ in 22..TAPS_MAX + 3 {
        world.store.keep_tap(id, tap(1)).await.unwrap();
    }
    assert_eq!(world.store.taps(&id).await.unwrap().unwrap().n, TAPS_MAX);
    let nobody = InvitationId::from_bytes([9; 16]);
    assert!(matches!(world.store.keep_tap(nobody, tap(1)).await, Err(StoreError::NotFound { .. })));
    let other = Tap { attempt: 7, ..tap(1) };
    assert!(matches!(world.store.keep_tap(id, other).await, Err(StoreError::NotFound { .. })));
}

pub(super) async fn an_answer_takes_the_place_of_taps(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    world.store.keep_tap(id, tap(3)).await.unwrap();
    let answered_at = noon() + hours(2);
    let answer = World::answer(id, 1, form(Some(5), Completeness::Complete), answered_at);
    world.store.answer_invitation(answer).await.unwrap();
    let taps = world.store.taps(&id).await.unwrap().unwrap();
    assert_eq!(taps.end, Some(TapsEnd::Answered(answered_at)));
    assert_eq!(world.store.keep_tap(id, tap(4)).await.unwrap(), None);
    assert_eq!(world.store.release_tap(release(id, 3)).await.unwrap(), Err(NotReleased::Ended));
    assert_eq!(world.store.taps(&id).await.unwrap(), Some(taps));
}

pub(super) async fn a_tap_is_released_once_and_only_when_it_is_the_only_one(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    assert_eq!(world.store.release_tap(release(id, 3)).await.unwrap(), Err(NotReleased::Nothing));
    world.store.keep_tap(id, tap(3)).await.unwrap();
    assert_eq!(world.store.release_tap(release(id, 4)).await.unwrap(), Err(NotReleased::NotOne));
    let released = world.store.release_tap(release(id, 3)).await.unwrap().unwrap();
    assert_eq!((released.amended, released.completeness), (false, Completeness::Complete));
    assert!(world.invitation(id).await.answer.is_some());
    let taps = world.store.taps(&id).await.unwrap().unwrap();
    assert_eq!((taps.end, taps.standing()), (Some(TapsEnd::Released(noon() + hours(2))), "released"));
    assert_eq!(world.store.release_tap(release(id, 3)).await.unwrap(), Err(NotReleased::Ended));
    assert_eq!(world.store.responses_after(None, 10).await.unwrap().len(), 1);
}
