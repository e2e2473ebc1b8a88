//! Laws that hold for the fold whatever happens to an invitation, in any order.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

use super::story::{accepted, count, day, planned, refused, retry, step};
use crate::domain::answer::Completeness;
use crate::domain::attempt::{Obstacle, Outcome};
use crate::domain::invitation::Invitation;
use crate::domain::journey::{Channel, Step, StepKind};
use crate::domain::reason::{DeferReason, SkipReason};
use crate::report::tally::{Cell, Counts, Tally, contribution};

#[derive(Clone, Debug)]
enum Move {
    Lease,
    Settle(Outcome),
    ExpireLease,
    PutOff,
    PassOver,
    Skip,
    Answer(u8, Completeness),
    OptOut(Option<u8>),
    NotACustomer(Option<u8>),
    CloseWindow,
}

fn moves() -> impl Strategy<Value = Move> {
    let unknown = Outcome::Unknown { reply: String::new() };
    let deferred = Outcome::Deferred { not_before: None, reply: String::new(), obstacle: Obstacle::Recipient };
    let outcome = prop::sample::select(vec![accepted(), accepted(), refused(), unknown, deferred]);
    let completeness = prop::sample::select(vec![Completeness::Started, Completeness::Partial, Completeness::Complete]);
    let through = prop::option::of(0_u8..4);
    prop_oneof![
        6 => Just(Move::Lease),
        6 => outcome.prop_map(Move::Settle),
        1 => Just(Move::ExpireLease),
        1 => Just(Move::PutOff),
        1 => Just(Move::PassOver),
        1 => Just(Move::Skip),
        3 => (0_u8..4, completeness).prop_map(|(attempt, completeness)| Move::Answer(attempt, completeness)),
        1 => through.clone().prop_map(Move::OptOut),
        1 => through.prop_map(Move::NotACustomer),
        1 => Just(Move::CloseWindow),
    ]
}

/// The invitation after a move; a move that its state does not allow changes nothing.
fn moved(invitation: &Invitation, step: &Move, now: DateTime<Utc>) -> Invitation {
    let (old, zone) = (invitation.clone(), invitation.zone);
    let next = match step {
        Move::Lease => old.lease(now, 7, now + TimeDelta::minutes(5)).ok(),
        Move::Settle(outcome) => old.settle(7, outcome, now, (retry(now), zone)).ok(),
        Move::ExpireLease => old.expire_lease(now, retry(now)).ok(),
        Move::PutOff => old.put_off(now, now + TimeDelta::hours(2), DeferReason::QuietHours).ok(),
        Move::PassOver => old.pass_over(now, SkipReason::NoAddress, zone).ok(),
        Move::Skip => old.skip(now, SkipReason::FrequencyCap).ok(),
        Move::Answer(attempt, completeness) => Some(old.answered(now, *attempt, *completeness)),
        Move::OptOut(through) => Some(old.opted_out(now, *through)),
        Move::NotACustomer(through) => Some(old.ineligible(now, *through)),
        Move::CloseWindow => Some(old.window_closed(now)),
    };
    next.unwrap_or_else(|| invitation.clone())
}

fn line_up(index: usize) -> Vec<Step> {
    let email = step(Channel::Email, 0, StepKind::Initial);
    let reminder = step(Channel::Email, 3, StepKind::Reminder);
    let sms = step(Channel::Sms, 6, StepKind::Fallback);
    let sms_first = step(Channel::Sms, 0, StepKind::Initial);
    match index % 3 {
        0 => vec![email, reminder, sms],
        1 => vec![sms_first, email],
        _ => vec![email],
    }
}

/// Counts without the closing time, which only ever grows.
fn counts(tally: &Tally) -> [Counts; 3] {
    [tally.all, tally.email, tally.sms]
}

fn check_one(tally: &Tally) {
    for counter in counts(tally).iter().flat_map(|counts| counts.to_array()) {
        assert!((0..=1).contains(&counter), "{tally:?}");
    }
    let (all, email, sms) = (tally.all, tally.email, tally.sms);
    assert_eq!(all.attempted, all.delivered + all.undelivered + all.unknown);
    assert_eq!(all.attempted + all.ineligible + all.suppressed, 1, "{tally:?}");
    assert_eq!(all.delivered, email.delivered.max(sms.delivered), "{tally:?}");
    let ends = |counts: Counts| [counts.complete, counts.partial, counts.break_off, counts.refusal];
    let both: Vec<i64> = ends(email).into_iter().zip(ends(sms)).map(|(a, b)| a + b).collect();
    assert_eq!(both, ends(all), "{tally:?}");
    for channel in [all, email, sms] {
        assert!(ends(channel).iter().sum::<i64>() + channel.late <= channel.delivered, "{tally:?}");
        assert!(channel.delivered + channel.unknown <= channel.attempted, "{tally:?}");
    }
    for channel in [email, sms] {
        assert_eq!(channel.first_delivered + channel.fallback_delivered, channel.delivered);
        assert_eq!(channel.first_answered + channel.fallback_answered, channel.complete + channel.partial);
    }
}

proptest! {
    #[test]
    fn differences_add_up_to_a_recount(script in prop::collection::vec((0_usize..4, moves(), 0_i64..72), 0..60)) {
        let mut now = day(1);
        let plan = |index: usize| planned(&format!("c-{index}"), &line_up(index), day(1));
        let mut invitations: Vec<Invitation> = (0..4).map(plan).collect();
        let mut running = BTreeMap::<Cell, Tally>::new();
        for (index, step, hours) in script {
            now += TimeDelta::hours(hours);
            let next = moved(&invitations[index], &step, now);
            if let Some((cell, tally)) = contribution(&invitations[index]) {
                *running.entry(cell).or_default() -= tally;
            }
            if let Some((cell, tally)) = contribution(&next) {
                check_one(&tally);
                *running.entry(cell).or_default() += tally;
            }
            invitations[index] = next;
        }
        let running: Vec<_> = running
            .iter()
            .filter(|(_, tally)| counts(tally) != [Counts::default(); 3])
            .map(|(cell, tally)| (cell.clone(), counts(tally)))
            .collect();
        let recount: Vec<_> = count(&invitations).iter().map(|(cell, tally)| (cell.clone(), counts(tally))).collect();
        prop_assert_eq!(running, recount);
    }

    #[test]
    fn every_asked_contact_is_a_case_once_it_is_over(script in prop::collection::vec((moves(), 0_i64..72), 1..40)) {
        let mut now = day(1);
        let mut invitation = planned("c-1", &line_up(0), now);
        for (step, hours) in script {
            now += TimeDelta::hours(hours);
            invitation = moved(&invitation, &step, now);
        }
        let over = invitation.due().is_none();
        if over && !invitation.attempts.is_empty() {
            prop_assert!(contribution(&invitation).is_some(), "{:?}", invitation.state);
        }
    }
}

/// Each way in which the fold once went wrong.
mod cases {
    use super::*;

    fn after(steps: &[(i64, Move)]) -> Tally {
        let start = planned("c-1", &line_up(0), day(1));
        let last = steps.iter().fold(start, |known, (at, step)| moved(&known, step, day(*at)));
        let tally = contribution(&last).unwrap().1;
        check_one(&tally);
        tally
    }

    fn unknown() -> Move {
        Move::Settle(Outcome::Unknown { reply: String::new() })
    }

    #[test]
    fn a_break_off_by_a_link_of_unknown_delivery_counts_in_its_channel() {
        let tally = after(&[(1, Move::Lease), (1, unknown()), (2, Move::Answer(1, Completeness::Started))]);
        assert_eq!((tally.all.break_off, tally.email.break_off, tally.email.delivered), (1, 1, 1));
    }

    #[test]
    fn a_late_answer_proves_that_the_message_arrived() {
        let late = Move::Answer(1, Completeness::Complete);
        let tally = after(&[(1, Move::Lease), (1, unknown()), (15, Move::CloseWindow), (20, late)]);
        assert_eq!((tally.all.unknown, tally.all.delivered, tally.all.late), (0, 1, 1));
    }

    #[test]
    fn a_page_opened_late_is_no_late_answer() {
        let late = Move::Answer(1, Completeness::Started);
        let tally = after(&[(1, Move::Lease), (1, Move::Settle(accepted())), (15, Move::CloseWindow), (20, late)]);
        assert_eq!((tally.all.delivered, tally.all.late), (1, 0));
    }

    #[test]
    fn a_message_put_off_until_the_end_was_not_delivered() {
        let deferred = Outcome::Deferred { not_before: None, reply: String::new(), obstacle: Obstacle::Recipient };
        let tally = after(&[(1, Move::Lease), (1, Move::Settle(deferred)), (1, Move::Skip)]);
        assert_eq!((tally.all.undelivered, tally.email.attempted, tally.email.delivered), (1, 1, 0));
    }

    #[test]
    fn nobody_can_say_whether_a_message_arrived_that_left_as_its_contact_opted_out() {
        let tally = after(&[(1, Move::Lease), (1, Move::OptOut(None)), (1, Move::Settle(accepted()))]);
        assert_eq!((tally.all.unknown, tally.email.unknown), (1, 1));
    }

    #[test]
    fn a_no_after_the_window_is_silence_within_it() {
        let tally = after(&[(1, Move::Lease), (1, Move::Settle(accepted())), (16, Move::OptOut(Some(1)))]);
        assert_eq!((tally.all.refusal, tally.all.delivered), (0, 1));
    }
}
