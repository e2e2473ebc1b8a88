//! Random histories: whatever happens in whatever order, the books balance, and nobody is asked who must not be.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::{Config, TestRunner};

use super::Opened;
use super::books::{check, every_invitation};
use super::world::{
    World, accepted, contact_id, days, deferred, event, form, guest, hours, noon, refused, settlement, unknown,
};
use crate::domain::answer::Completeness;
use crate::domain::contact::{Consent, Email};
use crate::domain::contact_change::ContactChange;
use crate::domain::id::ContactId;
use crate::domain::invitation::{Found, Invitation, Lane, Stalled, State};
use crate::domain::journey::Channel;
use crate::store::{Extent, Lease, StoreError, Wanted};

const GUESTS: [&str; 3] = ["ada", "bob", "cyd"];
const KINDS: [&str; 3] = ["visit", "delivery", "renewal"];
/// One invitation in so many days.
const BUDGET_DAYS: i64 = 6;

/// Something that happens.
#[derive(Clone, Debug)]
enum Step {
    Pass { hours: i64 },
    Event { guest: usize, kind: usize, again: bool },
    Lease { channel: Channel, n_max: usize },
    Settle { which: Index, outcome: u8 },
    SettleAll { outcome: u8 },
    Expire,
    Close { n_max: usize },
    Answer { which: Index, completeness: Completeness },
    Refuse { which: Index, extent: Extent },
    Move { guest: usize, address: usize },
    Withdraw { guest: usize },
    ByHand { which: Index, wanted: Wanted },
}

fn step() -> impl Strategy<Value = Step> {
    let guest = 0..GUESTS.len();
    let completeness = prop::sample::select(vec![Completeness::Started, Completeness::Partial, Completeness::Complete]);
    prop_oneof![
        4 => (0_i64..60).prop_map(|hours| Step::Pass { hours }),
        6 => (guest.clone(), 0..KINDS.len(), prop::bool::weighted(0.1))
            .prop_map(|(guest, kind, again)| Step::Event { guest, kind, again }),
        6 => (prop::sample::select(Channel::ALL.to_vec()), 0_usize..4)
            .prop_map(|(channel, n_max)| Step::Lease { channel, n_max }),
        6 => (any::<Index>(), 0_u8..6).prop_map(|(which, outcome)| Step::Settle { which, outcome }),
        2 => (0_u8..6).prop_map(|outcome| Step::SettleAll { outcome }),
        2 => Just(Step::Expire),
        2 => (0_usize..4).prop_map(|n_max| Step::Close { n_max }),
        2 => (any::<Index>(), completeness).prop_map(|(which, completeness)| Step::Answer { which, completeness }),
        1 => (any::<Index>(), select(&Extent::ALL[..])).prop_map(|(which, extent)| Step::Refuse { which, extent }),
        1 => (guest.clone(), 0_usize..3).prop_map(|(guest, address)| Step::Move { guest, address }),
        1 => guest.prop_map(|guest| Step::Withdraw { guest }),
        3 => (any::<Index>(), wanted()).prop_map(|(which, wanted)| Step::ByHand { which, wanted }),
    ]
}

fn wanted() -> impl Strategy<Value = Wanted> {
    let settle = |found| Wanted::Settle { attempt: None, found };
    prop_oneof![
        Just(Wanted::SendAgain),
        prop::sample::select(Found::ALL.to_vec()).prop_map(settle),
        prop::sample::select(Stalled::ALL.to_vec()).prop_map(|how| Wanted::AskAgain { how, channel: None }),
    ]
}

/// Lives `n_histories` random histories, each in a new store.
pub(super) fn run<F: Future<Output = Opened>>(n_histories: u32, open: impl Fn() -> F) {
    let config = Config { cases: n_histories, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new(config);
    let histories = prop::collection::vec(step(), 1..60);
    let lived = runner.run(&histories, |steps| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let opened = open().await;
            let mut life = Life::new(World::with_budget(opened.store.clone(), 1, BUDGET_DAYS));
            for (n, step) in steps.iter().enumerate() {
                life.live(step).await;
                if n % 10 == 9 {
                    check(&*opened.store).await;
                }
            }
            check(&*opened.store).await;
            live_to_the_end(&life.world, life.now).await;
            check(&*opened.store).await;
            life.check_manners().await;
        });
        Ok(())
    });
    assert!(lived.is_ok(), "{lived:?}");
}

/// Whatever is still to be done from `now` on is done within two months, and then there is nothing left.
pub(in crate::store) async fn live_to_the_end(world: &World, now: DateTime<Utc>) {
    for day in 0..60 {
        let now = now + days(day);
        world.expire(now).await;
        for channel in Channel::ALL {
            for lease in world.lease(channel, 10, now).await.leases {
                world.settle(&lease, accepted(), now).await.unwrap();
            }
        }
        world.store.close_windows(now, 100).await.unwrap();
    }
    assert_eq!(world.store.queue().await.unwrap(), [0; 4]);
    assert_eq!(world.store.next_due(Lane::Close).await.unwrap(), None);
    for invitation in every_invitation(&*world.store).await {
        assert!(matches!(invitation.state, State::Closed { .. } | State::Skipped { .. }), "{invitation:?}");
    }
}

struct Life {
    world: World,
    now: DateTime<Utc>,
    n_events: usize,
    leases: Vec<Lease>,
    /// Since when a guest wants no mail and no text messages.
    refused_at: BTreeMap<(ContactId, Channel), DateTime<Utc>>,
}

impl Life {
    fn new(world: World) -> Self {
        Self { world, now: noon(), n_events: 0, leases: Vec::new(), refused_at: BTreeMap::new() }
    }

    async fn live(&mut self, step: &Step) {
        match step {
            Step::Pass { hours } => self.now += TimeDelta::hours(*hours),
            Step::Event { guest, kind, again } => self.event(GUESTS[*guest], KINDS[*kind], *again).await,
            Step::Lease { channel, n_max } => self.lease(*channel, *n_max).await,
            Step::Settle { which, outcome } => {
                if !self.leases.is_empty() {
                    let lease = self.leases.swap_remove(which.index(self.leases.len()));
                    self.settle(vec![lease], *outcome).await;
                }
            }
            Step::SettleAll { outcome } => {
                let leases = std::mem::take(&mut self.leases);
                self.settle(leases, *outcome).await;
            }
            Step::Expire => drop(self.world.expire(self.now).await),
            Step::Close { n_max } => {
                let n_closed = self.world.store.close_windows(self.now, *n_max).await.unwrap();
                assert!(*n_max > 0 || n_closed == 0);
            }
            Step::Answer { which, completeness } => self.answer(which, *completeness).await,
            Step::Refuse { which, extent } => self.refuse(which, *extent).await,
            Step::Move { guest, address } => {
                let email = Some(Email::parse(&format!("box-{address}@example.org")).unwrap());
                self.tell(ContactChange { email, ..ContactChange::none(contact_id(GUESTS[*guest])) }).await;
            }
            Step::Withdraw { guest } => {
                let no = Some(Consent::Refused);
                let id = contact_id(GUESTS[*guest]);
                for channel in Channel::ALL {
                    self.refused_at.entry((id.clone(), channel)).or_insert(self.now);
                }
                self.tell(ContactChange { consent_email: no, consent_sms: no, ..ContactChange::none(id) }).await;
            }
            Step::ByHand { which, wanted } => {
                let all = every_invitation(&*self.world.store).await;
                if !all.is_empty() {
                    // What is left out is left as it was, which the books show.
                    drop(self.world.intervene(all[which.index(all.len())].id, *wanted, self.now).await);
                }
            }
        }
    }

    async fn tell(&self, news: ContactChange) {
        self.world.store.put_contacts(vec![news], false).await.unwrap();
    }

    async fn event(&mut self, who: &str, kind: &str, again: bool) {
        if !again {
            self.n_events += 1;
        }
        let event = event(kind, &contact_id(who), &format!("e-{}", self.n_events), self.now);
        let known = self.world.store.contact(&event.contact).await.unwrap();
        let who = if known.is_some() { ContactChange::none(event.contact.clone()) } else { guest(who) };
        let plan = self.world.plan(who, &event, self.now).await;
        let before = self.world.store.event(&event.id).await.unwrap();
        assert_eq!(self.world.apply(plan).await.unwrap(), before);
    }

    async fn lease(&mut self, channel: Channel, n_max: usize) {
        let leased = self.world.lease(channel, n_max, self.now).await;
        assert!(leased.leases.len() <= n_max);
        self.leases.extend(leased.leases);
    }

    /// Of each of them this comes, and it is recorded together.
    async fn settle(&self, leases: Vec<Lease>, outcome: u8) {
        let outcome = match outcome {
            0 => refused(true),
            1 => refused(false),
            2 => deferred(),
            3 => unknown(),
            _ => accepted(),
        };
        let (mut settlements, mut are_held) = (Vec::new(), Vec::new());
        for lease in &leases {
            let before = self.world.invitation(lease.invitation.id).await;
            are_held.push(matches!(before.state, State::Sending { lease: holder, .. } if holder == lease.lease));
            settlements.push(settlement(&self.world.rules, lease, outcome.clone(), self.now));
        }
        let settled = self.world.store.settle(settlements.into()).await.unwrap();
        assert_eq!(settled.len(), leases.len());
        for (settled, is_held) in settled.into_iter().zip(are_held) {
            match settled {
                Ok(_) => assert!(is_held),
                Err(StoreError::LeaseLost) => assert!(!is_held),
                Err(other) => panic!("{other}"),
            }
        }
    }

    /// One of those that were written to.
    async fn one_asked(&self, which: &Index) -> Option<Invitation> {
        let mut all = every_invitation(&*self.world.store).await;
        all.retain(|invitation| !invitation.attempts.is_empty());
        (!all.is_empty()).then(|| all.swap_remove(which.index(all.len())))
    }

    async fn answer(&self, which: &Index, completeness: Completeness) {
        let Some(asked) = self.one_asked(which).await else { return };
        let attempt = asked.attempts.last().unwrap().number;
        let reading = form((completeness > Completeness::Started).then_some(3), completeness);
        let recorded = World::answer(asked.id, attempt, reading, self.now);
        let recorded = self.world.store.answer_invitation(recorded).await.unwrap();
        assert_eq!(recorded.amended, asked.answer.is_some());
    }

    async fn refuse(&mut self, which: &Index, extent: Extent) {
        let Some(asked) = self.one_asked(which).await else { return };
        let refused = match extent {
            Extent::Occasion => Vec::new(),
            Extent::Channel => vec![asked.attempts.first().unwrap().channel],
            Extent::Everything => Channel::ALL.into(),
        };
        for channel in refused {
            self.refused_at.entry((asked.contact.clone(), channel)).or_insert(self.now);
        }
        self.world.refuse(asked.id, extent, self.now).await;
    }

    /// Nobody was asked more often than the budget allows, nor after saying no.
    async fn check_manners(&self) {
        for who in GUESTS.map(contact_id) {
            let all = self.world.store.invitations_of(&who).await.unwrap();
            let mut firsts: Vec<_> = all.iter().filter_map(Invitation::first_at).collect();
            firsts.sort_unstable();
            assert!(firsts.windows(2).all(|pair| pair[1] - pair[0] >= hours(BUDGET_DAYS * 24)), "{firsts:?}");
            for attempt in all.iter().flat_map(|invitation| &invitation.attempts) {
                let refused_at = self.refused_at.get(&(who.clone(), attempt.channel));
                assert!(refused_at.is_none_or(|refused_at| attempt.first_tried_at <= *refused_at));
            }
        }
    }
}
