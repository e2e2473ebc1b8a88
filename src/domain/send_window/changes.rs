//! Windows and the hours of a country around every change of every zone's clock from 2020 to 2040.

use chrono::{NaiveDateTime, TimeDelta, Timelike};

use super::*;
use crate::domain::civil::changes::{Change, changes};
use crate::domain::civil::first_instant;
use crate::domain::holidays::{Holiday, Holidays};
use crate::domain::openings::all_open;
use crate::domain::quiet_hours::NationalHours;

/// Every day between these local times.
fn between(from: NaiveDateTime, until: NaiveDateTime) -> SendWindow {
    let time = |local: NaiveDateTime| format!("{:02}:{:02}", local.hour(), local.minute());
    SendWindow::parse(&format!("{}-{}", time(from), time(until)), None).unwrap()
}

/// When the clock shows `local` a day later.
fn a_day_later(change: &Change, local: NaiveDateTime) -> DateTime<Utc> {
    first_instant(change.tz, local + TimeDelta::days(1))
}

#[test]
fn a_window_that_begins_in_a_gap_opens_when_the_clock_goes_on_and_one_within_it_the_next_day() {
    for change in changes().iter().filter(|change| change.jump > 0) {
        let (before, after) = (change.local_before(), local_time(change.tz, change.at));
        let half = TimeDelta::minutes(change.jump / 120);
        let opens = between(before + half, after + half).next_open(change.tz, change.at - TimeDelta::minutes(1));
        assert_eq!(opens, Some(change.at), "{change:?}");
        let opens = between(before, after).next_open(change.tz, change.at - TimeDelta::minutes(1));
        assert_eq!(opens, Some(a_day_later(change, before)), "{change:?}");
    }
}

#[test]
fn a_window_of_times_that_are_shown_twice_is_open_both_times_and_then_closed() {
    for change in changes().iter().filter(|change| change.jump < 0) {
        let (before, after) = (change.local_before(), local_time(change.tz, change.at));
        let (window, back) = (between(after, before), before - after);
        for open in [change.at - back, change.at - TimeDelta::minutes(1), change.at, change.at + back / 2] {
            assert_eq!(window.next_open(change.tz, open), Some(open), "{change:?}");
        }
        assert_eq!(window.next_open(change.tz, change.at + back), Some(a_day_later(change, after)), "{change:?}");
    }
}

#[test]
fn the_hours_of_a_country_are_kept_over_each_change_and_no_day_off_is_written_on() {
    for change in changes() {
        let day_off = local_time(change.tz, change.at).date();
        let holidays: Holidays = std::iter::once(Holiday::Date(day_off)).collect();
        for text in ["08:00-20:00", "00:00-03:00", "22:00-02:00"] {
            let national = NationalHours { window: SendWindow::parse(text, None).unwrap(), holidays: holidays.clone() };
            let openings: Vec<_> = national.in_all(&[change.tz]).collect();
            let from = change.at - TimeDelta::hours(3);
            let open = all_open(&openings, from, from + TimeDelta::days(9)).unwrap();
            let is_open = |at: DateTime<Utc>| {
                national.window.contains(change.tz, at) && local_time(change.tz, at).date() != day_off
            };
            assert!(is_open(open), "{change:?} {text} {open}");
            let mut earlier = (0..).map(|n| from + TimeDelta::minutes(15 * n)).take_while(|at| *at < open);
            assert_eq!(earlier.find(|at| is_open(*at)), None, "{change:?} {text} {open}");
        }
    }
}
