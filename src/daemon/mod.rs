//! The imperative shell: what runs, and when.
//!
//! Each task is a `step` that takes no input and may run at any time, and a thin loop around it. Tests, rehearsals and the
//! demo call the steps themselves under a clock of their own, so nothing here is only ever tried in production.
//!
//! **Invariant:** only [`dispatcher`] hands messages to a channel, and only while it holds a lease.

pub mod breaker;
pub mod check;
pub mod collector;
pub mod compose;
pub mod core;
pub mod dispatcher;
pub mod doctor;
pub mod hooks;
pub mod housekeeper;
pub mod lifecycle;
pub mod metrics;
pub mod occasions;
pub mod planner;
pub mod pulse;
pub mod receipts;
pub mod reconciler;
pub mod refusals;
pub mod rehearsal;
pub mod returns;
pub mod run;
pub mod status;
pub mod telemetry;
pub mod texts;
pub mod ticker;
pub mod unreadable;

mod loads;
mod recorder;
#[cfg(test)]
mod simulation;
mod steps;
