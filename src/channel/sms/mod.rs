//! Text messages over HTTP gateways.
//!
//! A gateway is *declared*, not programmed: its TOML says what the request looks like, and how its answers are to be
//! read. [`Gateway`] is a declaration without a problem in it, [`GatewayTransport`] carries messages over one, a
//! [`Report`] is what a gateway tells of one later or brings of a telephone, and [`segments`](segments::segments) counts what a text costs.
//!
//! **Invariant:** a value is put into a piece of the request that was separated beforehand, and the encoder of that
//! place (path, query, form, JSON, header) escapes it. So no text of a message can add a parameter or a header.
//! **Invariant:** a text message is never sent twice by this module. What may have been taken is *unknown*.

mod auth;
mod body;
mod encoding;
pub mod gateway;
mod inbound;
mod json_path;
mod limits;
mod mask;
mod number;
mod place;
mod preset;
mod reader;
mod reconcile;
mod reply;
mod report;
mod request;
mod retry_after;
mod rule;
pub mod segments;
mod signature;
mod template;
pub mod transport;
mod url;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod twilio_shape;

pub use gateway::{Gateway, GatewayProblem};
pub use inbound::{FromTelephone, InboundError, ReplyWay};
pub use place::Report;
pub use reconcile::{Lack, Verdict};
pub use report::ReportError;
pub use signature::Signed;
pub use transport::{AskError, GatewaySetupError, GatewayTransport};
