//! A gateway for tests: reads requests and does with each what its script says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;

/// What to do with one request.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Read it and send these bytes; the connection stays open.
    Answer(String),
    /// The same, and close.
    AnswerAndClose(String),
    /// Answer only when so many requests are there at once.
    Together(usize, String),
    /// Read it and say nothing.
    Hang,
    /// Read it and close.
    CloseAfterReading,
    /// Close the connection as soon as it is there.
    CloseUnread,
}

/// An answer with a body of known length.
pub(super) fn answer(status: u16, headers: &str, body: &str) -> Step {
    Step::Answer(format!("HTTP/1.1 {status} Words\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len()))
}

/// A server on a port of its own; ends with its test.
pub(super) struct Server {
    address: SocketAddr,
    state: Arc<(Mutex<State>, Condvar)>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<String>,
    n_at_once: usize,
    n_at_once_max: usize,
    gathered: usize,
    hanging: Vec<TcpStream>,
}

impl Server {
    pub(super) fn start(steps: &[Step]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new((
            Mutex::new(State { script: steps.iter().cloned().collect(), ..State::default() }),
            Condvar::new(),
        ));
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&shared);
                if matches!(lock(&shared.0).script.front(), Some(Step::CloseUnread)) {
                    lock(&shared.0).script.pop_front();
                    continue;
                }
                thread::spawn(move || serve(&stream, &shared));
            }
        });
        Self { address, state }
    }

    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests that were read whole.
    pub(super) fn requests(&self) -> Vec<String> {
        lock(&self.state.0).requests.clone()
    }

    /// The most requests that were there at once.
    pub(super) fn n_at_once_max(&self) -> usize {
        lock(&self.state.0).n_at_once_max
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap()
}

/// Serves one connection until it closes.
fn serve(stream: &TcpStream, (state, changed): &(Mutex<State>, Condvar)) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some(request) = read_request(&mut reader) {
        let step = {
            let mut state = lock(state);
            state.requests.push(request);
            state.n_at_once += 1;
            state.n_at_once_max = state.n_at_once_max.max(state.n_at_once);
            state.script.pop_front()
        };
        let (text, closes) = match step {
            Some(Step::Answer(text)) => (text, false),
            Some(Step::AnswerAndClose(text)) => (text, true),
            Some(Step::Together(n, text)) => {
                let mut state = lock(state);
                state.gathered += 1;
                changed.notify_all();
                drop(changed.wait_while(state, |state| state.gathered < n).unwrap());
                (text, false)
            }
            Some(Step::Hang) => {
                lock(state).hanging.push(stream.try_clone().unwrap());
                return;
            }
            Some(Step::CloseAfterReading | Step::CloseUnread) | None => (String::new(), true),
        };
        lock(state).n_at_once -= 1;
        let is_written = (&*stream).write_all(text.as_bytes()).is_ok();
        if closes || !is_written {
            drop(stream.shutdown(Shutdown::Both));
            return;
        }
    }
}

/// A request up to the end of its body; `None` when the connection ends before.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<String> {
    let (mut request, mut length) = (String::new(), 0);
    loop {
        let before = request.len();
        if reader.read_line(&mut request).ok()? == 0 {
            return None;
        }
        let line = request.split_at(before).1.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    request.push_str(&String::from_utf8(body).ok()?);
    Some(request)
}
