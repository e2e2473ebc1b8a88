//! What changes between planning and sending, and what the gate makes of it.

use super::*;
use crate::domain::contact::Consent;
use crate::domain::invitation::tests::{
    accepted, at, day, deferred, fallback, first, invitation, refused, reminder, standing,
};
use crate::domain::journey::When;
use crate::domain::reason::{DeferReason, SkipReason};

/// A guest whose first message is due at noon (UTC) on day 0.
fn guest() -> Guest {
    let mail_then_text = vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Either)];
    let mut guest = Guest::of(rules(vec![stage_with(|push| push.line_up = mail_then_text)]));
    guest.tell(&event("pos-1", day(0)), day(0));
    assert_eq!(guest.next_due(), Some((0, noon())));
    guest
}

fn noon() -> DateTime<Utc> {
    day(0) + TimeDelta::hours(2)
}

#[track_caller]
fn check(change: impl FnOnce(&mut Guest), now: DateTime<Utc>, expected: Pass) {
    let mut guest = guest();
    change(&mut guest);
    assert_eq!(guest.gate(0, now), expected);
}

fn change_contact(change: impl FnOnce(&mut Contact)) -> impl FnOnce(&mut Guest) {
    |guest| change(guest.facts.contact.as_mut().unwrap())
}

#[test]
fn what_was_planned_may_leave_when_it_is_due_if_nothing_changed() {
    check(|_| (), noon(), Pass::Send);
    check(|_| (), noon() + TimeDelta::hours(1), Pass::Send);
}

#[test]
fn nothing_leaves_at_night_where_the_contact_is_now() {
    let next_morning = Pass::PutOff { until: at("2026-03-03T09:00:00Z"), reason: DeferReason::QuietHours };
    check(|_| (), at("2026-03-02T19:00:00Z"), next_morning);
    let moved = change_contact(|contact| contact.time_zone = Some(chrono_tz::Asia::Tokyo));
    check(moved, noon(), Pass::PutOff { until: at("2026-03-03T01:00:00Z"), reason: DeferReason::QuietHours });
    let moved = change_contact(|contact| contact.time_zone = None);
    check(moved, noon(), Pass::Send);
}

#[test]
fn a_channel_that_was_lost_is_passed_over() {
    let pass_over = |reason| Pass::PassOver { reason };
    let says_no = change_contact(|contact| contact.consent_email = Consent::Refused);
    check(says_no, noon(), pass_over(SkipReason::NoConsent));
    check(change_contact(|contact| contact.email = None), noon(), pass_over(SkipReason::NoAddress));
    check(|guest| guest.facts.suppressed.push(Channel::Email), noon(), pass_over(SkipReason::Suppressed));
    let no_mail = |guest: &mut Guest| Arc::make_mut(&mut guest.rules.gate).channels = BTreeSet::from([Channel::Sms]);
    check(no_mail, noon(), pass_over(SkipReason::NoChannel));
}

#[test]
fn passing_over_leads_to_the_next_channel_at_once() {
    let mut guest = guest();
    guest.facts.suppressed.push(Channel::Email);
    guest.dispatch(0, noon(), &accepted());
    assert_eq!((standing(&guest.facts.history[0]), guest.next_due()), ("waiting 1".to_owned(), Some((0, noon()))));
    assert_eq!(guest.dispatch(0, noon(), &accepted()), Pass::Send);
    assert_eq!(standing(&guest.facts.history[0]), "asked");
}

#[test]
fn what_no_longer_makes_sense_is_dropped() {
    check(|guest| guest.facts.contact = None, noon(), Pass::Skip { reason: SkipReason::ContactGone });
    let last = noon() + TimeDelta::days(14);
    check(|_| (), last - TimeDelta::seconds(1), Pass::Send);
    check(|_| (), last, Pass::Skip { reason: SkipReason::TooLate });
    // The evening before the last day: the window opens again only on the last morning, when it is still in time.
    let in_time = Pass::PutOff { until: at("2026-03-16T09:00:00Z"), reason: DeferReason::QuietHours };
    check(|_| (), at("2026-03-14T20:00:00Z"), in_time);
    let closes_before = |guest: &mut Guest| guest.facts.history[0].ask_before = at("2026-03-16T09:00:00Z");
    check(closes_before, at("2026-03-14T20:00:00Z"), Pass::Skip { reason: SkipReason::TooLate });
}

#[test]
fn a_later_step_is_dropped_with_the_window_and_not_with_the_last_moment_for_the_first() {
    let mut guest = guest();
    guest.dispatch(0, noon(), &accepted());
    guest.facts.history[0].ask_before = noon();
    assert_eq!(guest.gate(0, day(5)), Pass::Send);
    assert_eq!(guest.gate(0, noon() + TimeDelta::days(14)), Pass::Skip { reason: SkipReason::TooLate });
}

#[test]
fn only_what_waits_may_leave() {
    let mut guest = guest();
    for over in [invitation().sending(day(0)), invitation().window_closed(day(20))] {
        guest.facts.history[0] = over;
        assert_eq!(guest.gate(0, noon()), Pass::Skip { reason: SkipReason::AlreadyAsked });
    }
}

#[test]
fn retries_and_reminders_use_up_no_budget_and_await_none() {
    let mut guest = Guest::of(rules_with(vec![stage()], |rules| rules.fatigue = Some(fatigue(1, 30, 0))));
    guest.tell(&event("pos-1", day(0)), day(0));
    assert_eq!(guest.dispatch(0, noon(), &deferred()), Pass::Send);
    let (index, retry_at) = guest.next_due().unwrap();
    assert_eq!(guest.dispatch(index, retry_at, &accepted()), Pass::Send);
    let (index, reminder_at) = guest.next_due().unwrap();
    assert_eq!(guest.dispatch(index, reminder_at, &accepted()), Pass::Send);
    assert_eq!(guest.facts.history[0].attempts.len(), 2);
}

/// The guest of a stage that lets messages leave four hours late, whose second step is a reminder.
fn punctual(line_up: Vec<crate::domain::journey::Step>) -> Guest {
    let mut guest = Guest::of(rules(vec![stage_with(|push| {
        (push.late_max, push.line_up) = (TimeDelta::hours(4), line_up);
    })]));
    guest.tell(&event("pos-1", day(0)), day(0));
    guest
}

const OVERDUE: SkipReason = SkipReason::Overdue;

#[test]
fn what_nobody_sent_in_time_is_dropped_after_an_outage() {
    let guest = punctual(line_up());
    assert_eq!(guest.gate(0, noon() + TimeDelta::hours(4)), Pass::Send);
    assert_eq!(guest.gate(0, noon() + TimeDelta::hours(4) + TimeDelta::seconds(1)), Pass::Skip { reason: OVERDUE });
    // The night after the outage does not make it any better.
    assert_eq!(guest.gate(0, noon() + TimeDelta::hours(9)), Pass::Skip { reason: OVERDUE });
    let mut unsaid = guest;
    Arc::make_mut(&mut unsaid.rules.gate).stages = std::iter::empty().collect();
    assert_eq!(unsaid.gate(0, noon() + TimeDelta::days(3)), Pass::Send, "a stage that is gone is as generous as any");
    let late = noon() + TimeDelta::days(3) + TimeDelta::seconds(1);
    assert_eq!(unsaid.gate(0, late), Pass::Skip { reason: OVERDUE });
}

#[test]
fn what_waits_for_its_hours_or_for_another_try_is_not_late() {
    let mut guest = punctual(line_up());
    let evening = at("2026-03-02T15:59:00Z");
    assert_eq!(guest.gate(0, evening), Pass::Send);
    guest.facts.contact.as_mut().unwrap().time_zone = Some(chrono_tz::Asia::Tokyo);
    let morning = at("2026-03-03T01:00:00Z");
    let put_off = Pass::PutOff { until: morning, reason: DeferReason::QuietHours };
    assert_eq!(guest.dispatch(0, evening, &accepted()), put_off);
    assert_eq!(guest.dispatch(0, morning + TimeDelta::hours(4), &deferred()), Pass::Send);
    let (_, retry_at) = guest.next_due().unwrap();
    assert_eq!(guest.gate(0, retry_at + TimeDelta::hours(4)), Pass::Send);
    assert_eq!(guest.gate(0, retry_at + TimeDelta::hours(5)), Pass::Skip { reason: OVERDUE });
}

#[test]
fn of_somebody_who_was_reached_only_the_late_message_is_left_out() {
    let mut guest =
        punctual(vec![first(Channel::Email), fallback(Channel::Sms, 2, When::Either), reminder(Channel::Email, 5)]);
    guest.dispatch(0, noon(), &accepted());
    let (_, due_at) = guest.next_due().unwrap();
    assert_eq!(guest.dispatch(0, due_at + TimeDelta::hours(5), &accepted()), Pass::PassOver { reason: OVERDUE });
    assert_eq!(
        (standing(&guest.facts.history[0]), guest.next_due()),
        ("waiting 2".to_owned(), Some((0, noon() + TimeDelta::days(5))))
    );
}

#[test]
fn of_somebody_who_was_not_reached_nothing_is_sent_late_by_another_channel() {
    let mut guest = punctual(vec![first(Channel::Email), fallback(Channel::Sms, 2, When::Either)]);
    guest.dispatch(0, noon(), &refused());
    let (_, due_at) = guest.next_due().unwrap();
    assert_eq!(due_at, noon(), "the text message takes the mail's place at once");
    assert_eq!(guest.dispatch(0, due_at + TimeDelta::hours(5), &accepted()), Pass::Skip { reason: OVERDUE });
    assert_eq!(standing(&guest.facts.history[0]), "closed undelivered");
}
