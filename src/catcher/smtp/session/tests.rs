use std::sync::Arc;

use chrono::DateTime;
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::super::{Catcher, Friendly};
use super::*;
use crate::catcher::mailbox::Inbox;
use crate::clock::VirtualClock;

/// Says the lines one after another and returns the code of each answer, the greeting first.
async fn say_all(lines: &[&str]) -> (Vec<String>, Arc<Inbox>) {
    let (tasks, stop) = (TaskTracker::new(), CancellationToken::new());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let inbox = Arc::new(Inbox::open(Arc::new(VirtualClock::at(DateTime::UNIX_EPOCH)), 9));
    let catcher = Catcher::start(listener, Arc::new(Friendly), Arc::clone(&inbox), &tasks, &stop).unwrap();
    let mut stream = BufReader::new(TcpStream::connect(catcher.address()).await.unwrap());
    let mut codes = vec![answer(&mut stream).await];
    for line in lines {
        stream.get_mut().write_all(line.as_bytes()).await.unwrap();
        codes.push(answer(&mut stream).await);
    }
    stop.cancel();
    tasks.close();
    tasks.wait().await;
    (codes, inbox)
}

/// The code of the answer's last line; empty when the server hung up.
async fn answer(stream: &mut BufReader<TcpStream>) -> String {
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.unwrap();
        if line.as_bytes().get(3) != Some(&b'-') {
            return line.chars().take(3).collect();
        }
    }
}

#[tokio::test]
async fn a_mail_is_caught_with_its_dots_and_envelope() {
    let (codes, inbox) = say_all(&[
        "EHLO me\r\n",
        "mail from:<a@b.example> BODY=8BITMIME SIZE=100\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "DATA\r\n",
        "Subject: x\r\n\r\n..\r\n...two\r\nlast\r\n.\r\n",
        "QUIT\r\n",
    ])
    .await;
    assert_eq!(codes, ["220", "250", "250", "250", "354", "250", "221"]);
    let caught = inbox.message(1).unwrap();
    assert_eq!(caught.raw, b"Subject: x\r\n\r\n.\r\n..two\r\nlast\r\n");
    assert_eq!((caught.from.as_str(), caught.to.as_str()), ("a@b.example", "c@d.example"));
}

#[tokio::test]
async fn commands_out_of_order_are_refused() {
    let (codes, _) = say_all(&[
        "MAIL FROM:<a@b.example>\r\n",
        "EHLO me\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "DATA\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "MAIL FROM:<a@b.example>\r\n",
        "RSET\r\n",
        "RCPT TO:<c@d.example>\r\n",
        "NOOP\r\n",
        "WHO\r\n",
    ])
    .await;
    assert_eq!(codes, ["220", "503", "250", "503", "503", "250", "503", "250", "503", "250", "500"]);
}

#[tokio::test]
async fn what_was_not_offered_is_refused() {
    let (codes, _) = say_all(&[
        "EHLO me\r\n",
        "MAIL FROM:<a@b.example> RET=HDRS\r\n",
        "MAIL FROM:<a@b.example> SMTPUTF8\r\n",
        "MAIL FROM:<a@b.example> SIZE=99999999\r\n",
        "MAIL FROM: <a@b.example>\r\n",
        "MAIL FROM:<ü@b.example>\r\n",
        "AUTH PLAIN AA==\r\n",
        "NOOP\n",
    ])
    .await;
    assert_eq!(codes, ["220", "250", "555", "555", "552", "501", "553", "502", "500"]);
}

#[tokio::test]
async fn a_message_with_bare_line_ends_or_long_lines_is_refused_as_one_message() {
    let envelope = ["MAIL FROM:<a@b.example>\r\n", "RCPT TO:<c@d.example>\r\n", "DATA\r\n"];
    let long = format!("{}\r\n.\r\n", "x".repeat(999));
    let mut lines = vec!["EHLO me\r\n"];
    for body in ["one\n.\ntwo\r\n.\r\n", "one\r.\r\r\n.\r\n", &long] {
        lines.extend(envelope);
        lines.push(body);
    }
    let (codes, inbox) = say_all(&lines).await;
    assert_eq!(codes.iter().filter(|code| *code == "554").count(), 3, "{codes:?}");
    assert!(inbox.messages().is_empty());
}

#[tokio::test]
async fn whoever_does_not_wait_where_it_must_is_told_so() {
    let ahead = "MAIL FROM:<a@b.example>\r\nRCPT TO:<c@d.example>\r\n";
    let (codes, inbox) = say_all(&["EHLO me\r\n", "NOOP\r\nNOOP\r\n"]).await;
    assert_eq!(codes, ["220", "250", "503"]);
    // The message must wait for its 354; the two answers before that are to the other commands.
    let (codes, _) = say_all(&["EHLO me\r\n", &format!("{ahead}DATA\r\nSubject: x\r\n.\r\n"), "", ""]).await;
    assert_eq!(codes, ["220", "250", "250", "250", "503"]);
    assert!(inbox.messages().is_empty());
    let (codes, _) = say_all(&["EHLO me\r\n", &format!("{ahead}DATA\r\n"), "", ""]).await;
    assert_eq!(codes, ["220", "250", "250", "250", "354"]);
}
