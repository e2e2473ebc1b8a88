//! A house that lives on a virtual clock: the shipped configuration, guests who came and went, and channels that write
//! down what they are handed.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use crate::channel::Transport;
use crate::clock::{Clock, VirtualClock};
use crate::config::shipped::SHIPPED;
use crate::config::{Config, Files, InMemory, load_from};
use crate::daemon::core::{Core, Live};
use crate::daemon::planner;
use crate::daemon::simulation::script::{Handed, Ledger, Scripted};
use crate::daemon::simulation::{events, start};
use crate::daemon::steps::{GRAIN, Steps};
use crate::domain::id::InvitationId;
use crate::domain::invitation::Invitation;
use crate::entropy::Entropy;
use crate::report::rehearsal::outlook::{Outlook, Takes};
use crate::store::contract::books;
use crate::store::memory;

/// The shipped configuration, with these words for those in its files.
pub(super) fn shipped_but(words: &[(&str, &str, &str)]) -> Config {
    let mut files: Vec<(String, String)> = Vec::new();
    for folder in ["", "surveys", "journeys"] {
        for name in SHIPPED.list(folder).unwrap() {
            let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            if let Ok(bytes) = SHIPPED.read(&path) {
                files.push((path, String::from_utf8(bytes).unwrap()));
            }
        }
    }
    for (path, old, new) in words {
        let (_, text) = files.iter_mut().find(|(known, _)| known == path).unwrap();
        assert!(text.contains(old), "{path} does not say {old}");
        *text = text.replacen(old, new, 1);
    }
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    load_from(&InMemory { name: "config", files: &files }, &BTreeMap::new(), start()).unwrap().config
}

/// A house.
pub(super) struct House {
    pub(super) core: Arc<Core>,
    clock: Arc<VirtualClock>,
    ledger: Ledger,
    steps: Steps,
}

impl House {
    /// A house with this configuration, to which nobody came yet.
    pub(super) async fn open(config: Config) -> Self {
        let (clock, ledger) = (Arc::new(VirtualClock::at(start())), Ledger::default());
        let store = memory::open([7; 32]).await.unwrap();
        let shown: Arc<dyn Clock> = Arc::clone(&clock) as _;
        let live = live(config, &clock, &ledger);
        store.keep_surveys(live.config.surveys.values().cloned().collect()).await.unwrap();
        let core = Arc::new(Core::new(store, live, shown, Arc::new(Entropy::seeded(3))));
        Self { steps: Steps::of(&core), core, clock, ledger }
    }

    /// A house that was open for five days, the same every time.
    pub(super) async fn after_five_days() -> Self {
        let house = Self::open(shipped_but(&[])).await;
        let end = start() + TimeDelta::days(5);
        for (event, news) in events((150, 500), &Entropy::seeded(5)) {
            if event.at < end {
                house.live_until(event.at).await;
                planner::take_event(&house.core, event, news).await.unwrap();
            }
        }
        house.live_until(end).await;
        house
    }

    /// Puts another configuration in force.
    pub(super) async fn adopt(&self, config: Config) {
        self.core.adopt(live(config, &self.clock, &self.ledger)).await.unwrap();
    }

    /// Lets everything happen that is due before then.
    pub(super) async fn live_until(&self, end: DateTime<Utc>) {
        while self.clock.now() < end {
            let lull = self.steps.until_nothing_is_due().await.unwrap();
            self.clock.advance_to(lull.until.unwrap_or(end).max(self.clock.now() + GRAIN).min(end));
        }
    }

    /// What was handed to a channel since then.
    pub(super) fn handed_since(&self, since: DateTime<Utc>) -> Vec<Handed> {
        self.ledger.all().into_iter().filter(|handed| handed.at >= since).collect()
    }

    /// Every invitation.
    pub(super) async fn invitations(&self) -> BTreeMap<InvitationId, Invitation> {
        let all = books::every_invitation(&*self.core.store).await;
        all.into_iter().map(|invitation| (invitation.id, invitation)).collect()
    }

    /// What happened from the time of these invitations to now.
    pub(super) async fn account(
        &self,
        before: &BTreeMap<InvitationId, Invitation>,
        (from, to): (DateTime<Utc>, DateTime<Utc>),
    ) -> Outlook {
        let handed = self.handed_since(from).into_iter();
        let segments: BTreeMap<_, _> = handed.filter_map(|handed| Some((handed.name, handed.n_segments?))).collect();
        let takes = |id: InvitationId, attempt| {
            let n_segments = *segments.get(&crate::daemon::compose::reference(&id, attempt))?;
            Some(Takes { n_segments, price: None })
        };
        let mut outlook = Outlook::of(from, to);
        for (id, after) in &self.invitations().await {
            outlook.add(before.get(id), after, |attempt| takes(*id, attempt));
        }
        outlook
    }
}

/// A configuration in force, with channels that take everything and write it down.
fn live(config: Config, clock: &Arc<VirtualClock>, ledger: &Ledger) -> Live {
    let scripted = |name: &str, connections| {
        let (clock, ledger, chance) = (Arc::clone(clock), ledger.clone(), Arc::new(Entropy::seeded(1)));
        let outages = Vec::new();
        let name = name.to_owned();
        Arc::new(Scripted { name, connections, clock, chance, ledger, outages, mishaps: 0.0 }) as Arc<dyn Transport>
    };
    Live::of_stand_ins(config, &scripted).unwrap()
}
