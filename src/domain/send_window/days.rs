//! A set of weekdays, as operations write it: `Mon-Sat`, `Mon,Wed,Fri`, `Sat-Sun`.

use std::fmt;
use std::iter::successors;

use chrono::Weekday;

use super::WindowError;

/// The week, Monday first.
const WEEK: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// A set of weekdays; one that was read is never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DaySet {
    /// Bit 0 is Monday.
    bits: u8,
}

impl DaySet {
    /// The whole week.
    pub const EVERY: Self = Self { bits: 0b111_1111 };

    /// Saturday and Sunday.
    pub const SAT_SUN: Self = Self { bits: 0b110_0000 };

    /// The days of the week that are not in the set; `None` when all are.
    pub fn others(self) -> Option<Self> {
        let bits = Self::EVERY.bits & !self.bits;
        (bits != 0).then_some(Self { bits })
    }

    /// Reads English names, three letters or whole, in any case: lists, and ranges that may wrap (`Fri-Mon`).
    pub fn parse(text: &str) -> Result<Self, WindowError> {
        let day = |name: &str| {
            name.trim().parse::<Weekday>().map_err(|_| WindowError::Day {
                value: text.trim().chars().take(60).collect(),
                day: name.trim().chars().take(60).collect(),
            })
        };
        let mut bits = 0;
        for item in text.split(',') {
            let (first, last) = match item.split_once('-') {
                Some((first, last)) => (day(first)?, day(last)?),
                None => (day(item)?, day(item)?),
            };
            bits |= range(first, last);
        }
        Ok(Self { bits })
    }

    /// Whether `day` belongs to the set.
    pub fn contains(self, day: Weekday) -> bool {
        self.bits & bit(day) != 0
    }
}

/// The days as they can be read back: `Mon-Sat`, `Mon,Wed,Fri`.
impl fmt::Display for DaySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut between = "";
        let mut days = WEEK.into_iter().filter(|day| self.contains(*day)).peekable();
        while let Some(first) = days.next() {
            let last = successors(Some(first), |day| days.next_if_eq(&day.succ())).last().unwrap_or(first);
            write!(f, "{between}{first}")?;
            if first != last {
                write!(f, "-{last}")?;
            }
            between = ",";
        }
        Ok(())
    }
}

/// The bits from `first` to `last`, over the end of the week if need be.
fn range(first: Weekday, last: Weekday) -> u8 {
    let days = successors(Some(first), |day| if *day == last { None } else { Some(day.succ()) });
    days.map(bit).fold(0, |bits, bit| bits | bit)
}

fn bit(day: Weekday) -> u8 {
    1 << day.num_days_from_monday()
}
