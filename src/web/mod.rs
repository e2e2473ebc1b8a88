//! The two doors: [`public`](public()) for customers and gateways, [`admin`](admin()) for operations, staff and managers.
//! Mail servers have a hatch of their own, [`lmtp`].
//!
//! **Invariant:** GET and HEAD change no answer, no consent and no ticket.
//! **Invariant:** the admin door is on a Unix socket and on loopback unless operations say otherwise, and then it asks for a
//! token.

pub mod lmtp;

mod admin;
mod guard;
mod problem;
mod public;
mod staff;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;

pub use admin::{ReportQuery, report_page};
pub use guard::guarded;
pub use problem::ApiProblem;
pub use staff::{staff_page, staff_redirect};

use crate::config::settings::Secret;
use crate::daemon::core::Core;

/// What `/robots.txt` of the public door says: links are for those who were sent them. It also tells canvass from whatever
/// else might answer there.
pub const ROBOTS: &str = "User-agent: *\nDisallow: /\n";

/// What customers and gateways reach.
pub fn public(core: Arc<Core>) -> Router {
    public::router(core)
}

/// The API and pages for those who are let in: over the Unix socket, and in-process for the command line.
pub fn admin(core: Arc<Core>) -> Router {
    admin::router(core)
}

/// The same over TCP: with the token where one is set, and only under a name of this machine where none is.
pub fn admin_over_tcp(core: Arc<Core>, token: Option<Secret>) -> Router {
    guard::guarded(admin::router(core), token)
}
