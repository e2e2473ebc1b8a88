//! Counters on disk.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::{META, SURFACE, TALLY};
use super::common::{self};
use super::{decode, encode, newer, split, unreadable};
use crate::report::tally::{Counts, SurfaceTally, Tally};

#[derive(Serialize, Deserialize)]
struct TallyV1 {
    all: [i64; Counts::LEN],
    email: [i64; Counts::LEN],
    sms: [i64; Counts::LEN],
    closes_at: Option<i64>,
}

pub(in super::super) fn write(tally: &Tally) -> Result<Vec<u8>, StoreError> {
    let stored = TallyV1 {
        all: tally.all.to_array(),
        email: tally.email.to_array(),
        sms: tally.sms.to_array(),
        closes_at: tally.closes_at.map(common::micros),
    };
    encode(TALLY, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Tally, StoreError> {
    let (version, body) = split(TALLY, record)?;
    if version != 1 {
        return Err(newer(TALLY, version));
    }
    let stored: TallyV1 = decode(TALLY, body)?;
    let closes_at = stored.closes_at.map(common::instant).transpose();
    Ok(Tally {
        all: Counts::from_array(stored.all),
        email: Counts::from_array(stored.email),
        sms: Counts::from_array(stored.sms),
        closes_at: closes_at.map_err(|wrong| unreadable(TALLY, &wrong))?,
    })
}

pub(in super::super) fn write_surface(tally: &SurfaceTally) -> Result<Vec<u8>, StoreError> {
    encode(SURFACE, 2, &(tally.sessions, tally.complete, tally.partial, tally.flagged))
}

pub(in super::super) fn read_surface(record: &[u8]) -> Result<SurfaceTally, StoreError> {
    let (version, body) = split(SURFACE, record)?;
    let (sessions, complete, partial, flagged) = match version {
        1 => {
            let (sessions, complete, partial) = decode(SURFACE, body)?;
            (sessions, complete, partial, 0)
        }
        2 => decode(SURFACE, body)?,
        _ => return Err(newer(SURFACE, version)),
    };
    Ok(SurfaceTally { sessions, complete, partial, flagged })
}

pub(in super::super) fn write_queue(lengths: [u64; 4]) -> Result<Vec<u8>, StoreError> {
    encode(META, 1, &lengths)
}

pub(in super::super) fn read_queue(record: &[u8]) -> Result<[u64; 4], StoreError> {
    let (version, body) = split(META, record)?;
    if version != 1 {
        return Err(newer(META, version));
    }
    decode(META, body)
}
