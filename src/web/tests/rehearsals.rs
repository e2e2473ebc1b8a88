//! `canvass plan` over the admin door.

use super::*;

#[tokio::test]
async fn what_would_happen_is_told_and_does_not_happen() {
    let house = House::open().await;
    let event = json!({
        "id": "order-1", "type": "order.delivered", "at": "2026-03-04T11:30:00Z", "branch": "mitte",
        "contact": { "id": "c-1", "phone": "+4915112345678", "locale": "de" },
    });
    house.tell("/api/v1/events", &event).await;
    let told = house.ask("/api/v1/plan?days=7").await.json();
    assert_eq!((&told["report"], &told["from"]), (&json!("plan"), &json!("2026-03-04T12:00:00Z")));
    let [row] = told["rows"].as_array().unwrap().as_slice() else { panic!("{told:#}") };
    let expected = json!({
        "day": "2026-03-04", "branch": "mitte", "journey": "delivery", "stage": "delivery", "channel": "sms", "sends": 1,
        "deferrals": {}, "skips": {}, "sms_segments": row["sms_segments"], "sms_segments_unpriced": row["sms_segments"],
        "cost": {},
    });
    assert_eq!(*row, expected);
    assert!(row["sms_segments"].as_u64().unwrap() >= 1);
    let outbox = std::fs::read_dir(house.folder.path().join("outbox")).unwrap();
    assert_eq!(outbox.count(), 0);
    assert_eq!(house.ask("/api/v1/invitations?contact=c-1").await.json()["rows"][0]["state"], "waiting");
    let csv = house.ask("/api/v1/plan?days=7&format=csv").await;
    assert!(csv.body.starts_with("day,branch,journey,stage,channel,sends,"), "{}", csv.body);
}

#[tokio::test]
async fn what_cannot_be_rehearsed_is_refused_with_the_reason() {
    let house = House::open().await;
    for (query, words) in [
        ("days=0", "rehearse 1 to 92 days"),
        ("days=93", "rehearse 1 to 92 days"),
        ("days=x", "days"),
        ("weeks=2", "weeks"),
        ("format=xml", "use table, json or csv"),
    ] {
        let answer = house.ask(&format!("/api/v1/plan?{query}")).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{query}: {}", answer.body);
        assert!(answer.body.contains(words), "{query}: {}", answer.body);
    }
    let _busy = house.core.rehearsals.try_acquire().unwrap();
    let answer = house.ask("/api/v1/plan").await;
    assert_eq!(answer.status, StatusCode::CONFLICT, "{}", answer.body);
}
