//! What would happen: the account of a rehearsal, and how two of them differ.
//!
//! A rehearsal leaves invitations with their histories, as real life does; what it brought about is read from these.
//! [`events`] tells of one invitation what would leave, be put off and be left out, [`outlook`] sums that up by day, branch,
//! stage and channel, [`difference`] lays two rehearsals side by side, and [`json`], [`csv`] and [`table`] write it down.

pub mod csv;
pub mod difference;
pub mod events;
pub mod json;
pub mod outlook;
pub mod table;

#[cfg(test)]
mod tests;

use difference::Difference;
use outlook::Outlook;

/// The version of what the figures mean.
pub const DEFINITION_VERSION: u32 = 1;

/// The account of a rehearsal.
#[derive(Clone, Debug)]
pub struct Account {
    /// What would happen.
    pub outlook: Outlook,
    /// What would happen under another configuration.
    pub against: Option<Against>,
}

/// What would happen under another configuration.
#[derive(Clone, Debug)]
pub struct Against {
    /// Where it stands.
    pub folder: String,
    /// What became of running invitations, where they move to it.
    pub migrated: Option<MigrationCounts>,
    /// What would happen.
    pub outlook: Outlook,
    /// Who newly gets, loses or moves a message.
    pub difference: Difference,
}

/// What became of running invitations that were moved to another configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MigrationCounts {
    /// They go on under it.
    pub n_moved: u64,
    /// They are not asked under it.
    pub n_dropped: u64,
    /// They are left as they were planned.
    pub n_left: u64,
}

/// What a rehearsal takes for granted.
const ASSUMPTIONS: [&str; 5] = [
    "every message is taken at once, those that are on their way now too, and nobody answers, opts out or complains",
    "events that are still to come are not in it: it plays what waits in the store and what clocks set off",
    "contacts, holds and everything else that people change stay as they are now",
    "of messages by different channels that are due at the same instant, emails are decided first; where they share a cap, \
     it may fall otherwise",
    "the account ends at its last instant: what is due later is not in it",
];

/// What it takes for granted of running invitations when another configuration is tried.
const RUNNING_STAY: &str = "invitations that are planned already stay on the configuration that planned them; budgets, caps \
                            and quiet hours are those of the other at once";

/// And when they move to it.
const RUNNING_MOVE: &str = "invitations that are planned already, and of which nothing was sent yet, move to the other \
                            configuration, as `canvass migrate-plans` would move them";

impl Account {
    /// What it takes for granted.
    pub fn assumptions(&self) -> Vec<&'static str> {
        let running =
            self.against.as_ref().map(|against| if against.migrated.is_some() { RUNNING_MOVE } else { RUNNING_STAY });
        ASSUMPTIONS.into_iter().chain(running).collect()
    }
}
