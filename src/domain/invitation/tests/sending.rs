//! From due to accepted, refused, deferred or unknown, and on along the line-up.

use super::*;
use crate::domain::invitation::{LeaseLost, NOTES_MAX};
use crate::domain::reason::SkipReason;

fn with_line_up(line_up: Vec<Step>) -> Invitation {
    Invitation { line_up, ..invitation() }
}

fn by_sms() -> Invitation {
    with_line_up(vec![first(Channel::Sms), fallback(Channel::Email, 1, When::Either)])
}

#[test]
fn a_leased_message_is_an_attempt_at_once() {
    let leased = invitation().sending(minute(1));
    assert_eq!(standing(&leased), "sending 0");
    let [attempt] = leased.attempts.as_slice() else { panic!("{:?}", leased.attempts) };
    assert_eq!((attempt.number, attempt.step, attempt.n_tries), (1, 0, 1));
    assert_eq!((attempt.channel, attempt.kind), (Channel::Email, StepKind::Initial));
    assert_eq!((attempt.first_tried_at, attempt.fate), (minute(1), Fate::Sending));
    assert_eq!(leased.due().unwrap().at, minute(6), "the lease ends by itself");
    assert_eq!(leased.first_at(), Some(minute(1)));
    assert_eq!(leased.closes_at(), Some(minute(1) + TimeDelta::days(14)));
}

#[test]
fn only_the_holder_of_the_lease_settles_and_only_once() {
    let retry = (retry(Channel::Email, day(0)), BERLIN);
    let leased = invitation().sending(day(0));
    assert_eq!(leased.clone().settle(LEASE + 1, &accepted(), day(0), retry), Err(LeaseLost));
    let settled = leased.settle(LEASE, &accepted(), day(0), retry).unwrap();
    assert_eq!(settled.clone().settle(LEASE, &accepted(), day(0), retry), Err(LeaseLost));
    let next = settled.lease(day(3), LEASE + 1, day(4)).unwrap();
    assert_eq!(next.settle(LEASE, &accepted(), day(3), retry), Err(LeaseLost), "a worker of an earlier lease");
}

/// What follows when the first message, tried on day 0, meets `outcome`: the step, and when it is due.
#[track_caller]
fn check_next(line_up: Vec<Step>, outcome: &Outcome, expected: Option<(&str, DateTime<Utc>)>) {
    let next = with_line_up(line_up).sent(minute(30), outcome);
    let due = matches!(next.state, State::Waiting { .. }).then(|| due_at(&next));
    assert_eq!(due.map(|due| (standing(&next), due)), expected.map(|(standing, due)| (standing.to_owned(), due)));
    check_sound(&next);
}

#[test]
fn after_an_acceptance_the_next_step_counts_from_the_first_attempt() {
    let first_at = minute(30);
    check_next(line_up(), &accepted(), Some(("waiting 1", first_at + TimeDelta::days(3))));
    let sms = |when| vec![first(Channel::Email), fallback(Channel::Sms, 5, when)];
    check_next(sms(When::Silent), &accepted(), Some(("waiting 1", first_at + TimeDelta::days(5))));
    check_next(sms(When::Either), &accepted(), Some(("waiting 1", first_at + TimeDelta::days(5))));
    check_next(sms(When::Undelivered), &accepted(), None);
    check_next(vec![first(Channel::Email)], &accepted(), None);
    let after_the_window = vec![first(Channel::Email), fallback(Channel::Sms, 14, When::Silent)];
    check_next(after_the_window, &accepted(), None);
}

#[test]
fn after_a_refusal_the_next_step_that_may_follow_it_is_due_at_once() {
    let sms = |when| vec![first(Channel::Email), fallback(Channel::Sms, 5, when)];
    check_next(sms(When::Undelivered), &refused(), Some(("waiting 1", minute(30))));
    check_next(sms(When::Either), &refused(), Some(("waiting 1", minute(30))));
    check_next(sms(When::Silent), &refused(), None);
    let passing_a_reminder =
        vec![first(Channel::Email), reminder(Channel::Email, 3), fallback(Channel::Sms, 5, When::Either)];
    check_next(passing_a_reminder, &refused(), Some(("waiting 2", minute(30))));
}

#[test]
fn nothing_that_arrived_and_no_step_left_is_undelivered() {
    let lost = with_line_up(vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Undelivered)]);
    let lost = lost.sent(day(0), &refused()).sent(day(0), &refused());
    assert_eq!(standing(&lost), "closed undelivered");
    assert_eq!(fates(&lost), ["refused", "refused"]);
    check_sound(&lost);
}

#[test]
fn an_overdue_step_keeps_its_distance_from_the_one_before() {
    let steps = vec![first(Channel::Email), reminder(Channel::Email, 1), fallback(Channel::Sms, 3, When::Silent)];
    let late = with_line_up(steps).sent(day(0), &deferred()).sent(minute(2_000), &accepted());
    assert_eq!(due_at(&late), minute(2_000) + TimeDelta::days(1), "not at once, though overdue since day 1");
    let late = late.sent(day(10), &accepted());
    assert_eq!((standing(&late), due_at(&late)), ("waiting 2".to_owned(), day(12)));
    assert_eq!(standing(&late.sent(day(13), &refused())), "asked");
    let too_late = invitation().sent(day(0), &accepted()).sent(day(12), &accepted());
    assert_eq!(standing(&too_late), "asked", "two days later the window has closed");
}

#[test]
fn a_reminder_follows_only_a_delivery_on_its_own_channel() {
    let either = Step { when: When::Either, ..reminder(Channel::Email, 3) };
    check_next(vec![first(Channel::Email), either], &refused(), None);
    let steps = || vec![first(Channel::Email), fallback(Channel::Sms, 1, When::Either), either];
    let reminded_by_mail = with_line_up(steps()).sent(day(0), &refused()).sent(day(0), &accepted());
    assert_eq!(standing(&reminded_by_mail), "asked", "the text message arrived, the mail did not");
    let reminded_by_mail = with_line_up(steps()).sent(day(0), &accepted()).sent(day(1), &refused());
    assert_eq!((standing(&reminded_by_mail), due_at(&reminded_by_mail)), ("waiting 2".to_owned(), day(3)));
}

#[test]
fn the_next_step_waits_for_the_send_window_where_the_contact_is() {
    let send = SendWindow::parse("10:00-20:00", Some("Mon-Sat")).unwrap();
    // Late on Thursday in Berlin, so that three days later is a late Sunday.
    let thursday = at("2026-03-05T18:30:00Z");
    let asked = Invitation { send, ..invitation() }.sending(thursday);
    let settle = |zone| asked.clone().settle(LEASE, &accepted(), thursday, (retry(Channel::Email, thursday), zone));
    assert_eq!(due_at(&settle(BERLIN).unwrap()), at("2026-03-09T09:00:00Z"));
    assert_eq!(due_at(&settle(chrono_tz::Asia::Tokyo).unwrap()), at("2026-03-09T01:00:00Z"));
    let two_channels = Invitation { line_up: by_sms().line_up, send, ..invitation() };
    let at_night = at("2026-03-07T22:00:00Z");
    let next = two_channels.sent(at_night, &refused());
    assert_eq!(due_at(&next), at("2026-03-09T09:00:00Z"), "at once, but not on a Sunday");
}

#[test]
fn a_deferred_message_goes_on_under_the_same_number() {
    let again = invitation().sent(day(0), &deferred());
    assert_eq!((standing(&again), due_at(&again)), ("waiting 0".to_owned(), minute(10)));
    assert_eq!(fates(&again), ["deferred"]);
    let taken = again.sent(minute(10), &accepted());
    let [attempt] = taken.attempts.as_slice() else { panic!("{:?}", taken.attempts) };
    assert_eq!((attempt.number, attempt.n_tries, attempt.first_tried_at), (1, 2, day(0)));
    assert_eq!(attempt.provider_ref.as_deref(), Some("ref-1"));
    assert_eq!(due_at(&taken), day(3), "counted from the first try");
}

#[test]
fn a_dead_relay_counts_no_try() {
    let again = invitation().sent(day(0), &relay_dead()).sent(minute(10), &relay_dead());
    assert_eq!((again.attempts.len(), again.attempts[0].n_tries), (1, 0));
    let again = again.sent(minute(20), &deferred()).sent(minute(30), &relay_dead());
    assert_eq!((again.attempts.len(), again.attempts[0].n_tries), (1, 1));
}

#[test]
fn trying_ends_when_the_next_try_would_come_too_late() {
    let steps = vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Undelivered)];
    let begun = || with_line_up(steps.clone()).sent(day(0), &deferred());
    let in_time = begun().sent(day(2) - TimeDelta::minutes(11), &deferred());
    assert_eq!(standing(&in_time), "waiting 0");
    let given_up = begun().sent(day(2) - TimeDelta::minutes(10), &deferred());
    assert_eq!((standing(&given_up), fates(&given_up)), ("waiting 1".to_owned(), vec!["refused"]));
    let gave_up = |note: &Note| matches!(note.what, Happening::Refused { gave_up: true, attempt: 1, .. });
    assert!(given_up.history.iter().any(gave_up));
    let closes_at_noon = Invitation { window: TimeDelta::hours(2), ..begun() };
    let in_time = closes_at_noon.clone().sent(minute(109), &deferred());
    assert_eq!(standing(&in_time), "waiting 0");
    let given_up = closes_at_noon.sent(minute(110), &deferred());
    assert_eq!(standing(&given_up), "waiting 1", "this channel is given up, another still has ten minutes");
}

#[test]
fn unknown_mail_is_sent_once_more_under_the_same_number_and_then_held() {
    let again = invitation().sent(day(0), &unknown());
    assert_eq!(
        (standing(&again), due_at(&again), fates(&again)),
        ("waiting 0".to_owned(), minute(10), vec!["unknown"])
    );
    let held = again.clone().sent(minute(10), &unknown());
    assert_eq!((standing(&held), held.attempts.len(), held.attempts[0].n_tries), ("held 0".to_owned(), 1, 2));
    assert_eq!(held.due().unwrap().at, day(14), "it is closed with its window");
    let taken = again.clone().sent(minute(10), &accepted());
    assert_eq!((standing(&taken), taken.attempts[0].was_unknown), ("waiting 1".to_owned(), true));
    let deferred_then_unknown = again.sent(minute(10), &deferred()).sent(minute(20), &unknown());
    assert_eq!(standing(&deferred_then_unknown), "held 0", "once more is once, whatever lay between");
}

#[test]
fn unknown_text_messages_are_held() {
    let held = by_sms().sent(day(0), &unknown());
    assert_eq!((standing(&held), fates(&held)), ("held 0".to_owned(), vec!["unknown"]));
    check_sound(&held);
}

#[test]
fn an_unknown_message_is_not_sent_again_too_late() {
    let late = invitation().sent(day(0), &deferred()).sent(day(2), &unknown());
    assert_eq!(standing(&late), "held 0");
}

#[test]
fn a_worker_that_never_comes_back_leaves_an_unknown_message() {
    let expired = |leased: Invitation, channel| leased.expire_lease(minute(6), retry(channel, minute(6))).unwrap();
    let mail = expired(invitation().sending(minute(1)), Channel::Email);
    assert_eq!((standing(&mail), due_at(&mail), fates(&mail)), ("waiting 0".to_owned(), minute(16), vec!["unknown"]));
    let text = expired(by_sms().sending(minute(1)), Channel::Sms);
    assert_eq!((standing(&text), fates(&text)), ("held 0".to_owned(), vec!["unknown"]));
}

#[test]
fn trying_ended_after_an_unknown_try_stays_unknown() {
    let given_up = by_sms().sending(day(0));
    let once_more = RetryPlan { after_unknown: AfterUnknown::RetryOnce, ..retry(Channel::Sms, day(0)) };
    let given_up = given_up.settle(LEASE, &unknown(), day(0), (once_more, BERLIN)).unwrap().sent(day(2), &deferred());
    assert_eq!(fates(&given_up), ["unknown"], "the first try may have arrived");
    check_sound(&given_up);
}

#[test]
fn a_step_passed_over_leaves_no_message_in_the_air() {
    let steps = vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Undelivered)];
    let waiting = with_line_up(steps).sent(day(0), &deferred());
    let next = waiting.clone().pass_over(day(1), SkipReason::NoConsent, BERLIN).unwrap();
    assert_eq!((standing(&next), due_at(&next), fates(&next)), ("waiting 1".to_owned(), day(1), vec!["refused"]));
    let lost = next.pass_over(day(1), SkipReason::NoConsent, BERLIN).unwrap();
    assert_eq!(standing(&lost), "closed undelivered");
    check_sound(&lost);
    let was_unknown = invitation().sent(day(0), &unknown()).sent(minute(10), &deferred());
    let next = was_unknown.pass_over(day(1), SkipReason::NoConsent, BERLIN).unwrap();
    assert_eq!((standing(&next), fates(&next)), ("asked".to_owned(), vec!["unknown"]));
    check_sound(&next);
}

#[test]
fn a_first_step_passed_over_begins_with_the_next_that_can_begin() {
    let passed = |line_up| with_line_up(line_up).pass_over(day(1), SkipReason::NoAddress, BERLIN).unwrap();
    let next =
        passed(vec![first(Channel::Email), reminder(Channel::Email, 3), fallback(Channel::Sms, 5, When::Either)]);
    assert_eq!((standing(&next), due_at(&next)), ("waiting 2".to_owned(), day(1)));
    assert_eq!(next.sending(day(1)).attempts[0].kind, StepKind::Initial, "nothing came before it");
    let none = passed(vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Silent)]);
    assert_eq!(standing(&none), "skipped no_address");
}

#[test]
fn a_step_that_cannot_open_before_the_end_is_left_out() {
    let on_mondays = SendWindow::parse("10:00-11:00", Some("Mon")).unwrap();
    let steps = vec![first(Channel::Email), fallback(Channel::Sms, 2, When::Either)];
    let asked = Invitation { send: on_mondays, window: TimeDelta::days(5), line_up: steps, ..invitation() };
    assert_eq!(standing(&asked.sent(at("2026-03-02T09:30:00Z"), &accepted())), "asked");
}

#[test]
fn the_longest_line_up_gives_ten_attempts_and_no_more() {
    let steps = (0..10).map(|n| fallback(Channel::ALL[n % 2], 0, When::Either)).collect();
    let mut asked = with_line_up(steps);
    for n in 1..=10_u8 {
        asked = asked.sent(day(0), &refused());
        assert_eq!(asked.attempts.last().unwrap().number, n);
        check_sound(&asked);
    }
    assert_eq!(standing(&asked), "closed undelivered");
}

#[test]
fn a_long_history_loses_tries_and_keeps_decisions() {
    let mut waiting = invitation().sent(day(0), &accepted());
    for n in 0..200 {
        waiting = waiting.sent(day(3) + TimeDelta::minutes(n), &relay_dead());
    }
    assert_eq!(waiting.history.len(), NOTES_MAX);
    let kinds = |wanted: fn(&Happening) -> bool| waiting.history.iter().filter(|note| wanted(&note.what)).count();
    assert_eq!(kinds(|what| matches!(what, Happening::Planned { .. })), 1);
    assert_eq!(kinds(|what| matches!(what, Happening::Accepted { .. })), 1);
}

#[test]
fn answers_sent_in_again_and_again_do_not_push_out_what_was_sent() {
    let mut asked = invitation().sent(day(0), &accepted()).sent(day(3), &accepted());
    for n in 0..300 {
        asked = asked.answered(day(4) + TimeDelta::minutes(n), 1, crate::domain::answer::Completeness::Started);
    }
    assert_eq!(asked.history.len(), NOTES_MAX);
    assert_eq!(asked.history.iter().filter(|note| matches!(note.what, Happening::Accepted { .. })).count(), 2);
    check_sound(&asked);
}
