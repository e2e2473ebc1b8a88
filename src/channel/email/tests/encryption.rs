//! TLS from the first byte, STARTTLS, and logging in.
//!
//! `pki` holds an authority whose key was thrown away, and the certificate of `localhost` and 127.0.0.1 that it signed,
//! with its key; both are valid from 2020 to 2120 and good for nothing else.

use std::io::Write;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::parrot::Parrot;
use super::*;

/// What a door in front of the server does before it encrypts.
#[derive(Clone, Copy, PartialEq)]
enum Door {
    /// Encrypts from the first byte.
    Implicit,
    /// Encrypts after STARTTLS.
    StartTls,
    /// The same, and slips a reply of its own in before the encryption.
    Injecting,
}

fn acceptor() -> TlsAcceptor {
    let certificates = CertificateDer::pem_slice_iter(include_bytes!("pki/server.pem")).collect::<Result<_, _>>();
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("pki/server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates.unwrap(), key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// Puts a door in front of the house; returns its port.
async fn door(house: &House, door: Door) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (inside, stop, tasks) = (house.catcher.address(), house.stop.clone(), house.tasks.clone());
    house.tasks.spawn(async move {
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let (tcp, _) = accepted.unwrap();
                    // A client that breaks off is what some tests want to see.
                    tasks.spawn(async move { drop(pass(tcp, inside, door).await) });
                }
                () = stop.cancelled() => return,
            }
        }
    });
    port
}

async fn pass(tcp: TcpStream, inside: std::net::SocketAddr, door: Door) -> std::io::Result<()> {
    let mut tcp = BufReader::new(tcp);
    let mut inside = BufReader::new(TcpStream::connect(inside).await?);
    if door != Door::Implicit {
        tcp.write_all(b"220 door\r\n").await?;
        let mut line = String::new();
        tcp.read_line(&mut line).await?;
        tcp.write_all(b"250-door\r\n250-PIPELINING\r\n250 STARTTLS\r\n").await?;
        tcp.read_line(&mut line).await?;
        assert!(line.ends_with("STARTTLS\r\n"));
        let go: &[u8] = if door == Door::Injecting { b"220 go\r\n250 AUTH PLAIN\r\n" } else { b"220 go\r\n" };
        tcp.write_all(go).await?;
        // Encrypted, nobody is greeted again.
        inside.read_line(&mut line).await?;
    }
    let mut tls = acceptor().accept(tcp.into_inner()).await?;
    copy_bidirectional(&mut tls, &mut inside).await?;
    Ok(())
}

fn ca_file() -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(include_bytes!("pki/ca.pem")).unwrap();
    file
}

async fn check(kind: Door, tls: Tls, host: &str, trusted: bool, expected: &str) -> Outcome {
    let house = House::acting(|_| Act::Accept).await;
    let ca_file = ca_file();
    let mut settings = settings(door(&house, kind).await);
    (settings.tls, settings.host) = (tls, host.to_owned());
    settings.ca_file = trusted.then(|| ca_file.path().to_owned());
    let transport = open(&settings);
    let outcome = transport.send(&mail()).await;
    assert_outcome(&outcome, expected);
    if expected == "accepted" {
        // The second message finds the connection as it was left.
        assert_outcome(&transport.send(&mail()).await, "accepted");
        assert_eq!((house.n_caught(), house.catcher.n_connections()), (2, 1));
    } else {
        assert_eq!(house.n_caught(), 0);
    }
    drop(transport);
    house.close().await;
    outcome
}

#[tokio::test]
async fn mail_leaves_encrypted_either_way() {
    check(Door::Implicit, Tls::Implicit, "localhost", true, "accepted").await;
    check(Door::Implicit, Tls::Implicit, "127.0.0.1", true, "accepted").await;
    check(Door::StartTls, Tls::StartTls, "localhost", true, "accepted").await;
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_gets_no_mail() {
    let outcome =
        check(Door::Implicit, Tls::Implicit, "localhost", false, "deferred by Route { slow_down: false }").await;
    assert!(outcome.reply().contains("UnknownIssuer"), "{}", outcome.reply());
    check(Door::StartTls, Tls::StartTls, "localhost", false, "deferred by Route { slow_down: false }").await;
}

/// A transport that trusts the door.
async fn through(house: &House, kind: Door, change: impl FnOnce(&mut SmtpSettings)) -> SmtpTransport {
    let ca_file = ca_file();
    let mut settings = settings(door(house, kind).await);
    settings.tls = if kind == Door::Implicit { Tls::Implicit } else { Tls::StartTls };
    (settings.host, settings.ca_file) = ("localhost".to_owned(), Some(ca_file.path().to_owned()));
    change(&mut settings);
    open(&settings)
}

#[tokio::test]
async fn what_was_offered_in_the_clear_is_forgotten() {
    // The door offers PIPELINING; the house behind it does not, and refuses whoever does not wait for its answers.
    let house = House::acting_in_turn(|_| Act::Accept).await;
    let transport = through(&house, Door::StartTls, |_| ()).await;
    assert_outcome(&transport.send(&mail()).await, "accepted");
    drop(transport);
    house.close().await;
}

#[tokio::test]
async fn a_long_message_arrives_whole_in_tls() {
    let house = House::acting(|_| Act::Accept).await;
    let transport = through(&house, Door::Implicit, |_| ()).await;
    let long = b"0123456789abcdef0123456789abcdef\r\n.\r\n".repeat(10_000);
    assert_outcome(&transport.send(&mail_to("guest@example.org", &long)).await, "accepted");
    assert!(house.inbox.message(1).unwrap().raw == long, "it arrived changed");
    drop(transport);
    house.close().await;
}

#[tokio::test]
async fn a_message_whose_dot_was_never_encrypted_is_deferred() {
    let house = House::acting(|moment| if moment == Moment::Body { Act::Hang } else { Act::Accept }).await;
    let transport = through(&house, Door::Implicit, |settings| settings.timeouts.transfer = SHORT * 4).await;
    assert_outcome(&transport.send(&super::outcomes::large()).await, "deferred by Recipient");
    drop(transport);
    house.close().await;
}

#[tokio::test]
async fn a_reply_slipped_in_before_the_encryption_ends_the_connection() {
    check(Door::Injecting, Tls::StartTls, "localhost", true, "deferred by Route { slow_down: false }").await;
}

#[tokio::test]
async fn without_starttls_there_is_no_falling_back() {
    let house = House::acting(|_| Act::Accept).await;
    let mut settings = house.settings();
    settings.tls = Tls::StartTls;
    let outcome = open(&settings).send(&mail()).await;
    assert_outcome(&outcome, "deferred by Route { slow_down: false }");
    assert!(outcome.reply().contains("STARTTLS"));
    assert_eq!(house.n_caught(), 0);
    house.close().await;
}

struct Locked;

impl Script for Locked {
    fn act(&self, _: Moment<'_>) -> Act {
        Act::Accept
    }

    fn login(&self) -> Option<(&str, &str)> {
        Some(("canvass", "right"))
    }
}

#[tokio::test]
async fn a_wrong_password_costs_the_recipient_nothing() {
    let house = House::open(Locked).await;
    for (password, expected) in [("right", "accepted"), ("guessed", "deferred by Route { slow_down: false }")] {
        let mut settings = house.settings();
        settings.login = Some(("canvass".to_owned(), Secret::new(password)));
        let outcome = open(&settings).send(&mail()).await;
        assert_outcome(&outcome, expected);
        assert!(!outcome.reply().contains(password));
    }
    assert_outcome(&open(&house.settings()).send(&mail()).await, "deferred by Route { slow_down: false }");
    assert_eq!(house.n_caught(), 1);
    house.close().await;
}

#[tokio::test]
async fn a_relay_that_knows_no_login_gets_no_password() {
    let house = House::acting(|_| Act::Accept).await;
    let mut settings = house.settings();
    settings.login = Some(("canvass".to_owned(), Secret::new("right")));
    assert_outcome(&open(&settings).send(&mail()).await, "deferred by Route { slow_down: false }");
    house.close().await;
}

#[tokio::test]
async fn the_older_way_to_log_in_is_known_too() {
    let parrot = Parrot::start(&[&[
        b"220 hi\r\n",
        b"250-hi\r\n250-PIPELINING\r\n250 AUTH LOGIN\r\n",
        b"334 VXNlcm5hbWU6\r\n",
        b"334 UGFzc3dvcmQ6\r\n",
        b"235 welcome\r\n",
        b"250 ok\r\n250 ok\r\n354 go\r\n",
        b"250 ok\r\n",
    ]])
    .await;
    let mut settings = settings(parrot.port());
    settings.login = Some(("canvass".to_owned(), Secret::new("right")));
    assert_outcome(&open(&settings).send(&mail()).await, "accepted");
    let heard = parrot.close().await;
    let [hello, login, user, password, ..] = heard[0].as_slice() else { panic!("{heard:?}") };
    assert_eq!(hello, "EHLO canvass.sole.example\r\n");
    assert_eq!([login, user, password], ["AUTH LOGIN\r\n", "Y2FudmFzcw==\r\n", "cmlnaHQ=\r\n"]);
}

#[test]
fn a_file_of_authorities_must_hold_certificates() {
    let mut empty = tempfile::NamedTempFile::new().unwrap();
    empty.write_all(b"nothing here\n").unwrap();
    for path in [empty.path(), std::path::Path::new("no-such-file.pem")] {
        let mut settings = settings(465);
        (settings.tls, settings.ca_file) = (Tls::Implicit, Some(path.to_owned()));
        let err = SmtpTransport::open(&settings, "canvass.sole.example", clock()).err().unwrap();
        assert!(err.to_string().contains(&*path.to_string_lossy()), "{err}");
    }
}
