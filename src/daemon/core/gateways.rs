//! The SMS gateways of a configuration.

use std::collections::BTreeMap;

use crate::channel::sms::Gateway;
use crate::config::Config;
use crate::config::settings::SmsTransport;
use crate::domain::place::Branch;

impl Config {
    /// The SMS gateway of that name.
    pub fn gateway(&self, name: &str) -> Option<&Gateway> {
        match &self.settings.sms.as_ref()?.transport {
            SmsTransport::Gateways { gateways, .. } => gateways.get(name),
            SmsTransport::File => None,
        }
    }

    /// Every SMS gateway, in the order of their names.
    pub fn gateways(&self) -> impl Iterator<Item = &Gateway> {
        let declared = match self.settings.sms.as_ref().map(|sms| &sms.transport) {
            Some(SmsTransport::Gateways { gateways, .. }) => Some(gateways),
            Some(SmsTransport::File) | None => None,
        };
        declared.into_iter().flat_map(BTreeMap::values)
    }

    /// The countries of the branches that a gateway sends for, in the order of the branches, each once.
    pub fn countries_of_gateway(&self, name: &str) -> Vec<&str> {
        let Some(SmsTransport::Gateways { default, .. }) = self.settings.sms.as_ref().map(|sms| &sms.transport) else {
            return Vec::new();
        };
        let uses = |branch: &&Branch| branch.sms_gateway.as_ref().unwrap_or(default) == name;
        let mut countries = Vec::new();
        for country in self.branches.values().filter(uses).filter_map(|branch| branch.country.as_deref()) {
            if !countries.contains(&country) {
                countries.push(country);
            }
        }
        countries
    }
}
