//! The address and the sorted fields of the form, in `X-Twilio-Signature`.
//!
//! With the account's token and SHA-1, or, where `X-Twilio-Webhooks-Signature-Settings` says so, with a key of its own and
//! SHA-256. The query stands in the address, a form goes in field by field, and JSON by the hash that stands in the query.

use std::collections::BTreeSet;

use aws_lc_rs::{digest, hmac};
use data_encoding::{BASE64, HEXLOWER};

use super::{SIGNING_KEY, Secrets, Signed, TOKEN};

/// Whether Twilio signed it; `None` where it is not signed as Twilio signs.
pub(super) fn is_right(signed: &Signed<'_, '_>, secret: Secrets<'_, '_>) -> Option<bool> {
    let Signed { url, report, header, now: _ } = signed;
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
