//! What was spent by a gateway on a day, on disk.

use super::super::StoreError;
use super::super::keys::kind::GATEWAY_DAY;
use super::{decode, encode, newer, split};
use crate::plan::spend::Spent;

pub(in super::super) fn write(spent: Spent) -> Result<Vec<u8>, StoreError> {
    encode(GATEWAY_DAY, 1, &(spent.n_segments, spent.millionths, spent.n_wanted))
}

pub(in super::super) fn read(record: &[u8]) -> Result<Spent, StoreError> {
    let (version, body) = split(GATEWAY_DAY, record)?;
    if version != 1 {
        return Err(newer(GATEWAY_DAY, version));
    }
    let (n_segments, millionths, n_wanted) = decode(GATEWAY_DAY, body)?;
    Ok(Spent { n_segments, millionths, n_wanted })
}
