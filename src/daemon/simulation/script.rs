//! Channels that do what a script says, and remember everything that they were handed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use crate::channel::sms::segments::segments;
use crate::channel::{OutboundMessage, Transport};
use crate::clock::{Clock, VirtualClock};
use crate::domain::attempt::{Obstacle, Outcome};
use crate::entropy::Entropy;

/// A message that was handed to a channel.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Handed {
    /// When.
    pub(in crate::daemon) at: DateTime<Utc>,
    /// Its own name: the Message-ID, or the reference of a text message.
    pub(in crate::daemon) name: String,
    /// The domain of a mail, the gateway of a text message.
    pub(in crate::daemon) way: String,
    /// What became of it.
    pub(in crate::daemon) outcome: &'static str,
    /// The segments of a text message.
    pub(in crate::daemon) n_segments: Option<u32>,
}

/// Everything that was handed over, in order.
#[derive(Clone, Default)]
pub(in crate::daemon) struct Ledger(Arc<Mutex<Vec<Handed>>>);

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Vec<Handed>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was handed over so far.
    pub(in crate::daemon) fn all(&self) -> Vec<Handed> {
        self.lock().clone()
    }

    /// How often each message was accepted, or may have been.
    pub(in crate::daemon) fn accepted(&self) -> BTreeMap<String, usize> {
        let mut accepted = BTreeMap::new();
        for handed in self.lock().iter().filter(|handed| handed.outcome == "accepted") {
            *accepted.entry(handed.name.clone()).or_default() += 1;
        }
        accepted
    }
}

/// A time during which a way is closed, and what it says.
#[derive(Clone, Debug)]
pub(in crate::daemon) struct Outage {
    pub(in crate::daemon) way: &'static str,
    pub(in crate::daemon) from: DateTime<Utc>,
    pub(in crate::daemon) until: DateTime<Utc>,
    pub(in crate::daemon) obstacle: Obstacle,
}

/// A channel.
pub(in crate::daemon) struct Scripted {
    pub(in crate::daemon) name: String,
    pub(in crate::daemon) connections: usize,
    pub(in crate::daemon) clock: Arc<VirtualClock>,
    pub(in crate::daemon) chance: Arc<Entropy>,
    pub(in crate::daemon) ledger: Ledger,
    pub(in crate::daemon) outages: Vec<Outage>,
    /// The share of messages that meet something of their own: a full mailbox, an unknown one, a lost connection.
    pub(in crate::daemon) mishaps: f64,
}

impl Scripted {
    fn outcome(&self, way: &str, now: DateTime<Utc>) -> Outcome {
        let closed = self.outages.iter().find(|outage| outage.way == way && (outage.from..outage.until).contains(&now));
        if let Some(outage) = closed {
            return Outcome::Deferred { not_before: None, reply: "421 later".to_owned(), obstacle: outage.obstacle };
        }
        let accepted = Outcome::Accepted { provider_ref: None, n_segments: None, reply: "250 ok".to_owned() };
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
        let (name, way, n_segments) = match message {
            OutboundMessage::Email(mail) => (mail.message_id.clone(), mail.to.domain().to_owned(), None),
            OutboundMessage::Sms(sms) => (sms.reference.clone(), self.name.clone(), Some(segments(&sms.text).parts)),
        };
        let at = self.clock.now();
        let outcome = self.outcome(&way, at);
        // Of a message of unknown outcome, every second one had arrived.
        let arrived = matches!(outcome, Outcome::Unknown { .. }) && self.chance.fraction() < 0.5;
        let word = if arrived { "accepted" } else { outcome.as_str() };
        self.ledger.lock().push(Handed { at, name, way, outcome: word, n_segments });
        outcome
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn name(&self) -> &str {
        &self.name
    }
}
