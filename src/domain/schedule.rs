//! When a cron schedule fires, on the wall clock of a zone.
//!
//! The dialect: five fields (minute, hour, day of month, month, day of week), six with seconds first, seven with a year
//! (1970 to 2100) last. A field is `*`, a number, a name (months and weekdays), a range, a step (`*/15`, `9-17/2`,
//! `5/10` up to the end) or a list of these. Sunday is 0 and 7, Monday is 1; a range of weekdays may wrap (`Fri-Mon`).
//! `?` stands for `*` in both day fields. As in Vixie cron a schedule that restricts both day fields (neither begins
//! with `*`) fires on days that match *either*. There is no `L`, `W`, `#` or `@daily`.
//!
//! Two kinds of schedule meet a clock change differently. One with a fixed hour (`30 2 * * *`) means a *civil time*:
//! in a gap it fires once, at the first valid instant after the gap, and in an overlap once, at the first occurrence.
//! One whose hour field begins with `*` (`*/30 * * * *`) means an *interval* and follows real time: it fires in both
//! passes of an overlap and skips times that never happen.
//!
//! The `cron` crate finds the local times, on a clock that never jumps. Run on a zone directly it would drop a fire in
//! a gap and double one in an overlap, and its weekdays count from 1 = Sunday, so fields are read and translated here.

mod fields;

use std::fmt;
use std::iter::successors;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, SecondsFormat, TimeDelta, Utc};
use chrono_tz::Tz;
use thiserror::Error;

use super::civil::{first_instant, first_shown, local_time};

/// The longest expression that is read, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 256;

/// The `cron` crate knows the years from 1970, so every fire comes after this local time, ...
const BEFORE_ALL: NaiveDateTime = NaiveDate::from_ymd_opt(1969, 12, 31).expect("a date").and_time(NaiveTime::MIN);

/// ... up to this one.
const YEAR_MAX: i32 = 2100;

/// A cron schedule that fires at least once between 1970 and 2100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    expression: String,
    /// One schedule, or two of which the earlier fires.
    either: Vec<cron::Schedule>,
    pace: Pace,
}

/// What a schedule means when the clock changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// A time of day: happens once.
    CivilTime,
    /// An interval: happens as often as the wall clock shows it.
    RealTime,
}

/// One fire of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fire {
    /// The name of this fire, unique within its schedule and zone: the key that makes a fire idempotent.
    ///
    /// For a civil time the local time as written in the schedule, `2026-03-29T02:30:00`, also when the clock skips
    /// it. For an interval the local time with its offset, `2026-10-25T02:30:00+02:00`, since it can happen twice.
    pub nominal: String,
    /// When it fires.
    pub at: DateTime<Utc>,
}

/// Why a text is no schedule, or a schedule is of no use.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ScheduleError {
    /// The expression is longer than [`EXPRESSION_BYTES_MAX`].
    #[error("the cron expression has {n} bytes: at most {EXPRESSION_BYTES_MAX} are read")]
    TooLong {
        /// The bytes found.
        n: usize,
    },
    /// Not five, six or seven fields.
    #[error(
        "`{expression}` has {n} fields: write 5 (minute hour day-of-month month day-of-week), 6 with seconds first, or 7 \
         with the year last"
    )]
    Fields {
        /// The whole expression.
        expression: String,
        /// The fields found.
        n: usize,
    },
    /// A field has a value that it cannot have.
    #[error("`{expression}` has `{value}` as {field}: {expected}")]
    Value {
        /// The whole expression.
        expression: String,
        /// The name of the field.
        field: &'static str,
        /// The part of the field that is wrong.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// The day does not exist in any of the months and years.
    #[error("`{expression}` never fires: no year has such a day")]
    NeverFires {
        /// The whole expression.
        expression: String,
    },
    /// The `cron` crate refused what passed our own check.
    #[error("`{expression}` cannot be scheduled: {reason}")]
    Refused {
        /// The whole expression.
        expression: String,
        /// What the crate said.
        reason: String,
    },
    /// The next fire is more than a year away, so that nobody would notice a mistake.
    #[error("`{expression}` fires next at {at}, more than a year away: a schedule fires at least once a year")]
    TooFar {
        /// The whole expression.
        expression: String,
        /// The next fire.
        at: DateTime<Utc>,
    },
    /// There is no fire left.
    #[error("`{expression}` does not fire any more after {after}")]
    Over {
        /// The whole expression.
        expression: String,
        /// Where the search began.
        after: DateTime<Utc>,
    },
}

impl Schedule {
    /// Reads a cron expression in the dialect described in this module.
    pub fn parse(expression: &str) -> Result<Self, ScheduleError> {
        if expression.len() > EXPRESSION_BYTES_MAX {
            return Err(ScheduleError::TooLong { n: expression.len() });
        }
        let expression = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let fields = fields::Fields::parse(&expression)?;
        let pace = if fields.hour_is_open { Pace::RealTime } else { Pace::CivilTime };
        let either = fields.canonical().iter().map(|text| text.parse()).collect::<Result<Vec<_>, _>>().map_err(
            |err: cron::error::Error| ScheduleError::Refused {
                expression: expression.clone(),
                reason: err.to_string(),
            },
        )?;
        let schedule = Self { expression, either, pace };
        if schedule.local_after(BEFORE_ALL).is_none() {
            return Err(ScheduleError::NeverFires { expression: schedule.expression });
        }
        Ok(schedule)
    }

    /// The next fire strictly after `instant`, `None` when there is none up to the year 2100.
    ///
    /// Civil times that fall into one gap share its end and fire together, once, under the name of the first.
    pub fn after(&self, tz: Tz, instant: DateTime<Utc>) -> Option<Fire> {
        match self.pace {
            Pace::CivilTime => {
                let start = self.local_after(local_time(tz, instant));
                // Times of an overlap's second pass have already fired in the first, hence the search.
                successors(start, |local| self.local_after(*local))
                    .map(|local| (local, first_instant(tz, local)))
                    .find(|(_, at)| *at > instant)
                    .map(|(local, at)| Fire { nominal: local.format("%Y-%m-%dT%H:%M:%S").to_string(), at })
            }
            Pace::RealTime => {
                let tick = TimeDelta::nanoseconds(1);
                let from = instant.checked_add_signed(tick)?;
                let at = first_shown(tz, from, |local| self.local_after(local.checked_sub_signed(tick)?))?;
                Some(Fire { nominal: at.with_timezone(&tz).to_rfc3339_opts(SecondsFormat::Secs, false), at })
            }
        }
    }

    /// When the fire of that name was, on the wall clock of this zone; `None` when it names none.
    pub fn instant_of(&self, tz: Tz, nominal: &str) -> Option<DateTime<Utc>> {
        match self.pace {
            Pace::CivilTime => {
                let local = NaiveDateTime::parse_from_str(nominal, "%Y-%m-%dT%H:%M:%S").ok()?;
                Some(first_instant(tz, local))
            }
            Pace::RealTime => DateTime::parse_from_rfc3339(nominal).ok().map(|at| at.to_utc()),
        }
    }

    /// The fires in `[from, until)`, in order, at most `at_most` of them.
    pub fn fires(&self, tz: Tz, from: DateTime<Utc>, until: DateTime<Utc>, at_most: usize) -> Vec<Fire> {
        let before = from.checked_sub_signed(TimeDelta::nanoseconds(1)).unwrap_or(from);
        successors(self.after(tz, before), |fire| self.after(tz, fire.at))
            .take_while(|fire| fire.at < until)
            .take(at_most)
            .collect()
    }

    /// The next fire after `now`, or an error when it is more than 366 days away or will never come.
    pub fn first_fire_within_a_year(&self, tz: Tz, now: DateTime<Utc>) -> Result<Fire, ScheduleError> {
        let expression = || self.expression.clone();
        let fire = self.after(tz, now).ok_or_else(|| ScheduleError::Over { expression: expression(), after: now })?;
        if fire.at - now > TimeDelta::days(366) {
            return Err(ScheduleError::TooFar { expression: expression(), at: fire.at });
        }
        Ok(fire)
    }

    /// The first scheduled local time strictly after `local`, on a clock that never jumps.
    fn local_after(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        if local.year() > YEAR_MAX {
            return None;
        }
        // The crate counts years without a sign, so it must not be asked about times before its first one.
        let local = local.max(BEFORE_ALL).and_utc();
        self.either.iter().filter_map(|schedule| schedule.after(&local).next()).min().map(|at| at.naive_utc())
    }
}

/// The expression as it was given, with single spaces.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.expression)
    }
}

#[cfg(test)]
mod changes;
#[cfg(test)]
mod tests;
