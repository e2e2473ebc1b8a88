//! Channels that take everything at once, and count what text messages take.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;

use crate::channel::{OutboundMessage, Transport};
use crate::config::Config;
use crate::config::settings::SmsTransport;
use crate::daemon::compose;
use crate::domain::attempt::Outcome;
use crate::domain::id::InvitationId;
use crate::domain::price::Price;
use crate::report::rehearsal::outlook::Takes;

/// What each text message took, by its own name.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<BTreeMap<String, Takes>>>);

impl Ledger {
    /// A channel of this name that takes everything and writes it down here; `config` says what it costs.
    pub(super) fn stand_in(&self, config: &Config, (name, connections): (&str, usize)) -> Arc<dyn Transport> {
        let price = price(config, name);
        Arc::new(StandIn { name: name.to_owned(), connections, price, ledger: self.clone() })
    }

    /// What a text message took; nothing, where it is no text message.
    pub(super) fn takes(&self, invitation: InvitationId, attempt: u8) -> Option<Takes> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&compose::reference(&invitation, attempt)).copied()
    }
}

/// What a segment costs by a gateway of this name.
fn price(config: &Config, name: &str) -> Option<Price> {
    match &config.settings.sms.as_ref()?.transport {
        SmsTransport::Gateways { gateways, .. } => gateways.get(name)?.price(),
        SmsTransport::File => None,
    }
}

struct StandIn {
    name: String,
    connections: usize,
    price: Option<Price>,
    ledger: Ledger,
}

#[async_trait]
impl Transport for StandIn {
    async fn send(&self, message: &OutboundMessage) -> Outcome {
        if let OutboundMessage::Sms(sms) = message {
            let takes = Takes { n_segments: sms.n_segments.into(), price: self.price };
            self.ledger.0.lock().unwrap_or_else(PoisonError::into_inner).insert(sms.reference.clone(), takes);
        }
        Outcome::Accepted { provider_ref: None, n_segments: None, reply: String::new() }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn name(&self) -> &str {
        &self.name
    }
}
