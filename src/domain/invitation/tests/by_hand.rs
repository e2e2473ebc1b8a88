//! What operators do by hand: send again, put down what they found out, ask again.

use super::*;
use crate::domain::reason::{HoldReason, SkipReason};

fn with_line_up(line_up: Vec<Step>) -> Invitation {
    Invitation { line_up, ..invitation() }
}

/// A text message of which nobody knows whether it left; a mail may follow where it did not.
fn held() -> Invitation {
    with_line_up(vec![first(Channel::Sms), fallback(Channel::Email, 1, When::Undelivered)]).sent(day(0), &unknown())
}

/// Mail, and a text message where no mail arrives; both refused.
fn nowhere() -> Invitation {
    let line_up = vec![first(Channel::Email), fallback(Channel::Sms, 1, When::Undelivered)];
    with_line_up(line_up).sent(day(0), &refused()).sent(day(0), &refused())
}

fn settled(invitation: Invitation, found: Found) -> Result<Invitation, LeftOut> {
    let settled = invitation.settle_unknown((None, found), day(1), (BERLIN, operator()));
    settled.inspect(check_sound)
}

#[track_caller]
fn asked_again(invitation: Invitation, how: Stalled, now: DateTime<Utc>) -> Result<Invitation, LeftOut> {
    let stop = invitation.stalled(how, None).expect("it is stalled so");
    invitation.ask_again(stop.steps[0], now, (BERLIN, operator())).inspect(check_sound)
}

#[test]
fn a_held_message_goes_once_more_under_its_number_and_is_held_again_when_it_is_lost_again() {
    assert!(matches!(held().state, State::Held { reason: HoldReason::UnknownOutcome, .. }));
    let again = held().send_again(day(1), BERLIN, operator()).unwrap();
    assert_eq!((standing(&again), due_at(&again)), ("waiting 0".to_owned(), day(1)));
    let again = again.sending(day(1));
    assert_eq!(again.attempts.iter().map(|attempt| (attempt.number, attempt.n_tries)).collect::<Vec<_>>(), [(1, 2)]);
    let lost = again.settled(day(1), &unknown());
    assert_eq!(standing(&lost), "held 0");
    check_sound(&lost);
}

#[test]
fn mail_that_waits_for_its_own_retry_goes_at_once() {
    let waiting = invitation().sent(day(0), &unknown());
    assert_eq!(due_at(&waiting), minute(10));
    assert_eq!(due_at(&waiting.send_again(minute(1), BERLIN, operator()).unwrap()), minute(1));
}

#[test]
fn nothing_is_sent_again_that_is_known_or_on_its_way_or_too_late() {
    let again = |invitation: Invitation, now| invitation.send_again(now, BERLIN, operator()).unwrap_err();
    assert_eq!(again(invitation(), day(0)), LeftOut::NothingUnknown);
    assert_eq!(again(invitation().sent(day(0), &accepted()), day(1)), LeftOut::NothingUnknown);
    assert_eq!(again(invitation().sending(day(0)), day(0)), LeftOut::Sending);
    assert_eq!(again(held(), day(14)), LeftOut::WindowOver);
    assert_eq!(again(held().window_closed(day(14)), day(14)), LeftOut::MovedOn);
}

#[test]
fn a_message_sent_again_keeps_to_the_hours_of_its_stage() {
    let send = SendWindow::parse("10:00-20:00", None).unwrap();
    let again = Invitation { send, ..held() }.send_again(at("2026-03-03T22:00:00Z"), BERLIN, operator()).unwrap();
    assert_eq!(due_at(&again), at("2026-03-04T09:00:00Z"));
}

#[test]
fn what_was_taken_after_all_was_taken_when_it_left_and_the_line_up_goes_on_from_there() {
    let taken = settled(held(), Found::Accepted).unwrap();
    assert_eq!((standing(&taken), fates(&taken)), ("asked".to_owned(), vec!["accepted"]));
    assert_eq!(taken.attempts[0].fate, Fate::Accepted { at: day(0) });
    let reminded = with_line_up(vec![first(Channel::Sms), reminder(Channel::Sms, 3)]).sent(day(0), &unknown());
    let reminded = settled(reminded, Found::Accepted).unwrap();
    assert_eq!((standing(&reminded), due_at(&reminded)), ("waiting 1".to_owned(), day(3)));
}

#[test]
fn what_was_never_taken_goes_on_by_another_channel_or_ends() {
    let next = settled(held(), Found::Refused).unwrap();
    assert_eq!((standing(&next), due_at(&next)), ("waiting 1".to_owned(), day(1)));
    let only = with_line_up(vec![first(Channel::Sms)]).sent(day(0), &unknown());
    let ended = settled(only, Found::Refused).unwrap();
    assert_eq!((standing(&ended), fates(&ended)), ("closed undelivered".to_owned(), vec!["refused"]));
    assert!(ended.attempts[0].was_unknown, "it stays on the list");
    assert_eq!(settled(ended, Found::Accepted), Err(LeftOut::NothingUnknown));
}

#[test]
fn what_is_found_out_after_the_end_corrects_how_it_ended() {
    let closed = held().window_closed(day(14));
    assert_eq!(standing(&closed), "closed window_closed");
    let found = |found| closed.clone().settle_unknown((None, found), day(15), (BERLIN, operator())).unwrap();
    assert_eq!(standing(&found(Found::Refused)), "closed undelivered");
    assert_eq!(standing(&found(Found::Accepted)), "closed window_closed");
}

#[test]
fn where_several_are_unknown_the_operator_says_which() {
    let twice = held().send_again(day(0), BERLIN, operator()).unwrap();
    let twice = twice.pass_over(day(0), SkipReason::NoAddress, BERLIN).unwrap().sent(day(0), &unknown());
    assert_eq!(fates(&twice), ["unknown", "unknown"]);
    assert_eq!(settled(twice.clone(), Found::Refused), Err(LeftOut::SeveralUnknown));
    let first = twice.clone().settle_unknown((Some(1), Found::Refused), day(1), (BERLIN, operator())).unwrap();
    assert_eq!((standing(&first), fates(&first)), (standing(&twice), vec!["refused", "unknown"]));
    let both = settled(first, Found::Refused).unwrap();
    assert_eq!((standing(&both), fates(&both)), ("closed undelivered".to_owned(), vec!["refused", "refused"]));
    let missing = twice.settle_unknown((Some(3), Found::Refused), day(1), (BERLIN, operator()));
    assert_eq!(missing, Err(LeftOut::NothingUnknown));
}

#[test]
fn what_ended_undelivered_goes_back_to_the_first_step_that_failed() {
    assert_eq!(standing(&nowhere()), "closed undelivered");
    let stop = nowhere().stalled(Stalled::Undelivered, None).unwrap();
    assert_eq!((stop.since, stop.steps), (day(0), vec![0, 1]));
    assert_eq!(nowhere().stalled(Stalled::Undelivered, Some(Channel::Sms)).unwrap().steps, [1]);
    let again = asked_again(nowhere(), Stalled::Undelivered, day(1)).unwrap();
    assert_eq!((standing(&again), due_at(&again)), ("waiting 0".to_owned(), day(1)));
    let sent = again.sent(day(1), &accepted());
    assert_eq!((standing(&sent), fates(&sent)), ("asked".to_owned(), vec!["refused", "refused", "accepted"]));
    assert_eq!(sent.attempts[2].kind, StepKind::Initial, "whoever got nothing is not reminded");
    assert_eq!(sent.closes_at(), nowhere().closes_at(), "the window never moves");
    check_sound(&sent);
}

#[test]
fn what_waits_for_a_fallback_after_a_refusal_goes_back_too() {
    let line_up = vec![first(Channel::Email), fallback(Channel::Sms, 1, When::Undelivered)];
    let send = SendWindow::parse("10:00-20:00", None).unwrap();
    let waits = Invitation { send, ..with_line_up(line_up) }.sent(day(0), &refused());
    assert_eq!(standing(&waits), "waiting 1");
    assert_eq!(waits.stalled(Stalled::Undelivered, None), None);
    assert_eq!(standing(&asked_again(waits, Stalled::Refused, minute(1)).unwrap()), "waiting 0");
    let reminded = invitation().sent(day(0), &accepted());
    assert_eq!(reminded.stalled(Stalled::Refused, None), None, "a message arrived");
}

#[test]
fn a_deferred_try_goes_earlier_under_its_number() {
    let deferred = invitation().sent(day(0), &deferred());
    assert_eq!(deferred.stalled(Stalled::Deferred, None).unwrap().since, day(0));
    let again = asked_again(deferred, Stalled::Deferred, minute(1)).unwrap();
    assert_eq!(due_at(&again), minute(1));
    assert_eq!(fates(&again.sent(minute(1), &accepted())), ["accepted"]);
}

#[test]
fn what_was_skipped_is_asked_where_the_reason_may_be_gone() {
    let skipped = |reason| {
        let skipped = Invitation { state: State::Skipped { at: day(0), reason }, ..invitation() };
        asked_again(skipped, Stalled::Skipped, day(1)).map(|asked| standing(&asked))
    };
    assert_eq!(skipped(SkipReason::NoChannel).as_deref(), Ok("waiting 0"));
    assert_eq!(skipped(SkipReason::NotSampled), Err(LeftOut::SkippedForGood));
}

#[test]
fn nobody_is_asked_again_after_the_window_or_without_end_or_when_a_message_may_have_arrived() {
    assert_eq!(asked_again(nowhere(), Stalled::Undelivered, day(14)), Err(LeftOut::WindowOver));
    let mut tried = nowhere();
    while tried.attempts.len() < ATTEMPTS_MAX {
        tried = asked_again(tried, Stalled::Undelivered, day(1)).unwrap().sent(day(1), &refused());
        tried = if matches!(tried.state, State::Waiting { .. }) { tried.sent(day(1), &refused()) } else { tried };
    }
    assert_eq!(asked_again(tried, Stalled::Undelivered, day(1)), Err(LeftOut::TriedTooOften));
    let line_up = vec![first(Channel::Email), fallback(Channel::Sms, 5, When::Undelivered)];
    let lost = with_line_up(line_up).sent(day(0), &unknown()).sent(minute(10), &refused());
    assert_eq!(standing(&lost), "waiting 1");
    assert_eq!(asked_again(lost, Stalled::Refused, day(1)), Err(LeftOut::MayHaveArrived));
}
