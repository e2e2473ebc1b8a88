//! What mail providers post.

mod mailgun;
mod ses;

use async_trait::async_trait;
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair, RsaKeyPair};
use data_encoding::BASE64;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::pki_types::pem::PemObject;
use std::sync::Mutex;

use super::*;
use crate::daemon::hooks::{Courier, CourierError, Hooks};
use crate::domain::attempt::{Fate, Outcome};
use crate::domain::id::InvitationId;
use crate::domain::receipt::Bounce;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::store::ReadOnlyReason;

const TOPIC: &str = "arn:aws:sns:eu-central-1:123456789012:canvass";
const CERTIFICATE: &[u8] = include_bytes!("../../../tests/fixtures/sns/certificate.pem");
const SNS_KEY: &[u8] = include_bytes!("../../../tests/fixtures/sns/key.pem");

/// Stands for SNS, and notes what is asked of it.
struct Sns(Arc<Mutex<Vec<String>>>);

#[async_trait]
impl Courier for Sns {
    async fn get(&self, url: &str) -> Result<Vec<u8>, CourierError> {
        self.0.lock().unwrap().push(url.to_owned());
        if url.ends_with("-gone.pem") { Err(CourierError::Status(404)) } else { Ok(CERTIFICATE.to_vec()) }
    }
}

/// The keys and secrets of the providers that this house listens to.
struct Keys {
    sendgrid: EcdsaKeyPair,
    sns: RsaKeyPair,
}

/// A house that listens to providers, and a mail that it sent.
struct Listening {
    house: House,
    keys: Keys,
    invitation: InvitationId,
    token: String,
    /// What SNS was asked for.
    asked: Arc<Mutex<Vec<String>>>,
}

impl Listening {
    /// To these providers, of whom the tables of the others are left out.
    async fn to(providers: &[&str]) -> Self {
        let sns = PrivatePkcs8KeyDer::from_pem_slice(SNS_KEY).unwrap();
        let keys = Keys {
            sendgrid: EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap(),
            sns: RsaKeyPair::from_pkcs8(sns.secret_pkcs8_der()).unwrap(),
        };
        let der: PublicKeyX509Der<'_> = keys.sendgrid.public_key().as_der().unwrap();
        let tables = [
            format!("[email.webhooks.ses]\ntopic_arn = \"{TOPIC}\"\n"),
            "[email.webhooks.mailgun]\nsigning_key_file = \"mailgun.key\"\n".to_owned(),
            format!("[email.webhooks.sendgrid]\npublic_key = \"{}\"\n", BASE64.encode(der.as_ref())),
            "[email.webhooks.postmark]\nusername = \"postmark\"\npassword_file = \"postmark.password\"\n".to_owned(),
        ];
        let is_wanted = |table: &&String| providers.iter().any(|name| table.contains(&format!(".{name}]")));
        let tables: String = tables.iter().filter(is_wanted).map(String::as_str).collect();
        let mut files = SHIPPED.files.to_vec();
        let settings = format!("{}\n{tables}", files.iter().find(|(path, _)| *path == "canvass.toml").unwrap().1);
        files.iter_mut().filter(|(path, _)| *path == "canvass.toml").for_each(|(_, text)| *text = &settings);
        files.extend([("postmark.password", "hush"), ("mailgun.key", "k3y")]);
        let mut house = House::open_with(InMemory { name: "config", files: &files }).await;
        let asked = Arc::new(Mutex::new(Vec::new()));
        Arc::get_mut(&mut house.core).unwrap().hooks = Hooks::with_courier(Sns(Arc::clone(&asked)));
        let (id, _) = house.mailed().await;
        let invitation = InvitationId::parse(&id).unwrap();
        let token = house.core.store.seal().token(Purpose::Receipt, LinkTarget { invitation, attempt: 1 });
        Self { house, keys, invitation, token, asked }
    }

    async fn post(&self, provider: &str, headers: &[(&str, String)], body: impl Into<Body>) -> StatusCode {
        let request = Request::post(format!("/hooks/email/{provider}"));
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, value));
        let request = request.body(body.into()).unwrap();
        self.house.knock(public(Arc::clone(&self.house.core)), request).await.status
    }

    async fn fate(&self) -> Fate {
        self.house.core.store.invitation(&self.invitation).await.unwrap().unwrap().attempt(1).unwrap().fate
    }

    fn bounced(&self, class: Bounce) -> Fate {
        Fate::Bounced { at: self.house.clock.now(), class }
    }

    /// How many events of a provider were of this kind.
    async fn n_events(&self, provider: &str, what: &str) -> usize {
        let wanted = format!("canvass_email_hook_events_total{{provider=\"{provider}\",what=\"{what}\"}} ");
        let metrics = self.house.ask("/metrics").await.body;
        metrics.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |n| n.parse().unwrap())
    }

    /// Why addresses are suppressed, and who says so.
    async fn suppressed(&self) -> Vec<(String, String)> {
        let rows = self.house.ask("/api/v1/suppressions").await.json()["rows"].as_array().unwrap().clone();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        rows.iter().map(|row| (text(row, "reason"), text(row, "source"))).collect()
    }

    fn postmark(&self, event: &str, more: &Value) -> String {
        let mut body = json!({ "RecordType": event, "Metadata": { "canvass": self.token }, "Details": "smtp;250 OK" });
        let fields = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(fields);
        body.to_string()
    }

    fn sendgrid(&self, events: &Value, seconds_ago: i64) -> (Vec<(&'static str, String)>, String) {
        let body = events.to_string();
        let timestamp = (self.house.clock.now().timestamp() - seconds_ago).to_string();
        let signed = [timestamp.as_bytes(), body.as_bytes()].concat();
        let signature = self.keys.sendgrid.sign(&SystemRandom::new(), &signed).unwrap();
        let headers = vec![
            ("X-Twilio-Email-Event-Webhook-Signature", BASE64.encode(signature.as_ref())),
            ("X-Twilio-Email-Event-Webhook-Timestamp", timestamp),
        ];
        (headers, body)
    }
}

impl Listening {
    async fn post_json(&self, provider: &str, body: &Value) -> StatusCode {
        self.post(provider, &[], body.to_string()).await
    }
}

fn login(pair: &str) -> [(&'static str, String); 1] {
    [("Authorization", format!("Basic {}", BASE64.encode(pair.as_bytes())))]
}

#[tokio::test]
async fn a_mail_carries_the_fields_of_the_providers_that_are_listened_to_and_no_others() {
    let fields = async |providers: &[&str]| {
        let listening = Listening::to(providers).await;
        listening.house.invite(1).await;
        let outbox = std::fs::read_dir(listening.house.folder.path().join("outbox")).unwrap();
        let mail = std::fs::read(outbox.map(Result::unwrap).next().unwrap().path()).unwrap();
        let mail = String::from_utf8_lossy(&mail).into_owned();
        let token = mail.lines().filter_map(|line| line.strip_prefix("X-PM-Metadata-canvass: ")).collect::<String>();
        let api = mail.lines().filter_map(|line| line.strip_prefix("X-SMTPAPI: ")).collect::<String>();
        let opened = listening.house.core.store.seal().open(Purpose::Receipt, &token).map(|of| of.attempt);
        let names = ["X-Canvass-Receipt: ", "X-Mailgun-Variables: "];
        let others = mail.lines().filter(|line| names.iter().any(|name| line.starts_with(name))).count();
        (opened, api, others)
    };
    assert_eq!(fields(&[]).await, (None, String::new(), 0));
    assert_eq!(fields(&["postmark"]).await, (Some(1), String::new(), 0));
    assert_eq!(fields(&["ses", "mailgun"]).await, (None, String::new(), 2));
    let (opened, api, _) = fields(&["sendgrid"]).await;
    let token = serde_json::from_str::<Value>(&api).unwrap()["unique_args"]["canvass"].as_str().unwrap().to_owned();
    assert_eq!((opened, token.len()), (None, 34));
}

#[tokio::test]
async fn only_providers_of_the_configuration_are_listened_to_and_to_posts_of_a_decent_length() {
    let listening = Listening::to(&["postmark"]).await;
    for unknown in ["sendgrid", "nobody", "Postmark"] {
        assert_eq!(listening.post(unknown, &login("postmark:hush"), "{}").await, StatusCode::NOT_FOUND, "{unknown}");
    }
    let long = vec![b' '; 2 * 1024 * 1024 + 1];
    assert_eq!(listening.post("postmark", &login("postmark:hush"), long).await, StatusCode::PAYLOAD_TOO_LARGE);
    let padded = format!("{}{}", listening.postmark("Delivery", &json!({})), " ".repeat(1024 * 1024));
    assert_eq!(listening.post("postmark", &login("postmark:hush"), padded).await, StatusCode::OK);
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
}

#[tokio::test]
async fn postmark_tells_what_became_of_a_mail_and_telling_it_again_changes_nothing() {
    let listening = Listening::to(&["postmark"]).await;
    let [delivered, opened] = ["Delivery", "Open"].map(|event| listening.postmark(event, &json!({})));
    let gone = json!({ "Type": "HardBounce", "Details": "smtp;550 5.1.1 no such user" });
    let bounced = listening.postmark("Bounce", &gone);
    for (body, headers, expected) in [
        (&delivered, &login("postmark:wrong")[..], StatusCode::UNAUTHORIZED),
        (&delivered, &[][..], StatusCode::UNAUTHORIZED),
        (&opened, &login("postmark:hush")[..], StatusCode::OK),
    ] {
        assert_eq!(listening.post("postmark", headers, body.clone()).await, expected);
        assert!(matches!(listening.fate().await, Fate::Accepted { .. }));
    }
    assert_eq!(listening.post("postmark", &login("postmark:hush"), delivered.clone()).await, StatusCode::OK);
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
    assert_eq!(listening.post("postmark", &login("postmark:hush"), bounced.clone()).await, StatusCode::OK);
    let dead = listening.bounced(Bounce::Hard);
    assert_eq!(listening.fate().await, dead);
    listening.house.clock.advance(chrono::TimeDelta::minutes(5));
    for body in [delivered, bounced] {
        assert_eq!(listening.post("postmark", &login("postmark:hush"), body).await, StatusCode::OK);
        assert_eq!(listening.fate().await, dead);
    }
    assert_eq!(listening.suppressed().await, [("bounced".to_owned(), "Postmark".to_owned())]);
    let counted = ["receipt", "nothing", "doubted"];
    let counted = [0, 1, 2].map(|i| listening.n_events("postmark", counted[i]));
    assert_eq!(futures_util::future::join_all(counted).await, [4, 1, 2]);
    let why = listening.house.ask(&format!("/api/v1/why/{}?format=text", listening.invitation)).await.body;
    assert!(why.contains("says Postmark") && why.contains("550 5.1.1 no such user"), "{why}");
}

#[tokio::test]
async fn what_is_not_ours_or_cannot_be_read_is_counted_and_leaves_nothing() {
    let listening = Listening::to(&["postmark"]).await;
    let foreign = listening.token.chars().rev().collect::<String>();
    let body = listening.postmark("Delivery", &json!({ "Metadata": { "canvass": foreign } }));
    for body in [&body, r#"{"RecordType":"Delivery"}"#, r#"{"RecordType":"Delivery","Metadata":[]}"#, "[]", "<x>", ""] {
        assert_eq!(
            listening.post("postmark", &login("postmark:hush"), body.to_owned()).await,
            StatusCode::OK,
            "{body}"
        );
    }
    assert!(matches!(listening.fate().await, Fate::Accepted { .. }));
    assert_eq!(listening.n_events("postmark", "not_ours").await, 3);
    assert_eq!(listening.n_events("postmark", "unreadable").await, 3);
}

#[tokio::test]
async fn while_the_store_takes_no_changes_a_provider_is_asked_to_come_again() {
    let listening = Listening::to(&["postmark"]).await;
    listening.house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    let body = listening.postmark("Delivery", &json!({}));
    let status = listening.post("postmark", &login("postmark:hush"), body.clone()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    listening.house.health.send_replace(Health::Writable);
    assert_eq!(listening.post("postmark", &login("postmark:hush"), body).await, StatusCode::OK);
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
}

#[tokio::test]
async fn of_many_events_of_sendgrid_each_is_heard_whatever_the_others_are() {
    let listening = Listening::to(&["sendgrid"]).await;
    let event = |event: &str| json!({ "event": event, "canvass": listening.token, "response": "250 OK" });
    let foreign = json!({ "event": "delivered", "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>" });
    let mut events = vec![event("processed"), json!({ "event": 1 }), json!(null), event("open"), foreign];
    events.extend((0..1_000).map(|_| event("delivered")));
    let (headers, body) = listening.sendgrid(&json!(events), 0);
    assert_eq!(listening.post("sendgrid", &headers, body.clone()).await, StatusCode::OK);
    assert_eq!(listening.fate().await, Fate::Delivered { at: listening.house.clock.now() });
    for (what, n) in [("receipt", 1_000), ("nothing", 2), ("unreadable", 2), ("not_ours", 1)] {
        assert_eq!(listening.n_events("sendgrid", what).await, n, "{what}");
    }
    let (headers, body) = listening.sendgrid(&json!({ "event": "delivered" }), 0);
    assert_eq!(listening.post("sendgrid", &headers, body).await, StatusCode::OK);
    assert_eq!(listening.n_events("sendgrid", "unreadable").await, 3);
}

#[tokio::test]
async fn what_sendgrid_did_not_sign_or_signed_long_ago_is_refused() {
    let listening = Listening::to(&["sendgrid"]).await;
    let events = json!([{ "event": "delivered", "canvass": listening.token }]);
    let (headers, body) = listening.sendgrid(&events, 0);
    let changed = body.replace("delivered", "deliverED");
    assert_eq!(listening.post("sendgrid", &headers, changed).await, StatusCode::FORBIDDEN);
    assert_eq!(listening.post("sendgrid", &headers[..1], body.clone()).await, StatusCode::FORBIDDEN);
    assert_eq!(listening.post("sendgrid", &headers[1..], body.clone()).await, StatusCode::FORBIDDEN);
    for seconds_ago in [26 * 3_600, -600] {
        let (headers, body) = listening.sendgrid(&events, seconds_ago);
        assert_eq!(listening.post("sendgrid", &headers, body).await, StatusCode::FORBIDDEN, "{seconds_ago}");
    }
    let mut of_another_time = headers.clone();
    of_another_time[1].1 = (listening.house.clock.now().timestamp() - 1).to_string();
    assert_eq!(listening.post("sendgrid", &of_another_time, body).await, StatusCode::FORBIDDEN);
    assert!(matches!(listening.fate().await, Fate::Accepted { .. }));
    assert_eq!(listening.n_events("sendgrid", "doubted").await, 6);
}

#[tokio::test]
async fn whoever_unsubscribes_at_the_provider_is_asked_no_more_by_any_channel() {
    for (event, fate) in [
        (json!({ "event": "unsubscribe" }), None),
        (json!({ "event": "dropped", "reason": "Unsubscribed Address" }), Some(Bounce::Policy)),
    ] {
        let listening = Listening::to(&["sendgrid"]).await;
        let mut event = event;
        event["canvass"] = json!(listening.token);
        for _ in 0..2 {
            let (headers, body) = listening.sendgrid(&json!([event]), 0);
            assert_eq!(listening.post("sendgrid", &headers, body).await, StatusCode::OK);
        }
        let invitation = listening.house.ask(&format!("/api/v1/invitations/{}", listening.invitation)).await.json();
        assert_eq!(invitation["end"], "opted_out", "{invitation}");
        let expected = |channel: &str| (format!("opted_out {channel}"), "SendGrid".to_owned());
        let rows = listening.house.ask("/api/v1/suppressions").await.json()["rows"].as_array().unwrap().clone();
        let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
        let mut found: Vec<_> = rows
            .iter()
            .map(|row| (format!("{} {}", text(row, "reason"), text(row, "channel")), text(row, "source")))
            .collect();
        found.sort();
        assert_eq!(found, [expected("email"), expected("sms")]);
        match fate {
            Some(class) => assert_eq!(listening.fate().await, listening.bounced(class)),
            None => assert!(matches!(listening.fate().await, Fate::Accepted { .. })),
        }
        let left = Outcome::Accepted { provider_ref: None, n_segments: None, reply: String::new() };
        listening.house.clock.advance(chrono::TimeDelta::days(5));
        assert_eq!(listening.house.all_leave(Channel::Sms, left).await, 0);
        assert_eq!(listening.n_events("sendgrid", "refusal").await, 2);
    }
}
