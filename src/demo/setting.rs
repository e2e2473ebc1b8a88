//! The stage of the demo: the daemon's parts, put together with servers that keep what they get.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::net::TcpListener;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::DemoError;
use super::house::House;
use super::people::MOVED_DOMAIN;
use super::play::Play;
use crate::catcher::mailbox::{Inbox, TextMessage};
use crate::catcher::sms;
use crate::catcher::smtp::{Act as MailAct, Catcher, Moment, Script as MailScript};
use crate::channel::email::{SmtpSettings, SmtpTimeouts, Tls};
use crate::channel::sms::Gateway;
use crate::clock::{Clock, WarpClock};
use crate::config::settings::{EmailTransport, Secret, SmsTransport};
use crate::config::shipped::SHIPPED;
use crate::config::{Config, load_from};
use crate::daemon::core::{Core, Live};
use crate::daemon::lifecycle::Lifecycle;
use crate::entropy::Entropy;
use crate::store::Store;

/// Messages that are kept in the inbox.
const MESSAGES_MAX: usize = 5_000;
/// Connections to our own mail server: it answers at once, so a few are enough.
const CONNECTIONS: usize = 8;

/// What a demo is made of.
pub(super) struct Setting {
    pub(super) seed: u64,
    pub(super) n_people: u32,
    /// What links begin with.
    pub(super) url: String,
    pub(super) state_dir: PathBuf,
    pub(super) entropy: Arc<Entropy>,
    pub(super) store: Arc<dyn Store>,
    /// Standing at the beginning of the play.
    pub(super) clock: Arc<WarpClock>,
}

/// Everything on the stage.
pub(super) struct Stage {
    pub(super) core: Arc<Core>,
    pub(super) house: Arc<House>,
    pub(super) inbox: Arc<Inbox>,
    clock: Arc<WarpClock>,
    play: Mutex<Play>,
    /// What the last move of the clock brought about; shown once.
    told: StdMutex<Option<String>>,
    n_visitors: AtomicU64,
    catchers: CancellationToken,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stage(…)")
    }
}

impl Stage {
    /// Puts everything together; nothing has happened yet.
    pub(super) async fn open(setting: Setting, lifecycle: &Lifecycle) -> Result<Self, DemoError> {
        let Setting { seed, n_people, url, state_dir, entropy, store, clock } = setting;
        let clock_for_all: Arc<dyn Clock> = Arc::<WarpClock>::clone(&clock);
        let inbox = Arc::new(Inbox::open(Arc::clone(&clock_for_all), MESSAGES_MAX));
        let catchers = CancellationToken::new();
        let mail = TcpListener::bind("127.0.0.1:0").await?;
        let mail = Catcher::start(mail, Arc::new(Refusing), Arc::clone(&inbox), &lifecycle.tasks, &catchers)?;
        let texts = TcpListener::bind("127.0.0.1:0").await?;
        let gateway = gateway(texts.local_addr()?)?;
        sms::start(texts, sms::router(Arc::new(Refusing), Arc::clone(&inbox)), &lifecycle.tasks, &catchers);

        let mut config = shipped(clock.now())?;
        config.settings.daemon.state_dir = state_dir;
        config.settings.public.url = url;
        if let Some(email) = &mut config.settings.email {
            email.transport = EmailTransport::Smtp(relay(mail.address()));
        }
        if let Some(sms) = &mut config.settings.sms {
            let gateways = BTreeMap::from([("demo".to_owned(), gateway)]);
            sms.transport = SmsTransport::Gateways { default: "demo".to_owned(), gateways };
        }
        let live = Live::of(config, &clock_for_all)?;
        store.keep_surveys(live.config.surveys.values().cloned().collect()).await?;
        let core = Arc::new(Core::new(store, live, clock_for_all, entropy));
        let house = Arc::new(House::open(Arc::clone(&core), n_people, seed).await?);
        let parts = (Arc::clone(&house), Arc::clone(&inbox), Arc::clone(&clock));
        let play = Mutex::new(Play::begin(parts, lifecycle.tasks.clone()).await?);
        let (told, n_visitors) = (StdMutex::default(), AtomicU64::new(0));
        Ok(Self { core, house, inbox, clock, play, told, n_visitors, catchers })
    }

    /// What links begin with.
    pub(super) fn url(&self) -> String {
        self.core.live.load().config.settings.public.url.clone()
    }

    /// How many messages were caught.
    pub(super) fn n_messages(&self) -> u64 {
        *self.inbox.count().borrow()
    }

    /// Moves the clock on to `target`, and lets everything happen that happens until then.
    pub(super) async fn play_until(
        &self,
        target: DateTime<Utc>,
        progress: &(dyn Fn(DateTime<Utc>) + Send + Sync),
    ) -> Result<(), DemoError> {
        let mut play = self.play.lock().await;
        self.clock.stand();
        let played = play.until(target, progress).await;
        self.clock.run();
        played
    }

    /// The same, and remembers what to tell of it.
    pub(super) async fn warp_to(&self, target: DateTime<Utc>) -> Result<(), DemoError> {
        let count = || (self.house.n_events(), self.n_messages(), self.house.n_answers());
        let (events, messages, answers) = count();
        let passed = target - self.clock.now();
        self.play_until(target, &|_| ()).await?;
        let after = count();
        let told = format!(
            "{} passed. Bookings, visits and orders: {}. Messages: {}. Answers: {}.",
            span(passed),
            after.0 - events,
            after.1 - messages,
            after.2 - answers
        );
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = Some(told);
        Ok(())
    }

    /// What the last move of the clock brought about, once.
    pub(super) fn take_told(&self) -> Option<String> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Lets happen what is due by now.
    pub(super) async fn catch_up(&self) -> Result<(), DemoError> {
        let mut play = self.play.lock().await;
        let now = self.clock.now();
        play.until(now, &|_| ()).await
    }

    /// The number of another guest whom whoever looks at the demo plays.
    pub(super) fn next_visitor(&self) -> u64 {
        self.n_visitors.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Waits until nothing is on its way, and stops the catchers.
    pub(super) async fn leave(&self) {
        self.play.lock().await.settled().await;
        self.catchers.cancel();
    }

    /// Lets go of the store.
    pub(super) async fn close(&self) -> Result<(), DemoError> {
        Ok(self.core.store.close().await?)
    }
}

/// `An hour`, `A day`, `3 days`.
fn span(passed: TimeDelta) -> String {
    // While the request was on its way, the clock went on.
    let passed = passed + TimeDelta::minutes(1);
    match (passed.num_days(), passed.num_hours()) {
        (0, 0) => "A moment".to_owned(),
        (0, 1) => "An hour".to_owned(),
        (0, hours) => format!("{hours} hours"),
        (1, _) => "A day".to_owned(),
        (7, _) => "A week".to_owned(),
        (days, _) => format!("{days} days"),
    }
}

fn shipped(now: DateTime<Utc>) -> Result<Config, DemoError> {
    let problem = |problems: Vec<crate::config::Problem>| {
        DemoError::Shipped(problems.first().map(ToString::to_string).unwrap_or_default())
    };
    // Without the environment: a demo looks the same on every machine.
    Ok(load_from(&SHIPPED, &BTreeMap::new(), now).map_err(problem)?.config)
}

fn relay(address: std::net::SocketAddr) -> SmtpSettings {
    let limit = Duration::from_secs(10);
    SmtpSettings {
        host: address.ip().to_string(),
        port: address.port(),
        tls: Tls::None,
        ca_file: None,
        login: None,
        connections: CONNECTIONS,
        messages_per_connection: 10_000,
        per_second: None,
        timeouts: SmtpTimeouts::all(limit),
    }
}

/// Kannel's interface, and one answer more than Kannel has: that there is no such subscriber.
fn gateway(address: std::net::SocketAddr) -> Result<Gateway, DemoError> {
    let table = format!(
        "preset = \"kannel\"\nurl = \"http://{address}/cgi-bin/sendsms\"\nusername = \"demo\"\nfrom = \"SOLE\"\n\
         dead_on = {{ status = [410] }}"
    );
    let table = table.parse::<toml::Table>().map_err(|err| DemoError::Shipped(err.to_string()))?;
    Gateway::from_table("demo", &table, &|name| (name == "password").then(|| Secret::new("demo")))
        .map_err(|problems| DemoError::Shipped(problems.first().map(ToString::to_string).unwrap_or_default()))
}

/// Servers that refuse those who have moved away, as real ones do.
struct Refusing;

impl MailScript for Refusing {
    fn act(&self, moment: Moment<'_>) -> MailAct {
        match moment {
            Moment::Rcpt { to } if to.ends_with(MOVED_DOMAIN) => {
                MailAct::Reply(550, "5.1.1 no such mailbox here".to_owned())
            }
            Moment::Greeting { .. }
            | Moment::Mail { .. }
            | Moment::Rcpt { .. }
            | Moment::Data
            | Moment::Body
            | Moment::Dot { .. } => MailAct::Accept,
        }
    }
}

impl sms::Script for Refusing {
    fn act(&self, message: &TextMessage) -> sms::Act {
        if message.to.ends_with("13") {
            return sms::Act::Reply(410, "no such subscriber any more".to_owned());
        }
        sms::Act::Accept
    }
}
