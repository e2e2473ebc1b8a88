//! Mailgun: one event a post; signed are a time and a token, and not the event (HMAC-SHA256).
//!
//! So whoever sees one post could put another event beside its signature. That is why a token counts once ([`Seen`]); and an
//! event still has to name a message by what only those know who had it.

use std::collections::BTreeSet;

use aws_lc_rs::{digest, hmac};
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER_PERMISSIVE;
use serde::Deserialize;
use serde_json::Value;

use super::{Doubt, Meaning, NAME, Provider, Told, bounced, claims, class, is_of_now, kept_from_them, receipt, text};
use crate::domain::receipt::{Bounce, News};
use crate::domain::status_code::StatusCode;

/// What stands in it comes back as `user-variables`.
pub(super) const FIELD: &str = "X-Mailgun-Variables";
/// Mailgun tries for eight hours, and does not say that it signs anew each time.
const AGE_MAX: TimeDelta = TimeDelta::hours(9);
/// Tokens that are remembered: ten a second for as long as one may be old, at some 40 bytes each.
const SEEN_MAX: usize = 400_000;

/// As much of a post as is read before it is known to be Mailgun's.
#[derive(Deserialize)]
struct Post {
    signature: Signature,
}

#[derive(Deserialize)]
struct Signature {
    timestamp: String,
    token: String,
    #[serde(rename = "signature")]
    tag: String,
    /// By the account, where the event is one of an account below it.
    #[serde(rename = "parent-signature")]
    parent: Option<String>,
}

/// What Mailgun signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signed {
    at: DateTime<Utc>,
    /// Of the token, which may be as long as it likes.
    hash: [u8; 16],
}

/// Whether Mailgun signed this post, and lately. Gives what has to be [noted](Seen::note) once the post was heard.
pub fn check(key: &str, body: &[u8], now: DateTime<Utc>) -> Result<Signed, Doubt> {
    let Post { signature } = serde_json::from_slice(body).map_err(|_| Doubt::Unsigned)?;
    let Signature { timestamp, token, tag, parent } = signature;
    let at = timestamp.parse().ok().and_then(|seconds| DateTime::from_timestamp(seconds, 0)).ok_or(Doubt::Unsigned)?;
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let signed = timestamp + &token;
    let is_right = |tag: &String| {
        let tag = HEXLOWER_PERMISSIVE.decode(tag.as_bytes());
        tag.is_ok_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
    };
    if !std::iter::once(&tag).chain(&parent).any(is_right) {
        return Err(Doubt::Signature);
    }
    if !is_of_now(at, now, AGE_MAX) {
        return Err(Doubt::Stale);
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(digest::digest(&digest::SHA256, token.as_bytes()).as_ref().split_at(16).0);
    Ok(Signed { at, hash })
}

/// The tokens of posts that were heard, as long as they could come again. A restart forgets them.
#[derive(Debug, Default)]
pub struct Seen {
    tokens: BTreeSet<Signed>,
    /// Up to when everything counts as seen, because more than are remembered were.
    up_to: Option<DateTime<Utc>>,
}

impl Seen {
    /// Whether a post with this signature was heard already.
    pub fn knows(&self, signed: &Signed) -> bool {
        self.up_to.is_some_and(|up_to| signed.at <= up_to) || self.tokens.contains(signed)
    }

    /// Remembers that it was.
    pub fn note(&mut self, signed: Signed, now: DateTime<Utc>) {
        self.note_at_most(SEEN_MAX, signed, now);
    }

    fn note_at_most(&mut self, n_max: usize, signed: Signed, now: DateTime<Utc>) {
        self.tokens.insert(signed);
        while self.tokens.first().is_some_and(|oldest| !is_of_now(oldest.at, now, AGE_MAX)) {
            self.tokens.pop_first();
        }
        if self.tokens.len() > n_max {
            self.up_to = self.tokens.pop_first().map(|oldest| oldest.at);
        }
    }
}

/// What a post says: <https://documentation.mailgun.com/docs/mailgun/user-manual/events/event-types>.
pub fn told(post: &Value) -> Told {
    let event = post.get("event-data").unwrap_or(&Value::Null);
    let reply = reply(event);
    let meaning = match (text(event, &["event"]), text(event, &["severity"])) {
        ("delivered", _) => Meaning::News(receipt(Provider::Mailgun, News::Delivered, reply)),
        ("failed", "permanent") => failed(event, reply),
        ("rejected", _) => bounced(Provider::Mailgun, Bounce::Policy, text(event, &["reject", "reason"])),
        ("complained", _) => Meaning::News(receipt(Provider::Mailgun, News::Complained, "spam complaint")),
        ("unsubscribed", _) => Meaning::OptOut { kept_from_them: None },
        ("", _) => return Told::unreadable(),
        // It is still tried, or was opened or clicked.
        _ => Meaning::Nothing,
    };
    let [token, message_id] = [&["user-variables", NAME][..], &["message", "headers", "message-id"]];
    Told { claims: claims(text(event, token), &[text(event, message_id)]), meaning }
}

fn reply(event: &Value) -> &str {
    let said = [["delivery-status", "message"], ["delivery-status", "description"]].map(|way| text(event, &way));
    said.into_iter().find(|said| !said.is_empty()).unwrap_or_default()
}

/// Mailgun gives up: after a bounce, or without a try because of an earlier one.
fn failed(event: &Value, reply: &str) -> Meaning {
    let reason = text(event, &["reason"]);
    let says = match (reason, text(event, &["delivery-status", "bounce-type"])) {
        ("suppress-unsubscribe" | "suppress-complaint", _) => return kept_from_them(Provider::Mailgun, reason),
        ("suppress-bounce", _) => return bounced(Provider::Mailgun, Bounce::Hard, reason),
        ("espblock", _) => Bounce::Policy,
        (_, "hard") | ("bounce", "") => Bounce::Hard,
        _ => Bounce::Soft,
    };
    let exact = StatusCode::of_field(text(event, &["delivery-status", "enhanced-code"]));
    let code = exact.filter(|code| code.is_exact()).or_else(|| StatusCode::of_sentence(reply));
    bounced(Provider::Mailgun, class(says, code), if reply.is_empty() { reason } else { reply })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-03-04T12:00:00Z".parse().unwrap()
    }

    fn signed(seconds_ago: i64, n: u8) -> Signed {
        Signed { at: now() - TimeDelta::seconds(seconds_ago), hash: [n; 16] }
    }

    fn post(timestamp: &str, signature: &str, parent: Option<&str>) -> Vec<u8> {
        let mut signature = serde_json::json!({ "timestamp": timestamp, "token": "t", "signature": signature });
        signature["parent-signature"] = parent.into();
        serde_json::json!({ "event-data": { "event": "delivered" }, "signature": signature }).to_string().into_bytes()
    }

    #[test]
    fn a_post_is_signed_with_the_key_of_the_account_or_of_the_one_above() {
        let timestamp = now().timestamp().to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"key");
        let right = HEXLOWER_PERMISSIVE.encode(hmac::sign(&key, format!("{timestamp}t").as_bytes()).as_ref());
        let wrong = right.replace(|c: char| c.is_ascii_digit(), "a");
        let check = |timestamp: &str, signature: &str, parent| {
            check("key", &post(timestamp, signature, parent), now()).map(|signed| signed.at)
        };
        assert_eq!(check(&timestamp, &right, None), Ok(now()));
        assert_eq!(check(&timestamp, &right.to_uppercase(), None), Ok(now()));
        assert_eq!(check(&timestamp, &wrong, Some(&right)), Ok(now()));
        assert_eq!(check(&timestamp, &wrong, None), Err(Doubt::Signature));
        assert_eq!(check(&timestamp, "", None), Err(Doubt::Signature));
        assert_eq!(check(&format!("{timestamp}0"), &right, None), Err(Doubt::Signature));
        assert_eq!(check("soon", &right, None), Err(Doubt::Unsigned));
        assert_eq!(super::check("key", b"{}", now()), Err(Doubt::Unsigned));
    }

    #[test]
    fn a_token_counts_once_and_is_forgotten_when_it_is_too_old_anyway() {
        let mut seen = Seen::default();
        assert!(!seen.knows(&signed(0, 1)));
        seen.note(signed(0, 1), now());
        assert!(seen.knows(&signed(0, 1)) && !seen.knows(&signed(0, 2)) && !seen.knows(&signed(1, 1)));
        seen.note(signed(-36_000, 2), now() + TimeDelta::hours(10));
        assert_eq!(seen.tokens.len(), 1);
    }

    #[test]
    fn where_more_come_than_are_remembered_the_oldest_count_as_seen() {
        let mut seen = Seen::default();
        for (seconds_ago, n) in [(30, 1), (10, 2), (20, 3), (5, 4)] {
            seen.note_at_most(3, signed(seconds_ago, n), now());
        }
        assert_eq!(seen.tokens.len(), 3);
        assert!(seen.knows(&signed(30, 1)) && seen.knows(&signed(31, 9)) && !seen.knows(&signed(29, 9)));
    }
}
