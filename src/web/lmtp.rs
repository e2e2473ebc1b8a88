//! LMTP (RFC 2033) on a Unix socket: a mail server of this machine delivers what comes back to the bounce address.
//!
//! ```text
//!  LHLO ─► MAIL ─► RCPT… ─► DATA ─► one answer for each recipient: 250 it is on disk, 451 bring it again
//!            ▲                                │
//!            └────────────────────────────────┘
//! ```
//!
//! What a mail says is never a reason to refuse it: one that cannot be read is kept, and returning it would only send a
//! bounce of a bounce. Of a mail too large to look at whole, the rest is read and dropped.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::UnixListener;
use tokio::sync::Semaphore;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::catcher::smtp::wire::{command, line, path, refusal};
use crate::chain::Chain;
use crate::daemon::core::Core;
use crate::daemon::lifecycle::Lifecycle;
use crate::daemon::returns;
use crate::receipt::mail::{Incoming, LOOKED_AT_BYTES_MAX};

/// Most conversations at once; Postfix holds 20 unless told otherwise.
pub(super) const SESSIONS_MAX: usize = 32;
/// Longest command with its CRLF, in bytes.
pub(super) const COMMAND_BYTES_MAX: usize = 2_000;
/// Most commands without a mail. All recipients of one and their RSETs fit many times.
pub(super) const COMMANDS_MAX: usize = 1_000;
/// Most recipients of one mail (RFC 5321 §4.5.3.1.8 wants no fewer).
pub(super) const RECIPIENTS_MAX: usize = 100;
/// Largest mail, in bytes; far beyond what is looked at, and beyond what a mail server lets in.
const MAIL_BYTES_MAX: usize = 64 * 1024 * 1024;
/// How long a client may take for a command, for a mail, or to hear an answer.
const PATIENCE: Duration = Duration::from_mins(5);

/// Why a conversation ends before QUIT, told to whoever still listens.
type Farewell = &'static str;
const STOPPING: Farewell = "421 4.3.2 going down, come again";
const SILENT: Farewell = "421 4.4.2 that took too long";
const TALKATIVE: Farewell = "421 4.7.0 too many commands without a mail";
const CROWDED: Farewell = "421 4.7.0 too many connections, come again";

/// Serves until the daemon stops. A mail whose last dot has arrived is taken still; others come again.
pub async fn serve(listener: UnixListener, core: Arc<Core>, lifecycle: Lifecycle) {
    let places = Arc::new(Semaphore::new(SESSIONS_MAX));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = lifecycle.soft.cancelled() => return,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(err) => {
                tracing::warn!("the bounce socket takes nobody: {err}");
                // Out of file descriptors, most likely; trying again at once would only burn the processor.
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let place = Arc::clone(&places).try_acquire_owned().ok();
        let session = Session::new(stream, Arc::clone(&core), lifecycle.soft.clone());
        lifecycle.spawn(async move {
            let ended = match &place {
                Some(_) => session.converse().await,
                None => session.dismiss().await,
            };
            if let Err(err) = ended {
                tracing::debug!("a mail server went away: {err}");
            }
            drop(place);
        });
    }
}

/// One conversation.
pub(super) struct Session<S> {
    core: Arc<Core>,
    stop: CancellationToken,
    stream: BufReader<S>,
    is_greeted: bool,
    n_commands: usize,
    sender: Option<String>,
    recipients: Vec<String>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Session<S> {
    pub(super) fn new(stream: S, core: Arc<Core>, stop: CancellationToken) -> Self {
        let stream = BufReader::new(stream);
        Self { core, stop, stream, is_greeted: false, n_commands: 0, sender: None, recipients: Vec::new() }
    }

    /// Speaks with the client until either has enough.
    pub(super) async fn converse(mut self) -> io::Result<()> {
        self.say("220 canvass LMTP").await?;
        while self.step().await? {}
        Ok(())
    }

    /// Sends the client away.
    async fn dismiss(mut self) -> io::Result<()> {
        self.say(CROWDED).await
    }

    /// Reads one command and answers it; whether the conversation goes on.
    async fn step(&mut self) -> io::Result<bool> {
        if self.n_commands >= COMMANDS_MAX {
            return self.part(TALKATIVE).await;
        }
        self.n_commands += 1;
        let line = match patiently(&self.stop, line(&mut self.stream, COMMAND_BYTES_MAX)).await? {
            Ok(line) => line,
            Err(farewell) => return self.part(farewell).await,
        };
        let command = match command(line) {
            Ok(Some(command)) => command,
            Ok(None) => return Ok(false),
            Err(reply) => return self.answer(reply).await,
        };
        let (verb, rest) = command.split_once(' ').unwrap_or((&command, ""));
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" if rest.trim().is_empty() => self.answer("501 5.5.4 say who you are").await,
            "LHLO" => self.lhlo().await,
            "MAIL" => self.mail(rest).await,
            "RCPT" => self.rcpt(rest).await,
            "DATA" if rest.is_empty() => self.data().await,
            "DATA" => self.answer("501 5.5.4 DATA stands alone").await,
            "RSET" => {
                self.clear();
                self.answer("250 2.0.0 cleared").await
            }
            "NOOP" => self.answer("250 2.0.0 nothing done").await,
            "VRFY" => self.answer("252 2.5.0 deliver it and see").await,
            "QUIT" => self.part("221 2.0.0 bye").await,
            _ => self.answer("500 5.5.1 no such command").await,
        }
    }

    async fn lhlo(&mut self) -> io::Result<bool> {
        self.is_greeted = true;
        self.clear();
        let offers = format!(
            "250-canvass\r\n250-PIPELINING\r\n250-ENHANCEDSTATUSCODES\r\n250-SIZE {MAIL_BYTES_MAX}\r\n250-8BITMIME\r\n\
             250 SMTPUTF8"
        );
        self.answer(&offers).await
    }

    async fn mail(&mut self, rest: &str) -> io::Result<bool> {
        if !self.is_greeted || self.sender.is_some() {
            return self.answer("503 5.5.1 say LHLO first, and MAIL once").await;
        }
        let Some((sender, parameters)) = path(rest, "FROM:") else {
            return self.answer("501 5.5.4 write MAIL FROM:<address>").await;
        };
        let refused = parameters.split_whitespace().find_map(|parameter| refusal(parameter, true, MAIL_BYTES_MAX));
        if let Some(refused) = refused {
            return self.answer(refused).await;
        }
        self.sender = Some(sender.to_owned());
        self.answer("250 2.1.0 sender ok").await
    }

    async fn rcpt(&mut self, rest: &str) -> io::Result<bool> {
        if self.sender.is_none() {
            return self.answer("503 5.5.1 say MAIL first").await;
        }
        match path(rest, "TO:") {
            Some((recipient, "")) if !recipient.is_empty() => {
                if self.recipients.len() >= RECIPIENTS_MAX {
                    return self.answer("452 4.5.3 too many recipients").await;
                }
                self.recipients.push(recipient.to_owned());
                self.answer("250 2.1.5 recipient ok").await
            }
            Some((_, "")) | None => self.answer("501 5.5.4 write RCPT TO:<address>").await,
            Some(_) => self.answer("555 5.5.4 this parameter was not offered").await,
        }
    }

    async fn data(&mut self) -> io::Result<bool> {
        if self.recipients.is_empty() {
            return self.answer("503 5.5.1 say RCPT first").await;
        }
        self.say("354 end with a dot").await?;
        match patiently(&self.stop, body(&mut self.stream)).await? {
            Err(farewell) => self.part(farewell).await,
            Ok(Body::Cut) => Ok(false),
            // Its end is nowhere in sight, so nothing after it can be understood.
            Ok(Body::TooLarge) => self.part("552 5.3.4 the mail is too large").await,
            Ok(Body::Whole(mail)) => {
                self.n_commands = 0;
                self.take(&mail).await
            }
        }
    }

    /// Takes the mail for each recipient and answers for each, in their order. The same mail again does no harm, so a
    /// client that went away in between may bring it to all of them.
    async fn take(&mut self, mail: &[u8]) -> io::Result<bool> {
        let sender = self.sender.take();
        for recipient in std::mem::take(&mut self.recipients) {
            let incoming = Incoming { bytes: mail, recipient: Some(&recipient), sender: sender.as_deref() };
            let reply = match returns::take(&self.core, incoming).await {
                Ok(_) => "250 2.0.0 taken",
                Err(err) => {
                    tracing::warn!("a mail that came back is left with the mail server: {}", Chain(&err));
                    "451 4.3.0 nothing can be stored now, bring it again"
                }
            };
            self.say(reply).await?;
        }
        Ok(true)
    }

    fn clear(&mut self) {
        self.sender = None;
        self.recipients.clear();
    }

    /// Answers, and the conversation goes on.
    async fn answer(&mut self, reply: &str) -> io::Result<bool> {
        self.say(reply).await?;
        Ok(true)
    }

    /// Answers, and the conversation is over.
    async fn part(&mut self, reply: &str) -> io::Result<bool> {
        self.say(reply).await?;
        Ok(false)
    }

    async fn say(&mut self, reply: &str) -> io::Result<()> {
        let reply = format!("{reply}\r\n");
        let stream = self.stream.get_mut();
        timeout(PATIENCE, stream.write_all(reply.as_bytes())).await.unwrap_or_else(|late| Err(late.into()))
    }
}

/// Waits for what the client says, but not for ever, and no longer than the daemon runs.
async fn patiently<T>(
    stop: &CancellationToken,
    reading: impl Future<Output = io::Result<T>>,
) -> io::Result<Result<T, Farewell>> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Ok(Err(STOPPING)),
        read = timeout(PATIENCE, reading) => match read {
            Ok(read) => Ok(Ok(read?)),
            Err(_) => Ok(Err(SILENT)),
        },
    }
}

/// What came after DATA.
#[derive(Debug, PartialEq, Eq)]
enum Body {
    /// A mail, or as much of it as is looked at.
    Whole(Vec<u8>),
    /// The client hung up before the dot.
    Cut,
    /// More than any mail.
    TooLarge,
}

/// Reads to the dot on a line of its own, whatever the length of the lines: nobody else would read this mail.
async fn body(stream: &mut (impl AsyncBufRead + Unpin)) -> io::Result<Body> {
    let mut unstuffing = Unstuffing { kept: Vec::new(), place: Place::LineStart };
    let mut n_bytes = 0;
    loop {
        let buffer = stream.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(Body::Cut);
        }
        let end = buffer.iter().position(|&byte| unstuffing.is_over_after(byte));
        let n_used = end.map_or(buffer.len(), |at| at + 1);
        stream.consume(n_used);
        n_bytes += n_used;
        if end.is_some() {
            return Ok(Body::Whole(unstuffing.kept));
        }
        if n_bytes > MAIL_BYTES_MAX {
            return Ok(Body::TooLarge);
        }
    }
}

/// Takes the dots away that SMTP puts before lines that begin with one (RFC 5321 §4.5.2). Only CRLF ends a line, so that
/// nothing within a mail is taken for its end.
struct Unstuffing {
    kept: Vec<u8>,
    place: Place,
}

#[derive(Clone, Copy)]
enum Place {
    LineStart,
    /// After the first dot of a line, which is dropped.
    Dot,
    /// After that dot and a CR, which is kept only if the mail goes on.
    DotCr,
    Inside,
    Cr,
}

impl Unstuffing {
    fn is_over_after(&mut self, byte: u8) -> bool {
        self.place = match (self.place, byte) {
            (Place::DotCr, b'\n') => return true,
            (Place::LineStart, b'.') => {
                self.place = Place::Dot;
                return false;
            }
            (Place::Dot, b'\r') => {
                self.place = Place::DotCr;
                return false;
            }
            (Place::DotCr, _) => {
                self.keep(b'\r');
                if byte == b'\r' { Place::Cr } else { Place::Inside }
            }
            (Place::Cr, b'\n') => Place::LineStart,
            (Place::LineStart | Place::Inside | Place::Cr, b'\r') => Place::Cr,
            (Place::LineStart | Place::Dot | Place::Inside | Place::Cr, _) => Place::Inside,
        };
        self.keep(byte);
        false
    }

    fn keep(&mut self, byte: u8) {
        if self.kept.len() < LOOKED_AT_BYTES_MAX {
            self.kept.push(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> Body {
        // A byte at a time, so that the dot is found wherever the stream was cut.
        body(&mut BufReader::with_capacity(1, bytes)).await.unwrap()
    }

    #[tokio::test]
    async fn a_mail_ends_at_a_dot_between_line_ends_and_nowhere_else() {
        for (sent, mail) in [
            ("a\r\n.\r\n", "a\r\n"),
            (".\r\n", ""),
            ("..\r\n...a\r\n.b\r\n.\r\nQUIT", ".\r\n..a\r\nb\r\n"),
            ("a\n.\nb\n.\r\nc\r\r\n.\r\n", "a\n.\nb\n.\r\nc\r\r\n"),
            (".\ra\r\n.\r\r\n.\r\n", "\ra\r\n\r\r\n"),
        ] {
            assert_eq!(read(sent.as_bytes()).await, Body::Whole(mail.as_bytes().to_vec()), "{sent:?}");
        }
        for cut in ["", "a\r\n", ".", ".\r", "a\n.\n", "a.\r\n"] {
            assert_eq!(read(cut.as_bytes()).await, Body::Cut, "{cut:?}");
        }
    }

    #[tokio::test]
    async fn no_more_of_a_mail_is_kept_than_is_looked_at_and_an_endless_one_is_refused() {
        let line = vec![b'x'; 64 * 1024];
        let sent = line.repeat(9).into_iter().chain(*b"\r\n.\r\n").collect::<Vec<_>>();
        let Body::Whole(kept) = body(&mut sent.as_slice()).await.unwrap() else { panic!("it ends") };
        assert_eq!(kept.len(), LOOKED_AT_BYTES_MAX);
        let endless = line.repeat(MAIL_BYTES_MAX / line.len() + 1);
        assert_eq!(body(&mut BufReader::new(endless.as_slice())).await.unwrap(), Body::TooLarge);
    }
}
