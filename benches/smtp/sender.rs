//! The sender alone, as fast as it takes mails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use canvass::{
    channel::{
        OutboundEmail, OutboundMessage, Transport,
        email::{SmtpSettings, SmtpTimeouts, SmtpTransport, Tls},
    },
    clock::SystemClock,
    domain::{attempt::Outcome, contact::Email},
};
use tokio::task::JoinSet;

use crate::{figures::Run, meter, smtp_source::BODY_BYTES};

/// Sends so many mails to `port` of 127.0.0.1 over so many connections, which are opened before and closed after them as
/// `smtp-source` does.
pub(crate) async fn run(port: u16, sessions: usize, n_messages: usize) -> Run {
    let transport = SmtpTransport::open(&settings(port, sessions), "client.example", Arc::new(SystemClock)).unwrap();
    let (transport, message, n_begun) = (Arc::new(transport), Arc::new(mail()), Arc::<AtomicUsize>::default());
    let cpu = || meter::cpu(std::process::id());
    let (spent, begun) = (cpu(), Instant::now());
    let mut workers = JoinSet::new();
    // As many again wait for a connection, so that each learns early what comes next.
    for _ in 0..2 * sessions {
        let (transport, message, n_begun) = (Arc::clone(&transport), Arc::clone(&message), Arc::clone(&n_begun));
        workers.spawn(async move {
            while n_begun.fetch_add(1, Ordering::Relaxed) < n_messages {
                let outcome = transport.send(&message).await;
                assert!(matches!(outcome, Outcome::Accepted { .. }), "{outcome:?}: {}", outcome.reply());
            }
        });
    }
    workers.join_all().await;
    transport.close().await;
    let (took, cpu) = (begun.elapsed(), cpu().saturating_sub(spent));
    Run { n_messages, took, cpu, resident_mb: None, n_bytes_each: None }
}

fn settings(port: u16, connections: usize) -> SmtpSettings {
    let limit = Duration::from_mins(1);
    SmtpSettings {
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        ca_file: None,
        login: None,
        connections,
        // smtp-source keeps its connections to the end.
        messages_per_connection: u32::MAX,
        per_second: None,
        timeouts: SmtpTimeouts::all(limit),
    }
}

/// A mail whose length is that of `smtp-source`'s.
fn mail() -> OutboundMessage {
    let mut text =
        "Message-ID: <inv.1@sole.example>\r\nFrom: Sole <hello@sole.example>\r\nSubject: How was it?\r\n\r\n"
            .to_owned();
    while text.len() < BODY_BYTES {
        text.push_str("How was your visit? Tell us, and we will see to it. One tap is enough.\r\n");
    }
    OutboundMessage::Email(OutboundEmail {
        envelope_from: "b@bounce.example".to_owned(),
        to: Email::parse("guest@guests.example").unwrap(),
        message_id: "inv.1@sole.example".to_owned(),
        bytes: text.into_bytes(),
    })
}
