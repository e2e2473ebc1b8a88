//! From an answer to an outcome.
//!
//! What the declaration says comes first. Where it says nothing, an answer that shows that the message was not taken
//! lets us come again, and any other is *unknown*: a server error may have struck after the message was taken, and a
//! success that cannot be read may be somebody else's page.

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value as Json;

use super::mask::Mask;
use super::retry_after::retry_after;
use super::rule::{InAnswer, ReplyRules, Rule};
use crate::domain::attempt::{Obstacle, Outcome, REPLY_CHARS_MAX};

/// An answer of a gateway.
pub(super) struct Reply {
    /// Its HTTP status.
    pub(super) status: u16,
    headers: HeaderMap,
    body: ReplyBody,
    json: Option<Json>,
}

/// What an answer carries.
pub(super) enum ReplyBody {
    /// All of it.
    Whole(String),
    /// It broke off, or is longer than anything that would be read.
    Unreadable(String),
}

impl Reply {
    /// An answer.
    pub(super) fn of(status: u16, headers: HeaderMap, body: ReplyBody) -> Self {
        let json = match &body {
            ReplyBody::Whole(text) => serde_json::from_str(text).ok(),
            ReplyBody::Unreadable(_) => None,
        };
        Self { status, headers, body, json }
    }

    /// Its text, if all of it came.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.body {
            ReplyBody::Whole(text) => Some(text),
            ReplyBody::Unreadable(_) => None,
        }
    }

    /// Its text read as JSON, if it is that.
    pub(super) fn json(&self) -> Option<&Json> {
        self.json.as_ref()
    }

    /// A header, if it is there and is text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What the answer does to the message.
    pub(super) fn outcome(&self, rules: &ReplyRules, mask: &Mask<'_>, now: DateTime<Utc>) -> Outcome {
        let reply = self.kept(mask);
        let any = |rules: &[Rule]| rules.iter().any(|rule| rule.holds(self));
        if rules.success.holds(self) {
            return self.success(rules, reply);
        }
        if any(&rules.dead_on) {
            return Outcome::Refused { reply, address_dead: true };
        }
        if any(&rules.permanent_on) {
            return Outcome::Refused { reply, address_dead: false };
        }
        let not_before = self.header(RETRY_AFTER.as_str()).and_then(|value| retry_after(value, now));
        let deferred = |obstacle| Outcome::Deferred { not_before, reply: reply.clone(), obstacle };
        match self.status {
            429 => deferred(Obstacle::Route { slow_down: true }),
            503 => deferred(Obstacle::Route { slow_down: false }),
            _ if any(&rules.throttled_on) => deferred(Obstacle::Route { slow_down: true }),
            _ if any(&rules.account_on) => deferred(Obstacle::Route { slow_down: false }),
            _ if any(&rules.retry_on) => deferred(Obstacle::Recipient),
            // The address or the login is wrong, or the account is empty. That is not the recipient's doing.
            300..=399 | 401..=405 | 407 => deferred(Obstacle::Route { slow_down: false }),
            400..=499 => deferred(Obstacle::Recipient),
            _ => Outcome::Unknown { reply },
        }
    }

    fn success(&self, ReplyRules { message_id, segments, .. }: &ReplyRules, reply: String) -> Outcome {
        // What is no number that a message could have says nothing.
        let n_segments = segments.find(self).and_then(|number| number.parse().ok()).filter(|n| *n > 0);
        if matches!(message_id, InAnswer::None) {
            return Outcome::Accepted { provider_ref: None, n_segments, reply };
        }
        match message_id.find(self) {
            Some(id) => Outcome::Accepted { provider_ref: Some(id), n_segments, reply },
            None => Outcome::Unknown { reply: format!("no message id in the answer: {reply}") },
        }
    }

    /// Status and beginning of the text, without what must not be repeated.
    fn kept(&self, mask: &Mask<'_>) -> String {
        let text = match &self.body {
            ReplyBody::Whole(text) => mask.apply(text),
            ReplyBody::Unreadable(why) => format!("({why})"),
        };
        let mut kept = format!("{} ", self.status);
        for piece in text.split_whitespace().flat_map(|word| [" ", word]).skip(1) {
            kept.push_str(piece);
            // A character has at most four bytes.
            if kept.len() >= 4 * REPLY_CHARS_MAX {
                break;
            }
        }
        let end = kept.char_indices().nth(REPLY_CHARS_MAX).map_or(kept.len(), |(end, _)| end);
        kept.truncate(end);
        kept
    }
}

#[cfg(test)]
mod tests;
