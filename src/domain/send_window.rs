//! Moves a send time out of a contact's quiet hours, and tells whether a branch is open.
//!
//! A window is a span of wall-clock time on some weekdays, where the contact lives: an instant is inside when the
//! clock there shows a time inside. So nobody is woken because of a clock change: where a gap swallows the start, the
//! window opens at the first valid instant after the gap, if the clock then still shows a time inside; in an overlap
//! each time counts in both passes.

mod days;
mod hours;

use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDateTime, Timelike, Utc};
use chrono_tz::Tz;
use thiserror::Error;

pub use days::DaySet;
use hours::Hours;

use super::civil::{first_shown, local_time};

/// The most spans that opening hours may have.
pub const SPANS_MAX: usize = 100;

/// A span of wall-clock time on some weekdays, `[from, until)`.
///
/// A window that ends at or before the time it starts runs over midnight and belongs to the day on which it starts:
/// `20:00-02:00` on `Fri` ends on Saturday at two. A window is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SendWindow {
    hours: Hours,
    days: DaySet,
}

/// When a branch is open: the union of some windows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpeningHours {
    windows: Vec<SendWindow>,
}

/// Why a text is no window.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum WindowError {
    /// Not two times with a `-` between them.
    #[error("`{value}` is no span of hours: write it like 10:00-20:00")]
    Hours {
        /// The span as written.
        value: String,
    },
    /// One end is no time of day.
    #[error("`{time}` in `{value}` is no time of day: write 00:00 to 23:59, or 24:00 as the end")]
    Time {
        /// The span as written.
        value: String,
        /// The end that is wrong.
        time: String,
    },
    /// Both ends are the same.
    #[error("`{value}` is empty: write 00:00-24:00 for the whole day")]
    Empty {
        /// The span as written.
        value: String,
    },
    /// A weekday that does not exist.
    #[error("`{day}` in `{value}` is no weekday: write days like Mon-Sat or Mon,Wed,Fri")]
    Day {
        /// The days as written.
        value: String,
        /// The part that is wrong.
        day: String,
    },
    /// More than [`SPANS_MAX`] spans.
    #[error("the opening hours have more than {SPANS_MAX} spans")]
    TooMany,
}

impl SendWindow {
    /// Reads a window such as `10:00-20:00` on `Mon-Sat`; every day when no days are given.
    ///
    /// Times are `HH:MM`, the end may be `24:00`. Days are English names, three letters or whole, in any case: ranges
    /// (which may wrap: `Fri-Mon`) and lists.
    pub fn parse(between: &str, days: Option<&str>) -> Result<Self, WindowError> {
        let days = days.map_or(Ok(DaySet::EVERY), DaySet::parse)?;
        Ok(Self { hours: Hours::parse(between)?, days })
    }

    /// The window that is always open.
    pub fn always() -> Self {
        Self { hours: Hours::WHOLE_DAY, days: DaySet::EVERY }
    }

    /// The window that is open on these days from midnight to midnight.
    pub fn on_days(days: DaySet) -> Self {
        Self { hours: Hours::WHOLE_DAY, days }
    }

    /// Whether the clock of `tz` shows a time inside the window at `at`.
    pub fn contains(&self, tz: Tz, at: DateTime<Utc>) -> bool {
        self.shows(local_time(tz, at))
    }

    /// `at` itself when it is inside the window, else the first instant after it that is.
    ///
    /// `None` only where the search leaves the range of representable instants.
    pub fn next_open(&self, tz: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        first_shown(tz, at, |local| self.next_shown(local))
    }

    /// Whether a local time is inside the window.
    fn shows(&self, local: NaiveDateTime) -> bool {
        let (today, minute) = (local.weekday(), local.hour() * 60 + local.minute());
        let starts_today = self.days.contains(today);
        if self.hours.run_over_midnight() {
            let started_yesterday = self.days.contains(today.pred());
            (starts_today && self.hours.from <= minute) || (started_yesterday && minute < self.hours.until)
        } else {
            starts_today && self.hours.from <= minute && minute < self.hours.until
        }
    }

    /// The first local time at or after `local` that is inside the window, on a clock that never jumps.
    fn next_shown(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        if self.shows(local) {
            return Some(local);
        }
        (0..=7)
            .filter_map(|days| local.date().checked_add_days(Days::new(days)))
            .filter(|date| self.days.contains(date.weekday()))
            .filter_map(|date| date.and_hms_opt(self.hours.from / 60, self.hours.from % 60, 0))
            .find(|start| *start >= local)
    }
}

/// The window as it can be read back: `10:00-20:00 Mon-Sat`.
impl fmt::Display for SendWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.hours, self.days)
    }
}

impl OpeningHours {
    /// Reads pairs of days and hours: (`mon-fri`, `11:00-23:00`), (`sat-sun`, `10:00-24:00`).
    ///
    /// One day may have several spans: `12:00-14:30, 18:00-23:00`. No pair at all means never open.
    pub fn parse<'a>(entries: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Self, WindowError> {
        let mut windows = Vec::new();
        for (days, spans) in entries {
            let days = DaySet::parse(days)?;
            for span in spans.split(',') {
                if windows.len() == SPANS_MAX {
                    return Err(WindowError::TooMany);
                }
                windows.push(SendWindow { hours: Hours::parse(span)?, days });
            }
        }
        Ok(Self { windows })
    }

    /// Whether the branch in `tz` is open at `at`.
    pub fn is_open(&self, tz: Tz, at: DateTime<Utc>) -> bool {
        self.windows.iter().any(|window| window.contains(tz, at))
    }
}

#[cfg(test)]
mod changes;
#[cfg(test)]
mod tests;
