//! Leases on disk: who is handing an invitation's message to a channel, since when, and until when.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::LEASE;
use super::common;
use super::{decode, encode, newer, split, unreadable};

/// A lease that was granted and not yet given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) struct Granted {
    /// Who has it.
    pub(in super::super) lease: u64,
    /// Since when.
    pub(in super::super) since: DateTime<Utc>,
    /// When it ends by itself.
    pub(in super::super) until: DateTime<Utc>,
}

#[derive(Serialize, Deserialize)]
struct LeaseV1 {
    lease: u64,
    since: i64,
    until: i64,
}

pub(in super::super) fn write(granted: Granted) -> Result<Vec<u8>, StoreError> {
    let Granted { lease, since, until } = granted;
    encode(LEASE, 1, &LeaseV1 { lease, since: common::micros(since), until: common::micros(until) })
}

pub(in super::super) fn read(record: &[u8]) -> Result<Granted, StoreError> {
    match split(LEASE, record)? {
        (1, body) => {
            let stored: LeaseV1 = decode(LEASE, body)?;
            let time = |micros| common::instant(micros).map_err(|wrong| unreadable(LEASE, &wrong));
            Ok(Granted { lease: stored.lease, since: time(stored.since)?, until: time(stored.until)? })
        }
        (version, _) => Err(newer(LEASE, version)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_reads_back() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let granted = Granted { lease: u64::MAX, since: at(1), until: at(2) };
        assert_eq!(read(&write(granted).unwrap()).unwrap(), granted);
    }
}
