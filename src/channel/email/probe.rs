//! A look at the relay: connect, encrypt, greet, log in, take leave. No mail is said, not even whose it would be.
//!
//! It goes the way that mail goes, so what stands in the way of the one stands in the way of the other.

use std::time::Duration;

use super::dial::{Relay, dial};
use super::reply::Trouble;
use super::{SmtpSettings, SmtpSetupError, SmtpTimeouts};

/// Why mail cannot be handed to the relay.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The settings do not make a connection.
    #[error(transparent)]
    Setup(#[from] SmtpSetupError),
    /// The relay does not let us in.
    #[error("the relay answers `{0}`")]
    Login(String),
    /// The relay said no, or not now.
    #[error("the relay answers `{0}`")]
    Refused(String),
    /// There was no conversation, or it broke.
    #[error("{0}")]
    Lost(String),
    /// The relay did not answer in time.
    #[error("the relay does not answer within {0:?}")]
    Late(Duration),
}

/// Goes as far as mail could be said, each step within `limit`.
pub async fn probe(settings: &SmtpSettings, hello_name: &str, limit: Duration) -> Result<(), ProbeError> {
    let relay = Relay { limits: SmtpTimeouts::all(limit), ..Relay::of(settings, hello_name)? };
    let (mut wire, _) = dial(&relay).await.map_err(|trouble| match trouble {
        Trouble::Answer(reply) if reply.refuses_login() => ProbeError::Login(reply.words()),
        Trouble::Answer(reply) => ProbeError::Refused(reply.words()),
        Trouble::Lost(what) => ProbeError::Lost(what),
        Trouble::Late(limit) => ProbeError::Late(limit),
    })?;
    // What the relay thinks of our leaving changes nothing.
    drop(wire.ask(limit, b"QUIT\r\n", |code| code == 221).await);
    Ok(())
}
