//! Windows that end together, on disk: the invitations that stand in an entry of the due index beside the one that it is
//! named after.

use super::super::StoreError;
use super::super::keys::kind::DUE;
use super::{newer, split, unreadable};
use crate::domain::id::InvitationId;

/// Bytes of an invitation's id.
const ID_LEN: usize = 16;

pub(in super::super) fn write(others: &[InvitationId]) -> Vec<u8> {
    let mut record = Vec::with_capacity(1 + others.len() * ID_LEN);
    record.push(1);
    for id in others {
        record.extend_from_slice(id.as_bytes());
    }
    record
}

pub(in super::super) fn read(record: &[u8]) -> Result<Vec<InvitationId>, StoreError> {
    let ids = match split(DUE, record)? {
        (1, ids) => ids,
        (version, _) => return Err(newer(DUE, version)),
    };
    let (ids, rest) = ids.as_chunks::<ID_LEN>();
    if !rest.is_empty() {
        return Err(unreadable(DUE, &"an id in it is cut off"));
    }
    Ok(ids.iter().copied().map(InvitationId::from_bytes).collect())
}
