//! Whether a report comes from the gateway, for gateways that sign what they say.
//!
//! **Invariant:** whatever of a report is read was signed; each way says below how.

use chrono::{DateTime, Utc};

use super::place::Report;
use super::reader::{Reader, quoted};
use crate::config::settings::Secret;

mod messagebird;
mod plivo;
mod twilio;
mod vonage;

/// The secret that signs unless another one was agreed on.
const TOKEN: &str = "token";
/// The secret that was made to sign, and for nothing else.
const SIGNING_KEY: &str = "signing_key";

/// How a gateway signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// Not at all: the link is all that it can know.
    None,
    /// As `MessageBird` does: a JSON Web Token over the hashes of address and body.
    MessageBird,
    /// As Plivo does, version 3: the address, the sorted fields of the form and a number used once.
    Plivo,
    /// As Twilio does: the address and the sorted fields of the form. With the account's token and SHA-1, or with a key of
    /// its own and SHA-256.
    Twilio,
    /// As Vonage does where the account asks for signed webhooks: every field, sorted, with HMAC. The plain MD5 that is an
    /// account's choice as well proves nothing and is not known here.
    Vonage,
}

/// A report, and what vouches for it. `Debug` is left out: it names people.
#[derive(Clone, Copy)]
pub struct Signed<'a, 'h> {
    /// The whole address that it came to, the query included, as the gateway was told it.
    pub url: &'a str,
    /// What it says.
    pub report: &'a Report<'a>,
    /// Gives a header by its name in lower case.
    pub header: &'a dyn Fn(&str) -> Option<&'h str>,
    /// When it came.
    pub now: DateTime<Utc>,
}

/// Looks up a secret by its name.
type Secrets<'a, 's> = &'a dyn Fn(&str) -> Option<&'s Secret>;

impl Signature {
    const KNOWN: [(&str, Self); 5] = [
        ("none", Self::None),
        ("messagebird", Self::MessageBird),
        ("plivo", Self::Plivo),
        ("twilio", Self::Twilio),
        ("vonage", Self::Vonage),
    ];

    /// Reads the key `signature` of the table `receipts`.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        if table.value("signature").is_none() {
            return Some(Self::None);
        }
        let word = table.text("signature")?;
        let Some((_, signature)) = Self::KNOWN.into_iter().find(|(known, _)| *known == word) else {
            let known = quoted(&Self::KNOWN.map(|(known, _)| known));
            table.problem("signature", format!("`{word}` is no way to sign that is known: write one of {known}"));
            return None;
        };
        let secret = match signature {
            Self::None => return Some(signature),
            Self::Plivo | Self::Twilio => TOKEN,
            Self::MessageBird | Self::Vonage => SIGNING_KEY,
        };
        if signature == Self::Twilio {
            // Not everybody has one.
            table.uses(SIGNING_KEY).ok();
        }
        if let Err(key) = table.uses(secret) {
            table.problem("signature", format!("the secret that signs is missing: set `{key}`"));
        }
        Some(signature)
    }

    /// Whether the gateway signed this report.
    pub(super) fn is_right(self, signed: &Signed<'_, '_>, secret: Secrets<'_, '_>) -> bool {
        let is_right = match self {
            Self::None => Some(true),
            Self::MessageBird => secret(SIGNING_KEY).and_then(|key| messagebird::is_right(signed, key)),
            Self::Plivo => secret(TOKEN).and_then(|token| plivo::is_right(signed, token)),
            Self::Twilio => twilio::is_right(signed, secret),
            Self::Vonage => secret(SIGNING_KEY).and_then(|key| vonage::is_right(signed, key)),
        };
        is_right.unwrap_or(false)
    }
}
