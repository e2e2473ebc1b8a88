//! The reference backend: everything in memory, for tests and rehearsals.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::engine::Engine;
use super::health::Health;
use super::shared::Shared;
use super::sizes::Raw;
use super::view::{Changes, Pairs, Reading, View};
use super::walk::Taps;
use super::{Store, StoreError};

/// Ordered keys in memory.
pub(crate) struct Map(pub(crate) BTreeMap<Vec<u8>, Vec<u8>>);

impl Reading for Map {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.get(key).cloned())
    }

    fn range(&self, from: &[u8], to: &[u8]) -> Pairs<'_> {
        if from >= to {
            return Box::new(std::iter::empty());
        }
        let range = self.0.range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        Box::new(range.map(|(key, value)| Ok((key.clone(), value.clone()))))
    }
}

/// They, until the store is closed.
pub(crate) struct Memory {
    map: Mutex<Option<Map>>,
    taps: Mutex<Taps>,
    health: watch::Sender<Health>,
}

impl Memory {
    /// An engine over these pairs.
    pub(crate) fn of(map: Map) -> Self {
        Self { map: Mutex::new(Some(map)), taps: Mutex::default(), health: watch::Sender::new(Health::Writable) }
    }

    fn with<T>(&self, act: impl FnOnce(&mut Map) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut map = self.map.lock().unwrap_or_else(PoisonError::into_inner);
        act(map.as_mut().ok_or(StoreError::Closed)?)
    }

    fn taps(&self) -> MutexGuard<'_, Taps> {
        self.taps.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine for Memory {
    async fn write<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Health::ReadOnly(reason) = *self.health.borrow() {
            return Err(StoreError::ReadOnly { reason });
        }
        self.with(|map| {
            let mut view = View::of(map);
            let done = unit(&mut view)?;
            let changes: Changes = view.into_changes();
            self.taps().note(&changes);
            for (key, value) in changes {
                match value {
                    Some(value) => drop(map.0.insert(key, value)),
                    None => drop(map.0.remove(&key)),
                }
            }
            Ok(done)
        })
    }

    async fn read<T: Send + 'static>(
        &self,
        look: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with(|map| look(map))
    }

    async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        self.with(|_| Ok(act(&mut self.taps())))
    }

    async fn disk_bytes(&self) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn compact(&self) -> Result<Raw, StoreError> {
        self.with(|map| {
            let mut raw = Raw::default();
            map.0.iter().for_each(|(key, value)| raw.count(&[(key.clone(), value.clone())]));
            Ok(raw)
        })
    }

    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }

    async fn close(&self) -> Result<(), StoreError> {
        self.map.lock().unwrap_or_else(PoisonError::into_inner).take().map(drop).ok_or(StoreError::Closed)
    }
}

/// The same, and what makes it read-only and writable again.
#[cfg(test)]
pub(crate) async fn open_with_switch(
    secret: [u8; crate::domain::seal::SECRET_BYTES],
) -> Result<(Arc<dyn Store>, watch::Sender<Health>), StoreError> {
    let memory = Memory::of(Map(BTreeMap::new()));
    let switch = memory.health.clone();
    Ok((Arc::new(Shared::open(memory, secret).await?), switch))
}

/// An empty store in memory with this secret.
pub async fn open(secret: [u8; crate::domain::seal::SECRET_BYTES]) -> Result<Arc<dyn Store>, StoreError> {
    Ok(Arc::new(Shared::open(Memory::of(Map(BTreeMap::new())), secret).await?))
}
