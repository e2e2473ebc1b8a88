//! Sends what is due: lease → compose → send → record.
//!
//! It never claims more than it can send now, so nothing waits under a lease, and it sends only what it has claimed. Each
//! message is carried by a task of its own; the intent is on disk before the first byte leaves (the lease). A permit is free
//! again as soon as the channel has answered; outcomes are recorded together ([`super::recorder`]), and while too many of
//! them wait for the disk nothing more is claimed. Which messages may leave, and how fast by which route, is decided inside
//! the unit of work that grants the lease; what is under way on each route is counted here.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::breaker;
use super::compose::{self, ComposeError};
use super::core::{Core, Live};
use super::loads::RouteLoads;
use super::recorder::{Recorder, Seen};
use crate::domain::attempt::{Obstacle, Outcome, TextCost};
use crate::domain::invitation::RetryPlan;
use crate::domain::journey::Channel;
use crate::domain::route::Route;
use crate::plan::backoff::{RetryRule, retry_at};
use crate::store::{DayGrant, GiveBack, Lease, LeaseRequest, Leased, Settlement, StoreError};

/// How long a lease lasts: longer than all time limits of a mail conversation together.
pub const LEASE: TimeDelta = TimeDelta::minutes(40);
/// What is kept back from a lease, so that its holder stops before it ends.
const MARGIN: TimeDelta = TimeDelta::minutes(1);
/// The longest sleep when nothing is due; reloads and events ring the bell.
const IDLE: Duration = Duration::from_secs(30);
/// Outcomes that may be on their way to the store. When it is slow, nothing more is claimed until it has caught up.
const OUTCOMES_MAX: u32 = 1_024;
/// The pause after the store failed.
pub(super) const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// The dispatcher of one channel.
#[derive(Debug)]
pub struct Dispatcher {
    core: Arc<Core>,
    channel: Channel,
    permits: Arc<Semaphore>,
    n_permits: std::sync::atomic::AtomicUsize,
    /// One for each message whose outcome is not recorded yet.
    outcomes: Arc<Semaphore>,
    loads: Arc<RouteLoads>,
    recorder: Arc<Recorder>,
    tasks: TaskTracker,
    /// The lease of a request that was refused, and may have been granted all the same.
    doubtful: Mutex<Option<u64>>,
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Messages that are now on their way.
    pub n_leased: usize,
    /// Due messages that the gate withheld.
    pub n_withheld: usize,
    /// Whether more is due that waits for what is under way.
    pub is_full: bool,
    /// Whether what is due, if it does not stand in the way of others, waits for what is under way.
    pub awaits_an_end: bool,
    /// When the next message may leave, as far as the store can tell.
    pub next_at: Option<DateTime<Utc>>,
}

impl Dispatcher {
    /// The dispatcher of this channel; its messages are carried by tasks of `tasks`.
    pub fn new(core: Arc<Core>, channel: Channel, tasks: TaskTracker) -> Self {
        let n_permits = core.live.load().capacity(channel);
        let permits = Arc::new(Semaphore::new(n_permits));
        let outcomes = Arc::new(Semaphore::new(OUTCOMES_MAX as usize));
        let (loads, doubtful) = (Arc::default(), Mutex::new(None));
        let recorder = Arc::new(Recorder::new(channel, tasks.clone()));
        Self { core, channel, permits, n_permits: n_permits.into(), outcomes, loads, recorder, tasks, doubtful }
    }

    /// Claims as many due messages as can be sent now, and sets off with them.
    pub async fn step(&self) -> Result<Step, StoreError> {
        self.follow_capacity();
        let n_free = self.permits.available_permits().min(self.outcomes.available_permits());
        if n_free == 0 {
            return Ok(Step { is_full: true, ..Step::default() });
        }
        let live = self.core.live.load_full();
        let now = self.core.clock.now();
        self.give_back(&live, now).await?;
        let lease = self.core.entropy.bits();
        let request = LeaseRequest {
            channel: self.channel,
            now,
            n_max: n_free,
            until: now + LEASE,
            lease,
            rules: Arc::clone(&live.rules.gate),
            loads: self.loads.now(&live.connections(self.channel), now),
        };
        let leased = self.core.store.lease_due(request).await.inspect_err(|_| *self.doubtful() = Some(lease))?;
        let (n_leased, n_withheld) = (leased.leases.len(), leased.n_withheld);
        let is_full = leased.n_busy > 0 || n_leased == n_free;
        let Leased { awaits_an_end, next_at, .. } = leased;
        let step = Step { n_leased, n_withheld, is_full, awaits_an_end, next_at };
        if leased.n_unreadable > 0 {
            tracing::error!(
                channel = self.channel.as_str(),
                "{} due messages cannot be read and are left alone for an hour; was the store written by a later canvass?",
                leased.n_unreadable
            );
        }
        // What was passed over may be another channel's turn now.
        for other in Channel::ALL.into_iter().filter(|other| step.n_withheld > 0 && *other != self.channel) {
            self.core.wake.ring(other);
        }
        for lease in leased.leases {
            // There are as many permits as were counted: only this task takes any.
            let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else { break };
            let Ok(outcome) = Arc::clone(&self.outcomes).try_acquire_owned() else { break };
            self.loads.begin(&lease.routes, now);
            let (loads, recorder) = (Arc::clone(&self.loads), Arc::clone(&self.recorder));
            let load = Under { loads, begun: now, permit, outcome, recorder };
            self.tasks.spawn(carry(Arc::clone(&self.core), Arc::clone(&live), lease, load));
        }
        Ok(step)
    }

    fn doubtful(&self) -> std::sync::MutexGuard<'_, Option<u64>> {
        self.doubtful.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back what may have been claimed by a request that was refused: nothing of it was sent, and nobody else can
    /// know that.
    async fn give_back(&self, live: &Live, now: DateTime<Utc>) -> Result<(), StoreError> {
        let Some(lease) = *self.doubtful() else { return Ok(()) };
        let give_up_after = give_up_after(live, self.channel).unwrap_or(TimeDelta::zero());
        let retry = RetryPlan { retry_at: now, give_up_after, after_unknown: live.after_unknown(self.channel) };
        let n = self.core.store.give_back(GiveBack { lease, now, retry }).await?;
        *self.doubtful() = None;
        if n > 0 {
            let channel = self.channel.as_str();
            tracing::info!(channel, n, "{n} messages were claimed when the store could not write; they are due again");
        }
        Ok(())
    }

    /// Waits until nothing is on its way any more and every outcome is recorded, for whoever calls the steps themselves.
    pub async fn settled(&self) {
        // Nobody closes the semaphore, so this only waits.
        drop(self.outcomes.acquire_many(OUTCOMES_MAX).await);
    }

    /// Runs until it is told to stop. What is on its way then is left to its tasks.
    pub async fn run(&self, stop: CancellationToken) {
        self.recorder.keep_pace();
        while !stop.is_cancelled() {
            let woken = self.core.wake.of(self.channel).notified(); // Registered before the query: no bell is missed.
            let pause = match self.step().await {
                Ok(step) if step.is_full => Pause { for_others: true, at_most: self.until(step.next_at) },
                Ok(step) if step.n_leased + step.n_withheld > 0 => continue,
                Ok(step) => Pause { for_others: step.awaits_an_end, at_most: self.until(step.next_at) },
                Err(err) => {
                    if !err.is_read_only() {
                        let channel = self.channel.as_str();
                        tracing::error!(channel, "cannot claim messages: {}", crate::chain::Chain(&err));
                    }
                    Pause { for_others: false, at_most: AFTER_FAILURE }
                }
            };
            tokio::select! {
                () = self.gather(), if pause.for_others => (),
                () = woken => (),
                () = tokio::time::sleep(pause.at_most) => (),
                () = stop.cancelled() => (),
            }
        }
    }

    /// Waits until a message that is under way has come to an end, and a moment longer for others: claiming many messages at
    /// once costs little more than one.
    async fn gather(&self) {
        let n_permits = self.n_permits.load(std::sync::atomic::Ordering::SeqCst);
        let n_free = self.permits.available_permits();
        let n_under_way = n_permits.saturating_sub(n_free);
        let free = |n_ended: usize| self.permits.acquire_many(u32::try_from(n_free + n_ended).unwrap_or(u32::MAX));
        // Nobody closes a semaphore, so these only wait; nor is anything kept of what they get.
        if n_under_way > 0 {
            drop(free(1).await);
            let (share, at_most) = company(self.channel);
            drop(tokio::time::timeout(at_most, free(n_under_way.div_ceil(share))).await);
        }
        drop(self.outcomes.acquire().await);
    }

    fn until(&self, next_at: Option<DateTime<Utc>>) -> Duration {
        next_at.map_or(IDLE, |at| (at - self.core.clock.now()).to_std().unwrap_or_default().min(IDLE))
    }

    /// A reload may allow more or fewer connections.
    fn follow_capacity(&self) {
        use std::sync::atomic::Ordering::SeqCst;
        let wanted = self.core.live.load().capacity(self.channel);
        let known = self.n_permits.swap(wanted, SeqCst);
        if wanted > known {
            self.permits.add_permits(wanted - known);
        } else if wanted < known {
            let n_gone = self.permits.forget_permits(known - wanted);
            // Those that are on their way now go when they come back to this line.
            self.n_permits.fetch_add(known - wanted - n_gone, SeqCst);
        }
    }
}

/// What the dispatcher waits for, beside news.
struct Pause {
    /// Until others have come to an end.
    for_others: bool,
    at_most: Duration,
}

/// What a message that has come to an end waits for before others are claimed: one in so many of those that are under way,
/// at most so long. Mails are claimed ahead of their connections, which have work meanwhile; a text message leaves as soon
/// as it is claimed.
fn company(channel: Channel) -> (usize, Duration) {
    match channel {
        Channel::Email => (2, Duration::from_millis(50)),
        Channel::Sms => (4, Duration::from_millis(2)),
    }
}

/// When a message of this channel is tried again.
pub(super) fn rule(channel: Channel) -> RetryRule {
    match channel {
        Channel::Email => RetryRule::EMAIL,
        Channel::Sms => RetryRule::SMS,
    }
}

/// How long a message of this channel is tried.
pub(super) fn give_up_after(live: &Live, channel: Channel) -> Option<TimeDelta> {
    let settings = &live.config.settings;
    match channel {
        Channel::Email => settings.email.as_ref().map(|email| email.give_up_after),
        Channel::Sms => settings.sms.as_ref().map(|sms| sms.give_up_after),
    }
}

/// The place that a message takes among those that are under way.
struct Under {
    loads: Arc<RouteLoads>,
    begun: DateTime<Utc>,
    permit: OwnedSemaphorePermit,
    outcome: OwnedSemaphorePermit,
    recorder: Arc<Recorder>,
}

/// Carries one message from its lease to its record.
async fn carry(core: Arc<Core>, live: Arc<Live>, lease: Lease, load: Under) {
    let Some(attempt) = lease.invitation.attempts.last() else { return };
    let (channel, n_tries, number) = (attempt.channel, attempt.n_tries, attempt.number);
    let begun = Instant::now();
    let (outcome, cost) = send(&core, &live, &lease, channel).await;
    core.metrics.sent(channel, &outcome, begun.elapsed());
    let id = lease.invitation.id;
    let outcome_name = outcome.as_str();
    tracing::info!(invitation.id = %id, attempt = number, channel = channel.as_str(), outcome = outcome_name,
        "attempt {number} of {id} by {}: {outcome_name}", channel.as_str());
    let now = core.clock.now();
    core.pulse.note(channel, &lease.routes, &outcome, now);
    breaker::settled(&core, &lease.invitation, channel, &outcome).await;
    let observed = load.loads.end(&lease.routes, (load.begun, now), live.capacity(channel));
    let retry = retry_plan(&core, &live, (channel, n_tries), &outcome, now);
    let settlement = Settlement::of(lease, &live.rules.gate, observed, (outcome, retry), now).costing(cost);
    if let (Some(cost), Some(Route::Gateway(name))) = (settlement.cost, settlement.routes.first()) {
        core.metrics.paid(name, cost);
    }
    let is_first = load.recorder.hand_in(Seen { settlement, place: load.outcome });
    // The next message may be claimed while this outcome is being written: both share the flush.
    drop(load.permit);
    if is_first {
        load.recorder.work_off(&core).await;
    }
}

/// Tries to send a message. Gives what it costs, if it left.
async fn send(core: &Core, live: &Live, lease: &Lease, channel: Channel) -> (Outcome, Option<TextCost>) {
    let not_now = |reply: String, obstacle| (Outcome::Deferred { not_before: None, reply, obstacle }, None);
    let Some(transport) = live.transport(channel, lease.invitation.branch.as_ref()) else {
        return not_now(
            format!("no {} transport is configured", channel.as_str()),
            Obstacle::Route { slow_down: false },
        );
    };
    let message = match compose::compose(core, live, lease).await {
        Ok(message) => message,
        Err(err @ ComposeError::TooLong { .. }) => {
            return (Outcome::Refused { reply: err.to_string(), address_dead: false }, None);
        }
        Err(err) => {
            tracing::error!(invitation.id = %lease.invitation.id, "cannot write the message for {}: {}",
                lease.invitation.id, crate::chain::Chain(&err));
            return not_now("the message could not be written; see the log".to_owned(), Obstacle::Recipient);
        }
    };
    let cost = compose::cost(live, transport.name(), &message);
    if let (Some(cost), Some(DayGrant { grant, .. })) = (cost, lease.grant)
        && cost.n_segments > grant.n_segments
    {
        let reply = format!("it takes {}, and the day's limit leaves {}", cost.n_segments, grant.n_segments);
        return not_now(reply, Obstacle::DayLimit { n_segments: cost.n_segments });
    }
    let left = (lease.until - MARGIN - core.clock.now()).to_std().unwrap_or_default();
    let outcome = match tokio::time::timeout(left, transport.send(&message)).await {
        Ok(outcome) => outcome,
        Err(_) => Outcome::Unknown { reply: format!("{} did not come to an end in time", transport.name()) },
    };
    (outcome, cost)
}

/// Whether the message is due as soon as its route is open again.
fn waits_in_room(outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Deferred {
            obstacle:
                Obstacle::Route { .. } | Obstacle::DayLimit { .. } | Obstacle::Sender | Obstacle::Domain { slow_down: true },
            ..
        } => true,
        Outcome::Deferred { obstacle: Obstacle::Recipient | Obstacle::Domain { slow_down: false }, .. }
        | Outcome::Accepted { .. }
        | Outcome::Refused { .. }
        | Outcome::Unknown { .. } => false,
    }
}

fn retry_plan(
    core: &Core,
    live: &Live,
    (channel, n_tries): (Channel, u16),
    outcome: &Outcome,
    now: DateTime<Utc>,
) -> RetryPlan {
    let not_before = match outcome {
        Outcome::Deferred { not_before, .. } => not_before.and_then(|at| (at - now).to_std().ok()),
        Outcome::Accepted { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. } => None,
    };
    let after_trouble = retry_at(&rule(channel), u32::from(n_tries), now, core.entropy.fraction(), not_before);
    RetryPlan {
        // What is wrong with the route is waited for in the route's room, and over at the first success.
        retry_at: if waits_in_room(outcome) { now } else { after_trouble },
        give_up_after: give_up_after(live, channel).unwrap_or(TimeDelta::zero()),
        after_unknown: live.after_unknown(channel),
    }
}
