//! Records what came of messages.
//!
//! Outcomes come in from as many tasks as there are messages under way. The one that finds nobody at work records its own
//! and, as long as there are any, those that came meanwhile, all of them as one unit of work; the others are done when
//! they have handed theirs in. The first outcome after a rest is recorded at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio_util::task::TaskTracker;

use super::core::Core;
use super::dispatcher::AFTER_FAILURE;
use crate::chain::Chain;
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::journey::Channel;
use crate::store::{Health, Settlement, StoreError};

/// The longest pause after outcomes were recorded, for more to come in: recording each for itself would cost more than
/// sending it. What a crash leaves unknown is what came in meanwhile. A mail of which nobody knows goes out again under the
/// same Message-ID; a text message is held until somebody decides, so its outcome waits hardly at all.
fn pause_max(channel: Channel) -> Duration {
    match channel {
        Channel::Email => Duration::from_millis(25),
        Channel::Sms => Duration::from_millis(2),
    }
}

/// So many that wait are company enough.
const COMPANY: usize = 256;
/// How often an outcome is offered to a store that fails to take it, for another reason than that it is read-only.
const TRIES_MAX: usize = 5;

/// What came of a message.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) settlement: Settlement,
    /// Its place among the outcomes that may wait, which is free when it is recorded.
    pub(super) place: OwnedSemaphorePermit,
}

/// The outcomes of one channel on their way to the store.
#[derive(Debug)]
pub(super) struct Recorder {
    waiting: Mutex<Waiting>,
    /// For outcomes that the store does not take at once.
    tasks: TaskTracker,
    pause_max: Duration,
    keeps_pace: AtomicBool,
    /// Rung when enough outcomes wait.
    company: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    seen: Vec<Seen>,
    /// Whether somebody records.
    is_at_work: bool,
}

impl Recorder {
    pub(super) fn new(channel: Channel, tasks: TaskTracker) -> Self {
        let (waiting, keeps_pace, company) = (Mutex::default(), AtomicBool::new(false), Notify::new());
        Self { waiting, tasks, pause_max: pause_max(channel), keeps_pace, company }
    }

    /// From now on waits for company between two units of work.
    pub(super) fn keep_pace(&self) {
        self.keeps_pace.store(true, Ordering::SeqCst);
    }

    /// Takes an outcome in. Gives whether nobody is at work, so that the caller has to be ([`Self::work_off`]).
    #[must_use = "somebody has to record it"]
    pub(super) fn hand_in(&self, seen: Seen) -> bool {
        let mut waiting = self.waiting();
        waiting.seen.push(seen);
        if waiting.seen.len() == COMPANY {
            self.company.notify_one();
        }
        !std::mem::replace(&mut waiting.is_at_work, true)
    }

    /// Records until nothing waits any more.
    pub(super) async fn work_off(&self, core: &Arc<Core>) {
        while let Some(seen) = self.take() {
            let (settlements, places): (Vec<_>, Vec<_>) =
                seen.into_iter().map(|Seen { settlement, place }| (settlement, place)).unzip();
            let settlements: Arc<[_]> = settlements.into();
            let recorded = record(core, &settlements).await.unwrap_or_default();
            for ((settlement, place), recorded) in settlements.iter().zip(places).zip(recorded) {
                match recorded {
                    Ok(invitation) => {
                        ring(core, &invitation);
                        // What it gave back may let out another.
                        if settlement.grant.is_some() {
                            core.wake.ring(Channel::Sms);
                        }
                    }
                    Err(StoreError::LeaseLost) => (),
                    Err(err) => {
                        let (core, settlement) = (Arc::clone(core), settlement.clone());
                        self.tasks.spawn(async move {
                            insist(&core, settlement, err).await;
                            drop(place);
                        });
                    }
                }
            }
            if self.keeps_pace.load(Ordering::SeqCst) {
                // Whether they came or the time is over is all the same.
                drop(tokio::time::timeout(self.pause_max, self.company.notified()).await);
            }
        }
    }

    fn take(&self) -> Option<Vec<Seen>> {
        let mut waiting = self.waiting();
        waiting.is_at_work = !waiting.seen.is_empty();
        waiting.is_at_work.then(|| std::mem::take(&mut waiting.seen))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Offers outcomes to the store until it takes or refuses them. While it is read-only, the truth is only here, so it is
/// kept; if it is lost all the same, as by a stop, the leases end and the attempts are unknown, which is then the truth.
async fn record(core: &Core, settlements: &Arc<[Settlement]>) -> Option<Vec<Result<Invitation, StoreError>>> {
    let mut health = core.store.health();
    loop {
        match core.store.settle(Arc::clone(settlements)).await {
            Ok(recorded) => return Some(recorded),
            Err(StoreError::Closed) => return None,
            Err(StoreError::ReadOnly { .. }) => {
                // The store is gone when this fails.
                health.wait_for(|health| *health == Health::Writable).await.ok()?;
            }
            Err(err) => return Some(settlements.iter().map(|_| Err(err.clone())).collect()),
        }
    }
}

/// Offers an outcome that the store did not take for a reason of its own some times more.
async fn insist(core: &Core, settlement: Settlement, mut err: StoreError) {
    let (id, alone) = (settlement.invitation, Arc::from([settlement]));
    for n_tries in 1..=TRIES_MAX {
        tracing::error!(invitation.id = %id, "cannot record the outcome of {id} (try {n_tries}): {}", Chain(&err));
        if n_tries == TRIES_MAX {
            break;
        }
        tokio::time::sleep(AFTER_FAILURE).await;
        let recorded = record(core, &alone).await.and_then(|mut recorded| recorded.pop());
        match recorded {
            Some(Ok(invitation)) => return ring(core, &invitation),
            Some(Err(StoreError::LeaseLost)) | None => return,
            Some(Err(again)) => err = again,
        }
    }
}

/// If the message is to be sent again, by whichever channel, its dispatcher may sleep longer than that.
fn ring(core: &Core, invitation: &Invitation) {
    if let Some(Lane::Send(next)) = invitation.due().map(|due| due.lane) {
        core.wake.ring(next);
    }
}
