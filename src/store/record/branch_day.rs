//! How many first messages left for a branch on a day, on disk.

use super::super::StoreError;
use super::super::keys::kind::BRANCH_DAY;
use super::{decode, encode, newer, split};
use crate::plan::limits::DaySends;

pub(in super::super) fn write(sent: DaySends) -> Result<Vec<u8>, StoreError> {
    encode(BRANCH_DAY, 1, &(sent.email, sent.sms))
}

pub(in super::super) fn read(record: &[u8]) -> Result<DaySends, StoreError> {
    let (version, body) = split(BRANCH_DAY, record)?;
    if version != 1 {
        return Err(newer(BRANCH_DAY, version));
    }
    let (email, sms) = decode(BRANCH_DAY, body)?;
    Ok(DaySends { email, sms })
}
