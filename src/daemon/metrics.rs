//! What Prometheus reads. No label names a person, an address or a token.

mod costs;
mod kinds;
mod labels;

use std::time::Duration;

use chrono::{DateTime, Utc};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::status::{GatewayDay, Standing, kind_of};
use crate::domain::attempt::{Outcome, TextCost};
use crate::domain::invitation::Lane;
use crate::domain::journey::Channel;
use crate::domain::receipt::News;
use crate::domain::route::Route;
use crate::plan::breaker::Sight;
use crate::plan::pace::RouteState;
use crate::receipt::hook::Provider;
use crate::store::{Backlog, Health};
use costs::Costs;
pub use kinds::{InboundKind, ReportKind};
use labels::{ByChannel, ByKind, ByLane, ByNews, ByPost, ByReport, BySight, BySurvey, ByVerdict, Sent};

/// The figures of this process.
pub struct Metrics {
    registry: Registry,
    sent: Family<Sent, Counter>,
    duration: Family<ByChannel, Histogram, fn() -> Histogram>,
    queue: Family<ByLane, Gauge>,
    responses: Family<BySurvey, Counter>,
    costs: Costs,
    reports: Family<ByReport, Counter>,
    inbound: Family<ByReport, Counter>,
    receipts: Family<ByNews, Counter>,
    returned: Family<ByVerdict, Counter>,
    trips: Family<BySight, Counter>,
    posts: Family<ByPost, Counter>,
    mailbox_readable: Gauge,
    reload_ok: Gauge,
    reload_at: Gauge,
    store_writable: Gauge,
    store_bytes: Gauge,
    backlog: BacklogGauges,
    unknown_at_start: Gauge,
}

/// What there is to do, and what stands in the way.
#[derive(Default)]
struct BacklogGauges {
    due: Family<ByChannel, Gauge>,
    oldest_due: Family<ByChannel, Gauge>,
    held: Family<ByChannel, Gauge>,
    in_flight: Family<ByChannel, Gauge>,
    unknown: Family<ByChannel, Gauge>,
    for_operator: Family<ByChannel, Gauge>,
    holds: Gauge,
    resting: Family<ByKind, Gauge>,
    on_trial: Family<ByKind, Gauge>,
    slowed: Family<ByKind, Gauge>,
}

impl BacklogGauges {
    fn register(registry: &mut Registry) -> Self {
        let gauges = Self::default();
        let what = "Messages that are due and not held; counted as far as 10000";
        registry.register("due", what, gauges.due.clone());
        let what = "For how long the longest due of the messages that are not held has been due; 0 where none is";
        registry.register_with_unit("oldest_due", what, Unit::Seconds, gauges.oldest_due.clone());
        let what = "Messages that are due and held by an operator; counted as far as 10000";
        registry.register("held", what, gauges.held.clone());
        registry.register("in_flight", "Messages on their way", gauges.in_flight.clone());
        let what = "Messages of which nobody can say whether they left; counted as far as 10000";
        registry.register("unknown", what, gauges.unknown.clone());
        let what = "Messages of unknown outcome that wait for an operator; counted as far as 10000";
        registry.register("unknown_for_operator", what, gauges.for_operator.clone());
        registry.register("holds", "Holds in force", gauges.holds.clone());
        let what = "Routes by which nothing leaves for a while, because they failed or asked for it";
        registry.register("routes_resting", what, gauges.resting.clone());
        let what = "Routes that failed and are tried with one message at a time";
        registry.register("routes_on_trial", what, gauges.on_trial.clone());
        let what = "Routes that go slower than they would, because the other side asked for it";
        registry.register("routes_slowed", what, gauges.slowed.clone());
        gauges
    }

    fn set(&self, backlog: &Backlog, now: DateTime<Utc>) {
        for channel in &backlog.channels {
            let by = ByChannel { channel: channel.channel.as_str() };
            let set = |family: &Family<ByChannel, Gauge>, n| {
                family.get_or_create(&by).set(n);
            };
            let age = channel.oldest_due.map_or(0, |at| (now - at).num_seconds());
            set(&self.oldest_due, age);
            let counts = [
                (&self.due, channel.due.n),
                (&self.held, channel.held.n),
                (&self.in_flight, channel.n_in_flight),
                (&self.unknown, channel.unknown.n),
                (&self.for_operator, channel.n_for_operator),
            ];
            for (family, n) in counts {
                set(family, i64::try_from(n).unwrap_or(i64::MAX));
            }
        }
        self.holds.set(i64::try_from(backlog.holds.len()).unwrap_or(i64::MAX));
        // All of them, so that a route that is well again is not left over.
        for kind in ["account", "domain", "gateway"] {
            for (family, standing) in [
                (&self.resting, Standing::Rests),
                (&self.on_trial, Standing::OnTrial),
                (&self.slowed, Standing::Slowed),
            ] {
                let is_meant = |(route, state): &&(Route, RouteState)| {
                    kind_of(route) == kind && Standing::of(state, now) == standing
                };
                let n = backlog.routes.iter().filter(is_meant).count();
                family.get_or_create(&ByKind { kind }).set(i64::try_from(n).unwrap_or(i64::MAX));
            }
        }
    }
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
        let costs = Costs::register(&mut registry);
        let reports = Family::default();
        registry.register("sms_reports", "Reports of SMS gateways by what they say", reports.clone());
        let inbound = Family::default();
        let what = "Text messages from telephones by gateway and by what they mean";
        registry.register("sms_inbound", what, inbound.clone());
        let receipts = Family::default();
        let what = "News of messages that came back: delivered, bounced by class, complained";
        registry.register("receipts", what, receipts.clone());
        let trips = Family::default();
        registry.register("breaker_trips", "Times that something was held because too much went wrong", trips.clone());
        let returned = Family::default();
        let what = "Mails to the bounce address that say nothing of a message, by what they are";
        registry.register("returned_mails", what, returned.clone());
        let posts = Family::default();
        registry.register("email_hook_events", "What mail providers posted, by what it says", posts.clone());
        let mailbox_readable = Gauge::default();
        let what = "Whether the last visit to the bounce mailbox went well";
        registry.register("bounce_mailbox_readable", what, mailbox_readable.clone());
        let (reload_ok, reload_at) = (Gauge::default(), Gauge::default());
        registry.register("config_last_reload_successful", "Whether the last reload took", reload_ok.clone());
        let what = "When the configuration in force was read";
        registry.register_with_unit("config_last_reload_success_timestamp", what, Unit::Seconds, reload_at.clone());
        let store_writable = Gauge::default();
        registry.register("store_writable", "Whether the store takes changes", store_writable.clone());
        store_writable.set(1);
        let store_bytes = Gauge::default();
        registry.register_with_unit("store", "Size of the store on disk", Unit::Bytes, store_bytes.clone());
        let backlog = BacklogGauges::register(&mut registry);
        let unknown_at_start = Gauge::default();
        let what =
            "Messages that were on their way when the daemon stopped, so that their outcome was unknown at its start";
        registry.register("unknown_at_start", what, unknown_at_start.clone());
        let build = prometheus_client::metrics::info::Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        Self {
            registry,
            sent,
            duration,
            queue,
            responses,
            costs,
            reports,
            inbound,
            receipts,
            returned,
            trips,
            posts,
            mailbox_readable,
            reload_ok,
            reload_at,
            store_writable,
            store_bytes,
            backlog,
            unknown_at_start,
        }
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

    /// Something new was heard about a message.
    pub fn heard(&self, channel: Channel, news: News) {
        let class = if let News::Bounced(class) = news { class.as_str() } else { "" };
        self.receipts.get_or_create(&ByNews { channel: channel.as_str(), news: news.as_str(), class }).inc();
    }

    /// A mail came back that says nothing of a message.
    pub fn returned(&self, verdict: &'static str) {
        self.returned.get_or_create(&ByVerdict { verdict }).inc();
    }

    /// Too much of this went wrong, and something is held.
    pub fn tripped(&self, sight: Sight) {
        self.trips.get_or_create(&BySight { what: sight.as_str() }).inc();
    }

    /// A text message left, or may have, that costs so much.
    pub fn paid(&self, gateway: &str, cost: TextCost) {
        self.costs.paid(gateway, cost);
    }

    /// So much of what gateways may cost today is spent.
    pub fn gateway_days(&self, days: &[GatewayDay]) {
        self.costs.days(days);
    }

    /// A gateway reported. Only gateways of the configuration are counted, so there are few.
    pub fn reported(&self, gateway: &str, kind: ReportKind) {
        self.reports.get_or_create(&ByReport { gateway: gateway.to_owned(), what: kind.as_str() }).inc();
    }

    /// A mail provider posted an event, or something that is not believed.
    pub fn posted(&self, provider: Provider, what: &'static str) {
        self.posts.get_or_create(&ByPost { provider: provider.as_str(), what }).inc();
    }

    /// The bounce mailbox was visited.
    pub fn collected(&self, well: bool) {
        self.mailbox_readable.set(i64::from(well));
    }

    /// A gateway brought what a telephone says.
    pub fn heard_text(&self, gateway: &str, kind: InboundKind) {
        self.inbound.get_or_create(&ByReport { gateway: gateway.to_owned(), what: kind.as_str() }).inc();
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

    /// How large the store is.
    pub fn store_bytes(&self, bytes: u64) {
        self.store_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// What there is to do, and what stands in the way.
    pub fn backlog(&self, backlog: &Backlog, now: DateTime<Utc>) {
        self.backlog.set(backlog, now);
    }

    /// So many messages were on their way when the daemon stopped.
    pub fn unknown_at_start(&self, n: usize) {
        self.unknown_at_start.set(i64::try_from(n).unwrap_or(i64::MAX));
    }

    /// A configuration was read, or could not be.
    pub fn reloaded(&self, taken_at: Option<DateTime<Utc>>) {
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
