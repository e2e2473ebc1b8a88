//! `[email.bounce_mailbox]`, right and wrong.

use std::time::Duration;

use super::*;
use crate::channel::email::{Then, Tls};

const MAILBOX: &str = "[email.bounce_mailbox]\nhost = \"imap.sole.example\"\nusername = \"bounces\"\n";

/// A mailbox with these lines, of which the first is line 12, has this problem.
#[track_caller]
fn check_mailbox(lines: &str, expected: &str) {
    let text = format!("{CANVASS}{MAILBOX}password_file = \"secret\"\n{lines}\n");
    let problems = Sample::sound().with("secret", "hush").with("canvass.toml", &text).problems();
    assert_eq!(problems, format!("config/canvass.toml:12:{expected}"));
}

#[test]
fn what_is_left_out_has_a_value_that_harms_nothing() {
    let text = format!("{CANVASS}{MAILBOX}");
    let sample = Sample::sound().with("canvass.toml", &text).env("CREDENTIALS_DIRECTORY", "credentials");
    let mailbox = sample.with("credentials/bounce-mailbox-password", "hush").settings().email.unwrap().bounce_mailbox;
    let mailbox = mailbox.unwrap();
    assert_eq!((mailbox.port, mailbox.tls, mailbox.folder.as_str()), (993, Tls::Implicit, "INBOX"));
    assert_eq!(
        (mailbox.every, &mailbox.then, mailbox.password.expose()),
        (Duration::from_mins(1), &Then::MarkSeen, "hush")
    );
    assert!(!format!("{mailbox:?}").contains("hush"));
}

#[test]
fn what_cannot_be_is_told_with_what_could() {
    check_mailbox(
        "tls = \"none\"",
        "7: email.bounce_mailbox.tls: the password would cross the network to `imap.sole.example` in the open; use \
         `implicit` or `starttls` (`none` is for a server on this machine)",
    );
    check_mailbox(
        "then = \"burn\"",
        "8: email.bounce_mailbox.then: `burn` is nothing that can be done with a mail; use `seen`, `delete`, or `move:` \
         and a folder",
    );
    check_mailbox(
        "then = \"move:INBOX\"",
        "8: email.bounce_mailbox.then: the mails are in `INBOX` already; name another folder",
    );
    check_mailbox(
        "then = \"move:\"",
        "8: email.bounce_mailbox.then: `` is no name of a folder; write it in at most 200 ASCII characters, as the server \
         does",
    );
    check_mailbox(
        "folder = \"Rückläufer\"",
        "10: email.bounce_mailbox.folder: `Rückläufer` is no name of a folder; write it in at most 200 ASCII characters, as \
         the server does",
    );
    check_mailbox("every = \"1s\"", "9: email.bounce_mailbox.every: `1s` is out of bounds: from 10s to 1d is possible");
    check_mailbox(
        "ca_file = \"none.pem\"",
        "11: email.bounce_mailbox.ca_file: `config/none.pem` cannot be read: entity not found",
    );
}
