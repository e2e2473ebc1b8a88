//! What every task and every request shares.

mod gateways;
mod rules;
mod stand_ins;

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use arc_swap::ArcSwap;
use tokio::sync::{Notify, Semaphore};

use super::breaker::Breaker;
use super::collector::Collecting;
use super::hooks::Hooks;
use super::metrics::Metrics;
use super::pulse::Pulse;
use crate::channel::Transport;
use crate::channel::email::{Mailbox, SmtpTransport};
use crate::channel::file::FileTransport;
use crate::channel::sms::{Gateway, GatewayTransport};
use crate::clock::Clock;
use crate::config::Config;
use crate::config::settings::{EmailTransport, SmsTransport};
use crate::domain::id::{BranchId, SurveyId};
use crate::domain::invitation::AfterUnknown;
use crate::domain::journey::Channel;
use crate::domain::route::Route;
use crate::domain::survey::{Survey, SurveyVersion};
use crate::entropy::Entropy;
use crate::plan::PlanRules;
use crate::plan::crowd::Crowd;
use crate::render::Templates;
use crate::store::Store;

/// Mails that are claimed and written before a connection is free for them: for each connection, and at least. From the
/// wish for more to the claim on disk takes some milliseconds, in which a connection to a near relay carries ten or twenty.
const AHEAD_OF_EACH: usize = 16;
const MAILS_AHEAD_MIN: usize = 64;
/// The name of the gateway that writes files.
const FILE_GATEWAY: &str = "file";

/// The store, the configuration that is in force, the time and chance.
pub struct Core {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// What operations wrote; a reload swaps it whole.
    pub live: ArcSwap<Live>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub entropy: Arc<Entropy>,
    /// Tells the dispatchers that something may be due.
    pub wake: Wake,
    /// What Prometheus reads.
    pub metrics: Metrics,
    /// What is remembered of the posts of mail providers.
    pub hooks: Hooks,
    /// How the visits to the bounce mailbox go.
    pub collecting: Collecting,
    /// What the daemon did lately.
    pub pulse: Pulse,
    /// What went wrong lately, and how often.
    pub breaker: Breaker,
    /// How many answers came from where, in the last hour.
    pub crowd: Mutex<Crowd>,
    /// Whether the configuration that was read last was refused, so that an older one is in force.
    pub reload_refused: AtomicBool,
    /// Lets one rehearsal be played at a time.
    pub rehearsals: Semaphore,
    /// The environment, which is part of every configuration that is read.
    pub env: BTreeMap<String, String>,
}

impl Core {
    /// Puts the parts together.
    pub fn new(store: Arc<dyn Store>, live: Live, clock: Arc<dyn Clock>, entropy: Arc<Entropy>) -> Self {
        let (metrics, hooks, collecting, pulse, breaker) = Default::default();
        let (live, wake) = (ArcSwap::from_pointee(live), Wake::default());
        let (reload_refused, rehearsals) = (AtomicBool::new(false), Semaphore::new(1));
        let (env, crowd) = (BTreeMap::new(), Mutex::default());
        Self {
            store,
            live,
            clock,
            entropy,
            wake,
            metrics,
            hooks,
            collecting,
            pulse,
            breaker,
            crowd,
            reload_refused,
            rehearsals,
            env,
        }
    }

    /// In this environment.
    #[must_use]
    pub fn in_environment(self, env: &BTreeMap<String, String>) -> Self {
        Self { env: env.clone(), ..self }
    }

    /// Puts another configuration in force, and keeps the content of its surveys.
    pub async fn adopt(&self, live: Live) -> Result<(), crate::store::StoreError> {
        self.store.keep_surveys(live.config.surveys.values().cloned().collect()).await?;
        self.live.store(Arc::new(live));
        self.wake.everybody();
        Ok(())
    }
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Core(…)")
    }
}

/// One bell per dispatcher.
#[derive(Debug, Default)]
pub struct Wake {
    email: Notify,
    sms: Notify,
}

impl Wake {
    /// The bell of a channel's dispatcher.
    pub fn of(&self, channel: Channel) -> &Notify {
        match channel {
            Channel::Email => &self.email,
            Channel::Sms => &self.sms,
        }
    }

    /// Rings the bell of a channel's dispatcher.
    pub fn ring(&self, channel: Channel) {
        self.of(channel).notify_one();
    }

    /// Rings all bells.
    pub fn everybody(&self) {
        for channel in Channel::ALL {
            self.ring(channel);
        }
    }
}

/// A configuration in force: with its templates read and its transports open.
pub struct Live {
    /// What operations wrote.
    pub config: Arc<Config>,
    /// The part of it that planning goes by.
    pub rules: Arc<PlanRules>,
    /// The templates.
    pub templates: Arc<Templates>,
    /// The surveys with their versions, which are hashes of their contents and not to be made anew for every message.
    surveys: BTreeMap<SurveyId, (SurveyVersion, Arc<Survey>)>,
    email: Option<Arc<dyn Transport>>,
    sms: Option<SmsRoutes>,
    mailbox: Option<Arc<Mailbox>>,
}

struct SmsRoutes {
    default: String,
    transports: BTreeMap<String, Arc<dyn Transport>>,
    after_unknown: AfterUnknown,
}

/// Why a configuration cannot be put in force although it is free of problems.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// The templates cannot be used.
    #[error("the templates cannot be used")]
    Templates(#[source] crate::render::RenderError),
    /// Mail cannot leave.
    #[error("the mail transport cannot be set up")]
    Email(#[source] crate::channel::email::SmtpSetupError),
    /// The bounce mailbox cannot be visited.
    #[error("the bounce mailbox cannot be set up")]
    Mailbox(#[source] crate::channel::email::SmtpSetupError),
    /// Text messages cannot leave.
    #[error("the SMS gateway `{name}` cannot be set up")]
    Gateway {
        /// Its name.
        name: String,
        /// Why.
        #[source]
        source: crate::channel::sms::GatewaySetupError,
    },
    /// Messages cannot be written to the outbox.
    #[error("the outbox cannot be written")]
    Outbox(#[source] std::io::Error),
}

impl Live {
    /// Reads templates and opens transports; connects to nothing yet.
    pub fn of(config: Config, clock: &Arc<dyn Clock>) -> Result<Self, LiveError> {
        let (email, sms) = (open_email(&config, clock)?, open_sms(&config, clock)?);
        let settings = config.settings.email.as_ref().and_then(|email| email.bounce_mailbox.as_ref());
        let mailbox = settings.map(Mailbox::open).transpose().map_err(LiveError::Mailbox)?;
        Ok(Self { mailbox: mailbox.map(Arc::new), ..Self::through(config, email, sms)? })
    }

    fn through(config: Config, email: Option<Arc<dyn Transport>>, sms: Option<SmsRoutes>) -> Result<Self, LiveError> {
        let templates = super::check::templates(&config).map_err(LiveError::Templates)?;
        let rules = Arc::new(config.plan_rules());
        let survey = |survey: &Survey| (survey.id.clone(), (survey.version(), Arc::new(survey.clone())));
        let surveys = config.surveys.values().map(survey).collect();
        Ok(Self { config: Arc::new(config), rules, templates: Arc::new(templates), surveys, email, sms, mailbox: None })
    }

    /// The content of a survey, if it is still this version.
    pub fn survey(&self, id: &SurveyId, version: SurveyVersion) -> Option<&Arc<Survey>> {
        self.surveys.get(id).filter(|(current, _)| *current == version).map(|(_, survey)| survey)
    }

    /// The content of a survey today, and its version.
    pub fn survey_today(&self, id: &SurveyId) -> Option<(SurveyVersion, &Arc<Survey>)> {
        self.surveys.get(id).map(|(version, survey)| (*version, survey))
    }

    /// The mailbox that mails come back to.
    pub fn mailbox(&self) -> Option<&Arc<Mailbox>> {
        self.mailbox.as_ref()
    }

    /// Whether there is a gateway that can be asked about text messages.
    pub fn can_ask_about_texts(&self) -> bool {
        let names = self.sms.iter().flat_map(|routes| routes.transports.keys());
        names.filter_map(|name| self.config.gateway(name)).any(Gateway::can_be_asked)
    }

    /// What messages of this channel leave by, for this branch.
    pub fn transport(&self, channel: Channel, branch: Option<&BranchId>) -> Option<&Arc<dyn Transport>> {
        match channel {
            Channel::Email => self.email.as_ref(),
            Channel::Sms => {
                let routes = self.sms.as_ref()?;
                let named = branch.and_then(|id| self.config.branches.get(id)?.sms_gateway.as_ref());
                named.and_then(|name| routes.transports.get(name)).or_else(|| routes.transports.get(&routes.default))
            }
        }
    }

    /// How many messages of a channel may be on their way at once: what its connections carry, and for mail some more that
    /// are written while they wait for a connection, so that none stands idle while the store flushes. After a crash those
    /// too count as unknown, which for mail means the same message once more under the same Message-ID; a text message is
    /// only claimed when it can leave.
    pub fn capacity(&self, channel: Channel) -> usize {
        match channel {
            Channel::Email => self.email.as_ref().map_or(0, |transport| {
                let n = transport.connections();
                n + MAILS_AHEAD_MIN.max(n.saturating_mul(AHEAD_OF_EACH))
            }),
            Channel::Sms => {
                let routes = self.sms.iter().flat_map(|routes| routes.transports.values());
                routes.map(|transport| transport.connections()).sum()
            }
        }
    }

    /// The routes of a channel that have connections of their own, and how many.
    pub fn connections(&self, channel: Channel) -> Vec<(Route, usize)> {
        match channel {
            Channel::Email => vec![(Route::Account, self.capacity(channel))],
            Channel::Sms => {
                let routes = self.sms.iter().flat_map(|routes| &routes.transports);
                routes.map(|(name, transport)| (Route::Gateway(name.clone()), transport.connections())).collect()
            }
        }
    }

    /// What follows when nobody can say whether a message left.
    pub fn after_unknown(&self, channel: Channel) -> AfterUnknown {
        match channel {
            Channel::Email => AfterUnknown::RetryOnce,
            Channel::Sms => self.sms.as_ref().map_or(AfterUnknown::Hold, |routes| routes.after_unknown),
        }
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Live(…)")
    }
}

fn open_email(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<Arc<dyn Transport>>, LiveError> {
    let Some(email) = &config.settings.email else { return Ok(None) };
    Ok(Some(match &email.transport {
        EmailTransport::Smtp(smtp) => {
            let hello_name = email.bounce_domain.as_str();
            let transport = SmtpTransport::open(smtp, hello_name, Arc::clone(clock)).map_err(LiveError::Email)?;
            Arc::new(transport)
        }
        EmailTransport::File => open_outbox(config)?,
    }))
}

fn open_sms(config: &Config, clock: &Arc<dyn Clock>) -> Result<Option<SmsRoutes>, LiveError> {
    let Some(sms) = &config.settings.sms else { return Ok(None) };
    let (default, gateways) = match &sms.transport {
        SmsTransport::Gateways { default, gateways } => (default.clone(), gateways),
        SmsTransport::File => {
            let transports = BTreeMap::from([(FILE_GATEWAY.to_owned(), open_outbox(config)?)]);
            let after_unknown = AfterUnknown::Hold;
            return Ok(Some(SmsRoutes { default: FILE_GATEWAY.to_owned(), transports, after_unknown }));
        }
    };
    let mut transports = BTreeMap::<_, Arc<dyn Transport>>::new();
    for (name, gateway) in gateways {
        let opened = GatewayTransport::open(gateway.clone(), Arc::clone(clock));
        let opened = opened.map_err(|source| LiveError::Gateway { name: name.clone(), source })?;
        transports.insert(name.clone(), Arc::new(opened));
    }
    let all_know_repeats = gateways.values().all(crate::channel::sms::Gateway::is_idempotent);
    let after_unknown = if all_know_repeats { AfterUnknown::RetryOnce } else { AfterUnknown::Hold };
    Ok(Some(SmsRoutes { default, transports, after_unknown }))
}

fn open_outbox(config: &Config) -> Result<Arc<dyn Transport>, LiveError> {
    let folder = config.settings.daemon.state_dir.join("outbox");
    Ok(Arc::new(FileTransport::open(folder).map_err(LiveError::Outbox)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;
    use crate::config::shipped::SHIPPED;
    use crate::domain::text_words::TextWords;

    fn gateway(name: &str) -> Gateway {
        let table =
            "url = 'http://127.0.0.1:1/'\nsuccess = { status = [200] }\nquery = { to = '{to}', text = '{text}' }";
        Gateway::from_table(name, &table.parse().unwrap(), &|_| None).unwrap()
    }

    #[test]
    fn a_branch_that_names_a_gateway_has_it_and_all_others_the_default() {
        let clock: Arc<dyn Clock> = Arc::new(VirtualClock::at("2026-03-01T12:00:00Z".parse().unwrap()));
        let mut config = crate::config::load_from(&SHIPPED, &BTreeMap::new(), clock.now()).unwrap().config;
        let gateways = BTreeMap::from(["main", "other"].map(|name| (name.to_owned(), gateway(name))));
        let give_up_after = chrono::TimeDelta::hours(1);
        let transport = SmsTransport::Gateways { default: "main".to_owned(), gateways };
        config.settings.sms = Some(crate::config::settings::SmsSettings {
            transport,
            give_up_after,
            words: TextWords::default(),
            contact: None,
        });
        config.settings.email = None;
        let [altona, mitte] = ["altona", "mitte"].map(|id| BranchId::parse(id).unwrap());
        config.branches.get_mut(&mitte).unwrap().sms_gateway = Some("other".to_owned());
        let live = Live::of(config, &clock).unwrap();
        let by = |branch| live.transport(Channel::Sms, branch).unwrap().name().to_owned();
        assert_eq!([by(None), by(Some(&altona)), by(Some(&mitte))], ["main", "main", "other"]);
        assert!(live.transport(Channel::Email, None).is_none());
    }
}
