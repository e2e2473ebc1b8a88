//! Many events in one go: what comes of them is what would come of them one after the other.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::super::rounds::AT_ONCE_MAX;
use super::*;
use crate::domain::event::Value;
use crate::domain::invitation::State;
use crate::domain::journey::Trigger;
use crate::domain::reason::SkipReason;
use crate::plan::Verdict;
use crate::store::Store;
use crate::store::contract::{SHARED_MAX, books};
use crate::store::mortal::{Death, Disk};

const KINDS: [&str; 4] = ["visit.completed", "booking.confirmed", "order.delivered", "seen"];

struct Ticking(VirtualClock);

impl Clock for Ticking {
    fn now(&self) -> DateTime<Utc> {
        self.0.advance_to(self.0.now() + TimeDelta::milliseconds(1));
        self.0.now()
    }
}

/// The shipped configuration, for houses that go by it at one time.
struct Town {
    live: Live,
    clock: Arc<VirtualClock>,
    _folder: TempDir,
}

impl Town {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(VirtualClock::at("2026-03-02T09:00:00Z".parse().unwrap()));
        let mut config = crate::config::load_from(&SHIPPED, &BTreeMap::new(), clock.now()).unwrap().config;
        folder.path().clone_into(&mut config.settings.daemon.state_dir);
        let live = Live::of(config, &(Arc::clone(&clock) as Arc<dyn Clock>)).unwrap();
        Self { live, clock, _folder: folder }
    }

    fn house(&self, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Core {
        let mail = self.live.transport(Channel::Email, None).unwrap();
        let live = self.live.with_stand_ins(&|_, _| Arc::clone(mail));
        Core::new(store, live, clock, Arc::new(Entropy::seeded(1)))
    }

    async fn new_house(&self) -> Core {
        self.house(memory::open([3; 32]).await.unwrap(), Arc::clone(&self.clock) as Arc<dyn Clock>)
    }

    /// A house in which some time passes between two looks at the clock: who was planned for earlier goes first.
    async fn ticking_house(&self) -> Core {
        let clock = Ticking(VirtualClock::at(self.clock.now()));
        self.house(memory::open([3; 32]).await.unwrap(), Arc::new(clock))
    }

    /// What happens to a guest now; with an address, that is news.
    fn event(&self, id: &str, kind: &str, (n, address): (usize, Option<&str>)) -> (Event, ContactChange) {
        let event = Event {
            id: EventId::parse(id).unwrap(),
            kind: kind.to_owned(),
            at: self.clock.now(),
            contact: guest(n),
            branch: None,
            data: BTreeMap::from([("covers".to_owned(), Value::Number(2.0))]),
        };
        let email = address.map(|address| Email::parse(address).unwrap());
        (event, ContactChange { email, ..ContactChange::none(guest(n)) })
    }

    fn visit(&self, id: &str, n: usize, address: &str) -> (Event, ContactChange) {
        self.event(id, KINDS[0], (n, Some(address)))
    }
}

/// Everything in a store.
async fn everything(core: &Core) -> Vec<u8> {
    let (mut dump, mut bytes) = (core.store.begin_dump(core.clock.now()).await.unwrap(), Vec::new());
    while let Some(part) = core.store.next_of_dump(&mut dump).await.unwrap() {
        bytes.extend(part);
    }
    bytes
}

async fn take_all(core: &Core, events: &[(Event, ContactChange)]) -> Vec<RecordedEvent> {
    take_events(core, events.to_vec()).await.into_iter().map(Result::unwrap).collect()
}

/// Takes the events in one house one after the other and in the other in one go, and gives what was decided in both.
async fn decide_both_ways([single, together]: &[Core; 2], events: &[(Event, ContactChange)]) -> Vec<RecordedEvent> {
    let mut decided = Vec::new();
    for (event, news) in events {
        decided.push(take_event(single, event.clone(), news.clone()).await.unwrap());
    }
    assert_eq!(take_all(together, events).await, decided);
    decided
}

/// The same, in houses that are the same afterwards.
async fn take_both_ways(houses: &[Core; 2], events: &[(Event, ContactChange)]) -> Vec<RecordedEvent> {
    let decided = decide_both_ways(houses, events).await;
    let [single, together] = houses;
    assert_eq!(everything(together).await, everything(single).await);
    decided
}

/// Of each event, what its first stage says: asked, or why not.
fn said(decided: &[RecordedEvent]) -> Vec<&'static str> {
    let first = |recorded: &RecordedEvent| match recorded.decisions[0].verdict {
        Verdict::Planned { .. } => "asked",
        Verdict::Skipped { reason } => reason.as_str(),
    };
    decided.iter().map(first).collect()
}

#[tokio::test]
async fn who_comes_thrice_in_one_request_is_asked_as_often_as_one_after_the_other() {
    let town = Town::new();
    let houses = [town.ticking_house().await, town.ticking_house().await];
    let events = ["e-1", "e-2", "e-3"].map(|id| town.visit(id, 1, "one@sole.example"));
    let decided = decide_both_ways(&houses, &events).await;
    assert_eq!(said(&decided), ["asked", "asked", SkipReason::FrequencyCap.as_str()]);
}

#[tokio::test]
async fn who_shares_an_address_in_one_request_is_one_person_and_who_leaves_it_is_not() {
    let town = Town::new();
    let houses = [town.ticking_house().await, town.ticking_house().await];
    let events = [(1, "home"), (2, "HOME"), (3, "home"), (4, "own"), (1, "moved"), (1, "home"), (3, "own")];
    let events: Vec<_> = events
        .iter()
        .enumerate()
        .map(|(n, (who, address))| town.visit(&format!("e-{n}"), *who, &format!("{address}@sole.example")))
        .collect();
    let decided = decide_both_ways(&houses, &events).await;
    let over = SkipReason::FrequencyCap.as_str();
    // The third is over the budget of those at home; in the end at another address, who was not asked yet is.
    assert_eq!(said(&decided), ["asked", "asked", over, "asked", "asked", over, "asked"]);
}

#[tokio::test]
async fn an_event_that_comes_twice_in_one_request_is_decided_once() {
    let town = Town::new();
    let houses = [town.new_house().await, town.new_house().await];
    let [first, second] = ["e-1", "e-2"].map(|id| town.visit(id, 1, "one@sole.example"));
    // The same id about somebody else is the same event.
    let other = town.visit("e-1", 2, "two@sole.example");
    let decided = take_both_ways(&houses, &[first.clone(), second.clone(), first.clone(), other, second]).await;
    assert_eq!([&decided[2], &decided[3], &decided[4]], [&decided[0], &decided[0], &decided[1]]);
    let core = &houses[1];
    assert_eq!(core.store.contact(&guest(1)).await.unwrap().unwrap().revision, 2);
    assert_eq!(core.store.contact(&guest(2)).await.unwrap(), None);
}

#[tokio::test]
async fn a_crowd_under_one_address_is_taken_as_one_after_the_other() {
    let town = Town::new();
    let houses = [town.ticking_house().await, town.ticking_house().await];
    let events: Vec<_> = (0..40).map(|n| town.visit(&format!("e-{n}"), n, "till@sole.example")).collect();
    let said = said(&decide_both_ways(&houses, &events).await);
    // Two as one person; and those who came when it was nobody's address any more.
    assert!(said[..SHARED_MAX].iter().enumerate().all(|(n, said)| (n < 2) == (*said == "asked")), "{said:?}");
    assert!(said[SHARED_MAX + 1..].iter().all(|said| *said == "asked"), "{said:?}");
}

/// Something that happens to a guest: which, under which address if that is news, and what. `again` is told before.
#[derive(Clone, Debug)]
struct Told {
    who: usize,
    address: Option<usize>,
    kind: usize,
    again: bool,
}

fn told() -> impl Strategy<Value = Told> {
    let (address, again) = (prop::option::weighted(0.6, 0..16_usize), prop::bool::weighted(0.1));
    (0..24_usize, address, 0..KINDS.len(), again).prop_map(|(who, address, kind, again)| Told {
        who,
        address,
        kind,
        again,
    })
}

#[test]
fn whatever_is_told_in_one_go_comes_to_what_it_comes_to_one_after_the_other() {
    let config = Config { cases: 32, failure_persistence: None, ..Config::default() };
    let town = Town::new();
    let requests = prop::collection::vec(prop::collection::vec(told(), 1..40), 1..4);
    let lived = TestRunner::new(config).run(&requests, |requests| {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let houses = [town.new_house().await, town.new_house().await];
            let mut n_events = 0;
            for request in requests {
                let mut events = Vec::new();
                for Told { who, address, kind, again } in request {
                    n_events += usize::from(!again);
                    let address = address.map(|address| format!("box-{address}@sole.example"));
                    let id = format!("e-{}", if again { n_events / 2 } else { n_events });
                    events.push(town.event(&id, KINDS[kind], (who, address.as_deref())));
                }
                take_both_ways(&houses, &events).await;
                town.clock.advance_to(town.clock.now() + TimeDelta::days(7));
            }
            books::check(&*houses[1].store).await;
        });
        Ok(())
    });
    assert!(lived.is_ok(), "{lived:?}");
}

#[tokio::test]
async fn those_who_have_nothing_to_do_with_each_other_are_stored_as_one_change() {
    let town = Town::new();
    let n_of_start = (1..).map(|at_change| Death { at_change, is_kept: false });
    let mut n_to_open = 0;
    for death in n_of_start {
        if Disk::empty().start(Some(death)).await.is_ok() {
            break;
        }
        n_to_open = death.at_change;
    }
    let events: Vec<_> =
        (0..=AT_ONCE_MAX).map(|n| town.visit(&format!("e-{n}"), n, &format!("{n}@sole.example"))).collect();
    // The machine lives through one change, and dies at the second.
    let death = Death { at_change: n_to_open + 2, is_kept: false };
    let core = town.house(Disk::empty().start(Some(death)).await.unwrap(), Arc::clone(&town.clock) as Arc<dyn Clock>);
    let taken = take_events(&core, events).await;
    let n_taken = taken.iter().take_while(|taken| taken.is_ok()).count();
    assert_eq!((taken.len(), n_taken), (AT_ONCE_MAX + 1, AT_ONCE_MAX));
    assert!(matches!(taken.last(), Some(Err(StoreError::Closed))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn racing_requests_about_the_same_people_record_each_event_once_and_lose_none() {
    const N_REQUESTS: usize = 4;
    const N_EVENTS: usize = 30;
    const N_GUESTS: usize = 3;
    let town = Town::new();
    let core = Arc::new(town.new_house().await);
    let mut racing = JoinSet::new();
    for request in 0..N_REQUESTS {
        // Two requests each tell the same.
        let event = |n| town.visit(&format!("e-{}-{n}", request / 2), n % N_GUESTS, "home@sole.example");
        let (core, events) = (Arc::clone(&core), (0..N_EVENTS).map(event).collect::<Vec<_>>());
        racing.spawn(async move { take_all(&core, &events).await });
    }
    let mut decided: Vec<_> = racing.join_all().await.concat();
    decided.sort_by(|a, b| a.event.id.cmp(&b.event.id));
    assert!(decided.chunks(2).all(|pair| pair[0] == pair[1]));
    decided.dedup();
    assert_eq!(decided.len(), N_REQUESTS / 2 * N_EVENTS);
    for n in 0..N_GUESTS {
        let contact = core.store.contact(&guest(n)).await.unwrap().unwrap();
        assert_eq!(contact.revision, (N_REQUESTS / 2 * N_EVENTS / N_GUESTS) as u64);
    }
    books::check(&*core.store).await;
}

/// Guests who were seen, more of them than are planned for at once. The last two of ten have one mailbox.
const N_SEEN: usize = 2 * AT_ONCE_MAX + 30;

fn mailbox(n: usize) -> usize {
    if n % 10 == 9 { n - 1 } else { n }
}

/// A house in which they were seen, and a clock that calls all of them up now.
async fn called_up(town: &Town) -> (Arc<Core>, StageRules, CronTrigger, Fire) {
    let core = Arc::new(town.new_house().await);
    let seen = |n| town.event(&format!("seen-{n}"), "seen", (n, Some(&format!("{}@sole.example", mailbox(n)))));
    take_all(&core, &(0..N_SEEN).map(seen).collect::<Vec<_>>()).await;
    let rules = Arc::clone(&core.live.load_full().rules);
    let mut clocks = rules.stages.iter().filter_map(|stage| match &stage.push.trigger {
        Trigger::Cron(clock) => Some((stage.clone(), CronTrigger { spread: None, ..clock.clone() })),
        Trigger::Event { .. } => None,
    });
    let (stage, clock) = clocks.next_back().unwrap();
    (core, stage, clock, Fire { nominal: "today".to_owned(), at: town.clock.now() })
}

#[tokio::test]
async fn of_those_who_share_an_address_a_fire_that_plans_for_many_at_once_sees_who_was_planned_for_before() {
    let town = Town::new();
    let (core, stage, clock, fire) = called_up(&town).await;
    assert_eq!(take_fire(&core, &stage, &clock, (&fire, fire.at)).await.unwrap(), N_SEEN as u64);
    assert_eq!(take_fire(&core, &stage, &clock, (&fire, fire.at)).await.unwrap(), 0);
    let mut invitations = Vec::new();
    for n in 0..N_SEEN {
        invitations.extend(core.store.invitations_of(&guest(n)).await.unwrap());
    }
    assert_eq!(invitations.len(), N_SEEN);
    let is_asked = |known: &Invitation| matches!(known.state, State::Waiting { due_at, .. } if due_at == fire.at);
    for (n, known) in invitations.iter().enumerate() {
        // Of two that are due at once the lesser id goes first; the one planned for later is asked if that is it.
        let is_second = mailbox(n) < n && invitations[n - 1].id < known.id;
        assert_eq!(is_asked(known), !is_second, "{n}");
    }
    assert!(!invitations.iter().all(is_asked));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fire_that_is_worked_through_twice_at_once_plans_nobody_twice() {
    let town = Town::new();
    let (core, stage, clock, fire) = called_up(&town).await;
    let mut racing = JoinSet::new();
    for _ in 0..2 {
        let (core, stage, clock, fire) = (Arc::clone(&core), stage.clone(), clock.clone(), fire.clone());
        racing.spawn(async move { take_fire(&core, &stage, &clock, (&fire, fire.at)).await.unwrap() });
    }
    assert_eq!(racing.join_all().await.iter().sum::<u64>(), N_SEEN as u64);
    for n in 0..N_SEEN {
        assert_eq!(core.store.invitations_of(&guest(n)).await.unwrap().len(), 1);
    }
    books::check(&*core.store).await;
}
