//! Clocks that fire around every change of every zone's clock from 2020 to 2040.

use std::collections::BTreeMap;

use chrono::Timelike;

use super::*;
use crate::domain::civil::changes::{Change, changes};

/// The schedule of a daily local time, read once.
#[derive(Default)]
struct Daily(BTreeMap<(u32, u32), Schedule>);

impl Daily {
    fn at(&mut self, local: NaiveDateTime) -> &Schedule {
        let time = (local.hour(), local.minute());
        let parse = || Schedule::parse(&format!("{} {} * * *", time.1, time.0)).unwrap();
        self.0.entry(time).or_insert_with(parse)
    }
}

/// The fires for the day that `local` lies on, by their own names.
fn on_day_of(schedule: &Schedule, change: &Change, local: NaiveDateTime) -> Vec<Fire> {
    let day = TimeDelta::hours(30);
    let fires = schedule.fires(change.tz, change.at - day, change.at + day, 10);
    let named = local.format("%Y-%m-%dT%H:%M:%S").to_string();
    fires.into_iter().filter(|fire| fire.nominal == named).collect()
}

#[test]
fn a_daily_time_that_is_skipped_fires_once_when_the_clock_goes_on() {
    let mut daily = Daily::default();
    for change in changes().iter().filter(|change| change.jump > 0) {
        for local in [change.local_before(), change.local_before() + TimeDelta::seconds(change.jump / 120 * 60)] {
            let fires = on_day_of(daily.at(local), change, local);
            assert_eq!(fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), [change.at], "{change:?} {local}");
        }
    }
}

#[test]
fn a_daily_time_that_is_shown_twice_fires_once_the_first_time() {
    let mut daily = Daily::default();
    for change in changes().iter().filter(|change| change.jump < 0) {
        let back = TimeDelta::seconds(-change.jump);
        for local in [local_time(change.tz, change.at), change.local_before() - TimeDelta::minutes(1)] {
            let first = change.at - (change.local_before() - local);
            assert!(change.at - back <= first && first < change.at);
            let fires = on_day_of(daily.at(local), change, local);
            assert_eq!(fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), [first], "{change:?} {local}");
        }
    }
}

#[test]
fn an_interval_runs_by_real_time_over_each_change() {
    let schedule = Schedule::parse("*/30 * * * *").unwrap();
    for change in changes() {
        let (from, until) = (change.at - TimeDelta::hours(2), change.at + TimeDelta::hours(2));
        let fires = schedule.fires(change.tz, from, until, 100);
        let minutes = (0..240).map(|minute| from + TimeDelta::minutes(minute));
        let shown: Vec<_> = minutes.filter(|at| local_time(change.tz, *at).minute().is_multiple_of(30)).collect();
        assert_eq!(fires.iter().map(|fire| fire.at).collect::<Vec<_>>(), shown, "{change:?}");
    }
}
