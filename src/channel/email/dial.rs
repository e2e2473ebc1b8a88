//! From an address to a relay that is ready for mail: connect, encrypt, greet, log in.
//!
//! Nothing that was said in the clear is carried over into an encrypted conversation (RFC 3207 §4.2): after the
//! go-ahead of STARTTLS the plain stream must be silent, and what the relay offers is asked for again. Whoever sits in
//! between could otherwise put an answer or an offer of their own in front of all others. A relay that does not offer
//! STARTTLS where it is required gets no mail, and one that cannot be logged in to gets no password: there is no falling
//! back.

use data_encoding::BASE64;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::SmtpTimeouts;
use super::offers::{Offer, Offers};
use super::reply::Trouble;
use super::tls::Encryption;
use super::wire::{Wire, within};
use crate::config::settings::Secret;

/// Where the relay is and how to begin with it.
pub(super) struct Relay {
    /// Host name or address.
    pub(super) host: String,
    /// Port.
    pub(super) port: u16,
    /// How the connection is protected.
    pub(super) protection: Protection,
    /// What we call ourselves.
    pub(super) hello: String,
    /// User name and password, if we log in.
    pub(super) login: Option<(String, Secret)>,
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

/// Brings a conversation to the point where mail may be sent.
pub(super) async fn dial(relay: &Relay) -> Result<(Wire, Offers), Trouble> {
    let limits = &relay.limits;
    let tcp = within(limits.connect, connect(relay)).await?;
    let (mut wire, offers) = match &relay.protection {
        Protection::Loopback => greeted(Wire::plain(tcp), relay).await?,
        Protection::Implicit(encryption) => {
            let tls = within(limits.connect, encryption.encrypt(tcp)).await?;
            greeted(Wire::tls(tls, true), relay).await?
        }
        Protection::StartTls(encryption) => {
            let (wire, offers) = greeted(Wire::plain(tcp), relay).await?;
            let tcp = upgradable(wire, &offers, relay).await?;
            let tls = within(limits.connect, encryption.encrypt(tcp)).await?;
            let mut wire = Wire::tls(tls, false);
            let offers = hello(&mut wire, relay).await?;
            (wire, offers)
        }
    };
    if let Some((user, password)) = &relay.login {
        log_in(&mut wire, &offers, (user, password), limits).await?;
    }
    Ok((wire, offers))
}

/// Hears the greeting and says ours.
async fn greeted(mut wire: Wire, relay: &Relay) -> Result<(Wire, Offers), Trouble> {
    wire.expect(relay.limits.command, |code| code == 220).await?;
    let offers = hello(&mut wire, relay).await?;
    Ok((wire, offers))
}

async fn hello(wire: &mut Wire, relay: &Relay) -> Result<Offers, Trouble> {
    let command = format!("EHLO {}\r\n", relay.hello);
    let answer = wire.ask(relay.limits.command, command.as_bytes(), |code| code == 250).await?;
    Ok(Offers::read(answer))
}

/// Asks for STARTTLS; the socket is silent then.
async fn upgradable(mut wire: Wire, offers: &Offers, relay: &Relay) -> Result<TcpStream, Trouble> {
    if !offers.has(Offer::StartTls) {
        return Err(Trouble::Lost("the relay does not offer STARTTLS, which the configuration requires".to_owned()));
    }
    wire.ask(relay.limits.command, b"STARTTLS\r\n", |code| code == 220).await?;
    wire.into_quiet_tcp()
}

async fn log_in(
    wire: &mut Wire,
    offers: &Offers,
    (user, password): (&str, &Secret),
    limits: &SmtpTimeouts,
) -> Result<(), Trouble> {
    let limit = limits.command;
    let is_welcome = |code| code == 235;
    if offers.has(Offer::AuthPlain) {
        let both = BASE64.encode(format!("\0{user}\0{}", password.expose()).as_bytes());
        wire.ask(limit, format!("AUTH PLAIN {both}\r\n").as_bytes(), is_welcome).await?;
        return Ok(());
    }
    if !offers.has(Offer::AuthLogin) {
        return Err(Trouble::Lost("the relay offers neither AUTH PLAIN nor AUTH LOGIN on this connection".to_owned()));
    }
    let line = |text: &str| format!("{}\r\n", BASE64.encode(text.as_bytes()));
    let goes_on = |code| code == 334;
    wire.ask(limit, b"AUTH LOGIN\r\n", goes_on).await?;
    wire.ask(limit, line(user).as_bytes(), goes_on).await?;
    wire.ask(limit, line(password.expose()).as_bytes(), is_welcome).await?;
    Ok(())
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
                // Nagle would hold the end of a long message back until its beginning is acknowledged.
                tcp.set_nodelay(true).map_err(broken)?;
                return Ok(tcp);
            }
            Ok(Err(err)) => last = broken(err),
            Err(_) => last = Trouble::Late(share),
        }
    }
    Err(last)
}
