//! Taps on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::TAPS;
use super::common::{self, Wrong, stored_enum};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::id::InvitationId;
use crate::domain::tap::{Sign, Taps, TapsEnd};

stored_enum!(SignV1 for Sign { Soon, SeveralRatings, HiddenLink, HeadOnly, LooksAhead, Robot });

#[derive(Serialize, Deserialize)]
struct TapsV1 {
    invitation: [u8; 16],
    attempt: u8,
    n: u32,
    points: Vec<i32>,
    signs: Vec<SignV1>,
    first_at: i64,
    last_at: i64,
    end: Option<EndV1>,
}

#[derive(Serialize, Deserialize)]
enum EndV1 {
    Answered(i64),
    Released(i64),
}

pub(in super::super) fn write(taps: &Taps) -> Result<Vec<u8>, StoreError> {
    let stored = TapsV1 {
        invitation: *taps.invitation.as_bytes(),
        attempt: taps.attempt,
        n: taps.n,
        points: taps.points.iter().copied().collect(),
        signs: taps.signs.iter().copied().map(SignV1::from).collect(),
        first_at: common::micros(taps.first_at),
        last_at: common::micros(taps.last_at),
        end: taps.end.map(|end| match end {
            TapsEnd::Answered(at) => EndV1::Answered(common::micros(at)),
            TapsEnd::Released(at) => EndV1::Released(common::micros(at)),
        }),
    };
    encode(TAPS, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Taps, StoreError> {
    match split(TAPS, record)? {
        (1, body) => from_v1(decode(TAPS, body)?).map_err(|wrong| unreadable(TAPS, &wrong)),
        (version, _) => Err(newer(TAPS, version)),
    }
}

fn from_v1(stored: TapsV1) -> Result<Taps, Wrong> {
    let end = match stored.end {
        None => None,
        Some(EndV1::Answered(at)) => Some(TapsEnd::Answered(common::instant(at)?)),
        Some(EndV1::Released(at)) => Some(TapsEnd::Released(common::instant(at)?)),
    };
    Ok(Taps {
        invitation: InvitationId::from_bytes(stored.invitation),
        attempt: stored.attempt,
        n: stored.n,
        points: stored.points.into_iter().collect(),
        signs: stored.signs.into_iter().map(Sign::from).collect(),
        first_at: common::instant(stored.first_at)?,
        last_at: common::instant(stored.last_at)?,
        end,
    })
}
