//! An invitation and a contact to begin a test with, and short ways to move them on.
//!
//! Days are counted from [`day`]`(0)`, a Monday on which the invitation is planned and due; what a test needs to be
//! different it says itself, `Invitation { priority: 9, ..invitation() }`, and nothing else:
//!
//! ```ignore
//! let asked = invitation().sent(day(0), &refused()).sent(day(0), &accepted());
//! assert_eq!(standing(&asked), "waiting 2");
//! ```

mod answers;
mod by_hand;
mod ending;
mod receipts;
mod sending;
mod walks;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{ATTEMPTS_MAX, AfterUnknown, End, Found, Happening, Invitation, LeftOut, Note, RetryPlan, Stalled, State};
use crate::domain::attempt::{Attempt, Fate, Obstacle, Outcome};
use crate::domain::contact::{Contact, Email, Phone};
use crate::domain::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, StageId, SurveyId};
use crate::domain::journey::{Channel, Level, Step, StepKind, When};
use crate::domain::operator::Operator;
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::send_window::SendWindow;
use crate::domain::survey::tests::visit;

/// The lease that [`Invitation::sending`] takes.
pub(crate) const LEASE: u64 = 7;

/// Where the branch and the contact of these tests are.
pub(crate) const BERLIN: Tz = chrono_tz::Europe::Berlin;

/// That instant, in RFC 3339.
pub(crate) fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

/// So many days after Monday, 2 March 2026, 10:00 in UTC and 11:00 in Berlin.
pub(crate) fn day(n: i64) -> DateTime<Utc> {
    at("2026-03-02T10:00:00Z") + TimeDelta::days(n)
}

/// So many minutes after [`day`]`(0)`.
pub(crate) fn minute(n: i64) -> DateTime<Utc> {
    day(0) + TimeDelta::minutes(n)
}

/// A.&nbsp;Guest in Berlin, with a mail address and a telephone, who never said yes or no.
pub(crate) fn contact() -> Contact {
    Contact {
        name: "A. Guest".to_owned(),
        email: Some(Email::parse("a.guest@example.org").unwrap()),
        phone: Some(Phone::parse("+4915112345678", None).unwrap()),
        time_zone: Some(BERLIN),
        revision: 1,
        ..Contact::unknown(ContactId::parse("c-17").unwrap())
    }
}

/// The contact's visit `pos-1`, planned and due on [`day`]`(0)`, to be asked by mail, reminded by mail after 3 days and by
/// text message after 5 if they stay silent. Messages may leave at any hour; answers count for 14 days.
pub(crate) fn invitation() -> Invitation {
    Invitation {
        id: InvitationId::from_bytes([1; 16]),
        contact: contact().id,
        journey: JourneyId::parse("dine-in").unwrap(),
        stage: StageId::parse("visit").unwrap(),
        occasion: "pos-1".to_owned(),
        event: Some(EventId::parse("pos-1").unwrap()),
        level: Level::Interaction,
        branch: Some(BranchId::parse("mitte").unwrap()),
        zone: BERLIN,
        survey: SurveyId::parse("visit").unwrap(),
        version: visit().version(),
        planned_at: day(0),
        ask_before: day(14),
        window: TimeDelta::days(14),
        send: SendWindow::always(),
        line_up: line_up(),
        priority: 5,
        state: State::Waiting { step: 0, due_at: day(0) },
        attempts: Vec::new(),
        answer: None,
        history: vec![Note { at: day(0), what: Happening::Planned { due_at: day(0), deferred: None } }],
    }
}

/// The line-up of [`invitation`].
pub(crate) fn line_up() -> Vec<Step> {
    vec![first(Channel::Email), reminder(Channel::Email, 3), fallback(Channel::Sms, 5, When::Silent)]
}

/// A first step.
pub(crate) fn first(channel: Channel) -> Step {
    Step { channel, after: TimeDelta::zero(), kind: StepKind::Initial, when: When::Either }
}

/// A reminder so many days after the first attempt.
pub(crate) fn reminder(channel: Channel, days: i64) -> Step {
    Step { channel, after: TimeDelta::days(days), kind: StepKind::Reminder, when: When::Silent }
}

/// A fallback so many days after the first attempt.
pub(crate) fn fallback(channel: Channel, days: i64, when: When) -> Step {
    Step { channel, after: TimeDelta::days(days), kind: StepKind::Fallback, when }
}

/// The channel took it, and calls it `ref-1`.
pub(crate) fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: Some("ref-1".to_owned()), n_segments: None, reply: "250 queued".to_owned() }
}

/// The recipient's server asked us to come again.
pub(crate) fn deferred() -> Outcome {
    Outcome::Deferred { not_before: None, reply: "451 greylisted".to_owned(), obstacle: Obstacle::Recipient }
}

/// Our own relay is dead, which says nothing about the recipient.
pub(crate) fn relay_dead() -> Outcome {
    Outcome::Deferred {
        not_before: None,
        reply: "connection refused".to_owned(),
        obstacle: Obstacle::Route { slow_down: false },
    }
}

/// The channel will never take it.
pub(crate) fn refused() -> Outcome {
    Outcome::Refused { reply: "550 no such user".to_owned(), address_dead: true }
}

/// The connection broke after the message had left.
pub(crate) fn unknown() -> Outcome {
    Outcome::Unknown { reply: "connection lost".to_owned() }
}

/// Every kind of news.
pub(crate) fn all_news() -> Vec<News> {
    let bounced = Bounce::ALL.map(News::Bounced);
    [vec![News::Delivered, News::Complained], bounced.to_vec()].concat()
}

/// This came back, says the mail server.
pub(crate) fn receipt(news: News) -> Receipt {
    Receipt::of(news, "bounce mail", "")
}

/// Maria, who decides by hand.
pub(crate) fn operator() -> Operator {
    Operator::parse("maria").unwrap()
}

/// What follows an outcome: ten minutes later again, for two days; unknown mail once more, unknown text messages held.
pub(crate) fn retry(channel: Channel, now: DateTime<Utc>) -> RetryPlan {
    let after_unknown = match channel {
        Channel::Email => AfterUnknown::RetryOnce,
        Channel::Sms => AfterUnknown::Hold,
    };
    RetryPlan { retry_at: now + TimeDelta::minutes(10), give_up_after: TimeDelta::hours(48), after_unknown }
}

/// Moves for tests, which insist that the invitation is where the test says it is.
impl Invitation {
    /// The waiting message is handed to a worker under [`LEASE`], for five minutes.
    pub(crate) fn sending(self, now: DateTime<Utc>) -> Self {
        self.lease(now, LEASE, now + TimeDelta::minutes(5)).unwrap()
    }

    /// The worker comes back with this, in Berlin.
    pub(crate) fn settled(self, now: DateTime<Utc>, outcome: &Outcome) -> Self {
        let retry = retry(self.attempts.last().unwrap().channel, now);
        self.settle(LEASE, outcome, now, (retry, BERLIN)).unwrap()
    }

    /// The waiting message leaves, and this comes of it.
    pub(crate) fn sent(self, now: DateTime<Utc>, outcome: &Outcome) -> Self {
        self.sending(now).settled(now, outcome)
    }
}

/// Where it stands, in short: `waiting 1`, `held 0`, `closed answered`, `skipped too_late`.
pub(crate) fn standing(invitation: &Invitation) -> String {
    let word = invitation.state.as_str();
    match invitation.state {
        State::Waiting { step, .. } | State::Sending { step, .. } | State::Held { step, .. } => {
            format!("{word} {step}")
        }
        State::Asked => word.to_owned(),
        State::Closed { end, .. } => format!("{word} {}", end.as_str()),
        State::Skipped { reason, .. } => format!("{word} {}", reason.as_str()),
    }
}

/// When the waiting message is due.
#[track_caller]
pub(crate) fn due_at(invitation: &Invitation) -> DateTime<Utc> {
    assert!(matches!(invitation.state, State::Waiting { .. }), "{}", standing(invitation));
    invitation.due().unwrap().at
}

/// The fates of the attempts, in short.
pub(crate) fn fates(invitation: &Invitation) -> Vec<&'static str> {
    invitation.attempts.iter().map(|attempt| attempt.fate.as_str()).collect()
}

/// What must hold of an invitation whatever happened to it.
#[track_caller]
pub(crate) fn check_sound(invitation: &Invitation) {
    let (standing, fates) = (standing(invitation), fates(invitation));
    let over = matches!(invitation.state, State::Closed { .. } | State::Skipped { .. });
    assert_eq!(invitation.due().is_none(), over, "{standing}");
    let asked_again = invitation.history.iter().any(|note| matches!(note.what, Happening::AskedAgain { .. }));
    let n_attempts_max = if asked_again { ATTEMPTS_MAX + invitation.line_up.len() } else { invitation.line_up.len() };
    assert!(invitation.attempts.len() <= n_attempts_max, "{fates:?}");
    assert!(invitation.attempts.iter().map(|attempt| usize::from(attempt.number)).eq(1..=fates.len()), "{standing}");
    assert!(asked_again || invitation.attempts.is_sorted_by(|a, b| a.step < b.step), "{standing}");
    assert!(invitation.history.len() <= super::NOTES_MAX, "{standing}");
    assert!(invitation.history.is_sorted_by_key(|note| note.at), "{standing}");
    for (index, attempt) in invitation.attempts.iter().enumerate() {
        let is_last = index + 1 == fates.len();
        let in_hand = match attempt.fate {
            Fate::Sending => matches!(invitation.state, State::Sending { .. }),
            Fate::Deferred => matches!(invitation.state, State::Waiting { step, .. } if step == attempt.step),
            Fate::Accepted { .. }
            | Fate::Refused { .. }
            | Fate::Delivered { .. }
            | Fate::Bounced { .. }
            | Fate::Complained { .. } => true,
            Fate::Unknown { .. } => attempt.was_unknown,
        };
        assert!(in_hand, "{standing} {fates:?}");
        assert!(is_last || !matches!(attempt.fate, Fate::Sending | Fate::Deferred), "{standing} {fates:?}");
    }
    if let State::Skipped { .. } = invitation.state {
        assert!(fates.is_empty(), "{standing} {fates:?}");
    }
    if let State::Closed { end: End::Undelivered, .. } = invitation.state {
        let unclear = |attempt: &Attempt| attempt.was_unknown && !invitation.is_ruled_out(attempt.number);
        assert!(!invitation.delivered() && !invitation.attempts.iter().any(unclear), "{fates:?}");
    }
}
