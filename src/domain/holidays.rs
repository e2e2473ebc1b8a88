//! The days of a year on which a place rests: dates, days of every year, and days that move with Easter.
//!
//! Easter is that of the Gregorian calendar. Days of other calendars are given as dates, year by year.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use thiserror::Error;

use super::civil::first_shown;

/// The most holidays of one place.
pub const HOLIDAYS_MAX: usize = 500;
/// A day that moves with Easter is at most so many days before or after it: all of these lie in the same year.
const EASTER_DAYS_MAX: i32 = 80;
/// A year in which no day is not a holiday would be searched in vain.
const SEARCH_DAYS: u64 = 400;

/// A set of holidays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holidays(BTreeSet<Holiday>);

/// A holiday, of one year or of every year.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Holiday {
    /// A date: `2026-12-25`.
    Date(NaiveDate),
    /// A day of every year: `12-25`.
    Yearly {
        /// Counted from 1.
        month: u32,
        /// Counted from 1.
        day: u32,
    },
    /// So many days after Easter Sunday: `easter+1`, `easter-2`, `easter`.
    Easter {
        /// Negative before it.
        days: i32,
    },
}

/// Why a text is no holiday.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum HolidayError {
    /// Not of any of the three forms, or a day that no year has.
    #[error(
        "`{given}` is no day: write a date such as 2026-12-25, a day of every year such as 12-25, or one that moves \
         with Easter such as easter+1"
    )]
    Day {
        /// The text given.
        given: String,
    },
    /// Too far from Easter.
    #[error("`{given}` is too far from Easter: at most {EASTER_DAYS_MAX} days before or after it are counted")]
    TooFar {
        /// The text given.
        given: String,
    },
}

impl Holiday {
    /// Reads a day in one of the three forms.
    pub fn parse(given: &str) -> Result<Self, HolidayError> {
        let given = given.trim();
        let shown = || given.chars().take(60).collect::<String>();
        let no_day = || HolidayError::Day { given: shown() };
        if let Some(rest) = given.strip_prefix("easter") {
            // Only with a sign: `easter1` is a slip.
            let signed = rest.is_empty() || rest.starts_with(['+', '-']);
            let days = if rest.is_empty() { Some(0) } else { rest.parse().ok() };
            let days = days.filter(|_| signed).ok_or_else(no_day)?;
            let near = (-EASTER_DAYS_MAX..=EASTER_DAYS_MAX).contains(&days);
            return if near { Ok(Self::Easter { days }) } else { Err(HolidayError::TooFar { given: shown() }) };
        }
        let numbers: Option<Vec<u32>> = given.split('-').map(digits).collect();
        match numbers.as_deref() {
            Some(&[month, day]) => {
                // Of a leap year, so that the 29th of February may be given.
                let of_some_year = NaiveDate::from_ymd_opt(2024, month, day);
                of_some_year.map(|_| Self::Yearly { month, day }).ok_or_else(no_day)
            }
            Some(&[year, month, day]) if given.len() == 10 => {
                let year = i32::try_from(year).ok();
                year.and_then(|year| NaiveDate::from_ymd_opt(year, month, day)).map(Self::Date).ok_or_else(no_day)
            }
            Some(_) | None => Err(no_day()),
        }
    }

    fn is_on(self, date: NaiveDate) -> bool {
        match self {
            Self::Date(day) => day == date,
            Self::Yearly { month, day } => (month, day) == (date.month(), date.day()),
            Self::Easter { days } => {
                easter(date.year()).is_some_and(|easter| (date - easter).num_days() == i64::from(days))
            }
        }
    }
}

/// The day as it can be read back.
impl fmt::Display for Holiday {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(date) => write!(f, "{date}"),
            Self::Yearly { month, day } => write!(f, "{month:02}-{day:02}"),
            Self::Easter { days: 0 } => f.write_str("easter"),
            Self::Easter { days } => write!(f, "easter{days:+}"),
        }
    }
}

impl Holidays {
    /// No holiday at all.
    pub const NONE: Self = Self(BTreeSet::new());

    /// Whether a day of the calendar is one of them.
    pub fn contains(&self, date: NaiveDate) -> bool {
        self.0.iter().any(|holiday| holiday.is_on(date))
    }

    /// `at` itself when the calendar of `tz` shows no holiday, else the first instant after it at which it shows none.
    /// `None` where every day is a holiday.
    pub fn next_open(&self, tz: Tz, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.0.is_empty() {
            return Some(at);
        }
        first_shown(tz, at, |local| {
            if !self.contains(local.date()) {
                return Some(local);
            }
            let mut later = (1..=SEARCH_DAYS).filter_map(|days| local.date().checked_add_days(Days::new(days)));
            later.find(|date| !self.contains(*date)).map(|date| date.and_time(NaiveTime::MIN))
        })
    }
}

impl FromIterator<Holiday> for Holidays {
    fn from_iter<I: IntoIterator<Item = Holiday>>(holidays: I) -> Self {
        Self(holidays.into_iter().collect())
    }
}

/// A part of a date: two or four digits and nothing else.
fn digits(part: &str) -> Option<u32> {
    let fits = matches!(part.len(), 2 | 4) && part.bytes().all(|byte| byte.is_ascii_digit());
    if fits { part.parse().ok() } else { None }
}

/// Easter Sunday of a year: the Sunday after the full moon that the church's tables place on or after 21 March.
fn easter(year: i32) -> Option<NaiveDate> {
    let century = year.div_euclid(100);
    // The place of the year in the moon's cycle of nineteen, and the moon's age at the year's beginning.
    let golden = year.rem_euclid(19);
    let moon_shift =
        (century - century.div_euclid(4) - (8 * century + 13).div_euclid(25) + 19 * golden + 15).rem_euclid(30);
    let moon = moon_shift - moon_shift / 28 * (1 - 29 / (moon_shift + 1) * ((21 - golden) / 11));
    let weekday = (year + year.div_euclid(4) + moon + 2 - century + century.div_euclid(4)).rem_euclid(7);
    let days_from_21_march = moon - weekday + 7;
    NaiveDate::from_ymd_opt(year, 3, 21)?.checked_add_days(Days::new(u64::try_from(days_from_21_march).ok()?))
}

#[cfg(test)]
mod tests;
