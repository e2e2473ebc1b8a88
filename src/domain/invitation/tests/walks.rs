//! Whatever happens to an invitation, in whatever order, it stays sound and comes to an end.

use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::domain::answer::Completeness;
use crate::domain::reason::{DeferReason, SkipReason};

/// One thing that happens to an invitation. What cannot happen in its state is refused, and changes nothing.
#[derive(Clone, Debug)]
enum Move {
    Lease,
    Settle(Outcome),
    Expire,
    PutOff,
    PassOver,
    Skip,
    Answer(Completeness, u8),
    OptOut,
    Ineligible,
    CloseWindow,
    SendAgain,
    Found(Option<u8>, Found),
    AskAgain(Stalled),
    Hear(u8, News),
    Inquire(u8, bool),
}

fn moves() -> impl Strategy<Value = Vec<(Move, i64)>> {
    let outcome = prop_oneof![Just(accepted()), Just(deferred()), Just(relay_dead()), Just(refused()), Just(unknown())];
    let completeness = prop_oneof![
        3 => Just(Completeness::Started),
        2 => Just(Completeness::Partial),
        1 => Just(Completeness::Complete)
    ];
    let step = prop_oneof![
        20 => Just(Move::Lease),
        20 => outcome.prop_map(Move::Settle),
        2 => Just(Move::Expire),
        4 => Just(Move::PutOff),
        2 => Just(Move::PassOver),
        1 => Just(Move::Skip),
        3 => (completeness, 1..4_u8).prop_map(|(completeness, attempt)| Move::Answer(completeness, attempt)),
        1 => Just(Move::OptOut),
        1 => Just(Move::Ineligible),
        1 => Just(Move::CloseWindow),
        3 => Just(Move::SendAgain),
        3 => (of(1..4_u8), select(Found::ALL.to_vec())).prop_map(|(attempt, found)| Move::Found(attempt, found)),
        4 => select(Stalled::ALL.to_vec()).prop_map(Move::AskAgain),
        6 => (1..4_u8, select(all_news())).prop_map(|(attempt, news)| Move::Hear(attempt, news)),
        4 => (1..4_u8, any::<bool>()).prop_map(|(attempt, is_there)| Move::Inquire(attempt, is_there)),
    ];
    vec((step, 1..900_i64), 1..60)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let channel = prop_oneof![Just(Channel::Email), Just(Channel::Sms)];
    let when = prop_oneof![Just(When::Undelivered), Just(When::Silent), Just(When::Either)];
    let step = (channel, any::<bool>(), when, 0..8_i64).prop_map(|(channel, reminds, when, days)| {
        let step = if reminds { reminder(channel, days) } else { fallback(channel, days, when) };
        Step { when, ..step }
    });
    (prop_oneof![Just(Channel::Email), Just(Channel::Sms)], vec(step, 0..9))
        .prop_map(|(channel, rest)| [vec![first(channel)], rest].concat())
}

fn make(invitation: Invitation, step: &Move, now: DateTime<Utc>) -> Invitation {
    let channel = invitation.attempts.last().map_or(Channel::Email, |attempt| attempt.channel);
    let retry = retry(channel, now);
    let before = invitation.clone();
    let made = match step {
        Move::Lease => invitation.lease(now, LEASE, now + TimeDelta::minutes(5)).ok(),
        Move::Settle(outcome) => invitation.settle(LEASE, outcome, now, (retry, BERLIN)).ok(),
        Move::Expire => invitation.expire_lease(now, retry).ok(),
        Move::PutOff => invitation.put_off(now, now + TimeDelta::days(1), DeferReason::QuietHours).ok(),
        Move::PassOver => invitation.pass_over(now, SkipReason::NoConsent, BERLIN).ok(),
        Move::Skip => invitation.skip(now, SkipReason::TooLate).ok(),
        // A link is out only once its attempt has begun.
        Move::Answer(completeness, attempt) => {
            invitation.attempt(*attempt).is_some().then(|| invitation.answered(now, *attempt, *completeness))
        }
        Move::OptOut => Some(invitation.opted_out(now, None)),
        Move::Ineligible => Some(invitation.ineligible(now, None)),
        Move::CloseWindow => Some(invitation.window_closed(now)),
        Move::SendAgain => invitation.send_again(now, BERLIN, operator()).ok(),
        Move::Found(attempt, found) => invitation.settle_unknown((*attempt, *found), now, (BERLIN, operator())).ok(),
        Move::AskAgain(how) => {
            let stop = invitation.stalled(*how, None);
            stop.and_then(|stop| invitation.ask_again(stop.steps[0], now, (BERLIN, operator())).ok())
        }
        Move::Hear(attempt, news) => invitation.heard(*attempt, &receipt(*news), now, BERLIN),
        Move::Inquire(attempt, is_there) => {
            invitation.inquired(*attempt, ("twilio", is_there.then_some("SM1")), now, BERLIN)
        }
    };
    made.unwrap_or(before)
}

/// A time at which a message is due because a step was set, rather than a try put off.
fn next_steps(invitation: &Invitation) -> impl Iterator<Item = DateTime<Utc>> {
    invitation.history.iter().filter_map(|note| match note.what {
        Happening::NextStep { due_at, .. } | Happening::AskedAgain { due_at, .. } => Some(due_at),
        Happening::Planned { .. }
        | Happening::PutOff { .. }
        | Happening::StepPassedOver { .. }
        | Happening::Accepted { .. }
        | Happening::Deferred { .. }
        | Happening::Refused { .. }
        | Happening::Unknown { .. }
        | Happening::Held { .. }
        | Happening::Answered { .. }
        | Happening::Skipped { .. }
        | Happening::Closed { .. }
        | Happening::SentAgain { .. }
        | Happening::Settled { .. }
        | Happening::CameBack { .. }
        | Happening::Replied { .. }
        | Happening::Inquired { .. }
        | Happening::Replanned { .. } => None,
    })
}

proptest! {
    #[test]
    fn every_walk_stays_sound_and_ends_once_its_window_closes(moves in moves(), line_up in steps()) {
        let mut walker = Invitation { line_up, ..invitation() };
        let mut now = day(0);
        for (step, minutes) in &moves {
            now += TimeDelta::minutes(*minutes);
            let over = matches!(walker.state, State::Closed { .. } | State::Skipped { .. });
            let n_attempts = walker.attempts.len();
            walker = make(walker, step, now);
            check_sound(&walker);
            prop_assert!(!over || walker.attempts.len() == n_attempts, "nothing is sent after the end");
        }
        if matches!(walker.state, State::Sending { .. }) {
            walker = make(walker, &Move::Expire, now);
        }
        let closed = walker.window_closed(now + TimeDelta::days(30));
        check_sound(&closed);
        prop_assert_eq!(closed.due(), None, "{}", standing(&closed));
    }

    #[test]
    fn no_step_is_set_outside_the_send_window_or_after_the_answers_stop_to_count(
        moves in moves(),
        line_up in steps(),
        (from, hours) in (0..24_u32, 1..23_u32),
    ) {
        let send = SendWindow::parse(&format!("{from:02}:00-{:02}:00", (from + hours) % 24), Some("Tue-Sat")).unwrap();
        let mut walker = Invitation { send, line_up, ..invitation() };
        let mut now = day(0);
        for (step, minutes) in &moves {
            now += TimeDelta::minutes(*minutes);
            walker = make(walker, step, now);
            let last = walker.closes_at().unwrap_or(walker.ask_before);
            for due_at in next_steps(&walker) {
                prop_assert!(send.contains(BERLIN, due_at) && due_at < last, "{due_at} {send}");
            }
        }
    }

    #[test]
    fn a_try_is_never_lost_sight_of(outcomes in vec(0..5_usize, 1..40)) {
        let outcomes = outcomes.into_iter().map(|n| [accepted(), deferred(), relay_dead(), refused(), unknown()][n].clone());
        let mut walker = invitation();
        let mut now = day(0);
        for outcome in outcomes {
            let State::Waiting { due_at, .. } = walker.state else { break };
            now = now.max(due_at);
            walker = walker.sent(now, &outcome);
            let n_unknown = walker.attempts.iter().filter(|attempt| attempt.was_unknown).count();
            let n_noted = walker.history.iter().filter(|note| matches!(note.what, Happening::Unknown { .. })).count();
            prop_assert!(n_unknown <= n_noted && n_noted <= 2 * n_unknown, "one unknown try, and one more");
        }
        check_sound(&walker);
    }
}
