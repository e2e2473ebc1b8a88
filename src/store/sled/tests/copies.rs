//! Copies of a store that goes on meanwhile: backups, and the copy that takes the store's own place.

use std::collections::BTreeSet;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use super::super::{RestoreError, SledOptions, restore};
use super::open_at;
use crate::domain::id::InvitationId;
use crate::domain::journey::Channel::Email;
use crate::domain::reason::HoldReason;
use crate::domain::scope::Scope;
use crate::store::contract::books::{self, every_invitation};
use crate::store::contract::world::{World, accepted, guest, hours, noon};
use crate::store::dump::DumpError;
use crate::store::{Store, StoreError};

/// Guests who are there before anything is copied, so that a copy takes a while.
const N_BEFORE: usize = 1_500;
const N_WRITERS: usize = 4;

/// A store in which there is something.
async fn busy_store(path: &Path) -> (World, BTreeSet<InvitationId>) {
    let world = Arc::new(World::of(open_at(path).await.unwrap()));
    let mut writers = JoinSet::new();
    for n in 0..N_BEFORE {
        let world = Arc::clone(&world);
        writers.spawn(async move { world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await });
    }
    let ids = writers.join_all().await.into_iter().collect();
    (Arc::into_inner(world).unwrap(), ids)
}

/// Does `act` while events come in and messages leave. Gives what it gave, and the invitations that were acknowledged.
async fn while_writing<T>(world: World, act: impl AsyncFnOnce(&dyn Store) -> T) -> (T, World, BTreeSet<InvitationId>) {
    let (world, over) = (Arc::new(world), Arc::new(AtomicBool::new(false)));
    let mut writers = JoinSet::new();
    for writer in 0..N_WRITERS {
        let (world, over) = (Arc::clone(&world), Arc::clone(&over));
        writers.spawn(async move {
            let mut invited = Vec::new();
            for n in 0.. {
                let event = format!("later-{writer}-{n}");
                invited.push(world.invite("visit", &format!("later-{writer}-{}", n % 40), &event, noon()).await);
                for lease in world.lease(Email, 2, noon()).await.leases {
                    world.settle(&lease, accepted(), noon()).await.unwrap();
                }
                // Once more in any case, so that something is written after the copy has begun.
                if over.load(Ordering::SeqCst) {
                    break;
                }
            }
            invited
        });
    }
    let done = act(&*world.store).await;
    over.store(true, Ordering::SeqCst);
    let invited = writers.join_all().await.into_iter().flatten().collect();
    (done, Arc::into_inner(world).unwrap(), invited)
}

async fn dump(store: &dyn Store) -> Vec<u8> {
    let mut dump = store.begin_dump(noon()).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = store.next_of_dump(&mut dump).await.unwrap() {
        bytes.extend(part);
    }
    assert!(store.next_of_dump(&mut dump).await.unwrap().is_none(), "after the end comes nothing");
    bytes
}

fn options(path: &Path) -> SledOptions {
    SledOptions { path: path.to_owned(), cache_bytes: 16 << 20 }
}

async fn restored(folder: &Path, bytes: Vec<u8>) -> Arc<dyn Store> {
    let path = folder.join("restored");
    restore(options(&path), false, Cursor::new(bytes), noon() + hours(1)).await.unwrap();
    open_at(&path).await.unwrap()
}

/// The names in a folder.
fn left_in(folder: &Path) -> Vec<String> {
    let names = folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let names: BTreeSet<_> = names.collect();
    names.into_iter().collect()
}

async fn ids(store: &dyn Store) -> BTreeSet<InvitationId> {
    every_invitation(store).await.iter().map(|invitation| invitation.id).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_taken_under_load_is_the_store_as_it_was_between_two_changes() {
    let folder = tempfile::tempdir().unwrap();
    let (world, before) = busy_store(&folder.path().join("store")).await;
    let (bytes, world, _) = while_writing(world, dump).await;
    let after = ids(&*world.store).await;
    let copy = restored(folder.path(), bytes).await;
    // Nothing is torn: every counter and index is what the records come to.
    books::check(&*copy).await;
    let copied = ids(&*copy).await;
    assert!(copied.is_superset(&before) && copied.is_subset(&after));
    assert!(copied.len() > before.len(), "what came while it was taken is in it as well");
    // Links that were sent out go on working.
    let seals = [&world.store, &copy].map(|store| store.seal().contact_half(&guest("ada").id));
    assert_eq!(seals[0], seals[1]);
}

#[tokio::test]
async fn a_backup_of_a_store_at_rest_is_the_store_and_nothing_of_it_leaves_until_it_is_released() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _) = busy_store(&folder.path().join("store")).await;
    for lease in world.lease(Email, 4, noon()).await.leases {
        world.settle(&lease, accepted(), noon()).await.unwrap();
    }
    let bytes = dump(&*world.store).await;
    let copy = World::of(restored(folder.path(), bytes.clone()).await);
    assert_eq!(every_invitation(&*copy.store).await, every_invitation(&*world.store).await);
    let [contacts, copied] = [&world.store, &copy.store].map(|store| store.contacts_after(None, usize::MAX));
    assert!(contacts.await.unwrap() == copied.await.unwrap());

    let hold = copy.store.holds().await.unwrap().remove(0);
    assert_eq!((hold.scope, hold.reason, hold.since), (Scope::default(), HoldReason::Restored, noon() + hours(1)));
    assert!(copy.lease(Email, 4, noon() + hours(1)).await.leases.is_empty());
    copy.store.release(vec![Scope::default()]).await.unwrap();
    assert!(!copy.lease(Email, 4, noon() + hours(1)).await.leases.is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_nobody_waits_for_any_more_is_gone_and_so_is_one_whose_store_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (world, before) = busy_store(&path).await;
    let compacting = tokio::time::timeout(std::time::Duration::ZERO, world.store.compact());
    assert!(compacting.await.is_err());
    let (compacted, closed) = tokio::join!(world.store.compact(), async {
        tokio::task::yield_now().await;
        world.store.close().await
    });
    // Whether or not it was done before it was closed: nothing is left of it.
    assert!(matches!(compacted, Ok(_) | Err(StoreError::Closed | StoreError::Exists { .. })), "{compacted:?}");
    closed.unwrap();
    let store = open_at(&path).await.unwrap();
    assert_eq!(ids(&*store).await, before);
    assert_eq!(left_in(folder.path()), ["store", "store.lock"]);
}

#[tokio::test]
async fn a_dump_that_is_not_whole_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let store = open_at(&path).await.unwrap();
    store.put_contacts(vec![guest("ada")], false).await.unwrap();
    let bytes = dump(&*store).await;
    let whole =
        async |replace, bytes: &[u8]| restore(options(&path), replace, Cursor::new(bytes.to_vec()), noon()).await;
    assert!(matches!(whole(true, &bytes).await, Err(RestoreError::Store(StoreError::InUse { .. }))));
    store.put_contacts(vec![guest("bob")], false).await.unwrap();
    store.close().await.unwrap();

    let mut damaged = bytes.clone();
    *damaged.last_mut().unwrap() ^= 1;
    assert!(matches!(whole(true, &damaged).await, Err(RestoreError::Dump(DumpError::Damaged { .. }))));
    let cut = &bytes[..bytes.len() / 2];
    assert!(matches!(whole(true, cut).await, Err(RestoreError::Dump(DumpError::CutShort { .. }))));
    let nowhere = folder.path().join("nowhere");
    let refused = restore(options(&nowhere), false, Cursor::new(cut.to_vec()), noon()).await;
    assert!(matches!(refused, Err(RestoreError::Dump(_))) && !nowhere.exists(), "there is no store afterwards");
    assert!(matches!(whole(false, &bytes).await, Err(RestoreError::NotEmpty)));
    assert!(!folder.path().join("store.new").exists());
    let store = open_at(&path).await.unwrap();
    assert_eq!(store.contacts_after(None, 9).await.unwrap().len(), 2);
    store.close().await.unwrap();

    whole(true, &bytes).await.unwrap();
    let store = open_at(&path).await.unwrap();
    assert_eq!(store.contacts_after(None, 9).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_store_into_which_nobody_has_put_anything_may_be_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let other = open_at(&folder.path().join("other")).await.unwrap();
    other.put_contacts(vec![guest("ada")], false).await.unwrap();
    let bytes = dump(&*other).await;
    let path = folder.path().join("store");
    let store = open_at(&path).await.unwrap();
    store.keep_surveys(vec![crate::domain::survey::tests::visit()]).await.unwrap();
    store.close().await.unwrap();
    restore(options(&path), false, Cursor::new(bytes), noon()).await.unwrap();
    let store = open_at(&path).await.unwrap();
    assert_eq!(store.contacts_after(None, 9).await.unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_compacted_under_load_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (world, before) = busy_store(&path).await;
    let (compacted, world, acknowledged) = while_writing(world, async |store| store.compact().await.unwrap()).await;
    let raw = compacted.after.raw.unwrap();
    assert!(raw.n_records > 3 * N_BEFORE as u64 && raw.n_bytes > 0);
    let expected: BTreeSet<_> = before.union(&acknowledged).copied().collect();
    assert_eq!(ids(&*world.store).await, expected);
    books::check(&*world.store).await;
    assert_eq!(world.store.count().await.unwrap().raw, world.store.sizes().await.unwrap().raw);
    world.store.close().await.unwrap();
    let store = open_at(&path).await.unwrap();
    assert_eq!(ids(&*store).await, expected);
    books::check(&*store).await;
    assert_eq!(left_in(folder.path()), ["store", "store.lock"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_is_copied_into_its_own_place_once_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _) = busy_store(&folder.path().join("store")).await;
    let both = tokio::join!(world.store.compact(), world.store.compact());
    let refused = [&both.0, &both.1].into_iter().filter(|done| matches!(done, Err(StoreError::Exists { .. }))).count();
    assert!(refused == 1 && (both.0.is_ok() || both.1.is_ok()), "{both:?}");
    world.store.compact().await.unwrap();
}
