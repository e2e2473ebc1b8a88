//! A connection that gives out: the library keeps an answer whole, however long a server makes it.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes of one visit: what its mails have, and as much again.
const BYTES_MAX: u64 = 2 * (super::MAILS_MAX as u64) * (super::LOOKED_AT_BYTES_MAX as u64);

/// A connection, encrypted or not.
pub(super) trait Connection: AsyncRead + AsyncWrite + Unpin + Send + fmt::Debug {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Connection for Bounded<S> {}

/// A connection from which so much is read and no more.
pub(super) struct Bounded<S> {
    inner: S,
    left: u64,
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Bounded<S> {
    pub(super) fn boxed(inner: S) -> Box<dyn Connection> {
        Box::new(Self { inner, left: BYTES_MAX })
    }
}

impl<S> fmt::Debug for Bounded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bounded({})", self.left)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(Err(io::Error::other("the server says too much")));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let n = buffer.filled().len() - before;
        self.left = self.left.saturating_sub(n as u64);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncReadExt;

    use super::*;

    #[tokio::test]
    async fn what_is_said_beyond_the_bound_is_an_error() {
        let mut bounded = Bounded { inner: &b"four and more"[..], left: 4 };
        let mut buffer = [0; 4];
        bounded.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"four");
        assert!(bounded.read(&mut buffer).await.is_err());
    }
}
