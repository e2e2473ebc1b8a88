//! Answers to invitations, and the surveys that they answer.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::world::{WINDOW, World, accepted, days, form, hours, noon};
use crate::domain::answer::{Answer, Completeness};
use crate::domain::id::{InvitationId, QuestionId};
use crate::domain::invitation::{End, State};
use crate::domain::journey::Channel::Email;
use crate::domain::response::{Origin, Response};
use crate::domain::survey::tests::visit;
use crate::store::{Extent, Recorded, Refusal, Store, StoreError};

async fn asked(world: &World) -> InvitationId {
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    id
}

async fn only_response(world: &World) -> Response {
    let all = world.store.responses_after(None, 10).await.unwrap();
    let [response] = all.as_slice() else { panic!("{} responses", all.len()) };
    assert_eq!(world.store.response(&response.id).await.unwrap().as_ref(), Some(response));
    response.clone()
}

fn rating(response: &Response) -> Option<&Answer> {
    response.answers.get(&QuestionId::parse("overall").unwrap())
}

pub(super) async fn a_second_answer_amends_the_first(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    let first = World::answer(id, 1, form(Some(2), Completeness::Partial), noon() + hours(1));
    let first = world.store.answer_invitation(first).await.unwrap();
    assert!(!first.amended);
    let second = World::answer(id, 1, form(Some(5), Completeness::Complete), noon() + hours(2));
    let second = world.store.answer_invitation(second).await.unwrap();
    assert_eq!(second, Recorded { response: first.response, amended: true, completeness: Completeness::Complete });

    let response = only_response(&world).await;
    assert_eq!(rating(&response), Some(&Answer::Rating(5)));
    assert_eq!((response.first_at, response.last_at), (noon() + hours(1), noon() + hours(2)));
    let invitation = world.invitation(id).await;
    assert_eq!(response.origin, Origin::Invitation { id, attempt: 1, branch: invitation.branch.clone() });
    assert_eq!((&response.survey, response.version), (&invitation.survey, invitation.version));
    let mark = invitation.answer.unwrap();
    assert_eq!((mark.completeness, mark.first_at), (Completeness::Complete, noon() + hours(1)));
}

pub(super) async fn a_form_that_says_less_does_not_replace_one_that_says_more(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    let full = World::answer(id, 1, form(Some(4), Completeness::Complete), noon());
    world.store.answer_invitation(full).await.unwrap();
    for (reading, at) in [(form(None, Completeness::Started), 1), (form(Some(1), Completeness::Partial), 2)] {
        let less = World::answer(id, 1, reading, noon() + hours(at));
        assert_eq!(world.store.answer_invitation(less).await.unwrap().completeness, Completeness::Complete);
        let response = only_response(&world).await;
        assert_eq!((rating(&response), response.completeness), (Some(&Answer::Rating(4)), Completeness::Complete));
        assert_eq!(response.last_at, noon() + hours(at));
    }
    assert_eq!(world.invitation(id).await.answer.map(|mark| mark.completeness), Some(Completeness::Complete));
}

pub(super) async fn the_same_form_handed_in_twenty_times_at_once_is_one_response(store: Arc<dyn Store>) {
    let world = Arc::new(World::of(store));
    let id = asked(&world).await;
    let mut racing = JoinSet::new();
    for _ in 0..20 {
        let world = Arc::clone(&world);
        racing.spawn(async move {
            let answer = World::answer(id, 1, form(Some(3), Completeness::Complete), noon());
            world.store.answer_invitation(answer).await.unwrap()
        });
    }
    let recorded = racing.join_all().await;
    assert_eq!(recorded.iter().filter(|recorded| !recorded.amended).count(), 1);
    let response = only_response(&world).await;
    assert!(recorded.iter().all(|recorded| recorded.response == response.id));
    assert!(matches!(world.invitation(id).await.state, State::Closed { end: End::Answered, .. }));
}

pub(super) async fn an_answer_in_full_ends_the_asking(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    // A form without a key question does not: the reminder goes out.
    let begun = World::answer(id, 1, form(None, Completeness::Started), noon());
    world.store.answer_invitation(begun).await.unwrap();
    assert_eq!(world.store.queue().await.unwrap(), [0, 0, 1, 0]);
    let lease = world.lease_one(Email, noon() + days(3)).await;
    let full = World::answer(id, 1, form(Some(5), Completeness::Complete), noon() + days(3));
    world.store.answer_invitation(full).await.unwrap();
    // What is on its way is on its way; its outcome is recorded, and nothing follows.
    assert!(matches!(world.invitation(id).await.state, State::Sending { .. }));
    let settled = world.settle(&lease, accepted(), noon() + days(3)).await.unwrap();
    assert!(matches!(settled.state, State::Closed { end: End::Answered, .. }));
    assert_eq!(settled.attempts.len(), 2);
    assert_eq!(world.store.queue().await.unwrap(), [0; 4]);
}

pub(super) async fn an_answer_after_the_window_is_kept_and_called_late(store: Arc<dyn Store>) {
    let world = World::of(store);
    let id = asked(&world).await;
    let late = World::answer(id, 1, form(Some(5), Completeness::Complete), noon() + WINDOW);
    world.store.answer_invitation(late).await.unwrap();
    assert!(only_response(&world).await.late);
    assert!(world.invitation(id).await.answer.unwrap().late);
    let all = world.store.tallies(noon().date_naive(), (noon() + days(1)).date_naive()).await.unwrap();
    let [(_, tally)] = all.as_slice() else { panic!("one cell") };
    assert_eq!((tally.all.delivered, tally.all.complete, tally.all.late), (1, 0, 1));
}

pub(super) async fn an_answer_to_nothing_is_not_found(store: Arc<dyn Store>) {
    let world = World::of(store);
    let nothing = InvitationId::from_bytes([1; 16]);
    let answer = World::answer(nothing, 1, form(Some(5), Completeness::Complete), noon());
    assert!(matches!(world.store.answer_invitation(answer).await, Err(StoreError::NotFound { .. })));
    let refusal = Refusal {
        invitation: nothing,
        attempt: 1,
        extent: Extent::Everything,
        source: "survey link".to_owned(),
        now: noon(),
    };
    assert!(matches!(world.store.refuse(refusal).await, Err(StoreError::NotFound { .. })));
    assert_eq!(world.store.responses_after(None, 10).await.unwrap(), []);
}

pub(super) async fn surveys_are_kept_by_version(store: Arc<dyn Store>) {
    let mut changed = visit();
    changed.questions.truncate(1);
    let versions = BTreeMap::from([(visit().version(), visit()), (changed.version(), changed)]);
    assert_eq!(store.survey(visit().version()).await.unwrap(), None);
    for _ in 0..2 {
        store.keep_surveys(versions.values().cloned().collect()).await.unwrap();
        for (version, survey) in &versions {
            assert_eq!(store.survey(*version).await.unwrap().as_ref(), Some(survey));
        }
    }
}
