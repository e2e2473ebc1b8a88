//! Whether a report comes from the gateway, for gateways that sign what they say.
//!
//! **Invariant:** whatever of a report is read was signed: the query stands in the address, a form goes into what is signed
//! field by field, and JSON by the hash that stands in the query.

use std::collections::BTreeSet;

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};

use super::reader::{Reader, quoted};
use super::report::Report;
use crate::config::settings::Secret;

/// The secret that signs unless another one was agreed on.
pub(super) const TOKEN: &str = "token";
/// The secret that was made to sign, and for nothing else.
pub(super) const SIGNING_KEY: &str = "signing_key";

/// How a gateway signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Signature {
    /// Not at all: the link is all that it can know.
    None,
    /// As Twilio does: the address and the sorted fields of the form, in `X-Twilio-Signature`. With the account's token
    /// and SHA-1, or, where `X-Twilio-Webhooks-Signature-Settings` says so, with a key of its own and SHA-256.
    Twilio,
}

/// Looks up a header by its name in lower case.
type Headers<'a, 'h> = &'a dyn Fn(&str) -> Option<&'h str>;
/// Looks up a secret by its name.
type Secrets<'a, 's> = &'a dyn Fn(&str) -> Option<&'s Secret>;

impl Signature {
    /// Reads the key `signature` of the table `receipts`.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        const KINDS: [&str; 2] = ["none", "twilio"];
        if table.value("signature").is_none() {
            return Some(Self::None);
        }
        match table.text("signature")? {
            "none" => Some(Self::None),
            "twilio" => {
                // Not everybody has one.
                table.uses(SIGNING_KEY).ok();
                if let Err(key) = table.uses(TOKEN) {
                    table.problem("signature", format!("the secret that signs is missing: set `{key}`"));
                }
                Some(Self::Twilio)
            }
            word => {
                let known = quoted(&KINDS);
                table.problem("signature", format!("`{word}` is no way to sign that is known: write one of {known}"));
                None
            }
        }
    }

    /// Whether the gateway signed this report, which came to `url`, the query included.
    pub(super) fn is_right(
        self,
        url: &str,
        report: &Report<'_>,
        header: Headers<'_, '_>,
        secret: Secrets<'_, '_>,
    ) -> bool {
        match self {
            Self::None => true,
            Self::Twilio => is_of_twilio(url, report, header, secret).unwrap_or(false),
        }
    }
}

fn is_of_twilio(url: &str, report: &Report<'_>, header: Headers<'_, '_>, secret: Secrets<'_, '_>) -> Option<bool> {
    let given = BASE64.decode(header("x-twilio-signature")?.trim().as_bytes()).ok()?;
    let settings = header("x-twilio-webhooks-signature-settings").filter(|settings| !settings.trim().is_empty());
    let (algorithm, secret) = match settings {
        None => (hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret(TOKEN)?),
        Some(settings) => (algorithm(settings)?, secret(SIGNING_KEY)?),
    };
    if let Some(json) = report.json_body() {
        let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, json).as_ref());
        if !report.in_query("bodySHA256")?.eq_ignore_ascii_case(&hash) {
            return Some(false);
        }
    }
    let fields: BTreeSet<_> = report.form().iter().collect();
    let fields: String = fields.into_iter().flat_map(|(name, value)| [name.as_str(), value]).collect();
    let key = hmac::Key::new(algorithm, secret.expose().as_bytes());
    let is_over = |url: String| hmac::verify(&key, (url + &fields).as_bytes(), &given).is_ok();
    // It is not said anywhere whether the port goes into what is signed.
    Some(with_and_without_port(url)?.into_iter().any(is_over))
}

/// Reads `key=webhooks_sharedkey_…,algorithm=HMAC_SHA256`.
fn algorithm(settings: &str) -> Option<hmac::Algorithm> {
    let mut parts = settings.split(',').filter_map(|part| part.split_once('='));
    match parts.find(|(name, _)| name.trim() == "algorithm").map_or("HMAC_SHA1", |(_, value)| value.trim()) {
        "HMAC_SHA256" => Some(hmac::HMAC_SHA256),
        "HMAC_SHA1" => Some(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY),
        _ => None,
    }
}

fn with_and_without_port(url: &str) -> Option<[String; 2]> {
    let (scheme, rest) = url.split_once("://")?;
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let usual = if scheme == "https" { "443" } else { "80" };
    let is_port = |port: &str| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if is_port(port) => (host, port),
        _ => (authority, usual),
    };
    Some([format!("{scheme}://{host}{path}"), format!("{scheme}://{host}:{port}{path}")])
}

#[cfg(test)]
mod tests;
