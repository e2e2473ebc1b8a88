//! The units of work themselves, without a backend.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::world::{days, guest, hours, idle, noon, rules, settlement};
use crate::domain::attempt::{Outcome, TextCost};
use crate::domain::event::Event;
use crate::domain::id::InvitationId;
use crate::domain::journey::{Cap, Channel, Fatigue};
use crate::domain::place::DayCaps;
use crate::domain::price::Price;
use crate::domain::route::Route;
use crate::domain::seal::Seal;
use crate::plan::spend::DayLimit;
use crate::plan::{Occasion, Plan, PlanInput, PlanRules, plan};
use crate::store::view::View;
use crate::store::{Lease, LeaseRequest, Leased, reads, work};

/// The units of work themselves, without a backend.
pub(in crate::store) struct Unit<'u, 'v> {
    view: &'u mut View<'v>,
    seal: Seal,
    rules: PlanRules,
}

impl<'u, 'v> Unit<'u, 'v> {
    pub(in crate::store) fn new(view: &'u mut View<'v>) -> Self {
        let generous = Fatigue { cap: Cap { at_most: 100, per: days(1) }, keep: None };
        Self { view, seal: Seal::new(&super::SECRET), rules: rules(Some(generous)) }
    }

    /// From now on the branch may ask one person a day.
    pub(in crate::store) fn cap(&mut self) {
        let per_day = DayCaps { all: Some(1), ..DayCaps::NONE };
        Arc::make_mut(&mut self.rules.gate).branches.values_mut().for_each(|branch| branch.per_day = per_day);
    }

    /// From now on text messages cost something, and a gateway may cost so much a day.
    pub(in crate::store) fn limit(&mut self) {
        let (routes, gateway) = (&mut Arc::make_mut(&mut self.rules.gate).routes, "kannel".to_owned());
        let limit = DayLimit { segments: Some(1_000), money: None, price: Some(price()) };
        routes.gateway.clone_from(&gateway);
        routes.limits.insert(Route::Gateway(gateway.clone()).room(), (gateway, limit));
    }

    pub(in crate::store) fn seal(&self) -> Seal {
        self.seal.clone()
    }

    /// What this event comes to; it is about a guest if nobody knew them.
    pub(in crate::store) fn plan(&self, event: &Event) -> Plan {
        let facts = reads::facts(self.view, &self.seal, &event.contact).unwrap();
        let new = || guest(event.contact.as_str()).applied_to(None).0;
        let contact = facts.contact.clone().unwrap_or_else(new);
        let occasion = Occasion::Event(event);
        let (now, rules, seal) = (event.at, &self.rules, &self.seal);
        plan(&PlanInput { now, occasion, contact: &contact, facts: &facts, rules, seal })
    }

    /// Invites whom the event is about.
    pub(in crate::store) fn invite(&mut self, event: &Event) -> InvitationId {
        let plan = self.plan(event);
        let invited = plan.invitations.first().expect("every event here has a stage").id;
        let applied = work::invitations::apply_plans(self.view, &self.seal, &[plan]);
        assert!(matches!(applied[..], [Ok(None)]));
        invited
    }

    pub(in crate::store) fn lease_due(&mut self, channel: Channel, n_max: usize, now: DateTime<Utc>) -> Leased {
        let rules = Arc::clone(&self.rules.gate);
        let lease = now.timestamp().cast_unsigned();
        let request = LeaseRequest { channel, now, n_max, until: now + hours(1), lease, rules, loads: idle() };
        work::dispatch::lease_due(self.view, &self.seal, &request).unwrap()
    }

    /// Leases the first message that is due at noon.
    pub(in crate::store) fn lease(&mut self, channel: Channel) -> Lease {
        self.lease_due(channel, 1, noon()).leases.remove(0)
    }

    /// The first message that is due at noon leaves, and this comes of it.
    pub(in crate::store) fn send(&mut self, channel: Channel, outcome: Outcome) {
        self.send_together([(channel, outcome)]);
    }

    /// The same of several, and what comes of them is recorded together.
    pub(in crate::store) fn send_together<const N: usize>(&mut self, outcomes: [(Channel, Outcome); N]) {
        let settlements = outcomes.map(|(channel, outcome)| {
            let lease = self.lease(channel);
            let cost = (channel == Channel::Sms).then(|| TextCost { n_segments: 2, price: Some(price()) });
            settlement(&self.rules, &lease, outcome, noon()).costing(cost)
        });
        let settled = work::dispatch::settle(self.view, &settlements).unwrap();
        assert!(settled.iter().all(Result::is_ok), "{settled:?}");
    }
}

fn price() -> Price {
    Price::parse("0.079 EUR").unwrap()
}
