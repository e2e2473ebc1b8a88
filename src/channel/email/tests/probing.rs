//! A look at the relay says hello, who we are and goodbye, and nothing else.

use data_encoding::BASE64;

use super::parrot::{Parrot, Texts};
use super::*;
use crate::channel::email::probe::{ProbeError, probe};

const GREETING: &[u8] = b"220 relay\r\n";
const OFFERS: &[u8] = b"250-relay\r\n250 AUTH PLAIN\r\n";

/// Looks at a server that says this. Gives what came of it, and all that the server heard.
async fn looked(connections: &'static [Texts], limit: Duration) -> (Result<(), ProbeError>, String) {
    let parrot = Parrot::start(connections).await;
    let login = Some(("canvass".to_owned(), Secret::new("hush")));
    let found = probe(&SmtpSettings { login, ..settings(parrot.port()) }, "canvass.sole.example", limit).await;
    (found, parrot.close().await.concat().concat())
}

#[tokio::test]
async fn a_look_at_the_relay_ends_before_any_mail() {
    let (found, heard) = looked(&[&[GREETING, OFFERS, b"235 welcome\r\n", b"221 bye\r\n"]], LONG).await;
    assert!(found.is_ok(), "{found:?}");
    let plain = BASE64.encode(b"\0canvass\0hush");
    assert_eq!(heard, format!("EHLO canvass.sole.example\r\nAUTH PLAIN {plain}\r\nQUIT\r\n"));
}

#[tokio::test]
async fn who_is_not_let_in_is_told_apart_from_who_is_not_wanted() {
    let (found, _) = looked(&[&[GREETING, OFFERS, b"535 5.7.8 who are you?\r\n"]], LONG).await;
    let found = found.unwrap_err();
    assert!(matches!(found, ProbeError::Login(_)), "{found:?}");
    assert_eq!(found.to_string(), "the relay answers `535 5.7.8 who are you?`");
    let (found, heard) = looked(&[&[b"554 go away\r\n"]], LONG).await;
    assert!(matches!(found, Err(ProbeError::Refused(_))), "{found:?}");
    assert_eq!(heard, "");
    let (found, _) = looked(&[&[GREETING, b"250 relay\r\n"]], LONG).await;
    assert!(matches!(found, Err(ProbeError::Lost(_))), "{found:?}");
}
