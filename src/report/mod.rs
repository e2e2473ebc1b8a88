//! From rows to figures: pure folds, and the words for machines and people.
//!
//! **Invariant:** nothing here reads a clock, a store or a network. A figure is a fold over cases; the store keeps the
//! fold's running totals by adding the difference that each change makes, so a report is a sum of a few counters and a
//! recount from the rows must give the same.
//!
//! The way of a figure: [`tally`] counts what each case adds, [`rates`] sums it up by dimension, [`aapor`] and [`share`]
//! divide once, and [`json`], [`csv`] and [`table`] write it down. [`delivery`] counts messages rather than
//! cases, from the messages themselves.

pub mod aapor;
pub mod by;
pub mod csv;
pub mod delivery;
pub mod grid;
pub mod json;
pub mod rates;
pub mod rehearsal;
pub mod share;
pub mod story;
pub mod surface;
pub mod table;
pub mod tally;
pub mod unknown;

#[cfg(test)]
pub(crate) mod tests;
