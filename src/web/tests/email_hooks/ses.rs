//! What Amazon SES tells through SNS.

use aws_lc_rs::signature::RSA_PKCS1_SHA256;

use super::*;

impl Listening {
    /// A message of SNS, signed.
    fn sns(&self, kind: &str, message: &str) -> Value {
        let timestamp = self.house.clock.now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let url =
            format!("https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=t");
        let (begin, end) =
            (format!("Message\n{message}\nMessageId\nm-1\n"), format!("TopicArn\n{TOPIC}\nType\n{kind}\n"));
        let signed = match kind {
            "Notification" => format!("{begin}Timestamp\n{timestamp}\n{end}"),
            _ => format!("{begin}SubscribeURL\n{url}\nTimestamp\n{timestamp}\nToken\nt\n{end}"),
        };
        let mut signature = vec![0; self.keys.sns.public_modulus_len()];
        self.keys.sns.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        json!({ "Type": kind, "MessageId": "m-1", "TopicArn": TOPIC, "Message": message, "Timestamp": timestamp,
            "Token": "t", "SubscribeURL": url, "SignatureVersion": "2", "Signature": BASE64.encode(&signature),
            "SigningCertURL": "https://sns.eu-central-1.amazonaws.com/SimpleNotificationService-1.pem" })
    }
}

#[tokio::test]
async fn ses_tells_through_its_topic_what_became_of_a_mail() {
    let listening = Listening::to(&["ses"]).await;
    let bounce = json!({ "eventType": "Bounce", "bounce": { "bounceType": "Permanent", "bounceSubType": "General",
        "bouncedRecipients": [{ "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown" }] },
        "mail": { "headers": [{ "name": "X-Canvass-Receipt", "value": listening.token }] } });
    let post = listening.sns("Notification", &bounce.to_string());
    let mut changed = post.clone();
    changed["Message"] = json!(bounce.to_string().replace("5.1.1", "5.2.2"));
    assert_eq!(listening.post_json("ses", &changed).await, StatusCode::FORBIDDEN);
    let mut elsewhere = post.clone();
    elsewhere["SigningCertURL"] = json!("https://sns.eu-central-1.amazonaws.com.evil.example/x.pem");
    assert_eq!(listening.post_json("ses", &elsewhere).await, StatusCode::FORBIDDEN);
    let mut not_there = post.clone();
    not_there["SigningCertURL"] = json!("https://sns.eu-central-1.amazonaws.com/x-gone.pem");
    assert_eq!(listening.post_json("ses", &not_there).await, StatusCode::SERVICE_UNAVAILABLE);
    assert!(matches!(listening.fate().await, Fate::Accepted { .. }));
    for _ in 0..2 {
        assert_eq!(listening.post_json("ses", &post).await, StatusCode::OK);
        assert_eq!(listening.fate().await, listening.bounced(Bounce::Hard));
    }
    assert_eq!(listening.suppressed().await, [("bounced".to_owned(), "Amazon SES".to_owned())]);
    listening.house.clock.advance(chrono::TimeDelta::minutes(61));
    assert_eq!(listening.post_json("ses", &post).await, StatusCode::FORBIDDEN);
    // For the changed one, and the one that is not there.
    assert_eq!(listening.asked.lock().unwrap().len(), 2);
    assert_eq!(listening.n_events("ses", "doubted").await, 3);
}

#[tokio::test]
async fn a_subscription_is_confirmed_for_the_topic_of_the_configuration_alone() {
    let listening = Listening::to(&["ses"]).await;
    let confirmation = listening.sns("SubscriptionConfirmation", "You have chosen to subscribe.");
    let mut unsigned = confirmation.clone();
    unsigned["SubscribeURL"] = json!(confirmation["SubscribeURL"].as_str().unwrap().replace("Token=t", "Token=u"));
    let mut foreign = confirmation.clone();
    foreign["TopicArn"] = json!(TOPIC.replace("canvass", "another"));
    for doubtful in [unsigned, foreign] {
        assert_eq!(listening.post_json("ses", &doubtful).await, StatusCode::FORBIDDEN);
    }
    let confirmed = || listening.asked.lock().unwrap().iter().filter(|url| url.contains("/?")).count();
    assert_eq!(confirmed(), 0);
    assert_eq!(listening.post_json("ses", &confirmation).await, StatusCode::OK);
    assert_eq!(listening.asked.lock().unwrap().last().unwrap(), confirmation["SubscribeURL"].as_str().unwrap());
    let left = listening.sns("UnsubscribeConfirmation", "You have chosen to leave.");
    assert_eq!(listening.post_json("ses", &left).await, StatusCode::OK);
    assert_eq!(confirmed(), 1, "nobody comes back who was sent away");
}
