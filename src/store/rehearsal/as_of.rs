//! The store as it was, while it changes.
//!
//! A unit of work keeps what it replaces before the change is made. Whoever looks reads what is there first and asks what
//! was kept afterwards: so what it sees is either still as it was, or was kept by then, and nobody waits for anybody.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::super::StoreError;
use super::super::view::{Change, Changes, Pair, Pairs, Reading, View};
use super::MIB_MAX;

/// Pairs read in one go, at the most.
const CHUNK_MAX: usize = 256;

/// Those who look at the store as it was.
#[derive(Default)]
pub(in super::super) struct Snapshots(Mutex<Vec<Weak<Kept>>>);

impl Snapshots {
    /// Begins to keep what is replaced; to be called between two units of work.
    pub(in super::super) fn begin(&self) -> Arc<Kept> {
        let kept = Arc::default();
        let mut all = self.lock();
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&kept));
        kept
    }

    /// Runs a unit of work, and keeps what it replaces for those who look.
    pub(in super::super) fn pass<T>(
        &self,
        view: &mut View<'_>,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let watching: Vec<_> = self.lock().iter().filter_map(Weak::upgrade).collect();
        if watching.is_empty() {
            return unit(view);
        }
        view.try_unit_noting(unit, |below, changes| watching.iter().try_for_each(|kept| kept.keep(below, changes)))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Weak<Kept>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What was replaced since the instant of a snapshot: the value that was there, or that there was none.
#[derive(Default)]
pub(in super::super) struct Kept(Mutex<Values>);

#[derive(Default)]
struct Values {
    values: Changes,
    n_bytes: usize,
}

impl Values {
    /// Whether more was replaced than is kept, so that nobody can say any more how it was.
    fn is_over(&self) -> bool {
        self.n_bytes > MIB_MAX << 20
    }
}

impl Kept {
    fn keep(&self, below: &dyn Reading, changes: &[Change<'_>]) -> Result<(), StoreError> {
        let mut kept = self.lock();
        if kept.is_over() {
            kept.values = BTreeMap::new();
            return Ok(());
        }
        for Change { key, before, .. } in changes {
            if !kept.values.contains_key(*key) {
                let value = before.map_or_else(|| below.get(key), |before| Ok(before.clone()))?;
                kept.n_bytes += key.len() + value.as_ref().map_or(0, Vec::len);
                kept.values.insert(key.to_vec(), value);
            }
        }
        Ok(())
    }

    /// Looks at what was kept, unless that is no longer all.
    fn look<T>(&self, look: impl FnOnce(&Changes) -> T) -> Result<T, StoreError> {
        let kept = self.lock();
        if kept.is_over() { Err(StoreError::RehearsalTooLarge { mib_max: MIB_MAX }) } else { Ok(look(&kept.values)) }
    }

    fn lock(&self) -> MutexGuard<'_, Values> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What is in `now`, as it was when `kept` began.
pub(super) struct AsOf<'a> {
    pub(super) now: &'a dyn Reading,
    pub(super) kept: &'a Kept,
}

impl Reading for AsOf<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let now = self.now.get(key)?;
        let kept = self.kept.look(|values| values.get(key).cloned())?;
        Ok(kept.unwrap_or(now))
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_> {
        let read = VecDeque::new();
        Box::new(Chunks { of: self, from: from.to_vec(), to: to.to_vec(), n: 1, read, is_at_end: from >= to })
    }
}

/// A run of pairs, read chunk by chunk: what comes first is mostly all that is wanted.
struct Chunks<'a> {
    of: &'a AsOf<'a>,
    from: Vec<u8>,
    to: Vec<u8>,
    n: usize,
    read: VecDeque<Pair>,
    is_at_end: bool,
}

impl Chunks<'_> {
    fn read_on(&mut self) -> Result<(), StoreError> {
        let mut pairs: BTreeMap<_, _> =
            self.of.now.range(&self.from, &self.to).take(self.n).collect::<Result<_, _>>()?;
        let until = match pairs.last_key_value() {
            Some((last, _)) if pairs.len() == self.n => [last.as_slice(), &[0]].concat(),
            Some(_) | None => {
                self.is_at_end = true;
                self.to.clone()
            }
        };
        let bounds = (Bound::Included(self.from.as_slice()), Bound::Excluded(until.as_slice()));
        self.of.kept.look(|values| {
            for (key, value) in values.range::<[u8], _>(bounds) {
                match value {
                    Some(value) => drop(pairs.insert(key.clone(), value.clone())),
                    None => drop(pairs.remove(key)),
                }
            }
        })?;
        self.read.extend(pairs);
        self.from = until;
        self.n = (self.n * 4).min(CHUNK_MAX);
        Ok(())
    }
}

impl Iterator for Chunks<'_> {
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.read.is_empty() && !self.is_at_end {
            if let Err(err) = self.read_on() {
                self.is_at_end = true;
                return Some(Err(err));
            }
        }
        self.read.pop_front().map(Ok)
    }
}
