//! Mails that come back, as a mail server delivers them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::returns::report;
use super::*;
use crate::daemon::lifecycle::Lifecycle;
use crate::web::lmtp::{COMMAND_BYTES_MAX, COMMANDS_MAX, RECIPIENTS_MAX, SESSIONS_MAX, Session, serve};

impl House {
    /// Sends all of it in one go, hangs up and gives the answers, one a line, without the greeting.
    async fn delivered(&self, sent: impl AsRef<[u8]>) -> Vec<String> {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let session = Session::new(server, Arc::clone(&self.core), CancellationToken::new());
        let said = async {
            client.write_all(sent.as_ref()).await.unwrap();
            client.shutdown().await.unwrap();
            let mut said = String::new();
            client.read_to_string(&mut said).await.unwrap();
            said
        };
        let (ended, said) = tokio::join!(session.converse(), said);
        ended.unwrap();
        let mut lines = said.lines().map(str::to_owned);
        assert_eq!(lines.next().unwrap(), "220 canvass LMTP");
        lines.collect()
    }

    /// What became of the only attempt of an invitation.
    async fn outcome(&self, id: &str) -> String {
        let invitation = self.ask(&format!("/api/v1/invitations/{id}")).await.json();
        invitation["attempts"][0]["outcome"].as_str().unwrap().to_owned()
    }
}

/// The codes of the answers that end one, and not the lines before.
fn codes(answers: &[String]) -> Vec<&str> {
    answers.iter().filter(|line| line.get(3..4) == Some(" ")).filter_map(|line| line.get(..3)).collect()
}

/// A conversation in which a mail comes back to these addresses.
fn delivery(recipients: &[&str], mail: &str) -> String {
    let to: Vec<_> = recipients.iter().map(|recipient| format!("RCPT TO:<{recipient}>\r\n")).collect();
    let to = to.concat();
    let mail = mail.replace("\r\n.", "\r\n..");
    format!("LHLO relay.example\r\nMAIL FROM:<> BODY=8BITMIME\r\n{to}DATA\r\n{mail}.\r\nQUIT\r\n")
}

fn plain(back_to: &str) -> String {
    back_to.replace("%2B", "+").replace("%40", "@")
}

#[tokio::test]
async fn a_bounce_is_noted_and_each_recipient_has_an_answer() {
    let house = House::open().await;
    let (id, back_to) = house.mailed().await;
    let gone = report("failed", "5.1.1", "550 5.1.1 no such user");
    let answers = house.delivered(delivery(&["nobody@bounce.sole.example", &plain(&back_to)], &gone)).await;
    assert_eq!(codes(&answers), ["250", "250", "250", "250", "354", "250", "250", "221"], "{answers:?}");
    assert_eq!(house.outcome(&id).await, "bounced");
    // The first recipient is none of ours, so somebody should look at it.
    assert_eq!(house.folder.path().join("unreadable").read_dir().unwrap().count(), 1);
    for offer in ["PIPELINING", "ENHANCEDSTATUSCODES", "8BITMIME", "SMTPUTF8"] {
        assert!(answers.iter().any(|line| line.get(4..) == Some(offer)), "{offer}: {answers:?}");
    }
}

#[tokio::test]
async fn while_nothing_can_be_stored_the_mail_server_keeps_the_mail_and_comes_again() {
    let house = House::open().await;
    let (id, back_to) = house.mailed().await;
    let mail = delivery(&[&plain(&back_to)], &report("failed", "5.1.1", "550 5.1.1 no such user"));
    house.fill_the_disk();
    let answers = house.delivered(&mail).await;
    assert!(answers.contains(&"451 4.3.0 nothing can be stored now, bring it again".to_owned()), "{answers:?}");
    assert_eq!(house.outcome(&id).await, "accepted");
    house.make_room();
    assert_eq!(codes(&house.delivered(&mail).await), ["250", "250", "250", "354", "250", "221"]);
    assert_eq!(house.outcome(&id).await, "bounced");
}

#[tokio::test]
async fn of_a_mail_too_large_to_look_at_the_rest_is_dropped_and_its_lines_may_be_long() {
    let house = House::open().await;
    let (id, back_to) = house.mailed().await;
    let returned =
        format!("--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\n{}\r\n--b--\r\n", "x".repeat(900_000));
    let mail = report("failed", "5.2.2", "552 5.2.2 full").replace("--b--\r\n", &returned);
    let answers = house.delivered(delivery(&[&plain(&back_to)], &mail)).await;
    assert_eq!(codes(&answers), ["250", "250", "250", "354", "250", "221"], "{answers:?}");
    assert_eq!(house.outcome(&id).await, "bounced");
}

#[tokio::test]
async fn of_a_client_that_goes_away_within_a_mail_nothing_is_taken() {
    let house = House::open().await;
    let (id, back_to) = house.mailed().await;
    let mail = delivery(&[&plain(&back_to)], &report("failed", "5.1.1", "550 5.1.1 no such user"));
    let dot = mail.rfind(".\r\nQUIT").unwrap();
    for cut in [10, mail.find("DATA").unwrap(), dot - 30, dot, dot + 2] {
        house.delivered(&mail.as_bytes()[..cut]).await;
        assert_eq!(house.outcome(&id).await, "accepted", "cut at {cut}");
    }
    assert!(!house.folder.path().join("unreadable").exists());
    house.delivered(&mail.as_bytes()[..dot + 3]).await;
    assert_eq!(house.outcome(&id).await, "bounced", "the dot is there, and so is the mail");
}

#[tokio::test]
async fn what_is_out_of_order_unknown_or_too_much_is_refused_and_the_conversation_goes_on() {
    let house = House::open().await;
    let long = "x".repeat(COMMAND_BYTES_MAX - 2);
    for (sent, expected) in [
        ("MAIL FROM:<>", "503 5.5.1 say LHLO first, and MAIL once"),
        ("LHLO ", "501 5.5.4 say who you are"),
        ("EHLO relay.example", "500 5.5.1 no such command"),
        ("lhlo relay.example\r\nRCPT TO:<a@b.example>", "503 5.5.1 say MAIL first"),
        ("LHLO relay.example\r\nMAIL FROM:<>\r\nMAIL FROM:<>", "503 5.5.1 say LHLO first, and MAIL once"),
        ("LHLO relay.example\r\nMAIL FROM:<>\r\nDATA", "503 5.5.1 say RCPT first"),
        ("LHLO relay.example\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nRSET\r\nDATA", "503 5.5.1 say RCPT first"),
        ("LHLO relay.example\r\nMAIL FROM:a", "501 5.5.4 write MAIL FROM:<address>"),
        ("LHLO relay.example\r\nMAIL FROM:<> SIZE=67108865", "552 5.3.4 the message is too large"),
        ("LHLO relay.example\r\nMAIL FROM:<> RET=FULL", "555 5.5.4 this parameter was not offered"),
        ("LHLO relay.example\r\nMAIL FROM:<> SMTPUTF8\r\nRCPT TO:<>", "501 5.5.4 write RCPT TO:<address>"),
        ("LHLO relay.example\r\nMAIL FROM:<>\r\nRCPT TO:<ä@b.example>", "250 2.1.5 recipient ok"),
        ("VRFY a", "252 2.5.0 deliver it and see"),
        ("NO\rOP", "500 5.5.2 lines end with CRLF"),
        (&long, "500 5.5.1 no such command"),
        (&format!("{long}x"), "500 5.5.6 line too long"),
    ] {
        let answers = house.delivered(format!("{sent}\r\nNOOP\r\n")).await;
        let [.., answer, after] = answers.as_slice() else { panic!("{answers:?}") };
        assert_eq!((answer.as_str(), after.as_str()), (expected, "250 2.0.0 nothing done"), "{sent}");
    }
    assert_eq!(house.delivered(b"\xff\r\n").await, ["500 5.5.2 not UTF-8"]);
}

#[tokio::test]
async fn recipients_and_commands_have_an_end() {
    let house = House::open().await;
    let recipients = vec!["nobody@bounce.sole.example"; RECIPIENTS_MAX + 1];
    let answers = house.delivered(delivery(&recipients, "who?\r\n")).await;
    let codes = codes(&answers);
    assert_eq!(codes.get(2 + RECIPIENTS_MAX..4 + RECIPIENTS_MAX).unwrap(), ["452", "354"]);
    assert_eq!(codes.len(), 2 + (RECIPIENTS_MAX + 1) + 1 + RECIPIENTS_MAX + 1);
    let answers = house.delivered("NOOP\r\n".repeat(COMMANDS_MAX + 1)).await;
    assert_eq!(answers.len(), COMMANDS_MAX + 1);
    assert_eq!(answers.last().unwrap(), "421 4.7.0 too many commands without a mail");
}

async fn hear(client: &mut UnixStream) -> String {
    let mut heard = [0; 100];
    let n = client.read(&mut heard).await.unwrap();
    String::from_utf8_lossy(&heard[..n]).into_owned()
}

#[tokio::test]
async fn so_many_speak_at_once_and_all_are_sent_away_when_the_daemon_stops() {
    let house = House::open().await;
    let path = house.folder.path().join("bounces.lmtp");
    let lifecycle = Lifecycle::default();
    let listener = UnixListener::bind(&path).unwrap();
    lifecycle.spawn(serve(listener, Arc::clone(&house.core), lifecycle.clone()));
    let mut clients = Vec::new();
    for _ in 0..SESSIONS_MAX {
        let mut client = UnixStream::connect(&path).await.unwrap();
        assert_eq!(hear(&mut client).await, "220 canvass LMTP\r\n");
        clients.push(client);
    }
    let mut one_more = UnixStream::connect(&path).await.unwrap();
    assert_eq!(hear(&mut one_more).await, "421 4.7.0 too many connections, come again\r\n");
    // One of them is within a mail, of which nothing is taken.
    clients[0].write_all(b"LHLO a\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\nSubject").await.unwrap();
    while !hear(&mut clients[0]).await.contains("354 ") {}
    assert!(lifecycle.stop(Duration::from_mins(1), std::future::pending()).await, "all end by themselves");
    for client in &mut clients {
        assert_eq!(hear(client).await, "421 4.3.2 going down, come again\r\n");
    }
    assert!(!house.folder.path().join("unreadable").exists());
}
