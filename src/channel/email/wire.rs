//! The byte stream under a conversation: TCP or TLS, one reply line at a time.
//!
//! Lettre matches replies to commands by order alone. A server (or somebody in between) that speaks out of turn would
//! shift every later reply by one, and a refused message would be reported as accepted. So this stream hands over one
//! line at a time, and refuses to write a command while something unasked-for is there to be read. The same look finds
//! out that the server hung up while the connection was idle, before anything is said on it.
//!
//! It also bounds what a server may say, which lettre does only after it has read a whole line, and makes replies ASCII,
//! because lettre loses a reply that is not UTF-8 and an accepted message would then be called unknown.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;

/// Longest reply to one command, in bytes.
pub(super) const REPLY_BYTES_MAX: usize = 16 * 1024;

/// How much is read at once.
const READ_BYTES: usize = 2048;

/// A stream to a relay.
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    /// Read, but not handed over yet.
    held: Vec<u8>,
    /// Bytes read since we last wrote.
    n_read: usize,
    /// Whether we wrote last, so that it is the server's turn.
    asked: bool,
}

#[derive(Debug)]
enum Socket {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Wire {
    /// A stream on which the server speaks first.
    pub(super) fn plain(tcp: TcpStream) -> Self {
        Self { socket: Socket::Plain(tcp), held: Vec::new(), n_read: 0, asked: true }
    }

    /// An encrypted stream. `greeting` is what the reader is to see first: after STARTTLS the server sends none
    /// (RFC 3207 §4.2), yet lettre waits for one.
    pub(super) fn tls(tls: TlsStream<TcpStream>, greeting: &str) -> Self {
        let held = greeting.as_bytes().to_vec();
        Self { socket: Socket::Tls(Box::new(tls)), held, n_read: 0, asked: true }
    }

    /// The socket, to be encrypted; an error if the server said more than it was asked. What is said in the clear
    /// after the go-ahead was put there by somebody else.
    pub(super) fn into_quiet_tcp(self) -> Result<TcpStream> {
        match self.socket {
            Socket::Plain(tcp) if self.held.is_empty() => Ok(tcp),
            Socket::Plain(_) | Socket::Tls(_) => Err(out_of_turn()),
        }
    }

    /// Reads what there is into `held`; 0 at the end of the stream.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize>> {
        let mut bytes = [0; READ_BYTES];
        let mut buf = ReadBuf::new(&mut bytes);
        ready!(Pin::new(self.socket.as_read()).poll_read(cx, &mut buf))?;
        let read = buf.filled();
        self.n_read += read.len();
        if self.n_read > REPLY_BYTES_MAX {
            return Poll::Ready(Err(Error::new(ErrorKind::InvalidData, "the server's reply is too long")));
        }
        self.held.extend(read.iter().map(|byte| if byte.is_ascii() { *byte } else { b'?' }));
        Poll::Ready(Ok(read.len()))
    }

    /// Before the first byte of a command: nothing may be there to read.
    fn poll_silence(&mut self, cx: &mut Context<'_>) -> Result<()> {
        if !self.held.is_empty() {
            return Err(out_of_turn());
        }
        match self.poll_fill(cx) {
            Poll::Pending => Ok(()),
            Poll::Ready(Ok(0)) => Err(Error::new(ErrorKind::ConnectionReset, "the server had hung up")),
            Poll::Ready(Ok(_)) => Err(out_of_turn()),
            Poll::Ready(Err(err)) => Err(err),
        }
    }
}

fn out_of_turn() -> Error {
    Error::new(ErrorKind::InvalidData, "the server spoke out of turn")
}

impl Socket {
    fn as_read(&mut self) -> &mut (dyn AsyncRead + Unpin) {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls,
        }
    }

    fn as_write(&mut self) -> &mut (dyn AsyncWrite + Unpin) {
        match self {
            Self::Plain(tcp) => tcp,
            Self::Tls(tls) => tls,
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let wire = self.get_mut();
        if wire.held.is_empty() && ready!(wire.poll_fill(cx))? == 0 {
            return Poll::Ready(Ok(()));
        }
        wire.asked = false;
        let line_end = wire.held.iter().position(|&byte| byte == b'\n').map_or(wire.held.len(), |at| at + 1);
        let line: Vec<u8> = wire.held.drain(..line_end.min(buf.remaining())).collect();
        buf.put_slice(&line);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let wire = self.get_mut();
        if !wire.asked {
            wire.poll_silence(cx)?;
            wire.asked = true;
            wire.n_read = 0;
        }
        Pin::new(wire.socket.as_write()).poll_write(cx, bytes)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(self.get_mut().socket.as_write()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(self.get_mut().socket.as_write()).poll_shutdown(cx)
    }
}

impl AsyncTokioStream for Wire {
    fn peer_addr(&self) -> Result<SocketAddr> {
        match &self.socket {
            Socket::Plain(tcp) => tcp.peer_addr(),
            Socket::Tls(tls) => tls.get_ref().0.peer_addr(),
        }
    }
}
