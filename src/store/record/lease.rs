//! Leases on disk: who is handing an invitation's message to a channel, since when, and until when.

use chrono::{DateTime, TimeDelta, Utc};
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

/// At most 22 bytes with its version for leases of up to an hour or two: values of that size stay inside sled's pages,
/// which are copied at every change.
#[derive(Serialize, Deserialize)]
struct LeaseV1 {
    lease: [u8; 8],
    since: i64,
    lasts: i64,
}

pub(in super::super) fn write(granted: Granted) -> Result<Vec<u8>, StoreError> {
    let Granted { lease, since, until } = granted;
    let (lease, since, lasts) = (lease.to_be_bytes(), common::micros(since), common::span_micros(until - since));
    encode(LEASE, 1, &LeaseV1 { lease, since, lasts })
}

pub(in super::super) fn read(record: &[u8]) -> Result<Granted, StoreError> {
    match split(LEASE, record)? {
        (1, body) => {
            let stored: LeaseV1 = decode(LEASE, body)?;
            let since = common::instant(stored.since).map_err(|wrong| unreadable(LEASE, &wrong))?;
            let until = since.checked_add_signed(TimeDelta::microseconds(stored.lasts));
            let until = until.ok_or_else(|| unreadable(LEASE, &"it never ends"))?;
            Ok(Granted { lease: u64::from_be_bytes(stored.lease), since, until })
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
        let since = DateTime::from_timestamp(4_000_000_000, 1_000).unwrap();
        let granted = Granted { lease: u64::MAX, since, until: since + TimeDelta::minutes(60) };
        assert_eq!(write(granted).unwrap().len(), 22);
    }
}
