//! The writer: one thread, group commit.
//!
//! At the first write that fails the store turns read-only: nobody is told that their work is done, what is waiting and
//! what comes is refused at once, and the store is opened again, so that it can be read. What of the failed group is on
//! disk is known then, and it is all of it or nothing. If what failed may pass, the writer looks now and then whether there is room
//! again, and goes on when there is.
//!
//! So a unit of work that was refused may have been done. Handing it in again is safe, each for its own reason: an event
//! and a plan are found recorded, or stale; contacts, answers, refusals and clocks come to the same state a second time; a
//! settlement finds its lease gone; windows and leases that ended are found ended. Two leave something behind: a lease
//! that nobody was handed, which the dispatcher gives back, and a visit to a card that is counted and was not seen.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::filling::Filling;
use super::place::{Opened, Place};
use super::renewal::{Bounds, Growth};
use super::slot::{At, Slot};
use super::{Tree, failed, garbage};
use crate::chain::Chain;
use crate::store::StoreError;
use crate::store::health::{Health, ReadOnlyReason};
use crate::store::sizes::Raw;
use crate::store::view::View;
use crate::store::walk::{Taps, Walk};

/// Units of work that may wait; beyond, whoever brings more waits to hand it in.
const WAITING_MAX: usize = 4_096;
/// Units of work in one group: enough to share a flush well, few enough to keep the first of them from waiting long.
const GROUP_MAX: usize = 1_024;

/// Runs a unit in the group's view, or learns that it cannot be run; and tells its owner later, once the group is on disk
/// or has failed.
type Job = Box<dyn FnOnce(Result<&mut View<'_>, StoreError>) -> Tell + Send>;
type Tell = Box<dyn FnOnce(Result<(), StoreError>) + Send>;

enum Order {
    Run(Job),
    Apart(Apart),
}

/// What is done between two groups.
enum Apart {
    Act(Box<dyn FnOnce(&mut Taps) + Send>),
    Replace(Box<Replacement>, oneshot::Sender<Result<Raw, StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

/// A copy of the store that is to take its place.
pub(super) struct Replacement {
    pub(super) filling: Filling,
    /// The walk that it was filled by, which is over; what has changed since was noted for it.
    pub(super) walk: Walk,
}

/// The pauses between two looks whether a store that could not write can write again: the first, doubled each time, and
/// the longest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pauses {
    pub(super) first: Duration,
    pub(super) longest: Duration,
}

impl Pauses {
    /// An operator who has made room sees it taken within a minute.
    pub(super) const USUAL: Self = Self { first: Duration::from_secs(1), longest: Duration::from_mins(1) };
}

/// The handle of the writer thread. The thread ends when it is told to, or when the last handle goes.
pub(super) struct Writer {
    orders: mpsc::Sender<Order>,
    health: watch::Receiver<Health>,
}

impl Writer {
    /// Opens the store and starts the thread.
    pub(super) fn start(place: Place, pauses: Pauses, bounds: Bounds) -> Result<(Self, Arc<Slot>), StoreError> {
        let opened = place.open()?;
        set_reserve_aside(&place);
        let slot = Arc::new(Slot::with(&opened.db));
        let (orders, inbox) = mpsc::channel(WAITING_MAX);
        let (told, health) = watch::channel(Health::Writable);
        let timer = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(failed)?;
        let thread = Thread {
            place,
            opened: Some(opened),
            failed: false,
            growth: Growth::within(bounds),
            inbox,
            slot: Arc::clone(&slot),
            health: told,
            timer,
            pauses,
            taps: Taps::default(),
            next_look: None,
        };
        let builder = std::thread::Builder::new().name("store".to_owned());
        builder.spawn(move || thread.run()).map_err(failed)?;
        Ok((Self { orders, health }, slot))
    }

    /// Whether the store takes changes, and every change of that.
    pub(super) fn health(&self) -> watch::Receiver<Health> {
        self.health.clone()
    }

    /// Runs a unit of work and waits until it is on disk.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        unit: impl FnOnce(&mut View<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        if let Health::ReadOnly(reason) = *self.health.borrow() {
            return Err(StoreError::ReadOnly { reason });
        }
        let (tell, told) = oneshot::channel();
        let job: Job = Box::new(move |view| {
            let done = view.and_then(|view| view.try_unit(unit));
            // Whoever asked may be gone; the work is done all the same.
            Box::new(move |committed| drop(tell.send(done.and_then(|done| committed.map(|()| done)))))
        });
        self.orders.send(Order::Run(job)).await.map_err(|_| StoreError::Closed)?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    /// Does something between two groups.
    pub(super) async fn between<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Taps) -> T + Send + 'static,
    ) -> Result<T, StoreError> {
        let (tell, told) = oneshot::channel();
        self.apart(Apart::Act(Box::new(move |taps| drop(tell.send(act(taps)))))).await?;
        told.await.map_err(|_| StoreError::Closed)
    }

    /// Puts a copy in the place of the store. Gives what was copied.
    pub(super) async fn replace(&self, replacement: Replacement) -> Result<Raw, StoreError> {
        let (tell, told) = oneshot::channel();
        self.apart(Apart::Replace(Box::new(replacement), tell)).await?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    /// Finishes what is waiting, writes out, and ends the thread. After it the folder can be opened again.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (tell, told) = oneshot::channel();
        self.apart(Apart::Close(tell)).await?;
        told.await.map_err(|_| StoreError::Closed)?
    }

    async fn apart(&self, act: Apart) -> Result<(), StoreError> {
        self.orders.send(Order::Apart(act)).await.map_err(|_| StoreError::Closed)
    }
}

struct Thread {
    place: Place,
    /// Gone while the store cannot be opened.
    opened: Option<Opened>,
    /// Whether a write has failed since it was opened.
    failed: bool,
    /// How much its log has grown since then.
    growth: Growth,
    inbox: mpsc::Receiver<Order>,
    taps: Taps,
    slot: Arc<Slot>,
    health: watch::Sender<Health>,
    timer: tokio::runtime::Runtime,
    pauses: Pauses,
    /// When to look again whether the store can write, and the pause after that.
    next_look: Option<(Instant, Duration)>,
}

impl Thread {
    fn run(mut self) {
        while let Some(order) = self.next_order() {
            let mut jobs = Vec::new();
            let mut apart = None;
            let mut next = Some(order);
            while let Some(order) = next {
                match order {
                    Order::Run(job) => jobs.push(job),
                    Order::Apart(act) => apart = Some(act),
                }
                next = if jobs.len() < GROUP_MAX && apart.is_none() { self.inbox.try_recv().ok() } else { None };
            }
            self.work_off(jobs);
            match apart {
                None => (),
                Some(Apart::Act(act)) => act(&mut self.taps),
                Some(Apart::Replace(replacement, tell)) => drop(tell.send(self.replace(*replacement))),
                Some(Apart::Close(tell)) => return self.close(tell),
            }
            if self.growth.calls_for_renewal(Instant::now()) {
                self.renew();
            }
        }
    }

    fn close(mut self, tell: oneshot::Sender<Result<(), StoreError>>) {
        let flushed = if self.refusal().is_some() { Ok(()) } else { self.flush() };
        self.let_go(At::Closed);
        // Its home is free when its owner is told.
        drop(self.place);
        drop(tell.send(flushed));
    }

    /// Puts a copy of the store in its place, with what has changed since it was taken.
    fn replace(&mut self, Replacement { mut filling, walk }: Replacement) -> Result<Raw, StoreError> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        filling.change(self.taps.drain(walk.number()).map_err(failed)?)?;
        let (raw, room) = filling.finish()?;
        self.let_go(At::Away);
        let replaced = room.move_in();
        // Whichever stands there now.
        if let Err(err) = self.open_again() {
            self.turn_read_only(reason_of(&err));
        }
        set_reserve_aside(&self.place);
        replaced.map(|()| raw)
    }

    /// Lets go of the store and opens it again, so that a start after a crash reads little of its log. Where a look-up takes
    /// long it is put off: nobody is to wait for it.
    fn renew(&mut self) {
        if self.refusal().is_some() {
            return;
        }
        if !self.slot.vacate(self.growth.patience()) {
            return self.growth.put_off(Instant::now());
        }
        match self.open_again() {
            Ok(()) => set_reserve_aside(&self.place),
            Err(err) => {
                self.turn_read_only(reason_of(&err));
                // No write has failed, so that it can be relied on as soon as it can be opened.
                self.look_again_soon();
            }
        }
    }

    /// The next order. Until it comes, looks now and then whether a store that could not write can write again, or renews
    /// one that can.
    fn next_order(&mut self) -> Option<Order> {
        loop {
            let renewal = || self.growth.next_renewal(Instant::now());
            let Some(at) = self.next_look.map(|(at, _)| at).or_else(renewal) else { return self.inbox.blocking_recv() };
            let inbox = &mut self.inbox;
            match self.timer.block_on(async { tokio::time::timeout_at(at, inbox.recv()).await }) {
                Ok(order) => return order,
                Err(_) if self.next_look.is_some() => self.look_again(),
                Err(_) => self.renew(),
            }
        }
    }

    fn refusal(&self) -> Option<StoreError> {
        match *self.health.borrow() {
            Health::Writable => None,
            Health::ReadOnly(reason) => Some(StoreError::ReadOnly { reason }),
        }
    }

    fn work_off(&mut self, jobs: Vec<Job>) {
        if jobs.is_empty() {
            return;
        }
        let (committed, replies) = match self.refusal() {
            None => self.commit(jobs),
            Some(refusal) => (Ok(()), jobs.into_iter().map(|job| job(Err(refusal.clone()))).collect()),
        };
        let told = committed.map_err(|reason| {
            self.slot.put(At::Away);
            self.turn_read_only(reason);
            StoreError::ReadOnly { reason }
        });
        let read_only = told.is_err();
        for reply in replies {
            reply(told.clone());
        }
        if read_only {
            self.open_for_reading();
        }
    }

    fn commit(&mut self, jobs: Vec<Job>) -> (Result<(), ReadOnlyReason>, Vec<Tell>) {
        let Some(opened) = &self.opened else { return (Ok(()), Vec::new()) };
        let tree = Tree(&opened.db);
        let mut view = View::of(&tree);
        let replies: Vec<Tell> = jobs.into_iter().map(|job| job(Ok(&mut view))).collect();
        let changes = view.into_changes();
        if changes.is_empty() {
            return (Ok(()), replies);
        }
        self.taps.note(&changes);
        let n_changes = changes.len();
        let mut batch = sled::Batch::default();
        for (key, value) in changes {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        let written = opened.db.apply_batch(batch).map_err(failed).and_then(|()| self.flush());
        garbage::collect_after(n_changes);
        (written.map_err(|err| reason_of(&err)), replies)
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let Some(opened) = &self.opened else { return Err(StoreError::Closed) };
        self.growth.count(opened.db.flush().map_err(failed)?);
        self.place.sync(&opened.log)
    }

    /// Takes nothing in from now on, and says so once.
    fn turn_read_only(&mut self, reason: ReadOnlyReason) {
        tracing::error!("the store turns read-only, because {reason}; nothing that was acknowledged is lost");
        self.next_look = None;
        if reason.may_pass() {
            self.look_again_soon();
        }
        self.failed = true;
        self.taps.spoil();
        self.health.send_replace(Health::ReadOnly(reason));
    }

    fn look_again_soon(&mut self) {
        self.next_look = Some((Instant::now() + self.pauses.first, self.pauses.first * 2));
    }

    /// Opens the store again, so that it reads as it should. Where that cannot be done it stays as it is: most of it can be
    /// read.
    fn open_for_reading(&mut self) {
        self.place.give_up_reserve();
        if self.place.can_be_written() {
            // What went wrong has been said, and will be tried again.
            drop(self.open_again());
        } else if let Some(opened) = &self.opened {
            self.slot.put(At::open(&opened.db));
        }
    }

    /// Goes on if there is room again.
    fn look_again(&mut self) {
        let has_room = self.place.set_reserve_aside().is_ok();
        let is_open = if self.opened.is_none() || (self.failed && has_room) { self.open_again().is_ok() } else { true };
        if has_room && is_open {
            self.next_look = None;
            self.health.send_replace(Health::Writable);
            tracing::info!("the store takes changes again");
            return;
        }
        let pause = self.next_look.map_or(self.pauses.first, |(_, pause)| pause).min(self.pauses.longest);
        self.next_look = Some((Instant::now() + pause, pause * 2));
    }

    fn open_again(&mut self) -> Result<(), StoreError> {
        self.let_go(At::Away);
        let opened = self.place.open().inspect_err(|err| {
            tracing::error!("the store cannot be opened, so it cannot be read either: {}", Chain(err));
            self.slot.put(At::Gone(err.clone()));
        })?;
        self.slot.put(At::open(&opened.db));
        self.opened = Some(opened);
        self.failed = false;
        self.growth.begin_again();
        Ok(())
    }

    /// Lets go of the store, and waits until its folder can be opened again.
    fn let_go(&mut self, at: At) {
        self.slot.put(at);
        if let Some(opened) = self.opened.take() {
            opened.close();
        }
    }
}

fn set_reserve_aside(place: &Place) {
    if let Err(err) = place.set_reserve_aside() {
        tracing::warn!("no room can be set aside for the store: {err}");
    }
}

/// Why a write failed, as far as it can be told.
fn reason_of(err: &StoreError) -> ReadOnlyReason {
    if let StoreError::ReadOnly { reason } = err {
        return *reason;
    }
    let StoreError::Failed { source } = err else { return ReadOnlyReason::DiskFailed };
    let of_sled = match source.downcast_ref::<sled::Error>() {
        Some(sled::Error::Io(err)) => Some(err),
        Some(_) | None => None,
    };
    of_sled.or_else(|| source.downcast_ref()).map_or(ReadOnlyReason::DiskFailed, ReadOnlyReason::of)
}
