//! An engine whose changes stay in memory, over a store that is only read.

use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::super::engine::Engine;
use super::super::health::Health;
use super::super::sizes::Raw;
use super::super::view::{Change, Changes, Reading, View};
use super::super::walk::Taps;
use super::super::{StoreError, keys, record};
use super::as_of::{AsOf, Kept};
use super::base::{self, Base};
use super::{MIB_MAX, Touched};
use crate::domain::id::InvitationId;

/// A store as it was, with what has changed on it since, in memory.
#[derive(Clone)]
pub(super) struct Overlay {
    base: Arc<dyn Base>,
    kept: Arc<Kept>,
    played: Arc<Mutex<Played>>,
    health: watch::Sender<Health>,
}

#[derive(Default)]
struct Played {
    changes: Changes,
    n_bytes: usize,
    taps: Taps,
}

fn lock(played: &Mutex<Played>) -> MutexGuard<'_, Played> {
    played.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a change took in memory before, and takes now, as far as it is known.
fn n_bytes(change: &Change<'_>) -> (usize, usize) {
    let of = |value: Option<&[u8]>| change.key.len() + value.map_or(0, <[u8]>::len);
    (change.before.map_or(0, |before| of(before.as_deref())), of(change.after))
}

impl Overlay {
    pub(super) fn over(base: Arc<dyn Base>, kept: Arc<Kept>) -> Self {
        Self { base, kept, played: Arc::default(), health: watch::Sender::new(Health::Writable) }
    }

    /// Looks at the store as it was, and at what was changed since.
    async fn with<T: Send + 'static>(
        &self,
        act: impl FnOnce(&AsOf<'_>, &mut Played) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (kept, played) = (Arc::clone(&self.kept), Arc::clone(&self.played));
        base::read(&*self.base, move |now| act(&AsOf { now, kept: &kept }, &mut lock(&played))).await
    }

    /// Invitations that were changed, as they were and as they are.
    pub(super) async fn touched(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Touched>, StoreError> {
        self.with(move |then, played| {
            let kind = vec![keys::kind::INVITATION];
            let end = keys::after_prefix(&kind);
            let from = match after {
                Some(after) => Bound::Excluded(keys::invitation(&after)),
                None => Bound::Included(kind),
            };
            let changed = played.changes.range((from, Bound::Excluded(end))).take(n_max);
            let invitations = changed.filter_map(|(key, value)| Some((key, value.as_ref()?)));
            let touched = invitations.map(|(key, value)| {
                let before = then.get(key)?.map(|value| record::invitation::read(&value)).transpose()?;
                Ok(Touched { before, after: record::invitation::read(value)? })
            });
            touched.collect()
        })
        .await
    }
}

impl Engine for Overlay {
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with(|then, played| {
            if played.n_bytes > MIB_MAX << 20 {
                return Err(StoreError::RehearsalTooLarge { mib_max: MIB_MAX });
            }
            let (mut n_more, taps) = (0, &mut played.taps);
            let mut view = View::over(then, std::mem::take(&mut played.changes));
            let done = view.try_unit_noting(unit, |_, changes| {
                let (before, after) = changes.iter().map(n_bytes).fold((0, 0), |(a, b), (c, d)| (a + c, b + d));
                n_more = after.saturating_sub(before);
                if taps.are_open() {
                    let value = |change: &Change<'_>| change.after.map(<[u8]>::to_vec);
                    taps.note(&changes.iter().map(|change| (change.key.to_vec(), value(change))).collect());
                }
                Ok(())
            });
            played.changes = view.into_changes();
            played.n_bytes += n_more;
            done
        })
        .await
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with(|then, played| {
            let view = View::over(then, std::mem::take(&mut played.changes));
            let found = look(&view);
            played.changes = view.into_changes();
            found
        })
        .await
    }

    async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(act(&mut lock(&self.played).taps))
    }

    async fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn compact(&self) -> Result<Raw, StoreError> {
        self.read(|view| {
            let mut raw = Raw::default();
            view.range(&[0], &[u8::MAX; 64]).try_for_each(|pair| pair.map(|pair| raw.count(&[pair])))?;
            Ok(raw)
        })
        .await
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    async fn close(&self) -> Result<(), StoreError> {
        Ok(())
    }
}
