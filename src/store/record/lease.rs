//! Leases on disk: since when and until when somebody hands the messages of these invitations to a channel.
//!
//! One record holds all that was claimed at once, and loses what is settled: a record for each would be two more writes
//! for every message.

use chrono::{DateTime, Utc};

use super::super::StoreError;
use super::super::keys::kind::LEASE;
use super::common;
use super::{encode, newer, split, unreadable};
use crate::domain::id::InvitationId;

/// Bytes of an invitation's id.
const ID_LEN: usize = 16;

/// What was claimed at once and is not settled yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) struct Claim {
    /// Since when.
    pub(in super::super) since: DateTime<Utc>,
    /// When it ends by itself.
    pub(in super::super) until: DateTime<Utc>,
    /// The invitations.
    pub(in super::super) invitations: Vec<InvitationId>,
}

/// The two times of a claim, which the ids follow as they are.
type TimesV1 = (i64, i64);

pub(in super::super) fn write(claim: &Claim) -> Result<Vec<u8>, StoreError> {
    let times: TimesV1 = (common::micros(claim.since), common::micros(claim.until));
    let mut record = encode(LEASE, 1, &times)?;
    record.reserve(claim.invitations.len() * ID_LEN);
    claim.invitations.iter().for_each(|id| record.extend_from_slice(id.as_bytes()));
    Ok(record)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Claim, StoreError> {
    let body = match split(LEASE, record)? {
        (1, body) => body,
        (version, _) => return Err(newer(LEASE, version)),
    };
    let times = postcard::take_from_bytes::<TimesV1>(body).map_err(|err| unreadable(LEASE, &err));
    let ((since, until), ids) = times?;
    let (ids, rest) = ids.as_chunks::<ID_LEN>();
    if !rest.is_empty() {
        return Err(unreadable(LEASE, &"an id in it is cut off"));
    }
    let time = |micros| common::instant(micros).map_err(|wrong| unreadable(LEASE, &wrong));
    let invitations = ids.iter().copied().map(InvitationId::from_bytes).collect();
    Ok(Claim { since: time(since)?, until: time(until)?, invitations })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_reads_back_and_a_cut_one_does_not() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let invitations = [1, 2, 3].map(|byte| InvitationId::from_bytes([byte; ID_LEN])).to_vec();
        let claim = Claim { since: at(1), until: at(2), invitations };
        let written = write(&claim).unwrap();
        assert_eq!(read(&written).unwrap(), claim);
        assert!(read(&written[..written.len() - 1]).is_err());
        assert!(read(&[2, 0, 0]).is_err());
    }
}
