//! A store that is opened again while it is at work.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;

use super::super::place::{Place, RealDisk};
use super::super::renewal::Bounds;
use super::super::writer::Pauses;
use super::super::{Sled, SledOptions, restore};
use super::open_at;
use crate::store::contract::books::{self, every_invitation};
use crate::store::contract::world::{World, noon};
use crate::store::engine::Engine;
use crate::store::view::View;
use crate::store::walk::Walk;
use crate::store::{Health, StoreError};

/// Bounds that a few units of work reach; those of a store that is never quiet, and of one that is never busy.
const BUSY: Bounds = Bounds { quiet_bytes: u64::MAX, busy_bytes: 8 << 10, pause: Duration::ZERO, ..Bounds::USUAL };
const QUIET: Bounds = Bounds { quiet_bytes: 8 << 10, busy_bytes: u64::MAX, ..Bounds::USUAL };

fn start(path: &Path, bounds: Bounds) -> Sled {
    let place = Place::at_home(path, 16 << 20, Box::new(RealDisk)).unwrap();
    Sled::start(place, Pauses { first: Duration::from_millis(1), longest: Duration::from_millis(2) }, bounds).unwrap()
}

/// Up to where the log need not be read at a start: what the name of the index says.
fn indexed(path: &Path) -> u64 {
    let names = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let numbers = names.filter_map(|name| u64::from_str_radix(name.strip_prefix("snap.")?, 16).ok());
    numbers.max().unwrap_or_default()
}

fn key(n: u32) -> Vec<u8> {
    [b"k".as_slice(), &n.to_be_bytes()].concat()
}

async fn put(sled: &Sled, n: u32) -> Result<(), StoreError> {
    let unit = move |view: &mut View<'_>| {
        view.put(key(n), vec![7; 500]);
        Ok(())
    };
    sled.write(unit).await
}

async fn n_pairs(sled: &Sled) -> usize {
    sled.read(|db| Ok(db.range(&[], &[u8::MAX]).count())).await.unwrap()
}

/// Writes until the store was opened again; gives what comes after the last that was written.
async fn write_until_renewed(sled: &Sled, path: &Path, from: u32) -> u32 {
    let (before, mut n) = (indexed(path), from);
    while indexed(path) == before {
        put(sled, n).await.unwrap();
        n += 1;
    }
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_busy_store_is_opened_again_and_again_and_nobody_but_its_index_notices() {
    const N: u32 = 400;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let (sled, over) = (Arc::new(start(&path, BUSY)), Arc::new(AtomicBool::new(false)));
    let mut readers = JoinSet::new();
    for _ in 0..2 {
        let (sled, over) = (Arc::clone(&sled), Arc::clone(&over));
        readers.spawn(async move {
            let mut seen = 0;
            while !over.load(Ordering::SeqCst) {
                let found = n_pairs(&sled).await;
                assert!(found >= seen, "what was there is there");
                seen = found;
            }
        });
    }
    let mut indexes = std::collections::BTreeSet::new();
    for n in 0..N {
        put(&sled, n).await.unwrap();
        assert!(sled.read(move |db| db.get(&key(n))).await.unwrap().is_some());
        indexes.insert(indexed(&path));
    }
    over.store(true, Ordering::SeqCst);
    drop(readers.join_all().await);
    assert!(indexes.len() > 5, "{indexes:?}");
    assert_eq!(*sled.health().borrow(), Health::Writable);
    sled.close().await.unwrap();
    assert_eq!(n_pairs(&start(&path, BUSY)).await, N as usize);
}

#[tokio::test]
async fn a_store_at_rest_is_opened_again_when_there_is_enough_to_index() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let sled = start(&path, QUIET);
    let before = indexed(&path);
    for n in 0..30 {
        put(&sled, n).await.unwrap();
    }
    while indexed(&path) == before {
        tokio::task::yield_now().await;
    }
    assert_eq!(n_pairs(&sled).await, 30);
}

#[tokio::test]
async fn a_walk_over_a_store_that_is_opened_again_is_whole() {
    const N: u32 = 5_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let sled = start(&path, BUSY);
    let unit = |view: &mut View<'_>| {
        (0..N).for_each(|n| view.put(key(n), vec![0]));
        Ok(())
    };
    sled.write(unit).await.unwrap();
    let mut walk = Walk::begin(&sled).await.unwrap();
    let mut copy = std::collections::BTreeMap::new();
    let mut n_parts = 0;
    while let Some(part) = walk.step(&sled).await.unwrap() {
        copy.extend(part.pairs);
        for (key, value) in part.changes {
            copy.insert(key, value.expect("nothing is removed"));
        }
        n_parts += 1;
        if n_parts == 1 {
            // Some that it has passed, and some that are to come.
            write_until_renewed(&sled, &path, 1_990).await;
            write_until_renewed(&sled, &path, N).await;
        }
    }
    assert!(n_parts > 2);
    let there = sled.read(|db| db.range(&[], &[u8::MAX]).collect::<Result<_, _>>()).await.unwrap();
    assert!(copy == there);
}

#[tokio::test]
async fn a_backup_and_a_snapshot_outlive_a_store_that_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let world = World::of(open_at(&path).await.unwrap());
    world.invite("visit", "ada", "e-0", noon()).await;
    let before = every_invitation(&*world.store).await;
    let snapshot = world.store.snapshot().await.unwrap();
    let mut dump = world.store.begin_dump(noon()).await.unwrap();
    let mut bytes = world.store.next_of_dump(&mut dump).await.unwrap().unwrap();
    let (index, mut n) = (indexed(&path), 1);
    while indexed(&path) == index {
        world.invite("visit", &format!("guest-{n}"), &format!("e-{n}"), noon()).await;
        n += 1;
    }
    while let Some(part) = world.store.next_of_dump(&mut dump).await.unwrap() {
        bytes.extend(part);
    }
    let rehearsal = snapshot.rehearse(noon()).await.unwrap();
    assert_eq!(every_invitation(&*rehearsal.store()).await, before);
    let copied = SledOptions { path: folder.path().join("copy"), cache_bytes: 16 << 20 };
    restore(copied.clone(), false, std::io::Cursor::new(bytes), noon()).await.unwrap();
    let copy = open_at(&copied.path).await.unwrap();
    assert_eq!(every_invitation(&*copy).await, every_invitation(&*world.store).await);
    books::check(&*copy).await;
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_again_is_read_only_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let sled = start(&path, BUSY);
    put(&sled, 0).await.unwrap();
    // sled reads it at each opening.
    let conf = fs::read(path.join("conf")).unwrap();
    fs::write(path.join("conf"), [7; 64]).unwrap();
    let mut n = 0;
    let refused = loop {
        match put(&sled, n + 1).await {
            Ok(()) => n += 1,
            Err(err) => break err,
        }
    };
    assert!(refused.is_read_only(), "{refused}");
    assert!(matches!(*sled.health().borrow(), Health::ReadOnly(_)));
    assert!(sled.read(|db| db.get(&key(0))).await.is_err());
    fs::write(path.join("conf"), conf).unwrap();
    sled.health().wait_for(|health| *health == Health::Writable).await.unwrap();
    assert_eq!(n_pairs(&sled).await, n as usize + 1, "what was acknowledged, and no more");
    write_until_renewed(&sled, &path, n + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_look_keeps_nobody_waiting_and_the_store_is_opened_again_after_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store");
    let sled = Arc::new(start(&path, Bounds { patience: Duration::from_millis(1), ..BUSY }));
    put(&sled, 0).await.unwrap();
    let (begin, begun) = std::sync::mpsc::channel();
    let (end, ended) = std::sync::mpsc::channel::<()>();
    let looker = Arc::clone(&sled);
    let mut look = JoinSet::new();
    look.spawn(async move {
        let look = move |db: &dyn crate::store::view::Reading| {
            begin.send(()).unwrap();
            ended.recv().unwrap();
            db.get(&key(0))
        };
        looker.read(look).await.unwrap()
    });
    tokio::task::spawn_blocking(move || begun.recv().unwrap()).await.unwrap();
    let before = indexed(&path);
    for n in 1..60 {
        put(&sled, n).await.unwrap();
        assert!(sled.read(move |db| db.get(&key(n))).await.unwrap().is_some());
    }
    assert_eq!(indexed(&path), before, "somebody looks at it");
    end.send(()).unwrap();
    assert_eq!(look.join_all().await, [Some(vec![7; 500])]);
    write_until_renewed(&sled, &path, 60).await;
    assert_eq!(*sled.health().borrow(), Health::Writable);
}
