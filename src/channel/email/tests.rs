//! The real client against a real server that misbehaves on command.

use std::sync::Arc;
use std::time::Duration;

use chrono::DateTime;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::*;
use crate::catcher::mailbox::Inbox;
use crate::catcher::smtp::{Act, Catcher, Moment, Script};
use crate::clock::VirtualClock;
use crate::domain::contact::Email;

mod ahead;
mod connections;
mod encryption;
mod outcomes;
mod parrot;
mod pipelining;
mod probing;
mod strangers;

/// A limit that a test is meant to run into.
const SHORT: Duration = Duration::from_millis(50);
/// A limit that no test is meant to run into.
const LONG: Duration = Duration::from_secs(20);

const LIMITS: SmtpTimeouts = SmtpTimeouts { ahead: LONG, ..SmtpTimeouts::all(LONG) };

/// A server with a script, and what it caught.
struct House {
    catcher: Catcher,
    inbox: Arc<Inbox>,
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl House {
    async fn open(script: impl Script + 'static) -> Self {
        let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inbox = Arc::new(Inbox::open(clock(), 1_000));
        let catcher = Catcher::start(listener, Arc::new(script), Arc::clone(&inbox), &tasks, &stop).unwrap();
        Self { catcher, inbox, tasks, stop }
    }

    /// One that takes commands in one go.
    async fn acting(act: impl Fn(Moment<'_>) -> Act + Send + Sync + 'static) -> Self {
        Self::open(Acting { act, takes_pipelining: true }).await
    }

    /// One that takes commands one by one.
    async fn acting_in_turn(act: impl Fn(Moment<'_>) -> Act + Send + Sync + 'static) -> Self {
        Self::open(Acting { act, takes_pipelining: false }).await
    }

    fn settings(&self) -> SmtpSettings {
        settings(self.catcher.address().port())
    }

    fn transport(&self) -> SmtpTransport {
        open(&self.settings())
    }

    fn n_caught(&self) -> usize {
        self.inbox.messages().len()
    }

    /// Stops the server; a task that does not end would hang the test.
    async fn close(self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}

/// A script made of a function.
struct Acting<F> {
    act: F,
    takes_pipelining: bool,
}

impl<F: Fn(Moment<'_>) -> Act + Send + Sync> Script for Acting<F> {
    fn act(&self, moment: Moment<'_>) -> Act {
        (self.act)(moment)
    }

    fn takes_pipelining(&self) -> bool {
        self.takes_pipelining
    }
}

fn clock() -> Arc<VirtualClock> {
    Arc::new(VirtualClock::at(DateTime::UNIX_EPOCH))
}

fn settings(port: u16) -> SmtpSettings {
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        ca_file: None,
        login: None,
        connections: 4,
        messages_per_connection: 100,
        per_second: None,
        timeouts: LIMITS,
    }
}

fn open(settings: &SmtpSettings) -> SmtpTransport {
    SmtpTransport::open(settings, "canvass.sole.example", clock()).unwrap()
}

fn mail_to(to: &str, bytes: &[u8]) -> OutboundMessage {
    OutboundMessage::Email(OutboundEmail {
        envelope_from: "b+token@bounce.sole.example".to_owned(),
        to: Email::parse(to).unwrap(),
        message_id: "inv.1@sole.example".to_owned(),
        bytes: bytes.to_vec(),
    })
}

fn mail() -> OutboundMessage {
    mail_to("guest@example.org", b"Subject: x\r\n\r\nhello\r\n")
}

/// The outcome in one line, without the reply.
pub(super) fn shape(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Accepted { .. } => "accepted".to_owned(),
        Outcome::Deferred { obstacle, .. } => format!("deferred by {obstacle:?}"),
        Outcome::Refused { address_dead, .. } => format!("refused dead={address_dead}"),
        Outcome::Unknown { .. } => "unknown".to_owned(),
    }
}

#[track_caller]
fn assert_outcome(outcome: &Outcome, expected: &str) {
    assert_eq!(shape(outcome), expected, "{}", outcome.reply());
}

#[track_caller]
fn check_setup(change: impl FnOnce(&mut SmtpSettings), expected: &str) {
    let mut settings = settings(25);
    change(&mut settings);
    let err = SmtpTransport::open(&settings, "canvass.sole.example", clock()).err().unwrap();
    assert_eq!(err.to_string(), expected);
}

#[test]
fn settings_that_cannot_work_are_refused_with_what_would() {
    check_setup(
        |s| s.host = "mail.example.org".to_owned(),
        "without TLS the relay must be on this machine, and `mail.example.org` is not; use `implicit` or `starttls`",
    );
    check_setup(
        |s| s.host = "192.0.2.1".to_owned(),
        "without TLS the relay must be on this machine, and `192.0.2.1` is not; use `implicit` or `starttls`",
    );
    check_setup(|s| s.connections = 0, "`connections` must be at least 1");
    check_setup(|s| s.messages_per_connection = 0, "`messages_per_connection` must be at least 1");
    let err = SmtpTransport::open(&settings(25), "two words", clock()).err().unwrap();
    assert_eq!(err.to_string(), "`two words` cannot be said in EHLO; write the full host name of this machine");
}
