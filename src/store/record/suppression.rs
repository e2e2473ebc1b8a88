//! Suppressed addresses on disk. The address itself is only in the key, as a keyed hash.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::SUPPRESSED;
use super::common::{self, ChannelV1, Wrong, stored_enum};
use super::{decode, encode, newer, split, unreadable};
use crate::domain::suppression::{Suppression, SuppressionReason};

stored_enum!(ReasonV2 for SuppressionReason { Dead, Bounced, Complained, OptedOut, Imported });

/// Of version 1 it is not known why.
#[derive(Serialize, Deserialize)]
struct SuppressionV1 {
    channel: ChannelV1,
    since: i64,
}

#[derive(Serialize, Deserialize)]
struct SuppressionV2 {
    channel: ChannelV1,
    reason: ReasonV2,
    source: String,
    since: i64,
}

pub(in super::super) fn write(suppression: &Suppression) -> Result<Vec<u8>, StoreError> {
    let stored = SuppressionV2 {
        channel: suppression.channel.into(),
        reason: suppression.reason.into(),
        source: suppression.source.clone(),
        since: common::micros(suppression.since),
    };
    encode(SUPPRESSED, 2, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Suppression, StoreError> {
    let stored = match split(SUPPRESSED, record)? {
        (1, body) => {
            let SuppressionV1 { channel, since } = decode(SUPPRESSED, body)?;
            // Only links and refusals at sending led there.
            SuppressionV2 { channel, reason: ReasonV2::OptedOut, source: "an earlier version".to_owned(), since }
        }
        (2, body) => decode(SUPPRESSED, body)?,
        (version, _) => return Err(newer(SUPPRESSED, version)),
    };
    from(stored).map_err(|wrong| unreadable(SUPPRESSED, &wrong))
}

fn from(stored: SuppressionV2) -> Result<Suppression, Wrong> {
    Ok(Suppression {
        channel: stored.channel.into(),
        reason: stored.reason.into(),
        source: stored.source,
        since: common::instant(stored.since)?,
    })
}
