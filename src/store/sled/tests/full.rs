//! A disk that is full when the test says so: what is refused, what is lost, and how it goes on.
//!
//! The disk fails after sled has written, so what was refused is there afterwards: the case that is harder to stand. That
//! a batch may also be gone is shown on a real file system, by the tests against servers.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::Duration;

use super::super::place::{Disk, Place, RealDisk};
use super::super::renewal::Bounds;
use super::super::writer::Pauses;
use super::super::{Shared, Sled};
use super::open_at;
use crate::domain::answer::Completeness;
use crate::domain::attempt::Fate;
use crate::domain::invitation::{Invitation, RetryPlan};
use crate::domain::journey::Channel::Email;
use crate::store::contract::SECRET;
use crate::store::contract::books::{self, every_invitation};
use crate::store::contract::world::{World, accepted, apply, contact_id, event, form, guest, hours, idle, noon, retry};
use crate::store::{Expiry, Extent, GiveBack, Health, LeaseRequest, ReadOnlyReason, Refusal, Store, StoreError};

const NO_SPACE: i32 = 28;
const IO_ERROR: i32 = 5;
const READ_ONLY: Result<(), ReadOnlyReason> = Err(ReadOnlyReason::NoRoom);

/// A disk that fails with this error, unless it is 0.
#[derive(Clone, Default)]
struct Fickle(Arc<AtomicI32>);

impl Fickle {
    fn fail_with(&self, code: i32) {
        self.0.store(code, Ordering::SeqCst);
    }

    fn check(&self) -> io::Result<()> {
        match self.0.load(Ordering::SeqCst) {
            0 => Ok(()),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}

impl Disk for Fickle {
    fn sync(&self, file: &File) -> io::Result<()> {
        self.check()?;
        RealDisk.sync(file)
    }

    fn fill(&self, path: &Path, bytes: u64) -> io::Result<()> {
        self.check()?;
        RealDisk.fill(path, bytes)
    }
}

async fn open_on(disk: &Fickle, path: &Path) -> Arc<dyn Store> {
    let place = Place::at_home(path, 16 << 20, Box::new(disk.clone())).unwrap();
    let pauses = Pauses { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
    Arc::new(Shared::open(Sled::start(place, pauses, Bounds::USUAL).unwrap(), SECRET).await.unwrap())
}

async fn until_writable(store: &dyn Store) {
    store.health().wait_for(|health| *health == Health::Writable).await.unwrap();
}

/// What was refused for want of room, and nothing else.
fn refusal<T>(result: Result<T, StoreError>) -> Result<(), ReadOnlyReason> {
    match result {
        Ok(_) => Ok(()),
        Err(StoreError::ReadOnly { reason }) => Err(reason),
        Err(err) => panic!("{err}"),
    }
}

#[tokio::test]
async fn a_full_disk_refuses_changes_and_lets_read_until_there_is_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Fickle::default();
    let store = open_on(&disk, &folder.path().join("store")).await;
    let world = World::of(Arc::clone(&store));
    let first = world.invite("visit", "ada", "e-1", noon()).await;
    let visit = event("visit", &contact_id("bob"), "e-2", noon());
    let plan = world.plan(guest("bob"), &visit, noon()).await;

    disk.fail_with(NO_SPACE);
    assert_eq!(refusal(apply(&*store, plan.clone()).await), READ_ONLY);
    assert_eq!(*store.health().borrow(), Health::ReadOnly(ReadOnlyReason::NoRoom));
    assert_eq!(refusal(store.put_contacts(vec![guest("cyd")], false).await), READ_ONLY);
    assert_eq!(refusal(store.confirm().await), READ_ONLY);
    assert_eq!(world.invitation(first).await.id, first);
    assert!(store.contact(&contact_id("cyd")).await.unwrap().is_none());

    disk.fail_with(0);
    until_writable(&*store).await;
    store.confirm().await.unwrap();
    let recorded = apply(&*store, plan.clone()).await.unwrap();
    assert!(recorded.is_none_or(|recorded| recorded.decisions == plan.decisions));
    store.put_contacts(vec![guest("cyd")], false).await.unwrap();
    let before = every_invitation(&*store).await;
    assert_eq!(before.len(), 2);
    books::check(&*store).await;
    store.close().await.unwrap();
    let store = open_at(&folder.path().join("store")).await.unwrap();
    assert_eq!(every_invitation(&*store).await, before);
    assert!(store.contact(&contact_id("cyd")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_can_be_closed_while_its_disk_is_full() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Fickle::default();
    let store = open_on(&disk, &folder.path().join("store")).await;
    store.put_contacts(vec![guest("ada")], false).await.unwrap();
    disk.fail_with(NO_SPACE);
    assert_eq!(refusal(store.put_contacts(vec![guest("bob")], false).await), READ_ONLY);
    store.close().await.unwrap();
    let store = open_at(&folder.path().join("store")).await.unwrap();
    assert!(store.contact(&contact_id("ada")).await.unwrap().is_some());
}

#[tokio::test]
async fn a_disk_that_failed_is_not_trusted_again_before_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Fickle::default();
    let store = open_on(&disk, &folder.path().join("store")).await;
    store.put_contacts(vec![guest("ada")], false).await.unwrap();
    disk.fail_with(IO_ERROR);
    let failed = Err(ReadOnlyReason::DiskFailed);
    assert_eq!(refusal(store.put_contacts(vec![guest("bob")], false).await), failed);
    disk.fail_with(0);
    assert_eq!(refusal(store.put_contacts(vec![guest("bob")], false).await), failed);
    assert!(store.contact(&contact_id("ada")).await.unwrap().is_some());
    store.close().await.unwrap();
    let store = open_at(&folder.path().join("store")).await.unwrap();
    store.put_contacts(vec![guest("bob")], false).await.unwrap();
    assert_eq!(store.contacts_after(None, 9).await.unwrap().len(), 2);
}

/// Hands a change in while the disk is full, and again when it is not.
macro_rules! twice {
    ($disk:ident, $store:ident, $change:expr) => {{
        $disk.fail_with(NO_SPACE);
        assert_eq!(refusal($change.await), READ_ONLY);
        $disk.fail_with(0);
        until_writable(&*$store).await;
        $change.await
    }};
}

#[tokio::test]
async fn every_change_that_was_refused_can_be_handed_in_again_and_is_done_once() {
    let [folder, reference] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let (disk, sound) = (Fickle::default(), Fickle::default());
    let store = open_on(&disk, &folder.path().join("store")).await;
    let world = World::of(Arc::clone(&store));
    let once = World::of(open_on(&sound, &reference.path().join("store")).await);

    for who in ["ada", "bob"] {
        let visit = event("visit", &contact_id(who), who, noon());
        let plan = world.plan(guest(who), &visit, noon()).await;
        // It is there already, as it was recorded the first time.
        assert!(twice!(disk, store, apply(&*store, plan.clone())).unwrap().is_some());
        once.invite("visit", who, who, noon()).await;
    }
    let [ada, bob] =
        [0, 1].map(|n| (world.lease(Email, 1, noon() + hours(n)), once.lease(Email, 1, noon() + hours(n))));
    let (leased, leased_once) = (ada.0.await.leases.remove(0), ada.1.await.leases.remove(0));
    // The lease is gone, because the first time counted.
    assert!(matches!(twice!(disk, store, world.settle(&leased, accepted(), noon())), Err(StoreError::LeaseLost)));
    once.settle(&leased_once, accepted(), noon()).await.unwrap();

    let answer = World::answer(leased.invitation.id, 1, form(Some(4), Completeness::Complete), noon() + hours(1));
    twice!(disk, store, store.answer_invitation(answer.clone())).unwrap();
    once.store.answer_invitation(answer.clone()).await.unwrap();

    drop((bob.0.await, bob.1.await));
    twice!(disk, store, store.expire_leases(expiry())).unwrap();
    once.store.expire_leases(expiry()).await.unwrap();
    let refuse = Refusal {
        invitation: leased.invitation.id,
        attempt: 1,
        extent: Extent::Everything,
        source: "survey link".to_owned(),
        now: noon() + hours(3),
    };
    twice!(disk, store, store.refuse(refuse.clone())).unwrap();
    once.store.refuse(refuse).await.unwrap();

    assert_eq!(but_for_history(&*store).await, but_for_history(&*once.store).await);
    let responses = (store.responses_after(None, 9).await.unwrap(), once.store.responses_after(None, 9).await.unwrap());
    assert_eq!(responses.0, responses.1);
    books::check(&*store).await;
}

/// The history tells that an answer was handed in twice, which is true.
async fn but_for_history(store: &dyn Store) -> Vec<Invitation> {
    let all = every_invitation(store).await.into_iter();
    all.map(|invitation| Invitation { history: Vec::new(), ..invitation }).collect()
}

fn expiry() -> Expiry {
    let now = noon() + hours(2);
    Expiry { now, before: now, email: retry(Email, now), sms: retry(Email, now) }
}

#[tokio::test]
async fn a_lease_that_nobody_was_handed_is_given_back_and_nothing_is_called_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let disk = Fickle::default();
    let store = open_on(&disk, &folder.path().join("store")).await;
    let world = World::of(Arc::clone(&store));
    let id = world.invite("visit", "ada", "e-1", noon()).await;
    let request = LeaseRequest {
        channel: Email,
        now: noon(),
        n_max: 5,
        until: noon() + hours(1),
        lease: 77,
        rules: Arc::clone(&world.rules.gate),
        loads: idle(),
    };
    let leased = twice!(disk, store, store.lease_due(request.clone())).unwrap();
    assert!(leased.leases.is_empty(), "it is under the lease that was refused");
    let give_back = |lease| GiveBack { lease, now: noon(), retry: retry(Email, noon()) };
    assert_eq!(store.give_back(give_back(78)).await.unwrap(), 0, "that is somebody else's");
    let now = GiveBack { retry: RetryPlan { retry_at: noon(), ..retry(Email, noon()) }, ..give_back(77) };
    assert_eq!(store.give_back(now).await.unwrap(), 1);
    assert_eq!(store.give_back(now).await.unwrap(), 0);
    world.send(Email, accepted(), noon()).await;
    let attempts = world.invitation(id).await.attempts;
    assert_eq!(attempts.len(), 1);
    assert_eq!((attempts[0].n_tries, attempts[0].was_unknown), (1, false));
    assert!(matches!(attempts[0].fate, Fate::Accepted { .. }));
    books::check(&*store).await;
}
