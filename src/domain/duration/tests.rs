use super::*;
use proptest::prelude::*;

#[track_caller]
fn check(text: &str, expected: Result<i64, &str>) {
    let seen = parse_duration(text).map(|duration| duration.num_seconds()).map_err(|err| err.to_string());
    assert_eq!(seen, expected.map_err(str::to_owned), "`{text}`");
}

#[test]
fn each_unit_is_read() {
    check("90s", Ok(90));
    check("15m", Ok(900));
    check("2h", Ok(7_200));
    check("3d", Ok(259_200));
    check("2w", Ok(1_209_600));
    check("0s", Ok(0));
    check(" 14d ", Ok(1_209_600));
}

#[test]
fn sums_are_read() {
    check("1d12h", Ok(129_600));
    check("1w2d3h4m5s", Ok(788_645));
}

#[test]
fn ten_years_are_the_limit() {
    check("3653d", Ok(3_653 * 86_400));
    check("3653d1s", Err("`3653d1s` is longer than ten years (3653d)"));
    check("99999999999999999999d", Err("`99999999999999999999d` is longer than ten years (3653d)"));
    check("9223372036854775807w", Err("`9223372036854775807w` is longer than ten years (3653d)"));
}

#[test]
fn mistakes_are_named() {
    check("", Err("the duration is empty: write for example 90s, 15m, 2h, 3d, 2w or 1d12h"));
    check("  ", Err("the duration is empty: write for example 90s, 15m, 2h, 3d, 2w or 1d12h"));
    check("5", Err("`5` lacks a unit after 5: write a whole number and s, m (minutes), h, d or w"));
    check("5y", Err("`5y` has the unknown unit `y`: the units are s, m (minutes), h, d and w"));
    check("5min", Err("`5min` has the unknown unit `min`: the units are s, m (minutes), h, d and w"));
    check("2H", Err("`2H` has the unknown unit `H`: the units are s, m (minutes), h, d and w"));
    check("h", Err("`h` has no whole number before `h`: write for example 90s, 15m, 2h, 3d, 2w or 1d12h"));
    check("-2h", Err("`-2h` has no whole number before `-2h`: write for example 90s, 15m, 2h, 3d, 2w or 1d12h"));
    check("1.5h", Err("`1.5h` lacks a unit after 1: write a whole number and s, m (minutes), h, d or w"));
    check("1d 2h", Err("`1d 2h` has no whole number before ` 2h`: write for example 90s, 15m, 2h, 3d, 2w or 1d12h"));
    check("2h1d", Err("`2h1d` has `d` out of order: write each unit once, the longest first, for example 1d12h"));
    check("1h1h", Err("`1h1h` has `h` out of order: write each unit once, the longest first, for example 1d12h"));
}

#[test]
fn durations_are_written_shortly() {
    assert_eq!(format_duration(TimeDelta::seconds(129_600)), "1d12h");
    assert_eq!(format_duration(TimeDelta::weeks(2)), "14d");
    assert_eq!(format_duration(TimeDelta::seconds(61)), "1m1s");
    assert_eq!(format_duration(TimeDelta::zero()), "0s");
    assert_eq!(format_duration(TimeDelta::milliseconds(-999)), "0s");
    assert_eq!(format_duration(TimeDelta::minutes(-90)), "-1h30m");
    assert!(format_duration(TimeDelta::MIN).starts_with('-'));
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(seconds in 0..=DURATION_MAX.num_seconds()) {
        let duration = TimeDelta::seconds(seconds);
        prop_assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}|[0-9wdhms .-]{0,30}") {
        if let Ok(duration) = parse_duration(&text) {
            prop_assert!(TimeDelta::zero() <= duration && duration <= DURATION_MAX);
        }
    }
}
