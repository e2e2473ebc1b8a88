//! Every transition from every state, and how an invitation comes to its end.

use super::*;
use crate::domain::answer::Completeness::{Complete, Partial, Started};
use crate::domain::reason::{DeferReason, SkipReason};

type Transition = fn(Invitation) -> Result<Invitation, String>;

const TRANSITIONS: [(&str, Transition); 13] = [
    ("lease", |it| it.lease(day(6), 9, day(7)).map_err(|err| err.to_string())),
    ("put_off", |it| it.put_off(day(6), day(8), DeferReason::QuietHours).map_err(|err| err.to_string())),
    ("pass_over", |it| it.pass_over(day(6), SkipReason::Suppressed, BERLIN).map_err(|err| err.to_string())),
    ("skip", |it| it.skip(day(6), SkipReason::TooLate).map_err(|err| err.to_string())),
    ("settle", |it| {
        let retry = (retry(Channel::Email, day(6)), BERLIN);
        it.settle(LEASE, &accepted(), day(6), retry).map_err(|err| err.to_string())
    }),
    ("expire", |it| it.expire_lease(day(6), retry(Channel::Email, day(6))).map_err(|err| err.to_string())),
    ("start", |it| Ok(it.answered(day(6), 1, Started))),
    ("partial", |it| Ok(it.answered(day(6), 1, Partial))),
    ("complete", |it| Ok(it.answered(day(6), 1, Complete))),
    ("late", |it| Ok(it.answered(day(20), 1, Complete))),
    ("opt_out", |it| Ok(it.opted_out(day(6), Some(1)))),
    ("ineligible", |it| Ok(it.ineligible(day(6), Some(1)))),
    ("close", |it| Ok(it.window_closed(day(20)))),
];

const NOT_WAITING: &str = "the invitation is not waiting to be sent";
const LEASE_LOST: &str = "the lease on the invitation has ended";

/// What each transition, in the order of [`TRANSITIONS`], makes of it.
#[track_caller]
fn check(invitation: &Invitation, expected: [&str; 13]) {
    for ((name, transition), expected) in TRANSITIONS.into_iter().zip(expected) {
        let after = transition(invitation.clone());
        let stands = after.as_ref().map_or_else(Clone::clone, standing);
        assert_eq!(stands, expected, "{name} of {} {:?}", standing(invitation), fates(invitation));
        if let Ok(after) = after {
            check_sound(&after);
        }
    }
}

/// What becomes of one that waits at `step`: in turn after passing over, skipping, an opt-out, and the window's close.
#[track_caller]
fn check_waiting(invitation: &Invitation, step: u8, [passed, skipped, opted_out, closed]: [&str; 4]) {
    let (leased, waits) = (format!("sending {step}"), format!("waiting {step}"));
    let [w, l] = [waits.as_str(), LEASE_LOST];
    let answered = "closed answered";
    let late = if invitation.attempts.is_empty() { answered } else { "closed window_closed" };
    let expected =
        [&leased, w, passed, skipped, l, l, w, "asked", answered, late, opted_out, "closed ineligible", closed];
    check(invitation, expected);
}

#[test]
fn a_waiting_invitation_can_go_every_way_but_settle() {
    let never_sent = ["skipped suppressed", "skipped too_late", "skipped suppressed", "skipped too_late"];
    check_waiting(&invitation(), 0, never_sent);
    let undelivered = ["closed undelivered", "closed undelivered", "closed opted_out", "closed undelivered"];
    check_waiting(&invitation().sent(day(0), &deferred()), 0, undelivered);
    let unknown_once = ["asked", "asked", "closed opted_out", "closed window_closed"];
    check_waiting(&invitation().sent(day(0), &unknown()), 0, unknown_once);
    let reminding = ["waiting 2", "asked", "closed opted_out", "closed window_closed"];
    check_waiting(&invitation().sent(day(0), &accepted()), 1, reminding);
}

#[test]
fn a_message_on_its_way_can_only_be_settled_or_given_up_on() {
    let n = NOT_WAITING;
    let s = "sending 0";
    let sending = invitation().sending(day(0));
    let over = ["closed opted_out", "closed ineligible", s];
    check(&sending, [n, n, n, n, "waiting 1", "held 0", s, s, s, s, over[0], over[1], over[2]]);
}

/// One from which nothing can be sent: after a start, an answer in part, in full, and late, an opt-out, a denial, the close.
#[track_caller]
fn check_resting(invitation: &Invitation, expected: [&str; 7]) {
    let (n, l) = (NOT_WAITING, LEASE_LOST);
    let [start, partial, complete, late, opted_out, ineligible, closed] = expected;
    check(invitation, [n, n, n, n, l, l, start, partial, complete, late, opted_out, ineligible, closed]);
}

#[test]
fn a_held_or_asked_invitation_awaits_answers_until_its_window_closes() {
    let [answered, late] = ["closed answered", "closed window_closed"];
    let ends = ["closed opted_out", "closed ineligible", "closed window_closed"];
    let held = invitation().sent(day(0), &unknown()).sent(day(0), &unknown());
    check_resting(&held, ["held 0", "asked", answered, late, ends[0], ends[1], ends[2]]);
    let asked = invitation().sent(day(0), &accepted()).sent(day(3), &accepted()).sent(day(5), &accepted());
    check_resting(&asked, ["asked", "asked", answered, late, ends[0], ends[1], ends[2]]);
}

#[test]
fn what_is_over_stays_over_and_only_a_denial_changes_how() {
    let asked = || invitation().sent(day(0), &accepted());
    let stays = |word| [word; 7];
    let unless_denied = |word| [word, word, word, word, word, "closed ineligible", word];
    check_resting(&asked().answered(day(1), 1, Complete), stays("closed answered"));
    check_resting(&asked().ineligible(day(1), Some(1)), stays("closed ineligible"));
    check_resting(&asked().opted_out(day(1), Some(1)), unless_denied("closed opted_out"));
    check_resting(&asked().window_closed(day(5)), unless_denied("closed window_closed"));
    let lost = Invitation { line_up: vec![first(Channel::Email)], ..invitation() }.sent(day(0), &refused());
    check_resting(&lost, unless_denied("closed undelivered"));
    check_resting(&invitation().opted_out(day(0), None), stays("skipped suppressed"));
}

#[test]
fn a_decision_not_to_ask_is_noted_once() {
    let skipped = invitation().skip(day(1), SkipReason::FrequencyCap).unwrap();
    let n_notes = skipped.history.iter().filter(|note| matches!(note.what, Happening::Skipped { .. })).count();
    assert_eq!((standing(&skipped).as_str(), n_notes), ("skipped frequency_cap", 1));
    let stopped = invitation().sent(day(0), &accepted()).skip(day(1), SkipReason::TooLate).unwrap();
    let n_notes = stopped.history.iter().filter(|note| matches!(note.what, Happening::Skipped { .. })).count();
    assert_eq!((standing(&stopped).as_str(), n_notes), ("asked", 1));
}

#[test]
fn a_message_put_off_is_due_later_and_says_why() {
    let later = invitation().put_off(day(0), day(2), DeferReason::FrequencyCap).unwrap();
    assert_eq!((standing(&later), due_at(&later)), ("waiting 0".to_owned(), day(2)));
    let said = Happening::PutOff { until: day(2), reason: DeferReason::FrequencyCap };
    assert!(later.history.last().is_some_and(|note| note.what == said));
    assert_eq!(later.asks_at(), Some(day(2)));
}

#[test]
fn an_invitation_uses_up_budget_from_its_first_attempt_or_while_it_is_planned() {
    assert_eq!(invitation().asks_at(), Some(day(0)));
    assert_eq!(invitation().sent(day(1), &accepted()).asks_at(), Some(day(1)));
    assert_eq!(invitation().sent(day(1), &accepted()).opted_out(day(2), None).asks_at(), Some(day(1)));
    assert_eq!(invitation().opted_out(day(0), None).asks_at(), None);
    assert_eq!(invitation().ineligible(day(0), None).asks_at(), None);
}
