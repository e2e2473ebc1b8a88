//! Stored forms: types of their own, versioned.
//!
//! A record is a version byte and a body in postcard. Each version stays readable for ever: a change of a stored form is
//! a new version with a new type, and `read` turns every older one into the domain type of today. The enums below are
//! stored by the position of their variants, so a new variant goes to the end, and none is ever removed.

pub(super) mod address;
pub(super) mod branch_day;
pub(super) mod card;
pub(super) mod common;
pub(super) mod contact;
pub(super) mod conversation;
pub(super) mod event;
pub(super) mod gateway_day;
pub(super) mod history;
pub(super) mod hold;
pub(super) mod invitation;
pub(super) mod layout;
pub(super) mod lease;
pub(super) mod response;
pub(super) mod route;
pub(super) mod suppression;
pub(super) mod survey;
pub(super) mod tally;
pub(super) mod taps;
pub(super) mod windows;

#[cfg(test)]
mod tests;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::StoreError;

/// A record of this version.
fn encode<T: Serialize>(kind: u8, version: u8, body: &T) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(body, vec![version]).map_err(|err| unreadable(kind, &err))
}

/// The version of a record and its body.
fn split(kind: u8, record: &[u8]) -> Result<(u8, &[u8]), StoreError> {
    match record.split_first() {
        Some((version, body)) => Ok((*version, body)),
        None => Err(unreadable(kind, &"it is empty")),
    }
}

fn decode<T: DeserializeOwned>(kind: u8, body: &[u8]) -> Result<T, StoreError> {
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        // postcard itself takes no notice of what follows, and so would read a longer form as a shorter one.
        Ok((_, rest)) => Err(unreadable(kind, &format!("{} bytes follow its end", rest.len()))),
        Err(err) => Err(unreadable(kind, &err)),
    }
}

fn newer(kind: u8, version: u8) -> StoreError {
    unreadable(kind, &format!("its version {version} is newer than this canvass knows"))
}

fn unreadable(kind: u8, reason: &dyn std::fmt::Display) -> StoreError {
    StoreError::Unreadable { kind: char::from(kind), reason: reason.to_string() }
}
