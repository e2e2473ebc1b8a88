//! What sled leaves for later to be freed, freed at once.
//!
//! sled frees what a page was before a change through the epochs of crossbeam. Those are collected by whoever looks
//! something up, a little at every 128th look, which is enough where much is looked up for each change. A writer that
//! applies large batches changes much and looks up little: records in batches of 600 left 8 GB lying after 6 million of
//! them, with a cache of 128 MiB, and 0.4 GB when this was collected.

/// The changes after which one round collects what they left. A round collects 512 things, and no change leaves more than
/// eight: the page that it changed, those that were split, and those that made room in the cache.
const CHANGES_PER_ROUND: usize = 64;
/// What is left is not collected before the epoch has advanced twice, and a round advances it once.
const ROUNDS_MIN: usize = 3;
/// Enough for everything that a store of some size keeps in memory.
const ROUNDS_ALL: usize = 1_024;

/// Collects what this many changes left.
pub(super) fn collect_after(n_changes: usize) {
    collect(ROUNDS_MIN + n_changes / CHANGES_PER_ROUND);
}

/// Collects what there is.
pub(super) fn collect_all() {
    collect(ROUNDS_ALL);
}

fn collect(n_rounds: usize) {
    for _ in 0..n_rounds {
        crossbeam_epoch::pin().flush();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn what_a_large_batch_left_is_freed_without_anybody_looking_anything_up() {
        const CHANGES: usize = 10_000;
        let freed = Arc::new(AtomicUsize::new(0));
        let guard = crossbeam_epoch::pin();
        for _ in 0..8 * CHANGES {
            let freed = Arc::clone(&freed);
            guard.defer(move || freed.fetch_add(1, Ordering::SeqCst));
        }
        drop(guard);
        assert!(freed.load(Ordering::SeqCst) < CHANGES);
        // Tests beside this one may hold an epoch for a moment.
        let all_is_freed = (0..1_000).any(|_| {
            collect_after(CHANGES);
            freed.load(Ordering::SeqCst) == 8 * CHANGES
        });
        assert!(all_is_freed, "{freed:?}");
    }
}
