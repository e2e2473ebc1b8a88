//! MAIL, RCPT and DATA in one go (RFC 2920): whose answer is whose, whatever the server makes of it.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::parrot::{Parrot, Texts};
use super::*;

const HELLO: &[u8] = b"250-hi\r\n250 PIPELINING\r\n";
const COMMANDS: &str = "MAIL FROM:<b+token@bounce.sole.example>\r\nRCPT TO:<guest@example.org>\r\nDATA\r\n";
const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\n.\r\n";
const TAKEN: &[u8] = b"250 ok\r\n250 ok\r\n354 go\r\n";

/// Sends a message for each expected outcome; gives what was heard over each connection, without the hello.
async fn check(connections: &'static [Texts], expected: &[&str]) -> Vec<Vec<String>> {
    let parrot = Parrot::start(connections).await;
    check_with(parrot, expected).await
}

async fn check_with(parrot: Parrot, expected: &[&str]) -> Vec<Vec<String>> {
    {
        let mut settings = settings(parrot.port());
        (settings.timeouts.command, settings.timeouts.after_dot) = (SHORT * 10, SHORT * 10);
        let transport = open(&settings);
        for expected in expected {
            assert_outcome(&transport.send(&mail()).await, expected);
        }
    }
    let mut heard = parrot.close().await;
    for connection in &mut heard {
        assert_eq!(connection.remove(0), "EHLO canvass.sole.example\r\n");
    }
    heard
}

#[tokio::test]
async fn commands_leave_in_one_go_and_so_do_message_and_dot() {
    let texts: &[Texts] = &[&[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n"]];
    let heard = check(texts, &["accepted", "accepted"]).await;
    assert_eq!(heard, [[COMMANDS, MESSAGE, COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn answers_may_come_in_any_pieces() {
    let texts: &[Texts] = &[&[
        b"220-hi\r\n220 there\r\n",
        HELLO,
        b"250-2.1.0 ok\r\n250 2.1.0 sender\r\n250 2.1.5 ok\r\n354-go\r\n354 on\r\n",
        b"250-2.0.0 queued\r\n250 2.0.0 as 1\r\n",
    ]];
    check_with(Parrot::start(texts).await, &["accepted"]).await;
    let heard = check_with(Parrot::start_stuttering(texts).await, &["accepted"]).await;
    assert_eq!(heard, [[COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn the_message_waits_for_its_go_ahead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let settings = settings(listener.local_addr().unwrap().port());
    let server = async {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut tcp = tcp;
        let mut bytes = [0; 4096];
        for text in [b"220 hi\r\n", HELLO, b"250 ok\r\n250 ok\r\n"] {
            tcp.write_all(text).await.unwrap();
            tcp.read(&mut bytes).await.unwrap_or_default();
        }
    };
    // The third answer is still to come, and until then nothing else does.
    let transport = open(&settings);
    let message = mail();
    tokio::select! {
        outcome = transport.send(&message) => panic!("{outcome:?}"),
        () = server => panic!("something was said before the 354"),
        () = tokio::time::sleep(SHORT) => (),
    }
}

#[tokio::test]
async fn a_go_ahead_for_a_refused_recipient_is_ended_by_a_lone_dot() {
    let texts: &[Texts] = &[&[
        b"220 hi\r\n",
        HELLO,
        b"250 ok\r\n550 5.1.1 unknown\r\n354 go\r\n",
        b"554 5.5.1 no valid recipients\r\n",
        b"250 reset\r\n",
        TAKEN,
        b"250 ok\r\n",
    ]];
    let heard = check(texts, &["refused dead=true", "accepted"]).await;
    assert_eq!(heard, [[COMMANDS, ".\r\n", "RSET\r\n", COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn an_empty_message_that_was_taken_is_not_ours() {
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n550 5.1.1 unknown\r\n354 go\r\n", b"250 queued\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let heard = check(texts, &["refused dead=true", "accepted"]).await;
    assert_eq!(heard, [[COMMANDS, ".\r\n"], [COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn no_dot_is_sent_where_it_could_deliver_something() {
    // Without a sender there can be no recipient: this server is out of its mind.
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, b"451 4.3.0 no\r\n250 ok\r\n354 go\r\n"],
        &[b"220 hi\r\n", HELLO, b"451 4.3.0 no\r\n503 no\r\n354 go\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let heard =
        check(texts, &["deferred by Route { slow_down: false }", "deferred by Route { slow_down: false }", "accepted"])
            .await;
    assert_eq!(heard, [vec![COMMANDS], vec![COMMANDS], vec![COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn each_command_has_its_own_answer() {
    let texts: &[Texts] = &[&[
        b"220 hi\r\n",
        HELLO,
        b"553 5.1.8 sender\r\n503 no\r\n503 no\r\n",
        b"250 reset\r\n",
        b"250 ok\r\n550 5.1.1 unknown\r\n554 5.7.1 no recipients\r\n",
        b"250 reset\r\n",
        b"250 ok\r\n250 ok\r\n451 4.7.28 not now\r\n",
        b"250 reset\r\n",
        TAKEN,
        b"250 ok\r\n",
    ]];
    let expected = [
        "deferred by Route { slow_down: false }",
        "refused dead=true",
        "deferred by Domain { slow_down: true }",
        "accepted",
    ];
    let heard = check(texts, &expected).await;
    let reset = "RSET\r\n";
    assert_eq!(heard, [[COMMANDS, reset, COMMANDS, reset, COMMANDS, reset, COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn a_server_that_hangs_up_in_the_middle_is_not_asked_for_more() {
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, b"421 4.3.2 closing\r\n"],
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n421 4.3.2 closing\r\n"],
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n250 ok\r\n421 4.3.2 closing\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"421 4.3.2 closing\r\n"],
        // After its go-ahead, and seen before a byte of the message is written.
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n250 ok\r\n354 go\r\n421 4.3.2 closing\r\n"],
    ];
    let domain = "deferred by Domain { slow_down: true }";
    let heard = check(texts, &["deferred by Route { slow_down: false }", domain, domain, domain, domain]).await;
    let all = vec![COMMANDS, MESSAGE];
    assert_eq!(heard, [vec![COMMANDS], vec![COMMANDS], vec![COMMANDS], all, vec![COMMANDS]]);
}

#[tokio::test]
async fn an_answer_too_many_is_not_taken_for_the_next_one() {
    let texts: &[Texts] = &[
        // Every later answer would be one ahead, and a refusal at the dot would be missed.
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"],
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n"],
        &[b"220 hi\r\n", HELLO, b"250 ok\r\n550 5.1.1 unknown\r\n250 ok\r\n354 go\r\n"],
        // The message was taken; what comes after that is not about the next one.
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n550 5.1.1 unknown\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let expected = [
        "deferred by Route { slow_down: false }",
        "deferred by Recipient",
        "refused dead=true",
        "accepted",
        "accepted",
    ];
    let heard = check(texts, &expected).await;
    let (commands, all) = (vec![COMMANDS], vec![COMMANDS, MESSAGE]);
    assert_eq!(heard, [commands.clone(), commands.clone(), commands, all.clone(), all]);
}

#[tokio::test]
async fn an_answer_too_few_costs_the_connection_and_not_the_outcome() {
    let texts: &[Texts] =
        &[&[b"220 hi\r\n", HELLO, b"250 ok\r\n550 5.1.1 unknown\r\n"], &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"]];
    let heard = check(texts, &["refused dead=true", "accepted"]).await;
    assert_eq!(heard, [vec![COMMANDS], vec![COMMANDS, MESSAGE]]);
}
