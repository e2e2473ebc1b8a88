//! How often one person is asked, over all journeys and at one stage.

use super::*;
use crate::domain::invitation::tests::{accepted, day, first, standing};
use crate::domain::reason::{DeferReason, SkipReason};

/// A guest of stages without quiet hours or reminders, who may be asked so often.
fn guest(fatigue: Option<Fatigue>, stages: Vec<StageRules>) -> Guest {
    Guest::of(rules_with(stages, |rules| rules.fatigue = fatigue))
}

fn lasting(days: i64) -> StageRules {
    stage_with(|push| {
        any_time(push);
        (push.window, push.line_up) = (TimeDelta::days(days), vec![first(Channel::Email)]);
    })
}

/// Of that name and priority, asked about at once after an event of its own kind, which is that name too.
fn ranked(name: &str, priority: u8, days: i64) -> StageRules {
    let mut stage = named(name, lasting(days));
    stage.push.priority = priority;
    stage.push.trigger = Trigger::Event { kind: name.to_owned(), conditions: Vec::new() };
    stage
}

fn of_kind(kind: &str, id: &str, at: DateTime<Utc>) -> Event {
    Event { kind: kind.to_owned(), ..event(id, at) }
}

#[track_caller]
fn check_verdict(verdict: &Verdict, expected: Result<(DateTime<Utc>, Option<DeferReason>), SkipReason>) {
    let found = match verdict {
        Verdict::Planned { due_at, deferred, .. } => Ok((*due_at, *deferred)),
        Verdict::Skipped { reason } => Err(*reason),
    };
    assert_eq!(found, expected);
}

#[test]
fn over_the_budget_is_later_before_it_is_never() {
    let tell_on = |last: i64, now: i64| {
        let mut guest = guest(Some(fatigue(1, 30, 0)), vec![lasting(last)]);
        guest.tell(&event("pos-1", day(0)), day(0));
        guest.dispatch(0, day(0), &accepted());
        guest.tell(&event("pos-2", day(now)), day(now))[0]
    };
    check_verdict(&tell_on(14, 10), Err(SkipReason::FrequencyCap));
    check_verdict(&tell_on(14, 20), Ok((day(30), Some(DeferReason::FrequencyCap))));
    check_verdict(&tell_on(14, 30), Ok((day(30), None)));
    check_verdict(&tell_on(60, 0), Ok((day(30), Some(DeferReason::FrequencyCap))));
    check_verdict(&tell_on(30, 0), Err(SkipReason::FrequencyCap));
}

#[test]
fn several_invitations_wait_in_a_row() {
    let mut guest = guest(Some(fatigue(2, 30, 0)), vec![lasting(365)]);
    let due: Vec<_> = (0..6).map(|n| due_at(&guest.tell(&event(&format!("pos-{n}"), day(n)), day(n))[0])).collect();
    assert_eq!(due, [day(0), day(1), day(30), day(31), day(60), day(61)]);
}

#[test]
fn what_never_reached_the_contact_to_be_uses_up_nothing() {
    let mut guest = guest(Some(fatigue(1, 30, 0)), vec![lasting(14)]);
    guest.tell(&event("pos-1", day(0)), day(0));
    guest.facts.history[0] = guest.facts.history[0].clone().skip(day(0), SkipReason::TooLate).unwrap();
    check_verdict(&guest.tell(&event("pos-2", day(1)), day(1))[0], Ok((day(1), None)));
}

#[test]
fn a_stage_has_a_cap_of_its_own() {
    let capped = || {
        let mut stage = ranked("nps", 5, 14);
        stage.push.cap = Some(cap(1, 90));
        stage
    };
    let mut guest = guest(None, vec![capped(), ranked("visit", 5, 14)]);
    guest.tell(&of_kind("nps", "n-1", day(0)), day(0));
    guest.dispatch(0, day(0), &accepted());
    check_verdict(&guest.tell(&of_kind("nps", "n-2", day(1)), day(1))[0], Err(SkipReason::StageCap));
    check_verdict(&guest.tell(&of_kind("visit", "v-1", day(1)), day(1))[0], Ok((day(1), None)));
    check_verdict(&guest.tell(&of_kind("nps", "n-3", day(80)), day(80))[0], Ok((day(90), Some(DeferReason::StageCap))));
}

#[test]
fn both_budgets_must_have_room() {
    let mut capped = ranked("nps", 5, 200);
    capped.push.cap = Some(cap(1, 90));
    let mut guest = guest(Some(fatigue(1, 30, 0)), vec![capped, ranked("visit", 5, 200)]);
    guest.tell(&of_kind("nps", "n-1", day(0)), day(0));
    guest.dispatch(0, day(0), &accepted());
    guest.tell(&of_kind("visit", "v-1", day(70)), day(70));
    guest.dispatch(1, day(70), &accepted());
    let verdict = guest.tell(&of_kind("nps", "n-2", day(71)), day(71))[0];
    check_verdict(&verdict, Ok((day(100), Some(DeferReason::FrequencyCap))));
}

#[test]
fn a_stretch_is_full_only_when_it_holds_as_many_as_are_allowed() {
    let mut guest = guest(Some(fatigue(2, 30, 0)), vec![ranked("rare", 9, 60), ranked("common", 1, 60)]);
    guest.tell(&of_kind("common", "c-1", day(0)), day(0));
    guest.dispatch(0, day(0), &accepted());
    guest.tell(&of_kind("rare", "r-1", day(40)), day(20));
    let verdict = guest.tell(&of_kind("common", "c-2", day(20)), day(20))[0];
    check_verdict(&verdict, Ok((day(20), None)));
    assert_eq!(guest.gate(2, day(20)), Pass::Send, "no thirty days hold all three");
}

#[test]
fn the_higher_priority_goes_first_also_when_the_lower_was_planned_before() {
    let mut guest = guest(Some(fatigue(1, 30, 0)), vec![ranked("rare", 9, 60), ranked("common", 1, 60)]);
    check_verdict(&guest.tell(&of_kind("common", "c-1", day(2)), day(0))[0], Ok((day(2), None)));
    check_verdict(&guest.tell(&of_kind("rare", "r-1", day(3)), day(1))[0], Ok((day(3), None)));
    let put_off = Pass::PutOff { until: day(33), reason: DeferReason::FrequencyCap };
    assert_eq!(guest.dispatch(0, day(2), &accepted()), put_off, "the common one makes room");
    assert_eq!(guest.dispatch(1, day(3), &accepted()), Pass::Send);
    assert_eq!(guest.next_due(), Some((0, day(33))));
    assert_eq!(guest.dispatch(0, day(33), &accepted()), Pass::Send);
}

#[test]
fn room_is_not_made_for_longer_than_it_makes_sense_to_ask() {
    let mut guest = guest(Some(fatigue(1, 30, 0)), vec![ranked("rare", 9, 14), ranked("common", 1, 14)]);
    guest.tell(&of_kind("common", "c-1", day(2)), day(0));
    guest.tell(&of_kind("rare", "r-1", day(3)), day(1));
    assert_eq!(guest.dispatch(0, day(2), &accepted()), Pass::Skip { reason: SkipReason::FrequencyCap });
    assert_eq!(standing(&guest.facts.history[0]), "skipped frequency_cap");
}

#[test]
fn the_stages_of_one_event_share_the_budget() {
    let of_one_event = |name: &str, priority, days| {
        let mut stage = named(name, lasting(days));
        stage.push.priority = priority;
        stage
    };
    let stages = vec![of_one_event("low", 1, 60), of_one_event("high", 9, 60), of_one_event("short", 0, 14)];
    let mut guest = guest(Some(fatigue(1, 30, 0)), stages);
    let verdicts = guest.tell(&event("pos-1", day(0)), day(0));
    check_verdict(&verdicts[0], Ok((day(30), Some(DeferReason::FrequencyCap))));
    check_verdict(&verdicts[1], Ok((day(0), None)));
    check_verdict(&verdicts[2], Err(SkipReason::FrequencyCap));
    let (index, due_at) = guest.next_due().unwrap();
    assert_eq!((guest.facts.history[index].stage.as_str(), due_at), ("high", day(0)));
}

#[test]
fn a_deferral_is_within_the_budget_where_the_send_window_moves_it() {
    let in_the_morning = |mut stage: StageRules| {
        stage.push.send = crate::domain::send_window::SendWindow::parse("10:00-12:00", None).unwrap();
        stage
    };
    let stages = vec![ranked("rare", 9, 200), in_the_morning(ranked("common", 1, 200))];
    let mut guest = guest(Some(fatigue(1, 30, 0)), stages);
    let evening = |n| day(n) + TimeDelta::hours(8);
    guest.tell(&of_kind("rare", "r-1", evening(0)), evening(0));
    guest.dispatch(0, evening(0), &accepted());
    guest.tell(&of_kind("rare", "r-2", evening(60)), evening(1));
    // Free from the evening of day 30 and not later, so there is no morning before the second rare one is past.
    let verdict = guest.tell(&of_kind("common", "c-1", day(1)), evening(1))[0];
    let due_at = due_at(&verdict);
    assert!(due_at > evening(90), "{due_at}");
    assert_eq!(guest.gate(2, due_at), Pass::Send);
}

#[test]
fn a_cap_that_allows_nothing_skips() {
    let mut guest = guest(Some(fatigue(0, 30, 0)), vec![lasting(200)]);
    check_verdict(&guest.tell(&event("pos-1", day(0)), day(0))[0], Err(SkipReason::FrequencyCap));
}

#[test]
fn a_rare_survey_finds_the_room_that_is_kept_for_it() {
    let mut guest = guest(Some(fatigue(2, 30, 1)), vec![ranked("rare", 8, 14), ranked("common", 7, 60)]);
    guest.tell(&of_kind("common", "c-1", day(0)), day(0));
    guest.dispatch(0, day(0), &accepted());
    let over = Ok((day(30), Some(DeferReason::KeptRoom)));
    check_verdict(&guest.tell(&of_kind("common", "c-2", day(1)), day(1))[0], over);
    check_verdict(&guest.tell(&of_kind("rare", "r-1", day(2)), day(2))[0], Ok((day(2), None)));
    guest.dispatch(2, day(2), &accepted());
    // What was kept is used now, and no room is kept from common ones twice.
    check_verdict(&guest.tell(&of_kind("rare", "r-2", day(3)), day(3))[0], Err(SkipReason::FrequencyCap));
    let free = Ok((day(30), Some(DeferReason::FrequencyCap)));
    check_verdict(&guest.tell(&of_kind("rare", "r-3", day(29)), day(29))[0], free);
}

#[test]
fn common_surveys_may_use_all_that_is_not_kept() {
    let mut guest = guest(Some(fatigue(2, 30, 1)), vec![ranked("rare", 8, 14), ranked("common", 7, 14)]);
    guest.tell(&of_kind("rare", "r-1", day(0)), day(0));
    guest.dispatch(0, day(0), &accepted());
    check_verdict(&guest.tell(&of_kind("common", "c-1", day(1)), day(1))[0], Ok((day(1), None)));
    guest.dispatch(1, day(1), &accepted());
    check_verdict(&guest.tell(&of_kind("common", "c-2", day(2)), day(2))[0], Err(SkipReason::FrequencyCap));
    check_verdict(
        &guest.tell(&of_kind("common", "c-3", day(30)), day(30))[0],
        Ok((day(31), Some(DeferReason::KeptRoom))),
    );
}
