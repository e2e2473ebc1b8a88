//! The play: goes from one thing that happens to the next, and lets the daemon's own steps do what is due.
//!
//! Nobody waits for a clock here: it is moved to when the next thing is due, and everything of the same few minutes is
//! done at once, so that four weeks take seconds and a store that flushes every change has few flushes to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use tokio_util::task::TaskTracker;

use super::DemoError;
use super::house::{Act, House};
use crate::catcher::mailbox::Inbox;
use crate::clock::{Clock, WarpClock};
use crate::daemon::core::Core;
use crate::daemon::dispatcher::Dispatcher;
use crate::daemon::housekeeper::Housekeeper;
use crate::daemon::ticker::Ticker;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;

/// What is due within so many seconds is done together.
const GRAIN_SECONDS: i64 = 300;
/// Rounds of sending at one instant: each sends as many messages as there are connections.
const ROUNDS_MAX: usize = 1_000;

/// The play, and how far it has come.
pub(super) struct Play {
    house: Arc<House>,
    inbox: Arc<Inbox>,
    clock: Arc<WarpClock>,
    dispatchers: [(Channel, Dispatcher); 2],
    ticker: Ticker,
    housekeeper: Housekeeper,
    tasks: TaskTracker,
    agenda: Agenda,
    /// The first day that is not on the agenda yet.
    next_day: NaiveDate,
    next_fire: Option<DateTime<Utc>>,
    /// The last instant at which everything due was done.
    at: DateTime<Utc>,
    n_seen: u64,
}

/// What is going to happen. What happens at the same instant happens in the order in which it was put down.
#[derive(Debug, Default)]
struct Agenda {
    acts: BTreeMap<(DateTime<Utc>, u64), Act>,
    n: u64,
}

impl Agenda {
    fn put(&mut self, at: DateTime<Utc>, act: Act) {
        self.acts.insert((at, self.n), act);
        self.n += 1;
    }

    fn next_at(&self) -> Option<DateTime<Utc>> {
        self.acts.first_key_value().map(|((at, _), _)| *at)
    }

    /// What is due, but of each guest only the first thing.
    fn take_due(&mut self, now: DateTime<Utc>) -> Vec<Act> {
        let mut guests = BTreeSet::new();
        let mut taken = Vec::new();
        for (key, act) in self.acts.range(..=(now, u64::MAX)) {
            if act.guest().is_none_or(|guest| guests.insert(guest.clone())) {
                taken.push(*key);
            }
        }
        taken.into_iter().filter_map(|key| self.acts.remove(&key)).collect()
    }
}

impl Play {
    /// A play that begins at the time that the clock shows.
    pub(super) async fn begin(
        (house, inbox, clock): (Arc<House>, Arc<Inbox>, Arc<WarpClock>),
        tasks: TaskTracker,
    ) -> Result<Self, DemoError> {
        let core: &Arc<Core> = &house.core;
        let dispatchers =
            Channel::ALL.map(|channel| (channel, Dispatcher::new(Arc::clone(core), channel, tasks.clone())));
        let (ticker, housekeeper) = (Ticker::new(Arc::clone(core)), Housekeeper::new(Arc::clone(core)));
        // At its first sight of a clock, the ticker begins to count.
        ticker.step().await?;
        let next_fire = ticker.next_fire().await?;
        let at = clock.now();
        Ok(Self {
            house,
            inbox,
            clock,
            dispatchers,
            ticker,
            housekeeper,
            tasks,
            agenda: Agenda::default(),
            next_day: at.date_naive(),
            next_fire,
            at,
            n_seen: 0,
        })
    }

    /// Plays on to `target`.
    pub(super) async fn until(
        &mut self,
        target: DateTime<Utc>,
        progress: &(dyn Fn(DateTime<Utc>) + Send + Sync),
    ) -> Result<(), DemoError> {
        self.put_days_down(target);
        while let Some(next) = self.next().await?.filter(|next| *next <= target) {
            // What is due although its time was played already has to wait for the next grain: the clock must move on.
            let at =
                if next > self.at { round_up(next).min(target) } else { self.at + TimeDelta::seconds(GRAIN_SECONDS) };
            if at > target {
                break;
            }
            self.clock.advance_to(at);
            self.at = at;
            self.step().await?;
            progress(at);
        }
        self.clock.advance_to(target);
        Ok(())
    }

    /// Waits until nothing is on its way.
    pub(super) async fn settled(&self) {
        for (_, dispatcher) in &self.dispatchers {
            dispatcher.settled().await;
        }
    }

    /// Days are put down well before they begin, wherever in the world that is.
    fn put_days_down(&mut self, target: DateTime<Utc>) {
        let last = target.date_naive() + Days::new(2);
        while self.next_day <= last {
            for (at, act) in self.house.day(self.next_day) {
                if at > self.at {
                    self.agenda.put(at, act);
                }
            }
            self.next_day = self.next_day + Days::new(1);
        }
    }

    /// When the next thing is due.
    async fn next(&self) -> Result<Option<DateTime<Utc>>, DemoError> {
        let mut next = [self.agenda.next_at(), self.next_fire].into_iter().flatten().min();
        for lane in Lane::ALL {
            next = [next, self.house.core.store.next_due(lane).await?].into_iter().flatten().min();
        }
        Ok(next)
    }

    /// Does everything that is due now.
    async fn step(&mut self) -> Result<(), DemoError> {
        loop {
            let acts = self.agenda.take_due(self.at);
            if acts.is_empty() {
                break;
            }
            self.perform(acts).await?;
        }
        if self.next_fire.is_some_and(|at| at <= self.at) {
            self.ticker.step().await?;
            self.next_fire = self.ticker.next_fire().await?;
        }
        self.send().await?;
        if self.is_due(Lane::Close).await? || self.is_due(Lane::Leased).await? {
            self.housekeeper.step().await?;
        }
        self.notice().await
    }

    async fn perform(&self, acts: Vec<Act>) -> Result<(), DemoError> {
        let begin = |act| {
            let house = Arc::clone(&self.house);
            self.tasks.spawn(async move { house.perform(act).await })
        };
        let handles: Vec<_> = acts.into_iter().map(begin).collect();
        for handle in handles {
            handle.await??;
        }
        Ok(())
    }

    async fn send(&self) -> Result<(), DemoError> {
        for (channel, dispatcher) in &self.dispatchers {
            for _ in 0..ROUNDS_MAX {
                if !self.is_due(Lane::Send(*channel)).await? {
                    break;
                }
                dispatcher.step().await?;
                dispatcher.settled().await;
            }
        }
        Ok(())
    }

    async fn is_due(&self, lane: Lane) -> Result<bool, DemoError> {
        Ok(self.house.core.store.next_due(lane).await?.is_some_and(|at| at <= self.at))
    }

    /// Lets guests take notice of what came.
    async fn notice(&mut self) -> Result<(), DemoError> {
        let n_caught = *self.inbox.count().borrow();
        if n_caught == self.n_seen {
            return Ok(());
        }
        for message in self.inbox.messages().iter().filter(|message| message.n > self.n_seen) {
            if let Some((at, act)) = self.house.notice(message).await? {
                self.agenda.put(at, act);
            }
        }
        self.n_seen = n_caught;
        Ok(())
    }
}

/// The end of the grain that an instant is in.
fn round_up(at: DateTime<Utc>) -> DateTime<Utc> {
    let into = at.timestamp().rem_euclid(GRAIN_SECONDS);
    let whole = at.timestamp_subsec_nanos() == 0 && into == 0;
    if whole {
        return at;
    }
    let end = at.timestamp() - into + GRAIN_SECONDS;
    DateTime::from_timestamp(end, 0).unwrap_or(at)
}
