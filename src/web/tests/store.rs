//! The store itself, over the API.

use super::*;
use crate::store::dump::DumpReader;

#[tokio::test]
async fn a_backup_is_a_dump_of_what_is_there_and_says_what_it_is() {
    let house = House::open().await;
    house.invite(1).await;
    let counted = house.ask("/api/v1/store?count=true").await.json();
    let request = Request::get("/api/v1/backup").body(Body::empty()).unwrap();
    let response = admin(Arc::clone(&house.core)).oneshot(request).await.unwrap();
    let named = response.headers()[header::CONTENT_DISPOSITION].to_str().unwrap().to_owned();
    assert_eq!(named, "attachment; filename=\"canvass-20260304T130000Z.dump\"");
    assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
    let bytes = axum::body::to_bytes(response.into_body(), 1 << 24).await.unwrap();
    let mut dump = DumpReader::open(bytes.as_ref()).unwrap();
    while dump.record().unwrap().is_some() {}
    assert_eq!(json!(dump.n_records()), counted["records"]);
    assert_eq!(dump.about().made_at, house.clock.now());
}

#[tokio::test]
async fn how_large_the_store_is_is_told_and_counted_only_when_asked() {
    let house = House::open().await;
    let sizes = house.ask("/api/v1/store").await.json();
    assert_eq!(
        sizes,
        json!({ "disk_bytes": 0, "raw_bytes": null, "records": null, "factor": null, "read_only": null })
    );
    let counted = house.ask("/api/v1/store?count=true").await.json();
    assert!(counted["raw_bytes"].as_u64() > Some(0), "{counted}");
    assert_eq!(house.ask("/api/v1/store").await.json(), counted);
    assert_eq!(house.ask("/api/v1/store?count=yes").await.status, StatusCode::UNPROCESSABLE_ENTITY);
    let compacted = house.tell("/api/v1/compact", &Value::Null).await.json();
    assert_eq!(compacted["after"]["records"], counted["records"]);
    house.health.send_replace(Health::ReadOnly(crate::store::ReadOnlyReason::NoRoom));
    assert_eq!(house.ask("/api/v1/store").await.json()["read_only"], "there is no room on its disk");
}
