//! Channels that do what a script says, and remember everything that they were handed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::channel::{OutboundMessage, Transport};
use crate::clock::{Clock, VirtualClock};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::entropy::Entropy;

/// A message that was handed to a channel.
#[derive(Clone, Debug)]
pub(super) struct Handed {
    /// When.
    pub(super) at: DateTime<Utc>,
    /// Its own name: the Message-ID, or the reference of a text message.
    pub(super) name: String,
    /// The domain of a mail, the gateway of a text message.
    pub(super) way: String,
    /// What became of it.
    pub(super) outcome: &'static str,
}

/// Everything that was handed over, in order.
#[derive(Clone, Default)]
pub(super) struct Ledger(Arc<Mutex<Vec<Handed>>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Vec<Handed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was handed over so far.
    pub(super) fn all(&self) -> Vec<Handed> {
        self.lock().clone()
    }

    /// How often each message was accepted, or may have been.
    pub(super) fn accepted(&self) -> BTreeMap<String, usize> {
        let mut accepted = BTreeMap::new();
        for handed in self.lock().iter().filter(|handed| handed.outcome == "accepted") {
            *accepted.entry(handed.name.clone()).or_default() += 1;
        }
        accepted
    }
}

/// A time during which a way is closed, and what it says.
#[derive(Clone, Debug)]
pub(super) struct Outage {
    pub(super) way: &'static str,
    pub(super) from: DateTime<Utc>,
    pub(super) until: DateTime<Utc>,
    pub(super) obstacle: Obstacle,
}

/// A channel.
pub(super) struct Scripted {
    pub(super) name: &'static str,
    pub(super) connections: usize,
    pub(super) clock: Arc<VirtualClock>,
    pub(super) chance: Arc<Entropy>,
    pub(super) ledger: Ledger,
    pub(super) outages: Vec<Outage>,
    /// The share of messages that meet something of their own: a full mailbox, an unknown one, a lost connection.
    pub(super) mishaps: f64,
}

impl Scripted {
    fn outcome(&self, way: &str, now: DateTime<Utc>) -> Outcome {
        let closed = self.outages.iter().find(|outage| outage.way == way && (outage.from..outage.until).contains(&now));
        if let Some(outage) = closed {
            return Outcome::Deferred { not_before: None, reply: "421 later".to_owned(), obstacle: outage.obstacle };
        }
        let accepted = Outcome::Accepted { provider_ref: None, reply: "250 ok".to_owned() };
        let draw = self.chance.fraction();
        if draw >= self.mishaps {
            return accepted;
        }
        let deferred = |obstacle| Outcome::Deferred { not_before: None, reply: "450 later".to_owned(), obstacle };
        match self.chance.bits() % 8 {
            0 => Outcome::Refused { reply: "550 no such user".to_owned(), address_dead: true },
            1 => Outcome::Refused { reply: "554 policy".to_owned(), address_dead: false },
            2 | 3 => Outcome::Unknown { reply: "connection lost".to_owned() },
            4 => deferred(Obstacle::Route { slow_down: false }),
            5 => deferred(Obstacle::Domain { slow_down: true }),
            _ => deferred(Obstacle::Recipient),
        }
    }
}

#[async_trait]
impl Transport for Scripted {
    async fn send(&self, message: &OutboundMessage) -> Outcome {
        let (name, way) = match message {
            OutboundMessage::Email(mail) => (mail.message_id.clone(), mail.to.domain().to_owned()),
            OutboundMessage::Sms(sms) => (sms.reference.clone(), self.name.to_owned()),
        };
        let at = self.clock.now();
        let outcome = self.outcome(&way, at);
        // Of a message of unknown outcome, every second one had arrived.
        let arrived = matches!(outcome, Outcome::Unknown { .. }) && self.chance.fraction() < 0.5;
        let word = if arrived { "accepted" } else { outcome.as_str() };
        self.ledger.lock().push(Handed { at, name, way, outcome: word });
        outcome
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn name(&self) -> &str {
        self.name
    }
}
