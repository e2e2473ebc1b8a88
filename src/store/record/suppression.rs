//! Suppressed addresses on disk. The address itself is only in the key, as a keyed hash.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::SUPPRESSED;
use super::common::{self, ChannelV1};
use super::encode;
use crate::domain::journey::Channel;

#[derive(Serialize, Deserialize)]
struct SuppressionV1 {
    channel: ChannelV1,
    since: i64,
}

pub(in super::super) fn write(channel: Channel, since: DateTime<Utc>) -> Result<Vec<u8>, StoreError> {
    encode(SUPPRESSED, 1, &SuppressionV1 { channel: channel.into(), since: common::micros(since) })
}
