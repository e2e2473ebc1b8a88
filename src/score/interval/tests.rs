use super::*;
use proptest::prelude::*;

/// `expected` is the interval in percent, as printed with two decimals.
#[track_caller]
fn check_wilson(successes: u64, n: u64, expected: (f64, f64)) {
    let Interval { lo, hi } = wilson(successes, n).unwrap();
    let shown = (round_half_away(100.0 * lo, 2), round_half_away(100.0 * hi, 2));
    assert_eq!(shown, expected, "{successes} of {n}");
}

#[test]
fn shares_of_satisfied_customers_have_their_worked_intervals() {
    check_wilson(7, 10, (39.68, 89.22));
    check_wilson(0, 5, (0.0, 43.45));
    check_wilson(5, 5, (56.55, 100.0));
    check_wilson(8, 10, (49.02, 94.33));
    check_wilson(45, 50, (78.64, 95.65));
    check_wilson(3, 30, (3.46, 25.62));
    check_wilson(20, 40, (35.20, 64.80));
}

#[test]
fn response_rates_have_their_worked_intervals() {
    check_wilson(8, 14, (32.59, 78.62));
    check_wilson(8, 16, (28.00, 72.00));
    check_wilson(5, 10, (23.66, 76.34));
    check_wilson(3, 7, (15.82, 74.95));
}

#[test]
fn the_ends_are_exact() {
    assert_eq!(wilson(0, 5).map(|interval| interval.lo), Some(0.0));
    assert_eq!(wilson(5, 5).map(|interval| interval.hi), Some(1.0));
}

#[test]
fn nothing_asked_has_no_interval() {
    assert_eq!(wilson(0, 0), None);
    assert_eq!(wilson(3, 2), None);
}

#[track_caller]
fn check_round(value: f64, decimals: u32, expected: &str) {
    assert_eq!(round_half_away(value, decimals).to_string(), expected, "{value} to {decimals}");
}

#[test]
fn a_half_is_rounded_away_from_zero() {
    check_round(100.0 / 9.0, 0, "11");
    check_round(12.5, 0, "13");
    check_round(-12.5, 0, "-13");
    check_round(0.5, 0, "1");
    check_round(-0.5, 0, "-1");
    check_round(2.5, 0, "3");
    check_round(12.49, 0, "12");
    check_round(8.0 / 14.0 * 100.0, 2, "57.14");
}

#[test]
fn a_half_in_decimal_counts_as_a_half() {
    check_round(1.005, 2, "1.01");
    check_round(-1.005, 2, "-1.01");
    check_round(0.5725 * 100.0, 1, "57.3");
    check_round(0.285, 2, "0.29");
}

#[test]
fn minus_zero_is_never_shown() {
    check_round(-0.4, 0, "0");
    check_round(-0.0, 2, "0");
    check_round(-0.001, 2, "0");
}

#[test]
fn what_cannot_be_rounded_is_left_alone() {
    assert!(round_half_away(f64::NAN, 1).is_nan());
    check_round(f64::INFINITY, 1, "inf");
    check_round(1e300, 12, &1e300.to_string());
}

proptest! {
    #[test]
    fn an_interval_holds_its_share_and_stays_in_bounds(n in 1..2_000_000_u64, part in 0.0..=1.0_f64) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "0 to n")]
        let successes = ((n as f64 * part) as u64).min(n);
        let Interval { lo, hi } = wilson(successes, n).unwrap();
        let share = real(successes) / real(n);
        prop_assert!((0.0..=1.0).contains(&lo) && (0.0..=1.0).contains(&hi));
        prop_assert!(lo <= share && share <= hi, "{} {} {}", lo, share, hi);
    }

    #[test]
    fn rounding_moves_by_at_most_half_a_unit(value in -1e6..1e6_f64, decimals in 0..6_u32) {
        let unit = 0.1_f64.powi(i32::try_from(decimals).unwrap());
        // An f64 is off by some units in its last place, and so is the step that lets 0.5 count as half.
        let off = value.abs() * 2e-15;
        prop_assert!((round_half_away(value, decimals) - value).abs() <= unit * 0.5 + off);
    }

    #[test]
    fn rounding_is_the_same_on_both_sides_of_zero(value in -1e6..1e6_f64, decimals in 0..6_u32) {
        let (below, above) = (round_half_away(-value, decimals), round_half_away(value, decimals));
        prop_assert_eq!(below.to_bits(), (0.0 - above).to_bits());
    }
}
