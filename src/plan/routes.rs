//! Which routes a message takes, and how fast each may be used.

use std::collections::BTreeMap;

use super::spend::DayLimit;
use crate::domain::contact::Contact;
use crate::domain::id::BranchId;
use crate::domain::journey::Channel;
use crate::domain::route::{Room, Route};

/// What operations wrote of routes.
#[derive(Clone, Debug, Default)]
pub struct RouteRules {
    /// Messages per second to the mail relay, if limited.
    pub account: Option<f64>,
    /// Messages per second to a recipient's domain, where limited.
    pub domains: BTreeMap<String, f64>,
    /// Messages per second to an SMS gateway, where limited.
    pub gateways: BTreeMap<String, f64>,
    /// What may be spent by SMS gateways on a day, where limited, by the room of each.
    pub limits: BTreeMap<Room, (String, DayLimit)>,
    /// The gateway of branches that name none.
    pub gateway: String,
    /// The gateways of branches that name one.
    pub gateway_of: BTreeMap<BranchId, String>,
}

impl RouteRules {
    /// The routes that a message to this contact takes, the widest first.
    pub fn of(&self, channel: Channel, contact: &Contact, branch: Option<&BranchId>) -> Vec<Route> {
        match channel {
            Channel::Email => {
                let domain = contact.email.as_ref().map(|email| Route::Domain(email.domain().to_ascii_lowercase()));
                std::iter::once(Route::Account).chain(domain).collect()
            }
            Channel::Sms => {
                vec![Route::Gateway(self.gateway_for(branch).to_owned())]
            }
        }
    }

    /// The gateway that text messages of this branch take.
    pub fn gateway_for(&self, branch: Option<&BranchId>) -> &str {
        branch.and_then(|branch| self.gateway_of.get(branch)).unwrap_or(&self.gateway)
    }

    /// Messages per second on a route, if limited.
    pub fn rate(&self, route: &Route) -> Option<f64> {
        match route {
            Route::Account => self.account,
            Route::Domain(name) => self.domains.get(name).copied(),
            Route::Gateway(name) => self.gateways.get(name).copied(),
        }
    }
}
