//! One HTTP request over a plain socket.
//!
//! The harness must not share code with the product that it checks, and the servers here speak nothing but HTTP/1.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use form_urlencoded::Serializer;
use serde_json::Value;

/// What came back.
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Status line and headers.
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Reply {
    /// The body as JSON, of a request that must have been done.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        assert!((200..300).contains(&self.status), "{}\n{}", self.head, self.body);
        serde_json::from_str(&self.body).unwrap()
    }
}

/// Status and body of `GET path` on `port` of 127.0.0.1. `path` begins with a slash and is escaped already.
pub(crate) fn get(port: u16, path: &str) -> (u16, String) {
    let reply = request(port, "GET", path, None);
    (reply.status, reply.body)
}

/// Hands in a form, as a browser does.
pub(crate) fn post_form(port: u16, path: &str, fields: &[(&str, &str)]) -> Reply {
    let body = Serializer::new(String::new()).extend_pairs(fields).finish();
    request(port, "POST", path, Some(("application/x-www-form-urlencoded", &body)))
}

/// Posts JSON, as a caller's system does.
pub(crate) fn post_json(port: u16, path: &str, body: &Value) -> Reply {
    request(port, "POST", path, Some(("application/json", &body.to_string())))
}

fn request(port: u16, method: &str, path: &str, body: Option<(&str, &str)>) -> Reply {
    let (kind, body) = body.unwrap_or(("text/plain", ""));
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    // A visit without a browser's name would be taken for a robot's.
    let head = format!(
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nUser-Agent: Mozilla/5.0\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all((head + body).as_bytes()).unwrap();
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).unwrap();
    let reply = String::from_utf8(reply).unwrap();
    let (head, body) = reply.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no HTTP reply: {reply:?}"));
    let status = head.split(' ').nth(1).unwrap_or_else(|| panic!("no status: {head:?}"));
    Reply { status: status.parse().unwrap(), head: head.to_owned(), body: body.to_owned() }
}
