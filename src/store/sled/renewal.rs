//! When an open store is opened again, so that a start after a crash is quick.
//!
//! sled writes the index of its pages when it opens a store, and at no other time. A start reads the index and then the log
//! that was written after it: all of it, if a daemon has taken in a million invitations without a stop and was killed. So
//! the writer closes the store and opens it again when its log has grown by so much; between two groups of units of work,
//! so that all that was acknowledged is on disk, and with nobody looking anything up. Look-ups and units of work that come
//! meanwhile wait.
//!
//! What sled says that it flushed is, to the byte, what its log grew by and a start would read, whatever the size of the
//! batches: some 430 bytes for a record of 75. A million invitations are 6 million records in a log of 2 GB. A start that
//! reads all of it, files not in memory, took 5.4 s on an idle disk, which is 0.25 s for each 100 MB, and 39.7 s on a disk
//! that others were busy with, which is 2 s for each 100 MB; with a young index it takes 0.5 s. Opening the store again
//! takes 0.9 s at that size, half of it to free memory, 0.5 s with 200,000 invitations and 0.2 s with 50,000.
//!
//! Two bounds follow. Beyond the lower one the store is opened again as soon as nobody has brought anything for a moment.
//! Beyond the upper one it is opened again under load, which leaves a start little more than a second of log to read. It
//! cannot be much lower: a mail leaves some 5 KB of log, so that a daemon at full speed writes 70 MB a second, and with an
//! upper bound of 96 MiB it sent a fifth less. A hundred messages a second reach it in a quarter of an hour.
//!
//! Look-ups that come are kept waiting only if those under way end soon. One that takes long keeps its store, and the
//! opening is tried again a second later. A store that cannot be opened again is read-only with the reason, and is tried
//! again as one is whose disk was full.

use std::time::Duration;

use tokio::time::Instant;

/// When a store is opened again while it is at work.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes of log after which it is, when nobody waits.
    pub(super) quiet_bytes: u64,
    /// How long nobody must have brought anything then.
    pub(super) quiet: Duration,
    /// Bytes of log after which it is in any case.
    pub(super) busy_bytes: u64,
    /// How long look-ups under way are waited for.
    pub(super) patience: Duration,
    /// The pause after one of them has taken longer.
    pub(super) pause: Duration,
}

impl Bounds {
    /// Small in tests, so that every store that is tested is opened again now and then.
    pub(super) const USUAL: Self = Self {
        quiet_bytes: if cfg!(test) { 64 << 10 } else { 32 << 20 },
        quiet: Duration::from_millis(if cfg!(test) { 5 } else { 500 }),
        busy_bytes: if cfg!(test) { 256 << 10 } else { 512 << 20 },
        patience: Duration::from_millis(50),
        pause: Duration::from_secs(1),
    };
}

/// How much the log has grown since the store was opened.
#[derive(Debug)]
pub(super) struct Growth {
    bounds: Bounds,
    n_bytes: u64,
    /// It is not opened again before.
    not_before: Option<Instant>,
}

impl Growth {
    pub(super) fn within(bounds: Bounds) -> Self {
        Self { bounds, n_bytes: 0, not_before: None }
    }

    /// What a flush of sled says that it has written: the bytes of log since the flush before.
    pub(super) fn count(&mut self, n_bytes: usize) {
        self.n_bytes = self.n_bytes.saturating_add(u64::try_from(n_bytes).unwrap_or(u64::MAX));
    }

    /// The store was opened again.
    pub(super) fn begin_again(&mut self) {
        (self.n_bytes, self.not_before) = (0, None);
    }

    /// It could not be, because somebody was looking something up.
    pub(super) fn put_off(&mut self, now: Instant) {
        self.not_before = Some(now + self.bounds.pause);
    }

    /// How long look-ups under way are waited for.
    pub(super) fn patience(&self) -> Duration {
        self.bounds.patience
    }

    /// Whether the store is to be opened again, whoever waits.
    pub(super) fn calls_for_renewal(&self, now: Instant) -> bool {
        self.n_bytes >= self.bounds.busy_bytes && self.not_before.is_none_or(|at| at <= now)
    }

    /// When the store is to be opened again if nobody brings anything until then.
    pub(super) fn next_renewal(&self, now: Instant) -> Option<Instant> {
        let at = now + self.bounds.quiet;
        (self.n_bytes >= self.bounds.quiet_bytes).then(|| self.not_before.map_or(at, |not_before| at.max(not_before)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_opened_again_when_its_log_has_grown_by_so_much() {
        let bounds = Bounds {
            quiet_bytes: 10,
            quiet: Duration::from_secs(1),
            busy_bytes: 30,
            patience: Duration::ZERO,
            pause: Duration::from_secs(5),
        };
        let (now, after) = (Instant::now(), Duration::from_secs);
        let mut growth = Growth::within(bounds);
        growth.count(9);
        assert_eq!((growth.next_renewal(now), growth.calls_for_renewal(now)), (None, false));
        growth.count(1);
        assert_eq!((growth.next_renewal(now), growth.calls_for_renewal(now)), (Some(now + after(1)), false));
        growth.count(20);
        assert!(growth.calls_for_renewal(now));
        growth.put_off(now);
        assert!(!growth.calls_for_renewal(now + after(4)) && growth.calls_for_renewal(now + after(5)));
        assert_eq!(growth.next_renewal(now + after(3)), Some(now + after(5)));
        assert_eq!(growth.next_renewal(now + after(6)), Some(now + after(7)));
        growth.begin_again();
        assert_eq!((growth.next_renewal(now), growth.calls_for_renewal(now)), (None, false));
    }
}
