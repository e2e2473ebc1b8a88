//! Things that are open at times, and when all of them are.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::holidays::Holidays;
use super::send_window::SendWindow;

/// Something that is open at times of the clock of a zone.
#[derive(Clone, Copy, Debug)]
pub struct Opening<'a> {
    /// The zone.
    pub zone: Tz,
    /// When.
    pub times: Times<'a>,
}

/// Times of a clock.
#[derive(Clone, Copy, Debug)]
pub enum Times<'a> {
    /// Hours of some weekdays.
    Window(SendWindow),
    /// Days other than these.
    NotOn(&'a Holidays),
}

impl Opening<'_> {
    /// `at` itself when it is open then, else the first instant after it at which it is; `None` when it never is again.
    pub fn next(&self, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self.times {
            Times::Window(window) => window.next_open(self.zone, at),
            Times::NotOn(holidays) => holidays.next_open(self.zone, at),
        }
    }
}

/// The first instant from `wanted` on at which all are open, or one that is not before `before`, where the search ends.
/// `None` when one of them is never open again.
pub fn all_open(openings: &[Opening<'_>], wanted: DateTime<Utc>, before: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let mut at = wanted;
    // Ends: every turn but the last goes on to the next opening of something.
    loop {
        let next = openings.iter().try_fold(at, |at, opening| opening.next(at))?;
        if next == at || before <= next {
            return Some(next);
        }
        at = next;
    }
}
