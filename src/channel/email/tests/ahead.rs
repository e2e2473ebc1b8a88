//! The next message's commands with the end of the one before (RFC 2920 §3.1): whatever becomes of one, the other is told
//! the truth, and neither is sent twice.

use futures_util::future::join_all;

use super::parrot::{Parrot, Texts};
use super::*;

const HELLO: &[u8] = b"250-hi\r\n250 PIPELINING\r\n";
const COMMANDS: &str = "MAIL FROM:<b+token@bounce.sole.example>\r\nRCPT TO:<guest@example.org>\r\nDATA\r\n";
const MESSAGE: &str = "Subject: x\r\n\r\nhello\r\n.\r\n";
const TAKEN: &[u8] = b"250 ok\r\n250 ok\r\n354 go\r\n";
/// The answer to a message, and to what was said with its end.
const TAKEN_AND_NEXT: &[u8] = b"250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n";
const ACCEPTED: &str = "accepted";

/// A message's end and the beginning of the next.
fn told() -> String {
    [MESSAGE, COMMANDS].concat()
}

/// Sends a message for each expected outcome, all at once, over one connection at a time; gives what was heard over each,
/// without the hello.
async fn check_with(
    connections: &'static [Texts],
    change: impl FnOnce(&mut SmtpSettings),
    expected: &[&str],
) -> Vec<Vec<String>> {
    let parrot = Parrot::start(connections).await;
    {
        let mut settings = settings(parrot.port());
        settings.connections = 1;
        change(&mut settings);
        let (transport, message) = (open(&settings), mail());
        let outcomes = join_all(expected.iter().map(|_| transport.send(&message))).await;
        for (outcome, expected) in outcomes.iter().zip(expected) {
            assert_outcome(outcome, expected);
        }
    }
    let mut heard = parrot.close().await;
    for connection in &mut heard {
        assert_eq!(connection.remove(0), "EHLO canvass.sole.example\r\n");
    }
    heard
}

async fn check(connections: &'static [Texts], expected: &[&str]) -> Vec<Vec<String>> {
    check_with(connections, |_| (), expected).await
}

#[tokio::test]
async fn all_but_the_first_two_messages_cost_one_round_trip() {
    let texts: &[Texts] = &[&[
        b"220 hi\r\n",
        HELLO,
        TAKEN,
        // How long the server takes is not known before this.
        b"250 ok\r\n",
        TAKEN,
        TAKEN_AND_NEXT,
        TAKEN_AND_NEXT,
        b"250 ok\r\n",
    ]];
    let heard = check(texts, &[ACCEPTED; 4]).await;
    assert_eq!(heard, [[COMMANDS, MESSAGE, COMMANDS, &told(), &told(), MESSAGE]]);
}

#[tokio::test]
async fn each_is_told_its_own_answer() {
    let texts: &[Texts] = &[&[
        b"220 hi\r\n",
        HELLO,
        TAKEN,
        b"250 ok\r\n",
        TAKEN,
        // The second is refused for what it says; the third has no mailbox, and what was said of it is taken back.
        b"554 5.7.1 spam\r\n250 ok\r\n550 5.1.1 unknown\r\n554 no valid recipients\r\n",
        b"250 reset\r\n",
        TAKEN,
        b"250 ok\r\n",
    ]];
    let heard = check(texts, &[ACCEPTED, "refused dead=false", "refused dead=true", ACCEPTED]).await;
    assert_eq!(heard, [[COMMANDS, MESSAGE, COMMANDS, &told(), "RSET\r\n", COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn one_that_was_told_of_when_its_server_went_away_goes_on_a_new_connection() {
    let lost_before_the_answer: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"421 4.3.2 closing\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let heard = check(lost_before_the_answer, &[ACCEPTED, "deferred by Domain { slow_down: true }", ACCEPTED]).await;
    let (first, second) = (vec![COMMANDS.to_owned(), MESSAGE.to_owned()], vec![COMMANDS.to_owned(), told()]);
    assert_eq!(heard, [[first.clone(), second.clone()].concat(), first.clone()]);

    let lost_after_it: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n421 4.3.2 closing\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let heard = check(lost_after_it, &[ACCEPTED; 3]).await;
    assert_eq!(heard, [[first.clone(), second].concat(), first]);
}

#[tokio::test]
async fn one_whose_server_says_nothing_more_is_unknown_and_the_next_does_not_wait_for_it() {
    let texts: &[Texts] =
        &[&[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN], &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"]];
    let impatient = |settings: &mut SmtpSettings| {
        (settings.timeouts.after_dot, settings.timeouts.ahead) = (SHORT * 20, SHORT * 10);
    };
    let heard = check_with(texts, impatient, &[ACCEPTED, "unknown", ACCEPTED]).await;
    assert_eq!(heard, [vec![COMMANDS, MESSAGE, COMMANDS, &told()], vec![COMMANDS, MESSAGE]]);
}

#[tokio::test]
async fn a_server_that_does_not_hear_what_comes_with_an_end_is_not_told_again() {
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n"],
    ];
    let impatient = |settings: &mut SmtpSettings| settings.timeouts.command = SHORT * 10;
    let heard = check_with(texts, impatient, &[ACCEPTED; 5]).await;
    let alone = [COMMANDS, MESSAGE];
    assert_eq!(heard, [vec![COMMANDS, MESSAGE, COMMANDS, &told()], [alone, alone, alone].concat()]);
}

#[tokio::test]
async fn a_server_that_takes_commands_one_by_one_or_its_time_is_not_told() {
    let alone: &[Texts] = &[&[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n", TAKEN, b"250 ok\r\n"]];
    // Half of nothing is not enough for any server.
    let heard = check_with(alone, |settings| settings.timeouts.ahead = Duration::ZERO, &[ACCEPTED; 3]).await;
    assert_eq!(heard, [[COMMANDS, MESSAGE, COMMANDS, MESSAGE, COMMANDS, MESSAGE]]);

    let house = House::acting_in_turn(|_| Act::Accept).await;
    let mut settings = house.settings();
    settings.connections = 1;
    let (transport, message) = (open(&settings), mail());
    for outcome in join_all((0..5).map(|_| transport.send(&message))).await {
        assert_outcome(&outcome, ACCEPTED);
    }
    assert_eq!((house.n_caught(), house.catcher.n_connections()), (5, 1));
    house.close().await;
}

#[tokio::test]
async fn no_more_messages_than_allowed_are_told_of_over_a_connection() {
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, TAKEN_AND_NEXT, b"250 ok\r\n", b"221 bye\r\n"],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let heard = check_with(texts, |settings| settings.messages_per_connection = 3, &[ACCEPTED; 4]).await;
    let three =
        vec![COMMANDS, MESSAGE, COMMANDS, &told(), MESSAGE, "QUIT\r\n"].into_iter().map(str::to_owned).collect();
    assert_eq!(heard, [three, vec![COMMANDS.to_owned(), MESSAGE.to_owned()]]);
}

#[tokio::test]
async fn one_that_was_given_up_after_it_was_told_of_costs_the_others_nothing() {
    let texts: &[Texts] = &[
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n", TAKEN, TAKEN_AND_NEXT],
        &[b"220 hi\r\n", HELLO, TAKEN, b"250 ok\r\n"],
    ];
    let parrot = Parrot::start(texts).await;
    {
        let mut settings = settings(parrot.port());
        settings.connections = 1;
        let (transport, message) = (open(&settings), mail());
        let others = join_all([transport.send(&message), transport.send(&message)]);
        // In line behind them, told of with the end of the second, and gone before it is called.
        let given_up = Box::pin(transport.send(&message));
        let outcomes = tokio::select! {
            biased;
            outcomes = others => outcomes,
            outcome = given_up => panic!("{outcome:?}"),
        };
        for outcome in outcomes.into_iter().chain([transport.send(&message).await]) {
            assert_outcome(&outcome, ACCEPTED);
        }
    }
    let heard = parrot.close().await;
    assert_eq!(heard.iter().map(Vec::len).collect::<Vec<_>>(), [5, 3]);
    assert_eq!(heard[0][4], told());
}
