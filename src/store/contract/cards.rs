//! Cards, and the answers that nobody was invited to.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use tokio::task::JoinSet;

use super::world::{days, form, hours, noon};
use crate::domain::answer::Completeness;
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::id::{BranchId, CardId, ResponseId, SurveyId, TouchpointId};
use crate::domain::language::Language;
use crate::domain::place::Surface;
use crate::domain::response::{Flag, Origin, SurfaceId};
use crate::domain::survey::tests::visit;
use crate::report::tally::{SurfaceCell, SurfaceTally};
use crate::store::{Store, StoreError, SurfaceAnswer};

fn card(number: u8) -> Card {
    Card {
        id: CardId::from_bytes([number; 16]),
        code: CardCode::from_random_bits(number.into()),
        branch: BranchId::parse("mitte").unwrap(),
        touchpoint: TouchpointId::parse("table-01").unwrap(),
        survey: SurveyId::parse("visit").unwrap(),
        print_run: "spring".to_owned(),
        serial: 1,
        made_at: noon(),
        revoked_at: None,
    }
}

fn answer(response: u8, completeness: Completeness, now: DateTime<Utc>) -> SurfaceAnswer {
    let card = card(1);
    SurfaceAnswer {
        id: ResponseId::from_bytes([response; 16]),
        from: SurfaceId::Card(card.id),
        branch: card.branch,
        touchpoint: card.touchpoint,
        survey: card.survey,
        version: visit().version(),
        language: Language::english(),
        reading: form((completeness > Completeness::Started).then_some(4), completeness),
        flags: BTreeSet::new(),
        now,
        zone: chrono_tz::Europe::Berlin,
    }
}

fn cell(day: NaiveDate) -> SurfaceCell {
    let Card { branch, touchpoint, .. } = card(1);
    SurfaceCell { day, branch, touchpoint, surface: Surface::Card }
}

async fn counted(store: &dyn Store) -> Vec<(SurfaceCell, SurfaceTally)> {
    store.surface_tallies(noon().date_naive(), (noon() + days(30)).date_naive()).await.unwrap()
}

pub(super) async fn cards_are_issued_all_or_none(store: Arc<dyn Store>) {
    let [first, second, third] = [1, 2, 3].map(card);
    store.issue_cards(vec![second.clone()]).await.unwrap();
    let taken = store.issue_cards(vec![first.clone(), second.clone(), third.clone()]).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })));
    let doubled = store.issue_cards(vec![first.clone(), third.clone(), first.clone()]).await;
    assert!(matches!(doubled, Err(StoreError::Exists { .. })));
    assert_eq!(store.card(first.code).await.unwrap(), None);
    assert_eq!(store.cards_after(None, 10).await.unwrap(), std::slice::from_ref(&second));

    store.issue_cards(vec![third.clone(), first.clone()]).await.unwrap();
    assert_eq!(store.cards_after(None, 2).await.unwrap(), [first.clone(), second.clone()]);
    assert_eq!(store.cards_after(Some(second.code), 2).await.unwrap(), [third]);
}

pub(super) async fn putting_a_card_out_of_use_twice_changes_nothing(store: Arc<dyn Store>) {
    let card = card(1);
    let nothing = store.revoke_card(card.code, noon()).await;
    assert!(matches!(nothing, Err(StoreError::NotFound { .. })));
    store.issue_cards(vec![card.clone()]).await.unwrap();
    let revoked = Card { revoked_at: Some(noon()), ..card.clone() };
    for at in [noon(), noon() + hours(1)] {
        assert_eq!(store.revoke_card(card.code, at).await.unwrap(), revoked);
        assert_eq!(store.card(card.code).await.unwrap().as_ref(), Some(&revoked));
    }
}

pub(super) async fn sessions_and_answers_at_a_card_are_counted(store: Arc<dyn Store>) {
    let today = cell(noon().date_naive());
    for _ in 0..3 {
        store.count_session(today.clone()).await.unwrap();
    }
    let mut expected = SurfaceTally { sessions: 3, complete: 0, partial: 0, flagged: 0 };
    // A response that grows is counted once, as what it is now.
    for (id, completeness, complete, partial) in [
        (1, Completeness::Started, 0, 0),
        (1, Completeness::Partial, 0, 1),
        (1, Completeness::Complete, 1, 0),
        (1, Completeness::Partial, 1, 0),
        (2, Completeness::Partial, 1, 1),
        (3, Completeness::Complete, 2, 1),
    ] {
        store.answer_surface(answer(id, completeness, noon())).await.unwrap();
        (expected.complete, expected.partial) = (complete, partial);
        assert_eq!(counted(&*store).await, [(today.clone(), expected)]);
    }
    let nothing = store.surface_tallies(today.day, today.day).await.unwrap();
    assert_eq!(nothing, []);
    let SurfaceAnswer { from, branch, touchpoint, .. } = answer(1, Completeness::Started, noon());
    let here = Origin::Surface { from, branch, touchpoint };
    let origins = store.responses_after(None, 10).await.unwrap().into_iter().map(|response| response.origin);
    assert_eq!(origins.collect::<Vec<_>>(), vec![here; 3]);
}

pub(super) async fn what_is_flagged_once_is_counted_apart(store: Arc<dyn Store>) {
    let flagged = |id, completeness| SurfaceAnswer { flags: [Flag::Hasty].into(), ..answer(id, completeness, noon()) };
    let today = cell(noon().date_naive());
    let mut expected = SurfaceTally::default();
    for (answer, complete, partial, n_flagged) in [
        (flagged(1, Completeness::Started), 0, 0, 0),
        (flagged(1, Completeness::Complete), 0, 0, 1),
        // The same form again, this time at leisure.
        (answer(1, Completeness::Complete, noon()), 0, 0, 1),
        (answer(2, Completeness::Partial, noon()), 0, 1, 1),
        (flagged(2, Completeness::Complete), 0, 0, 2),
        (answer(3, Completeness::Complete, noon()), 1, 0, 2),
    ] {
        store.answer_surface(answer).await.unwrap();
        (expected.complete, expected.partial, expected.flagged) = (complete, partial, n_flagged);
        let expected = if expected == SurfaceTally::default() { vec![] } else { vec![(today.clone(), expected)] };
        assert_eq!(counted(&*store).await, expected);
    }
}

pub(super) async fn answers_by_a_link_stay_where_they_were_given(store: Arc<dyn Store>) {
    let web = |touchpoint: &str| SurfaceAnswer {
        from: SurfaceId::Web,
        touchpoint: TouchpointId::parse(touchpoint).unwrap(),
        ..answer(1, Completeness::Complete, noon())
    };
    store.answer_surface(web("site")).await.unwrap();
    assert!(store.answer_surface(web("site")).await.unwrap().amended);
    let elsewhere = [web("shop"), answer(1, Completeness::Complete, noon())];
    for answer in elsewhere {
        assert!(matches!(store.answer_surface(answer).await, Err(StoreError::Exists { .. })));
    }
}

pub(super) async fn an_answer_amended_on_the_next_day_is_counted_on_the_first(store: Arc<dyn Store>) {
    // 23:30 in Berlin, and then past midnight there, on what is the same day by UTC.
    let late = noon() + hours(10) + chrono::TimeDelta::minutes(30);
    store.answer_surface(answer(1, Completeness::Partial, late)).await.unwrap();
    let amended = store.answer_surface(answer(1, Completeness::Complete, late + hours(1))).await.unwrap();
    assert!(amended.amended);
    let once = SurfaceTally { sessions: 0, complete: 1, partial: 0, flagged: 0 };
    assert_eq!(counted(&*store).await, [(cell(noon().date_naive()), once)]);
    store.answer_surface(answer(2, Completeness::Complete, late + hours(1))).await.unwrap();
    let tomorrow = cell((noon() + days(1)).date_naive());
    assert_eq!(counted(&*store).await, [(cell(noon().date_naive()), once), (tomorrow, once)]);
}

pub(super) async fn racing_answers_at_one_card_are_all_counted(store: Arc<dyn Store>) {
    let mut racing = JoinSet::new();
    for n in 0..40 {
        let store = Arc::clone(&store);
        // Each of twenty guests hands in twice.
        racing
            .spawn(async move { store.answer_surface(answer(n % 20, Completeness::Complete, noon())).await.unwrap() });
    }
    let n_new = racing.join_all().await.into_iter().filter(|recorded| !recorded.amended).count();
    assert_eq!(n_new, 20);
    let expected = SurfaceTally { sessions: 0, complete: 20, partial: 0, flagged: 0 };
    assert_eq!(counted(&*store).await, [(cell(noon().date_naive()), expected)]);
}
