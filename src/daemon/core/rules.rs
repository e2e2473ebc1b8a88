//! What of a configuration planning and sending go by.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::FILE_GATEWAY;
use crate::config::Config;
use crate::config::settings::{EmailTransport, SmsTransport};
use crate::domain::journey::Channel;
use crate::domain::place::Branch;
use crate::domain::route::Route;
use crate::plan::PlanRules;
use crate::plan::limits::BranchRules;
use crate::plan::routes::RouteRules;

impl Config {
    /// The channels that something can be sent by.
    pub fn channels(&self) -> BTreeSet<Channel> {
        let email = self.settings.email.as_ref().map(|_| Channel::Email);
        let sms = self.settings.sms.as_ref().map(|_| Channel::Sms);
        email.into_iter().chain(sms).collect()
    }

    /// The part of the configuration that planning goes by.
    pub fn plan_rules(&self) -> PlanRules {
        let stages: Vec<_> = self
            .pushes()
            .filter_map(|(journey, stage, push)| {
                Some(crate::plan::StageRules {
                    journey: journey.id.clone(),
                    stage: stage.id.clone(),
                    level: stage.level,
                    survey: stage.survey.clone(),
                    version: self.surveys.get(&stage.survey)?.version(),
                    push: push.clone(),
                })
            })
            .collect();
        let gate = crate::plan::gate::GateRules {
            fatigue: self.settings.fatigue,
            stages: stages.iter().map(|stage| (&stage.journey, &stage.stage, &stage.push)).collect(),
            branches: self.branches.iter().map(|(id, branch)| (id.clone(), BranchRules::of(branch))).collect(),
            quiet_hours: self.settings.quiet_hours.clone(),
            consent_required: self.settings.consent_required,
            channels: self.channels(),
            default_zone: self.settings.daemon.time_zone,
            routes: self.route_rules(),
        };
        PlanRules { stages, gate: Arc::new(gate) }
    }

    /// The routes of messages, and how fast they may be used.
    fn route_rules(&self) -> RouteRules {
        let mut rules = RouteRules::default();
        if let Some(email) = &self.settings.email {
            rules.domains.clone_from(&email.domains);
            if let EmailTransport::Smtp(smtp) = &email.transport {
                rules.account = smtp.per_second;
            }
        }
        match self.settings.sms.as_ref().map(|sms| &sms.transport) {
            Some(SmsTransport::Gateways { default, gateways }) => {
                rules.gateway.clone_from(default);
                let rates = gateways.iter().filter_map(|(name, gateway)| Some((name.clone(), gateway.per_second()?)));
                rules.gateways = rates.collect();
                let limited = gateways.iter().filter_map(|(name, gateway)| {
                    let room = Route::Gateway(name.clone()).room();
                    Some((room, (name.clone(), gateway.day_limit()?)))
                });
                rules.limits = limited.collect();
                let named = |branch: &Branch| Some((branch.id.clone(), branch.sms_gateway.clone()?));
                rules.gateway_of = self.branches.values().filter_map(named).collect();
            }
            Some(SmsTransport::File) => FILE_GATEWAY.clone_into(&mut rules.gateway),
            None => (),
        }
        rules
    }
}
