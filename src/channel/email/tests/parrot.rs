//! A server that answers whatever it is sent with one text after another.

use std::sync::Mutex;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

/// What is said over one connection: the greeting, then an answer for everything that arrives.
pub(super) type Texts = &'static [&'static [u8]];

/// A running one.
pub(super) struct Parrot {
    port: u16,
    heard: Arc<Mutex<Vec<Vec<String>>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Parrot {
    /// Serves one connection after another, each with its texts.
    pub(super) async fn start(connections: &'static [Texts]) -> Self {
        Self::speaking(connections, false).await
    }

    /// The same, one byte at a time.
    pub(super) async fn start_stuttering(connections: &'static [Texts]) -> Self {
        Self::speaking(connections, true).await
    }

    async fn speaking(connections: &'static [Texts], is_stuttering: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let parrot = Self { port, heard: Arc::default(), tasks: TaskTracker::new(), stop: CancellationToken::new() };
        let (heard, stop) = (Arc::clone(&parrot.heard), parrot.stop.clone());
        parrot.tasks.spawn(async move {
            for texts in connections {
                let mut tcp = tokio::select! {
                    accepted = listener.accept() => accepted.unwrap().0,
                    () = stop.cancelled() => return,
                };
                heard.lock().unwrap().push(Vec::new());
                talk(&mut tcp, texts, is_stuttering, &heard).await;
            }
        });
        parrot.tasks.close();
        parrot
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// What was heard over each connection, one text for each time that something came. Whoever talks to it must have
    /// hung up.
    pub(super) async fn close(self) -> Vec<Vec<String>> {
        self.stop.cancel();
        self.tasks.wait().await;
        std::mem::take(&mut *self.heard.lock().unwrap())
    }
}

/// Answers until the texts are used up, and listens until the client hangs up.
async fn talk(tcp: &mut TcpStream, texts: Texts, is_stuttering: bool, heard: &Mutex<Vec<Vec<String>>>) {
    tcp.set_nodelay(true).unwrap();
    let mut bytes = vec![0; 64 * 1024];
    let piece_bytes = if is_stuttering { 1 } else { usize::MAX };
    let mut texts = texts.iter();
    loop {
        for piece in texts.next().copied().unwrap_or_default().chunks(piece_bytes) {
            // A client that hung up is what some tests wait for.
            if tcp.write_all(piece).await.is_err() {
                return;
            }
            if is_stuttering {
                tokio::task::yield_now().await;
            }
        }
        let n_read = tcp.read(&mut bytes).await.unwrap_or(0);
        if n_read == 0 {
            return;
        }
        let text = String::from_utf8_lossy(&bytes[..n_read]).into_owned();
        heard.lock().unwrap().last_mut().unwrap().push(text);
    }
}
