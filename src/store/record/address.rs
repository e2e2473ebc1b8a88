//! Who has an address, on disk. The address itself is only in the key, as a keyed hash.

use serde::{Deserialize, Serialize};

use super::super::StoreError;
use super::super::keys::kind::ADDRESS;
use super::common;
use super::{decode, encode, newer, split, unreadable};
use crate::domain::id::ContactId;

/// Who has an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in super::super) enum Holders {
    /// These contacts.
    Known(Vec<ContactId>),
    /// More than are counted: it says nothing about who a person is.
    Crowd,
}

#[derive(Serialize, Deserialize)]
enum HoldersV1 {
    Known(Vec<String>),
    Crowd,
}

pub(in super::super) fn write(holders: &Holders) -> Result<Vec<u8>, StoreError> {
    let stored = match holders {
        Holders::Known(ids) => HoldersV1::Known(ids.iter().map(ToString::to_string).collect()),
        Holders::Crowd => HoldersV1::Crowd,
    };
    encode(ADDRESS, 1, &stored)
}

pub(in super::super) fn read(record: &[u8]) -> Result<Holders, StoreError> {
    let (version, body) = split(ADDRESS, record)?;
    if version != 1 {
        return Err(newer(ADDRESS, version));
    }
    match decode(ADDRESS, body)? {
        HoldersV1::Known(ids) => {
            let ids = ids.iter().map(|id| common::id(ContactId::parse(id))).collect::<Result<_, _>>();
            Ok(Holders::Known(ids.map_err(|wrong| unreadable(ADDRESS, &wrong))?))
        }
        HoldersV1::Crowd => Ok(Holders::Crowd),
    }
}
