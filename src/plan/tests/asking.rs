//! Which occasions are asked about, and when.

use super::*;
use crate::domain::event::{Condition, Value};
use crate::domain::id::ContactId;
use crate::domain::invitation::tests::{at, day};
use crate::domain::journey::CronTrigger;
use crate::domain::reason::SkipReason;
use crate::domain::schedule::Schedule;

fn clock() -> StageRules {
    let trigger = CronTrigger {
        schedule: Schedule::parse("0 9 * * Mon").unwrap(),
        time_zone: BERLIN,
        seen_within: None,
        branch: None,
        spread: None,
        catch_up_within: TimeDelta::days(1),
    };
    named("loyalty", stage_with(|push| push.trigger = Trigger::Cron(trigger)))
}

fn decide(rules: &PlanRules, contact: &Contact, occasion: Occasion<'_>, now: DateTime<Utc>) -> Plan {
    plan(&PlanInput { now, occasion, contact, facts: &facts(contact.clone()), rules, seal: &seal() })
}

fn verdicts(plan: &Plan) -> Vec<Verdict> {
    plan.decisions.iter().map(|decision| decision.verdict).collect()
}

fn skipped(reason: SkipReason) -> Vec<Verdict> {
    vec![Verdict::Skipped { reason }]
}

#[test]
fn an_event_concerns_the_stages_of_its_kind_and_no_other() {
    let other_kind = Trigger::Event { kind: "order.delivered".to_owned(), conditions: Vec::new() };
    let delivery = named("delivery", stage_with(|push| push.trigger = other_kind));
    let rules = rules(vec![delivery, stage(), clock()]);
    let plan = plan_for(&rules, &facts(contact()), &event("pos-1", day(0)), day(0));
    let [decision] = plan.decisions.as_slice() else { panic!("{:?}", plan.decisions) };
    assert_eq!(decision.stage.as_str(), "visit");
    let [invitation] = plan.invitations.as_slice() else { panic!("{:?}", plan.invitations) };
    assert_eq!((invitation.occasion.as_str(), invitation.event.is_some()), ("pos-1", true));
    assert_eq!(plan.event.map(|recorded| recorded.decisions), Some(plan.decisions));
}

#[test]
fn a_fire_of_a_clock_concerns_its_own_stage_and_no_other() {
    let rules = rules(vec![stage(), clock(), named("other", clock())]);
    let (journey, stage) = (&rules.stages[1].journey, &rules.stages[1].stage);
    let fire = Occasion::Fire { journey, stage, nominal: "2026-03-02T09:00", at: day(0) };
    let plan = decide(&rules, &contact(), fire, day(0));
    let [invitation] = plan.invitations.as_slice() else { panic!("{:?}", plan.invitations) };
    assert_eq!((invitation.stage.as_str(), invitation.occasion.as_str()), ("loyalty", "2026-03-02T09:00"));
    assert_eq!((&invitation.event, plan.event, plan.contact.seen_at), (&None, None, None));
}

#[test]
fn an_event_that_does_not_meet_the_conditions_is_not_asked_about() {
    let at_least_two = Condition { field: "covers".to_owned(), min: Some(2.0), ..Condition::default() };
    let on = Trigger::Event { kind: "visit.completed".to_owned(), conditions: vec![at_least_two] };
    let rules = rules(vec![stage_with(|push| push.trigger = on)]);
    let with_covers = |n| {
        let mut event = event("pos-1", day(0));
        event.data.insert("covers".to_owned(), Value::Number(n));
        plan_for(&rules, &facts(contact()), &event, day(0))
    };
    assert!(matches!(verdicts(&with_covers(2.0)).as_slice(), [Verdict::Planned { .. }]));
    let alone = with_covers(1.0);
    assert_eq!(verdicts(&alone), skipped(SkipReason::ConditionNotMet));
    assert!(alone.invitations.is_empty(), "it is none of the cases that might have been asked");
}

/// When an event of that time, known at `now`, is asked about.
#[track_caller]
fn check_due(event_at: &str, now: &str, expected: Result<&str, SkipReason>) {
    let plan = plan_for(&rules(vec![stage()]), &facts(contact()), &event("pos-1", at(event_at)), at(now));
    match (verdicts(&plan).as_slice(), expected) {
        ([verdict @ Verdict::Planned { .. }], Ok(expected)) => assert_eq!(due_at(verdict), at(expected)),
        ([Verdict::Skipped { reason }], Err(expected)) => assert_eq!(*reason, expected),
        (verdicts, expected) => panic!("{verdicts:?}, expected {expected:?}"),
    }
}

#[test]
fn the_wait_counts_from_the_event_and_ends_in_the_send_window() {
    let at_once = Ok("2026-03-02T12:00:00Z");
    check_due("2026-03-02T10:00:00Z", "2026-03-02T10:00:05Z", at_once);
    check_due("2026-03-02T10:00:00Z", "2026-03-02T11:00:00Z", at_once);
    check_due("2026-03-02T10:00:00Z", "2026-03-02T12:30:00Z", Ok("2026-03-02T12:30:00Z"));
    check_due("2026-03-02T17:00:00Z", "2026-03-02T17:00:00Z", Ok("2026-03-03T09:00:00Z"));
    check_due("2026-03-02T10:00:00Z", "2026-03-07T20:00:00Z", Ok("2026-03-09T09:00:00Z"));
    // The example of DESIGN.md: a late visit on a Friday is asked about on Saturday morning.
    check_due("2026-03-06T22:30:00+01:00", "2026-03-06T22:31:00+01:00", Ok("2026-03-07T10:00:00+01:00"));
    // The night in which Berlin's clocks go forward lies before a Monday.
    check_due("2026-03-28T22:00:00Z", "2026-03-28T22:00:00Z", Ok("2026-03-30T08:00:00Z"));
}

#[test]
fn an_event_that_is_told_too_late_is_not_asked_about() {
    // The last moment is two hours and fourteen days after the event.
    check_due("2026-03-02T10:00:00Z", "2026-03-16T11:59:59Z", Ok("2026-03-16T11:59:59Z"));
    check_due("2026-03-02T10:00:00Z", "2026-03-16T12:00:00Z", Err(SkipReason::TooLate));
    check_due("2026-02-28T20:00:00Z", "2026-03-14T19:30:00Z", Err(SkipReason::TooLate));
    check_due("2025-03-02T10:00:00Z", "2026-03-02T10:00:00Z", Err(SkipReason::TooLate));
}

#[test]
fn an_invitation_knows_until_when_it_makes_sense() {
    let plan = plan_for(&rules(vec![stage()]), &facts(contact()), &event("pos-1", day(0)), day(1));
    let [invitation] = plan.invitations.as_slice() else { panic!("{:?}", plan.invitations) };
    assert_eq!(invitation.ask_before, day(14) + TimeDelta::hours(2));
    assert_eq!((invitation.planned_at, invitation.window), (day(1), TimeDelta::days(14)));
    assert_eq!(plan.contact.seen_at, Some(day(0)));
}

#[test]
fn clocks_are_the_contacts_else_the_branchs_else_the_daemons() {
    let night = at("2026-03-02T02:00:00Z");
    let check = |zone, branch: Option<&str>, own_branch: Option<&str>, expected: &str, reported_in| {
        let parse = |name: Option<&str>| name.map(|name| BranchId::parse(name).unwrap());
        let contact = Contact { time_zone: zone, branch: parse(own_branch), ..contact() };
        let event = Event { branch: parse(branch), ..event("pos-1", night) };
        let plan = plan_for(&rules(vec![stage()]), &facts(contact), &event, night);
        assert_eq!(due_at(&plan.decisions[0].verdict), at(expected));
        assert_eq!(plan.invitations[0].zone, reported_in, "dates are reported where it happened");
    };
    let lisbon = chrono_tz::Europe::Lisbon;
    check(Some(chrono_tz::Asia::Tokyo), Some("mitte"), None, "2026-03-02T04:00:00Z", BERLIN);
    check(None, Some("mitte"), Some("porto"), "2026-03-02T09:00:00Z", BERLIN);
    check(None, None, Some("porto"), "2026-03-02T10:00:00Z", lisbon);
    check(None, None, None, "2026-03-02T10:00:00Z", chrono_tz::UTC);
    check(None, Some("closed-down"), Some("mitte"), "2026-03-02T10:00:00Z", chrono_tz::UTC);
}

#[test]
fn planning_the_same_occasion_again_changes_nothing() {
    let mut guest = Guest::of(rules(vec![stage(), named("second", stage_with(|push| push.sample = 0.0))]));
    let event = event("pos-1", day(0));
    let first = guest.tell(&event, day(0));
    assert!(matches!(first.as_slice(), [Verdict::Planned { .. }, Verdict::Skipped { reason: SkipReason::NotSampled }]));
    let before = guest.facts.history.clone();
    assert_eq!(before.len(), 2, "what was decided against is recorded too");
    let again = Verdict::Skipped { reason: SkipReason::AlreadyAsked };
    assert_eq!(guest.tell(&event, day(5)), [again, again]);
    assert_eq!(guest.facts.history, before);
    let plan = plan_for(&guest.rules, &guest.facts, &event, day(6));
    assert_eq!((plan.based_on, plan.contact.revision), (guest.facts.revision(), guest.facts.revision() + 1));
}

/// The share of 2,000 occasions that a sample of this size asks about.
fn share(stage: &StageRules, occasion: impl Fn(usize) -> (Contact, String)) -> f64 {
    let rules = rules(vec![stage.clone()]);
    let is_asked = |n: &usize| {
        let (contact, name) = occasion(*n);
        let event = Event { contact: contact.id.clone(), ..event(&name, day(0)) };
        let at_the_clock = matches!(stage.push.trigger, Trigger::Cron(_));
        let fire = Occasion::Fire { journey: &stage.journey, stage: &stage.stage, nominal: &name, at: day(0) };
        let occasion = if at_the_clock { fire } else { Occasion::Event(&event) };
        let (first, again) = (decide(&rules, &contact, occasion, day(0)), decide(&rules, &contact, occasion, day(0)));
        assert_eq!(first.decisions, again.decisions, "the lot is drawn once for all");
        matches!(verdicts(&first).as_slice(), [Verdict::Planned { .. }])
    };
    let n_asked = u32::try_from((0..2_000).filter(is_asked).count()).unwrap();
    f64::from(n_asked) / 2_000.0
}

#[test]
fn a_sample_asks_about_its_share_of_the_occasions() {
    let somebody = |n: usize| Contact { id: ContactId::parse(&format!("c-{n}")).unwrap(), ..contact() };
    let by_event = |sample| share(&stage_with(|push| push.sample = sample), |n| (contact(), format!("pos-{n}")));
    assert!((0.22..0.28).contains(&by_event(0.25)), "{}", by_event(0.25));
    assert!((by_event(0.0), by_event(1.0)) == (0.0, 1.0));
    let mut clock = clock();
    clock.push.sample = 0.25;
    let by_clock = share(&clock, |n| (somebody(n), "2026-03-02T09:00".to_owned()));
    assert!((0.22..0.28).contains(&by_clock), "all of one fire draw lots of their own: {by_clock}");
}

#[test]
fn two_stages_draw_their_lots_apart() {
    let half = || stage_with(|push| push.sample = 0.5);
    let rules = rules(vec![half(), named("second", half())]);
    let same = |n: &usize| {
        let plan = plan_for(&rules, &facts(contact()), &event(&format!("pos-{n}"), day(0)), day(0));
        let [first, second] = verdicts(&plan)[..] else { panic!("{:?}", plan.decisions) };
        matches!(first, Verdict::Planned { .. }) == matches!(second, Verdict::Planned { .. })
    };
    let n_same = (0..1_000).filter(same).count();
    assert!((420..580).contains(&n_same), "{n_same}");
}
