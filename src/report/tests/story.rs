//! Invitations as the daemon makes them: planned, then led through the domain's own transitions at virtual times.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::domain::answer::Completeness;
use crate::domain::attempt::Outcome;
use crate::domain::id::{BranchId, ContactId, InvitationId, JourneyId, StageId, SurveyId};
use crate::domain::invitation::{AfterUnknown, Invitation, RetryPlan, State};
use crate::domain::journey::{Channel, Level, Step, StepKind, When};
use crate::domain::reason::SkipReason;
use crate::domain::seal::{SECRET_BYTES, Seal};
use crate::domain::send_window::SendWindow;
use crate::domain::survey::SurveyVersion;
use crate::report::tally::{Cell, Tally, contribution};

/// How long answers count, in days.
const WINDOW_DAYS: i64 = 14;

/// Ten in the morning in Berlin on the `n`-th of March 2026, or as many days after the first.
pub(crate) fn day(n: i64) -> DateTime<Utc> {
    NaiveDate::from_ymd_opt(2026, 3, 1).unwrap().and_hms_opt(9, 0, 0).unwrap().and_utc() + TimeDelta::days(n - 1)
}

/// A step, due this many days after the first message.
pub(crate) fn step(channel: Channel, after_days: i64, kind: StepKind) -> Step {
    Step { channel, after: TimeDelta::days(after_days), kind, when: When::Either }
}

/// An invitation that waits for its first message.
pub(crate) fn planned(contact: &str, line_up: &[Step], at: DateTime<Utc>) -> Invitation {
    let contact = ContactId::parse(contact).unwrap();
    let journey = JourneyId::parse("dine-in").unwrap();
    let stage = StageId::parse("visit").unwrap();
    Invitation {
        id: Seal::new(&[3; SECRET_BYTES]).invitation_id(&contact, &journey, &stage, "pos-1"),
        contact,
        journey,
        stage,
        occasion: "pos-1".to_owned(),
        event: None,
        level: Level::Interaction,
        branch: Some(BranchId::parse("mitte").unwrap()),
        zone: chrono_tz::Europe::Berlin,
        survey: SurveyId::parse("visit").unwrap(),
        version: SurveyVersion::from_bytes([0; 12]),
        planned_at: at,
        ask_before: at + TimeDelta::days(WINDOW_DAYS),
        window: TimeDelta::days(WINDOW_DAYS),
        send: SendWindow::always(),
        line_up: line_up.to_vec(),
        priority: 5,
        state: State::Waiting { step: 0, due_at: at },
        attempts: Vec::new(),
        answer: None,
        history: Vec::new(),
    }
}

/// The channel takes the message.
pub(crate) fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: "250 ok".to_owned() }
}

/// The channel refuses the message for good.
pub(crate) fn refused() -> Outcome {
    Outcome::Refused { reply: "550 no such user".to_owned(), address_dead: true }
}

/// What to do next where a try does not settle it.
pub(crate) fn retry(now: DateTime<Utc>) -> RetryPlan {
    RetryPlan {
        retry_at: now + TimeDelta::hours(1),
        give_up_after: TimeDelta::days(1),
        after_unknown: AfterUnknown::RetryOnce,
    }
}

/// Something that happens to an invitation.
#[derive(Clone, Debug)]
pub(crate) enum Turn {
    /// Its message is due, leaves, and this comes of it.
    Sent(Outcome),
    /// There is no address for the step that is due.
    NoAddress,
    /// The budget of the contact is used up.
    Capped,
    /// Somebody answers by the link of this attempt.
    Answered(u8, Completeness),
    /// Somebody says no more by the link of this attempt.
    OptedOut(u8),
    /// Somebody says by the link of this attempt that the occasion never was.
    NotACustomer(u8),
}

/// Leads the invitation through the turns on their days, as far as `until`. The window closes when it closes.
pub(crate) fn tell(mut invitation: Invitation, turns: &[(i64, Turn)], until: DateTime<Utc>) -> Invitation {
    for (n, turn) in turns {
        let now = day(*n);
        if now > until {
            break;
        }
        invitation = close_by(invitation, now);
        invitation = take(invitation, turn, now);
    }
    close_by(invitation, until)
}

fn close_by(invitation: Invitation, now: DateTime<Utc>) -> Invitation {
    match invitation.closes_at() {
        Some(closes_at) if closes_at <= now => invitation.window_closed(closes_at),
        Some(_) | None => invitation,
    }
}

fn take(invitation: Invitation, turn: &Turn, now: DateTime<Utc>) -> Invitation {
    let zone = invitation.zone;
    match turn {
        Turn::Sent(outcome) => {
            assert!(matches!(invitation.state, State::Waiting { due_at, .. } if due_at == now), "not due at {now}");
            let leased = invitation.lease(now, 7, now + TimeDelta::minutes(5)).unwrap();
            leased.settle(7, outcome, now, (retry(now), zone)).unwrap()
        }
        Turn::NoAddress => invitation.pass_over(now, SkipReason::NoAddress, zone).unwrap(),
        Turn::Capped => invitation.skip(now, SkipReason::FrequencyCap).unwrap(),
        Turn::Answered(attempt, completeness) => invitation.answered(now, *attempt, *completeness),
        Turn::OptedOut(attempt) => invitation.opted_out(now, Some(*attempt)),
        Turn::NotACustomer(attempt) => invitation.ineligible(now, Some(*attempt)),
    }
}

/// The sum of what these add, by cell.
pub(crate) fn count<'a>(invitations: impl IntoIterator<Item = &'a Invitation>) -> Vec<(Cell, Tally)> {
    let mut cells = BTreeMap::<Cell, Tally>::new();
    for (cell, tally) in invitations.into_iter().filter_map(contribution) {
        *cells.entry(cell).or_default() += tally;
    }
    cells.into_iter().collect()
}

/// Invitations by their id: a second record of the same occasion has the same id and changes nothing.
pub(crate) fn by_id(invitations: impl IntoIterator<Item = Invitation>) -> BTreeMap<InvitationId, Invitation> {
    let mut known = BTreeMap::new();
    for invitation in invitations {
        known.entry(invitation.id).or_insert(invitation);
    }
    known
}
