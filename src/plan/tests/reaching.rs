//! By which channel somebody can be asked, and where the line-up begins for them.

use super::*;
use crate::domain::contact::Consent;
use crate::domain::invitation::Happening;
use crate::domain::invitation::tests::{day, fallback, first, reminder, standing};
use crate::domain::journey::{Step, StepKind, When};
use crate::domain::reason::SkipReason;

/// Where the line-up begins for this person, or why it does not.
#[track_caller]
fn check(steps: &[Step], (facts, change): (Facts, fn(&mut GateRules)), expected: Result<(&str, Channel), SkipReason>) {
    let steps = steps.to_vec();
    let rules = rules_with(vec![stage_with(|push| push.line_up = steps)], change);
    let plan = plan_for(&rules, &facts, &event("pos-1", day(0)), day(0));
    let [Decision { verdict, .. }] = plan.decisions.as_slice() else { panic!("{:?}", plan.decisions) };
    let [invitation] = plan.invitations.as_slice() else { panic!("a decision on a person is recorded") };
    match (verdict, expected) {
        (Verdict::Planned { channel, .. }, Ok((waiting, expected))) => {
            assert_eq!((standing(invitation).as_str(), *channel), (waiting, expected));
        }
        (Verdict::Skipped { reason }, Err(expected)) => {
            assert_eq!(*reason, expected);
            assert_eq!(standing(invitation), format!("skipped {}", expected.as_str()));
        }
        (verdict, expected) => panic!("{verdict:?}, expected {expected:?}"),
    }
}

fn mail_then_text(when: When) -> [Step; 3] {
    [first(Channel::Email), reminder(Channel::Email, 3), fallback(Channel::Sms, 5, when)]
}

fn with(change: impl FnOnce(&mut Contact)) -> Facts {
    let mut contact = contact();
    change(&mut contact);
    facts(contact)
}

fn same(_: &mut GateRules) {}

fn agreed_only(rules: &mut GateRules) {
    rules.consent_required = true;
}

#[test]
fn somebody_who_never_said_yes_or_no_is_asked_unless_a_yes_is_required() {
    let steps = mail_then_text(When::Silent);
    check(&steps, (with(|_| ()), same), Ok(("waiting 0", Channel::Email)));
    check(&steps, (with(|_| ()), agreed_only), Err(SkipReason::NoConsent));
    let agreed = || with(|contact| contact.consent_email = Consent::Granted);
    check(&steps, (agreed(), agreed_only), Ok(("waiting 0", Channel::Email)));
}

#[test]
fn somebody_who_said_no_is_never_asked() {
    let refused = |contact: &mut Contact| contact.consent_email = Consent::Refused;
    check(&mail_then_text(When::Silent), (with(refused), same), Err(SkipReason::NoConsent));
    check(&mail_then_text(When::Silent), (with(refused), agreed_only), Err(SkipReason::NoConsent));
    let by_neither = |contact: &mut Contact| {
        refused(contact);
        contact.consent_sms = Consent::Refused;
    };
    check(&mail_then_text(When::Either), (with(by_neither), same), Err(SkipReason::NoConsent));
}

#[test]
fn each_obstacle_has_its_reason() {
    let steps = [first(Channel::Sms)];
    check(&steps, (with(|contact| contact.phone = None), same), Err(SkipReason::NoAddress));
    let suppressed = Facts { suppressed: vec![Channel::Sms], ..facts(contact()) };
    check(&steps, (suppressed, same), Err(SkipReason::Suppressed));
    let by_mail_only = |rules: &mut GateRules| rules.channels = BTreeSet::from([Channel::Email]);
    check(&steps, (with(|_| ()), by_mail_only), Err(SkipReason::NoChannel));
    let not_by_mail = Facts { suppressed: vec![Channel::Email], ..facts(contact()) };
    check(&steps, (not_by_mail, same), Ok(("waiting 0", Channel::Sms)));
}

#[test]
fn a_line_up_begins_with_the_first_step_that_may_follow_nothing() {
    let no_mail = || with(|contact| contact.email = None);
    check(&mail_then_text(When::Undelivered), (no_mail(), same), Ok(("waiting 2", Channel::Sms)));
    check(&mail_then_text(When::Either), (no_mail(), same), Ok(("waiting 2", Channel::Sms)));
    check(&mail_then_text(When::Silent), (no_mail(), same), Err(SkipReason::NoAddress));
    let reminder_by_text =
        Step { when: When::Either, kind: StepKind::Reminder, ..fallback(Channel::Sms, 1, When::Either) };
    check(&[first(Channel::Email), reminder_by_text], (no_mail(), same), Err(SkipReason::NoAddress));
}

#[test]
fn where_no_step_can_begin_the_reason_is_that_of_the_first() {
    let neither = |contact: &mut Contact| {
        contact.email = None;
        contact.consent_sms = Consent::Refused;
    };
    check(&mail_then_text(When::Either), (with(neither), same), Err(SkipReason::NoAddress));
    let text_then_mail = [first(Channel::Sms), fallback(Channel::Email, 1, When::Either)];
    check(&text_then_mail, (with(neither), same), Err(SkipReason::NoConsent));
}

#[test]
fn a_step_that_was_passed_over_is_told_with_its_reason() {
    let rules = rules(vec![stage_with(|push| push.line_up = mail_then_text(When::Either).to_vec())]);
    let plan = plan_for(&rules, &with(|contact| contact.email = None), &event("pos-1", day(0)), day(0));
    let told: Vec<_> = plan.invitations[0].history.iter().map(|note| &note.what).collect();
    let passed_over = Happening::StepPassedOver { channel: Channel::Email, reason: SkipReason::NoAddress };
    assert!(matches!(told.as_slice(), [first, Happening::Planned { .. }] if **first == passed_over));
}
