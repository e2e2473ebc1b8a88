//! SendGrid: many events a post, signed with a key of the account's own (ECDSA on P-256).
//!
//! The signature is over the time and the whole body, so a post that somebody else repeats says what it said, and nothing
//! comes of that.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::BASE64;
use serde_json::Value;

use super::{Doubt, Meaning, NAME, Provider, Told, bounced, claims, class, is_of_now, kept_from_them, receipt, text};
use crate::domain::receipt::{Bounce, News};
use crate::domain::status_code::StatusCode;

/// Its `unique_args` come back in every event, and the field does not go on to the recipient.
pub(super) const FIELD: &str = "X-SMTPAPI";
/// The header of the signature.
pub const SIGNATURE: &str = "x-twilio-email-event-webhook-signature";
/// The header of the time that was signed.
pub const TIMESTAMP: &str = "x-twilio-email-event-webhook-timestamp";
/// SendGrid tries for a day, and does not say that it signs anew each time.
const AGE_MAX: TimeDelta = TimeDelta::hours(25);

/// The key that SendGrid shows where signing is switched on.
#[derive(Clone)]
pub struct VerificationKey(ParsedPublicKey);

impl VerificationKey {
    /// Reads the key as SendGrid shows it: base 64 of a `SubjectPublicKeyInfo` (RFC 5480).
    pub fn parse(given: &str) -> Result<Self, String> {
        let like = "copy the verification key as SendGrid shows it; it begins with `MFkwEwYHKoZIzj0CAQYI`";
        let bytes = BASE64.decode(given.trim().as_bytes()).map_err(|_| format!("this is not base 64; {like}"))?;
        let key = ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, bytes);
        key.map(Self).map_err(|_| format!("this is no public key on P-256; {like}"))
    }
}

impl std::fmt::Debug for VerificationKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerificationKey(…)")
    }
}

/// Whether SendGrid signed this body, and lately.
pub fn check(
    key: &VerificationKey,
    (signature, timestamp): (Option<&str>, Option<&str>),
    body: &[u8],
    now: DateTime<Utc>,
) -> Result<(), Doubt> {
    let (signature, timestamp) = signature.zip(timestamp).ok_or(Doubt::Unsigned)?;
    let signature = BASE64.decode(signature.trim().as_bytes()).map_err(|_| Doubt::Unsigned)?;
    let at = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(Doubt::Unsigned)?;
    let signed = [timestamp.as_bytes(), body].concat();
    key.0.verify_sig(&signed, &signature).map_err(|_| Doubt::Signature)?;
    if is_of_now(at, now, AGE_MAX) { Ok(()) } else { Err(Doubt::Stale) }
}

/// What an event says: <https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event>.
pub fn told(event: &Value) -> Told {
    let meaning = match text(event, &["event"]) {
        "delivered" => Meaning::News(receipt(Provider::Sendgrid, News::Delivered, text(event, &["response"]))),
        "bounce" => bounce(event),
        "dropped" => dropped(event),
        "spamreport" => Meaning::News(receipt(Provider::Sendgrid, News::Complained, "spam report")),
        "unsubscribe" | "group_unsubscribe" => Meaning::OptOut { kept_from_them: None },
        "" => return Told::unreadable(),
        // It is under way, was opened or clicked, or the account changed.
        _ => Meaning::Nothing,
    };
    // Unique arguments stand among the fields of the event, and `smtp-id` is the Message-ID that we gave.
    let token = [text(event, &[NAME]), text(event, &["unique_args", NAME])].into_iter().find(|token| !token.is_empty());
    Told { claims: claims(token.unwrap_or_default(), &[text(event, &["smtp-id"])]), meaning }
}

/// A `bounce` that is of the type `blocked` may arrive another time; SendGrid makes a note of the address only without.
fn bounce(event: &Value) -> Meaning {
    let reason = text(event, &["reason"]);
    let says = match text(event, &["bounce_classification"]) {
        "Content" | "Reputation" => Bounce::Policy,
        "Frequency or Volume Too High" | "Mailbox Unavailable" | "Technical Failure" => Bounce::Soft,
        _ if text(event, &["type"]) == "blocked" => Bounce::Soft,
        _ => Bounce::Hard,
    };
    let exact = StatusCode::of_field(text(event, &["status"])).filter(|code| code.is_exact());
    bounced(Provider::Sendgrid, class(says, exact.or_else(|| StatusCode::of_sentence(reason))), reason)
}

/// SendGrid did not even try.
fn dropped(event: &Value) -> Meaning {
    let reason = text(event, &["reason"]);
    let begins = |start: &str| reason.get(..start.len()).is_some_and(|found| found.eq_ignore_ascii_case(start));
    if begins("unsubscribed") || begins("spam reporting") || begins("group unsubscribed") {
        return kept_from_them(Provider::Sendgrid, reason);
    }
    let is_dead = begins("bounced") || begins("invalid");
    // "Invalid SMTPAPI header" is about us.
    let class = if is_dead && !begins("invalid smtpapi") { Bounce::Hard } else { Bounce::Policy };
    bounced(Provider::Sendgrid, class, reason)
}
