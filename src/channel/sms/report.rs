//! What a gateway reports of a message later, and what of it counts, as its declaration says it under `[receipts]`.

use toml::Value;

use super::place::{Place, Report};
use super::reader::{Reader, quoted};
use super::signature::Signature;
use crate::domain::receipt::{Bounce, News, Receipt};

/// Every key of the table.
const KEYS: [&str; 8] = ["state", "delivered", "failed", "code", "dead_on", "policy_on", "reply", "signature"];

/// What a gateway's reports mean.
#[derive(Clone, Debug)]
pub(super) struct ReportRules {
    state: Place,
    delivered: Vec<String>,
    failed: Vec<String>,
    code: Option<Place>,
    dead_on: Vec<String>,
    policy_on: Vec<String>,
    reply: Option<Place>,
    pub(super) signature: Signature,
}

/// Why a report cannot be read. It says nothing of what was in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// The state of the message does not stand where the declaration says.
    #[error("there is no state in it: `receipts.state` of the gateway says that it stands in the {place}")]
    NoState {
        /// Where it ought to stand.
        place: String,
    },
}

impl ReportRules {
    /// Reads the table `receipts`, if it is there.
    pub(super) fn read(table: &Reader<'_>) -> Option<Self> {
        let table = table.table("receipts")?;
        table.allow_keys(&KEYS);
        if table.value("state").is_none() {
            table.problem_here(
                "there is no `state`: say where it stands in a report, like `state = { query = \"st\" }`",
            );
        }
        let state = Place::read(&table, "state");
        let words = |key| read_words(&table, key);
        let (delivered, failed) = (words("delivered"), words("failed"));
        if delivered.is_empty() && failed.is_empty() {
            table.problem_here("no state means anything: write those of arrived messages into `delivered = [ … ]`, those of lost ones into `failed = [ … ]`");
        }
        only_in_one(&table, ("delivered", &delivered), ("failed", &failed));
        let (dead_on, policy_on) = (words("dead_on"), words("policy_on"));
        only_in_one(&table, ("dead_on", &dead_on), ("policy_on", &policy_on));
        let code = Place::read(&table, "code");
        for (key, codes) in [("dead_on", &dead_on), ("policy_on", &policy_on)] {
            if table.value("code").is_none() && !codes.is_empty() {
                table.problem(
                    key,
                    "it is not said where a code stands: write for example `code = { form = \"ErrorCode\" }`",
                );
            }
        }
        let (reply, signature) = (Place::read(&table, "reply"), Signature::read(&table));
        Some(Self { state: state?, delivered, failed, code, dead_on, policy_on, reply, signature: signature? })
    }

    /// What a report of the gateway `source` says of its message; `None` when that is nothing that would count.
    pub(super) fn receipt(&self, report: &Report<'_>, source: &str) -> Result<Option<Receipt>, ReportError> {
        let Some(state) = self.state.find(report) else {
            return Err(ReportError::NoState { place: self.state.shown() });
        };
        let found = |place: &Option<Place>| place.as_ref().and_then(|place| place.find(report));
        Ok(self.receipt_of((state, found(&self.code), found(&self.reply)), source))
    }

    /// What a state and a code say of a message, with what else was said.
    pub(super) fn receipt_of(
        &self,
        (state, code, reply): (String, Option<String>, Option<String>),
        source: &str,
    ) -> Option<Receipt> {
        let news = if self.delivered.contains(&state) {
            News::Delivered
        } else if self.failed.contains(&state) {
            News::Bounced(self.class(code.as_deref()))
        } else {
            return None;
        };
        let said: Vec<String> = [Some(state), code, reply].into_iter().flatten().collect();
        Some(Receipt::of(news, source, &said.join(" ")))
    }

    fn class(&self, code: Option<&str>) -> Bounce {
        let is_among = |codes: &[String]| code.is_some_and(|code| codes.iter().any(|known| known == code));
        if is_among(&self.dead_on) {
            Bounce::Hard
        } else if is_among(&self.policy_on) {
            Bounce::Policy
        } else {
            Bounce::Soft
        }
    }
}

/// States and codes, which people write as texts or as numbers.
fn read_words(table: &Reader<'_>, key: &str) -> Vec<String> {
    let read = |value: &Value| {
        let word = value.as_str().map(str::to_owned).or_else(|| value.as_integer().map(|number| number.to_string()));
        let word = word.filter(|word| !word.is_empty());
        if word.is_none() {
            table.wrong_type(key, value, "texts or whole numbers, like `[\"undelivered\", 30005]`");
        }
        word
    };
    table.list(key).unwrap_or_default().iter().filter_map(read).collect()
}

fn only_in_one(table: &Reader<'_>, (key, words): (&str, &[String]), (other, others): (&str, &[String])) {
    let both: Vec<_> = words.iter().filter(|word| others.contains(word)).map(String::as_str).collect();
    if !both.is_empty() {
        table.problem(other, format!("{} stands in `{key}` as well: leave it in one of the two", quoted(&both)));
    }
}

#[cfg(test)]
mod tests;
