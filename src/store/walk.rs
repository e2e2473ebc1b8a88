//! A walk over everything in the store while it goes on changing.
//!
//! There are no snapshots to read from. So a walk takes the pairs in the order of their keys, some at a time, beside the
//! units of work; and from its first step on the engine notes for it what changes. Each part holds the pairs of a stretch
//! as they were found, some older and some newer, and after them the changes that were made up to the end of the stretch
//! since the part before; those of keys that are still to come are left out, because they will be found as they are by
//! then. Taking the parts in their order, pairs before changes, gives the store exactly as it was between two groups of
//! units of work at the end of the last part: of a key that changed meanwhile the last change comes last, and any other was
//! found as it was all the time.

use std::sync::{Arc, Weak};

use super::engine::Engine;
use super::view::{Changes, Pair, Reading};
use super::{StoreError, keys};

/// The most pairs and bytes in a part.
const PART_PAIRS: usize = 2_000;
const PART_BYTES: usize = 1 << 20;
/// The most bytes of changes that are noted for a walk between two of its steps.
const NOTED_BYTES_MAX: usize = 64 << 20;

/// Why a walk came to no end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Spoiled {
    /// Too much was noted for it.
    #[error(
        "more than {NOTED_BYTES_MAX} bytes changed while one part of it was taken: take it over faster, or at a quieter time"
    )]
    TooSlow,
    /// A write failed, so that what was noted may not have happened.
    #[error("the store could not write meanwhile; begin again")]
    WriteFailed,
}

/// A place where the engine notes what changes, until it is dropped.
#[derive(Debug)]
pub(crate) struct Tap {
    number: u64,
    _held: Arc<()>,
}

/// The taps of an engine.
#[derive(Debug, Default)]
pub(crate) struct Taps {
    open: Vec<OpenTap>,
    n_opened: u64,
}

#[derive(Debug)]
struct OpenTap {
    number: u64,
    held: Weak<()>,
    noted: Result<Changes, Spoiled>,
    n_bytes: usize,
}

impl Taps {
    /// Notes everything that changes from now on.
    pub(crate) fn open(&mut self) -> Tap {
        let held = Arc::new(());
        self.n_opened += 1;
        let tap = OpenTap { number: self.n_opened, held: Arc::downgrade(&held), noted: Ok(Changes::new()), n_bytes: 0 };
        self.open.push(tap);
        Tap { number: self.n_opened, _held: held }
    }

    /// Whether anybody wants to know what changes.
    pub(crate) fn are_open(&self) -> bool {
        self.open.iter().any(|tap| tap.held.strong_count() > 0)
    }

    /// Notes what is about to change.
    pub(crate) fn note(&mut self, changes: &Changes) {
        self.open.retain(|tap| tap.held.strong_count() > 0);
        for tap in &mut self.open {
            tap.note(changes);
        }
    }

    /// What was noted may not have happened.
    pub(crate) fn spoil(&mut self) {
        for tap in &mut self.open {
            tap.noted = Err(Spoiled::WriteFailed);
        }
    }

    /// What has changed since the tap was opened or drained.
    pub(crate) fn drain(&mut self, number: u64) -> Result<Changes, Spoiled> {
        let Some(tap) = self.open.iter_mut().find(|tap| tap.number == number) else { return Ok(Changes::new()) };
        tap.n_bytes = 0;
        match &mut tap.noted {
            Ok(noted) => Ok(std::mem::take(noted)),
            Err(spoiled) => Err(*spoiled),
        }
    }
}

impl OpenTap {
    fn note(&mut self, changes: &Changes) {
        let Ok(noted) = &mut self.noted else { return };
        for (key, value) in changes {
            self.n_bytes += key.len() + value.as_ref().map_or(0, Vec::len);
            noted.insert(key.clone(), value.clone());
        }
        if self.n_bytes > NOTED_BYTES_MAX {
            self.noted = Err(Spoiled::TooSlow);
        }
    }
}

/// A stretch of the walk.
#[derive(Debug, Default)]
pub(crate) struct Part {
    /// The pairs of the stretch, in the order of their keys.
    pub(crate) pairs: Vec<Pair>,
    /// What is to be changed after that.
    pub(crate) changes: Changes,
}

/// A walk under way.
#[derive(Debug)]
pub(crate) struct Walk {
    tap: Tap,
    /// Where the next stretch begins; nowhere when all was walked.
    from: Option<Vec<u8>>,
}

impl Walk {
    /// Begins at the first key.
    pub(crate) async fn begin<E: Engine>(engine: &E) -> Result<Self, StoreError> {
        Ok(Self { tap: engine.between(Taps::open).await?, from: Some(Vec::new()) })
    }

    /// The next part, unless all was walked.
    pub(crate) async fn step<E: Engine>(&mut self, engine: &E) -> Result<Option<Part>, StoreError> {
        let Some(from) = self.from.clone() else { return Ok(None) };
        let (pairs, next) = engine.read(move |db| stretch(db, &from)).await?;
        let number = self.tap.number;
        let drained = engine.between(move |taps| taps.drain(number)).await?;
        let mut changes = drained.map_err(|spoiled| StoreError::Failed { source: Arc::new(spoiled) })?;
        if let Some(next) = &next {
            drop(changes.split_off(next));
        }
        self.from = next;
        Ok(Some(Part { pairs, changes }))
    }

    /// The tap of a walk that is over: it goes on noting.
    pub(crate) fn number(&self) -> u64 {
        self.tap.number
    }
}

/// The pairs from `from` on, as many as a part holds, and where the next begin; nowhere if they are the last.
pub(super) fn stretch(db: &dyn Reading, from: &[u8]) -> Result<(Vec<Pair>, Option<Vec<u8>>), StoreError> {
    let (mut pairs, mut n_bytes) = (Vec::new(), 0);
    for pair in db.range(from, &keys::after_prefix(&[])) {
        let (key, value) = pair?;
        n_bytes += key.len() + value.len();
        pairs.push((key, value));
        if pairs.len() == PART_PAIRS || n_bytes >= PART_BYTES {
            let next = pairs.last().map(|(last, _)| [last.as_slice(), &[0]].concat());
            return Ok((pairs, next));
        }
    }
    Ok((pairs, None))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::store::memory::{Map, Memory};

    /// As many as three parts hold.
    const N: u64 = 2 * PART_PAIRS as u64 + 50;

    fn key(n: u64) -> Vec<u8> {
        [b"k".as_slice(), &n.to_be_bytes()].concat()
    }

    async fn write(engine: &Memory, changes: Vec<(u64, Option<u8>)>) {
        let unit = move |view: &mut crate::store::view::View<'_>| {
            for (n, value) in changes {
                match value {
                    Some(value) => view.put(key(n), vec![value]),
                    None => view.remove(key(n)),
                }
            }
            Ok(())
        };
        engine.write(unit).await.unwrap();
    }

    async fn everything(engine: &Memory) -> BTreeMap<Vec<u8>, Vec<u8>> {
        engine.read(|db| db.range(&[], &[u8::MAX]).collect()).await.unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_walk_gives_the_store_as_it_is_at_its_end_whatever_changes_meanwhile(
            rounds in prop::collection::vec(
                prop::collection::vec((0..N + 20, prop::option::of(1_u8..9)), 0..60), 4),
        ) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                let engine = Memory::of(Map((0..N).map(|n| (key(n), vec![0])).collect()));
                let mut walk = Walk::begin(&engine).await.unwrap();
                let mut copy = BTreeMap::new();
                let mut rounds = rounds.into_iter();
                write(&engine, rounds.next().unwrap()).await;
                while let Some(part) = walk.step(&engine).await.unwrap() {
                    copy.extend(part.pairs);
                    for (key, value) in part.changes {
                        match value {
                            Some(value) => drop(copy.insert(key, value)),
                            None => drop(copy.remove(&key)),
                        }
                    }
                    if walk.from.is_none() {
                        break;
                    }
                    write(&engine, rounds.next().unwrap_or_default()).await;
                }
                assert!(copy == everything(&engine).await);
            });
        }
    }

    #[tokio::test]
    async fn what_cannot_be_noted_ends_the_walk_with_the_reason() {
        let engine = Memory::of(Map(BTreeMap::new()));
        let mut walk = Walk::begin(&engine).await.unwrap();
        engine.between(Taps::spoil).await.unwrap();
        let spoiled = walk.step(&engine).await.unwrap_err();
        let StoreError::Failed { source } = spoiled else { panic!("{spoiled}") };
        assert_eq!(source.downcast_ref(), Some(&Spoiled::WriteFailed));
    }

    #[test]
    fn too_much_is_not_noted_and_nothing_is_for_who_is_gone() {
        let mut taps = Taps::default();
        let (slow, gone) = (taps.open(), taps.open());
        drop(gone);
        let large = |n: u8| Changes::from([(vec![n], Some(vec![0; NOTED_BYTES_MAX / 2]))]);
        for n in 1..=2 {
            taps.note(&large(n));
        }
        assert_eq!(taps.open.len(), 1);
        assert_eq!(taps.drain(slow.number), Err(Spoiled::TooSlow));
        let quick = taps.open();
        for n in 1..=3 {
            taps.note(&large(n));
            assert_eq!(taps.drain(quick.number).unwrap().len(), 1);
        }
    }
}
