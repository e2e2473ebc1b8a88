//! The dump: everything in a store as a stream of bytes, for backups and for moving it elsewhere.
//!
//! A dump begins with a line that says what it is and a line of JSON about itself, so that `head -2` shows both. Records
//! follow: `+`, the lengths of key and value as four bytes each, key and value; or `-`, the length of a key and the key,
//! for one that is to be removed again. At its end stand `.`, the number of records as eight bytes, and the SHA-256 of
//! everything before. Numbers are big-endian. Records are in an order in which the last word on a key counts, as
//! [a walk](super::walk) gives them.
//!
//! Nothing of a dump may be used before its end was read: [`DumpReader`] gives the end only when number and checksum are
//! right. The store's secret is in it, because the links that were sent out must go on working; so whoever has a dump can
//! make links, and sees every address.

mod reading;
mod writing;

#[cfg(test)]
mod tests;

pub use reading::{DumpError, DumpReader, Record};
pub use writing::Dump;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// What every dump begins with.
const MAGIC: &[u8] = b"canvass dump\n";
/// The version of this form.
const VERSION: u32 = 1;
/// Marks of what follows.
const PUT: u8 = b'+';
const REMOVE: u8 = b'-';
const END: u8 = b'.';
/// The most bytes of the line about itself, of a key and of a value.
const ABOUT_BYTES_MAX: u64 = 4_096;
const KEY_BYTES_MAX: u32 = 64 << 10;
const VALUE_BYTES_MAX: u32 = 64 << 20;

/// What a dump says about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The layout of the store.
    pub layout: u32,
    /// When it was begun.
    pub made_at: DateTime<Utc>,
    /// The version of canvass that made it.
    pub made_by: String,
}

/// The line of JSON.
#[derive(Serialize, Deserialize)]
struct AboutLine {
    version: u32,
    layout: u32,
    made_at: String,
    made_by: String,
}
