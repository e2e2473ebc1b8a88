use std::collections::BTreeMap;

use super::as_of::{AsOf, Snapshots};
use crate::store::memory::Map;
use crate::store::view::{Changes, Reading, View};

use proptest::prelude::*;

fn key() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(0_u8..4, 1..3)
}

fn changes() -> impl Strategy<Value = Changes> {
    prop::collection::btree_map(key(), prop::option::of(prop::collection::vec(0_u8..9, 1)), 0..8)
}

proptest! {
    #[test]
    fn a_snapshot_shows_what_was_there_whatever_changes(
        base in prop::collection::btree_map(key(), Just(vec![1]), 0..12),
        units in prop::collection::vec(changes(), 0..5),
    ) {
        let mut map = Map(base.clone());
        let snapshots = Snapshots::default();
        let kept = snapshots.begin();
        for unit in units {
            let mut view = View::of(&map);
            snapshots.pass(&mut view, |view| {
                for (key, value) in unit {
                    match value {
                        Some(value) => view.put(key, value),
                        None => view.remove(key),
                    }
                }
                Ok(())
            }).unwrap();
            for (key, value) in view.into_changes() {
                match value {
                    Some(value) => drop(map.0.insert(key, value)),
                    None => drop(map.0.remove(&key)),
                }
            }
            let then = AsOf { now: &map, kept: &kept };
            let seen: BTreeMap<_, _> = then.range(&[0], &[9]).map(Result::unwrap).collect();
            prop_assert_eq!(&seen, &base);
            for key in map.0.keys().chain(base.keys()) {
                prop_assert_eq!(then.get(key).unwrap(), base.get(key).cloned());
            }
        }
    }
}

#[test]
fn nothing_is_kept_when_nobody_looks_any_more() {
    let snapshots = Snapshots::default();
    let kept = snapshots.begin();
    let map = Map(BTreeMap::from([(vec![1], vec![1])]));
    let mut view = View::of(&map);
    let put = |view: &mut View<'_>| {
        view.put(vec![1], vec![2]);
        Ok(())
    };
    snapshots.pass(&mut view, put).unwrap();
    assert_eq!(AsOf { now: &view, kept: &kept }.get(&[1]).unwrap(), Some(vec![1]));
    drop(kept);
    let again = snapshots.begin();
    assert_eq!(AsOf { now: &view, kept: &again }.get(&[1]).unwrap(), Some(vec![2]));
}
