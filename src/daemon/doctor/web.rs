//! The address that all links begin with: whether canvass answers there.

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use reqwest::{Client, Response, Url, redirect};

use super::STEP_MAX;
use super::relay::is_public;
use super::said::Said;
use crate::chain::Chain;
use crate::clock::Clock;
use crate::web::ROBOTS;

/// What a clock elsewhere showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    /// Whose clock it is.
    pub(super) host: String,
    /// What it showed, in whole seconds.
    pub(super) theirs: DateTime<Utc>,
    /// What ours showed then.
    pub(super) ours: DateTime<Utc>,
}

/// Asks for what only canvass says there. Gives the clock of whoever answered too, unless it is this machine's.
pub(super) async fn ask(url: &str, clock: &dyn Clock) -> (Said, Option<Seen>) {
    let host = Url::parse(url).ok().and_then(|url| Some(url.host_str()?.to_owned())).unwrap_or_default();
    let is_here = is_here(&host);
    let mut answer = match get(url).await {
        Ok(answer) => answer,
        Err(error) => {
            let found = format!("{url} does not answer this machine: {}", Chain(&error.without_url()));
            let advice = "see whether canvass runs, the name leads here, the certificate is right, and the reverse proxy \
                          passes everything on to [public] listen";
            return (Said::problem(found, advice), None);
        }
    };
    let date = answer.headers().get("date").and_then(|date| DateTime::parse_from_rfc2822(date.to_str().ok()?).ok());
    let seen = date.filter(|_| !is_here).map(|date| Seen { host, theirs: date.to_utc(), ours: clock.now() });
    let is_ours = answer.status().is_success() && begins_with(&mut answer, ROBOTS.as_bytes()).await;
    let said = if is_ours {
        said_of(url, is_here)
    } else {
        let found = format!("somebody else than canvass answers at {url} (status {})", answer.status().as_u16());
        Said::problem(found, "let the reverse proxy pass everything on to [public] listen, and start canvass")
    };
    (said, seen)
}

fn said_of(url: &str, is_here: bool) -> Said {
    if is_here {
        let found = format!("canvass answers at {url}, but nobody else's machine finds it there");
        return Said::warning(found, "set [public] url to the name that guests reach it by, with https://");
    }
    if !url.starts_with("https://") {
        let found = format!("canvass answers at {url}, but answers of guests cross the network in the open");
        return Said::warning(
            found,
            "put a reverse proxy with HTTPS before it, and let [public] url begin with https://",
        );
    }
    Said::ok(format!("canvass answers at {url}, asked from this machine"))
}

async fn get(url: &str) -> Result<Response, reqwest::Error> {
    let mut client = Client::builder()
        .user_agent(concat!("canvass/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .no_proxy()
        .timeout(STEP_MAX);
    if !url.starts_with("https://") {
        // No certificates will be looked at, so a machine without authorities is good enough.
        client = client.tls_certs_only([]);
    }
    client.build()?.get(format!("{url}/robots.txt")).send().await
}

/// Whether the body is this, as far as it is this long: no more is read of what a stranger says.
async fn begins_with(answer: &mut Response, expected: &[u8]) -> bool {
    let mut read = Vec::new();
    while read.len() < expected.len() {
        match answer.chunk().await {
            Ok(Some(chunk)) => read.extend_from_slice(&chunk),
            Ok(None) | Err(_) => return false,
        }
    }
    read.starts_with(expected)
}

fn is_here(host: &str) -> bool {
    let bare = host.trim_matches(['[', ']']);
    bare.parse::<IpAddr>().map_or(bare == "localhost", |address| !is_public(address))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::clock::VirtualClock;
    use crate::daemon::doctor::said::Verdict;

    /// What is said of an address at which somebody answers so.
    async fn said_of_answer(answer: &str) -> Said {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let clock = VirtualClock::at("2026-03-01T12:00:00Z".parse().unwrap());
        let serve = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut heard = [0; 1_024];
            let n = stream.read(&mut heard).await.unwrap();
            assert!(heard[..n].starts_with(b"GET /robots.txt "));
            stream.write_all(answer.as_bytes()).await.unwrap();
        };
        let ((said, seen), ()) = tokio::join!(ask(&url, &clock), serve);
        assert_eq!(seen, None, "the clock of this machine");
        said
    }

    #[tokio::test]
    async fn only_canvass_says_what_canvass_says() {
        let answer = |status: &str, body: &str| {
            let length = body.len();
            let date = "date: Sun, 01 Mar 2026 12:00:00 GMT";
            format!("HTTP/1.1 {status}\r\n{date}\r\ncontent-length: {length}\r\n\r\n{body}")
        };
        let ours = said_of_answer(&answer("200 OK", ROBOTS)).await;
        assert!(ours.verdict == Verdict::Warning && ours.found.starts_with("canvass answers at"), "{ours:?}");
        let others = [("200 OK", "Welcome to nginx!"), ("200 OK", "User"), ("404 Not Found", ROBOTS), ("502 Bad", "")];
        for (status, body) in others {
            let other = said_of_answer(&answer(status, body)).await;
            assert!(other.verdict == Verdict::Problem && other.found.starts_with("somebody else"), "{other:?}");
        }
    }

    #[test]
    fn links_belong_on_https_and_to_a_name_of_the_world() {
        assert_eq!(said_of("https://s.sole.example", false).verdict, Verdict::Ok);
        assert_eq!(said_of("http://s.sole.example", false).verdict, Verdict::Warning);
        assert!(is_here("localhost") && is_here("[::1]") && is_here("10.0.0.1"));
        assert!(!is_here("s.sole.example") && !is_here("192.0.2.7"));
    }
}
