//! The daemon on a virtual clock, over a copy of the store: what would happen, and what another configuration would change.
//!
//! The planner, the gate, the dispatchers and everything else are the daemon's own; only the clock, the channels and the
//! store are stand-ins. The clock goes to what is due next, the channels take everything at once, and the store is a
//! [rehearsal](crate::store::Rehearsal). It is played on a thread of its own that logs nothing: what it does is not
//! happening.

mod stand_in;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;
use tracing::subscriber::NoSubscriber;

use super::check;
use super::core::{Core, Live, LiveError};
use super::steps::{GRAIN, ROUNDS_MAX, Steps};
use crate::clock::{Clock, VirtualClock};
use crate::config::{Config, Problem};
use crate::domain::id::InvitationId;
use crate::domain::operator::Operator;
use crate::entropy::Entropy;
use crate::plan::replan::{Replanned, may_be_replanned};
use crate::report::rehearsal::difference::{Difference, Lived};
use crate::report::rehearsal::outlook::Outlook;
use crate::report::rehearsal::{Account, Against, MigrationCounts};
use crate::store::{Migration, Rehearsal, Store, StoreError, Touched};
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
    /// The configuration that is to be tried has problems.
    #[error("the configuration has {} problems", .0.len())]
    Config(Vec<Problem>),
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

/// Another configuration, to be tried.
#[derive(Clone, Debug)]
pub struct Other {
    /// Where it stands.
    pub folder: String,
    /// What it says.
    pub config: Config,
    /// Whether running invitations move to it, too.
    pub migrate: bool,
}

impl Other {
    /// Reads and checks what stands in a folder, as a reload of the daemon would.
    pub async fn read(core: &Arc<Core>, folder: PathBuf) -> Result<Self, RehearsalError> {
        let core = Arc::clone(core);
        let read = tokio::task::spawn_blocking(move || {
            let loaded = check::whole(&folder, &core.env, core.clock.now()).map_err(RehearsalError::Config)?;
            Ok(Self { folder: folder.display().to_string(), config: loaded.config, migrate: false })
        });
        read.await.map_err(|err| RehearsalError::Thread(std::io::Error::other(err)))?
    }
}

/// What would happen in the next `n_days` days, and what would differ under another configuration.
pub async fn plan(core: &Arc<Core>, n_days: u16, other: Option<Other>) -> Result<Account, RehearsalError> {
    let core = Arc::clone(core);
    aside(move |stop| async move {
        let _one_at_a_time = core.rehearsals.try_acquire().map_err(|_| RehearsalError::Busy)?;
        let from = core.clock.now();
        let span = (from, from + TimeDelta::days(n_days.min(DAYS_MAX).into()));
        let snapshot = core.store.snapshot().await?;
        let ledger = Ledger::default();
        let live = core.live.load_full();
        let live = live.with_stand_ins(&|name, connections| ledger.stand_in(&live.config, (name, connections)));
        let first = Played::of(snapshot.rehearse(from).await?, live, span, (ledger, &stop)).await?;
        let against = match other {
            Some(other) => {
                let ledger = Ledger::default();
                let stand_in = |name: &str, connections| ledger.stand_in(&other.config, (name, connections));
                let live = Live::of_stand_ins(other.config.clone(), &stand_in)?;
                let mut migrated = None;
                let rehearsal = snapshot.rehearse(from).await?;
                if other.migrate {
                    migrated = Some(migrate(&*rehearsal.store(), &live, from).await?);
                }
                let second = Played::of(rehearsal, live, span, (ledger, &stop)).await?;
                let difference = difference(&first, &second).await?;
                Some(Against { folder: other.folder, migrated, outlook: second.outlook().await?, difference })
            }
            None => None,
        };
        Ok(Account { outlook: first.outlook().await?, against })
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

/// A rehearsal that was played to its end.
struct Played {
    rehearsal: Arc<dyn Rehearsal>,
    ledger: Ledger,
    span: (DateTime<Utc>, DateTime<Utc>),
}

impl Played {
    /// Lets everything happen that would between two instants.
    async fn of(
        rehearsal: Arc<dyn Rehearsal>,
        live: Live,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
        (ledger, stop): (Ledger, &CancellationToken),
    ) -> Result<Self, RehearsalError> {
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
        Ok(Self { rehearsal, ledger, span: (from, to) })
    }

    /// Sums up what was played.
    async fn outlook(&self) -> Result<Outlook, StoreError> {
        let mut outlook = Outlook::of(self.span.0, self.span.1);
        let mut touched = AllTouched::of(self);
        while let Some(Touched { before, after }) = touched.next().await? {
            outlook.add(before.as_ref(), &after, |attempt| self.ledger.takes(after.id, attempt));
        }
        Ok(outlook)
    }
}

/// Moves running invitations to this configuration.
async fn migrate(store: &dyn Store, live: &Live, now: DateTime<Utc>) -> Result<MigrationCounts, StoreError> {
    let mut counts = MigrationCounts::default();
    let mut last = None;
    loop {
        let page = store.invitations_after(last, PAGE).await?;
        let Some(end) = page.last() else { return Ok(counts) };
        last = Some(end.id);
        let meant = page.iter().filter(|invitation| may_be_replanned(invitation)).map(|invitation| invitation.id);
        let request = Migration {
            invitations: meant.collect(),
            rules: Arc::clone(&live.rules),
            by: Operator::default(),
            now,
            dry_run: false,
        };
        for migrated in store.migrate_plans(request).await? {
            match migrated.outcome {
                Replanned::Moved(_) => counts.n_moved += 1,
                Replanned::Dropped(..) => counts.n_dropped += 1,
                Replanned::Unchanged | Replanned::Stays(_) => counts.n_left += 1,
            }
        }
    }
}

/// Lays two rehearsals of one snapshot side by side.
async fn difference(first: &Played, second: &Played) -> Result<Difference, StoreError> {
    let mut difference = Difference::default();
    let (mut firsts, mut seconds) = (AllTouched::of(first), AllTouched::of(second));
    loop {
        let (id_first, id_second) = (firsts.peek().await?, seconds.peek().await?);
        let Some(id) = [id_first, id_second].into_iter().flatten().min() else { return Ok(difference.finished()) };
        let of_first = if id_first == Some(id) { firsts.next().await? } else { None };
        let of_second = if id_second == Some(id) { seconds.next().await? } else { None };
        let before = of_first.iter().chain(&of_second).find_map(|touched| touched.before.as_ref());
        // Whom a rehearsal did not touch it leaves as they were.
        let lived = |touched: &Option<Touched>| {
            touched.as_ref().map(|touched| touched.after.clone()).or_else(|| before.cloned())
        };
        let (end_first, end_second) = (lived(&of_first), lived(&of_second));
        difference.add(Lived { before, after: end_first.as_ref() }, Lived { before, after: end_second.as_ref() });
    }
}

/// Every invitation that a rehearsal touched, in the order of their ids, page by page.
struct AllTouched<'a> {
    of: &'a dyn Rehearsal,
    page: VecDeque<Touched>,
    last: Option<InvitationId>,
}

impl<'a> AllTouched<'a> {
    fn of(played: &'a Played) -> Self {
        Self { of: &*played.rehearsal, page: VecDeque::new(), last: None }
    }

    /// Whose turn it is.
    async fn peek(&mut self) -> Result<Option<InvitationId>, StoreError> {
        if self.page.is_empty() {
            self.page = self.of.touched(self.last, PAGE).await?.into();
        }
        Ok(self.page.front().map(|touched| touched.after.id))
    }

    async fn next(&mut self) -> Result<Option<Touched>, StoreError> {
        self.last = self.peek().await?.or(self.last);
        Ok(self.page.pop_front())
    }
}
