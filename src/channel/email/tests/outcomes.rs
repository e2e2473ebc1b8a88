//! The outcome table, row by row, over a socket.

use super::*;

fn reply(code: u16, text: &str) -> Act {
    Act::Reply(code, text.to_owned())
}

/// Where a row of the table misbehaves.
#[derive(Clone, Copy)]
enum At {
    Greeting,
    Mail,
    Rcpt,
    Data,
    Body,
    Dot,
}

impl At {
    fn is(self, moment: Moment<'_>) -> bool {
        matches!(
            (self, moment),
            (Self::Greeting, Moment::Greeting { .. })
                | (Self::Mail, Moment::Mail { .. })
                | (Self::Rcpt, Moment::Rcpt { .. })
                | (Self::Data, Moment::Data)
                | (Self::Body, Moment::Body)
                | (Self::Dot, Moment::Dot { .. })
        )
    }
}

/// Sends one mail to a server that does `act` at `at`, whether it takes commands in one go or one by one. `n_caught` is
/// what the server kept.
async fn check(at: At, act: Act, expected: &str, n_caught: usize) -> Outcome {
    let acts = |act: Act| move |moment: Moment<'_>| if at.is(moment) { act.clone() } else { Act::Accept };
    let in_turn = check_in(House::acting_in_turn(acts(act.clone())).await, expected, n_caught).await;
    let at_once = check_in(House::acting(acts(act)).await, expected, n_caught).await;
    assert_eq!(in_turn.reply(), at_once.reply());
    at_once
}

async fn check_in(house: House, expected: &str, n_caught: usize) -> Outcome {
    let outcome = house.transport().send(&mail()).await;
    assert_outcome(&outcome, expected);
    assert_eq!(house.n_caught(), n_caught);
    house.close().await;
    outcome
}

#[tokio::test]
async fn a_message_that_was_taken_is_accepted_with_the_servers_words() {
    let outcome = check(At::Dot, Act::Accept, "accepted", 1).await;
    assert_eq!(outcome.reply(), "250 2.0.0 caught as 1");
    check(At::Dot, reply(251, "2.0.0 queued as 4F2"), "accepted", 1).await;
}

#[tokio::test]
async fn a_dead_address_is_told_from_a_policy() {
    for text in ["5.1.1 unknown", "5.1.2 no such host", "5.1.10 null mx", "5.2.1 disabled"] {
        let outcome = check(At::Rcpt, reply(550, text), "refused dead=true", 0).await;
        assert_eq!(outcome.reply(), format!("550 {text}"));
    }
    check(At::Rcpt, reply(552, "5.2.2 full"), "refused dead=false", 0).await;
    check(At::Rcpt, reply(550, "5.7.1 blocked"), "refused dead=false", 0).await;
    check(At::Rcpt, reply(550, "no"), "refused dead=false", 0).await;
    check(At::Data, reply(554, "5.5.1 no valid recipients"), "refused dead=false", 0).await;
    check(At::Dot, reply(554, "5.7.1 spam"), "refused dead=false", 0).await;
}

#[tokio::test]
async fn a_four_hundred_says_who_has_to_wait() {
    for at in [At::Rcpt, At::Data, At::Dot] {
        check(at, reply(451, "4.3.0 later"), "deferred by Recipient", 0).await;
        check(at, reply(451, "4.4.1 no answer"), "deferred by Domain { slow_down: false }", 0).await;
        check(at, reply(451, "4.7.28 too fast"), "deferred by Domain { slow_down: true }", 0).await;
        check(at, reply(421, "4.3.2 closing"), "deferred by Domain { slow_down: true }", 0).await;
    }
    for code in [451, 421] {
        check(At::Mail, reply(code, "4.7.0 later"), "deferred by Route { slow_down: false }", 0).await;
    }
    check(At::Rcpt, reply(550, "5.4.1 no route"), "deferred by Recipient", 0).await;
}

#[tokio::test]
async fn a_greylist_that_names_its_time_is_believed() {
    let outcome = check(At::Rcpt, reply(450, "4.2.0 come back in 300 seconds"), "deferred by Recipient", 0).await;
    let Outcome::Deferred { not_before, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(not_before, DateTime::from_timestamp(300, 0));
}

#[tokio::test]
async fn the_fault_of_the_sender_costs_the_recipient_nothing() {
    check(At::Greeting, reply(554, "5.7.1 not you"), "deferred by Route { slow_down: false }", 0).await;
    check(At::Greeting, reply(421, "4.7.0 too many"), "deferred by Route { slow_down: false }", 0).await;
    check(At::Greeting, Act::Close, "deferred by Route { slow_down: false }", 0).await;
    check(At::Mail, reply(530, "5.7.0 log in"), "deferred by Route { slow_down: false }", 0).await;
    check(At::Mail, reply(553, "5.1.8 bad sender"), "deferred by Route { slow_down: false }", 0).await;
    check(At::Dot, reply(550, "5.7.26 unauthenticated"), "deferred by Sender", 0).await;
    check(At::Dot, reply(550, "5.7.515 access denied"), "deferred by Sender", 0).await;
    check(At::Rcpt, reply(550, "5.7.9 policy"), "deferred by Sender", 0).await;
}

#[tokio::test]
async fn nobody_there_is_nobodys_fault() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    assert_outcome(&open(&settings(free)).send(&mail()).await, "deferred by Route { slow_down: false }");
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_dot_is_deferred() {
    check(At::Mail, Act::Close, "deferred by Route { slow_down: false }", 0).await;
    check(At::Rcpt, Act::Close, "deferred by Recipient", 0).await;
    check(At::Data, Act::Close, "deferred by Recipient", 0).await;
    // The server hung up right after its 354, which is seen before the first byte of the message is written.
    check(At::Body, Act::Close, "deferred by Recipient", 0).await;
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_dot_is_unknown() {
    check(At::Dot, Act::Close, "unknown", 0).await;
    check(At::Dot, Act::TakeThenClose, "unknown", 1).await;
}

/// More than the sockets between client and server hold, so that the dot cannot be written.
pub(super) fn large() -> OutboundMessage {
    let mut bytes = b"Subject: x\r\n\r\n".to_vec();
    bytes.extend(b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd\r\n".repeat(200_000));
    mail_to("guest@example.org", &bytes)
}

#[tokio::test]
async fn a_message_whose_dot_was_never_written_is_deferred() {
    for act in [Act::Close, Act::Hang] {
        let house = House::acting(move |moment| if moment == Moment::Body { act.clone() } else { Act::Accept }).await;
        let mut settings = house.settings();
        settings.timeouts.transfer = SHORT * 4;
        assert_outcome(&open(&settings).send(&large()).await, "deferred by Recipient");
        house.close().await;
    }
}

#[tokio::test]
async fn every_phase_has_a_limit_of_its_own() {
    type Shorten = fn(&mut SmtpTimeouts);
    let rows: [(At, Shorten, &str); 5] = [
        (At::Greeting, |limits| limits.command = SHORT, "deferred by Route { slow_down: false }"),
        (At::Mail, |limits| limits.command = SHORT, "deferred by Route { slow_down: false }"),
        (At::Rcpt, |limits| limits.command = SHORT, "deferred by Recipient"),
        (At::Data, |limits| limits.data = SHORT, "deferred by Recipient"),
        (At::Dot, |limits| limits.after_dot = SHORT, "unknown"),
    ];
    for (at, shorten, expected) in rows {
        let act = move |moment: Moment<'_>| if at.is(moment) { Act::Hang } else { Act::Accept };
        for house in [House::acting(act).await, House::acting_in_turn(act).await] {
            let mut settings = house.settings();
            shorten(&mut settings.timeouts);
            let transport = open(&settings);
            assert_outcome(&transport.send(&mail()).await, expected);
            // The connection that hung is not used again.
            assert_outcome(&transport.send(&mail()).await, expected);
            assert_eq!(house.catcher.n_connections(), 2);
            house.close().await;
        }
    }
}

#[tokio::test]
async fn what_smtp_cannot_carry_is_refused_before_anybody_is_called() {
    let house = House::acting(|_| Act::Accept).await;
    let transport = house.transport();
    for bytes in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"a\r", b"\na\r\n", b"a\r\n.\n"] {
        assert_outcome(&transport.send(&mail_to("guest@example.org", bytes)).await, "refused dead=false");
    }
    assert_eq!(house.catcher.n_connections(), 0);
    house.close().await;
}

struct Polyglot;

impl Script for Polyglot {
    fn act(&self, _: Moment<'_>) -> Act {
        Act::Accept
    }

    fn takes_smtputf8(&self) -> bool {
        true
    }
}

#[tokio::test]
async fn a_local_part_beyond_ascii_needs_smtputf8() {
    let letter = mail_to("jürgen@bücher.example", b"Subject: x\r\n\r\nhello\r\n");
    let house = House::acting(|_| Act::Accept).await;
    let outcome = house.transport().send(&letter).await;
    assert_outcome(&outcome, "refused dead=false");
    assert!(outcome.reply().contains("SMTPUTF8"));
    house.close().await;

    let house = House::open(Polyglot).await;
    assert_outcome(&house.transport().send(&letter).await, "accepted");
    assert_eq!(house.inbox.message(1).unwrap().to, "jürgen@xn--bcher-kva.example");
    house.close().await;
}
