use super::*;
use chrono::{TimeZone, Timelike, Weekday};
use chrono_tz::{America, Australia, Europe, Pacific, TZ_VARIANTS};
use proptest::prelude::*;

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// The fires of `expression` in `tz` between two local days, each as `nominal @ local time with offset`.
#[track_caller]
fn fires(expression: &str, tz: Tz, from: &str, until: &str) -> Vec<String> {
    let day = |text: &str| first_instant(tz, text.parse::<NaiveDate>().unwrap().and_time(NaiveTime::MIN));
    let fires = Schedule::parse(expression).unwrap().fires(tz, day(from), day(until), 100);
    fires.iter().map(|fire| format!("{} @ {}", fire.nominal, fire.at.with_timezone(&tz).to_rfc3339())).collect()
}

/// The weekdays on which `field` fires, Monday first.
#[track_caller]
fn check_weekdays(field: &str, expected: &str) {
    let schedule = Schedule::parse(&format!("0 9 * * {field}")).unwrap();
    // A Monday.
    let fires = schedule.fires(chrono_tz::UTC, instant("2026-03-02T00:00:00Z"), instant("2026-03-09T00:00:00Z"), 9);
    let days: Vec<String> = fires.iter().map(|fire| fire.at.weekday().to_string()).collect();
    assert_eq!(days.join(" "), expected, "`{field}`");
}

#[test]
fn weekdays_count_from_sunday_as_zero_and_seven() {
    check_weekdays("0", "Sun");
    check_weekdays("7", "Sun");
    check_weekdays("1", "Mon");
    check_weekdays("6", "Sat");
    check_weekdays("1-5", "Mon Tue Wed Thu Fri");
    check_weekdays("5-7", "Fri Sat Sun");
    check_weekdays("0-2", "Mon Tue Sun");
    check_weekdays("7-2", "Mon Tue Sun");
    check_weekdays("0-7", "Mon Tue Wed Thu Fri Sat Sun");
    check_weekdays("7-7", "Sun");
    check_weekdays("0-0", "Sun");
    check_weekdays("1,3,7", "Mon Wed Sun");
    check_weekdays("*/2", "Tue Thu Sat Sun");
    check_weekdays("1-5/2", "Mon Wed Fri");
    check_weekdays("1/2", "Mon Wed Fri");
    check_weekdays("*/7", "Sun");
    check_weekdays("?", "Mon Tue Wed Thu Fri Sat Sun");
}

#[test]
fn weekday_names_pass_and_wrapped_ranges_are_expanded() {
    check_weekdays("Mon", "Mon");
    check_weekdays("SUN", "Sun");
    check_weekdays("tuesday", "Tue");
    check_weekdays("Mon-Sun", "Mon Tue Wed Thu Fri Sat Sun");
    check_weekdays("Fri-Mon", "Mon Fri Sat Sun");
    check_weekdays("Fri-Mon/2", "Fri Sun");
    check_weekdays("Sat-Sun,Wed", "Wed Sat Sun");
    check_weekdays("6-1", "Mon Sat Sun");
}

#[track_caller]
fn check_error(expression: &str, expected: &str) {
    assert_eq!(Schedule::parse(expression).unwrap_err().to_string(), expected);
}

#[test]
fn a_mistake_is_reported_with_its_field_and_what_would_be_right() {
    let days = "give 0 to 7 (0 and 7 are Sunday, 1 is Monday) or Mon to Sun";
    check_error("0 9 * * 8", &format!("`0 9 * * 8` has `8` as day of week: {days}"));
    check_error("0 9 * * Mun-Fri", &format!("`0 9 * * Mun-Fri` has `Mun` as day of week: {days}"));
    check_error("60 9 * * *", "`60 9 * * *` has `60` as minute: give 0 to 59");
    check_error("0 24 * * *", "`0 24 * * *` has `24` as hour: give 0 to 23");
    check_error("0 9 L * *", "`0 9 L * *` has `L` as day of month: give 1 to 31");
    check_error("0 9 0 * *", "`0 9 0 * *` has `0` as day of month: give 1 to 31");
    check_error("0 9 * 13 *", "`0 9 * 13 *` has `13` as month: give 1 to 12 or Jan to Dec");
    check_error("0 ? * * *", "`0 ? * * *` has `?` as hour: give 0 to 23");
    check_error("+5 9 * * *", "`+5 9 * * *` has `+5` as minute: give 0 to 59");
    check_error("1,,2 9 * * *", "`1,,2 9 * * *` has `` as minute: give 0 to 59");
    check_error("0 0 9 * * * 1969", "`0 0 9 * * * 1969` has `1969` as year: give 1970 to 2100");
    check_error("*/0 * * * *", "`*/0 * * * *` has `*/0` as minute: give a step from 1 to 60 after the `/`");
    check_error(
        "0 22-2 * * *",
        "`0 22-2 * * *` has `22-2` as hour: the range runs backwards, write 22-23,0-2 if both ends are meant",
    );
}

#[test]
fn the_number_of_fields_is_checked() {
    let shape =
        "fields: write 5 (minute hour day-of-month month day-of-week), 6 with seconds first, or 7 with the year last";
    check_error("", &format!("`` has 0 {shape}"));
    check_error("0 9 * *", &format!("`0 9 * *` has 4 {shape}"));
    check_error("0 0 9 * * * * *", &format!("`0 0 9 * * * * *` has 8 {shape}"));
    check_error("@daily", &format!("`@daily` has 1 {shape}"));
    check_error(&"1,".repeat(200), "the cron expression has 400 bytes: at most 256 are read");
}

#[test]
fn a_day_that_no_year_has_is_refused() {
    check_error("0 0 9 31 2 *", "`0 0 9 31 2 *` never fires: no year has such a day");
    check_error("0 9 31 4,6,9,11 *", "`0 9 31 4,6,9,11 *` never fires: no year has such a day");
    check_error("0 0 9 29 2 * 2027", "`0 0 9 29 2 * 2027` never fires: no year has such a day");
    assert!(Schedule::parse("0 9 29 2 *").is_ok());
}

#[test]
fn five_six_and_seven_fields_are_read() {
    let expected = ["2026-03-09T09:00:00 @ 2026-03-09T09:00:00+01:00"];
    assert_eq!(fires("0 9 * * Mon", Europe::Berlin, "2026-03-08", "2026-03-11"), expected);
    assert_eq!(fires(" 0  0 9 * * Mon", Europe::Berlin, "2026-03-08", "2026-03-11"), expected);
    assert_eq!(fires("0 0 9 ? * Mon 2026", Europe::Berlin, "2026-03-08", "2026-03-11"), expected);
    assert_eq!(Schedule::parse(" 0  0 9 * *  Mon").unwrap().to_string(), "0 0 9 * * Mon");
}

#[test]
fn two_restricted_day_fields_match_either_day() {
    let either = fires("0 9 13 * Fri", chrono_tz::UTC, "2026-04-01", "2026-04-20");
    let days: Vec<&str> = either.iter().map(|fire| fire.split('T').next().unwrap()).collect();
    assert_eq!(days, ["2026-04-03", "2026-04-10", "2026-04-13", "2026-04-17"]);
    // A field that begins with `*` restricts nothing by itself: odd days that are Fridays.
    let both = fires("0 9 */2 * Fri", chrono_tz::UTC, "2026-04-01", "2026-04-20");
    assert_eq!(
        both,
        ["2026-04-03T09:00:00 @ 2026-04-03T09:00:00+00:00", "2026-04-17T09:00:00 @ 2026-04-17T09:00:00+00:00"]
    );
}

#[test]
fn a_daily_time_in_a_gap_fires_once_after_it() {
    let berlin = fires("30 2 * * *", Europe::Berlin, "2026-03-28", "2026-03-31");
    assert_eq!(
        berlin,
        [
            "2026-03-28T02:30:00 @ 2026-03-28T02:30:00+01:00",
            "2026-03-29T02:30:00 @ 2026-03-29T03:00:00+02:00",
            "2026-03-30T02:30:00 @ 2026-03-30T02:30:00+02:00",
        ]
    );
    let havana = fires("0 0 * * *", America::Havana, "2026-03-07", "2026-03-09");
    assert_eq!(
        havana,
        ["2026-03-07T00:00:00 @ 2026-03-07T00:00:00-05:00", "2026-03-08T00:00:00 @ 2026-03-08T01:00:00-04:00"]
    );
    let lord_howe = fires("15 2 * * *", Australia::Lord_Howe, "2026-10-04", "2026-10-05");
    assert_eq!(lord_howe, ["2026-10-04T02:15:00 @ 2026-10-04T02:30:00+11:00"]);
}

#[test]
fn times_that_share_a_gap_fire_together() {
    let shared = fires("0,30 2,3 * * *", Europe::Berlin, "2026-03-29", "2026-03-30");
    assert_eq!(
        shared,
        ["2026-03-29T02:00:00 @ 2026-03-29T03:00:00+02:00", "2026-03-29T03:30:00 @ 2026-03-29T03:30:00+02:00"]
    );
}

#[test]
fn a_daily_time_in_an_overlap_fires_once_at_its_first_occurrence() {
    let berlin = fires("30 2 * * *", Europe::Berlin, "2026-10-24", "2026-10-27");
    assert_eq!(
        berlin,
        [
            "2026-10-24T02:30:00 @ 2026-10-24T02:30:00+02:00",
            "2026-10-25T02:30:00 @ 2026-10-25T02:30:00+02:00",
            "2026-10-26T02:30:00 @ 2026-10-26T02:30:00+01:00",
        ]
    );
    let lord_howe = fires("45 1 * * *", Australia::Lord_Howe, "2026-04-05", "2026-04-06");
    assert_eq!(lord_howe, ["2026-04-05T01:45:00 @ 2026-04-05T01:45:00+11:00"]);
    let second_pass = instant("2026-10-25T01:10:00Z");
    let next = Schedule::parse("30 2 * * *").unwrap().after(Europe::Berlin, second_pass).unwrap();
    assert_eq!(next.nominal, "2026-10-26T02:30:00");
}

#[test]
fn an_interval_runs_in_both_passes_under_different_names() {
    let seen = fires("*/30 * * * *", Europe::Berlin, "2026-10-25", "2026-10-26");
    let night: Vec<&str> = seen.iter().map(|fire| fire.split(" @ ").next().unwrap()).skip(3).take(6).collect();
    assert_eq!(
        night,
        [
            "2026-10-25T01:30:00+02:00",
            "2026-10-25T02:00:00+02:00",
            "2026-10-25T02:30:00+02:00",
            "2026-10-25T02:00:00+01:00",
            "2026-10-25T02:30:00+01:00",
            "2026-10-25T03:00:00+01:00",
        ]
    );
    assert_eq!(seen.len(), 50);
}

#[test]
fn an_interval_skips_times_that_never_happen() {
    assert_eq!(fires("*/30 * * * *", Europe::Berlin, "2026-03-29", "2026-03-30").len(), 46);
    let hours = fires("0 */2 * * *", Europe::Berlin, "2026-03-29", "2026-03-30");
    assert_eq!(hours[0], "2026-03-29T00:00:00+01:00 @ 2026-03-29T00:00:00+01:00");
    assert_eq!(hours[1], "2026-03-29T04:00:00+02:00 @ 2026-03-29T04:00:00+02:00");
    let lord_howe = fires("*/15 * * * *", Australia::Lord_Howe, "2026-10-04", "2026-10-05");
    assert_eq!(lord_howe.len(), 94);
}

#[test]
fn a_skipped_day_still_has_its_daily_fire() {
    let apia = fires("0 9 * * *", Pacific::Apia, "2011-12-29", "2012-01-01");
    assert_eq!(
        apia,
        [
            "2011-12-29T09:00:00 @ 2011-12-29T09:00:00-10:00",
            "2011-12-30T09:00:00 @ 2011-12-31T00:00:00+14:00",
            "2011-12-31T09:00:00 @ 2011-12-31T09:00:00+14:00",
        ]
    );
}

#[test]
fn month_ends_and_leap_days_are_found() {
    let last = fires("0 9 31 * *", chrono_tz::UTC, "2026-01-01", "2027-01-01");
    assert_eq!(last.len(), 7);
    assert!(last[1].starts_with("2026-03-31"));
    let leap = fires("0 9 29 2 *", chrono_tz::UTC, "2026-01-01", "2037-01-01");
    let years: Vec<&str> = leap.iter().map(|fire| fire.split('-').next().unwrap()).collect();
    assert_eq!(years, ["2028", "2032", "2036"]);
}

#[test]
fn a_schedule_more_than_a_year_away_is_refused() {
    let now = instant("2026-03-01T00:00:00Z");
    let next = |expression| Schedule::parse(expression).unwrap().first_fire_within_a_year(chrono_tz::UTC, now);
    assert_eq!(next("0 9 1 3 *").unwrap().nominal, "2026-03-01T09:00:00");
    let far = next("0 9 29 2 *").unwrap_err().to_string();
    assert_eq!(
        far,
        "`0 9 29 2 *` fires next at 2028-02-29 09:00:00 UTC, more than a year away: a schedule fires at least once a year"
    );
    let over = next("0 0 9 * * * 2025").unwrap_err().to_string();
    assert_eq!(over, "`0 0 9 * * * 2025` does not fire any more after 2026-03-01 00:00:00 UTC");
}

#[test]
fn fires_are_bounded_and_half_open() {
    let schedule = Schedule::parse("0 9 * * *").unwrap();
    let (from, until) = (instant("2026-03-01T09:00:00Z"), instant("2026-03-03T09:00:00Z"));
    assert_eq!(schedule.fires(chrono_tz::UTC, from, until, 100).len(), 2);
    assert_eq!(schedule.fires(chrono_tz::UTC, from, until, 1).len(), 1);
    assert_eq!(schedule.after(chrono_tz::UTC, from).unwrap().at, instant("2026-03-02T09:00:00Z"));
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for expression in ["0 9 * * *", "*/5 * * * *"] {
        let schedule = Schedule::parse(expression).unwrap();
        for tz in [Pacific::Apia, America::Juneau, Europe::Berlin] {
            assert_eq!(schedule.after(tz, DateTime::<Utc>::MAX_UTC), None);
            assert!(schedule.after(tz, DateTime::<Utc>::MIN_UTC).is_some());
            assert!(schedule.fires(tz, DateTime::<Utc>::MIN_UTC, DateTime::<Utc>::MAX_UTC, 3).len() == 3);
        }
    }
}

/// An expression and, in plain Rust, the local minutes that it names.
type Meaning = (&'static str, fn(NaiveDateTime) -> bool);

const CIVIL_TIMES: [Meaning; 6] = [
    ("30 2 * * *", |at| at.hour() == 2 && at.minute() == 30),
    ("0 0 * * *", |at| at.hour() == 0 && at.minute() == 0),
    ("*/10 0-3 * * *", |at| at.hour() < 4 && at.minute() % 10 == 0),
    ("15 23,1 * * 5-7", |at| {
        [23, 1].contains(&at.hour()) && at.minute() == 15 && 3 < at.weekday().num_days_from_monday()
    }),
    ("0 12 1,31 * Sat", |at| {
        at.hour() == 12 && at.minute() == 0 && ([1, 31].contains(&at.day()) || at.weekday() == Weekday::Sat)
    }),
    ("59 1-23/2 */3 2-12 Sun-Thu", |at| {
        at.hour() % 2 == 1
            && at.minute() == 59
            && at.day() % 3 == 1
            && at.month() > 1
            && ![Weekday::Fri, Weekday::Sat].contains(&at.weekday())
    }),
];

const INTERVALS: [Meaning; 4] = [
    ("*/30 * * * *", |at| at.minute() % 30 == 0),
    ("20 * * * *", |at| at.minute() == 20),
    ("5 */3 * * *", |at| at.minute() == 5 && at.hour() % 3 == 0),
    ("0 * * * Sat,Sun", |at| at.minute() == 0 && [Weekday::Sat, Weekday::Sun].contains(&at.weekday())),
];

/// A zone and an instant, mostly within a day and a half before a change of the zone's clock.
fn before_a_change() -> impl Strategy<Value = (Tz, DateTime<Utc>)> {
    (0..TZ_VARIANTS.len(), 0..47 * 365_i64, 0..2_160_i64).prop_map(|(zone, day, minutes)| {
        let day = Utc.with_ymd_and_hms(1990, 1, 1, 0, 0, 0).unwrap() + TimeDelta::days(day);
        let tz = TZ_VARIANTS[zone];
        let change = crate::domain::civil::next_offset_change(tz, day, day + TimeDelta::days(300)).unwrap_or(day);
        (tz, change - TimeDelta::minutes(minutes))
    })
}

const SPAN_MINUTES: i64 = 3_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn intervals_fire_whenever_the_clock_shows_them((tz, from) in before_a_change()) {
        for (expression, named) in INTERVALS {
            let until = from + TimeDelta::minutes(SPAN_MINUTES);
            let fires = Schedule::parse(expression).unwrap().fires(tz, from, until, usize::MAX);
            let seen: Vec<_> = fires.iter().map(|fire| fire.at).collect();
            let minutes = (0..SPAN_MINUTES).map(|minute| from + TimeDelta::minutes(minute));
            let expected: Vec<_> = minutes.filter(|at| named(local_time(tz, *at))).collect();
            prop_assert_eq!(seen, expected, "{} in {}", expression, tz);
            check_names(&fires)?;
        }
    }

    #[test]
    fn civil_times_fire_once_each((tz, from) in before_a_change()) {
        for (expression, named) in CIVIL_TIMES {
            let until = from + TimeDelta::minutes(SPAN_MINUTES);
            let fires = Schedule::parse(expression).unwrap().fires(tz, from, until, usize::MAX);
            let seen: Vec<_> = fires.iter().map(|fire| fire.at).collect();
            let start = local_time(tz, from) - TimeDelta::minutes(1_600);
            let mut expected: Vec<_> = (0..SPAN_MINUTES + 3_200)
                .map(|minute| start + TimeDelta::minutes(minute))
                .filter(|local| named(*local))
                .map(|local| first_instant(tz, local))
                .filter(|at| (from..until).contains(at))
                .collect();
            expected.dedup();
            prop_assert_eq!(seen, expected, "{} in {}", expression, tz);
            check_names(&fires)?;
        }
    }

    #[test]
    fn a_fire_is_found_under_the_same_name_from_anywhere_before_it((tz, from) in before_a_change(), minutes in 0..2_000_i64) {
        for (expression, _) in CIVIL_TIMES.into_iter().chain(INTERVALS) {
            let schedule = Schedule::parse(expression).unwrap();
            let fires = schedule.fires(tz, from, from + TimeDelta::minutes(SPAN_MINUTES), usize::MAX);
            let later = from + TimeDelta::minutes(minutes);
            if let Some(expected) = fires.into_iter().find(|fire| fire.at > later) {
                prop_assert_eq!(schedule.after(tz, later), Some(expected));
            }
        }
    }

    #[test]
    fn no_expression_panics(text in "\\PC{0,30}|[0-9*/,?L MonSu-]{5,30}", seconds in -10_000_000_000..10_000_000_000_i64) {
        if let Ok(schedule) = Schedule::parse(&text) {
            let instant = DateTime::from_timestamp(seconds, 0).unwrap();
            if let Some(fire) = schedule.after(Europe::Berlin, instant) {
                prop_assert!(fire.at > instant);
            }
        }
    }
}

/// No two fires may share a name.
fn check_names(fires: &[Fire]) -> Result<(), TestCaseError> {
    let names: std::collections::BTreeSet<_> = fires.iter().map(|fire| &fire.nominal).collect();
    prop_assert_eq!(names.len(), fires.len());
    Ok(())
}
