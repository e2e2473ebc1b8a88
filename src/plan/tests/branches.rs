//! How many people a branch asks on a day, and on which days it asks nobody.

use super::*;
use crate::domain::invitation::tests::{accepted, at, day};
use crate::domain::reason::{DeferReason, SkipReason};
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
