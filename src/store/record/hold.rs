//! Holds on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::HOLD;
use super::common::{self, ChannelV1, Wrong};
use super::history::{self, HoldReasonV1};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::hold::Hold;
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::domain::scope::Scope;

#[derive(Serialize, Deserialize)]
struct HoldV1 {
    journey: Option<String>,
    stage: Option<String>,
    branch: Option<String>,
    channel: Option<ChannelV1>,
    since: i64,
    reason: HoldReasonV1,
    note: String,
    by: String,
}

pub(in super::super) fn write(hold: &Hold) -> Result<Vec<u8>, StoreError> {
    let Scope { journey, stage, branch, channel } = &hold.scope;
    let stored = HoldV1 {
        journey: journey.as_ref().map(ToString::to_string),
        stage: stage.as_ref().map(ToString::to_string),
        branch: branch.as_ref().map(ToString::to_string),
        channel: channel.map(Into::into),
        since: common::micros(hold.since),
        reason: hold.reason.into(),
        note: hold.note.clone(),
        by: hold.by.as_str().to_owned(),
    };
    encode(HOLD, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Hold, StoreError> {
    match split(HOLD, record)? {
        (1, body) => from_v1(decode(HOLD, body)?).map_err(|wrong| unreadable(HOLD, &wrong)),
        (version, _) => Err(newer(HOLD, version)),
    }
}

fn from_v1(stored: HoldV1) -> Result<Hold, Wrong> {
    let scope = Scope {
        journey: stored.journey.map(|id| common::id(JourneyId::parse(&id))).transpose()?,
        stage: stored.stage.map(|id| common::id(StageId::parse(&id))).transpose()?,
        branch: stored.branch.map(|id| common::id(BranchId::parse(&id))).transpose()?,
        channel: stored.channel.map(Into::into),
    };
    Ok(Hold {
        scope,
        since: common::instant(stored.since)?,
        reason: stored.reason.into(),
        note: stored.note,
        by: history::operator(&stored.by)?,
    })
}
