//! What is wrong, in its order and its words.

use super::*;
use crate::domain::hold::Hold;
use crate::domain::operator::Operator;
use crate::domain::reason::HoldReason;
use crate::domain::scope::Scope;
use crate::plan::pace::Slowed;
use crate::store::{ChannelBacklog, Counted, ReadOnlyReason};

fn noon() -> DateTime<Utc> {
    "2026-03-04T12:00:00Z".parse().unwrap()
}

/// A daemon to which nothing happens.
fn quiet() -> Status {
    let channels = Channel::ALL.map(|channel| ChannelBacklog::idle(channel, 0));
    let backlog = Backlog { channels, n_windows: 0, holds: Vec::new(), routes: Vec::new(), more_routes: false };
    Status {
        now: noon(),
        begun_at: Some(noon()),
        health: Health::Writable,
        backlog: Ok(backlog),
        store_bytes: None,
        gateway_days: Vec::new(),
        mailbox: None,
        reload_refused: false,
        rates: Vec::new(),
        errors: Vec::new(),
    }
}

#[test]
fn nothing_is_wrong_with_a_daemon_that_has_nothing_to_do() {
    assert_eq!(quiet().alarms(), Vec::<String>::new());
}

#[test]
fn what_concerns_everything_comes_before_what_concerns_a_route_or_a_message() {
    let mut status = quiet();
    status.health = Health::ReadOnly(ReadOnlyReason::NoRoom);
    status.begun_at = None;
    status.reload_refused = true;
    let backlog = status.backlog.as_mut().unwrap();
    let rests =
        RouteState { rests_until: Some(noon() + TimeDelta::seconds(42)), n_failures: 5, ..RouteState::default() };
    let slowed = Slowed { per_second: 2.5, from: 10.0, since: noon() };
    let slow = RouteState { slowed: Some(slowed), ..RouteState::default() };
    let domain = Route::Domain("sole.example".to_owned());
    backlog.routes = vec![
        (Route::Account, rests),
        (Route::Gateway("kannel".to_owned()), RouteState { n_failures: 1, ..RouteState::default() }),
        (domain.clone(), slow),
    ];
    backlog.channels[0].due = Counted { n: 100_000, at_least: true };
    backlog.channels[0].oldest_due = Some(noon() - TimeDelta::minutes(17));
    backlog.channels[1].n_for_operator = 1;
    backlog.channels[1].oldest_due = Some(noon() - TimeDelta::minutes(5));
    backlog.holds = vec![Hold {
        scope: Scope::default(),
        since: noon(),
        reason: HoldReason::Operator,
        note: "the relay moves".to_owned(),
        by: Operator::parse("maria").unwrap(),
    }];
    let error = |route, what: &str| LastError {
        at: noon(),
        n: 1,
        channel: Channel::Email,
        route: Some(route),
        outcome: "deferred",
        what: what.to_owned(),
    };
    status.errors = vec![error(Route::Account, "cannot connect to the relay"), error(domain, "421 4.7.0")];
    let expected = [
        "the store is read-only, because there is no room on its disk",
        "no daemon runs, so nothing is sent",
        "the mail relay rests for 42s, until 2026-03-04T12:00:42Z (5 failures in a row, last: cannot connect to the relay)",
        "gateway kannel is tried with one message at a time (1 failure)",
        "1 text message is of unknown outcome and for you to decide about: canvass unknown list --open",
        "late: 100000+ emails due, the oldest for 17m, since 2026-03-04T11:43:00Z",
        "held since 2026-03-04T12:00:00Z by maria: everything: the relay moves",
        "the last reload was refused, see the log; an older configuration is in force",
        "domain sole.example is slowed to 2.50 of 10.00 messages a second (last: 421 4.7.0)",
    ];
    assert_eq!(status.alarms(), expected);
}

#[test]
fn of_many_routes_a_few_are_named_and_the_others_counted() {
    let mut status = quiet();
    let state = RouteState { n_failures: 1, ..RouteState::default() };
    let domain = |n| (Route::Domain(format!("d{n}.example")), state);
    status.backlog.as_mut().unwrap().routes = (0..9).map(domain).collect();
    let alarms = status.alarms();
    assert_eq!((alarms.len(), alarms[5].as_str()), (6, "so it is with 4 more routes"));
}

#[test]
fn a_store_that_cannot_be_read_is_said_and_hides_nothing_else() {
    let status = Status { backlog: Err(StoreError::Closed), begun_at: None, ..quiet() };
    let expected = ["what is to be sent cannot be read: the store is closing", "no daemon runs, so nothing is sent"];
    assert_eq!(status.alarms(), expected);
}

#[track_caller]
fn check_span(seconds: i64, expected: &str) {
    assert_eq!(span(TimeDelta::seconds(seconds)), expected);
}

#[test]
fn a_span_is_told_to_what_matters_of_it() {
    check_span(0, "0s");
    check_span(59 * 60 + 59, "59m59s");
    check_span(3_600 + 59, "1h");
    check_span(26 * 3_600 + 61, "1d2h");
    check_span(-5, "-5s");
}

#[test]
fn a_gateway_that_has_spent_its_day_says_so_and_until_when() {
    let price = crate::domain::price::Price::parse("0.10 EUR").unwrap();
    let limit = crate::plan::spend::DayLimit { segments: Some(12), money: Some(price.times(500)), price: Some(price) };
    let spent = crate::plan::spend::Spent { n_segments: 12, millionths: 1_200_000, n_wanted: 0 };
    let day = |stopped_until| GatewayDay { gateway: "kannel".to_owned(), limit, spent, stopped_until };
    let status = Status { gateway_days: vec![day(None), day(Some(noon() + TimeDelta::hours(11)))], ..quiet() };
    let expected = "gateway kannel has spent what it may cost today (12 of 12 segments, 1.20 of 50.00 EUR): its messages \
                    wait until 2026-03-04T23:00:00Z";
    assert_eq!(status.alarms(), [expected]);
}
