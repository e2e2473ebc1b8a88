//! The store as it was at one instant, and what is played on it.
//!
//! A [`Snapshot`] shows what was there when it was taken, while the store goes on: from then on each unit of work keeps what
//! it is about to replace, for as long as somebody looks. A [`Rehearsal`] is a store like any other over a snapshot, with
//! the same units of work; what it changes stays in memory and goes with it. So what is rehearsed is what would happen, and
//! nothing of it ever does.
//!
//! **Invariant:** nothing here writes to the store below. Both grow to a bound and then refuse, so that a rehearsal never
//! takes the memory that the daemon needs.

mod as_of;
mod base;
mod overlay;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::engine::Engine as _;
use super::shared::Shared;
use super::{Store, StoreError, work};
use crate::domain::id::InvitationId;
use crate::domain::invitation::Invitation;
use crate::domain::seal::Seal;

pub(super) use as_of::{Kept, Snapshots};
pub(super) use base::Base;
use overlay::Overlay;

/// The most that a rehearsal may change, and the most that may change below a snapshot while somebody looks, in MiB each.
pub const MIB_MAX: usize = 256;

/// The store as it was at one instant.
#[async_trait]
pub trait Snapshot: Send + Sync {
    /// Something to play on: the store as it was, in which the messages that were on their way have arrived at `now`. What
    /// one rehearsal changes no other sees.
    async fn rehearse(&self, now: DateTime<Utc>) -> Result<Arc<dyn Rehearsal>, StoreError>;
}

/// A store that is played on.
#[async_trait]
pub trait Rehearsal: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn Store>;
    /// Invitations that were changed by the play, in the order of their ids, after `after`; at most `n_max`.
    async fn touched(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Touched>, StoreError>;
}

/// An invitation before and after the play.
#[derive(Clone, Debug)]
pub struct Touched {
    /// As it was, if it was there.
    pub before: Option<Invitation>,
    /// As the play left it.
    pub after: Invitation,
}

/// The store over `base`, as of the instant at which `kept` began.
pub(super) fn snapshot(base: Arc<dyn Base>, kept: Arc<Kept>, seal: Seal) -> Arc<dyn Snapshot> {
    Arc::new(AsOfThen { base, kept, seal })
}

struct AsOfThen {
    base: Arc<dyn Base>,
    kept: Arc<Kept>,
    seal: Seal,
}

#[async_trait]
impl Snapshot for AsOfThen {
    async fn rehearse(&self, now: DateTime<Utc>) -> Result<Arc<dyn Rehearsal>, StoreError> {
        let overlay = Overlay::over(Arc::clone(&self.base), Arc::clone(&self.kept));
        overlay.write(move |view| work::leases::arrive(view, now)).await?;
        let played = overlay.clone();
        Ok(Arc::new(Play { store: Arc::new(Shared::over(overlay, self.seal.clone())), played }))
    }
}

struct Play {
    store: Arc<Shared<Overlay>>,
    played: Overlay,
}

#[async_trait]
impl Rehearsal for Play {
    fn store(&self) -> Arc<dyn Store> {
        Arc::clone(&self.store) as _
    }

    async fn touched(&self, after: Option<InvitationId>, n_max: usize) -> Result<Vec<Touched>, StoreError> {
        self.played.touched(after, n_max).await
    }
}
