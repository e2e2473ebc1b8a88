//! What text messages cost, in figures.

use std::sync::atomic::AtomicU64;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::labels::ByGateway;
use crate::daemon::status::GatewayDay;
use crate::domain::attempt::TextCost;

/// What text messages cost. Only gateways of the configuration are counted, so there are few.
#[derive(Default)]
pub(super) struct Costs {
    segments: Family<ByGateway, Counter>,
    spent: Family<ByGateway, Gauge<f64, AtomicU64>>,
}

impl Costs {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let costs = Self::default();
        let what = "Segments of the text messages that left or may have, by gateway";
        registry.register("sms_segments", what, costs.segments.clone());
        let what = "Share of what a gateway may cost today that is spent: at 1 nothing more leaves";
        registry.register("gateway_spent_ratio", what, costs.spent.clone());
        costs
    }

    pub(super) fn paid(&self, gateway: &str, cost: TextCost) {
        self.segments.get_or_create(&ByGateway { gateway: gateway.to_owned() }).inc_by(cost.n_segments.into());
    }

    pub(super) fn days(&self, days: &[GatewayDay]) {
        self.spent.clear();
        for day in days {
            self.spent.get_or_create(&ByGateway { gateway: day.gateway.clone() }).set(day.limit.ratio(day.spent));
        }
    }
}
