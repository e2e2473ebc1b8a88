//! Mail over SMTP.
//!
//! [`message`] makes the bytes, and [`dkim`] signs them where the relay does not; [`SmtpTransport`] brings them to the
//! relay. Below it: [`pool`] keeps connections and the messages that wait for one, and [`dial`] begins a conversation with
//! the help of [`tls`] and hears what the relay [`offers`], [`connection`] takes one [`letter`] after another through it,
//! [`wire`] keeps the turns and finds each [`answer`], and [`reply`] says what it means.
//! What comes back to a mailbox [`mailbox`] fetches.
//!
//! **Invariant:** a message is called accepted or refused only on an answer of the server to this message. A connection
//! on which an answer may still be to come is handed to nobody but the message that the answer is about.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use self::connection::Connection;
use self::dial::{Protection, Relay};
use self::letter::Letter;
use self::pool::Pool;
use self::reply::{Phase, Reply, Trouble};
use self::tls::Encryption;
use super::{OutboundEmail, OutboundMessage, Transport};
use crate::clock::Clock;
use crate::config::settings::Secret;
use crate::domain::attempt::Outcome;
pub use mailbox::{Mailbox, MailboxError, MailboxSettings, Taker, Then, Visit};

pub mod dkim;
pub mod message;
pub mod probe;

mod mailbox;

mod answer;
mod connection;
mod dial;
mod letter;
mod offers;
mod pool;
mod quoted;
mod reply;
pub(in crate::channel) mod tls;
mod wire;

/// An SMTP relay and how to talk to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name or address of the relay.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: Tls,
    /// A file of further certificate authorities in PEM, beside the system's.
    pub ca_file: Option<PathBuf>,
    /// User name and password, where the relay wants them.
    pub login: Option<(String, Secret)>,
    /// Connections at once.
    pub connections: usize,
    /// Messages over one connection before it is closed.
    pub messages_per_connection: u32,
    /// Messages per second over all connections; `None` for no limit. Kept where messages are claimed, not here.
    pub per_second: Option<f64>,
    /// How long each phase may take.
    pub timeouts: SmtpTimeouts,
}

impl SmtpTimeouts {
    /// The usual [`ahead`](Self::ahead): many times what a relay needs, and nobody's patience is lost.
    pub const AHEAD: Duration = Duration::from_secs(1);

    /// The same for every phase.
    pub const fn all(limit: Duration) -> Self {
        Self { connect: limit, command: limit, data: limit, transfer: limit, after_dot: limit, ahead: Self::AHEAD }
    }
}

/// How a connection to a relay is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS from the first byte (port 465).
    Implicit,
    /// STARTTLS, required: no TLS, no mail.
    StartTls,
    /// None; only to a relay on this machine.
    None,
}

/// How long each phase of an SMTP conversation may take (RFC 5321 §4.5.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SmtpTimeouts {
    /// TCP connect and TLS handshake.
    pub connect: Duration,
    /// Greeting, EHLO, AUTH, MAIL and RCPT, each.
    pub command: Duration,
    /// DATA to its 354.
    pub data: Duration,
    /// Writing the message.
    pub transfer: Duration,
    /// From the final dot to the answer.
    pub after_dot: Duration,
    /// How long the next message waits for that answer, when its commands left with the dot; where half of it was not enough,
    /// the next does not wait at all.
    pub ahead: Duration,
}

/// Why settings do not make a transport.
#[derive(Debug, thiserror::Error)]
pub enum SmtpSetupError {
    /// What we call ourselves would break the EHLO line.
    #[error("`{given}` cannot be said in EHLO; write the full host name of this machine")]
    HelloName {
        /// The offending name.
        given: String,
    },
    /// Mail and password would cross the network in the clear.
    #[error("without TLS the relay must be on this machine, and `{host}` is not; use `implicit` or `starttls`")]
    NotLoopback {
        /// The offending host.
        host: String,
    },
    /// A number that leaves nothing to send with.
    #[error("`{key}` must be at least 1")]
    Zero {
        /// The setting.
        key: &'static str,
    },
    /// Not a name that a certificate can have.
    #[error("a certificate cannot be checked for the host `{host}`")]
    HostName {
        /// The offending host.
        host: String,
        /// Why not.
        source: rustls::pki_types::InvalidDnsNameError,
    },
    /// The file of authorities cannot be read.
    #[error("cannot read certificates from {}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rustls::pki_types::pem::Error,
    },
    /// The file of authorities has no certificate in it.
    #[error("{} has no PEM certificate in it", path.display())]
    CaFileEmpty {
        /// The file.
        path: PathBuf,
    },
    /// Neither the system nor the settings name an authority.
    #[error("no certificate authorities: install ca-certificates or set `ca_file`")]
    NoAuthorities,
    /// The TLS library refused.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// Brings mail to an SMTP relay.
pub struct SmtpTransport {
    relay: Relay,
    pool: Arc<Pool>,
    connections: usize,
    clock: Arc<dyn Clock>,
}

impl SmtpTransport {
    /// Checks the settings and reads the certificate authorities; connects to nobody. `hello_name` is the full host
    /// name of this machine.
    pub fn open(settings: &SmtpSettings, hello_name: &str, clock: Arc<dyn Clock>) -> Result<Self, SmtpSetupError> {
        let relay = Relay::of(settings, hello_name)?;
        if settings.connections == 0 {
            return Err(SmtpSetupError::Zero { key: "connections" });
        }
        if settings.messages_per_connection == 0 {
            return Err(SmtpSetupError::Zero { key: "messages_per_connection" });
        }
        Ok(Self {
            relay,
            pool: Pool::open(settings.connections, settings.messages_per_connection),
            connections: settings.connections,
            clock,
        })
    }

    /// Takes leave of the relay on all idle connections, within two seconds. The transport can still be used.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Sends on an open connection if there is one. One that the server closed meanwhile has cost nothing, nor has one on
    /// which what was said with the end of the message before was not heard, so the message goes on a new one.
    async fn deliver(&self, letter: &Letter<'_>) -> Result<Outcome, (Phase, Trouble)> {
        let mut place = self.pool.place(letter.commands()).await;
        if let Some(connection) = place.connection() {
            if let Some(lack) = connection.lacks(letter.commands()) {
                return Ok(never(lack));
            }
            let was_told = connection.is_told();
            match place.carry(letter).await {
                (Err((Phase::Mail, trouble)), Some(left)) if is_stale(&trouble, was_told) => place = left,
                (done, _) => return done.map(accepted),
            }
        }
        // On the heap, so that the many messages that find an open connection need not carry a handshake's state along.
        let opened = Box::pin(Connection::open(&self.relay)).await.map_err(|trouble| (Phase::Hello, trouble))?;
        let lack = opened.lacks(letter.commands());
        place.take(opened);
        match lack {
            Some(lack) => Ok(never(lack)),
            None => place.carry(letter).await.0.map(accepted),
        }
    }

    async fn send_mail(&self, mail: &OutboundEmail) -> Outcome {
        let letter = match Letter::read(mail) {
            Ok(letter) => letter,
            Err(why) => return never(why),
        };
        match self.deliver(&letter).await {
            Ok(outcome) => outcome,
            Err((phase, trouble)) => reply::outcome(phase, &trouble, self.clock.now()),
        }
    }
}

#[async_trait]
impl Transport for SmtpTransport {
    async fn send(&self, message: &OutboundMessage) -> Outcome {
        match message {
            OutboundMessage::Email(mail) => self.send_mail(mail).await,
            OutboundMessage::Sms(_) => never("a text message cannot leave by SMTP"),
        }
    }

    fn connections(&self) -> usize {
        self.connections
    }

    fn name(&self) -> &'static str {
        "smtp"
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map` gives")]
fn accepted(reply: Reply) -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: reply.words() }
}

/// Whether it is the connection that could not be used, and not the relay that does not want the message.
fn is_stale(trouble: &Trouble, was_told: bool) -> bool {
    match trouble {
        Trouble::Lost(_) => true,
        Trouble::Answer(reply) => reply.code == 421,
        Trouble::Late(_) => was_told,
    }
}

/// What no retry can change, and is not the fault of the address.
fn never(why: &str) -> Outcome {
    Outcome::Refused { reply: format!("not sent: {why}"), address_dead: false }
}

impl Relay {
    /// Checks where the relay is and how to begin with it, and reads the certificate authorities.
    fn of(settings: &SmtpSettings, hello_name: &str) -> Result<Self, SmtpSetupError> {
        if hello_name.is_empty() || !hello_name.chars().all(|c| c.is_ascii_graphic()) {
            return Err(SmtpSetupError::HelloName { given: hello_name.to_owned() });
        }
        Ok(Self {
            host: settings.host.clone(),
            port: settings.port,
            protection: protection(&settings.host, settings.tls, settings.ca_file.as_deref())?,
            hello: hello_name.to_owned(),
            login: settings.login.clone(),
            limits: settings.timeouts,
        })
    }
}

fn protection(host: &str, tls: Tls, ca_file: Option<&Path>) -> Result<Protection, SmtpSetupError> {
    let encryption = || Encryption::open(host, ca_file);
    match tls {
        Tls::Implicit => Ok(Protection::Implicit(encryption()?)),
        Tls::StartTls => Ok(Protection::StartTls(encryption()?)),
        Tls::None => {
            let is_here = host.parse().map_or(host == "localhost", |ip: std::net::IpAddr| ip.is_loopback());
            if is_here { Ok(Protection::Loopback) } else { Err(SmtpSetupError::NotLoopback { host: host.to_owned() }) }
        }
    }
}

#[cfg(test)]
mod tests;
