use chrono::TimeDelta;
use chrono_tz::{America, Europe, Pacific};
use proptest::prelude::*;

use super::*;
use crate::domain::civil::local_time;

fn holidays(days: &[&str]) -> Holidays {
    days.iter().map(|day| Holiday::parse(day).unwrap()).collect()
}

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn easter_is_where_the_churches_of_the_west_keep_it() {
    let known = [
        "1583-04-10",
        "1818-03-22",
        "1943-04-25",
        "2000-04-23",
        "2008-03-23",
        "2024-03-31",
        "2025-04-20",
        "2026-04-05",
        "2027-03-28",
        "2028-04-16",
        "2035-03-25",
        "2038-04-25",
        "2049-04-18",
        "2076-04-19",
        "2100-03-28",
    ];
    for sunday in known.map(date) {
        assert_eq!(easter(sunday.year()), Some(sunday));
    }
}

#[test]
fn dates_days_of_every_year_and_days_around_easter_are_told_apart() {
    let kept = holidays(&["2026-12-24", "12-25", "easter+1", "easter-2", "easter", "02-29"]);
    let is_kept = |text: &str| kept.contains(date(text));
    assert!(is_kept("2026-12-24") && !is_kept("2027-12-24"));
    assert!(is_kept("2026-12-25") && is_kept("2031-12-25"));
    assert!(is_kept("2026-04-06") && is_kept("2026-04-03") && is_kept("2026-04-05") && !is_kept("2026-04-07"));
    assert!(is_kept("2027-03-29") && !is_kept("2027-04-06"));
    assert!(is_kept("2028-02-29") && !is_kept("2027-03-01"));
    assert!(!Holidays::NONE.contains(date("2026-01-01")));
}

#[track_caller]
fn check_error(given: &str, expected: &str) {
    assert_eq!(Holiday::parse(given).unwrap_err().to_string(), expected);
}

#[test]
fn mistakes_are_named() {
    for given in
        ["25.12.", "2026-02-30", "13-01", "02-30", "12-5", "26-12-25", "easter1", "easter+", "Easter", "", "-12-25"]
    {
        check_error(
            given,
            &format!(
                "`{given}` is no day: write a date such as 2026-12-25, a day of every year such as 12-25, or one that \
                 moves with Easter such as easter+1"
            ),
        );
    }
    check_error("easter+200", "`easter+200` is too far from Easter: at most 80 days before or after it are counted");
}

#[track_caller]
fn check(tz: Tz, days: &[&str], at: &str, expected: &str) {
    let open = holidays(days).next_open(tz, at.parse().unwrap()).unwrap();
    assert_eq!(open.with_timezone(&tz).to_rfc3339(), expected);
}

#[test]
fn a_holiday_ends_when_the_calendar_shows_another_day() {
    let berlin = Europe::Berlin;
    check(berlin, &["12-25", "12-26"], "2026-12-24T23:59:59+01:00", "2026-12-24T23:59:59+01:00");
    check(berlin, &["12-25", "12-26"], "2026-12-25T00:00:00+01:00", "2026-12-27T00:00:00+01:00");
    check(berlin, &["12-25", "12-26"], "2026-12-26T23:59:59+01:00", "2026-12-27T00:00:00+01:00");
    // The clock goes forward in the night after the holiday, or over the midnight that ends it.
    check(berlin, &["2026-03-28"], "2026-03-28T12:00:00+01:00", "2026-03-29T00:00:00+01:00");
    check(America::Havana, &["2026-03-07"], "2026-03-07T12:00:00-05:00", "2026-03-08T01:00:00-04:00");
    // A day that was left out of the calendar was no holiday, and the day before it is one all the same.
    check(Pacific::Apia, &["2011-12-29", "2011-12-30"], "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00");
}

#[test]
fn where_every_day_is_a_holiday_none_is_over() {
    let mut day = date("2024-01-01");
    let mut all = BTreeSet::new();
    while day.year() == 2024 {
        all.insert(Holiday::Yearly { month: day.month(), day: day.day() });
        day = day.succ_opt().unwrap();
    }
    assert_eq!(Holidays(all).next_open(Europe::Berlin, "2026-12-24T12:00:00Z".parse().unwrap()), None);
}

fn any_holiday() -> impl Strategy<Value = Holiday> {
    prop_oneof![
        (2_000..2_100_i32, 1..=366_u32)
            .prop_filter_map("day", |(year, day)| NaiveDate::from_yo_opt(year, day))
            .prop_map(Holiday::Date),
        (1..=366_u32).prop_map(|day| {
            let date = NaiveDate::from_yo_opt(2024, day).unwrap();
            Holiday::Yearly { month: date.month(), day: date.day() }
        }),
        (-EASTER_DAYS_MAX..=EASTER_DAYS_MAX).prop_map(|days| Holiday::Easter { days }),
    ]
}

proptest! {
    #[test]
    fn a_holiday_is_read_back_as_it_is_written(holiday in any_holiday()) {
        prop_assert_eq!(Holiday::parse(&holiday.to_string()), Ok(holiday));
    }

    #[test]
    fn no_text_panics(given in "\\PC{0,20}|[0-9-]{0,12}|easter[+0-9-]{0,5}") {
        if let Ok(holiday) = Holiday::parse(&given) {
            prop_assert_eq!(Holiday::parse(&holiday.to_string()), Ok(holiday));
        }
    }

    #[test]
    fn easter_is_a_sunday_in_march_or_april(year in 1_583..10_000_i32) {
        let sunday = easter(year).unwrap();
        prop_assert_eq!(sunday.weekday(), chrono::Weekday::Sun);
        prop_assert!((81..=116).contains(&sunday.ordinal()), "{}", sunday);
    }

    #[test]
    fn the_next_day_that_is_no_holiday_is_the_first(
        kept in prop::collection::vec(any_holiday(), 0..300), day in 0..30_000_i64, hours in 0..24_i64,
    ) {
        let kept: Holidays = kept.into_iter().collect();
        let at = DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(day) + TimeDelta::hours(hours);
        let open = kept.next_open(Europe::Berlin, at).unwrap();
        prop_assert!(at <= open && !kept.contains(local_time(Europe::Berlin, open).date()));
        let earlier = (0..(open - at).num_hours()).map(|hour| at + TimeDelta::hours(hour));
        prop_assert!(earlier.into_iter().all(|at| kept.contains(local_time(Europe::Berlin, at).date())));
    }
}
