//! A unit of work's view: the store as it will be when the work is done.
//!
//! Changes gather in an overlay over what is on disk, and reads look through it. So the writer can run many units of work
//! into one overlay, write it as one batch and flush once; what a unit that fails half way has changed is undone.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::StoreError;

/// A key and its value.
pub(crate) type Pair = (Vec<u8>, Vec<u8>);
/// Pairs in the order of their keys.
pub(crate) type Pairs<'a> = Box<dyn Iterator<Item = Result<Pair, StoreError>> + 'a>;

/// Ordered keys that can be read.
pub(crate) trait Reading {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;
    /// The pairs from `from` to before `to`.
    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_>;

    /// The pairs whose keys begin with `prefix`.
    fn prefix(&self, prefix: &[u8]) -> Pairs<'_> {
        self.range(prefix, &super::keys::after_prefix(prefix))
    }

    /// The first pair from `from` to before `to`.
    fn first(&self, from: &[u8], to: &[u8]) -> Result<Option<Pair>, StoreError> {
        self.range(from, to).next().transpose()
    }
}

/// What changes: a value, or `None` for a removal.
pub(crate) type Changes = BTreeMap<Vec<u8>, Option<Vec<u8>>>;

/// A key, and what `Changes` said of it before, if anything.
type Overwritten = (Vec<u8>, Option<Option<Vec<u8>>>);

/// What a unit of work changed.
pub(crate) struct Change<'c> {
    /// The key.
    pub(crate) key: &'c [u8],
    /// What had been changed there before, if anything.
    pub(crate) before: Option<&'c Option<Vec<u8>>>,
    /// What stands there now.
    pub(crate) after: Option<&'c [u8]>,
}

/// The store as it will be.
pub(crate) struct View<'a> {
    base: &'a dyn Reading,
    changes: Changes,
    /// While a unit of work runs, what it overwrote.
    undo: Vec<Overwritten>,
    n_units: usize,
}

impl<'a> View<'a> {
    /// A view in which nothing has changed yet.
    pub(crate) fn of(base: &'a dyn Reading) -> Self {
        Self::over(base, Changes::new())
    }

    /// A view in which this much has changed already.
    pub(crate) fn over(base: &'a dyn Reading, changes: Changes) -> Self {
        Self { base, changes, undo: Vec::new(), n_units: 0 }
    }

    /// Sets a key.
    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.change(key, Some(value));
    }

    /// Removes a key.
    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.change(key, None);
    }

    fn change(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        if self.n_units == 0 {
            self.changes.insert(key, value);
        } else {
            let before = self.changes.insert(key.clone(), value);
            self.undo.push((key, before));
        }
    }

    /// Runs a unit of work on this view, and keeps its changes only if it succeeds.
    pub(crate) fn try_unit<T>(
        &mut self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.run(unit, |_, _| Ok(()))
    }

    /// The same; `note` is shown what the view lies over, and what the unit changed. If it fails, so does the unit.
    pub(crate) fn try_unit_noting<T>(
        &mut self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError>,
        note: impl FnOnce(&dyn Reading, &[Change<'_>]) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        self.run(unit, |view, n_before| note(view.base, &view.changed_since(n_before)))
    }

    fn run<T>(
        &mut self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError>,
        look: impl FnOnce(&View<'_>, usize) -> Result<(), StoreError>,
    ) -> Result<T, StoreError> {
        let n_before = self.undo.len();
        self.n_units += 1;
        let done = unit(self).and_then(|done| look(self, n_before).map(|()| done));
        self.n_units -= 1;
        if done.is_err() {
            for (key, before) in self.undo.drain(n_before..).rev() {
                match before {
                    Some(before) => self.changes.insert(key, before),
                    None => self.changes.remove(&key),
                };
            }
        }
        if self.n_units == 0 {
            self.undo.clear();
        }
        done
    }

    fn changed_since(&self, n_before: usize) -> Vec<Change<'_>> {
        let mut first = BTreeMap::new();
        for (key, before) in self.undo.iter().skip(n_before) {
            first.entry(key).or_insert(before);
        }
        let changes = first.into_iter().filter_map(|(key, before)| {
            let after = self.changes.get(key)?.as_deref();
            Some(Change { key, before: before.as_ref(), after })
        });
        changes.collect()
    }

    /// What is to be written.
    pub(crate) fn into_changes(self) -> Changes {
        self.changes
    }
}

impl Reading for View<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.changes.get(key) {
            Some(changed) => Ok(changed.clone()),
            None => self.base.get(key),
        }
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let changed = self.changes.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        Box::new(Merged { below: self.base.range(from, to).peekable(), above: changed.peekable() })
    }
}

/// Two ordered runs as one; where both have a key, the overlay wins.
struct Merged<B: Iterator, A: Iterator> {
    below: std::iter::Peekable<B>,
    above: std::iter::Peekable<A>,
}

impl<'a, B, A> Iterator for Merged<B, A>
where
    B: Iterator<Item = Result<Pair, StoreError>>,
    A: Iterator<Item = (&'a Vec<u8>, &'a Option<Vec<u8>>)>,
{
    type Item = Result<Pair, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let below = match self.below.peek() {
                Some(Err(_)) => return self.below.next(),
                Some(Ok((key, _))) => Some(key),
                None => None,
            };
            let Some((above, _)) = self.above.peek() else { return self.below.next() };
            match below.map(|below| below.cmp(above)) {
                Some(std::cmp::Ordering::Less) => return self.below.next(),
                Some(std::cmp::Ordering::Equal) => drop(self.below.next()),
                Some(std::cmp::Ordering::Greater) | None => (),
            }
            if let Some((key, Some(value))) = self.above.next() {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::memory::Map;

    proptest! {
        #[test]
        fn a_view_reads_as_if_its_changes_were_written(
            base in prop::collection::btree_map(prop::collection::vec(0_u8..4, 1..3), Just(vec![1]), 0..12),
            changes in prop::collection::btree_map(
                prop::collection::vec(0_u8..4, 1..3), prop::option::of(Just(vec![2])), 0..12),
        ) {
            let map = Map(base.clone());
            let mut view = View::of(&map);
            let mut expected = base;
            for (key, value) in changes {
                if let Some(value) = value {
                    expected.insert(key.clone(), value.clone());
                    view.put(key, value);
                } else {
                    expected.remove(&key);
                    view.remove(key);
                }
            }
            let seen: Vec<_> = view.range(&[0], &[9]).map(Result::unwrap).collect();
            prop_assert_eq!(seen, expected.clone().into_iter().collect::<Vec<_>>());
            for key in expected.keys() {
                prop_assert_eq!(view.get(key).unwrap(), expected.get(key).cloned());
            }
        }
    }

    #[test]
    fn a_unit_that_fails_leaves_nothing_behind() {
        let map = Map([([0], [0]), ([1], [0])].map(|(key, value)| (key.to_vec(), value.to_vec())).into());
        let seen = |view: &View<'_>| view.range(&[0], &[9]).map(Result::unwrap).collect::<Vec<_>>();
        let mut view = View::of(&map);
        view.put(vec![2], vec![1]);
        let before = seen(&view);
        let failed: Result<(), _> = view.try_unit(|outer| {
            outer.put(vec![2], vec![2]);
            outer.put(vec![2], vec![3]);
            outer.remove(vec![1]);
            outer.try_unit(|inner| {
                inner.put(vec![3], vec![3]);
                Ok(())
            })?;
            Err(StoreError::Stale)
        });
        assert!(failed.is_err());
        assert_eq!(seen(&view), before);
        view.try_unit(|outer| {
            outer.remove(vec![0]);
            let failed: Result<(), _> = outer.try_unit(|inner| {
                inner.put(vec![0], vec![4]);
                Err(StoreError::Stale)
            });
            assert!(failed.is_err());
            Ok(())
        })
        .unwrap();
        assert_eq!(seen(&view), [(vec![1], vec![0]), (vec![2], vec![1])]);
    }
}
