use proptest::prelude::*;

use super::*;

fn noon() -> DateTime<Utc> {
    DateTime::from_timestamp(1_780_000_000, 0).unwrap()
}

fn seconds(n: i64) -> TimeDelta {
    TimeDelta::seconds(n)
}

/// Messages that leave in this many seconds when one is always waiting.
fn sent_in(state: &mut RouteState, rate: Option<f64>, (from, n_seconds): (DateTime<Utc>, i64)) -> u32 {
    let (mut now, mut n) = (from, 0);
    while now < from + seconds(n_seconds) {
        match state.turn(rate, now) {
            Turn::Now => {
                state.take(rate, now);
                n += 1;
            }
            Turn::At(at) => now = at,
        }
    }
    n
}

#[test]
fn a_rate_is_kept_and_what_a_pause_saved_up_is_little() {
    let mut state = RouteState::default();
    assert_eq!(sent_in(&mut state, Some(50.0), (noon(), 10)), 505, "five of the slack, then one every 20 ms");
    assert_eq!(sent_in(&mut state, Some(50.0), (noon() + seconds(3_600), 1)), 55);
}

#[test]
fn without_a_rate_there_is_nothing_to_remember() {
    let mut state = RouteState::default();
    assert!(!state.take(None, noon()));
    assert_eq!((state, state.turn(None, noon())), (RouteState::default(), Turn::Now));
}

#[test]
fn a_failing_route_rests_twice_as_long_each_time_up_to_a_limit() {
    let (mut state, mut now) = (RouteState::default(), noon());
    let mut rests = Vec::new();
    for _ in 0..11 {
        state.failed(now, None);
        let Turn::At(until) = state.turn(None, now) else { panic!("no rest") };
        rests.push((until - now).num_seconds());
        now = until;
    }
    assert_eq!(rests, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    assert!(state.is_on_trial() && state.succeeded(now) && !state.is_on_trial());
    assert_eq!(state, RouteState::default());
}

#[test]
fn failures_that_were_on_their_way_count_once() {
    let mut state = RouteState::default();
    assert!(state.failed(noon(), None));
    for _ in 0..31 {
        assert!(!state.failed(noon() + TimeDelta::milliseconds(10), None));
    }
    assert_eq!(state.turn(None, noon()), Turn::At(noon() + seconds(1)));
    assert!(state.failed(noon(), Some(noon() + seconds(90))), "a longer rest that is asked for is news");
    assert_eq!(state.turn(None, noon()), Turn::At(noon() + seconds(90)));
}

#[test]
fn what_is_asked_to_slow_down_goes_at_half_its_speed_and_comes_back_slowly() {
    let mut state = RouteState::default();
    assert!(state.slow_down((Some(40.0), 7.0), noon(), None));
    assert!(!state.slow_down((Some(40.0), 7.0), noon() + seconds(1), None), "it rests already");
    let mut now = noon() + seconds(10);
    assert_eq!(sent_in(&mut state, Some(40.0), (now, 10)), 202, "20 a second and two of the slack");
    let mut minutes = 0;
    while state.slowed.is_some() {
        now += RECOVERY.0;
        state.succeeded(now);
        minutes += 1;
    }
    assert_eq!(minutes, 4, "20, 25, 31.25, 39.06, then 40 again");
}

#[test]
fn a_route_without_a_rate_is_slowed_from_what_was_seen_of_it() {
    let mut state = RouteState::default();
    state.slow_down((None, 8.0), noon(), Some(noon() + seconds(3)));
    assert_eq!(state.turn(None, noon()), Turn::At(noon() + seconds(3)));
    assert_eq!(sent_in(&mut state, None, (noon() + seconds(3), 10)), 41, "4 a second and one of the slack");
    for n in 1..40 {
        state.slow_down((None, 8.0), noon() + seconds(60 * n), None);
    }
    assert!(state.slowed.unwrap().per_second >= SLOWED_MIN);
}

#[test]
fn what_a_wrong_clock_stored_holds_nobody_up() {
    let ahead = noon() + TimeDelta::days(365);
    let mut state = RouteState { next_at: Some(ahead), rests_until: Some(ahead), ..RouteState::default() };
    assert_eq!(state.turn(Some(1.0), noon()), Turn::Now);
    state.take(Some(1.0), noon());
    assert!(state.next_at.unwrap() <= noon() + seconds(1));
}

proptest! {
    #[test]
    fn over_any_stretch_no_more_leave_than_rate_and_slack_allow(
        rate in 0.1_f64..500.0, pauses in prop::collection::vec(0_i64..2_000, 1..200),
    ) {
        let (mut state, mut now, mut left) = (RouteState::default(), noon(), Vec::new());
        for pause in pauses {
            now += TimeDelta::milliseconds(pause);
            if state.turn(Some(rate), now) == Turn::Now {
                state.take(Some(rate), now);
                left.push(now);
            }
        }
        for (index, from) in left.iter().enumerate() {
            for (n, to) in (1_u32..).zip(&left[index..]) {
                let stretch = (*to - *from + SLACK).as_seconds_f64();
                prop_assert!(f64::from(n) <= stretch * rate + 1.001, "{n} in {stretch} s at {rate}/s");
            }
        }
    }
}
