//! Answers, refusals and denials, whenever they come.

use super::*;
use crate::domain::answer::Completeness::{self, Complete, Partial, Started};
use crate::domain::invitation::AnswerMark;

fn asked() -> Invitation {
    invitation().sent(day(0), &accepted())
}

fn notes_since(after: &Invitation, before: &Invitation) -> Vec<&'static str> {
    let word = |note: &Note| match note.what {
        Happening::Planned { .. } => "planned",
        Happening::PutOff { .. } => "put off",
        Happening::StepPassedOver { .. } => "passed over",
        Happening::Accepted { .. } => "accepted",
        Happening::Deferred { .. } => "deferred",
        Happening::Refused { .. } => "refused",
        Happening::Unknown { .. } => "unknown",
        Happening::Held { .. } => "held",
        Happening::NextStep { .. } => "next step",
        Happening::Answered { .. } => "answered",
        Happening::Skipped { .. } => "skipped",
        Happening::Closed { .. } => "closed",
        Happening::SentAgain { .. } => "sent again",
        Happening::Settled { .. } => "settled",
        Happening::AskedAgain { .. } => "asked again",
        Happening::Replanned { .. } => "replanned",
        Happening::CameBack { .. } => "came back",
        Happening::Replied { .. } => "replied",
        Happening::Inquired { .. } => "inquired",
    };
    after.history.iter().skip(before.history.len()).map(word).collect()
}

#[test]
fn a_full_answer_ends_it_a_partial_one_stops_the_asking_and_a_mere_start_neither() {
    let check = |completeness, expected| {
        let answered = asked().answered(day(1), 1, completeness);
        assert_eq!(standing(&answered), expected);
        let mark = AnswerMark { attempt: 1, completeness, first_at: day(1), late: false };
        assert_eq!(answered.answer, Some(mark));
        check_sound(&answered);
    };
    check(Started, "waiting 1");
    check(Partial, "asked");
    check(Complete, "closed answered");
}

#[test]
fn an_answer_only_grows() {
    let answered = asked().answered(day(1), 1, Partial).answered(day(2), 1, Started);
    assert_eq!(answered.answer.map(|mark| mark.completeness), Some(Partial));
    let answered = answered.answered(day(3), 1, Complete);
    assert_eq!(standing(&answered), "closed answered");
    assert_eq!(answered.answer.map(|mark| (mark.completeness, mark.first_at)), Some((Complete, day(1))));
}

#[test]
fn an_answer_is_credited_to_the_link_that_carried_it_not_to_one_that_was_only_opened() {
    let twice_asked = || {
        let steps = vec![first(Channel::Email), fallback(Channel::Sms, 1, When::Silent)];
        Invitation { line_up: steps, ..invitation() }.sent(day(0), &accepted()).sent(day(1), &accepted())
    };
    let credited = |invitation: Invitation| invitation.answer.unwrap().attempt;
    assert_eq!(credited(twice_asked().answered(day(2), 1, Started).answered(day(3), 2, Complete)), 2);
    assert_eq!(credited(twice_asked().answered(day(2), 1, Partial).answered(day(3), 2, Complete)), 1);
    assert_eq!(credited(twice_asked().answered(day(2), 2, Started).answered(day(3), 1, Started)), 1);
}

/// An answer that comes while the second mail is on its way: it is kept, and once `outcome` is known nothing follows.
#[track_caller]
fn check_on_its_way(completeness: Completeness, outcome: &Outcome, expected: &str) {
    let on_its_way = asked().sending(day(3)).answered(day(3), 1, completeness);
    assert_eq!(standing(&on_its_way), "sending 1", "it cannot be called back");
    let settled = on_its_way.clone().settled(day(3), outcome);
    assert_eq!(standing(&settled), expected);
    assert_eq!(settled.answer, on_its_way.answer);
    assert_eq!(settled.attempts.len(), 2);
    assert!(!notes_since(&settled, &on_its_way).iter().any(|word| ["next step", "held"].contains(word)), "{settled:?}");
    check_sound(&settled);
}

#[test]
fn an_answer_that_comes_while_a_message_is_on_its_way_is_kept_and_nothing_follows() {
    for outcome in [accepted(), deferred(), refused(), unknown()] {
        check_on_its_way(Complete, &outcome, "closed answered");
        check_on_its_way(Partial, &outcome, "asked");
    }
    let only_opened = asked().sending(day(3)).answered(day(3), 1, Started);
    assert_eq!(standing(&only_opened.settled(day(3), &accepted())), "waiting 2");
}

#[test]
fn an_answer_proves_that_a_message_arrived_whatever_the_relay_said() {
    let steps = vec![first(Channel::Email), fallback(Channel::Sms, 1, When::Either)];
    let on_its_way = Invitation { line_up: steps, ..invitation() }.sent(day(0), &refused()).sending(day(0));
    let settled = on_its_way.clone().answered(day(0), 1, Complete).settled(day(0), &refused());
    assert_eq!(standing(&settled), "closed answered");
    let settled = on_its_way.clone().answered(day(0), 1, Partial).settled(day(0), &refused());
    assert_eq!(standing(&settled), "asked");
    let settled = on_its_way.answered(day(0), 1, Started).settled(day(0), &refused());
    assert_eq!(standing(&settled.window_closed(day(14))), "closed window_closed");
}

#[test]
fn a_late_answer_is_kept_and_marked() {
    let closed = asked().window_closed(day(14));
    let late = closed.answered(day(15), 1, Complete);
    assert_eq!(standing(&late), "closed window_closed");
    let mark = AnswerMark { attempt: 1, completeness: Complete, first_at: day(15), late: true };
    assert_eq!(late.answer, Some(mark));
    let not_closed_yet = asked().answered(day(14), 1, Complete);
    assert!(not_closed_yet.answer.unwrap().late, "the window decides, not whoever closes it");
    assert_eq!(standing(&not_closed_yet), "closed window_closed");
    assert!(!asked().answered(day(14) - TimeDelta::seconds(1), 1, Complete).answer.unwrap().late);
}

#[test]
fn what_comes_late_does_not_change_what_counted_in_time() {
    for in_time in [Started, Partial] {
        let before = asked().answered(day(2), 1, in_time);
        let closed = before.clone().window_closed(day(14));
        let after = closed.answered(day(20), 1, Complete);
        assert_eq!(after.answer, before.answer);
        assert_eq!(standing(&after), "closed window_closed");
    }
}

#[test]
fn somebody_who_says_no_gets_nothing_more() {
    let check = |invitation: Invitation, expected: (&str, &[&str])| {
        let refused = invitation.opted_out(day(1), Some(1));
        assert_eq!((standing(&refused).as_str(), fates(&refused).as_slice()), expected);
        assert_eq!(refused.clone().opted_out(day(2), None), refused, "once is enough");
        check_sound(&refused);
    };
    check(invitation(), ("skipped suppressed", &[]));
    check(asked(), ("closed opted_out", &["accepted"]));
    check(invitation().sent(day(0), &deferred()), ("closed opted_out", &["refused"]));
    check(invitation().sent(day(0), &unknown()), ("closed opted_out", &["unknown"]));
    check(invitation().sent(day(0), &unknown()).sent(day(0), &unknown()), ("closed opted_out", &["unknown"]));
    check(asked().answered(day(0), 1, Partial), ("closed opted_out", &["accepted"]));
    check(asked().answered(day(0), 1, Complete), ("closed answered", &["accepted"]));
}

#[test]
fn a_message_on_its_way_to_somebody_who_says_no_is_of_unknown_fate() {
    let on_its_way = asked().sending(day(3));
    for over in [on_its_way.clone().opted_out(day(3), Some(1)), on_its_way.clone().ineligible(day(3), Some(1))] {
        assert_eq!(fates(&over), ["accepted", "unknown"]);
        assert!(over.attempts[1].was_unknown, "so that it is listed");
        let late = over.clone().settle(LEASE, &accepted(), day(3), (retry(Channel::Email, day(3)), BERLIN));
        assert!(late.is_err());
        check_sound(&over);
    }
}

#[test]
fn saying_no_after_the_window_is_no_refusal_of_this_invitation() {
    assert_eq!(standing(&asked().opted_out(day(14), Some(1))), "closed window_closed");
    let lost = invitation().sent(day(0), &deferred()).opted_out(day(14), None);
    assert_eq!(standing(&lost), "closed undelivered");
    let on_its_way = asked().sending(day(13)).opted_out(day(14), None).settled(day(14), &accepted());
    assert_eq!((standing(&on_its_way), fates(&on_its_way)), ("asked".to_owned(), vec!["accepted", "accepted"]));
}

#[test]
fn an_occasion_that_never_was_ends_it_unless_it_was_answered() {
    let check = |invitation: Invitation, expected: &str| {
        let denied = invitation.ineligible(day(20), Some(1));
        assert_eq!(standing(&denied), expected);
        check_sound(&denied);
    };
    check(asked(), "closed ineligible");
    check(asked().window_closed(day(14)), "closed ineligible");
    check(asked().opted_out(day(1), None), "closed ineligible");
    check(invitation().sent(day(0), &deferred()), "closed ineligible");
    check(asked().answered(day(1), 1, Complete), "closed answered");
    check(invitation().opted_out(day(0), None), "skipped suppressed");
}
