//! What mail providers post: taken for theirs or not, and heard event by event.
//!
//! Everything of a post is on disk when it is answered, so a provider that had no answer posts it again. The same again
//! changes nothing, whoever sends it: what became of a message only ever goes forward, and who refused has refused.

mod courier;

use std::sync::{Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use futures_util::{StreamExt, stream};
use serde_json::Value;

use super::core::Core;
use super::receipts;
use super::refusals;
use crate::chain::Chain;
use crate::config::settings::Webhook;
use crate::domain::journey::Channel;
use crate::domain::receipt::Receipt;
use crate::domain::seal::LinkTarget;
use crate::receipt::hook::sns::{self, TopicArn, Wants};
use crate::receipt::hook::{Doubt, Meaning, Provider, Told, mailgun, postmark, sendgrid, ses};
use crate::store::{Extent, Learnt, Refusal, StoreError};
use courier::Certificates;
pub use courier::{Courier, CourierError};

/// Events of a post that are heard at once, so that they share flushes.
const AT_ONCE: usize = 64;

/// What a mail provider posted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookKind {
    /// What became of a message.
    Receipt,
    /// That somebody wants no more.
    Refusal,
    /// Something that changes nothing: that a message was opened.
    Nothing,
    /// Something about a message that is not ours.
    NotOurs,
    /// No event.
    Unreadable,
    /// What is not the provider's, as far as one can tell.
    Doubted,
}

impl HookKind {
    /// The word for it in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Refusal => "refusal",
            Self::Nothing => "nothing",
            Self::NotOurs => "not_ours",
            Self::Unreadable => "unreadable",
            Self::Doubted => "doubted",
        }
    }
}

/// What is remembered of posts.
#[derive(Default)]
pub struct Hooks {
    /// What Mailgun signed.
    seen: Mutex<mailgun::Seen>,
    /// What SNS signs with.
    certificates: Certificates,
}

impl Hooks {
    /// With this courier to SNS.
    pub fn with_courier(courier: impl Courier + 'static) -> Self {
        Self { certificates: Certificates::through(courier), ..Self::default() }
    }
}

impl std::fmt::Debug for Hooks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooks(…)")
    }
}

/// Why a post was not heard.
#[derive(Debug, thiserror::Error)]
pub enum HookError {
    /// It is not the provider's, as far as one can tell.
    #[error("it is not believed")]
    Doubted(#[from] Doubt),
    /// SNS does not answer, so nobody can tell whether it is its own.
    #[error("SNS does not answer")]
    Unreached(#[from] CourierError),
    /// Some of it may not be on disk.
    #[error("it cannot be noted")]
    Store(#[from] StoreError),
}

/// Takes what came to the webhook of a provider.
pub async fn take(core: &Core, webhook: &Webhook, headers: &HeaderMap, body: &[u8]) -> Result<(), HookError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let now = core.clock.now();
    let (provider, told) = match webhook {
        Webhook::Ses(topic) => (Provider::Ses, of_topic(core, topic, body).await?),
        Webhook::Mailgun(key) => {
            let signed = mailgun::check(key.expose(), body, now)?;
            let seen = || core.hooks.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if seen().knows(&signed) {
                return Err(Doubt::Seen.into());
            }
            hear_all(core, Provider::Mailgun, one(body, mailgun::told)).await?;
            // Only now: what could not be noted may come again under the same token.
            seen().note(signed, now);
            return Ok(());
        }
        Webhook::Sendgrid(key) => {
            let [signature, timestamp] = [sendgrid::SIGNATURE, sendgrid::TIMESTAMP].map(header);
            sendgrid::check(key, (signature, timestamp), body, now)?;
            (Provider::Sendgrid, each(body, sendgrid::told))
        }
        Webhook::Postmark { username, password } => {
            postmark::check(header(header::AUTHORIZATION.as_str()), username, password.expose())?;
            (Provider::Postmark, one(body, postmark::told))
        }
    };
    Ok(hear_all(core, provider, told).await?)
}

/// What a message of SNS tells, once it is known to be of this topic.
async fn of_topic(core: &Core, topic: &TopicArn, body: &[u8]) -> Result<Vec<Told>, HookError> {
    let now = core.clock.now();
    let envelope = sns::Envelope::read(body, topic, now)?;
    let certificate = core.hooks.certificates.at(envelope.certificate_url(), now).await?;
    match envelope.open(&certificate, topic)? {
        Wants::Tell(message) => Ok(vec![ses::told_by(message)]),
        Wants::Confirm(url) => {
            core.hooks.certificates.courier().get(url).await?;
            tracing::info!(
                provider = Provider::Ses.as_str(),
                "the subscription to the topic of Amazon SES is confirmed"
            );
            Ok(Vec::new())
        }
        Wants::Leave => {
            tracing::warn!(
                provider = Provider::Ses.as_str(),
                "somebody ended the subscription to the topic of Amazon SES; it tells nothing from now on"
            );
            Ok(Vec::new())
        }
    }
}

/// The one event of a body.
fn one(body: &[u8], told: fn(&Value) -> Told) -> Vec<Told> {
    vec![serde_json::from_slice(body).map_or_else(|_| Told::unreadable(), |event| told(&event))]
}

/// The events of a body that is a list of them.
fn each(body: &[u8], told: fn(&Value) -> Told) -> Vec<Told> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(events)) => events.iter().map(told).collect(),
        Ok(_) | Err(_) => vec![Told::unreadable()],
    }
}

/// Hears each event, whatever becomes of the others. An error means that some of them should be brought again.
async fn hear_all(core: &Core, provider: Provider, told: Vec<Told>) -> Result<(), StoreError> {
    let heard = stream::iter(told).map(async |told| {
        let kind = hear(core, provider, told).await?;
        core.metrics.posted(provider, kind.as_str());
        Ok(())
    });
    heard.buffer_unordered(AT_ONCE).fold(Ok(()), async |all, one| all.and(one)).await
}

async fn hear(core: &Core, provider: Provider, told: Told) -> Result<HookKind, StoreError> {
    let of = told.target(core.store.seal());
    match (told.meaning, of) {
        (Meaning::Nothing, _) => Ok(HookKind::Nothing),
        (Meaning::Unreadable, _) => {
            tracing::warn!(provider = provider.as_str(), "something that {} posted is no event", provider.name());
            Ok(HookKind::Unreadable)
        }
        (Meaning::News(_) | Meaning::OptOut { .. }, None) => Ok(HookKind::NotOurs),
        (Meaning::News(receipt), Some(of)) => note(core, of, receipt).await,
        (Meaning::OptOut { kept_from_them }, Some(of)) => {
            let kind = refuse(core, provider, of).await?;
            // The refusal first: whoever wants no more is not asked by the next way because a message did not arrive.
            match kept_from_them {
                Some(receipt) if kind == HookKind::Refusal => note(core, of, receipt).await.map(|_| kind),
                Some(_) | None => Ok(kind),
            }
        }
    }
}

async fn note(core: &Core, of: LinkTarget, receipt: Receipt) -> Result<HookKind, StoreError> {
    Ok(match receipts::hear(core, of, Channel::Email, receipt).await? {
        Learnt::News(_) | Learnt::Nothing => HookKind::Receipt,
        Learnt::NotThere => HookKind::NotOurs,
    })
}

async fn refuse(core: &Core, provider: Provider, of: LinkTarget) -> Result<HookKind, StoreError> {
    let LinkTarget { invitation, attempt } = of;
    let (source, now) = (provider.name().to_owned(), core.clock.now());
    match refusals::take(core, Refusal { invitation, attempt, extent: Extent::Everything, source, now }).await {
        Ok(()) => Ok(HookKind::Refusal),
        Err(StoreError::NotFound { .. }) => Ok(HookKind::NotOurs),
        Err(err) => {
            tracing::error!(invitation.id = %invitation, attempt, source = provider.name(),
                "cannot note a refusal that {} told of: {}", provider.name(), Chain(&err));
            Err(err)
        }
    }
}
