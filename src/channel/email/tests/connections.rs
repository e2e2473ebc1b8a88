//! How connections are used, kept and given up.

use std::sync::atomic::{AtomicU64, Ordering};

use tokio::task::JoinSet;

use super::*;

fn is_dot(moment: Moment<'_>) -> bool {
    matches!(moment, Moment::Dot { .. })
}

#[tokio::test]
async fn two_hundred_messages_go_over_one_connection() {
    let house = House::acting(|_| Act::Accept).await;
    let mut settings = house.settings();
    (settings.connections, settings.messages_per_connection) = (1, 1_000);
    let transport = open(&settings);
    for _ in 0..200 {
        assert_outcome(&transport.send(&mail()).await, "accepted");
    }
    assert_eq!((house.n_caught(), house.catcher.n_connections()), (200, 1));
    house.close().await;
}

#[tokio::test]
async fn a_connection_carries_as_many_messages_as_allowed() {
    let house = House::acting(|_| Act::Accept).await;
    let mut settings = house.settings();
    settings.messages_per_connection = 3;
    let transport = open(&settings);
    for _ in 0..7 {
        assert_outcome(&transport.send(&mail()).await, "accepted");
    }
    assert_eq!(house.catcher.n_connections(), 3);
    house.close().await;
}

#[tokio::test]
async fn there_are_never_more_connections_than_allowed() {
    let house = House::acting(|_| Act::Accept).await;
    let transport = Arc::new(house.transport());
    let mut sends = JoinSet::new();
    for _ in 0..100 {
        let transport = Arc::clone(&transport);
        sends.spawn(async move { transport.send(&mail()).await });
    }
    for outcome in sends.join_all().await {
        assert_outcome(&outcome, "accepted");
    }
    assert_eq!(house.n_caught(), 100);
    assert!(house.catcher.n_open_most() <= 4, "{} at once", house.catcher.n_open_most());
    assert!(house.catcher.n_connections() <= 4);
    house.close().await;
}

#[tokio::test]
async fn a_refusal_on_a_reused_connection_is_reported_and_the_next_message_starts_clean() {
    let house = House::acting(|moment| {
        if matches!(moment, Moment::Rcpt { to } if to.starts_with("dead")) {
            Act::Reply(550, "5.1.1 unknown".to_owned())
        } else if matches!(moment, Moment::Dot { message } if message.ends_with(b"spam\r\n")) {
            Act::Reply(554, "5.7.1 spam".to_owned())
        } else {
            Act::Accept
        }
    })
    .await;
    let transport = house.transport();
    let rows = [
        (mail(), "accepted"),
        (mail_to("guest@example.org", b"Subject: x\r\n\r\nspam\r\n"), "refused dead=false"),
        (mail(), "accepted"),
        (mail_to("dead@example.org", b"Subject: x\r\n\r\nhello\r\n"), "refused dead=true"),
        (mail(), "accepted"),
    ];
    for (message, expected) in rows {
        assert_outcome(&transport.send(&message).await, expected);
    }
    assert_eq!((house.n_caught(), house.catcher.n_connections()), (3, 1));
    house.close().await;
}

#[tokio::test]
async fn a_connection_with_nothing_but_refusals_is_given_up_before_the_server_does() {
    let house = House::acting(|moment| match moment {
        Moment::Rcpt { to } if to.starts_with("dead") => Act::Reply(550, "5.1.1 unknown".to_owned()),
        Moment::Greeting { .. }
        | Moment::Mail { .. }
        | Moment::Rcpt { .. }
        | Moment::Data
        | Moment::Body
        | Moment::Dot { .. } => Act::Accept,
    })
    .await;
    let transport = house.transport();
    let dead = mail_to("dead@example.org", b"Subject: x\r\n\r\nhello\r\n");
    for _ in 0..4 {
        assert_outcome(&transport.send(&dead).await, "refused dead=true");
    }
    assert_outcome(&transport.send(&mail()).await, "accepted");
    assert_eq!(house.catcher.n_connections(), 1);
    for _ in 0..6 {
        assert_outcome(&transport.send(&dead).await, "refused dead=true");
    }
    assert_eq!(house.catcher.n_connections(), 2);
    house.close().await;
}

#[tokio::test]
async fn a_long_message_arrives_whole() {
    let house = House::acting(|_| Act::Accept).await;
    let long = b"0123456789abcdef0123456789abcdef\r\n.\r\n".repeat(20_000);
    assert_outcome(&house.transport().send(&mail_to("guest@example.org", &long)).await, "accepted");
    assert!(house.inbox.message(1).unwrap().raw == long, "it arrived changed");
    house.close().await;
}

#[tokio::test]
async fn a_send_that_was_given_up_leaves_no_answer_behind_for_the_next() {
    let n_dots = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&n_dots);
    let house = House::acting(move |moment| match (is_dot(moment), seen.load(Ordering::SeqCst)) {
        (false, _) => Act::Accept,
        (true, 0) => {
            seen.store(1, Ordering::SeqCst);
            Act::Hang
        }
        (true, _) => Act::Reply(554, "5.7.1 refused".to_owned()),
    })
    .await;
    let transport = house.transport();
    let message = mail();
    {
        let mut send = std::pin::pin!(transport.send(&message));
        while n_dots.load(Ordering::SeqCst) == 0 {
            tokio::select! {
                outcome = &mut send => panic!("{outcome:?}"),
                () = tokio::task::yield_now() => (),
            }
        }
    }
    let outcome = transport.send(&mail()).await;
    assert_outcome(&outcome, "refused dead=false");
    assert_eq!(house.catcher.n_connections(), 2);
    house.close().await;
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_costs_nothing() {
    let house = House::acting(|moment| if is_dot(moment) { Act::AcceptThenClose } else { Act::Accept }).await;
    let transport = house.transport();
    for _ in 0..5 {
        assert_outcome(&transport.send(&mail()).await, "accepted");
    }
    assert_eq!((house.n_caught(), house.catcher.n_connections()), (5, 5));
    house.close().await;
}

#[tokio::test]
async fn closing_leaves_nothing_open_and_sending_may_go_on() {
    let house = House::acting(|_| Act::Accept).await;
    let transport = house.transport();
    assert_outcome(&transport.send(&mail()).await, "accepted");
    transport.close().await;
    assert_outcome(&transport.send(&mail()).await, "accepted");
    assert_eq!(house.catcher.n_connections(), 2);
    house.close().await;
}

#[tokio::test]
async fn lines_of_dots_arrive_as_they_were_written_and_so_does_a_retry() {
    let house = House::acting(|_| Act::Accept).await;
    let transport = house.transport();
    let bodies: [&[u8]; 4] = [
        b"Subject: x\r\n\r\n.\r\n..\r\n...\r\n.\r\n\r\n.end\r\n",
        b".\r\n",
        b"Subject: x\r\n\r\n\r\n\r\n",
        b"Subject: x\r\n\r\nno line end at the end",
    ];
    for body in bodies {
        for _ in 0..2 {
            assert_outcome(&transport.send(&mail_to("guest@example.org", body)).await, "accepted");
        }
        let caught = house.inbox.messages();
        let [.., first, again] = caught.as_slice() else { panic!("{caught:?}") };
        assert_eq!(first.raw, again.raw);
        assert_eq!(first.raw.strip_suffix(b"\r\n"), Some(body.strip_suffix(b"\r\n").unwrap_or(body)));
    }
    house.close().await;
}
