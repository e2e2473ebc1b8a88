//! A span of the day, as operations write it: `10:00-20:00`, `20:00-02:00`, `10:00-24:00`.

use std::fmt;

use super::WindowError;

/// The minutes of a day.
const DAY: u32 = 24 * 60;

/// A span of the day in minutes from midnight, `[from, until)`; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hours {
    /// 0 to 1439.
    pub(super) from: u32,
    /// 0 to 1440, never equal to `from`. When it is smaller the span runs over midnight.
    pub(super) until: u32,
}

impl Hours {
    /// From midnight to midnight.
    pub(super) const WHOLE_DAY: Self = Self { from: 0, until: DAY };

    /// Reads two times with a `-` between them.
    pub(super) fn parse(text: &str) -> Result<Self, WindowError> {
        let text = text.trim();
        let value = || text.chars().take(60).collect::<String>();
        let (from, until) = text.split_once('-').ok_or_else(|| WindowError::Hours { value: value() })?;
        let read = |time: &str, minute_max: u32| {
            let minutes = minutes(time.trim()).filter(|minutes| *minutes <= minute_max);
            minutes.ok_or_else(|| WindowError::Time { value: value(), time: time.trim().chars().take(60).collect() })
        };
        let (from, until) = (read(from, DAY - 1)?, read(until, DAY)?);
        if from == until { Err(WindowError::Empty { value: value() }) } else { Ok(Self { from, until }) }
    }

    /// Whether the span ends on the day after the one on which it starts.
    pub(super) fn run_over_midnight(self) -> bool {
        self.until < self.from
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, until } = self;
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// The minutes from midnight of `H:MM` or `HH:MM`, hours not bounded.
fn minutes(time: &str) -> Option<u32> {
    let (hours, minutes) = time.split_once(':')?;
    let digits = |text: &str, allowed: &[usize]| {
        let fits = allowed.contains(&text.len()) && text.chars().all(|letter| letter.is_ascii_digit());
        if fits { text.parse::<u32>().ok() } else { None }
    };
    let (hours, minutes) = (digits(hours, &[1, 2])?, digits(minutes, &[2])?);
    if minutes < 60 { Some(hours * 60 + minutes) } else { None }
}
