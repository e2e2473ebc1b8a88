//! From an answer to an outcome.
//!
//! What the declaration says comes first. Where it says nothing, an answer that shows that the message was not taken
//! lets us come again, and any other is *unknown*: a server error may have struck after the message was taken, and a
//! success that cannot be read may be somebody else's page.

use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde_json::Value as Json;

use super::retry_after::retry_after;
use super::rule::{MessageId, ReplyRules, Rule};
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

/// Words that are hidden in what is kept of an answer: secrets, and what an answer may repeat of the message.
pub(super) struct Mask {
    words: Vec<String>,
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
    pub(super) fn outcome(&self, rules: &ReplyRules, mask: &Mask, now: DateTime<Utc>) -> Outcome {
        let reply = self.kept(mask);
        let any = |rules: &[Rule]| rules.iter().any(|rule| rule.holds(self));
        if rules.success.holds(self) {
            return self.success(&rules.message_id, reply);
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
            _ if any(&rules.retry_on) => deferred(Obstacle::Recipient),
            // The address or the login is wrong, or the account is empty. That is not the recipient's doing.
            300..=399 | 401..=405 | 407 => deferred(Obstacle::Route { slow_down: false }),
            400..=499 => deferred(Obstacle::Recipient),
            _ => Outcome::Unknown { reply },
        }
    }

    fn success(&self, message_id: &MessageId, reply: String) -> Outcome {
        if matches!(message_id, MessageId::None) {
            return Outcome::Accepted { provider_ref: None, reply };
        }
        match message_id.find(self) {
            Some(id) => Outcome::Accepted { provider_ref: Some(id), reply },
            None => Outcome::Unknown { reply: format!("no message id in the answer: {reply}") },
        }
    }

    /// Status and beginning of the text, without what must not be repeated.
    fn kept(&self, mask: &Mask) -> String {
        let text = match &self.body {
            ReplyBody::Whole(text) => mask.apply(text),
            ReplyBody::Unreadable(why) => format!("({why})"),
        };
        let beginning: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
        format!("{} {beginning}", self.status).chars().take(REPLY_CHARS_MAX).collect()
    }
}

impl Mask {
    /// Hides these words, as they are and as forms and JSON write them. Short words are let be, unless they are
    /// secrets: hiding every `1` would leave nothing to read.
    pub(super) fn of<'a>(secrets: impl Iterator<Item = &'a str>, of_message: impl Iterator<Item = &'a str>) -> Self {
        const CHARS_MIN: usize = 5;
        let of_message = of_message.filter(|word| word.chars().count() >= CHARS_MIN);
        let mut words: Vec<String> =
            secrets.filter(|word| !word.is_empty()).chain(of_message).flat_map(forms).collect();
        // The longest first, so that no part of a word is left over because another one was hidden within it.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words.dedup();
        Self { words }
    }

    /// The text with these words hidden.
    pub(super) fn apply(&self, text: &str) -> String {
        self.words.iter().fold(text.to_owned(), |text, word| text.replace(word, "…"))
    }
}

fn forms(word: &str) -> [String; 4] {
    let in_json = Json::String(word.to_owned()).to_string();
    let in_json = in_json.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(word);
    let in_form: String = form_urlencoded::byte_serialize(word.as_bytes()).collect();
    [word.to_owned(), in_json.to_owned(), in_form.replace('+', "%20"), in_form]
}

#[cfg(test)]
mod tests;
