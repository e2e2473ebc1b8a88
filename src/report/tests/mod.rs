//! The worked example and the laws of the fold.

mod example;
mod laws;
pub(crate) mod story;
mod written;
