//! Asks gateways about text messages whose answers were lost.
//!
//! A message of unknown outcome may have arrived, so it is never sent again without somebody's word. But some gateways can
//! be asked, and are: by the daemon, a few times after the answer was lost, and by an operator at any time. What they have
//! is settled; what they do not have stays with the operator, who now knows more.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use tokio_util::sync::CancellationToken;

use super::core::Core;
use super::{compose, receipts};
use crate::channel::sms::{AskError, Verdict};
use crate::domain::attempt::Attempt;
use crate::domain::invitation::{Invitation, Lane};
use crate::domain::journey::Channel;
use crate::domain::receipt::News;
use crate::domain::seal::LinkTarget;
use crate::store::{Health, Inquired, Learnt, StoreError};

/// How long after its answer was lost a gateway is asked about a message.
const AFTER: [TimeDelta; 3] = [TimeDelta::minutes(2), TimeDelta::minutes(15), TimeDelta::hours(2)];
/// Invitations that are read at once.
const PAGE: usize = 500;

/// What a gateway says of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It took it. What it knows beyond that.
    Taken(Option<News>),
    /// It does not have it.
    NotThere,
    /// Whatever it says, somebody was quicker: the outcome is known.
    LeftAlone,
    /// It says nothing. Why.
    Nothing(Silence),
}

/// Why nothing was learnt of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Silence {
    /// Text messages leave by no gateway any more.
    #[error("there is no gateway to ask")]
    NoGateway,
    /// The contact is gone, or has another number now.
    #[error("the number that it went to is not known any more")]
    NoNumber,
    /// The gateway did not say.
    #[error("{gateway}: {why}")]
    Gateway {
        /// Which.
        gateway: String,
        /// Why.
        why: AskError,
    },
}

/// The text messages of an invitation whose outcome is unknown.
pub fn lost(invitation: &Invitation) -> impl Iterator<Item = (&Attempt, DateTime<Utc>)> {
    let texts = invitation.attempts.iter().filter(|attempt| attempt.channel == Channel::Sms);
    texts.filter_map(|attempt| Some((attempt, attempt.fate.lost_at()?)))
}

/// Asks about one message and sets off what follows. What was learnt is on disk when this returns.
pub async fn ask(core: &Core, invitation: &Invitation, attempt: &Attempt) -> Result<Answer, StoreError> {
    let live = core.live.load_full();
    let Some(transport) = live.transport(Channel::Sms, invitation.branch.as_ref()) else {
        return Ok(Answer::Nothing(Silence::NoGateway));
    };
    let contact = core.store.contact(&invitation.contact).await?;
    let mark = |phone: &str| core.store.seal().address_mark(Channel::Sms, phone);
    let phone = contact.and_then(|contact| contact.phone);
    let phone = phone.filter(|phone| attempt.to.is_none_or(|to| to == mark(phone.as_str())));
    let Some(phone) = phone else { return Ok(Answer::Nothing(Silence::NoNumber)) };
    let (gateway, of) =
        (transport.name().to_owned(), LinkTarget { invitation: invitation.id, attempt: attempt.number });
    let verdict = transport.ask(&compose::sent_sms(core, invitation, attempt, phone)).await;
    let (provider_ref, receipt) = match verdict {
        Ok(Verdict::Taken { provider_ref, receipt }) => (Some(provider_ref), receipt),
        Ok(Verdict::NotThere) => (None, None),
        Err(why) => return Ok(Answer::Nothing(Silence::Gateway { gateway, why })),
    };
    let is_there = provider_ref.is_some();
    let learnt =
        core.store.inquired(Inquired { of, gateway: gateway.clone(), provider_ref, now: core.clock.now() }).await?;
    let Learnt::News(after) = learnt else {
        // Either it has said so before, or somebody was quicker; then what it says is no news of what is known now.
        let now = core.store.invitation(&of.invitation).await?;
        let is_lost = now.is_some_and(|now| lost(&now).any(|(attempt, _)| attempt.number == of.attempt));
        return Ok(if is_lost { Answer::NotThere } else { Answer::LeftAlone });
    };
    tracing::info!(invitation.id = %of.invitation, attempt = of.attempt, gateway, is_there,
        "attempt {} of {}: {gateway} {} it", of.attempt, of.invitation, if is_there { "has" } else { "does not have" });
    if let Some(Lane::Send(next)) = after.due().map(|due| due.lane) {
        core.wake.ring(next);
    }
    let news = receipt.as_ref().map(|receipt| receipt.news);
    if let Some(receipt) = receipt {
        receipts::hear(core, of, Channel::Sms, receipt).await?;
    }
    Ok(if is_there { Answer::Taken(news) } else { Answer::NotThere })
}

/// The task that asks by itself.
#[derive(Debug)]
pub struct Reconciler {
    core: Arc<Core>,
    stop: CancellationToken,
    /// Up to when messages have had their turn. At first as if the daemon had run all the while: what fell due meanwhile is
    /// asked about once.
    until: Mutex<DateTime<Utc>>,
}

impl Reconciler {
    /// Asks for this core, until it is told to stop.
    pub fn new(core: Arc<Core>, stop: CancellationToken) -> Self {
        let longest = AFTER.into_iter().max().unwrap_or_default();
        let until = Mutex::new(core.clock.now() - longest);
        Self { core, stop, until }
    }

    /// Asks about every message whose turn has come since the last time. Gives about how many.
    ///
    /// While the store takes no changes nobody is asked, as nothing of it could be kept; those turns come afterwards.
    pub async fn step(&self) -> Result<usize, StoreError> {
        if *self.core.store.health().borrow() != Health::Writable {
            return Ok(0);
        }
        let now = self.core.clock.now();
        let since = std::mem::replace(&mut *self.until.lock().unwrap_or_else(PoisonError::into_inner), now);
        if !self.core.live.load().can_ask_about_texts() {
            return Ok(0);
        }
        let (mut after, mut n_asked, mut silent) = (None, 0, BTreeSet::new());
        loop {
            let page = self.core.store.unknown_after(after, PAGE).await?;
            after = page.last().map(|invitation| invitation.id);
            for invitation in &page {
                let is_due =
                    |lost_at: DateTime<Utc>| AFTER.iter().any(|wait| (since..now).contains(&(lost_at + *wait)));
                for (attempt, _) in lost(invitation).filter(|(_, lost_at)| is_due(*lost_at)) {
                    if self.stop.is_cancelled() {
                        return Ok(n_asked);
                    }
                    n_asked += usize::from(self.ask(invitation, attempt, &mut silent).await?);
                }
            }
            if page.len() < PAGE {
                return Ok(n_asked);
            }
        }
    }

    /// Asks about one message, unless its gateway has just failed to answer. Gives whether it was asked.
    async fn ask(
        &self,
        invitation: &Invitation,
        attempt: &Attempt,
        silent: &mut BTreeSet<String>,
    ) -> Result<bool, StoreError> {
        let live = self.core.live.load_full();
        let transport = live.transport(Channel::Sms, invitation.branch.as_ref());
        if transport.is_none_or(|transport| silent.contains(transport.name())) {
            return Ok(false);
        }
        match ask(&self.core, invitation, attempt).await? {
            Answer::Taken(_)
            | Answer::NotThere
            | Answer::LeftAlone
            | Answer::Nothing(Silence::NoGateway | Silence::NoNumber) => (),
            Answer::Nothing(Silence::Gateway { why: AskError::NotDeclared, gateway }) => {
                silent.insert(gateway);
            }
            Answer::Nothing(Silence::Gateway { gateway, why }) => {
                tracing::warn!(gateway, "cannot ask {gateway} about messages of unknown outcome: {why}");
                silent.insert(gateway);
            }
        }
        Ok(true)
    }
}
