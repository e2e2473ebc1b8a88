//! An event: a fact from the caller's systems.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};

use super::id::{BranchId, ContactId, EventId};

/// Most fields of an event's data.
pub const FIELDS_MAX: usize = 64;
/// Longest text in an event's data, in bytes.
pub const FIELD_BYTES_MAX: usize = 1_000;

/// Something that happened to a contact. `Debug` leaves the data out.
#[derive(Clone, PartialEq)]
pub struct Event {
    /// The caller's id. The same id again is the same event.
    pub id: EventId,
    /// What happened, such as `visit.completed`.
    pub kind: String,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// To whom.
    pub contact: ContactId,
    /// Where.
    pub branch: Option<BranchId>,
    /// What else is known of it.
    pub data: BTreeMap<String, Value>,
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

/// One field of an event's data.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Flag(bool),
}

/// What a field must be for a stage to apply: all that is given must hold.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Condition {
    /// The field's name.
    pub field: String,
    /// The number must be at least this.
    pub min: Option<f64>,
    /// The number must be at most this.
    pub max: Option<f64>,
    /// The value must be one of these; empty means any.
    pub any_of: Vec<Value>,
    /// The value may be none of these.
    pub none_of: Vec<Value>,
}

impl Condition {
    /// Whether the event's data meets the condition. A missing field meets only `none_of`.
    pub fn holds(&self, data: &BTreeMap<String, Value>) -> bool {
        let value = data.get(&self.field);
        let number = match value {
            Some(Value::Number(number)) => Some(*number),
            Some(Value::Text(_) | Value::Flag(_)) | None => None,
        };
        let at_least = self.min.is_none_or(|min| number.is_some_and(|n| n >= min));
        let at_most = self.max.is_none_or(|max| number.is_some_and(|n| n <= max));
        let among = self.any_of.is_empty() || value.is_some_and(|value| self.any_of.contains(value));
        let apart = value.is_none_or(|value| !self.none_of.contains(value));
        at_least && at_most && among && apart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(condition: Condition, value: Option<Value>, expected: bool) {
        let data = value.map(|value| ("covers".to_owned(), value)).into_iter().collect();
        let condition = Condition { field: "covers".to_owned(), ..condition };
        assert_eq!(condition.holds(&data), expected, "{condition:?} {data:?}");
    }

    #[test]
    fn conditions_hold_on_what_the_event_says_and_fail_on_what_it_does_not() {
        let at_least_two = || Condition { min: Some(2.0), ..Condition::default() };
        check(at_least_two(), Some(Value::Number(2.0)), true);
        check(at_least_two(), Some(Value::Number(1.0)), false);
        check(at_least_two(), Some(Value::Text("2".to_owned())), false);
        check(at_least_two(), None, false);
        let only_yes = || Condition { any_of: vec![Value::Flag(true)], ..Condition::default() };
        check(only_yes(), Some(Value::Flag(true)), true);
        check(only_yes(), None, false);
        let not_takeaway = || Condition { none_of: vec![Value::Text("takeaway".to_owned())], ..Condition::default() };
        check(not_takeaway(), None, true);
        check(not_takeaway(), Some(Value::Text("takeaway".to_owned())), false);
    }
}
