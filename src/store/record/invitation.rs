//! Invitations on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::INVITATION;
use super::common::{self, ChannelV1, CompletenessV1, StepKindV1, WhenV1, Wrong, stored_enum};
use super::history::{self, BounceV1, EndV1, HoldReasonV1, NoteV1, SkipReasonV1};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::attempt::{Attempt, Fate, TextCost};
use crate::domain::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, StageId, SurveyId};
use crate::domain::invitation::{AnswerMark, Invitation, State};
use crate::domain::journey::{Level, Step};
use crate::domain::price::{Currency, Price};
use crate::domain::send_window::SendWindow;
use crate::domain::survey::SurveyVersion;

stored_enum!(LevelV1 for Level { Interaction, Relationship });

/// With the attempts of version 1, 2 or 3.
#[derive(Serialize, Deserialize)]
struct InvitationV1<A> {
    id: [u8; 16],
    contact: String,
    journey: String,
    stage: String,
    occasion: String,
    /// Whether the occasion is an event, whose id it then is.
    by_event: bool,
    level: LevelV1,
    branch: Option<String>,
    zone: String,
    survey: String,
    version: [u8; 12],
    planned_at: i64,
    ask_before: i64,
    window: i64,
    send: SendV1,
    line_up: Vec<StepV1>,
    priority: u8,
    state: StateV1,
    attempts: Vec<A>,
    answer: Option<AnswerV1>,
    history: Vec<NoteV1>,
}

/// A send window; `None` for "at any time".
type SendV1 = Option<(String, String)>;

#[derive(Clone, Copy, Serialize, Deserialize)]
struct StepV1 {
    channel: ChannelV1,
    after: i64,
    kind: StepKindV1,
    when: WhenV1,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
enum StateV1 {
    Waiting { step: u8, due_at: i64 },
    Sending { step: u8, lease: u64, until: i64 },
    Held { step: u8, reason: HoldReasonV1, since: i64 },
    Asked,
    Closed { at: i64, end: EndV1, through: Option<u8> },
    Skipped { at: i64, reason: SkipReasonV1 },
}

#[derive(Serialize, Deserialize)]
struct AttemptV1 {
    number: u8,
    step: u8,
    channel: ChannelV1,
    kind: StepKindV1,
    first_tried_at: i64,
    n_tries: u16,
    fate: FateV1,
    was_unknown: bool,
    provider_ref: Option<String>,
}

/// Since version 2 it is known to which address a message went.
#[derive(Serialize, Deserialize)]
struct AttemptV2 {
    first: AttemptV1,
    to: Option<[u8; 16]>,
}

impl From<AttemptV1> for AttemptV2 {
    fn from(first: AttemptV1) -> Self {
        Self { first, to: None }
    }
}

/// Since version 3 it is known what a text message cost.
#[derive(Serialize, Deserialize)]
struct AttemptV3 {
    second: AttemptV2,
    cost: Option<CostV1>,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct CostV1 {
    n_segments: u8,
    /// Of one segment: millionths, and the letters of the currency.
    price: Option<(u64, [u8; 3])>,
}

impl From<AttemptV1> for AttemptV3 {
    fn from(first: AttemptV1) -> Self {
        AttemptV2::from(first).into()
    }
}

impl From<AttemptV2> for AttemptV3 {
    fn from(second: AttemptV2) -> Self {
        Self { second, cost: None }
    }
}

#[derive(Serialize, Deserialize)]
enum FateV1 {
    Sending,
    Deferred,
    Accepted { at: i64 },
    Refused { at: i64 },
    Unknown { at: i64 },
    Delivered { at: i64 },
    Bounced { at: i64, class: BounceV1 },
    Complained { at: i64 },
}

#[derive(Clone, Copy, Serialize, Deserialize)]
struct AnswerV1 {
    attempt: u8,
    completeness: CompletenessV1,
    first_at: i64,
    late: bool,
}

pub(in super::super) fn write(invitation: &Invitation) -> Result<Vec<u8>, StoreError> {
    let stored = InvitationV1 {
        id: *invitation.id.as_bytes(),
        contact: invitation.contact.to_string(),
        journey: invitation.journey.to_string(),
        stage: invitation.stage.to_string(),
        occasion: invitation.occasion.clone(),
        by_event: invitation.event.is_some(),
        level: invitation.level.into(),
        branch: invitation.branch.as_ref().map(ToString::to_string),
        zone: invitation.zone.name().to_owned(),
        survey: invitation.survey.to_string(),
        version: *invitation.version.as_bytes(),
        planned_at: common::micros(invitation.planned_at),
        ask_before: common::micros(invitation.ask_before),
        window: common::span_micros(invitation.window),
        send: to_send(invitation.send),
        line_up: invitation.line_up.iter().map(to_step).collect(),
        priority: invitation.priority,
        state: to_state(invitation.state),
        attempts: invitation.attempts.iter().map(to_attempt).collect(),
        answer: invitation.answer.map(|mark| AnswerV1 {
            attempt: mark.attempt,
            completeness: mark.completeness.into(),
            first_at: common::micros(mark.first_at),
            late: mark.late,
        }),
        history: invitation.history.iter().map(history::to_note).collect(),
    };
    encode(INVITATION, 3, &stored)
}

fn to_send(send: SendWindow) -> SendV1 {
    if send == SendWindow::always() {
        return None;
    }
    let text = send.to_string();
    let (between, days) = text.split_once(' ').unwrap_or((&text, ""));
    Some((between.to_owned(), days.to_owned()))
}

fn from_send(stored: SendV1) -> Result<SendWindow, Wrong> {
    let Some((between, days)) = stored else { return Ok(SendWindow::always()) };
    let days = (!days.is_empty()).then_some(days.as_str());
    SendWindow::parse(&between, days).map_err(|err| err.to_string())
}

fn to_step(step: &Step) -> StepV1 {
    StepV1 {
        channel: step.channel.into(),
        after: common::span_micros(step.after),
        kind: step.kind.into(),
        when: step.when.into(),
    }
}

fn to_state(state: State) -> StateV1 {
    match state {
        State::Waiting { step, due_at } => StateV1::Waiting { step, due_at: common::micros(due_at) },
        State::Sending { step, lease, until } => StateV1::Sending { step, lease, until: common::micros(until) },
        State::Held { step, reason, since } => {
            StateV1::Held { step, reason: reason.into(), since: common::micros(since) }
        }
        State::Asked => StateV1::Asked,
        State::Closed { at, end, through } => StateV1::Closed { at: common::micros(at), end: end.into(), through },
        State::Skipped { at, reason } => StateV1::Skipped { at: common::micros(at), reason: reason.into() },
    }
}

fn to_attempt(attempt: &Attempt) -> AttemptV3 {
    let first = AttemptV1 {
        number: attempt.number,
        step: attempt.step,
        channel: attempt.channel.into(),
        kind: attempt.kind.into(),
        first_tried_at: common::micros(attempt.first_tried_at),
        n_tries: attempt.n_tries,
        fate: match attempt.fate {
            Fate::Sending => FateV1::Sending,
            Fate::Deferred => FateV1::Deferred,
            Fate::Accepted { at } => FateV1::Accepted { at: common::micros(at) },
            Fate::Refused { at } => FateV1::Refused { at: common::micros(at) },
            Fate::Unknown { at } => FateV1::Unknown { at: common::micros(at) },
            Fate::Delivered { at } => FateV1::Delivered { at: common::micros(at) },
            Fate::Bounced { at, class } => FateV1::Bounced { at: common::micros(at), class: class.into() },
            Fate::Complained { at } => FateV1::Complained { at: common::micros(at) },
        },
        was_unknown: attempt.was_unknown,
        provider_ref: attempt.provider_ref.clone(),
    };
    AttemptV3 { second: AttemptV2 { first, to: attempt.to }, cost: attempt.cost.map(to_cost) }
}

fn to_cost(cost: TextCost) -> CostV1 {
    let price = cost.price.map(|price| (price.millionths, price.currency.letters()));
    CostV1 { n_segments: cost.n_segments, price }
}

pub(in super::super) fn read(record: &[u8]) -> Result<Invitation, StoreError> {
    match split(INVITATION, record)? {
        (1, body) => from::<AttemptV1>(decode(INVITATION, body)?).map_err(|wrong| unreadable(INVITATION, &wrong)),
        (2, body) => from::<AttemptV2>(decode(INVITATION, body)?).map_err(|wrong| unreadable(INVITATION, &wrong)),
        (3, body) => from::<AttemptV3>(decode(INVITATION, body)?).map_err(|wrong| unreadable(INVITATION, &wrong)),
        (version, _) => Err(newer(INVITATION, version)),
    }
}

fn from<A: Into<AttemptV3>>(stored: InvitationV1<A>) -> Result<Invitation, Wrong> {
    let event = stored.by_event.then(|| common::id(EventId::parse(&stored.occasion))).transpose()?;
    Ok(Invitation {
        id: InvitationId::from_bytes(stored.id),
        contact: common::id(ContactId::parse(&stored.contact))?,
        journey: common::id(JourneyId::parse(&stored.journey))?,
        stage: common::id(StageId::parse(&stored.stage))?,
        occasion: stored.occasion,
        event,
        level: stored.level.into(),
        branch: stored.branch.map(|branch| common::id(BranchId::parse(&branch))).transpose()?,
        zone: common::zone(&stored.zone)?,
        survey: common::id(SurveyId::parse(&stored.survey))?,
        version: SurveyVersion::from_bytes(stored.version),
        planned_at: common::instant(stored.planned_at)?,
        ask_before: common::instant(stored.ask_before)?,
        window: common::span(stored.window),
        send: from_send(stored.send)?,
        line_up: stored.line_up.into_iter().map(from_step).collect(),
        priority: stored.priority,
        state: from_state(stored.state)?,
        attempts: stored.attempts.into_iter().map(from_attempt).collect::<Result<_, _>>()?,
        answer: stored.answer.map(from_answer).transpose()?,
        history: stored.history.into_iter().map(history::from_note).collect::<Result<_, _>>()?,
    })
}

fn from_step(stored: StepV1) -> Step {
    Step {
        channel: stored.channel.into(),
        after: common::span(stored.after),
        kind: stored.kind.into(),
        when: stored.when.into(),
    }
}

fn from_state(stored: StateV1) -> Result<State, Wrong> {
    Ok(match stored {
        StateV1::Waiting { step, due_at } => State::Waiting { step, due_at: common::instant(due_at)? },
        StateV1::Sending { step, lease, until } => State::Sending { step, lease, until: common::instant(until)? },
        StateV1::Held { step, reason, since } => {
            State::Held { step, reason: reason.into(), since: common::instant(since)? }
        }
        StateV1::Asked => State::Asked,
        StateV1::Closed { at, end, through } => State::Closed { at: common::instant(at)?, end: end.into(), through },
        StateV1::Skipped { at, reason } => State::Skipped { at: common::instant(at)?, reason: reason.into() },
    })
}

fn from_attempt(stored: impl Into<AttemptV3>) -> Result<Attempt, Wrong> {
    let AttemptV3 { second: AttemptV2 { first: stored, to }, cost } = stored.into();
    Ok(Attempt {
        number: stored.number,
        step: stored.step,
        channel: stored.channel.into(),
        kind: stored.kind.into(),
        first_tried_at: common::instant(stored.first_tried_at)?,
        n_tries: stored.n_tries,
        fate: match stored.fate {
            FateV1::Sending => Fate::Sending,
            FateV1::Deferred => Fate::Deferred,
            FateV1::Accepted { at } => Fate::Accepted { at: common::instant(at)? },
            FateV1::Refused { at } => Fate::Refused { at: common::instant(at)? },
            FateV1::Unknown { at } => Fate::Unknown { at: common::instant(at)? },
            FateV1::Delivered { at } => Fate::Delivered { at: common::instant(at)? },
            FateV1::Bounced { at, class } => Fate::Bounced { at: common::instant(at)?, class: class.into() },
            FateV1::Complained { at } => Fate::Complained { at: common::instant(at)? },
        },
        was_unknown: stored.was_unknown,
        provider_ref: stored.provider_ref,
        to,
        cost: cost.map(from_cost).transpose()?,
    })
}

fn from_cost(stored: CostV1) -> Result<TextCost, Wrong> {
    let price = stored.price.map(|(millionths, letters)| {
        let currency = Currency::from_letters(letters).ok_or("a currency in it has other letters than A to Z")?;
        Ok::<_, Wrong>(Price { millionths, currency })
    });
    Ok(TextCost { n_segments: stored.n_segments, price: price.transpose()? })
}

fn from_answer(stored: AnswerV1) -> Result<AnswerMark, Wrong> {
    Ok(AnswerMark {
        attempt: stored.attempt,
        completeness: stored.completeness.into(),
        first_at: common::instant(stored.first_at)?,
        late: stored.late,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::journey::{Channel, StepKind};
    use crate::domain::price::Price;

    #[test]
    fn an_attempt_of_version_2_reads_as_one_of_unknown_cost() {
        let at = chrono::DateTime::from_timestamp(1, 0).unwrap();
        let of_today = Attempt {
            number: 1,
            step: 0,
            channel: Channel::Sms,
            kind: StepKind::Initial,
            first_tried_at: at,
            n_tries: 2,
            fate: Fate::Accepted { at },
            was_unknown: true,
            provider_ref: Some("SM1".to_owned()),
            to: Some([7; 16]),
            cost: Some(TextCost { n_segments: 2, price: Price::parse("0.079 EUR").ok() }),
        };
        let before = postcard::to_stdvec(&to_attempt(&of_today).second).unwrap();
        let read: AttemptV2 = postcard::from_bytes(&before).unwrap();
        assert_eq!(from_attempt(read).unwrap(), Attempt { cost: None, ..of_today });
    }
}
