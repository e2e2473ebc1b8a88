//! Reads and writes lengths of time as operations write them: `90s`, `15m`, `2h`, `3d`, `2w`, `1d12h`.
//!
//! A day is 24 hours here, whatever the clock does. Months and years have no fixed length, so they are not accepted.

use chrono::TimeDelta;
use thiserror::Error;

/// The longest duration that is accepted: ten years. Longer ones are slips of the pen.
pub const DURATION_MAX: TimeDelta = TimeDelta::days(3_653);

/// Units from long to short, each with its letter and its seconds.
const UNITS: [(&str, i64); 5] = [("w", 604_800), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// Why a text is no duration.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// The text is empty.
    #[error("the duration is empty: write for example 90s, 15m, 2h, 3d, 2w or 1d12h")]
    Empty,
    /// Something else stands where a whole number should.
    #[error("`{value}` has no whole number before `{at}`: write for example 90s, 15m, 2h, 3d, 2w or 1d12h")]
    Number {
        /// The whole text.
        value: String,
        /// What stands there instead; empty at the end.
        at: String,
    },
    /// A number without a unit.
    #[error("`{value}` lacks a unit after {number}: write a whole number and s, m (minutes), h, d or w")]
    NoUnit {
        /// The whole text.
        value: String,
        /// The number before the missing unit.
        number: String,
    },
    /// A unit that is none of ours.
    #[error("`{value}` has the unknown unit `{unit}`: the units are s, m (minutes), h, d and w")]
    Unit {
        /// The whole text.
        value: String,
        /// The letters found.
        unit: String,
    },
    /// A unit comes twice, or after a shorter one.
    #[error("`{value}` has `{unit}` out of order: write each unit once, the longest first, for example 1d12h")]
    Order {
        /// The whole text.
        value: String,
        /// The unit that is out of order.
        unit: String,
    },
    /// Longer than [`DURATION_MAX`].
    #[error("`{value}` is longer than ten years (3653d)")]
    TooLong {
        /// The whole text.
        value: String,
    },
}

/// Reads a duration such as `2h` or `1d12h`: whole numbers with units, the longest unit first, each unit once.
///
/// The result lies between zero and [`DURATION_MAX`].
pub fn parse_duration(text: &str) -> Result<TimeDelta, DurationError> {
    let value = || shortened(text);
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(DurationError::Empty);
    }
    let (mut total, mut units) = (0_i64, UNITS.as_slice());
    while !rest.is_empty() {
        let (number, after) = split_while(rest, |letter| letter.is_ascii_digit());
        if number.is_empty() {
            return Err(DurationError::Number { value: value(), at: shortened(after) });
        }
        let (unit, after) = split_while(after, char::is_alphabetic);
        let Some(&(_, seconds)) = UNITS.iter().find(|(letter, _)| *letter == unit) else {
            return Err(if unit.is_empty() {
                DurationError::NoUnit { value: value(), number: shortened(number) }
            } else {
                DurationError::Unit { value: value(), unit: shortened(unit) }
            });
        };
        let Some(position) = units.iter().position(|(letter, _)| *letter == unit) else {
            return Err(DurationError::Order { value: value(), unit: unit.to_owned() });
        };
        units = units.get(position + 1..).unwrap_or_default();
        let part = number.parse::<i64>().ok().and_then(|count| count.checked_mul(seconds));
        total = part
            .and_then(|part| total.checked_add(part))
            .filter(|sum| *sum <= DURATION_MAX.num_seconds())
            .ok_or_else(|| DurationError::TooLong { value: value() })?;
        rest = after;
    }
    Ok(TimeDelta::seconds(total))
}

/// Writes a duration so that [`parse_duration`] reads it back: `1d12h`, `90d`, `0s`.
///
/// Weeks are written as days and fractions of a second are left out; a negative duration begins with `-`.
pub fn format_duration(duration: TimeDelta) -> String {
    let mut rest = duration.num_seconds();
    if rest == 0 {
        return "0s".to_owned();
    }
    let mut text = if rest < 0 { "-".to_owned() } else { String::new() };
    for (letter, seconds) in UNITS.into_iter().filter(|(letter, _)| *letter != "w") {
        let count = (rest / seconds).abs();
        if count > 0 {
            text.push_str(&count.to_string());
            text.push_str(letter);
        }
        rest %= seconds;
    }
    text
}

/// Splits `text` after its longest beginning whose letters all satisfy `belongs`.
fn split_while(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    let end = text.find(|letter| !belongs(letter)).unwrap_or(text.len());
    text.split_at(end)
}

/// The beginning of what somebody wrote, so that an error message stays readable.
fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests;
