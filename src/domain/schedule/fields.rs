//! Reads the fields of a cron expression and writes them as the `cron` crate wants them.
//!
//! Every value is checked here, so that a mistake is reported with its field and what would be right; the crate's own
//! message shows only the position in the expression.

use chrono::{Month, Weekday};

use super::ScheduleError;

/// The fields of one expression: for each its values, or `None` when every value is meant.
pub(super) struct Fields {
    second: Option<Vec<u32>>,
    minute: Option<Vec<u32>>,
    hour: Option<Vec<u32>>,
    day_of_month: Option<Vec<u32>>,
    month: Option<Vec<u32>>,
    /// Sunday is 0.
    day_of_week: Option<Vec<u32>>,
    year: Option<Vec<u32>>,
    /// Whether both day fields are restricted, so that a day needs to match one of them only.
    either_day: bool,
    /// Whether the hour field begins with `*`.
    pub(super) hour_is_open: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    DayOfMonth,
    Month,
    DayOfWeek,
    Year,
}

/// A part of a field that is wrong, and what would be right.
struct Wrong {
    value: String,
    expected: String,
}

impl Fields {
    /// Reads an expression whose fields are separated by single spaces.
    pub(super) fn parse(expression: &str) -> Result<Self, ScheduleError> {
        let texts: Vec<&str> = expression.split(' ').filter(|text| !text.is_empty()).collect();
        let (second, minute, hour, day_of_month, month, day_of_week, year) = match *texts.as_slice() {
            [minute, hour, day, month, weekday] => ("0", minute, hour, day, month, weekday, "*"),
            [second, minute, hour, day, month, weekday] => (second, minute, hour, day, month, weekday, "*"),
            [second, minute, hour, day, month, weekday, year] => (second, minute, hour, day, month, weekday, year),
            _ => return Err(ScheduleError::Fields { expression: expression.to_owned(), n: texts.len() }),
        };
        let read = |unit: Unit, text: &str| {
            unit.values(text).map_err(|Wrong { value, expected }| ScheduleError::Value {
                expression: expression.to_owned(),
                field: unit.name(),
                value,
                expected,
            })
        };
        Ok(Self {
            second: read(Unit::Second, second)?,
            minute: read(Unit::Minute, minute)?,
            hour: read(Unit::Hour, hour)?,
            day_of_month: read(Unit::DayOfMonth, day_of_month)?,
            month: read(Unit::Month, month)?,
            day_of_week: read(Unit::DayOfWeek, day_of_week)?,
            year: read(Unit::Year, year)?,
            either_day: is_restricted(day_of_month) && is_restricted(day_of_week),
            hour_is_open: hour.starts_with('*'),
        })
    }

    /// One expression for the `cron` crate, or two of which the earlier fires.
    pub(super) fn canonical(&self) -> Vec<String> {
        // The crate counts weekdays from 1 = Sunday.
        let day_of_week: Option<Vec<u32>> =
            self.day_of_week.as_ref().map(|days| days.iter().map(|day| day + 1).collect());
        let write = |day_of_month: Option<&[u32]>, day_of_week: Option<&[u32]>| {
            let (second, minute, hour) = (self.second.as_deref(), self.minute.as_deref(), self.hour.as_deref());
            let (month, year) = (self.month.as_deref(), self.year.as_deref());
            [second, minute, hour, day_of_month, month, day_of_week, year].map(listed).join(" ")
        };
        let (day_of_month, day_of_week) = (self.day_of_month.as_deref(), day_of_week.as_deref());
        if self.either_day {
            vec![write(day_of_month, None), write(None, day_of_week)]
        } else {
            vec![write(day_of_month, day_of_week)]
        }
    }
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::DayOfMonth => "day of month",
            Self::Month => "month",
            Self::DayOfWeek => "day of week",
            Self::Year => "year",
        }
    }

    /// The smallest and the largest value. Sunday as 7 is turned into 0 before it is compared with these.
    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::DayOfMonth => (1, 31),
            Self::Month => (1, 12),
            Self::DayOfWeek => (0, 6),
            Self::Year => (1970, 2100),
        }
    }

    fn expected(self) -> String {
        let (first, last) = self.bounds();
        match self {
            Self::Month => "give 1 to 12 or Jan to Dec".to_owned(),
            Self::DayOfWeek => "give 0 to 7 (0 and 7 are Sunday, 1 is Monday) or Mon to Sun".to_owned(),
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Year => {
                format!("give {first} to {last}")
            }
        }
    }

    /// The values of a field in order, `None` when it is `*` or, where that is allowed, `?`.
    fn values(self, text: &str) -> Result<Option<Vec<u32>>, Wrong> {
        if text == "*" || (text == "?" && matches!(self, Self::DayOfMonth | Self::DayOfWeek)) {
            return Ok(None);
        }
        let mut values = Vec::new();
        for item in text.split(',') {
            values.extend(self.item(item)?);
        }
        values.sort_unstable();
        values.dedup();
        Ok(Some(values))
    }

    /// One item of a list: `*`, a value or a range, each with a step if need be.
    fn item(self, item: &str) -> Result<Vec<u32>, Wrong> {
        let (base, step) = match item.split_once('/') {
            Some((base, step)) => (base, Some(self.step(item, step)?)),
            None => (item, None),
        };
        let (first, last) = self.bounds();
        let (from, to) = if base == "*" {
            (first, last)
        } else if let Some((from, to)) = base.split_once('-') {
            self.range(base, from, to)?
        } else {
            // A step from one value runs to the end of the field.
            let value = self.value(base)?;
            (value, if step.is_some() { last } else { value })
        };
        let week = last + 1;
        let wrapped = |value| if self == Self::DayOfWeek { value % week } else { value };
        Ok((from..=to).step_by(step.unwrap_or(1)).map(wrapped).collect())
    }

    /// Both ends of a range; for weekdays the second may run into the next week (Sunday is then 7, Monday 8, ...).
    fn range(self, base: &str, from: &str, to: &str) -> Result<(u32, u32), Wrong> {
        let (start, mut end) = (self.value(from)?, self.value(to)?);
        if self == Self::DayOfWeek && to == "7" && from != "7" {
            end = 7;
        }
        if start <= end {
            return Ok((start, end));
        }
        if self == Self::DayOfWeek {
            return Ok((start, end + 7));
        }
        let (first, last) = self.bounds();
        let expected = format!("the range runs backwards, write {from}-{last},{first}-{to} if both ends are meant");
        Err(Wrong { value: base.to_owned(), expected })
    }

    /// A step, from 1 to the number of values that the field can have.
    fn step(self, item: &str, step: &str) -> Result<usize, Wrong> {
        let (first, last) = self.bounds();
        let steps_max = last - first + 1;
        digits(step)
            .filter(|step| (1..=steps_max).contains(step))
            .and_then(|step| usize::try_from(step).ok())
            .ok_or_else(|| Wrong {
                value: item.to_owned(),
                expected: format!("give a step from 1 to {steps_max} after the `/`"),
            })
    }

    /// A number or a name; Sunday is 0.
    fn value(self, text: &str) -> Result<u32, Wrong> {
        let (first, last) = self.bounds();
        let named = match self {
            Self::DayOfWeek if text == "7" => Some(0),
            Self::DayOfWeek => text.parse().ok().map(|day: Weekday| day.num_days_from_sunday()),
            Self::Month => text.parse().ok().map(|month: Month| month.number_from_month()),
            Self::Second | Self::Minute | Self::Hour | Self::DayOfMonth | Self::Year => None,
        };
        named
            .or_else(|| digits(text).filter(|value| (first..=last).contains(value)))
            .ok_or_else(|| Wrong { value: text.to_owned(), expected: self.expected() })
    }
}

/// Whether a day field narrows the days down, as Vixie cron sees it.
fn is_restricted(text: &str) -> bool {
    !text.starts_with('*') && text != "?"
}

/// A number of digits only: `u32` alone would also read `+5`.
fn digits(text: &str) -> Option<u32> {
    if text.chars().all(|letter| letter.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// The values with commas between them, `*` for every value.
fn listed(values: Option<&[u32]>) -> String {
    match values {
        Some(values) => values.iter().map(u32::to_string).collect::<Vec<_>>().join(","),
        None => "*".to_owned(),
    }
}
