//! A store out of a dump.
//!
//! The dump is read into a folder beside the store; only when its end was reached and its checksum is right does the folder
//! take the store's place. So a dump that is damaged changes nothing, and neither does a crash in the middle.

use std::fs::{File, TryLockError};
use std::io::BufRead;
use std::path::Path;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::filling::Filling;
use super::home::{Home, Room};
use super::place::Place;
use super::renewal::Bounds;
use super::writer::Pauses;
use super::{Shared, Sled, SledOptions, blocking, failed};
use crate::domain::hold::Hold;
use crate::domain::operator::Operator;
use crate::domain::reason::HoldReason;
use crate::domain::scope::Scope;
use crate::domain::seal::SECRET_BYTES;
use crate::store::dump::{About, DumpError, DumpReader, Record};
use crate::store::keys::{self, kind};
use crate::store::sizes::Raw;
use crate::store::view::{Changes, Pair};
use crate::store::walk::Part;
use crate::store::{Store, StoreError, migrate};

/// Records taken over at a time.
const PART: usize = 2_000;

/// Why nothing was restored.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The dump cannot be used.
    #[error("the dump cannot be used")]
    Dump(#[from] DumpError),
    /// There is something in the store.
    #[error("there is something in the store already; --force puts the dump in its place")]
    NotEmpty,
    /// The store cannot be written.
    #[error("the store cannot be written")]
    Store(#[from] StoreError),
}

/// What was restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// What the dump said about itself.
    pub about: About,
    /// What there is now.
    pub raw: Raw,
}

/// Puts the store of a dump in the place that the options name, everything in it held. What is there must be empty, unless
/// it is to be replaced.
pub async fn restore<R: BufRead + Send + 'static>(
    options: SledOptions,
    replace: bool,
    dump: R,
    now: DateTime<Utc>,
) -> Result<Restored, RestoreError> {
    let SledOptions { path, cache_bytes } = options;
    let entered = tokio::task::spawn_blocking(move || enter(&path, cache_bytes, replace));
    let home = Arc::new(entered.await.map_err(failed)??);
    let filled = tokio::task::spawn_blocking(move || {
        let filled = home.make_room().map_err(RestoreError::from).and_then(|room| fill(room, cache_bytes, dump));
        // The place of a store that there is none of is not to look like one.
        filled.inspect_err(|_| home.leave_no_empty_store())
    });
    let (restored, room) = filled.await.map_err(failed)??;
    let place = Place::elsewhere(room.folder(), cache_bytes);
    let sled = blocking(move || Sled::start(place, Pauses::USUAL, Bounds::USUAL)).await?;
    // The secret is in the dump; what is given here is for stores that have none.
    let store = Shared::open(sled, [0; SECRET_BYTES]).await?;
    let held = hold_everything(&store, now).await;
    store.close().await.and(held)?;
    blocking(move || room.move_in()).await?;
    Ok(restored)
}

/// Takes possession of the place, if what is there may be replaced.
fn enter(path: &Path, cache_bytes: u64, replace: bool) -> Result<Home, RestoreError> {
    let home = Home::enter(path)?;
    // A canvass from before there was a lock beside the store has one inside.
    if let Ok(log) = File::open(path.join("db")) {
        match log.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(StoreError::InUse { path: path.to_owned() }.into()),
            Ok(()) | Err(TryLockError::Error(_)) => (),
        }
        drop(log);
        if !replace && !is_empty(path, cache_bytes)? {
            return Err(RestoreError::NotEmpty);
        }
    }
    Ok(home)
}

/// Whether nothing is in the store that came from anybody: only what a start writes by itself.
fn is_empty(path: &Path, cache_bytes: u64) -> Result<bool, StoreError> {
    let opened = Place::elsewhere(path, cache_bytes).open()?;
    let own = [kind::META, kind::SURVEY, kind::FIRE];
    let foreign =
        opened.db.iter().keys().find(|key| key.as_ref().map_or(true, |key| !own.contains(key.first().unwrap_or(&0))));
    let is_empty = foreign.transpose().map_err(failed)?.is_none();
    opened.close();
    Ok(is_empty)
}

/// Fills a store with a dump, to its end.
fn fill<R: BufRead>(room: Room, cache_bytes: u64, dump: R) -> Result<(Restored, Room), RestoreError> {
    let mut dump = DumpReader::open(dump)?;
    let (found, known) = (dump.about().layout, migrate::known());
    if found > known {
        return Err(StoreError::NewerLayout { found, known }.into());
    }
    let mut filling = Filling::begin(room, cache_bytes)?;
    let (mut pairs, mut has_secret): (Vec<Pair>, bool) = (Vec::new(), false);
    while let Some(Record { key, value }) = dump.record()? {
        has_secret |= key == keys::SECRET;
        // Pairs are put in no order of their own, so one that comes after a later key is for the next round.
        let in_order = pairs.last().is_none_or(|(last, _)| *last < key);
        if pairs.len() == PART || !in_order || value.is_none() {
            filling.take(Part { pairs: std::mem::take(&mut pairs), changes: Changes::new() })?;
        }
        match value {
            Some(value) => pairs.push((key, value)),
            None => filling.change(Changes::from([(key, None)]))?,
        }
    }
    filling.take(Part { pairs, changes: Changes::new() })?;
    if !has_secret {
        return Err(
            DumpError::Damaged { n_records: dump.n_records(), reason: "the secret of the store is not in it" }.into()
        );
    }
    let (raw, room) = filling.finish()?;
    Ok((Restored { about: dump.about().clone(), raw }, room))
}

/// Nothing that a restored store would send leaves before an operator has seen it: by now it may have left elsewhere.
async fn hold_everything(store: &dyn Store, now: DateTime<Utc>) -> Result<(), StoreError> {
    let by = Operator::parse("restore").map_err(|_| StoreError::NotFound { what: "operator of that name" })?;
    let (scope, reason, note) = (Scope::default(), HoldReason::Restored, String::new());
    store.hold(Hold { scope, since: now, reason, note, by }).await.map(drop)
}
