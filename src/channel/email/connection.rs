//! One conversation with the relay, step by step, each with its own time limit.
//!
//! Lettre's own `send` cannot be used: its time limit covers the TCP connect only, it writes no word about the phase in
//! which it failed, and it never sets `TCP_NODELAY`, so that the final dot waits some 40 ms for an acknowledgement. Here
//! each command is asked by itself, the socket is set up before lettre gets it, and a flag says whether the final dot
//! was begun: before it no server may take the message, after it any may have.
//!
//! A connection that met anything but a refusal is never used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::AsyncSmtpConnection;
use lettre::transport::smtp::commands::{Data, Mail, Quit, Rcpt, Rset};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};

use super::reply::{Phase, Reply, Trouble};
use super::tls::Encryption;
use super::wire::Wire;
use super::{SmtpTimeouts, starttls};
use crate::channel::OutboundEmail;

/// Where the relay is and how to begin with it.
pub(super) struct Relay {
    /// Host name or address.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
    /// How the connection is protected.
    pub(super) protection: Protection,
    /// What we call ourselves.
    pub(super) hello: ClientId,
    /// How we log in, if we do.
    pub(super) login: Option<Credentials>,
    /// How long each phase may take.
    pub(super) limits: SmtpTimeouts,
}

/// How a connection is protected.
pub(super) enum Protection {
    /// TLS from the first byte.
    Implicit(Encryption),
    /// STARTTLS, or nothing at all.
    StartTls(Encryption),
    /// None, and the other end must be this machine.
    Loopback,
}

/// A mail that fits the envelope.
pub(super) struct Letter<'a> {
    from: Address,
    to: Address,
    body: &'a [u8],
}

impl<'a> Letter<'a> {
    /// Checks what lettre would not: line ends by which a body could end early and go on as commands. The error says
    /// why the mail can never be sent.
    pub(super) fn read(mail: &'a OutboundEmail) -> Result<Self, &'static str> {
        let from = mail.envelope_from.parse().map_err(|_| "the envelope sender is not an address")?;
        let to = mail.to.as_str().parse().map_err(|_| "the address is not one that SMTP can carry")?;
        if !has_clean_line_ends(&mail.bytes) {
            return Err("the message has a line end that is not CRLF");
        }
        // Lettre ends the last line itself.
        let body = mail.bytes.strip_suffix(b"\r\n").unwrap_or(&mail.bytes);
        Ok(Self { from, to, body })
    }
}

/// Whether CR and LF only come together.
fn has_clean_line_ends(bytes: &[u8]) -> bool {
    let mut is_after_cr = false;
    for &byte in bytes {
        if is_after_cr != (byte == b'\n') {
            return false;
        }
        is_after_cr = byte == b'\r';
    }
    !is_after_cr
}

/// An open connection, between two messages.
pub(super) struct Connection {
    smtp: AsyncSmtpConnection,
    limits: SmtpTimeouts,
    n_messages: u32,
    idle_since: Instant,
    usable: bool,
}

impl Connection {
    /// Connects, encrypts, greets and logs in.
    pub(super) async fn dial(relay: &Relay) -> Result<Self, Trouble> {
        let limits = relay.limits;
        let tcp = within(limits.connect, connect(relay)).await?;
        let wire = match &relay.protection {
            Protection::Loopback => Wire::plain(tcp),
            Protection::Implicit(encryption) => within(limits.connect, encrypt(tcp, encryption)).await?,
            Protection::StartTls(encryption) => starttls::upgrade(tcp, encryption, &relay.hello, &limits).await?,
        };
        // Greeting and EHLO are one step for lettre, and two for the clock.
        let connect = AsyncSmtpConnection::connect_with_transport(Box::new(wire), &relay.hello);
        let mut smtp = within(limits.command * 2, async { connect.await.map_err(|err| Trouble::of(&err)) }).await?;
        if let Some(login) = &relay.login {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            let log_in = async { smtp.auth(&mechanisms, login).await.map_err(|err| Trouble::of(&err)) };
            within(limits.command, log_in).await?;
        }
        Ok(Self { smtp, limits, n_messages: 0, idle_since: Instant::now(), usable: true })
    }

    /// Sends one message. On an error the phase says how far it came.
    pub(super) async fn carry(&mut self, letter: &Letter<'_>) -> Result<Reply, (Phase, Trouble)> {
        self.usable = false;
        self.n_messages += 1;
        let done = match self.open_data(letter).await {
            Ok(()) => self.message(letter.body).await,
            Err(err) => Err(err),
        };
        self.usable = match &done {
            Ok(_) => true,
            Err((Phase::Dot, trouble)) => is_refusal(trouble),
            Err((_, trouble)) => is_refusal(trouble) && self.reset().await,
        };
        self.idle_since = Instant::now();
        done
    }

    /// What this message needs that the relay does not offer; `None` when it can be sent.
    pub(super) fn lacks(&self, letter: &Letter<'_>) -> Option<&'static str> {
        let server = self.smtp.server_info();
        if !letter.is_plain_envelope() && !server.supports_feature(Extension::SmtpUtfEight) {
            return Some("the address has letters beyond ASCII before its `@`, and the relay does not offer SMTPUTF8");
        }
        if !letter.body.is_ascii() && !server.supports_feature(Extension::EightBitMime) {
            return Some("the message is not ASCII, and the relay does not offer 8BITMIME");
        }
        None
    }

    /// Whether another message may follow.
    pub(super) fn is_usable(&self) -> bool {
        self.usable
    }

    /// Messages begun on it.
    pub(super) fn n_messages(&self) -> u32 {
        self.n_messages
    }

    /// When it was last used.
    pub(super) fn idle_since(&self) -> Instant {
        self.idle_since
    }

    /// Takes leave and closes.
    pub(super) async fn quit(mut self) {
        // What the server says to this changes nothing: the connection is closed either way.
        drop(self.smtp.command(Quit).await);
    }

    /// MAIL, RCPT and DATA.
    async fn open_data(&mut self, letter: &Letter<'_>) -> Result<(), (Phase, Trouble)> {
        let mut parameters = Vec::new();
        if !letter.is_plain_envelope() {
            parameters.push(MailParameter::SmtpUtfEight);
        }
        if !letter.body.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        let limits = self.limits;
        let mail = Mail::new(Some(letter.from.clone()), parameters);
        self.ask(limits.command, mail, is_done).await.map_err(|trouble| (Phase::Mail, trouble))?;
        let rcpt = Rcpt::new(letter.to.clone(), Vec::new());
        self.ask(limits.command, rcpt, is_done).await.map_err(|trouble| (Phase::Rcpt, trouble))?;
        self.ask(limits.data, Data, |code| code == 354).await.map_err(|trouble| (Phase::Data, trouble))
    }

    /// Asks one command within its limit; an answer of the wrong kind is trouble.
    async fn ask(
        &mut self,
        limit: Duration,
        command: impl std::fmt::Display,
        expected: fn(u16) -> bool,
    ) -> Result<(), Trouble> {
        within(limit, async {
            let response = self.smtp.command(command).await.map_err(|err| Trouble::of(&err))?;
            if expected(response.code().into()) { Ok(()) } else { Err(Trouble::Answer(Reply::from(&response))) }
        })
        .await
    }

    /// Clears what was said of a refused message, so that the next one starts clean.
    async fn reset(&mut self) -> bool {
        self.ask(self.limits.command, Rset, is_done).await.is_ok()
    }

    /// Writes the message and the dot, and reads the answer. Lettre asks the iterator for the next piece right before
    /// it writes the dot: until then the server cannot have the whole message.
    async fn message(&mut self, body: &[u8]) -> Result<Reply, (Phase, Trouble)> {
        let limits = self.limits;
        let (is_dotted, dotted) = (AtomicBool::new(false), Notify::new());
        let pieces = Pieces { body: Some(body), is_dotted: &is_dotted, dotted: &dotted };
        let mut talk = std::pin::pin!(self.smtp.message_iter(pieces));
        let phase = || if is_dotted.load(Ordering::Relaxed) { Phase::Dot } else { Phase::Body };

        let written = timeout(limits.transfer, async {
            tokio::select! {
                biased;
                answer = &mut talk => Some(answer),
                () = dotted.notified() => None,
            }
        });
        let answer = match written.await {
            Ok(Some(answer)) => answer,
            Ok(None) => match timeout(limits.after_dot, talk).await {
                Ok(answer) => answer,
                Err(_) => return Err((Phase::Dot, Trouble::Late(limits.after_dot))),
            },
            Err(_) => return Err((phase(), Trouble::Late(limits.transfer))),
        };
        let response = answer.map_err(|err| (phase(), Trouble::of(&err)))?;
        let reply = Reply::from(&response);
        if is_done(reply.code) { Ok(reply) } else { Err((Phase::Dot, Trouble::Answer(reply))) }
    }
}

impl Letter<'_> {
    fn is_plain_envelope(&self) -> bool {
        let (from, to): (&str, &str) = (self.from.as_ref(), self.to.as_ref());
        from.is_ascii() && to.is_ascii()
    }
}

/// The message in one piece, and a note when the next is asked for.
struct Pieces<'a> {
    body: Option<&'a [u8]>,
    is_dotted: &'a AtomicBool,
    dotted: &'a Notify,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let body = self.body.take();
        if body.is_none() {
            self.is_dotted.store(true, Ordering::Relaxed);
            self.dotted.notify_one();
        }
        body
    }
}

/// Gives a step its limit.
pub(super) async fn within<T>(limit: Duration, step: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(limit, step).await.unwrap_or(Err(Trouble::Late(limit)))
}

/// An answer after which the conversation may go on; 421 announces that the server hangs up.
fn is_refusal(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Answer(reply) if (400..600).contains(&reply.code) && reply.code != 421)
}

fn is_done(code: u16) -> bool {
    (200..300).contains(&code)
}

/// Tries the addresses of the relay in turn, each with its share of the time: the first may lead nowhere.
async fn connect(relay: &Relay) -> Result<TcpStream, Trouble> {
    let broken = |err: std::io::Error| Trouble::Lost(format!("cannot connect to the relay: {err}"));
    let found: Vec<_> = tokio::net::lookup_host((relay.host.as_str(), relay.port)).await.map_err(broken)?.collect();
    let share = relay.limits.connect / u32::try_from(found.len().max(1)).unwrap_or(u32::MAX);
    let mut last = Trouble::Lost("the relay's name has no address".to_owned());
    for address in found {
        if matches!(relay.protection, Protection::Loopback) && !address.ip().is_loopback() {
            last = Trouble::Lost("without TLS the relay must be on this machine".to_owned());
            continue;
        }
        match timeout(share, TcpStream::connect(address)).await {
            Ok(Ok(tcp)) => {
                // Lettre writes message and dot apart; Nagle would hold the dot back until the message is acknowledged.
                tcp.set_nodelay(true).map_err(broken)?;
                return Ok(tcp);
            }
            Ok(Err(err)) => last = broken(err),
            Err(_) => last = Trouble::Late(share),
        }
    }
    Err(last)
}

async fn encrypt(tcp: TcpStream, encryption: &Encryption) -> Result<Wire, Trouble> {
    let tls = encryption.connector.connect(encryption.name.clone(), tcp).await;
    tls.map(|tls| Wire::tls(tls, "")).map_err(|err| Trouble::Lost(format!("TLS: {err}")))
}
