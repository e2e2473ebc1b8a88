//! The byte stream under a conversation, TCP or TLS, and whose turn it is to speak.
//!
//! Nothing but their order says which command an answer belongs to. A server (or somebody in between) that speaks out of
//! turn would shift every later answer by one, and a refused message would be reported as accepted. So this stream
//! counts the answers that the server owes, hands over no other, and refuses to write while something unasked-for is
//! there to be read. The same look finds out that the server hung up while the connection was idle, before anything is
//! said on it.
//!
//! It bounds what a server may say, and keeps one buffer for all that it ever says.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::client::TlsStream;

use super::answer::{self, Answer, Scan};
use super::reply::{Reply, Trouble};

/// Longest answer to one command, in bytes.
const ANSWER_BYTES_MAX: usize = 16 * 1024;
/// How much is read at once, at least.
const READ_BYTES: usize = 1024;
/// How much of a long message is handed over at once. Between two pieces we listen: a server may have given up on it.
const PIECE_BYTES: usize = 64 * 1024;
/// The length of a final dot with its line end.
const DOT_BYTES: usize = 3;

/// A stream to a relay.
pub(super) struct Wire {
    socket: Socket,
    /// Read since we last wrote.
    heard: Vec<u8>,
    /// How much of it was handed over.
    n_used: usize,
    /// How many answers are still to come.
    n_owed: usize,
}

enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A stream in the clear, on which the server speaks first.
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self { socket: Socket::Plain(tcp), heard: Vec::new(), n_used: 0, n_owed: 1 }
    }

    /// An encrypted stream. The server greets when it was encrypted from the first byte, and does not after STARTTLS
    /// (RFC 3207 §4.2).
    pub(super) fn tls(tls: TlsStream<TcpStream>, is_greeting: bool) -> Self {
        Self { socket: Socket::Tls(Box::new(tls)), heard: Vec::new(), n_used: 0, n_owed: is_greeting.into() }
    }

    /// The socket, to be encrypted; an error if the server said more than it was asked. What is said in the clear
    /// after the go-ahead was put there by somebody else.
    pub(super) fn into_quiet_tcp(self) -> Result<TcpStream, Trouble> {
        match self.socket {
            Socket::Plain(tcp) if self.n_owed == 0 && self.n_used == self.heard.len() => Ok(tcp),
            Socket::Plain(_) | Socket::Tls(_) => Err(out_of_turn()),
        }
    }

    /// How many answers are still to come.
    pub(super) fn n_owed(&self) -> usize {
        self.n_owed
    }

    /// Says one command and hears its answer, which is trouble unless it is of the expected kind.
    pub(super) async fn ask(
        &mut self,
        limit: Duration,
        command: &[u8],
        is_expected: fn(u16) -> bool,
    ) -> Result<Answer<'_>, Trouble> {
        within(limit, async {
            self.say(command, 1).await?;
            self.hear().await
        })
        .await
        .and_then(|answer| expected(answer, is_expected))
    }

    /// Hears the next answer, which is trouble unless it is of the expected kind.
    pub(super) async fn expect(
        &mut self,
        limit: Duration,
        is_expected: fn(u16) -> bool,
    ) -> Result<Answer<'_>, Trouble> {
        within(limit, self.hear()).await.and_then(|answer| expected(answer, is_expected))
    }

    /// Says commands that the server owes this many answers to.
    pub(super) async fn say(&mut self, commands: &[u8], n_answers: usize) -> Result<(), Trouble> {
        self.listen().await?;
        self.n_owed = n_answers;
        match &mut self.socket {
            Socket::Plain(tcp) => tcp.write_all(commands).await,
            Socket::Tls(tls) => {
                tls.write_all(commands).await.map_err(lost)?;
                tls.flush().await
            }
        }
        .map_err(lost)
    }

    /// Hears the next answer.
    pub(super) async fn hear(&mut self) -> Result<Answer<'_>, Trouble> {
        let Some(n_owed) = self.n_owed.checked_sub(1) else { return Err(out_of_turn()) };
        loop {
            let unread = self.heard.get(self.n_used..).unwrap_or_default();
            match answer::scan(unread) {
                Scan::Whole { code, n_bytes } => {
                    self.n_owed = n_owed;
                    self.n_used += n_bytes;
                    let lines = self.heard.get(self.n_used - n_bytes..self.n_used).unwrap_or_default();
                    return Ok(Answer::of(code, lines));
                }
                Scan::Nonsense => return Err(Trouble::Lost("the server's answer is not one of SMTP".to_owned())),
                Scan::Part if unread.len() > ANSWER_BYTES_MAX => {
                    return Err(Trouble::Lost("the server's answer is too long".to_owned()));
                }
                Scan::Part => (),
            }
            if self.read().await.map_err(lost)? == 0 {
                return Err(Trouble::Lost("the server hung up before its answer was complete".to_owned()));
            }
        }
    }

    /// Writes a message and what ends it, and then commands that the server owes so many answers to, all in one go where
    /// the message is short. `is_dotted` becomes true when a byte of the final dot may have left; it stays readable when
    /// this is cut short.
    pub(super) async fn pour(
        &mut self,
        (body, end): (&[u8], &[u8]),
        (commands, n_answers): (&[u8], usize),
        is_dotted: &mut bool,
    ) -> Result<(), Trouble> {
        let mut body = body;
        while let Some((piece, _)) = body.split_at_checked(PIECE_BYTES) {
            self.listen().await?;
            let n_written = self.write(&[IoSlice::new(piece)]).await?;
            body = body.get(n_written..).unwrap_or_default();
        }
        let mut parts = [IoSlice::new(body), IoSlice::new(end), IoSlice::new(commands)];
        let mut left = parts.as_mut_slice();
        let mut n_left = body.len() + end.len() + commands.len();
        while n_left > 0 {
            if !*is_dotted {
                self.listen().await?;
            }
            match self.write(left).await {
                Ok(n_written) => {
                    n_left = n_left.saturating_sub(n_written);
                    *is_dotted |= n_left < DOT_BYTES + commands.len();
                    IoSlice::advance_slices(&mut left, n_written);
                }
                Err(err) => {
                    // A socket that fails took nothing, but TLS may have sent a part of what it was given.
                    *is_dotted |= matches!(self.socket, Socket::Tls(_));
                    return Err(err);
                }
            }
        }
        self.n_owed = 1 + n_answers;
        match &mut self.socket {
            Socket::Plain(_) => Ok(()),
            Socket::Tls(tls) => tls.flush().await.map_err(lost),
        }
    }

    /// Writes something of it.
    async fn write(&mut self, parts: &[IoSlice<'_>]) -> Result<usize, Trouble> {
        let written = match &mut self.socket {
            Socket::Plain(tcp) => tcp.write_vectored(parts).await,
            Socket::Tls(tls) => tls.write_vectored(parts).await,
        };
        match written {
            Ok(0) => Err(lost(io::ErrorKind::WriteZero.into())),
            written => written.map_err(lost),
        }
    }

    /// Before we speak: no answer may be outstanding, and nothing there to read.
    async fn listen(&mut self) -> Result<(), Trouble> {
        if self.n_owed > 0 {
            return Err(out_of_turn());
        }
        if self.n_used < self.heard.len() {
            return Err(self.interruption());
        }
        self.heard.clear();
        self.n_used = 0;
        let found = {
            let mut read = pin!(self.read());
            poll_fn(|cx| match read.as_mut().poll(cx) {
                Poll::Ready(found) => Poll::Ready(Some(found)),
                Poll::Pending => Poll::Ready(None),
            })
            .await
        };
        match found {
            None => Ok(()),
            Some(Ok(0)) => Err(Trouble::Lost("the server had hung up".to_owned())),
            Some(Ok(_)) => Err(self.interruption()),
            Some(Err(err)) => Err(lost(err)),
        }
    }

    /// Something came that nobody asked for. Only 421 may (RFC 5321 §3.8); it says why the server hangs up.
    fn interruption(&self) -> Trouble {
        let unread = self.heard.get(self.n_used..).unwrap_or_default();
        match answer::scan(unread) {
            Scan::Whole { code: 421, n_bytes } => {
                let lines = unread.get(..n_bytes).unwrap_or_default();
                Trouble::Answer(Reply::from(Answer::of(421, lines)))
            }
            Scan::Whole { .. } | Scan::Part | Scan::Nonsense => out_of_turn(),
        }
    }

    /// Reads what there is; 0 at the end of the stream.
    async fn read(&mut self) -> io::Result<usize> {
        self.heard.reserve(READ_BYTES);
        match &mut self.socket {
            Socket::Plain(tcp) => tcp.read_buf(&mut self.heard).await,
            Socket::Tls(tls) => tls.read_buf(&mut self.heard).await,
        }
    }
}

/// Gives a step its limit.
pub(super) async fn within<T>(limit: Duration, step: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    timeout(limit, step).await.unwrap_or(Err(Trouble::Late(limit)))
}

fn expected(answer: Answer<'_>, is_expected: fn(u16) -> bool) -> Result<Answer<'_>, Trouble> {
    if is_expected(answer.code) { Ok(answer) } else { Err(Trouble::Answer(Reply::from(answer))) }
}

fn out_of_turn() -> Trouble {
    Trouble::Lost("the server spoke out of turn".to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
fn lost(err: io::Error) -> Trouble {
    Trouble::Lost(err.to_string())
}
