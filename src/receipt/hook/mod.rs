//! What mail providers post about messages: whether it is theirs, what it says, and about which message.
//!
//! ```text
//!  post ─► is it the provider's, and of now? ─► events ─► each: claims (the token of our field ► envelope sender ►
//!                                                          Message-ID) and what it means
//! ```
//!
//! A provider puts an envelope sender of its own in the place of ours, and some of them another Message-ID. So a message
//! that leaves through one carries the same sealed token once more, in the [field](Provider::field) that this provider
//! gives back with everything that it tells.
//!
//! **Invariant:** nothing of a post is believed before it is known to be the provider's.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::mail::{Claim, claims_in, opened};
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::seal::{LinkTarget, Seal};
use crate::domain::status_code::StatusCode;

pub mod mailgun;
pub mod postmark;
pub mod sendgrid;
pub mod ses;
pub mod sns;

#[cfg(test)]
mod tests;

/// How far the clock of a provider may be ahead of ours.
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);
/// What our token is called where a provider wants a name for it.
const NAME: &str = "canvass";

/// Who carries mail and posts what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provider {
    /// Amazon SES, which tells through SNS.
    Ses,
    /// Twilio SendGrid.
    Sendgrid,
    /// Mailgun.
    Mailgun,
    /// Postmark.
    Postmark,
}

impl Provider {
    /// Every provider.
    pub const ALL: [Self; 4] = [Self::Ses, Self::Sendgrid, Self::Mailgun, Self::Postmark];

    /// The word for it in the configuration, in links and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ses => "ses",
            Self::Sendgrid => "sendgrid",
            Self::Mailgun => "mailgun",
            Self::Postmark => "postmark",
        }
    }

    /// Its name, for those who read what it said.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ses => "Amazon SES",
            Self::Sendgrid => "SendGrid",
            Self::Mailgun => "Mailgun",
            Self::Postmark => "Postmark",
        }
    }

    /// The header field with our token that this provider gives back with what it tells of a message.
    pub fn field(self, token: &str) -> (&'static str, String) {
        match self {
            Self::Ses => (ses::FIELD, token.to_owned()),
            Self::Mailgun => (mailgun::FIELD, json!({ NAME: token }).to_string()),
            Self::Sendgrid => (sendgrid::FIELD, json!({ "unique_args": { NAME: token } }).to_string()),
            Self::Postmark => (postmark::FIELD, token.to_owned()),
        }
    }
}

/// Why a post is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// User or password is missing or wrong.
    #[error("it comes without the right user and password")]
    Login,
    /// There is no signature, or it cannot be read.
    #[error("it is not signed")]
    Unsigned,
    /// The signature is of something else, or by somebody else.
    #[error("its signature is wrong")]
    Signature,
    /// It was signed too long ago, or in a time to come.
    #[error("it was not signed lately; if this goes on, look at the clock of this machine")]
    Stale,
    /// Its signature came before.
    #[error("its token was used already")]
    Seen,
    /// It is of another topic than the one of the configuration.
    #[error("it is not of the topic that the configuration names")]
    Topic,
    /// What signed it is not where SNS keeps its certificates, or is no certificate.
    #[error("it names no certificate of SNS in the region of the topic")]
    Certificate,
}

/// One thing that a provider tells.
#[derive(Debug, PartialEq, Eq)]
pub struct Told {
    /// Which message it may be about, the surest first.
    pub claims: Vec<Claim>,
    /// What it says.
    pub meaning: Meaning,
}

/// What a provider's event means.
#[derive(Debug, PartialEq, Eq)]
pub enum Meaning {
    /// What became of the message.
    News(Receipt),
    /// The recipient told the provider that they want no more. A message that was kept from them for that did not arrive.
    OptOut {
        /// What was said, where the message did not arrive.
        kept_from_them: Option<Receipt>,
    },
    /// It changes nothing: a message is under way, or was opened.
    Nothing,
    /// It is no event.
    Unreadable,
}

impl Told {
    /// The attempt that it is about.
    pub fn target(&self, seal: &Seal) -> Option<LinkTarget> {
        opened(&self.claims, seal)
    }

    /// Something that is no event.
    pub fn unreadable() -> Self {
        Self { claims: Vec::new(), meaning: Meaning::Unreadable }
    }
}

/// Claims by our token, where a provider gave it back, and by what else names a message: an envelope sender, a Message-ID.
fn claims(token: &str, others: &[&str]) -> Vec<Claim> {
    let token = Some(token).filter(|token| !token.is_empty()).map(|token| Claim::Token(token.to_owned()));
    token.into_iter().chain(others.iter().flat_map(|text| claims_in(text))).collect()
}

/// The text at the end of this way into an object, or an empty one.
fn text<'v>(value: &'v Value, way: &[&str]) -> &'v str {
    way.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// Whether something that was signed at `at` is of now: not older than it may be, nor from a time to come.
fn is_of_now(at: DateTime<Utc>, now: DateTime<Utc>, age_max: TimeDelta) -> bool {
    let age = now.signed_duration_since(at);
    age <= age_max && age >= -AHEAD_MAX
}

/// What a message came back for: what an exact code says (RFC 3463), else what the provider makes of it. What may pass, in
/// the provider's eyes, makes no address dead.
fn class(says: Bounce, code: Option<StatusCode>) -> Bounce {
    match code.filter(|code| code.is_exact()).map(StatusCode::bounce) {
        Some(Bounce::Hard) if says == Bounce::Soft => Bounce::Soft,
        Some(class) => class,
        None => says,
    }
}

fn bounced(provider: Provider, class: Bounce, reply: &str) -> Meaning {
    Meaning::News(receipt(provider, News::Bounced(class), reply))
}

/// The provider kept the message from somebody who wants no more. That is no dead address: it was not tried.
fn kept_from_them(provider: Provider, reply: &str) -> Meaning {
    let news = News::Bounced(Bounce::Policy);
    Meaning::OptOut { kept_from_them: Some(receipt(provider, news, reply)) }
}

fn receipt(provider: Provider, news: News, reply: &str) -> Receipt {
    Receipt::of(news, provider.name(), reply)
}
