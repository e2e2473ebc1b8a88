//! What only a store on disk can get wrong: being opened again, being opened twice, being killed.

mod copies;
mod crash;
mod full;
mod renewal;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::{SledOptions, open};
use crate::domain::answer::Completeness;
use crate::domain::contact_change::ContactChange;
use crate::domain::id::{EventId, JourneyId, StageId};
use crate::domain::journey::Channel::Email;
use crate::store::contract::books::{self, every_invitation};
use crate::store::contract::world::{World, accepted, contact_id, days, form, noon, unknown};
use crate::store::contract::{SECRET, fixture, histories};
use crate::store::{Store, StoreError};

async fn open_at(path: &Path) -> Result<Arc<dyn Store>, StoreError> {
    open(SledOptions { path: path.to_owned(), cache_bytes: 16 << 20 }, SECRET).await
}

#[tokio::test]
async fn a_store_that_is_opened_again_shows_everything_and_keeps_its_secret() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open_at(&path).await.unwrap();
    let world = World::of(Arc::clone(&store));
    let answered = world.invite("visit", "ada", "e-1", noon()).await;
    world.send(Email, accepted(), noon()).await;
    let answer = World::answer(answered, 1, form(Some(4), Completeness::Complete), noon());
    store.answer_invitation(answer).await.unwrap();
    world.invite("visit", "bob", "e-2", noon()).await;
    world.send(Email, unknown(), noon()).await;
    world.invite("visit", "cyd", "e-3", noon()).await;
    let before = every_invitation(&*store).await;
    let half = store.seal().contact_half(&contact_id("ada"));
    store.close().await.unwrap();
    drop((world, store));
    // A secret is asked for each time and used only when the store is made.
    for other_secret in [[1; 32], [2; 32]] {
        let options = SledOptions { path: path.clone(), cache_bytes: 16 << 20 };
        let store = open(options, other_secret).await.unwrap();
        assert_eq!(every_invitation(&*store).await, before);
        books::check(&*store).await;
        assert_eq!(store.seal().contact_half(&contact_id("ada")), half);
        store.close().await.unwrap();
    }
}

#[tokio::test]
async fn a_store_that_is_closed_may_be_opened_again_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut handles = Vec::new();
    for n in 0..10 {
        let store = open_at(&folder.path().join("store")).await.unwrap();
        assert_eq!(store.contacts_after(None, 100).await.unwrap().len(), n);
        store.put_contacts(vec![ContactChange::none(contact_id(&format!("c-{n}")))], false).await.unwrap();
        store.close().await.unwrap();
        // Somebody still has a handle of it.
        handles.push(store);
    }
}

#[tokio::test]
async fn a_folder_that_is_in_use_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let first = open_at(&folder.path().join("store")).await.unwrap();
    match open_at(&folder.path().join("store")).await.err() {
        Some(StoreError::InUse { path }) => assert_eq!(path, folder.path().join("store")),
        other => panic!("{other:?}"),
    }
    first.put_contacts(vec![ContactChange::none(contact_id("ada"))], false).await.unwrap();
    assert!(first.contact(&contact_id("ada")).await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_no_store_is_not_called_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let check = async |path: &Path| match open_at(path).await.err() {
        Some(StoreError::Failed { .. }) => (),
        other => panic!("{}: {other:?}", path.display()),
    };
    let file = folder.path().join("file");
    std::fs::write(&file, "no folder").unwrap();
    check(&file).await;
    let taken = folder.path().join("taken");
    std::fs::create_dir_all(taken.join("db")).unwrap();
    check(&taken).await;
    let foreign = folder.path().join("foreign");
    std::fs::create_dir_all(&foreign).unwrap();
    std::fs::write(foreign.join("conf"), [7; 64]).unwrap();
    check(&foreign).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_writers_at_once_all_come_to_an_end_and_all_is_there() {
    const N: usize = 300;
    let folder = tempfile::tempdir().unwrap();
    let world = Arc::new(World::of(open_at(&folder.path().join("store")).await.unwrap()));
    let mut writers = JoinSet::new();
    for n in 0..N {
        let world = Arc::clone(&world);
        writers.spawn(async move { world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await });
    }
    let written: BTreeSet<_> = writers.join_all().await.into_iter().collect();
    world.store.close().await.unwrap();
    drop(world);
    let store = open_at(&folder.path().join("store")).await.unwrap();
    let there: BTreeSet<_> = every_invitation(&*store).await.iter().map(|invitation| invitation.id).collect();
    assert_eq!((written.len(), there), (N, written));
    books::check(&*store).await;
}

#[tokio::test]
async fn a_store_of_any_layout_is_read_whole_and_its_queue_comes_to_an_end() {
    for layout in fixture::stored() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let raw = ::sled::open(&path).unwrap();
        for (key, value) in layout {
            raw.insert(key, value).unwrap();
        }
        drop(raw);
        finish_the_queue(&path).await;
    }
}

async fn finish_the_queue(folder: &Path) {
    // Nobody's handle is left, but sled's own threads may have one for a moment; a store that is closed waits for them.
    let store = open_when_free(folder).await;
    books::check(&*store).await;
    read_the_rest(&*store).await;
    let world = World::of(Arc::clone(&store));
    assert_eq!(store.queue().await.unwrap(), [1, 1, 1, 1]);
    histories::live_to_the_end(&world, noon() + days(1)).await;
    books::check(&*store).await;
}

/// What hangs on no invitation.
async fn read_the_rest(store: &dyn Store) {
    let contacts = store.contacts_after(None, 10).await.unwrap();
    let ids: Vec<_> = contacts.iter().map(|contact| contact.id.as_str()).collect();
    assert_eq!(ids, ["ada", "bob", "cyd", "dan", "eve", "fay"]);
    assert_eq!(contacts[0].time_zone, Some(chrono_tz::Europe::Vienna));
    assert_eq!(store.facts(&contact_id("dan")).await.unwrap().suppressed, [Email]);
    for n in 1..=7 {
        let id = EventId::parse(&format!("e-{n}")).unwrap();
        let recorded = store.event(&id).await.unwrap().expect("it is in the fixture");
        assert_eq!((recorded.event.id, recorded.decisions.len()), (id, 1));
    }
    let cards = store.cards_after(None, 10).await.unwrap();
    assert_eq!(cards.iter().map(|card| card.revoked_at.is_some()).collect::<Vec<_>>(), [false, true]);
    let responses = store.responses_after(None, 10).await.unwrap();
    assert_eq!(responses.len(), 2);
    for response in responses {
        let survey = store.survey(response.version).await.unwrap().expect("the survey that was shown is kept");
        assert_eq!((survey.version(), survey.id), (response.version, response.survey));
    }
    let (from, to) = (noon().date_naive(), (noon() + days(1)).date_naive());
    let sessions: Vec<_> = store.surface_tallies(from, to).await.unwrap().iter().map(|cell| cell.1.sessions).collect();
    assert_eq!(sessions, [3]);
    let [journey, stage] = ["dine-in", "loyalty"];
    let fire = store.last_fire(&JourneyId::parse(journey).unwrap(), &StageId::parse(stage).unwrap()).await.unwrap();
    assert_eq!(fire, Some(noon()));
}

async fn open_when_free(path: &Path) -> Arc<dyn Store> {
    loop {
        match open_at(path).await {
            Err(StoreError::InUse { .. }) => tokio::task::yield_now().await,
            opened => return opened.unwrap(),
        }
    }
}
