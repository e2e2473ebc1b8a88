//! Turns counts of answers into scores and shares that can be defended. Pure.
//!
//! **Invariant:** a score is computed from integer counts by one division at the end, so the same answers in any order
//! give the same bits; rounding is for display only.

pub mod interval;
pub mod worst;

pub use worst::is_all_worst;
