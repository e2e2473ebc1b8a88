use super::*;
use crate::domain::civil::{first_instant, next_offset_change};
use chrono::{NaiveDate, NaiveTime, TimeDelta, TimeZone};
use chrono_tz::{America, Europe, Pacific, TZ_VARIANTS};
use proptest::prelude::*;

fn window(between: &str, days: &str) -> SendWindow {
    SendWindow::parse(between, Some(days)).unwrap()
}

fn local_text(tz: Tz, at: DateTime<Utc>) -> String {
    at.with_timezone(&tz).to_rfc3339()
}

/// `at` and `expected` carry the offset of the zone.
#[track_caller]
fn check_in(tz: Tz, window: SendWindow, at: &str, expected: &str) {
    let at: DateTime<Utc> = at.parse().unwrap();
    let open = window.next_open(tz, at).unwrap();
    assert_eq!(local_text(tz, open), expected, "{window} in {tz}");
}

#[track_caller]
fn check(window: SendWindow, at: &str, expected: &str) {
    check_in(Europe::Berlin, window, at, expected);
}

#[test]
fn a_time_inside_stays() {
    let day = window("10:00-20:00", "Mon-Sat");
    check(day, "2026-03-07T10:00:00+01:00", "2026-03-07T10:00:00+01:00");
    check(day, "2026-03-07T19:59:59+01:00", "2026-03-07T19:59:59+01:00");
    check(SendWindow::always(), "2026-03-08T03:14:15+01:00", "2026-03-08T03:14:15+01:00");
}

#[test]
fn a_time_outside_moves_to_the_next_opening() {
    let day = window("10:00-20:00", "Mon-Sat");
    check(day, "2026-03-07T09:59:59+01:00", "2026-03-07T10:00:00+01:00");
    check(day, "2026-03-06T22:30:00+01:00", "2026-03-07T10:00:00+01:00");
    check(day, "2026-03-07T20:00:00+01:00", "2026-03-09T10:00:00+01:00");
    check(window("9:00-10:00", "Sat"), "2026-03-07T10:00:00+01:00", "2026-03-14T09:00:00+01:00");
}

#[test]
fn a_window_over_midnight_belongs_to_the_day_it_starts_on() {
    let late = window("20:00-02:00", "Fri");
    check(late, "2026-03-07T01:59:00+01:00", "2026-03-07T01:59:00+01:00");
    check(late, "2026-03-07T02:00:00+01:00", "2026-03-13T20:00:00+01:00");
    check(late, "2026-03-06T01:00:00+01:00", "2026-03-06T20:00:00+01:00");
    check(window("20:00-00:00", "Fri"), "2026-03-07T00:00:00+01:00", "2026-03-13T20:00:00+01:00");
    check(window("20:00-24:00", "Fri"), "2026-03-07T00:00:00+01:00", "2026-03-13T20:00:00+01:00");
}

#[test]
fn a_start_in_a_gap_opens_after_it() {
    check(window("02:30-04:00", "Sun"), "2026-03-29T00:00:00+01:00", "2026-03-29T03:00:00+02:00");
    // The clock never shows a time of this window on that day.
    check(window("02:00-03:00", "Sun"), "2026-03-29T00:00:00+01:00", "2026-04-05T02:00:00+02:00");
    check_in(America::Havana, window("00:00-08:00", "Sun"), "2026-03-07T12:00:00-05:00", "2026-03-08T01:00:00-04:00");
    check_in(Pacific::Apia, window("10:00-20:00", "Fri"), "2011-12-29T12:00:00-10:00", "2012-01-06T10:00:00+14:00");
}

#[test]
fn each_pass_of_an_overlap_counts() {
    let narrow = window("02:30-02:45", "Sun");
    check(narrow, "2026-10-25T02:00:00+02:00", "2026-10-25T02:30:00+02:00");
    check(narrow, "2026-10-25T02:50:00+02:00", "2026-10-25T02:30:00+01:00");
    check(window("01:00-02:30", "Sun"), "2026-10-25T02:40:00+02:00", "2026-10-25T02:00:00+01:00");
}

#[track_caller]
fn check_days(text: &str, expected: &str) {
    let days = SendWindow::parse("10:00-20:00", Some(text)).map(|window| window.days.to_string());
    assert_eq!(days, Ok(expected.to_owned()), "`{text}`");
}

#[test]
fn days_are_read_in_any_case_and_order() {
    check_days("Mon-Sat", "Mon-Sat");
    check_days("mon-fri", "Mon-Fri");
    check_days("Mon,Wed,Fri", "Mon,Wed,Fri");
    check_days("SAT - sunday", "Sat-Sun");
    check_days("Fri-Mon", "Mon,Fri-Sun");
    check_days("Sun, Tue", "Tue,Sun");
    check_days("Wed-Wed", "Wed");
    check_days("Tue-Mon", "Mon-Sun");
}

#[test]
fn the_other_days_are_those_that_are_left() {
    let days = |text: &str| DaySet::parse(text).unwrap();
    assert_eq!(DaySet::SAT_SUN, days("Sat-Sun"));
    assert_eq!(DaySet::SAT_SUN.others(), Some(days("Mon-Fri")));
    assert_eq!(days("Fri,Sat").others().map(SendWindow::on_days), Some(window("00:00-24:00", "Sun-Thu")));
    assert_eq!(DaySet::EVERY.others(), None);
}

#[track_caller]
fn check_error(between: &str, days: Option<&str>, expected: &str) {
    assert_eq!(SendWindow::parse(between, days).unwrap_err().to_string(), expected);
}

#[test]
fn mistakes_are_named() {
    let time = "is no time of day: write 00:00 to 23:59, or 24:00 as the end";
    let day = "is no weekday: write days like Mon-Sat or Mon,Wed,Fri";
    check_error("10:00", None, "`10:00` is no span of hours: write it like 10:00-20:00");
    check_error("", None, "`` is no span of hours: write it like 10:00-20:00");
    check_error("10:00-25:00", None, &format!("`25:00` in `10:00-25:00` {time}"));
    check_error("10:00-24:01", None, &format!("`24:01` in `10:00-24:01` {time}"));
    check_error("24:00-10:00", None, &format!("`24:00` in `24:00-10:00` {time}"));
    check_error("10-20", None, &format!("`10` in `10-20` {time}"));
    check_error("10:0-20:00", None, &format!("`10:0` in `10:0-20:00` {time}"));
    check_error("10:60-20:00", None, &format!("`10:60` in `10:60-20:00` {time}"));
    check_error("10:00-10:00", None, "`10:00-10:00` is empty: write 00:00-24:00 for the whole day");
    check_error("10:00-20:00", Some("Mun-Fri"), &format!("`Mun` in `Mun-Fri` {day}"));
    check_error("10:00-20:00", Some("Mon,"), &format!("`` in `Mon,` {day}"));
    check_error("10:00-20:00", Some(""), &format!("`` in `` {day}"));
    check_error("10:00-20:00", Some("1-5"), &format!("`1` in `1-5` {day}"));
}

#[test]
fn opening_hours_are_the_union_of_their_spans() {
    let hours = OpeningHours::parse([("mon-fri", "11:00-14:30, 18:00-23:00"), ("sat-sun", "10:00-24:00")]).unwrap();
    let open = |text: &str| hours.is_open(Europe::Berlin, text.parse().unwrap());
    assert!(open("2026-03-06T11:00:00+01:00"));
    assert!(!open("2026-03-06T14:30:00+01:00"));
    assert!(open("2026-03-06T22:59:59+01:00"));
    assert!(!open("2026-03-06T23:00:00+01:00"));
    assert!(open("2026-03-07T23:59:59+01:00"));
    assert!(!open("2026-03-08T00:00:00+01:00"));
    assert!(!OpeningHours::default().is_open(Europe::Berlin, "2026-03-06T12:00:00Z".parse().unwrap()));
}

#[test]
fn opening_hours_report_mistakes_and_are_bounded() {
    let wrong = OpeningHours::parse([("mon-fri", "11:00-14:30,")]).unwrap_err();
    assert_eq!(wrong.to_string(), "`` is no span of hours: write it like 10:00-20:00");
    let many = "10:00-11:00,".repeat(SPANS_MAX) + "12:00-13:00";
    assert_eq!(OpeningHours::parse([("mon", many.as_str())]), Err(WindowError::TooMany));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    let day = window("10:00-20:00", "Mon");
    for tz in [Pacific::Apia, America::Juneau, Europe::Berlin] {
        assert!(day.next_open(tz, DateTime::<Utc>::MIN_UTC).is_some());
        let last = day.next_open(tz, DateTime::<Utc>::MAX_UTC);
        assert!(last.is_none_or(|at| at == DateTime::<Utc>::MAX_UTC));
    }
}

fn any_window() -> impl Strategy<Value = SendWindow> {
    (0..1_440_u32, 0..=1_440_u32, 1..=127_u32).prop_filter_map("empty", |(from, until, bits)| {
        let days: Vec<_> = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
            .into_iter()
            .enumerate()
            .filter(|(day, _)| bits & (1 << day) != 0)
            .map(|(_, name)| name)
            .collect();
        let between = format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60);
        SendWindow::parse(&between, Some(&days.join(","))).ok()
    })
}

/// A zone and an instant within a day and a half around a change of its clock.
fn around_a_change() -> impl Strategy<Value = (Tz, DateTime<Utc>)> {
    (0..TZ_VARIANTS.len(), 0..47 * 365_i64, -1_080..1_080_i64).prop_map(|(zone, day, minutes)| {
        let tz = TZ_VARIANTS[zone];
        let day = Utc.with_ymd_and_hms(1990, 1, 1, 0, 0, 0).unwrap() + TimeDelta::days(day);
        (tz, next_offset_change(tz, day, day + TimeDelta::days(300)).unwrap_or(day) + TimeDelta::minutes(minutes))
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_next_opening_is_inside_and_nothing_before_it_is((tz, at) in around_a_change(), window in any_window()) {
        let open = window.next_open(tz, at).unwrap();
        prop_assert!(at <= open && window.contains(tz, open), "{} in {} from {} gave {}", window, tz, at, open);
        // Changes and starts lie on whole minutes in these years, and so does `at`.
        let earlier = (0..(open - at).num_minutes()).map(|minute| at + TimeDelta::minutes(minute));
        let missed = earlier.into_iter().find(|instant| window.contains(tz, *instant));
        prop_assert_eq!(missed, None, "{} in {}", window, tz);
    }

    #[test]
    fn an_opening_away_from_a_change_is_the_first_instant_of_its_start((tz, at) in around_a_change(), window in any_window()) {
        let open = window.next_open(tz, at).unwrap();
        if at < open && next_offset_change(tz, at, open).is_none() {
            let start = NaiveTime::from_hms_opt(window.hours.from / 60, window.hours.from % 60, 0).unwrap();
            let date: NaiveDate = local_time(tz, open).date();
            prop_assert_eq!(local_time(tz, open), date.and_time(start));
            prop_assert!(first_instant(tz, date.and_time(start)) <= open);
        }
    }

    #[test]
    fn a_window_is_read_back_as_it_is_written(window in any_window()) {
        let text = window.to_string();
        let (between, days) = text.split_once(' ').unwrap();
        prop_assert_eq!(SendWindow::parse(between, Some(days)), Ok(window));
    }

    #[test]
    fn no_text_panics(between in "\\PC{0,20}|[0-9:-]{0,12}", days in "\\PC{0,20}|[MonSatu,-]{0,12}") {
        if let Ok(window) = SendWindow::parse(&between, Some(&days)) {
            prop_assert!(window.next_open(Europe::Berlin, DateTime::<Utc>::UNIX_EPOCH).is_some());
        }
    }
}
