use super::*;
use proptest::prelude::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_772_800_000, 0).unwrap()
}

#[track_caller]
fn check(rule: RetryRule, n_tries: u32, jitter: f64, retry_after: Option<u64>, expected_seconds: i64) {
    let at = retry_at(&rule, n_tries, now(), jitter, retry_after.map(Duration::from_secs));
    assert_eq!((at - now()).num_seconds(), expected_seconds, "{n_tries} tries, jitter {jitter}");
}

#[test]
fn email_waits_ten_minutes_and_doubles() {
    check(RetryRule::EMAIL, 1, 0.0, None, 600);
    check(RetryRule::EMAIL, 2, 0.0, None, 1_200);
    check(RetryRule::EMAIL, 3, 0.0, None, 2_400);
    check(RetryRule::EMAIL, 4, 0.0, None, 4_800);
    check(RetryRule::EMAIL, 0, 0.0, None, 600);
}

#[test]
fn email_never_waits_longer_than_four_hours() {
    check(RetryRule::EMAIL, 6, 0.0, None, 11_520);
    check(RetryRule::EMAIL, 6, 1.0, None, 4 * 3_600);
    check(RetryRule::EMAIL, u32::MAX, 1.0, None, 4 * 3_600);
}

#[test]
fn sms_waits_a_minute_and_at_most_half_an_hour() {
    check(RetryRule::SMS, 1, 0.0, None, 60);
    check(RetryRule::SMS, 1, 1.0, None, 75);
    check(RetryRule::SMS, 40, 1.0, None, 1_800);
}

#[test]
fn a_peer_that_says_when_is_believed() {
    check(RetryRule::SMS, 1, 0.0, Some(3_600), 3_600);
    check(RetryRule::SMS, 1, 1.0, Some(3_600), 3_615);
    check(RetryRule::SMS, 1, 0.0, Some(5), 60);
    check(RetryRule::SMS, 1, 0.0, Some(u64::MAX), RETRY_AFTER_MAX.num_seconds());
}

#[test]
fn a_senseless_rule_still_gives_a_time() {
    let rule = RetryRule { first: TimeDelta::minutes(-5), factor: 0, longest: TimeDelta::MIN, spread: f64::NAN };
    check(rule, 3, f64::NAN, None, 0);
    let rule = RetryRule { first: TimeDelta::hours(2), factor: 9, longest: TimeDelta::hours(1), spread: 7.0 };
    check(rule, 3, 0.0, None, 7_200);
    check(rule, 3, 9.0, None, 7_200);
    let rule = RetryRule { first: TimeDelta::MAX, factor: u32::MAX, longest: TimeDelta::MAX, spread: 1.0 };
    assert_eq!(retry_at(&rule, u32::MAX, now(), 1.0, None), DateTime::<Utc>::MAX_UTC);
}

proptest! {
    #[test]
    fn a_wait_is_bounded_and_never_shorter_than_asked(
        (first, more, factor) in (0..86_400_i64, 0..864_000_i64, 0..10_u32),
        (n_tries, spread, jitter) in (0..5_000_u32, 0.0..=1.0_f64, 0.0..=1.0_f64),
        asked_millis in proptest::option::of(0..200 * 86_400_000_u64),
    ) {
        let (first, longest) = (TimeDelta::seconds(first), TimeDelta::seconds(first + more));
        let rule = RetryRule { first, factor, longest, spread };
        let asked = asked_millis.map(Duration::from_millis);
        let wait = retry_at(&rule, n_tries, now(), jitter, asked) - now();
        let asked = asked.map_or(TimeDelta::zero(), |asked| TimeDelta::from_std(asked).unwrap()).min(RETRY_AFTER_MAX);
        prop_assert!(wait >= first && wait >= asked);
        let slack = TimeDelta::milliseconds(1);
        prop_assert!(wait <= longest.max(asked + longest / 2 + slack), "waits {} of at most {}", wait, longest);
    }

    #[test]
    fn more_tries_never_wait_less(n_tries in 0..200_u32, jitter in 0.0..=1.0_f64) {
        for rule in [RetryRule::EMAIL, RetryRule::SMS] {
            let (one, next) = (retry_at(&rule, n_tries, now(), jitter, None), retry_at(&rule, n_tries + 1, now(), jitter, None));
            prop_assert!(one <= next);
        }
    }
}
