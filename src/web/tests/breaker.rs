//! Too much goes wrong, and nobody else is asked before somebody has looked.

use super::*;
use crate::daemon::receipts;
use crate::domain::id::InvitationId;
use crate::domain::receipt::{Bounce, News, Receipt};
use crate::domain::seal::LinkTarget;

impl House {
    /// What is held: of what kind, what, and why.
    async fn held(&self) -> Vec<[String; 3]> {
        let held = self.ask("/api/v1/holds").await.json();
        let text = |hold: &Value, key: &str| hold[key].as_str().unwrap().to_owned();
        let rows = held["rows"].as_array().unwrap().iter();
        rows.map(|hold| [text(hold, "kind"), text(hold, "scope"), text(hold, "reason")]).collect()
    }

    async fn n_mails(&self) -> usize {
        self.dispatch().await;
        std::fs::read_dir(self.folder.path().join("outbox")).unwrap().count()
    }
}

#[tokio::test]
async fn many_who_want_no_more_hold_the_journey_until_somebody_lets_it_go() {
    let house = House::open().await;
    house.core.pulse.begin(house.core.clock.now());
    for n in 1..=20 {
        assert_eq!(house.held().await, [[""; 3]; 0]);
        let (_, unsubscribe) = house.invite(n).await;
        // Who was never there says nothing of how they were asked.
        let (_, never_there) = house.invite(100 + n).await;
        house.submit(&never_there, "choice=ineligible").await;
        assert_eq!(house.submit(&unsubscribe, "choice=stop").await.status, StatusCode::OK);
    }
    let why = "20 people want no more, of 40 messages within 1d";
    assert_eq!(house.held().await, [["breaker", "all messages of journey dine-in", why]]);
    let event = json!({
        "id": "visit-200", "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
        "contact": { "id": "c-200", "email": "c200@guests.example" }, "data": { "covers": 2 },
    });
    let decided = house.tell("/api/v1/events", &event).await;
    assert!(decided.body.contains("planned"), "{}", decided.body);
    assert_eq!(house.n_mails().await, 40);
    let told = house.ask("/api/v1/why/c-200?format=text").await.body;
    let held = format!(
        "but all messages of journey dine-in are held since Wed 4 Mar 2026, 14:00 CET: too much went wrong lately, “{why}”"
    );
    assert!(told.contains(&held), "{told}");
    let metrics = house.ask("/metrics").await.body;
    assert!(metrics.contains("canvass_breaker_trips_total{what=\"opted_out\"} 1"), "{metrics}");
    let released = house.tell("/api/v1/holds/release", &json!({ "scope": { "journey": "dine-in" } })).await;
    assert_eq!(released.status, StatusCode::OK, "{}", released.body);
    assert_eq!(house.n_mails().await, 41);
    assert_eq!(house.held().await, [[""; 3]; 0]);
}

#[tokio::test]
async fn mails_that_are_not_believed_to_be_ours_hold_all_mail_and_suppress_nobody() {
    let house = House::open().await;
    house.core.pulse.begin(house.core.clock.now());
    for n in 1..=3 {
        assert_eq!(house.held().await, [[""; 3]; 0]);
        house.invite(n).await;
        let invitations = house.ask(&format!("/api/v1/invitations?contact=c-{n}")).await.json();
        let invitation = InvitationId::parse(invitations["rows"][0]["id"].as_str().unwrap()).unwrap();
        let receipt = Receipt::of(News::Bounced(Bounce::Sender), "a returned mail", "550 5.7.26");
        let of = LinkTarget { invitation, attempt: 1 };
        receipts::hear(&house.core, of, Channel::Email, receipt).await.unwrap();
    }
    let why = "3 mails within 1d were not believed to be ours; look at SPF, DKIM, DMARC and reverse DNS";
    assert_eq!(house.held().await, [["breaker", "emails", why]]);
    assert_eq!(house.ask("/api/v1/suppressions").await.json()["rows"], json!([]));
}

#[tokio::test]
async fn what_left_before_the_daemon_began_does_not_count() {
    let house = House::open().await;
    let mut links = Vec::new();
    for n in 1..=21 {
        links.push(house.invite(n).await.1);
    }
    house.clock.advance_to("2026-03-04T14:00:00Z".parse().unwrap());
    house.core.pulse.begin(house.core.clock.now());
    for link in links {
        house.submit(&link, "choice=stop").await;
    }
    assert_eq!(house.held().await, [[""; 3]; 0]);
}
