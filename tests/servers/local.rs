//! A server of one thread in this process, for what no real server does on request.
//!
//! It ends with its value, and all its connections with it.

use std::{
    net::TcpListener as Bound,
    thread::{self, JoinHandle},
};

use tokio::{net::TcpListener, net::TcpStream, runtime::Builder, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// A running server.
pub(crate) struct Local {
    port: u16,
    stop: CancellationToken,
    thread: Option<JoinHandle<()>>,
}

impl Local {
    /// Listens on a free port of 127.0.0.1 and serves each connection with `serve`.
    pub(crate) fn start<F>(serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        Self::start_at(0, serve)
    }

    /// The same on a port that [`crate::port::free`] gave.
    pub(crate) fn start_at<F>(port: u16, serve: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + 'static,
    {
        let bound = Bound::bind(("127.0.0.1", port)).unwrap();
        bound.set_nonblocking(true).unwrap();
        let port = bound.local_addr().unwrap().port();
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            let served = async {
                let listener = TcpListener::from_std(bound).unwrap();
                let mut connections = JoinSet::new();
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    // Else each answer waits for the acknowledgement of the one before it.
                    stream.set_nodelay(true).unwrap();
                    while connections.try_join_next().is_some() {}
                    connections.spawn_local(serve(stream));
                }
            };
            tokio::task::LocalSet::new().block_on(&runtime, stopped.run_until_cancelled(served));
        });
        Self { port, stop, thread: Some(thread) }
    }

    /// The port of 127.0.0.1 that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Local {
    fn drop(&mut self) {
        self.stop.cancel();
        let ended = self.thread.take().map(JoinHandle::join);
        assert!(thread::panicking() || ended.is_none_or(|ended| ended.is_ok()), "a server of this process has failed");
    }
}
