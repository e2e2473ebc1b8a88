use super::*;
use chrono::{NaiveDate, TimeDelta};
use chrono_tz::TZ_VARIANTS;
use proptest::prelude::*;

fn local(text: &str) -> NaiveDateTime {
    text.parse().unwrap()
}

#[track_caller]
fn check(tz: Tz, wall: &str, expected: &str) {
    let at = first_instant(tz, local(wall)).with_timezone(&tz);
    assert_eq!(at.to_rfc3339(), expected, "{tz} {wall}");
}

#[test]
fn a_time_that_happens_once_is_itself() {
    check(chrono_tz::Europe::Berlin, "2026-07-01T12:00:00", "2026-07-01T12:00:00+02:00");
    check(chrono_tz::UTC, "2026-07-01T12:00:00", "2026-07-01T12:00:00+00:00");
}

#[test]
fn a_time_in_a_gap_is_the_first_instant_after_it() {
    check(chrono_tz::Europe::Berlin, "2026-03-29T02:00:00", "2026-03-29T03:00:00+02:00");
    check(chrono_tz::Europe::Berlin, "2026-03-29T02:59:59", "2026-03-29T03:00:00+02:00");
    check(chrono_tz::Europe::Berlin, "2026-03-29T03:00:00", "2026-03-29T03:00:00+02:00");
    check(chrono_tz::America::Havana, "2026-03-08T00:00:00", "2026-03-08T01:00:00-04:00");
    check(chrono_tz::Australia::Lord_Howe, "2026-10-04T02:10:00", "2026-10-04T02:30:00+11:00");
}

#[test]
fn a_time_in_an_overlap_is_its_first_occurrence() {
    check(chrono_tz::Europe::Berlin, "2026-10-25T02:30:00", "2026-10-25T02:30:00+02:00");
    check(chrono_tz::Europe::Berlin, "2026-10-25T03:00:00", "2026-10-25T03:00:00+01:00");
    check(chrono_tz::Australia::Lord_Howe, "2026-04-05T01:45:00", "2026-04-05T01:45:00+11:00");
}

#[test]
fn a_time_on_a_skipped_day_is_the_start_of_the_next_day() {
    check(chrono_tz::Pacific::Apia, "2011-12-30T00:00:00", "2011-12-31T00:00:00+14:00");
    check(chrono_tz::Pacific::Apia, "2011-12-30T17:45:00", "2011-12-31T00:00:00+14:00");
    check(chrono_tz::Pacific::Kwajalein, "1993-08-21T12:00:00", "1993-08-22T00:00:00+12:00");
}

#[test]
fn the_ends_of_time_do_not_panic() {
    for tz in TZ_VARIANTS {
        assert!(first_instant(tz, NaiveDateTime::MIN) < first_instant(tz, NaiveDateTime::MAX), "{tz}");
        assert!(local_time(tz, DateTime::<Utc>::MIN_UTC) < local_time(tz, DateTime::<Utc>::MAX_UTC), "{tz}");
    }
    let never = first_shown(chrono_tz::Asia::Tokyo, DateTime::<Utc>::MAX_UTC, |_| None);
    assert_eq!(never, None);
}

#[test]
fn a_change_of_offset_is_found_to_the_second_and_once() {
    let (from, until) = (first_instant(chrono_tz::UTC, local("2026-01-01T00:00:00")), instant(1_800_000_000));
    let spring = next_offset_change(chrono_tz::Europe::Berlin, from, until).unwrap();
    assert_eq!(spring.to_rfc3339(), "2026-03-29T01:00:00+00:00");
    let autumn = next_offset_change(chrono_tz::Europe::Berlin, spring, until).unwrap();
    assert_eq!(autumn.to_rfc3339(), "2026-10-25T01:00:00+00:00");
    assert_eq!(next_offset_change(chrono_tz::Europe::Berlin, autumn, until), None);
    assert_eq!(next_offset_change(chrono_tz::Asia::Tokyo, from, until), None);
    let just_before = spring - TimeDelta::milliseconds(1);
    assert_eq!(next_offset_change(chrono_tz::Europe::Berlin, just_before, spring), Some(spring));
    assert_eq!(next_offset_change(chrono_tz::Europe::Berlin, spring - TimeDelta::hours(1), just_before), None);
}

#[track_caller]
fn check_next_day(tz: Tz, at: &str, expected: &str) {
    let next = next_day(tz, at.parse().unwrap()).unwrap();
    assert_eq!(next.with_timezone(&tz).to_rfc3339(), expected);
}

#[test]
fn the_next_day_begins_when_the_calendar_shows_it() {
    check_next_day(chrono_tz::Europe::Berlin, "2026-03-02T12:00:00+01:00", "2026-03-03T00:00:00+01:00");
    check_next_day(chrono_tz::Europe::Berlin, "2026-03-02T00:00:00+01:00", "2026-03-03T00:00:00+01:00");
    // The day begins at one in the morning, ends an hour later, or is not there at all.
    check_next_day(chrono_tz::America::Havana, "2026-03-07T12:00:00-05:00", "2026-03-08T01:00:00-04:00");
    check_next_day(chrono_tz::America::Sao_Paulo, "2018-02-17T23:30:00-02:00", "2018-02-18T00:00:00-03:00");
    check_next_day(chrono_tz::Pacific::Apia, "2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00");
    // A minute after midnight the clock went back to the evening before, which is followed to its second end.
    check_next_day(chrono_tz::America::St_Johns, "2010-11-06T23:30:00-03:30", "2010-11-07T00:00:00-03:30");
    assert_eq!(next_day(chrono_tz::UTC, DateTime::<Utc>::MAX_UTC), None);
}

/// Every instant at which the clock shows `wall`, by trying every offset that holds anywhere near.
fn all_instants(tz: Tz, wall: NaiveDateTime) -> Vec<DateTime<Utc>> {
    let mut found: Vec<DateTime<Utc>> = (-104..=104)
        .map(|quarter| offset_at(tz, wall.and_utc() + TimeDelta::minutes(15 * quarter)))
        .filter_map(|offset| wall.checked_sub_offset(offset))
        .map(|utc| utc.and_utc())
        .filter(|at| local_time(tz, *at) == wall)
        .collect();
    found.sort();
    found.dedup();
    found
}

/// A zone and a wall-clock minute of 1990 to 2037.
fn anywhere() -> impl Strategy<Value = (Tz, NaiveDateTime)> {
    let days = NaiveDate::from_ymd_opt(1990, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN);
    let minutes = 48 * 365 * 24 * 60_i64;
    (0..TZ_VARIANTS.len(), 0..minutes)
        .prop_map(move |(zone, minute)| (TZ_VARIANTS[zone], days + TimeDelta::minutes(minute)))
}

/// A zone and a wall-clock minute within 26 hours of a change of its clock, if it has one after a random day.
fn near_a_change() -> impl Strategy<Value = (Tz, NaiveDateTime)> {
    (anywhere(), -26 * 60..26 * 60_i64).prop_map(|((tz, wall), minutes)| {
        let from = wall.and_utc();
        let change = next_offset_change(tz, from, from + TimeDelta::days(400)).unwrap_or(from);
        (tz, local_time(tz, change) + TimeDelta::minutes(minutes))
    })
}

fn check_rule(tz: Tz, wall: NaiveDateTime) -> Result<(), TestCaseError> {
    let at = first_instant(tz, wall);
    if let Some(first) = all_instants(tz, wall).first() {
        prop_assert_eq!(at, *first);
    } else {
        prop_assert!(local_time(tz, at) > wall, "{} {} gave {}, which is before the gap's end", tz, wall, at);
        let before = at - TimeDelta::seconds(1);
        prop_assert!(local_time(tz, before) < wall, "{} {} gave {}, which is late", tz, wall, at);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn the_rule_holds_in_every_zone((tz, wall) in anywhere()) {
        check_rule(tz, wall)?;
    }

    #[test]
    fn the_rule_holds_around_every_change((tz, wall) in near_a_change()) {
        check_rule(tz, wall)?;
    }

    #[test]
    fn later_wall_times_never_come_earlier((tz, wall) in near_a_change(), minutes in 0..3_000_i64) {
        prop_assert!(first_instant(tz, wall) <= first_instant(tz, wall + TimeDelta::minutes(minutes)));
    }
}

#[test]
fn changes_close_together_are_all_found() {
    // Recife had summer time for a week in 2000; Casablanca and Cairo interrupted theirs for Ramadan.
    use chrono_tz::{Africa, America, Asia};
    let cases = [(America::Recife, 2000), (Africa::Casablanca, 2014), (Africa::Cairo, 2010), (Asia::Gaza, 2040)];
    for (tz, year) in cases {
        let start = NaiveDate::from_ymd_opt(year, 1, 1).unwrap().and_time(chrono::NaiveTime::MIN).and_utc();
        let end = start + TimeDelta::days(366);
        let quarters = (0..366 * 96).map(|n| start + TimeDelta::minutes(15 * n));
        let seen = quarters.filter(|at| offset_at(tz, *at) != offset_at(tz, *at + TimeDelta::minutes(15))).count();
        let found = std::iter::successors(next_offset_change(tz, start, end), |at| next_offset_change(tz, *at, end));
        assert_eq!(found.count(), seen, "{tz} in {year}");
        assert!(seen >= 2, "{tz} in {year}");
    }
}
