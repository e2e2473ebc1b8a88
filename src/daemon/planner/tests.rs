//! The shipped panel of regulars over more than a year, with the daemon's own tasks on a virtual clock.

mod together;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{TimeDelta, Timelike};
use tokio_util::task::TaskTracker;

use super::*;
use crate::clock::{Clock, VirtualClock};
use crate::config::shipped::SHIPPED;
use crate::daemon::core::Live;
use crate::daemon::dispatcher::Dispatcher;
use crate::daemon::ticker::Ticker;
use crate::domain::contact::Email;
use crate::domain::id::EventId;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;
use crate::entropy::Entropy;
use crate::store::memory;

const N_GUESTS: usize = 24;
const N_DAYS: i64 = 380;

fn guest(n: usize) -> ContactId {
    ContactId::parse(&format!("guest-{n}")).unwrap()
}

/// Something happens that no stage listens to: the guest was seen.
async fn see(core: &Core, n: usize, now: DateTime<Utc>) {
    let event = Event {
        id: EventId::parse(&format!("seen-{n}-{}", now.timestamp())).unwrap(),
        kind: "seen".to_owned(),
        at: now,
        contact: guest(n),
        branch: None,
        data: BTreeMap::new(),
    };
    let email = Email::parse(&format!("guest-{n}@sole.example")).ok();
    take_event(core, event, ContactChange { email, ..ContactChange::none(guest(n)) }).await.unwrap();
}

/// Everything that is due up to `until` leaves when it is due.
async fn send_until(core: &Arc<Core>, clock: &VirtualClock, until: DateTime<Utc>) {
    let dispatcher = Dispatcher::new(Arc::clone(core), Channel::Email, TaskTracker::new());
    while let Some(next) = core.store.next_due(Lane::Send(Channel::Email)).await.unwrap().filter(|next| *next < until) {
        clock.advance_to(next);
        dispatcher.step().await.unwrap();
        dispatcher.settled().await;
    }
}

#[tokio::test]
async fn regulars_are_asked_once_in_ninety_days_counted_from_the_last_ask_and_about_as_many_each_week() {
    let folder = tempfile::tempdir().unwrap();
    let begin: DateTime<Utc> = "2026-01-05T06:00:00Z".parse().unwrap();
    let clock = Arc::new(VirtualClock::at(begin));
    let mut config = crate::config::load_from(&SHIPPED, &BTreeMap::new(), begin).unwrap().config;
    folder.path().clone_into(&mut config.settings.daemon.state_dir);
    let shown = Arc::clone(&clock) as Arc<dyn Clock>;
    let live = Live::of(config, &shown).unwrap();
    let store = memory::open([3; 32]).await.unwrap();
    store.keep_surveys(live.config.surveys.values().cloned().collect()).await.unwrap();
    let core = Arc::new(Core::new(store, live, shown, Arc::new(Entropy::seeded(1))));
    let ticker = Ticker::new(Arc::clone(&core));
    for day in 0..N_DAYS {
        let morning = begin + TimeDelta::days(day);
        clock.advance_to(morning);
        for n in (0..N_GUESTS).filter(|_| day % 60 == 0) {
            see(&core, n, morning).await;
        }
        ticker.step().await.unwrap();
        send_until(&core, &clock, morning + TimeDelta::hours(3)).await;
        clock.advance_to(morning + TimeDelta::hours(3));
        // Doing so again calls up nobody twice.
        ticker.step().await.unwrap();
        assert_eq!(ticker.step().await.unwrap(), 0);
        send_until(&core, &clock, morning + TimeDelta::days(1)).await;
    }
    let per = TimeDelta::days(90);
    for n in 0..N_GUESTS {
        let invitations = core.store.invitations_of(&guest(n)).await.unwrap();
        let mut asked: Vec<_> = invitations.iter().filter_map(Invitation::first_at).collect();
        asked.sort_unstable();
        // The first within the first period, and each of the others a period and at most a weekend later.
        assert!(asked[0] <= begin + per + TimeDelta::days(4), "{n}: {asked:?}");
        for pair in asked.windows(2) {
            let between = pair[1] - pair[0];
            assert!(per <= between && between <= per + TimeDelta::days(4), "{n}: {asked:?}");
        }
        assert!((3..=5).contains(&asked.len()), "{n}: {asked:?}");
        assert!(asked.iter().all(|at| (7..18).contains(&at.hour())), "{n}: {asked:?}");
    }
}
