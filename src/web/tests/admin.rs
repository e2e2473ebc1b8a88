//! What operations' systems meet.

use super::*;

fn event(id: &str, covers: u32) -> Value {
    json!({
        "id": id, "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
        "contact": { "id": "c-1", "email": "c1@guests.example" }, "data": { "covers": covers },
    })
}

#[tokio::test]
async fn an_event_is_answered_with_every_stages_decision_and_the_same_again() {
    let house = House::open().await;
    let first = house.tell("/api/v1/events", &event("e-1", 2)).await;
    let decided = first.json();
    assert_eq!(decided["event"], "e-1");
    assert_eq!(decided["decisions"][0]["decision"], "planned");
    assert_eq!(decided["decisions"][0]["due_at"], "2026-03-04T13:00:00Z");
    house.clock.advance_to("2026-03-05T12:00:00Z".parse().unwrap());
    assert_eq!(house.tell("/api/v1/events", &event("e-1", 2)).await.json(), decided);
    assert_eq!(house.ask("/api/v1/events/e-1").await.json(), decided);
    let skipped = house.tell("/api/v1/events", &event("e-2", 0)).await.json();
    assert_eq!(skipped["decisions"][0]["reason"], "condition_not_met");
}

#[tokio::test]
async fn bad_events_say_what_is_wrong_field_by_field() {
    let house = House::open().await;
    let bad = json!({
        "id": "", "type": "visit.completed", "at": "yesterday", "branch": "nowhere",
        "contact": { "id": "c-1", "email": "nobody", "phone": "12" }, "data": { "items": [1] },
    });
    let problem = house.tell("/api/v1/events", &bad).await;
    assert_eq!(problem.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(problem.header(header::CONTENT_TYPE), "application/problem+json");
    let problem = problem.json();
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|error| error["field"].clone()).collect();
    assert_eq!(fields, ["id", "at", "branch", "data.items", "contact.email", "contact.phone"]);
    assert!(problem["errors"][2]["message"].as_str().unwrap().contains("there are: altona, chiado, mitte"));
    for bad in [
        json!({ "id": "e" }),
        json!("x"),
        json!({ "id": "e-1", "type": "t", "at": "2026-03-04T11:00:00Z",
        "contact": { "id": "c" }, "no_such": 1 }),
    ] {
        assert_eq!(house.tell("/api/v1/events", &bad).await.status, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

#[tokio::test]
async fn in_an_array_the_good_events_go_in_and_the_bad_have_problems() {
    let house = House::open().await;
    let answers =
        house.tell("/api/v1/events", &json!([event("e-1", 2), { "id": "e-2" }, event("e-3", 0)])).await.json();
    assert_eq!(answers[0]["decisions"][0]["decision"], "planned");
    assert_eq!([&answers[1]["event"], &answers[1]["problem"]["status"]], [&json!("e-2"), &json!(422)]);
    assert_eq!(answers[2]["event"], "e-3");
    assert_eq!(house.ask("/api/v1/events/e-2").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_answers_to_many_events_come_in_their_order_with_the_bad_ones_in_between() {
    const N: usize = 250;
    let house = House::open().await;
    let guest = |n: usize| if n % 10 == 9 { n - 1 } else { n };
    let told: Vec<_> = (0..N)
        .map(|n| match n % 7 {
            3 => json!({ "id": format!("e-{n}"), "type": "visit.completed" }),
            // Told before.
            5 => event("e-0", 2),
            _ => json!({
                "id": format!("e-{n}"), "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
                "contact": { "id": format!("c-{n}"), "email": format!("c{}@guests.example", guest(n)) },
                "data": { "covers": n % 2 },
            }),
        })
        .collect();
    let answers = house.tell("/api/v1/events", &json!(told)).await.json();
    assert_eq!(answers.as_array().unwrap().len(), N);
    for n in 0..N {
        let (answer, name) = (&answers[n], format!("e-{n}"));
        match n % 7 {
            3 => assert_eq!([&answer["event"], &answer["problem"]["status"]], [&json!(name), &json!(422)]),
            5 => assert_eq!(*answer, answers[0]),
            _ => {
                assert_eq!(answer["event"], name);
                let decided = if n % 2 == 1 { "planned" } else { "skipped" };
                assert_eq!(answer["decisions"][0]["decision"], decided, "{answer}");
                assert_eq!(house.ask(&format!("/api/v1/events/{name}")).await.json(), *answer);
            }
        }
    }
}

#[tokio::test]
async fn no_more_events_are_taken_at_once_than_may_be() {
    let house = House::open().await;
    let many: Vec<_> = (0..1_001).map(|n| event(&format!("e-{n}"), 2)).collect();
    assert_eq!(house.tell("/api/v1/events", &json!(many)).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(house.tell("/api/v1/events", &json!([])).await.json(), json!([]));
    assert_eq!(house.ask("/api/v1/events/e-0").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn contacts_go_in_row_by_row_and_a_dry_run_changes_nothing() {
    let house = House::open().await;
    let given = json!([
        { "id": "c-1", "name": "Ada", "phone": "0151 23456789", "branch": "mitte", "attributes": { "tier": "gold" } },
        { "id": "c-2", "name": "B\u{0}o" },
        { "id": "c-3", "consent_email": "maybe" },
    ]);
    let rows = house.tell("/api/v1/contacts?dry_run=true", &given).await.json();
    assert_eq!([&rows[0]["result"], &rows[1]["result"], &rows[2]["result"]], ["created", "refused", "refused"]);
    assert_eq!(house.ask("/api/v1/contacts").await.json()["rows"], json!([]));
    house.tell("/api/v1/contacts", &given).await;
    let contact = house.ask("/api/v1/contacts/c-1").await.json();
    assert_eq!([&contact["phone"], &contact["attributes"]["tier"]], ["+4915123456789", "gold"]);
    assert_eq!(house.tell("/api/v1/contacts", &json!({ "id": "c-1" })).await.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_story_of_an_invitation_reads_like_plain_english() {
    let house = House::open().await;
    let (survey, _) = house.invite(1).await;
    house.submit(&survey, "overall=5").await;
    let told = house.ask("/api/v1/why/c-1?format=text").await.body;
    assert!(told.contains("Planned: an email is due on Wed 4 Mar at 14:00."), "{told}");
    assert!(told.contains("Sent by email"), "{told}");
    assert!(told.contains("→ Closed: answered in full."), "{told}");
    assert!(!told.contains("guests.example"), "{told}");
    assert_eq!(house.ask("/api/v1/why/nobody").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn reports_refuse_what_makes_no_sense_and_say_what_would() {
    let house = House::open().await;
    for query in
        ["by=colour", "from=yesterday", "from=2026-03-02&to=2026-03-01", "format=pdf", "branch=A", "colour=red"]
    {
        let answer = house.ask(&format!("/api/v1/reports/rates?{query}")).await;
        assert!(answer.status.is_client_error(), "{query}: {}", answer.body);
    }
    let csv = house.ask("/api/v1/reports/rates?format=csv").await;
    assert!(csv.header(header::CONTENT_TYPE).starts_with("text/csv"));
}

#[tokio::test]
async fn health_and_metrics_answer() {
    let house = House::open().await;
    house.invite(1).await;
    assert_eq!(house.ask("/healthz").await.status, StatusCode::OK);
    assert_eq!(house.ask("/readyz").await.status, StatusCode::OK);
    let metrics = house.ask("/metrics").await.body;
    assert!(metrics.contains("canvass_invitations_total{channel=\"email\",outcome=\"accepted\"} 1"), "{metrics}");
    house.core.store.close().await.unwrap();
    assert_eq!(house.ask("/readyz").await.status, StatusCode::SERVICE_UNAVAILABLE);
}
