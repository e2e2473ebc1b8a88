//! The daemon on a virtual clock, over a copy of the store: what would happen, and what another configuration would change.
//!
//! The planner, the gate, the dispatchers and everything else are the daemon's own; only the clock, the channels and the
//! store are stand-ins. The clock goes to what is due next, the channels take everything at once, and the store is a
//! [rehearsal](crate::store::Rehearsal). It is played on a thread of its own that logs nothing: what it does is not
//! happening.

mod stand_in;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::subscriber::NoSubscriber;

use super::core::{Core, Live, LiveError};
use super::steps::{GRAIN, ROUNDS_MAX, Steps};
use crate::clock::{Clock, VirtualClock};
use crate::domain::id::InvitationId;
use crate::entropy::Entropy;
use crate::report::rehearsal::outlook::Outlook;
use crate::store::{Rehearsal, StoreError};
use stand_in::Ledger;

/// The longest stretch that is rehearsed, in days.
pub const DAYS_MAX: u16 = 92;

/// Invitations read at a time when a rehearsal is looked back on.
const PAGE: usize = 500;

/// Why there is no account of a rehearsal.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// Another one is under way.
    #[error("another rehearsal is under way, and one at a time is enough for the daemon; try again when it is over")]
    Busy,
    /// Whoever wanted it is gone.
    #[error("the rehearsal was called off")]
    CalledOff,
    /// The store cannot be rehearsed on.
    #[error("the store cannot be rehearsed on")]
    Store(#[from] StoreError),
    /// The configuration could not be put in force.
    #[error("the configuration cannot be put in force")]
    Live(#[from] LiveError),
    /// The daemon would send at one instant for ever.
    #[error("the rehearsal does not get past {at}: it goes on sending and sending, which is a mistake in canvass")]
    Endless {
        /// Where it stands.
        at: DateTime<Utc>,
    },
    /// The thread that it is played on cannot be had.
    #[error("there is no thread to rehearse on")]
    Thread(#[source] std::io::Error),
}

/// What would happen in the next `n_days` days.
pub async fn plan(core: &Arc<Core>, n_days: u16) -> Result<Outlook, RehearsalError> {
    let core = Arc::clone(core);
    aside(move |stop| async move {
        let _one_at_a_time = core.rehearsals.try_acquire().map_err(|_| RehearsalError::Busy)?;
        let from = core.clock.now();
        let to = from + TimeDelta::days(n_days.min(DAYS_MAX).into());
        let snapshot = core.store.snapshot().await?;
        let ledger = Ledger::default();
        let live = core.live.load().with_stand_ins(&|name, connections| ledger.stand_in(name, connections));
        let rehearsal = snapshot.rehearse(from).await?;
        play(&*rehearsal, live, (from, to), &stop).await?;
        outlook(&*rehearsal, &ledger, (from, to)).await
    })
    .await
}

/// Does something on a thread of its own, without a word in the log, and calls it off when nobody waits for it any more.
async fn aside<T, F>(act: impl FnOnce(CancellationToken) -> F + Send + 'static) -> Result<T, RehearsalError>
where
    T: Send + 'static,
    F: Future<Output = Result<T, RehearsalError>>,
{
    let stop = CancellationToken::new();
    let told = stop.clone();
    let _called_off_with_this = stop.drop_guard();
    let played = tokio::task::spawn_blocking(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(RehearsalError::Thread)?;
        tracing::subscriber::with_default(NoSubscriber::new(), || runtime.block_on(act(told)))
    });
    played.await.map_err(|err| RehearsalError::Thread(std::io::Error::other(err)))?
}

/// Lets everything happen that would between two instants.
async fn play(
    rehearsal: &dyn Rehearsal,
    live: Live,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
    stop: &CancellationToken,
) -> Result<(), RehearsalError> {
    let store = rehearsal.store();
    store.keep_surveys(live.config.surveys.values().cloned().collect()).await?;
    let clock = Arc::new(VirtualClock::at(from));
    let shown: Arc<dyn Clock> = Arc::clone(&clock) as _;
    // The same every time: two rehearsals differ by what is rehearsed, not by chance.
    let core = Arc::new(Core::new(store, live, shown, Arc::new(Entropy::seeded(0))));
    let steps = Steps::of(&core);
    while clock.now() < to {
        if stop.is_cancelled() {
            return Err(RehearsalError::CalledOff);
        }
        let lull = steps.until_nothing_is_due().await?;
        if lull.n_rounds >= ROUNDS_MAX {
            return Err(RehearsalError::Endless { at: clock.now() });
        }
        clock.advance_to(lull.until.unwrap_or(to).max(clock.now() + GRAIN).min(to));
    }
    Ok(())
}

/// Looks back on what was played.
async fn outlook(
    rehearsal: &dyn Rehearsal,
    ledger: &Ledger,
    (from, to): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Outlook, RehearsalError> {
    let mut outlook = Outlook::of(from, to);
    let mut last: Option<InvitationId> = None;
    loop {
        let page = rehearsal.touched(last, PAGE).await?;
        for touched in &page {
            let id = touched.after.id;
            outlook.add(touched.before.as_ref(), &touched.after, |attempt| ledger.takes(id, attempt));
        }
        match page.last() {
            Some(touched) => last = Some(touched.after.id),
            None => return Ok(outlook),
        }
    }
}
