//! What everybody meets while the store takes no changes.

use super::*;
use crate::store::ReadOnlyReason;

impl House {
    pub(super) fn fill_the_disk(&self) {
        self.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    }

    pub(super) fn make_room(&self) {
        self.health.send_replace(Health::Writable);
    }
}

#[tokio::test]
async fn changes_are_refused_with_503_and_the_reason_and_everything_can_be_read() {
    let house = House::open().await;
    let (survey, unsubscribe) = house.invite(1).await;
    let event = json!({
        "id": "e-9", "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
        "contact": { "id": "c-9", "email": "c9@guests.example" }, "data": { "covers": 2 },
    });
    let decided = house.tell("/api/v1/events", &event).await.json();
    house.fill_the_disk();

    let contacts = json!([{ "id": "c-2" }]);
    // Also what is recorded already: that it can be read is no promise that it is on disk.
    let (new, bad) = (
        json!({ "id": "e-10", "type": "seen", "at": "2026-03-04T11:00:00Z", "contact": { "id": "c-10" } }),
        json!({ "id": "e-11" }),
    );
    for (path, body) in [
        ("/api/v1/contacts", &contacts),
        ("/api/v1/events", &event),
        ("/api/v1/events", &json!([event])),
        ("/api/v1/events", &json!([bad, new])),
        ("/api/v1/events", &json!([event, bad, new])),
    ] {
        let refused = house.tell(path, body).await;
        assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(refused.header(header::CONTENT_TYPE), "application/problem+json");
        let problem = refused.json();
        assert_eq!(problem["title"], "the store is read-only");
        assert_eq!(problem["detail"], "the store is read-only, because there is no room on its disk");
    }
    for (path, form) in [(&survey, "overall=5"), (&unsubscribe, "List-Unsubscribe=One-Click")] {
        assert_eq!(house.submit(path, form).await.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(house.get(path).await.status, StatusCode::OK, "{path}");
    }
    assert_eq!(house.ask("/api/v1/events/e-9").await.json(), decided);
    assert_eq!(house.ask("/healthz").await.status, StatusCode::OK);
    let not_ready = house.ask("/readyz").await;
    assert_eq!(not_ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(not_ready.body.contains("no room on its disk"), "{}", not_ready.body);
    assert!(house.ask("/metrics").await.body.contains("canvass_store_writable 0"));

    house.make_room();
    assert_eq!(house.tell("/api/v1/events", &event).await.json(), decided);
    assert_eq!(house.submit(&survey, "overall=5").await.status, StatusCode::SEE_OTHER);
    assert_eq!(house.ask("/readyz").await.status, StatusCode::OK);
    assert!(house.ask("/metrics").await.body.contains("canvass_store_writable 1"));
    assert_eq!(house.email_row().await["complete"], 1);
}

#[tokio::test]
async fn an_outcome_waits_for_the_store_and_nothing_new_is_claimed() {
    let house = House::open().await;
    let event = |n: u32| {
        json!({
            "id": format!("e-{n}"), "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
            "contact": { "id": format!("c-{n}"), "email": format!("c{n}@guests.example") }, "data": { "covers": 2 },
        })
    };
    house.tell("/api/v1/events", &event(1)).await;
    house.clock.advance_to("2026-03-04T13:00:00Z".parse().unwrap());
    let tasks = TaskTracker::new();
    let dispatcher = Dispatcher::new(Arc::clone(&house.core), Channel::Email, tasks.clone());
    assert_eq!(dispatcher.step().await.unwrap().n_leased, 1);
    // The task that carries the message has not begun yet.
    house.fill_the_disk();
    let outbox = house.folder.path().join("outbox");
    while std::fs::read_dir(&outbox).map_or(0, Iterator::count) == 0 {
        tokio::task::yield_now().await;
    }
    assert!(dispatcher.step().await.unwrap_err().is_read_only());
    let state = async || house.ask("/api/v1/invitations").await.json()["rows"][0]["attempts"][0]["outcome"].clone();
    assert_eq!(state().await, "sending");
    assert_eq!(tasks.len(), 1, "the outcome is kept");

    house.make_room();
    tasks.close();
    tasks.wait().await;
    assert_eq!(state().await, "accepted");
    assert_eq!(dispatcher.step().await.unwrap().n_leased, 0);
}
