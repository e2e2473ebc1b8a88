//! What Prometheus reads. No label names a person, an address or a token.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::domain::attempt::Outcome;
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;
use crate::store::Health;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Sent {
    channel: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByChannel {
    channel: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByLane {
    lane: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct BySurvey {
    channel: &'static str,
    survey: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct ByGateway {
    gateway: String,
}

/// The figures of this process.
pub struct Metrics {
    registry: Registry,
    sent: Family<Sent, Counter>,
    duration: Family<ByChannel, Histogram, fn() -> Histogram>,
    queue: Family<ByLane, Gauge>,
    responses: Family<BySurvey, Counter>,
    reports: Family<ByGateway, Counter>,
    reload_ok: Gauge,
    reload_at: Gauge,
    store_writable: Gauge,
}

impl Metrics {
    /// All figures at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("canvass");
        let sent = Family::default();
        registry.register("invitations", "Messages handed to a channel, by outcome", sent.clone());
        let duration = Family::new_with_constructor(durations as fn() -> Histogram);
        let what = "Time from composing a message to the channel's answer";
        registry.register_with_unit("send_duration", what, Unit::Seconds, duration.clone());
        let queue = Family::default();
        registry.register("queue_depth", "Invitations on the due index, by lane", queue.clone());
        let responses = Family::default();
        registry.register("responses", "Responses stored or amended", responses.clone());
        let reports = Family::default();
        registry.register("sms_reports", "Reports of SMS gateways that were taken", reports.clone());
        let (reload_ok, reload_at) = (Gauge::default(), Gauge::default());
        registry.register("config_last_reload_successful", "Whether the last reload took", reload_ok.clone());
        let what = "When the configuration in force was read";
        registry.register_with_unit("config_last_reload_success_timestamp", what, Unit::Seconds, reload_at.clone());
        let store_writable = Gauge::default();
        registry.register("store_writable", "Whether the store takes changes", store_writable.clone());
        store_writable.set(1);
        let build = prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        Self { registry, sent, duration, queue, responses, reports, reload_ok, reload_at, store_writable }
    }

    /// A message was handed to a channel.
    pub fn sent(&self, channel: Channel, outcome: &Outcome, took: Duration) {
        let channel = channel.as_str();
        self.sent.get_or_create(&Sent { channel, outcome: outcome.as_str() }).inc();
        self.duration.get_or_create(&ByChannel { channel }).observe(took.as_secs_f64());
    }

    /// A response was stored.
    pub fn answered(&self, channel: &'static str, survey: &str) {
        self.responses.get_or_create(&BySurvey { channel, survey: survey.to_owned() }).inc();
    }

    /// A gateway reported. Only gateways of the configuration are counted, so there are few.
    pub fn reported(&self, gateway: &str) {
        self.reports.get_or_create(&ByGateway { gateway: gateway.to_owned() }).inc();
    }

    /// How long the lanes are.
    pub fn queue(&self, lengths: [u64; 4]) {
        for (lane, length) in Lane::ALL.into_iter().zip(lengths) {
            let lane = match lane {
                Lane::Close => "close",
                Lane::Leased => "leased",
                Lane::Send(channel) => channel.as_str(),
            };
            self.queue.get_or_create(&ByLane { lane }).set(i64::try_from(length).unwrap_or(i64::MAX));
        }
    }

    /// Whether the store takes changes.
    pub fn store(&self, health: Health) {
        self.store_writable.set(i64::from(health == Health::Writable));
    }

    /// A configuration was read, or could not be.
    pub fn reloaded(&self, taken_at: Option<chrono::DateTime<chrono::Utc>>) {
        self.reload_ok.set(i64::from(taken_at.is_some()));
        if let Some(at) = taken_at {
            self.reload_at.set(at.timestamp());
        }
    }

    /// The figures in the text format of `OpenMetrics`.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// From a local relay's milliseconds to the minutes of one that is overloaded.
fn durations() -> Histogram {
    Histogram::new([0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0])
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics(…)")
    }
}
