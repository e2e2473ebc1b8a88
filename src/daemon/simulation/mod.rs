//! The whole daemon without sockets: seeded guests, scripted channels, a virtual clock, and a machine that may die at any
//! change.
//!
//! The tasks are the daemon's own, called step by step until nothing is due; then the clock moves to what is due next. So
//! thirty days pass in milliseconds, and a seed that fails fails again.

mod laws;
pub(super) mod script;
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::core::{Core, Live};
use super::planner;
use super::steps::{GRAIN, ROUNDS_MAX, Steps};
use crate::channel::Transport;
use crate::clock::{Clock, VirtualClock};
use crate::config::shipped::SHIPPED;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::{Event, Value};
use crate::domain::id::{BranchId, ContactId, EventId};
use crate::entropy::Entropy;
use crate::store::mortal::{Death, Disk};
use crate::store::{Extent, Refusal, StoreError};
use script::{Ledger, Outage, Scripted};

/// A Monday morning in Berlin.
pub(super) fn start() -> DateTime<Utc> {
    "2026-03-02T09:00:00Z".parse().unwrap()
}

/// What a simulation is made of.
struct Scene {
    seed: u64,
    n_guests: usize,
    n_events: usize,
    outages: Vec<Outage>,
    mishaps: f64,
    /// How often, of the instants at which something happens, somebody says no.
    refusals: f64,
    /// Whether the machine dies now and then.
    is_mortal: bool,
}

/// A running simulation.
struct Simulation {
    scene: Scene,
    clock: Arc<VirtualClock>,
    chance: Arc<Entropy>,
    ledger: Ledger,
    disk: Disk,
    machine: Machine,
    /// Events to come, in order.
    to_come: Vec<(Event, ContactChange)>,
    n_deaths: usize,
    /// When somebody said no.
    refused: BTreeMap<ContactId, DateTime<Utc>>,
}

/// The daemon, from its start to its death.
struct Machine {
    core: Arc<Core>,
    steps: Steps,
}

impl Simulation {
    async fn begin(scene: Scene) -> Self {
        let clock = Arc::new(VirtualClock::at(start()));
        let chance = Arc::new(Entropy::seeded(scene.seed));
        let (ledger, disk) = (Ledger::default(), Disk::empty());
        let to_come = events((scene.n_guests, scene.n_events), &chance);
        let parts = (&scene, &clock, &chance, &ledger);
        let machine = machine(parts, &disk, None).await.unwrap();
        let refused = BTreeMap::new();
        Self { scene, clock, chance, ledger, disk, machine, to_come, n_deaths: 0, refused }
    }

    /// Lives until `end`.
    async fn run(&mut self, end: DateTime<Utc>) {
        self.give_time_to_die();
        self.restart().await;
        while self.clock.now() < end {
            match self.live_until_nothing_is_due().await {
                Ok(next) => self.clock.advance_to(next.unwrap_or(end).max(self.clock.now() + GRAIN).min(end)),
                Err(StoreError::Closed) => {
                    self.n_deaths += 1;
                    self.restart().await;
                }
                Err(err) => panic!("seed {}: {err}", self.scene.seed),
            }
        }
    }

    fn give_time_to_die(&mut self) -> Option<Death> {
        let (at_change, is_kept) = (self.chance.bits() % 150 + 20, self.chance.bits().is_multiple_of(2));
        let at_change = usize::try_from(at_change).unwrap();
        (self.scene.is_mortal && self.n_deaths < 12).then_some(Death { at_change, is_kept })
    }

    /// A new machine on the old disk, which may die while it starts.
    async fn restart(&mut self) {
        loop {
            let death = self.give_time_to_die();
            let parts = (&self.scene, &self.clock, &self.chance, &self.ledger);
            match machine(parts, &self.disk, death).await {
                Ok(machine) => {
                    self.machine = machine;
                    return;
                }
                Err(StoreError::Closed) => self.n_deaths += 1,
                Err(err) => panic!("seed {}: {err}", self.scene.seed),
            }
        }
    }

    /// Everything that is due now happens. Gives when the next thing is due.
    async fn live_until_nothing_is_due(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.take_events().await?;
        let lull = self.machine.steps.until_nothing_is_due().await?;
        assert!(lull.n_rounds < ROUNDS_MAX, "seed {}: it runs in circles at {}", self.scene.seed, self.clock.now());
        self.somebody_says_no().await?;
        let to_come = self.to_come.first().map(|(event, _)| event.at);
        Ok([lull.until, to_come].into_iter().flatten().min())
    }

    /// What has happened by now is told in one go. After a death, what may have been told already is told again.
    async fn take_events(&mut self) -> Result<(), StoreError> {
        let n_due = self.to_come.partition_point(|(event, _)| event.at <= self.clock.now());
        for taken in planner::take_events(&self.machine.core, self.to_come[..n_due].to_vec()).await {
            taken?;
            self.to_come.remove(0);
        }
        Ok(())
    }

    /// Now and then, somebody who got a message wants no more.
    async fn somebody_says_no(&mut self) -> Result<(), StoreError> {
        if self.chance.fraction() >= self.scene.refusals {
            return Ok(());
        }
        let store = &self.machine.core.store;
        let all = store.invitations_after(None, 1_000).await?;
        let asked: Vec<_> = all.iter().filter(|invitation| invitation.delivered()).collect();
        let Some(index) = self.chance.bits().checked_rem(asked.len() as u64) else { return Ok(()) };
        let chosen = asked[usize::try_from(index).unwrap()];
        let now = self.clock.now();
        store
            .refuse(Refusal {
                invitation: chosen.id,
                attempt: 1,
                extent: Extent::Everything,
                source: "survey link".to_owned(),
                now,
            })
            .await?;
        self.refused.entry(chosen.contact.clone()).or_insert(now);
        Ok(())
    }
}

/// A machine on this disk, after its recovery.
async fn machine(
    (scene, clock, chance, ledger): (&Scene, &Arc<VirtualClock>, &Arc<Entropy>, &Ledger),
    disk: &Disk,
    death: Option<Death>,
) -> Result<Machine, StoreError> {
    let scripted = |name: &str, connections| {
        let name = name.to_owned();
        let (clock, chance) = (Arc::clone(clock), Arc::clone(chance));
        let (ledger, outages, mishaps) = (ledger.clone(), scene.outages.clone(), scene.mishaps);
        Arc::new(Scripted { name, connections, clock, chance, ledger, outages, mishaps }) as Arc<dyn Transport>
    };
    let mut config = crate::config::load_from(&SHIPPED, &BTreeMap::new(), clock.now()).unwrap().config;
    let second = BranchId::parse("altona").unwrap();
    config.branches.get_mut(&second).unwrap().sms_gateway = Some("second".to_owned());
    let gateways = BTreeMap::from(["first", "second"].map(|name| (name.to_owned(), scripted(name, 4))));
    let mut live = Live::through_these(config, scripted("smtp", 8), ("first", gateways)).unwrap();
    let mut gate = (*live.rules.gate).clone();
    gate.routes.gateway = "first".to_owned();
    gate.routes.gateway_of = BTreeMap::from([(second, "second".to_owned())]);
    let rules = crate::plan::PlanRules { gate: Arc::new(gate), ..(*live.rules).clone() };
    live.rules = Arc::new(rules);
    let store = disk.start(death).await?;
    store.keep_surveys(live.config.surveys.values().cloned().collect()).await?;
    let shown: Arc<dyn Clock> = Arc::clone(clock) as _;
    let core = Arc::new(Core::new(store, live, shown, Arc::clone(chance)));
    let steps = Steps::of(&core);
    steps.recover().await?;
    Ok(Machine { core, steps })
}

/// Guests who visit, book and order over ten days, some of whom share an address.
pub(super) fn events((n_guests, n_events): (usize, usize), chance: &Entropy) -> Vec<(Event, ContactChange)> {
    const KINDS: [&str; 3] = ["visit.completed", "booking.confirmed", "order.delivered"];
    const WAYS: [&str; 3] = ["quick.example", "slow.example", "other.example"];
    let below = |n: usize| usize::try_from(chance.bits() % n as u64).unwrap();
    let mut events: Vec<_> = (0..n_events)
        .map(|n| {
            let guest = below(n_guests);
            let way = WAYS[guest % WAYS.len()];
            // The last two of ten use one mailbox.
            let mailbox = if guest % 10 == 9 { guest - 1 } else { guest };
            let contact = ContactId::parse(&format!("guest-{guest}")).unwrap();
            let address = format!("guest-{mailbox}@{way}");
            let news = ContactChange {
                email: crate::domain::contact::Email::parse(&address).ok().filter(|_| guest % 7 != 3),
                phone: Some(crate::domain::contact::Phone::trusted(&format!("+4915112{:06}", 100_000 + guest))),
                ..ContactChange::none(contact.clone())
            };
            let event = Event {
                id: EventId::parse(&format!("event-{n}")).unwrap(),
                kind: KINDS[below(KINDS.len())].to_owned(),
                at: start() + TimeDelta::minutes(i64::try_from(below(10 * 24 * 60)).unwrap()),
                contact,
                branch: BranchId::parse(["mitte", "altona", "chiado"][below(3)]).ok(),
                data: BTreeMap::from([("covers".to_owned(), Value::Number(2.0))]),
            };
            (event, news)
        })
        .collect();
    events.sort_by_key(|(event, _)| (event.at, event.id.clone()));
    events
}
