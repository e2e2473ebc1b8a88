//! Cards on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::CARD;
use super::common::{self, Wrong};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::id::{BranchId, CardId, SurveyId, TouchpointId};

#[derive(Serialize, Deserialize)]
struct CardV1 {
    id: [u8; 16],
    code: u64,
    branch: String,
    touchpoint: String,
    survey: String,
    print_run: String,
    serial: u32,
    made_at: i64,
    revoked_at: Option<i64>,
}

pub(in super::super) fn write(card: &Card) -> Result<Vec<u8>, StoreError> {
    let stored = CardV1 {
        id: *card.id.as_bytes(),
        code: card.code.bits(),
        branch: card.branch.to_string(),
        touchpoint: card.touchpoint.to_string(),
        survey: card.survey.to_string(),
        print_run: card.print_run.clone(),
        serial: card.serial,
        made_at: common::micros(card.made_at),
        revoked_at: card.revoked_at.map(common::micros),
    };
    encode(CARD, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Card, StoreError> {
    match split(CARD, record)? {
        (1, body) => from_v1(decode(CARD, body)?).map_err(|wrong| unreadable(CARD, &wrong)),
        (version, _) => Err(newer(CARD, version)),
    }
}

fn from_v1(stored: CardV1) -> Result<Card, Wrong> {
    Ok(Card {
        id: CardId::from_bytes(stored.id),
        code: CardCode::from_random_bits(stored.code),
        branch: common::id(BranchId::parse(&stored.branch))?,
        touchpoint: common::id(TouchpointId::parse(&stored.touchpoint))?,
        survey: common::id(SurveyId::parse(&stored.survey))?,
        print_run: stored.print_run,
        serial: stored.serial,
        made_at: common::instant(stored.made_at)?,
        revoked_at: stored.revoked_at.map(common::instant).transpose()?,
    })
}
