//! The store itself, over the API.

use super::*;

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
