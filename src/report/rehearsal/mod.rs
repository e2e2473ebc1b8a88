//! What would happen: the account of a rehearsal, and how two of them differ.
//!
//! A rehearsal leaves invitations with their histories, as real life does; what it brought about is read from these.
//! [`events`] tells of one invitation what would leave, be put off and be left out, [`outlook`] sums that up by day, branch,
//! stage and channel, and [`json`], [`csv`] and [`table`] write it down.

pub mod csv;
pub mod events;
pub mod json;
pub mod outlook;
pub mod table;

#[cfg(test)]
mod tests;

/// The version of what the figures mean.
pub const DEFINITION_VERSION: u32 = 1;

/// What a rehearsal takes for granted.
pub const ASSUMPTIONS: [&str; 4] = [
    "every message is taken at once, those that are on their way now too, and nobody answers, opts out or complains",
    "events that are still to come are not in it: it plays what waits in the store and what clocks set off",
    "contacts, holds and everything else that people change stay as they are now",
    "the account ends at its last instant: what is due later is not in it",
];
