//! Events on disk, with what every stage decided.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::EVENT;
use super::common::{self, ChannelV1, Wrong};
use super::history::{DeferReasonV1, SkipReasonV1};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::event::{Event, Value};
use crate::domain::id::{BranchId, ContactId, EventId, InvitationId, JourneyId, StageId};
use crate::plan::{Decision, RecordedEvent, Verdict};

#[derive(Serialize, Deserialize)]
struct EventV1 {
    id: String,
    kind: String,
    at: i64,
    contact: String,
    branch: Option<String>,
    data: BTreeMap<String, ValueV1>,
    decisions: Vec<DecisionV1>,
}

#[derive(Serialize, Deserialize)]
enum ValueV1 {
    Text(String),
    Number(f64),
    Flag(bool),
}

#[derive(Serialize, Deserialize)]
struct DecisionV1 {
    journey: String,
    stage: String,
    verdict: VerdictV1,
}

#[derive(Serialize, Deserialize)]
enum VerdictV1 {
    Planned { invitation: [u8; 16], channel: ChannelV1, due_at: i64, deferred: Option<DeferReasonV1> },
    Skipped { reason: SkipReasonV1 },
}

pub(in super::super) fn write(recorded: &RecordedEvent) -> Result<Vec<u8>, StoreError> {
    let event = &recorded.event;
    let stored = EventV1 {
        id: event.id.to_string(),
        kind: event.kind.clone(),
        at: common::micros(event.at),
        contact: event.contact.to_string(),
        branch: event.branch.as_ref().map(ToString::to_string),
        data: event.data.iter().map(|(name, value)| (name.clone(), to_value(value))).collect(),
        decisions: recorded.decisions.iter().map(to_decision).collect(),
    };
    encode(EVENT, 1, &stored)
}

fn to_value(value: &Value) -> ValueV1 {
    match value {
        Value::Text(text) => ValueV1::Text(text.clone()),
        Value::Number(number) => ValueV1::Number(*number),
        Value::Flag(flag) => ValueV1::Flag(*flag),
    }
}

fn to_decision(decision: &Decision) -> DecisionV1 {
    let verdict = match decision.verdict {
        Verdict::Planned { invitation, channel, due_at, deferred } => VerdictV1::Planned {
            invitation: *invitation.as_bytes(),
            channel: channel.into(),
            due_at: common::micros(due_at),
            deferred: deferred.map(Into::into),
        },
        Verdict::Skipped { reason } => VerdictV1::Skipped { reason: reason.into() },
    };
    DecisionV1 { journey: decision.journey.to_string(), stage: decision.stage.to_string(), verdict }
}

pub(in super::super) fn read(record: &[u8]) -> Result<RecordedEvent, StoreError> {
    match split(EVENT, record)? {
        (1, body) => from_v1(decode(EVENT, body)?).map_err(|wrong| unreadable(EVENT, &wrong)),
        (version, _) => Err(newer(EVENT, version)),
    }
}

fn from_v1(stored: EventV1) -> Result<RecordedEvent, Wrong> {
    let event = Event {
        id: common::id(EventId::parse(&stored.id))?,
        kind: stored.kind,
        at: common::instant(stored.at)?,
        contact: common::id(ContactId::parse(&stored.contact))?,
        branch: stored.branch.map(|branch| common::id(BranchId::parse(&branch))).transpose()?,
        data: stored.data.into_iter().map(|(name, value)| (name, from_value(value))).collect(),
    };
    let decisions = stored.decisions.iter().map(from_decision).collect::<Result<_, _>>()?;
    Ok(RecordedEvent { event, decisions })
}

fn from_value(value: ValueV1) -> Value {
    match value {
        ValueV1::Text(text) => Value::Text(text),
        ValueV1::Number(number) => Value::Number(number),
        ValueV1::Flag(flag) => Value::Flag(flag),
    }
}

fn from_decision(stored: &DecisionV1) -> Result<Decision, Wrong> {
    let verdict = match stored.verdict {
        VerdictV1::Planned { invitation, channel, due_at, deferred } => Verdict::Planned {
            invitation: InvitationId::from_bytes(invitation),
            channel: channel.into(),
            due_at: common::instant(due_at)?,
            deferred: deferred.map(Into::into),
        },
        VerdictV1::Skipped { reason } => Verdict::Skipped { reason: reason.into() },
    };
    Ok(Decision {
        journey: common::id(JourneyId::parse(&stored.journey))?,
        stage: common::id(StageId::parse(&stored.stage))?,
        verdict,
    })
}
