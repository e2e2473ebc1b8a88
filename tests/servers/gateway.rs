//! An SMS gateway in this process that answers over HTTP as Twilio does, and misbehaves on request.
//!
//! It never drops a message that it was given before, as real ones do not either: a message that is sent twice is taken
//! twice.

use std::{
    io::Write as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::local::Local;

/// Longest request, in bytes.
const REQUEST_BYTES_MAX: usize = 16 * 1024;

/// What is said to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// 201, and the message has an id.
    Taken,
    /// Another status, without a body.
    Status(u16),
    /// Nothing, and the connection stays open.
    Silence,
    /// Nothing, and the connection is closed.
    HangUp,
}

/// A running gateway.
pub(crate) struct Gateway {
    local: Local,
}

impl Gateway {
    /// Starts one that hands the body of each request to `take`, as soon as it is whole, and answers what that says.
    pub(crate) fn start(take: impl Fn(&str) -> Answer + Clone + Send + 'static) -> Self {
        Self::start_at(0, take)
    }

    /// The same on a port that [`crate::port::free`] gave.
    pub(crate) fn start_at(port: u16, take: impl Fn(&str) -> Answer + Clone + Send + 'static) -> Self {
        let n_taken = Arc::<AtomicU64>::default();
        Self { local: Local::start_at(port, move |stream| serve(stream, take.clone(), Arc::clone(&n_taken))) }
    }

    /// Settings for text messages through it, with so many at once.
    pub(crate) fn settings(&self, inflight: usize) -> String {
        settings(self.port(), inflight)
    }

    /// The port of 127.0.0.1 that it listens on.
    pub(crate) fn port(&self) -> u16 {
        self.local.port()
    }
}

/// Settings for text messages through a gateway at this port that answers as Twilio does, with so many at once.
pub(crate) fn settings(port: u16, inflight: usize) -> String {
    format!(
        "[sms]\ntransport = \"gateway\"\ngateway = \"local\"\n[sms.gateways.local]\npreset = \"twilio\"\n\
         url = \"http://127.0.0.1:{port}/2010-04-01/Accounts/{{account_sid}}/Messages.json\"\n\
         account_sid = \"AC00000000000000000000000000000000\"\ntoken_file = \"local.token\"\nfrom = \"+15005550006\"\n\
         max_inflight = {inflight}\nbody = {{ form = {{ Reference = \"{{reference}}\" }} }}\n"
    )
}

/// Serves one connection until its end.
async fn serve(mut stream: TcpStream, take: impl Fn(&str) -> Answer, n_taken: Arc<AtomicU64>) {
    let (mut request, mut answer) = (Vec::new(), Vec::new());
    loop {
        let Some(Frame { head, whole, is_last }) = Frame::read(&request) else {
            // Whoever is killed says no goodbye.
            match stream.read_buf(&mut request).await {
                Ok(1..) if request.len() <= REQUEST_BYTES_MAX => continue,
                Ok(_) | Err(_) => return,
            }
        };
        // It tells nobody what it took: whoever asks has to do without.
        let is_question = request.starts_with(b"GET ");
        let body = str::from_utf8(&request[head..whole]).unwrap();
        let said = if is_question { Answer::Status(404) } else { take(body) };
        request.drain(..whole);
        answer.clear();
        match said {
            Answer::Taken => write_taken(&mut answer, n_taken.fetch_add(1, Ordering::Relaxed)),
            Answer::Status(status) => write!(answer, "HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n").unwrap(),
            Answer::Silence => std::future::pending().await,
            Answer::HangUp => return,
        }
        if stream.write_all(&answer).await.is_err() || is_last {
            return;
        }
    }
}

/// A whole request.
struct Frame {
    /// Where its head ends.
    head: usize,
    /// Where it ends.
    whole: usize,
    /// Whether the client wants the connection closed after the answer.
    is_last: bool,
}

impl Frame {
    /// The request at the beginning of `bytes`, once it is whole.
    fn read(bytes: &[u8]) -> Option<Self> {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
        let (mut length, mut is_last) = (0, false);
        for line in str::from_utf8(&bytes[..head]).unwrap().lines() {
            match line.split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => length = value.parse().unwrap(),
                Some((name, value)) if name.eq_ignore_ascii_case("connection") => is_last = value == "close",
                Some(_) | None => (),
            }
        }
        (head + length <= bytes.len()).then_some(Self { head, whole: head + length, is_last })
    }
}

/// As long as what Twilio says, and with its fields.
fn write_taken(answer: &mut Vec<u8>, n: u64) {
    const ACCOUNT: &str = "AC00000000000000000000000000000000";
    let body = format!(
        "{{\"account_sid\":\"{ACCOUNT}\",\"api_version\":\"2010-04-01\",\"body\":\"How was your visit? Two questions, one \
         minute: https://s.sole.example/s/0123456789abcdefghijklmnopqrstuvwx\",\"date_created\":\"Fri, 06 Mar 2026 \
         20:15:00 +0000\",\"date_sent\":null,\"date_updated\":\"Fri, 06 Mar 2026 20:15:00 +0000\",\"direction\":\
         \"outbound-api\",\"error_code\":null,\"error_message\":null,\"from\":\"+15005550006\",\"messaging_service_sid\":\
         null,\"num_media\":\"0\",\"num_segments\":\"1\",\"price\":null,\"price_unit\":null,\"sid\":\"SM{n:032x}\",\"status\":\
         \"queued\",\"subresource_uris\":{{\"media\":\"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{n:032x}/Media.json\"}},\
         \"to\":\"+4915112345678\",\"uri\":\"/2010-04-01/Accounts/{ACCOUNT}/Messages/SM{n:032x}.json\"}}"
    );
    write!(
        answer,
        "HTTP/1.1 201 CREATED\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::{Answer, Gateway};
    use crate::http;

    #[test]
    fn a_text_message_is_taken_as_often_as_it_is_sent() {
        let bodies = Arc::<Mutex<Vec<String>>>::default();
        let seen = Arc::clone(&bodies);
        let gateway = Gateway::start(move |body| {
            seen.lock().unwrap().push(body.to_owned());
            Answer::Taken
        });
        let sids =
            [0, 1].map(|_| http::post_form(gateway.port(), "/Messages.json", &[("To", "+49")]).json()["sid"].clone());
        assert_ne!(sids[0], sids[1]);
        assert_eq!(*bodies.lock().unwrap(), ["To=%2B49", "To=%2B49"]);
    }

    #[test]
    fn a_text_message_can_be_refused() {
        let gateway = Gateway::start(|_| Answer::Status(503));
        assert_eq!(http::post_form(gateway.port(), "/Messages.json", &[]).status, 503);
    }
}
