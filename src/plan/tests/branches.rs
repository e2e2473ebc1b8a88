//! How many people a branch asks on a day, and on which days it asks nobody.

use super::*;
use crate::domain::holidays::{Holiday, Holidays};
use crate::domain::invitation::tests::{accepted, at, day};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::domain::send_window::DaySet;
use crate::plan::limits::DaySends;

/// A guest of `mitte`, which may ask so many people a day; their first message is due at noon (UTC) on day 0.
fn guest(per_day: DayCaps) -> Guest {
    let mut guest = Guest::of(rules(vec![stage()]));
    let gate = Arc::make_mut(&mut guest.rules.gate);
    gate.branches.get_mut("mitte").unwrap().per_day = per_day;
    guest.tell(&event("pos-1", day(0)), day(0));
    guest
}

fn noon() -> DateTime<Utc> {
    day(0) + TimeDelta::hours(2)
}

const TWO: DayCaps = DayCaps { all: Some(2), ..DayCaps::NONE };

fn put_off(until: &str) -> Pass {
    Pass::PutOff { until: at(until), reason: DeferReason::BranchCap }
}

/// What the gate says when so many mails and text messages have left for the branch today.
#[track_caller]
fn check(per_day: DayCaps, (email, sms): (u32, u32), expected: Pass) {
    let mut guest = guest(per_day);
    guest.facts.sent_today = DaySends { email, sms };
    assert_eq!(guest.gate(0, noon()), expected);
}

#[test]
fn over_the_cap_of_the_day_is_the_next_days_opening() {
    let tomorrow = || put_off("2026-03-03T09:00:00Z");
    check(TWO, (0, 0), Pass::Send);
    check(TWO, (1, 0), Pass::Send);
    check(TWO, (1, 1), tomorrow());
    check(TWO, (3, 0), tomorrow());
    check(DayCaps::NONE, (1_000, 1_000), Pass::Send);
    let of_mail = DayCaps { email: Some(1), sms: Some(9), all: Some(5) };
    check(of_mail, (0, 4), Pass::Send);
    check(of_mail, (1, 0), tomorrow());
    check(of_mail, (0, 5), tomorrow());
    check(DayCaps { sms: Some(1), ..DayCaps::NONE }, (7, 1), Pass::Send);
}

#[test]
fn a_day_is_the_branchs_also_for_a_contact_elsewhere() {
    let mut guest = guest(TWO);
    guest.facts.sent_today = DaySends { email: 2, sms: 0 };
    guest.facts.contact.as_mut().unwrap().time_zone = Some(chrono_tz::America::Los_Angeles);
    // Noon in Los Angeles is nine in the evening in Berlin: before that day ends there, its next begins here.
    assert_eq!(guest.gate(0, at("2026-03-02T20:00:00Z")), put_off("2026-03-02T23:00:00Z"));
}

#[test]
fn what_waits_for_other_reasons_has_those_reasons() {
    let mut guest = guest(TWO);
    guest.facts.sent_today = DaySends { email: 2, sms: 0 };
    let night = Pass::PutOff { until: at("2026-03-03T09:00:00Z"), reason: DeferReason::QuietHours };
    assert_eq!(guest.gate(0, at("2026-03-02T21:00:00Z")), night);
}

#[test]
fn where_the_next_day_is_too_late_nobody_is_asked() {
    let mut guest = guest(TWO);
    guest.facts.sent_today = DaySends { email: 2, sms: 0 };
    guest.facts.history[0].ask_before = at("2026-03-03T09:00:00Z");
    assert_eq!(guest.gate(0, noon()), Pass::Skip { reason: SkipReason::BranchCap });
}

#[test]
fn only_first_messages_are_counted() {
    let mut guest = guest(TWO);
    assert_eq!(guest.dispatch(0, noon(), &accepted()), Pass::Send);
    guest.facts.sent_today = DaySends { email: 2, sms: 0 };
    let (_, due_at) = guest.next_due().unwrap();
    assert_eq!(guest.gate(0, due_at), Pass::Send, "a reminder asks nobody new");
}

fn kept(days: &[&str]) -> Holidays {
    days.iter().map(|day| Holiday::parse(day).unwrap()).collect()
}

/// A guest of a branch with these holidays, and a weekend on Fridays and Saturdays.
fn resting(stage: StageRules, holidays: &[&str]) -> Guest {
    let mut guest = Guest::of(rules(vec![stage]));
    let mitte = Arc::make_mut(&mut guest.rules.gate).branches.get_mut("mitte").unwrap();
    (mitte.holidays, mitte.weekend) = (kept(holidays), DaySet::parse("Fri-Sat").unwrap());
    guest
}

/// When a visit is asked about, and why not earlier.
#[track_caller]
fn check_planned(stage: StageRules, visit_at: &str, expected: (&str, Option<DeferReason>)) {
    let mut guest = resting(stage, &["2026-03-03", "easter+1", "12-25", "12-26"]);
    let verdict = guest.tell(&event("pos-1", at(visit_at)), at(visit_at))[0];
    let Verdict::Planned { due_at, deferred, .. } = verdict else { panic!("{verdict:?}") };
    assert_eq!((due_at, deferred), (at(expected.0), expected.1));
}

fn writing_on(weekends: bool, holidays: bool) -> StageRules {
    stage_with(|push| push.writes_on = WritesOn { weekends, holidays })
}

#[test]
fn nobody_is_written_to_on_a_holiday_of_the_branch() {
    let holiday = Some(DeferReason::Holiday);
    check_planned(stage(), "2026-03-02T19:00:00+01:00", ("2026-03-04T10:00:00+01:00", holiday));
    check_planned(stage(), "2026-03-03T12:00:00+01:00", ("2026-03-04T10:00:00+01:00", holiday));
    check_planned(stage(), "2026-03-02T12:00:00+01:00", ("2026-03-02T14:00:00+01:00", None));
    check_planned(stage(), "2026-04-05T12:00:00+02:00", ("2026-04-07T10:00:00+02:00", holiday));
    // Christmas, then a Sunday, on which this stage does not write.
    check_planned(stage(), "2026-12-24T19:00:00+01:00", ("2026-12-28T10:00:00+01:00", holiday));
}

#[test]
fn a_stage_may_write_on_holidays_and_may_leave_weekends_out() {
    check_planned(writing_on(true, true), "2026-03-03T12:00:00+01:00", ("2026-03-03T14:00:00+01:00", None));
    // Friday and Saturday are the weekend there, and on Sundays this stage does not write: its own hours say so.
    check_planned(writing_on(false, false), "2026-03-05T19:00:00+01:00", ("2026-03-09T10:00:00+01:00", None));
    check_planned(writing_on(true, false), "2026-03-05T19:00:00+01:00", ("2026-03-06T10:00:00+01:00", None));
}

#[test]
fn a_weekend_is_saturday_and_sunday_where_no_branch_says_otherwise() {
    let mut guest = Guest::of(rules(vec![writing_on(false, false)]));
    let evening = at("2026-03-06T19:00:00+01:00");
    let nowhere = Event { branch: None, ..event("pos-1", evening) };
    assert_eq!(due_at(&guest.tell(&nowhere, evening)[0]), at("2026-03-09T10:00:00+01:00"));
}

#[test]
fn a_holiday_is_a_day_of_the_clock_that_the_hours_go_by() {
    let mut guest = resting(stage(), &["2026-03-03"]);
    guest.facts.contact.as_mut().unwrap().time_zone = Some(chrono_tz::Asia::Tokyo);
    let evening = at("2026-03-02T12:00:00Z");
    // In Tokyo the next morning is that of the third, and the one after it begins on the third in Berlin.
    assert_eq!(due_at(&guest.tell(&event("pos-1", evening), evening)[0]), at("2026-03-04T10:00:00+09:00"));
}

#[test]
fn a_holiday_that_was_listed_after_planning_is_kept_by_reminders_too() {
    let mut guest = guest(DayCaps::NONE);
    guest.dispatch(0, noon(), &accepted());
    let (index, due_at) = guest.next_due().unwrap();
    assert_eq!(due_at, day(3) + TimeDelta::hours(2));
    let list = |guest: &mut Guest, days: &[&str]| {
        Arc::make_mut(&mut guest.rules.gate).branches.get_mut("mitte").unwrap().holidays = kept(days);
    };
    list(&mut guest, &["2026-03-05"]);
    let next_morning = Pass::PutOff { until: at("2026-03-06T10:00:00+01:00"), reason: DeferReason::Holiday };
    assert_eq!(guest.gate(index, due_at), next_morning);
    list(&mut guest, &["03-05", "03-06", "03-07", "03-09", "03-10", "03-11", "03-12", "03-13", "03-14", "03-16"]);
    assert_eq!(guest.gate(index, due_at), Pass::Skip { reason: SkipReason::NeverOpen });
}

#[test]
fn what_lies_beyond_the_window_is_no_reason() {
    let on_mondays = |push: &mut Push| {
        (push.send, push.window) = (SendWindow::parse("10:00-20:00", Some("Mon")).unwrap(), TimeDelta::days(1));
    };
    // It was too late on Wednesday, and the Monday after is a holiday.
    let mut guest = resting(stage_with(on_mondays), &["2026-03-09"]);
    let told = guest.tell(&event("pos-1", day(1)), day(1));
    assert_eq!(told, [Verdict::Skipped { reason: SkipReason::TooLate }]);
}
