//! What Mailgun posts.

use aws_lc_rs::hmac;
use data_encoding::HEXLOWER;

use super::*;

impl Listening {
    /// A post of Mailgun with this token.
    fn mailgun(&self, event: &str, token: &str, seconds_ago: i64) -> Value {
        let timestamp = (self.house.clock.now().timestamp() - seconds_ago).to_string();
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"k3y");
        let signature = HEXLOWER.encode(hmac::sign(&key, format!("{timestamp}{token}").as_bytes()).as_ref());
        let data = json!({ "event": event, "user-variables": { "canvass": self.token } });
        json!({ "signature": { "timestamp": timestamp, "token": token, "signature": signature }, "event-data": data })
    }
}

#[tokio::test]
async fn a_token_of_mailgun_counts_once_and_only_when_what_it_told_was_noted() {
    let listening = Listening::to(&["mailgun"]).await;
    let delivered = listening.mailgun("delivered", "t1", 0);
    let mut changed = delivered.clone();
    changed["signature"]["token"] = json!("t2");
    for doubtful in [changed, listening.mailgun("delivered", "t1", 10 * 3_600), json!({ "event-data": {} })] {
        assert_eq!(listening.post_json("mailgun", &doubtful).await, StatusCode::FORBIDDEN, "{doubtful}");
    }
    listening.house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    assert_eq!(listening.post_json("mailgun", &delivered).await, StatusCode::SERVICE_UNAVAILABLE);
    listening.house.health.send_replace(Health::Writable);
    assert_eq!(listening.post_json("mailgun", &delivered).await, StatusCode::OK);
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
    // Somebody who has seen the post puts another event beside its signature.
    let mut forged = delivered.clone();
    forged["event-data"]["event"] = json!("complained");
    for again in [&delivered, &forged] {
        assert_eq!(listening.post_json("mailgun", again).await, StatusCode::FORBIDDEN);
    }
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
    assert_eq!(listening.post_json("mailgun", &listening.mailgun("complained", "t3", 8 * 3_600)).await, StatusCode::OK);
    assert_eq!(listening.suppressed().await[0], ("complained".to_owned(), "Mailgun".to_owned()));
    assert_eq!(listening.n_events("mailgun", "doubted").await, 5);
    assert_eq!(listening.n_events("mailgun", "receipt").await, 2);
}
