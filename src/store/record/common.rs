//! The small parts that several records share.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::domain::answer::Completeness;
use crate::domain::journey::{Channel, StepKind, When};
use crate::domain::language::Language;

/// What is wrong with a part of a record.
pub(super) type Wrong = String;

pub(super) fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

pub(super) fn instant(micros: i64) -> Result<DateTime<Utc>, Wrong> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| format!("{micros} is no time"))
}

pub(super) fn span(micros: i64) -> TimeDelta {
    TimeDelta::microseconds(micros)
}

pub(super) fn span_micros(span: TimeDelta) -> i64 {
    span.num_microseconds().unwrap_or(i64::MAX)
}

pub(super) fn zone(name: &str) -> Result<Tz, Wrong> {
    name.parse().map_err(|_| format!("`{name}` is no time zone of this build"))
}

pub(super) fn language(tag: &str) -> Result<Language, Wrong> {
    Language::parse(tag).map_err(|err| err.to_string())
}

pub(super) fn id<T>(read: Result<T, crate::domain::id::IdError>) -> Result<T, Wrong> {
    read.map_err(|err| err.to_string())
}

/// An enum's stored form: the same variants in the same order, for ever.
macro_rules! stored_enum {
    ($name:ident for $domain:ty { $($variant:ident),* $(,)? }) => {
        #[derive(Clone, Copy, Serialize, Deserialize)]
        pub(super) enum $name {
            $($variant),*
        }

        impl From<$domain> for $name {
            fn from(domain: $domain) -> Self {
                match domain {
                    $(<$domain>::$variant => Self::$variant),*
                }
            }
        }

        impl From<$name> for $domain {
            fn from(stored: $name) -> Self {
                match stored {
                    $($name::$variant => Self::$variant),*
                }
            }
        }
    };
}
pub(super) use stored_enum;

stored_enum!(ChannelV1 for Channel { Email, Sms });
stored_enum!(StepKindV1 for StepKind { Initial, Reminder, Fallback });
stored_enum!(WhenV1 for When { Undelivered, Silent, Either });
stored_enum!(CompletenessV1 for Completeness { Started, Partial, Complete });
