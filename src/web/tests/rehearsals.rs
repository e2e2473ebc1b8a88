//! `canvass plan` over the admin door.

use super::*;
use crate::config::Files;

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

#[tokio::test]
async fn another_configuration_is_tried_and_one_with_problems_is_refused_with_all_of_them() {
    let house = House::open().await;
    let event = json!({
        "id": "order-1", "type": "order.delivered", "at": "2026-03-04T11:30:00Z", "branch": "mitte",
        "contact": { "id": "c-1", "phone": "+4915112345678" },
    });
    house.tell("/api/v1/events", &event).await;
    let folder = house.folder.path().join("other");
    for sub in ["", "surveys", "journeys"] {
        std::fs::create_dir_all(folder.join(sub)).unwrap();
        for name in SHIPPED.list(sub).unwrap() {
            let file = std::path::Path::new(sub).join(name);
            std::fs::write(folder.join(&file), SHIPPED.read(file.to_str().unwrap()).unwrap()).unwrap();
        }
    }
    let path = form_urlencoded::byte_serialize(folder.to_str().unwrap().as_bytes()).collect::<String>();
    let query = format!("/api/v1/plan?days=7&against={path}");
    let same = house.ask(&query).await.json();
    assert_eq!(same["against"]["total"], same["total"]);
    assert_eq!(same["against"]["difference"]["rows"], json!([]));
    let settings = folder.join("canvass.toml");
    let shipped = std::fs::read_to_string(&settings).unwrap();

    // Its own tests say when a guest is asked, and would have it refused.
    let journey = folder.join("journeys/delivery.toml");
    let untested = std::fs::read_to_string(&journey).unwrap().split("[[test]]").next().unwrap().to_owned();
    let early = shipped.replace("[quiet_hours]\n", "[quiet_hours]\nsms.DE = { between = \"15:00-19:00\" }\n");
    std::fs::write(&settings, &early).unwrap();
    let refused = house.ask(&query).await;
    assert!(refused.status == StatusCode::UNPROCESSABLE_ENTITY && refused.body.contains("test"), "{}", refused.body);
    std::fs::write(&journey, untested).unwrap();
    let moved = house.ask(&query).await.json();
    let [row] = moved["against"]["difference"]["rows"].as_array().unwrap().as_slice() else { panic!("{moved:#}") };
    assert_eq!((&row["change"], &row["contact"], &row["message"]), (&json!("moves"), &json!("c-1"), &json!(1)));
    assert_eq!(row["before"]["at"], "2026-03-04T12:15:00Z");
    assert_eq!(row["after"]["at"], "2026-03-04T14:00:00Z");
    let table = house.ask(&format!("{query}&format=table")).await.body;
    let line =
        "  c-1  delivery/delivery message 1: moves from sms on 2026-03-04 12:15 UTC to sms on 2026-03-04 14:00 UTC\n";
    assert!(table.contains("\n1 surveys and 1 messages in all at another time") && table.contains(line), "{table}");
    let csv = house.ask(&format!("{query}&format=csv")).await.body;
    assert!(csv.contains("\nmoves,c-1,mitte,delivery,delivery,1,inv_"), "{csv}");

    std::fs::write(&settings, shipped.replace("at_most = 2", "at_most = 0").replace("per = \"30d\"", "per = 30"))
        .unwrap();
    let refused = house.ask(&query).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
    assert_eq!(refused.json()["errors"].as_array().unwrap().len(), 2, "{}", refused.body);
}

#[tokio::test]
async fn running_invitations_move_to_the_configuration_in_force_when_somebody_wants_it() {
    let house = House::open().await;
    let event = json!({
        "id": "order-1", "type": "order.delivered", "at": "2026-03-04T11:30:00Z", "branch": "mitte",
        "contact": { "id": "c-1", "phone": "+4915112345678", "email": "c1@guests.example" },
    });
    house.tell("/api/v1/events", &event).await;
    let mut config = (*house.core.live.load().config).clone();
    for stage in config.journeys.values_mut().flat_map(|journey| &mut journey.stages) {
        if let crate::domain::journey::Ask::Push(push) = &mut stage.ask {
            push.after = chrono::TimeDelta::hours(3);
            push.line_up.iter_mut().for_each(|step| step.channel = Channel::Email);
        }
    }
    let clock: Arc<dyn Clock> = Arc::clone(&house.clock) as _;
    house.core.adopt(Live::of(config, &clock).unwrap()).await.unwrap();
    let waiting = || async { house.ask("/api/v1/invitations?contact=c-1").await.json()["rows"][0].clone() };
    let planned = waiting().await;
    assert_eq!(planned["due_at"], "2026-03-04T12:15:00Z", "a reload moves nobody");

    let wish = |dry_run: bool| json!({ "scope": { "journey": "delivery" }, "by": "maria", "dry_run": dry_run });
    let told = house.tell("/api/v1/invitations/migrate", &wish(true)).await.json();
    let row = json!({
        "journey": "delivery", "stage": "delivery", "result": "moved", "reason": null, "explanation": null, "n": 1,
    });
    assert_eq!(told["rows"], json!([row]));
    assert_eq!(waiting().await, planned);
    assert_eq!(house.tell("/api/v1/invitations/migrate", &wish(false)).await.json()["rows"], json!([row]));
    assert_eq!(waiting().await["due_at"], "2026-03-04T14:30:00Z");
    let again = house.tell("/api/v1/invitations/migrate", &wish(false)).await.json();
    assert_eq!(again["rows"][0]["result"], "unchanged");
    let why = house.ask("/api/v1/why/c-1?format=text").await.body;
    let story = "By decision of maria, planned anew under the configuration that was in force then.";
    assert!(why.contains(story), "{why}");
    let wrong = house.tell("/api/v1/invitations/migrate", &json!({ "scope": { "journey": "none" } })).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", wrong.body);
}
