//! STARTTLS, spoken by hand (RFC 3207).
//!
//! Lettre's own upgrade keeps what it has already read in the clear and takes it for the answer to its next command.
//! Whoever sits in between could so put one reply of their own in front of all others, inside an encrypted connection.
//! Here nothing is carried over: greeting, EHLO and STARTTLS are spoken on the plain stream, which must be silent after
//! the go-ahead, and the encrypted stream is then given to lettre as if it were a new connection.
//!
//! A relay that does not offer STARTTLS gets no mail. There is no falling back.

use lettre::transport::smtp::extension::{ClientId, Extension, ServerInfo};
use lettre::transport::smtp::response::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::SmtpTimeouts;
use super::connection::within;
use super::reply::{Reply, Trouble};
use super::tls::Encryption;
use super::wire::{REPLY_BYTES_MAX, Wire};

/// What lettre is given for the greeting that an encrypted connection does not repeat.
const GREETING: &str = "220 encrypted\r\n";

/// Turns a plain connection on which nothing was said yet into an encrypted one.
pub(super) async fn upgrade(
    tcp: TcpStream,
    encryption: &Encryption,
    hello: &ClientId,
    limits: &SmtpTimeouts,
) -> Result<Wire, Trouble> {
    let mut wire = Wire::plain(tcp);
    within(limits.command, exchange(&mut wire, "", 220)).await?;
    let greeted = within(limits.command, exchange(&mut wire, &format!("EHLO {hello}\r\n"), 250)).await?;
    let server = ServerInfo::from_response(&greeted).map_err(|err| Trouble::of(&err))?;
    if !server.supports_feature(Extension::StartTls) {
        return Err(Trouble::Lost("the relay does not offer STARTTLS, which the configuration requires".to_owned()));
    }
    within(limits.command, exchange(&mut wire, "STARTTLS\r\n", 220)).await?;
    let tcp = wire.into_quiet_tcp().map_err(|err| Trouble::Lost(err.to_string()))?;
    within(limits.connect, async {
        let name = encryption.name.clone();
        let tls = encryption.connector.connect(name, tcp).await;
        tls.map(|tls| Wire::tls(tls, GREETING)).map_err(|err| Trouble::Lost(format!("TLS: {err}")))
    })
    .await
}

/// Says something, or nothing, and reads the whole answer, which must have this code.
async fn exchange(wire: &mut Wire, command: &str, expected: u16) -> Result<Response, Trouble> {
    let broken = |err: std::io::Error| Trouble::Lost(err.to_string());
    if !command.is_empty() {
        wire.write_all(command.as_bytes()).await.map_err(broken)?;
        wire.flush().await.map_err(broken)?;
    }
    let mut reply = String::new();
    let mut line = [0; 512];
    while !is_whole(&reply) {
        let n_read = wire.read(&mut line).await.map_err(broken)?;
        let read = line.iter().take(n_read).map(|&byte| char::from(byte));
        reply.extend(read);
        if n_read == 0 || reply.len() > REPLY_BYTES_MAX {
            return Err(Trouble::Lost("the relay hung up before its answer was complete".to_owned()));
        }
    }
    let response: Response = reply.parse().map_err(|err| Trouble::of(&err))?;
    if response.has_code(expected) { Ok(response) } else { Err(Trouble::Answer(Reply::from(&response))) }
}

/// Whether the last line is there and says that it is the last: a dash after the code announces another.
fn is_whole(reply: &str) -> bool {
    let last = reply.strip_suffix("\r\n").map(|lines| lines.rsplit("\r\n").next().unwrap_or_default());
    last.is_some_and(|line| line.as_bytes().get(3) != Some(&b'-'))
}
