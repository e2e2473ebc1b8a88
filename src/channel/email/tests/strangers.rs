//! Servers that do not keep to the protocol.

use tokio::io::AsyncWriteExt;

use super::parrot::{Parrot, Texts};
use super::*;

async fn check(connections: &'static [Texts], expected: &str) -> Outcome {
    let parrot = Parrot::start(connections).await;
    let outcome = {
        let mut settings = settings(parrot.port());
        settings.timeouts.after_dot = SHORT;
        open(&settings).send(&mail()).await
    };
    assert_outcome(&outcome, expected);
    parrot.close().await;
    outcome
}

#[tokio::test]
async fn an_answer_out_of_turn_is_not_taken_for_the_next_one() {
    // One answer too many at RCPT: every later one would be one ahead, and the refusal at the dot would be missed.
    let outcome = check(
        &[&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n354 go\r\n", b"250 ok\r\n"]],
        "deferred by Recipient",
    )
    .await;
    assert!(outcome.reply().contains("out of turn"), "{}", outcome.reply());
}

#[tokio::test]
async fn an_answer_in_another_character_set_is_still_an_answer() {
    let outcome = check(
        &[&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"550 5.1.1 inconnu: bo\xEEte ferm\xE9e\r\n", b"250 ok\r\n"]],
        "refused dead=true",
    )
    .await;
    assert_eq!(outcome.reply(), "550 5.1.1 inconnu: bo?te ferm?e");
}

#[tokio::test]
async fn nonsense_is_an_unknown_outcome_only_after_the_dot() {
    check(&[&[b"HTTP/1.1 400 Bad Request\r\n"]], "deferred by Route { slow_down: false }").await;
    check(&[&[b"220 hi\r\n", b"HTTP/1.1 400 Bad Request\r\n"]], "deferred by Route { slow_down: false }").await;
    check(&[&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250-ok\r\n550 no\r\n"]], "deferred by Recipient").await;
    check(
        &[&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n"]],
        "deferred by Route { slow_down: false }",
    )
    .await;
    for text in [&[&b"what?\r\n"[..]], &[&b"354 go\r\n"[..]], &[&b"250-ok\r\n550 no\r\n"[..]]] {
        let begun: [&[u8]; 5] = [b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"];
        let texts: Texts = [begun.as_slice(), text].concat().leak();
        check(vec![texts].leak(), "unknown").await;
    }
}

#[tokio::test]
async fn a_server_that_never_stops_talking_is_cut_off() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let tasks = TaskTracker::new();
    for text in [&b"220-more\r\n"[..], b"220 and on, without any end of line"] {
        let endless = text.repeat(100);
        let (done, transport) = (CancellationToken::new(), open(&settings(port)));
        let listener = &listener;
        let talk = async {
            let (mut tcp, _) = listener.accept().await.unwrap();
            while tcp.write_all(&endless).await.is_ok() {}
            done.cancel();
        };
        let (outcome, ()) = tokio::join!(async { transport.send(&mail()).await }, talk);
        assert_outcome(&outcome, "deferred by Route { slow_down: false }");
        assert!(done.is_cancelled());
    }
    tasks.close();
}
