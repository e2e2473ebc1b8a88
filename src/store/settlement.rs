//! What came of a message, as whoever sent it tells the store.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};

use super::Lease;
use crate::domain::attempt::{Outcome, TextCost};
use crate::domain::contact::Contact;
use crate::domain::id::InvitationId;
use crate::domain::invitation::RetryPlan;
use crate::domain::route::Route;
use crate::plan::gate::GateRules;
use crate::plan::spend::Grant;

/// What a message may take of the limit of a gateway on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayGrant {
    /// The day of the house.
    pub day: NaiveDate,
    /// What it may take of it.
    pub grant: Grant,
}

/// What came of a leased attempt.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The invitation.
    pub invitation: InvitationId,
    /// The lease.
    pub lease: u64,
    /// Whom it was sent to, as the lease said: by now the contact may have another address.
    pub contact: Contact,
    /// The mark of the address that it was sent to, as the lease said.
    pub to: Option<[u8; 16]>,
    /// The routes that it took, as the lease said.
    pub routes: Vec<Route>,
    /// Whether something was remembered of them, as the lease said.
    pub is_remembered: bool,
    /// What it might take of the day's limit, as the lease said.
    pub grant: Option<DayGrant>,
    /// Messages per second that were seen to leave lately for the recipient's domain or by the gateway.
    pub observed: f64,
    /// What the routes' rates go by.
    pub rules: Arc<GateRules>,
    /// What the channel did.
    pub outcome: Outcome,
    /// What the message cost, if the channel took it or may have.
    pub cost: Option<TextCost>,
    /// When.
    pub now: DateTime<Utc>,
    /// When to come again, if that is what follows.
    pub retry: RetryPlan,
}

impl Settlement {
    /// What came of a lease, and what is to follow if the message is to be sent again.
    pub fn of(
        lease: Lease,
        rules: &Arc<GateRules>,
        observed: f64,
        (outcome, retry): (Outcome, RetryPlan),
        now: DateTime<Utc>,
    ) -> Self {
        let Lease { invitation, contact, to, routes, is_remembered, grant, lease, until: _ } = lease;
        let (invitation, rules) = (invitation.id, Arc::clone(rules));
        Self {
            invitation,
            lease,
            contact,
            to,
            routes,
            is_remembered,
            grant,
            observed,
            rules,
            outcome,
            cost: None,
            now,
            retry,
        }
    }

    /// The same of a message that costs something.
    #[must_use]
    pub fn costing(self, cost: Option<TextCost>) -> Self {
        let counts = match self.outcome {
            Outcome::Accepted { .. } | Outcome::Unknown { .. } => cost,
            Outcome::Deferred { .. } | Outcome::Refused { .. } => None,
        };
        let said = if let Outcome::Accepted { n_segments, .. } = self.outcome { n_segments } else { None };
        let cost = counts.map(|ours| TextCost { n_segments: said.unwrap_or(ours.n_segments), ..ours });
        Self { cost, ..self }
    }
}
