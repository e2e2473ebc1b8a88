use std::time::Duration;

use chrono::{DateTime, Utc};

use super::server::{Server, Step, answer};
use super::*;
use crate::channel::OutboundEmail;
use crate::channel::sms::sample::{STATUS_URL, gateway, kannel, message, twilio};
use crate::clock::VirtualClock;
use crate::domain::contact::Email;

fn now() -> DateTime<Utc> {
    DateTime::parse_from_rfc3339("2026-11-06T08:49:00Z").unwrap().to_utc()
}

fn open(gateway: Gateway) -> GatewayTransport {
    GatewayTransport::open(gateway, Arc::new(VirtualClock::at(now()))).unwrap()
}

/// A gateway at that address that takes every 2xx for a yes.
fn patient(url: &str) -> Gateway {
    gateway(&format!(
        "url = '{url}/send'\nsuccess = {{ status = ['2xx'] }}\nbody = {{ form = {{ to = '{{to}}', text = '{{text}}' }} }}"
    ))
}

/// The same for servers that never answer: a test that waits for an answer must not depend on how busy the machine is.
fn hasty(url: &str) -> Gateway {
    let mut gateway = patient(url);
    gateway.limits.connect = Duration::from_secs(1);
    gateway.limits.total = Duration::from_secs(2);
    gateway
}

fn words(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted { .. } => "accepted",
        Outcome::Deferred { obstacle: Obstacle::Recipient, .. } => "deferred by the recipient",
        Outcome::Deferred { obstacle: Obstacle::Domain { .. }, .. } => "deferred by the domain",
        Outcome::Deferred { obstacle: Obstacle::Sender, .. } => "deferred, the sender being doubted",
        Outcome::Deferred { obstacle: Obstacle::Route { slow_down: true }, .. } => "asked to slow down",
        Outcome::Deferred { obstacle: Obstacle::Route { slow_down: false }, .. } => "deferred by the route",
        Outcome::Deferred { obstacle: Obstacle::DayLimit { .. }, .. } => "over the limit",
        Outcome::Refused { .. } => "refused",
        Outcome::Unknown { .. } => "unknown",
    }
}

/// One message to a server that does this; returns the requests that it read.
#[track_caller]
fn check(steps: &[Step], expected: &str) -> Vec<String> {
    let server = Server::start(steps);
    let gateway = if matches!(steps, [Step::Hang]) { hasty(&server.url()) } else { patient(&server.url()) };
    let outcome = block_on(open(gateway).send_sms(&message("Hi")));
    assert_eq!(words(&outcome), expected, "{} {steps:?}", outcome.reply());
    server.requests()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn twilio_is_asked_as_it_wants_to_be_asked() {
    let server = Server::start(&[answer(201, "", r#"{"sid": "SM1"}"#)]);
    let transport = open(twilio(Some(&server.url())));
    let sent = block_on(transport.send(&OutboundMessage::Sms(message("Grüße & mehr"))));
    assert!(matches!(sent, Outcome::Accepted { provider_ref: Some(id), n_segments: None, .. } if id == "SM1"));
    let request = server.requests().remove(0);
    let (head, form) = request.split_once("\r\n\r\n").unwrap();
    let mut fields: Vec<_> = form_urlencoded::parse(form.as_bytes()).into_owned().collect();
    fields.sort_unstable();
    let expected = [
        ("Body", "Grüße & mehr"),
        ("From", "+4915799912345"),
        ("StatusCallback", STATUS_URL),
        ("To", "+4915112345678"),
    ];
    assert_eq!(fields, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert!(
        head.starts_with("POST /2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json HTTP/1.1\r\n")
    );
    assert!(head.contains("\r\nauthorization: Basic ") && head.contains("\r\nuser-agent: canvass/"), "{head}");
    assert_eq!((transport.name(), transport.connections()), ("main", 8));
}

#[test]
fn kannel_is_asked_as_it_wants_to_be_asked() {
    let server = Server::start(&[answer(202, "", "0: Accepted for delivery")]);
    let sent = block_on(open(kannel(&server.url())).send_sms(&message("Żółć")));
    assert!(matches!(&sent, Outcome::Accepted { provider_ref: None, n_segments: None, .. }));
    assert_eq!(sent.reply(), "202 0: Accepted for delivery");
    let request = server.requests().remove(0);
    assert!(request.starts_with("GET /cgi-bin/sendsms?"), "{request}");
    assert!(request.contains("&text=%C5%BB%C3%B3%C5%82%C4%87") && request.contains("coding=2"), "{request}");
}

#[test]
fn a_request_that_may_have_been_read_leaves_the_outcome_unknown() {
    assert_eq!(check(&[Step::Hang], "unknown").len(), 1);
    assert_eq!(check(&[Step::CloseAfterReading], "unknown").len(), 1);
    assert_eq!(check(&[Step::CloseUnread], "unknown").len(), 0);
    assert_eq!(check(&[Step::Answer("not HTTP at all\r\n\r\n".to_owned())], "unknown").len(), 1);
}

#[test]
fn nothing_is_repeated_whatever_the_server_does() {
    let redirect = answer(307, "Location: /elsewhere\r\n", "");
    assert_eq!(check(&[redirect, answer(200, "", "")], "deferred by the route").len(), 1);
    assert_eq!(check(&[Step::CloseAfterReading, answer(200, "", "")], "unknown").len(), 1);
    assert_eq!(check(&[answer(500, "", ""), answer(200, "", "")], "unknown").len(), 1);
    assert_eq!(check(&[answer(503, "", ""), answer(200, "", "")], "deferred by the route").len(), 1);
}

#[test]
fn a_connection_that_breaks_when_it_is_used_again_repeats_nothing() {
    let server = Server::start(&[answer(200, "", ""), Step::CloseAfterReading, answer(200, "", "")]);
    let transport = open(patient(&server.url()));
    let [first, second] = block_on(async {
        let first = transport.send_sms(&message("one")).await;
        [first, transport.send_sms(&message("two")).await]
    });
    assert_eq!([words(&first), words(&second)], ["accepted", "unknown"]);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn no_message_is_written_twice_when_idle_connections_are_closed() {
    const N: usize = 20;
    let server = Server::start(&vec![Step::AnswerAndClose(answer_text(200, "", "")); N + 5]);
    let transport = open(patient(&server.url()));
    let mut n_accepted = 0;
    block_on(async {
        for n in 0..N {
            let outcome = transport.send_sms(&message(&format!("message-{n}."))).await;
            // Whether the end of the connection or the next message comes first is chance; that both are told is not.
            assert!(matches!(words(&outcome), "accepted" | "unknown"), "{}", outcome.reply());
            n_accepted += usize::from(words(&outcome) == "accepted");
        }
    });
    let requests = server.requests();
    let times = |n: usize| requests.iter().filter(|request| request.contains(&format!("message-{n}."))).count();
    assert!((0..N).all(|n| times(n) <= 1));
    assert!((1..=N).contains(&n_accepted) && requests.len() >= n_accepted);
}

#[test]
fn what_fails_before_the_request_is_written_can_be_sent_again() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = block_on(open(patient(&format!("http://{free}"))).send_sms(&message("Hi")));
    assert_eq!(words(&refused), "deferred by the route");
    assert!(!refused.reply().contains("127.0.0.1"), "an address may have a secret in it: {}", refused.reply());

    let nowhere = block_on(open(hasty("https://sms.invalid")).send_sms(&message("Hi")));
    assert_eq!(words(&nowhere), "deferred by the route");
}

#[test]
fn a_tls_handshake_that_fails_or_never_ends_can_be_sent_again() {
    let send = |address: std::net::SocketAddr| {
        let outcome = block_on(open(hasty(&format!("https://{address}"))).send_sms(&message("Hi")));
        (words(&outcome), outcome.reply())
    };
    let speaks_plain = Server::start(&[answer(400, "", "plain HTTP spoken here")]);
    assert_eq!(send(speaks_plain.address()).0, "deferred by the route");
    // The system takes the connection on its behalf, and nobody ever reads from it.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (outcome, reply) = send(silent.local_addr().unwrap());
    assert_eq!(outcome, "deferred by the route", "{reply}");
    assert!(reply.contains("timed out"), "{reply}");
}

#[test]
fn a_success_whose_answer_cannot_be_read_is_unknown() {
    let send = |step: Step| {
        let server = Server::start(&[step]);
        words(&block_on(open(twilio(Some(&server.url()))).send_sms(&message("Hi"))))
    };
    let long = format!("{{\"sid\": \"SM1\", \"padding\": \"{}\"}}", "x".repeat(REPLY_BYTES_MAX));
    assert_eq!(send(answer(201, "", &long)), "unknown");
    assert_eq!(
        send(Step::AnswerAndClose("HTTP/1.1 201 Created\r\nContent-Length: 99\r\n\r\n{\"sid\"".to_owned())),
        "unknown"
    );
    assert_eq!(send(answer(201, "", "{\"sid\": \"SM1\"}")), "accepted");
}

#[test]
fn no_more_messages_are_on_their_way_than_the_gateway_takes() {
    let together = Step::Together(2, answer_text(200, "", ""));
    let server = Server::start(&[together.clone(), together, answer(200, "", "")]);
    let mut gateway = patient(&server.url());
    gateway.limits.inflight_max = 2;
    let (transport, message) = (open(gateway), message("Hi"));
    let (a, b, c) = block_on(async {
        tokio::join!(transport.send_sms(&message), transport.send_sms(&message), transport.send_sms(&message))
    });
    assert_eq!([a, b, c].each_ref().map(words), ["accepted"; 3]);
    assert_eq!(server.n_at_once_max(), 2);
}

#[test]
fn a_message_that_does_not_fit_a_request_is_refused_and_not_sent() {
    let server = Server::start(&[answer(200, "", "")]);
    let declaration = format!(
        "url = '{}/'\nsuccess = {{ status = [200] }}\nquery = {{ to = '{{to}}' }}\nheaders = {{ X-Text = '{{text}}' }}",
        server.url()
    );
    let transport = open(gateway(&declaration));
    assert_eq!(words(&block_on(transport.send_sms(&message("a\r\nb")))), "refused");
    let mail = OutboundEmail {
        envelope_from: "b@sole.example".to_owned(),
        to: Email::parse("a@example.org").unwrap(),
        message_id: "inv".to_owned(),
        bytes: Vec::new(),
    };
    assert_eq!(words(&block_on(transport.send(&OutboundMessage::Email(mail)))), "refused");
    assert_eq!(server.requests().len(), 0);
}

fn answer_text(status: u16, headers: &str, body: &str) -> String {
    let Step::Answer(text) = answer(status, headers, body) else { panic!("an answer is an answer") };
    text
}

mod asking;
