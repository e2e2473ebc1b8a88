//! The worked example of METRICS §4.3: twenty histories, a window of 14 days, read on day 40 and on day 5.

use chrono::{NaiveDate, TimeDelta};

use super::story::{Turn, accepted, by_id, count, day, planned, refused, step, tell};
use crate::domain::answer::Completeness::{Complete, Partial, Started};
use crate::domain::invitation::{End, Invitation, State};
use crate::domain::journey::{Channel, Step, StepKind};
use crate::report::aapor::Outcomes;
use crate::report::by::By;
use crate::report::rates::{Contact, RatesQuery, RatesReport, Row, rates};
use crate::report::share::{Base, Share};

struct Case {
    contact: &'static str,
    line_up: Vec<Step>,
    turns: Vec<(i64, Turn)>,
}

fn case(contact: &'static str, line_up: &[Step], turns: Vec<(i64, Turn)>) -> Case {
    Case { contact, line_up: line_up.to_vec(), turns }
}

fn ok(day: i64) -> (i64, Turn) {
    (day, Turn::Sent(accepted()))
}

fn bounce(day: i64) -> (i64, Turn) {
    (day, Turn::Sent(refused()))
}

/// All but c18, which is a second record of c01's occasion, and c19, a test by staff, for which nothing is planned. c17's
/// mail bounces after the relay took it; as to rates that is a mail refused.
fn cases() -> Vec<Case> {
    let email = step(Channel::Email, 0, StepKind::Initial);
    let reminder = step(Channel::Email, 3, StepKind::Reminder);
    let sms = step(Channel::Sms, 6, StepKind::Fallback);
    let sms_first = step(Channel::Sms, 0, StepKind::Initial);
    let email_second = step(Channel::Email, 6, StepKind::Fallback);
    let complete = |day, attempt| (day, Turn::Answered(attempt, Complete));
    vec![
        case("c01", &[email], vec![ok(1), complete(2, 1)]),
        case("c02", &[email, reminder], vec![ok(1), ok(4), complete(5, 2)]),
        case("c03", &[email, reminder, sms], vec![ok(1), ok(4), ok(7), complete(7, 3)]),
        case("c04", &[email, sms], vec![bounce(1), ok(1), complete(3, 2)]),
        case("c05", &[email, sms], vec![bounce(1), (1, Turn::NoAddress)]),
        case("c06", &[email], vec![ok(1), (3, Turn::Answered(1, Partial))]),
        case("c07", &[email], vec![ok(1), (2, Turn::Answered(1, Started))]),
        case("c08", &[email], vec![ok(1)]),
        case("c09", &[email, sms], vec![ok(1), ok(7), complete(20, 2)]),
        case("c10", &[email], vec![ok(1), (2, Turn::OptedOut(1))]),
        case("c11", &[email, sms], vec![ok(1), ok(7), complete(8, 1)]),
        case("c12", &[sms_first], vec![ok(2), complete(2, 1)]),
        case("c13", &[sms_first], vec![ok(2)]),
        case("c14", &[sms_first, email_second], vec![bounce(2), ok(2), complete(3, 2)]),
        case("c15", &[email], vec![(1, Turn::Capped)]),
        case("c16", &[email], vec![ok(1), (2, Turn::NotACustomer(1))]),
        case("c17", &[email, sms], vec![bounce(1), (1, Turn::NoAddress)]),
        case("c20", &[sms_first], vec![ok(2)]),
    ]
}

fn invitations(until_day: i64) -> Vec<Invitation> {
    let told = |case: Case| {
        let first = case.turns.first().map_or(1, |(day, _)| *day);
        tell(planned(case.contact, &case.line_up, day(first)), &case.turns, day(until_day))
    };
    let c18 = planned("c01", &[step(Channel::Sms, 0, StepKind::Initial)], day(3));
    by_id(cases().into_iter().map(told).chain([c18])).into_values().collect()
}

fn query(by: &[By], until_day: i64) -> RatesQuery {
    RatesQuery {
        by: by.to_vec(),
        from: NaiveDate::from_ymd_opt(2026, 3, 1).unwrap(),
        to: NaiveDate::from_ymd_opt(2026, 4, 1).unwrap(),
        as_of: day(until_day),
        journey: None,
        stage: None,
        branch: None,
    }
}

/// The report of the example as of a day.
pub(super) fn example(by: &[By], until_day: i64) -> RatesReport {
    rates(&query(by, until_day), &count(&invitations(until_day)), &[])
}

fn row(report: &RatesReport, label: &str) -> Row {
    let has_label = |row: &&Row| row.labels.iter().any(|(_, value)| value.as_deref() == Some(label));
    report.rows.iter().find(has_label).unwrap().clone()
}

#[track_caller]
fn check(share: &Share, counts: (u64, u64), percent: f64) {
    assert_eq!((share.hits, share.n), counts);
    let value = share.value().unwrap() * 100.0;
    assert!((value - percent).abs() < 0.005, "{value} is not {percent}");
}

#[track_caller]
fn check_interval(share: &Share, lo: f64, hi: f64) {
    let interval = share.interval().unwrap();
    let both = (interval.lo * 100.0, interval.hi * 100.0);
    assert!((both.0 - lo).abs() < 0.005 && (both.1 - hi).abs() < 0.005, "{both:?} is not {lo} to {hi}");
}

#[test]
fn every_case_ends_with_the_outcome_of_its_history() {
    let total = example(&[], 40).total;
    let expected = Outcomes { complete: 7, partial: 1, refusal: 2, no_contact: 4, other: 0, unknown: 2, ineligible: 1 };
    assert_eq!(total.outcomes(), expected);
    assert_eq!((total.cases(), total.counts.delivered, total.counts.undelivered, total.counts.unknown), (16, 14, 2, 0));
    assert_eq!((total.counts.break_off, total.counts.refusal, total.counts.late), (1, 1, 1));
    assert_eq!((total.counts.suppressed, total.no_response(), total.not_delivered()), (1, 4, 2));
    assert!(!total.provisional);
}

#[test]
fn the_rates_of_the_whole_are_the_printed_ones() {
    let total = example(&[], 40).total;
    check(&total.rr_delivered(), (8, 14), 57.14);
    check_interval(&total.rr_delivered(), 32.59, 78.62);
    check(&total.rr_sent(), (8, 16), 50.00);
    check_interval(&total.rr_sent(), 28.00, 72.00);
    let outcomes = total.outcomes();
    check(&outcomes.rr1(), (7, 16), 43.75);
    check(&outcomes.e(), (14, 15), 93.33);
    assert!((outcomes.rr3().value.unwrap() - 0.4412).abs() < 0.000_05);
    assert!((outcomes.rr4().value.unwrap() - 0.5042).abs() < 0.000_05);
    check(&outcomes.rr5(), (7, 14), 50.00);
    check(&outcomes.con1(), (10, 16), 62.50);
    check(&outcomes.coop2(), (8, 10), 80.00);
    check(&outcomes.ref1(), (2, 16), 12.50);
    check(&outcomes.deliverability(), (14, 16), 87.50);
    check(&total.coverage().unwrap(), (17, 18), 94.44);
    assert_eq!(total.base(), Base::Low);
}

#[test]
fn the_rates_of_the_channels_are_the_printed_ones() {
    let report = example(&[By::Channel], 40);
    let (email, sms) = (row(&report, "email"), row(&report, "sms"));
    check(&email.rr_delivered(), (5, 10), 50.00);
    check_interval(&email.rr_delivered(), 23.66, 76.34);
    check(&sms.rr_delivered(), (3, 7), 42.86);
    check_interval(&sms.rr_delivered(), 15.82, 74.95);
    assert_eq!(sms.first_contact(), Some(Contact { n: 3, answered: 1 }));
    assert_eq!(sms.fallback(), Some(Contact { n: 4, answered: 2 }));
    assert_eq!(email.first_contact(), Some(Contact { n: 9, answered: 4 }));
    assert_eq!(email.fallback(), Some(Contact { n: 1, answered: 1 }));
    // Three mails bounced (c04, c05, c17) and one text message (c14).
    check(&email.rr_sent(), (5, 13), 38.46);
    check(&sms.rr_sent(), (3, 8), 37.50);
    assert_eq!((email.not_delivered(), sms.not_delivered()), (3, 1));
}

#[test]
fn numerators_of_channels_add_up_and_denominators_do_not() {
    let report = example(&[By::Channel], 40);
    let answered: u64 = report.rows.iter().map(|row| row.rr_delivered().hits).sum();
    let bases: u64 = report.rows.iter().map(|row| row.rr_delivered().n).sum();
    assert_eq!((answered, bases), (8, 17));
    assert_eq!((report.total.rr_delivered().hits, report.total.rr_delivered().n), (8, 14));
}

#[test]
fn before_the_windows_close_the_rate_is_provisional() {
    let total = example(&[], 5).total;
    check(&total.rr_delivered(), (6, 14), 42.86);
    assert!(total.provisional);
    // The windows of day 2 are the last to close, on day 16.
    assert!(example(&[], 15).total.provisional);
    assert!(!example(&[], 16).total.provisional);
}

#[test]
fn an_answer_after_the_window_changes_no_rate() {
    let (before, after) = (example(&[], 19).total, example(&[], 40).total);
    assert_eq!(before.rr_delivered(), after.rr_delivered());
    assert_eq!((before.counts.late, after.counts.late), (0, 1));
}

#[test]
fn the_split_by_day_takes_the_day_of_the_first_message() {
    let report = example(&[By::Day], 40);
    let bases = ["2026-03-01", "2026-03-02"].map(|label| row(&report, label).rr_delivered());
    check(&bases[0], (6, 10), 60.00);
    check(&bases[1], (2, 4), 50.00);
    assert_eq!(report.rows.len(), 2);
    let both = example(&[By::Journey, By::Month, By::Branch, By::Stage, By::Week], 40);
    let labels = both.rows[0].labels.iter().map(|(_, value)| value.as_deref().unwrap()).collect::<Vec<_>>();
    assert_eq!(labels, ["dine-in", "2026-03", "mitte", "visit", "2026-W09"]);
}

#[test]
fn only_the_cohorts_that_were_asked_for_are_counted() {
    let cells = count(&invitations(40));
    let second_day = NaiveDate::from_ymd_opt(2026, 3, 2).unwrap();
    let all = query(&[], 40);
    let cases = |query: &RatesQuery| rates(query, &cells, &[]).total.cases();
    assert_eq!(cases(&RatesQuery { to: second_day, ..all.clone() }), 12);
    assert_eq!(cases(&RatesQuery { from: second_day, ..all.clone() }), 4);
    let elsewhere = |name: &str| crate::domain::id::BranchId::parse(name).ok();
    assert_eq!(cases(&RatesQuery { branch: elsewhere("mitte"), ..all.clone() }), 16);
    assert_eq!(cases(&RatesQuery { branch: elsewhere("nord"), ..all }), 0);
}

#[test]
fn a_day_is_that_of_the_branch() {
    let late_at_night = day(1) + TimeDelta::hours(14);
    let email = [step(Channel::Email, 0, StepKind::Initial)];
    let leased = planned("c1", &email, late_at_night).lease(late_at_night, 1, late_at_night).unwrap();
    let zone = leased.zone;
    let sent = leased.settle(1, &accepted(), late_at_night, (super::story::retry(late_at_night), zone)).unwrap();
    let cells = count([&sent]);
    assert_eq!(cells[0].0.day.to_string(), "2026-03-02");
}

#[test]
fn the_example_ends_where_its_histories_say() {
    let ends = |end: End| {
        let has_end = |i: &&Invitation| matches!(i.state, State::Closed { end: known, .. } if known == end);
        invitations(40).iter().filter(has_end).count()
    };
    assert_eq!(ends(End::Answered), 7);
    assert_eq!(ends(End::Undelivered), 2);
    assert_eq!(ends(End::OptedOut), 1);
    assert_eq!(ends(End::Ineligible), 1);
    // c06, c07, c08, c09, c13 and c20.
    assert_eq!(ends(End::WindowClosed), 6);
}
