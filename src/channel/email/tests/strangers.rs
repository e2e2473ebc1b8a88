//! Servers that do not keep to the protocol.

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;

/// Answers whatever it is sent with one text after another, the first at once.
async fn parrot(texts: &'static [&'static [u8]]) -> (u16, TaskTracker) {
    let (tasks, listener) = (TaskTracker::new(), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let port = listener.local_addr().unwrap().port();
    tasks.spawn(async move {
        let (mut tcp, _) = listener.accept().await.unwrap();
        let mut bytes = [0; 4096];
        for text in texts {
            // A client that hung up is what some tests wait for.
            if tcp.write_all(text).await.is_err() || tcp.read(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        // Until the client hangs up.
        while tcp.read(&mut bytes).await.unwrap_or(0) > 0 {}
    });
    tasks.close();
    (port, tasks)
}

async fn check(texts: &'static [&'static [u8]], expected: &str) -> Outcome {
    let (port, tasks) = parrot(texts).await;
    let outcome = {
        let mut settings = settings(port);
        settings.timeouts.after_dot = SHORT;
        open(&settings).send(&mail()).await
    };
    assert_outcome(&outcome, expected);
    tasks.wait().await;
    outcome
}

#[tokio::test]
async fn an_answer_out_of_turn_is_not_taken_for_the_next_one() {
    // One answer too many at RCPT: every later one would be one ahead, and the refusal at the dot would be missed.
    let outcome = check(
        &[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n354 go\r\n", b"250 ok\r\n"],
        "deferred by Recipient",
    )
    .await;
    assert!(outcome.reply().contains("out of turn"), "{}", outcome.reply());
}

#[tokio::test]
async fn an_answer_in_another_character_set_is_still_an_answer() {
    let outcome = check(
        &[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"550 5.1.1 inconnu: bo\xEEte ferm\xE9e\r\n", b"250 ok\r\n"],
        "refused dead=true",
    )
    .await;
    assert_eq!(outcome.reply(), "550 5.1.1 inconnu: bo?te ferm?e");
}

#[tokio::test]
async fn nonsense_is_an_unknown_outcome_only_after_the_dot() {
    check(&[b"HTTP/1.1 400 Bad Request\r\n"], "deferred by Route { slow_down: false }").await;
    check(
        &[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n"],
        "deferred by Route { slow_down: false }",
    )
    .await;
    check(&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"what?\r\n"], "unknown").await;
    check(&[b"220 hi\r\n", b"250 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n", b"354 go\r\n"], "unknown").await;
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
