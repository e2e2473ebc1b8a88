//! Steps that are made up, over the store of version 1 and over many records.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::watch;

use super::*;
use crate::store::Health;
use crate::store::contract::{SECRET, fixture};
use crate::store::keys::kind;
use crate::store::memory::{Map, Memory};
use crate::store::sizes::Raw;
use crate::store::walk::Taps;

/// As many as fill two slices and a bit.
const N: usize = 2 * SLICE + 7;

/// Two steps, as a new key for an index takes: what is there goes, and is made anew from the records.
const INDEX_ANEW: &[Step] = &[
    Step { what: "the index goes", prefix: b"d", visit: remove },
    Step { what: "the index is made anew", prefix: b"i", visit: mark },
];

fn remove(view: &mut View<'_>, _: &Seal, (key, _): Pair) -> Result<(), StoreError> {
    assert!(view.get(&key)?.is_some(), "{key:?} was visited before");
    view.remove(key);
    Ok(())
}

fn mark(view: &mut View<'_>, _: &Seal, (key, _): Pair) -> Result<(), StoreError> {
    let mut entry = b"d".to_vec();
    entry.extend_from_slice(&key);
    let n_before = view.get(&entry)?.map_or(0, |count| count[0]);
    view.put(entry, vec![n_before + 1]);
    Ok(())
}

/// An engine that dies after so many units of work.
struct Mortal {
    memory: Memory,
    n_left: AtomicUsize,
}

impl Mortal {
    fn of(map: BTreeMap<Vec<u8>, Vec<u8>>, n_left: usize) -> Self {
        let memory = Memory::of(Map(map));
        Self { memory, n_left: AtomicUsize::new(n_left) }
    }
}

impl Engine for Mortal {
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let left = self.n_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1));
        left.map_err(|_| StoreError::Closed)?;
        self.memory.write(unit).await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.memory.read(look).await
    }

    async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.memory.between(act).await
    }

    async fn disk_bytes(&self) -> Result<u64, StoreError> {
        self.memory.disk_bytes().await
    }

    async fn compact(&self) -> Result<Raw, StoreError> {
        self.memory.compact().await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.memory.health()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.memory.close().await
    }
}

fn seal() -> Seal {
    Seal::new(&SECRET)
}

/// A store with so many invitations and an index that is of no use any more.
fn old_store() -> BTreeMap<Vec<u8>, Vec<u8>> {
    let record = |kind: u8, n: usize| ([&[kind], n.to_be_bytes().as_slice()].concat(), vec![1]);
    (0..N).map(|n| record(kind::INVITATION, n)).chain((0..N).map(|n| record(kind::DUE_BY_TIME, n))).collect()
}

fn pairs_of(db: &dyn Reading, kind: u8) -> Vec<Pair> {
    db.prefix(&[kind]).map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_crash_anywhere_loses_a_slice_at_most_and_no_record_is_visited_twice() {
    let engine = Mortal::of(old_store(), 0);
    let mut n_starts = 0;
    loop {
        engine.n_left.store(1, Ordering::SeqCst);
        n_starts += 1;
        match run(&engine, &seal(), INDEX_ANEW).await {
            Ok(()) => break,
            Err(StoreError::Closed) => assert!(n_starts < 100, "it comes to no end"),
            Err(err) => panic!("{err}"),
        }
    }
    // Three slices a step, one at each start; the last start finds the work done but for one.
    assert_eq!(n_starts, 6);
    let (layout, index) = engine.read(|db| Ok((layout(db)?, pairs_of(db, kind::DUE_BY_TIME)))).await.unwrap();
    assert_eq!(layout, Layout { number: 3, under_way: None });
    assert_eq!(index.len(), N);
    assert!(index.iter().all(|(key, n_visits)| key[1] == kind::INVITATION && *n_visits == [1]));
}

#[tokio::test]
async fn a_store_that_says_nothing_has_the_first_layout_and_takes_every_step_once() {
    const STEPS: &[Step] = &[
        Step { what: "cards are marked", prefix: b"k", visit: mark },
        Step { what: "surveys are marked", prefix: b"s", visit: mark },
    ];
    let engine = Mortal::of(std::mem::take(&mut fixture::stored()[0]).into_iter().collect(), usize::MAX);
    for _ in 0..2 {
        run(&engine, &seal(), STEPS).await.unwrap();
        for kind in [b"dk", b"ds"] {
            let marks: Vec<_> = engine.read(|db| db.prefix(kind).collect()).await.unwrap();
            assert_eq!(marks.into_iter().map(|(_, n_visits)| n_visits).collect::<Vec<_>>(), [[1], [1]]);
        }
    }
}

#[tokio::test]
async fn a_later_layout_is_refused_and_left_alone() {
    let engine = Mortal::of(old_store(), usize::MAX);
    run(&engine, &seal(), INDEX_ANEW).await.unwrap();
    let before = engine.read(|db| Ok(pairs_of(db, kind::META))).await.unwrap();
    let refused = run(&engine, &seal(), &[]).await;
    assert!(matches!(refused, Err(StoreError::NewerLayout { found: 3, known: 1 })), "{refused:?}");
    assert_eq!(engine.read(|db| Ok(pairs_of(db, kind::META))).await.unwrap(), before);
}

#[tokio::test]
async fn a_new_store_begins_with_todays_layout() {
    let engine = Mortal::of(BTreeMap::new(), usize::MAX);
    engine.write(|view| begin(view, INDEX_ANEW)).await.unwrap();
    assert_eq!(engine.read(layout).await.unwrap().number, 3);
}
