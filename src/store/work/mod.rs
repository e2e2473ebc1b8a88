//! The units of work: each takes data and a [`View`](super::view::View), and either makes its whole change or none.
//!
//! They are written once and run on every backend. They read no clock and draw no lots.

pub(super) mod addresses;
pub(super) mod answers;
pub(super) mod branch_days;
pub(super) mod cards;
pub(super) mod contacts;
pub(super) mod dispatch;
pub(super) mod due;
pub(super) mod gateway_days;
pub(super) mod holds;
pub(super) mod interventions;
pub(super) mod invitations;
pub(super) mod leases;
pub(super) mod migration;
pub(super) mod receipts;
pub(super) mod suppressions;
pub(super) mod tallies;
pub(super) mod taps;
pub(super) mod texts;
pub(super) mod tolls;
pub(super) mod windows;

#[cfg(test)]
mod tests;
