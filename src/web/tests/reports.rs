//! What gateways report.

use aws_lc_rs::hmac;
use data_encoding::BASE64;

use super::by_hand::unknown;
use super::public::futures_join;
use super::*;
use crate::domain::attempt::{Fate, Outcome};
use crate::domain::id::InvitationId;
use crate::domain::receipt::Bounce;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::store::ReadOnlyReason;

const GATEWAYS: &str = r#"
[sms.gateways.kannel]
preset = "kannel"
url = "http://127.0.0.1:13013/cgi-bin/sendsms"
username = "survey"
password_file = "kannel.password"
invite_replies = true
[sms.gateways.twilio]
preset = "twilio"
account_sid = "AC00000000000000000000000000000000"
token_file = "twilio.token"
signing_key_file = "twilio.key"
from = "+15005550006"
[sms.gateways.aggregator]
url = "http://127.0.0.1:13014/send"
body = { json = { to = "{to}", text = "{text}", report = "{status_url}" } }
success = { status = [200] }
receipts = { state = { json = "state" }, failed = ["lost"], code = { json = "why" }, dead_on = [7] }
"#;

impl House {
    /// A house with gateways, whose text messages about deliveries are followed by a mail where they do not arrive.
    async fn with_gateways() -> Self {
        Self::with_gateways_and(&[]).await
    }

    /// The same, with these files in place of shipped ones.
    pub(super) async fn with_gateways_and(instead: &[(&str, &str)]) -> Self {
        let settings =
            changed("canvass.toml", "\ntransport = \"file\"\n# How", "\ngateway = \"kannel\"\n# How") + GATEWAYS;
        let line_up = r#"line_up = [{ channel = "sms" }, { channel = "email", when = "undelivered" }]"#;
        let journey = changed("journeys/delivery.toml", r#"line_up = [{ channel = "sms" }]"#, line_up);
        let mut files = SHIPPED.files.to_vec();
        for (path, text) in &mut files {
            match *path {
                "canvass.toml" => *text = &settings,
                "journeys/delivery.toml" => *text = &journey,
                path => *text = instead.iter().find(|(known, _)| *known == path).map_or(*text, |(_, other)| *other),
            }
        }
        files.extend([("kannel.password", "hush"), ("twilio.token", "t0k3n"), ("twilio.key", "k3y")]);
        Self::open_with(InMemory { name: "config", files: &files }).await
    }

    /// A text message about an order that left with this outcome.
    async fn text_message(&self, outcome: Outcome) -> Sent {
        let event = json!({
            "id": "order-1", "type": "order.delivered", "at": "2026-03-04T11:15:00Z", "branch": "mitte",
            "contact": { "id": "c-1", "phone": "+4915112345678", "email": "c1@guests.example" },
        });
        let decided = self.tell("/api/v1/events", &event).await.json();
        let invitation = InvitationId::parse(decided["decisions"][0]["invitation"].as_str().unwrap()).unwrap();
        assert_eq!(self.all_leave(Channel::Sms, outcome).await, 1);
        Sent { invitation }
    }

    async fn fate(&self, sent: &Sent) -> Fate {
        self.core.store.invitation(&sent.invitation).await.unwrap().unwrap().attempt(1).unwrap().fate
    }

    /// How often a gateway reported something of this kind.
    async fn n_reports(&self, gateway: &str, what: &str) -> usize {
        let wanted = format!("canvass_sms_reports_total{{gateway=\"{gateway}\",what=\"{what}\"}} ");
        let metrics = self.ask("/metrics").await.body;
        metrics.lines().find_map(|line| line.strip_prefix(&wanted)).map_or(0, |n| n.parse().unwrap())
    }
}

/// A message that left.
struct Sent {
    invitation: InvitationId,
}

impl Sent {
    fn target(&self) -> LinkTarget {
        LinkTarget { invitation: self.invitation, attempt: 1 }
    }

    /// Where a gateway reports on it.
    fn link(&self, house: &House, gateway: &str) -> String {
        let token = house.core.store.seal().report_token(self.target(), gateway);
        format!("/hooks/sms/{gateway}/status/{token}")
    }
}

fn accepted() -> Outcome {
    Outcome::Accepted { provider_ref: None, n_segments: None, reply: "202 0: Accepted for delivery".to_owned() }
}

/// A shipped file with one piece of it replaced.
fn changed(path: &str, old: &str, new: &str) -> String {
    let (_, text) = SHIPPED.files.iter().find(|(known, _)| *known == path).unwrap();
    assert!(text.contains(old), "{path}");
    text.replacen(old, new, 1)
}

#[tokio::test]
async fn a_receipt_ends_what_nobody_knew() {
    let house = House::with_gateways().await;
    let sent = house.text_message(unknown()).await;
    let link = sent.link(&house, "kannel");
    assert_eq!(house.get(&format!("{link}?st=8&ans=ACK%2F")).await.status, StatusCode::OK);
    assert!(matches!(house.fate(&sent).await, Fate::Unknown { .. }));
    let answer = house.get(&format!("{link}?st=1&ans=&fid=1")).await;
    assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""));
    assert_eq!(house.fate(&sent).await, Fate::Delivered { at: house.clock.now() });
    assert_eq!(house.all_leave(Channel::Email, accepted()).await, 0);
    assert_eq!(house.n_reports("kannel", "nothing").await, 1);
    assert_eq!(house.n_reports("kannel", "receipt").await, 1);
}

#[tokio::test]
async fn twenty_reports_at_once_in_any_order_leave_one_final_state() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    let link = sent.link(&house, "kannel");
    let paths: Vec<_> = (0..20).map(|n| format!("{link}?st={}", [2, 1, 8, 16, 4][n % 5])).collect();
    for answer in futures_join(paths.iter().map(|path| house.get(path))).await {
        assert_eq!(answer.status, StatusCode::OK);
    }
    let bounced = Fate::Bounced { at: house.clock.now(), class: Bounce::Soft };
    assert_eq!(house.fate(&sent).await, bounced);
    house.clock.advance(chrono::TimeDelta::minutes(5));
    for path in &paths {
        assert_eq!(house.get(path).await.status, StatusCode::OK);
    }
    assert_eq!(house.fate(&sent).await, bounced);
    assert_eq!(house.n_reports("kannel", "receipt").await, 24);
    assert_eq!(house.all_leave(Channel::Email, accepted()).await, 1);
    assert_eq!(house.all_leave(Channel::Email, accepted()).await, 0);
}

#[tokio::test]
async fn a_message_that_failed_moves_the_line_up_on() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    assert_eq!(house.all_leave(Channel::Email, accepted()).await, 0);
    let lost = json!({ "state": "lost", "why": 7, "number": "+4915112345678" });
    let request = || {
        let request = Request::post(sent.link(&house, "aggregator")).header(header::CONTENT_TYPE, "application/json");
        request.body(Body::from(lost.to_string())).unwrap()
    };
    assert_eq!(house.knock(public(Arc::clone(&house.core)), request()).await.status, StatusCode::OK);
    assert_eq!(house.fate(&sent).await, Fate::Bounced { at: house.clock.now(), class: Bounce::Hard });
    assert_eq!(house.all_leave(Channel::Email, accepted()).await, 1);
    let told = house.ask(&format!("/api/v1/why/{}?format=text", sent.invitation)).await.body;
    assert!(told.contains("aggregator"), "{told}");
}

#[tokio::test]
async fn a_gateway_that_signs_is_heard_only_when_it_signed() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    let link = sent.link(&house, "twilio");
    let report = async |path: &str, body: &'static str, signature: Option<String>, settings: Option<&str>| {
        let request = Request::post(path).header(header::HOST, "inside.example:9000");
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let request = signature.into_iter().fold(request, |request, s| request.header("X-Twilio-Signature", s));
        let name = "X-Twilio-Webhooks-Signature-Settings";
        let request = settings.into_iter().fold(request, |request, settings| request.header(name, settings));
        house.knock(public(Arc::clone(&house.core)), request.body(Body::from(body)).unwrap()).await.status
    };
    let signed = |algorithm, key: &str, path: &str, fields: &str| {
        let text = format!("http://127.0.0.1:8080{path}{fields}");
        let key = hmac::Key::new(algorithm, key.as_bytes());
        Some(BASE64.encode(hmac::sign(&key, text.as_bytes()).as_ref()))
    };
    let sha1 = hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY;
    let (body, fields) = ("MessageStatus=delivered&MessageSid=SM1", "MessageSidSM1MessageStatusdelivered");
    let right = signed(sha1, "t0k3n", &link, fields);
    assert_eq!(report(&link, body, None, None).await, StatusCode::FORBIDDEN);
    assert_eq!(report(&link, "MessageStatus=failed&MessageSid=SM1", right.clone(), None).await, StatusCode::FORBIDDEN);
    assert_eq!(report(&link, body, signed(sha1, "t0k3m", &link, fields), None).await, StatusCode::FORBIDDEN);
    assert_eq!(report(&format!("{link}?x=1"), body, right.clone(), None).await, StatusCode::FORBIDDEN);
    let settings = Some("key=webhooks_sharedkey_1,algorithm=HMAC_SHA256");
    assert_eq!(report(&link, body, right.clone(), settings).await, StatusCode::FORBIDDEN);
    assert!(matches!(house.fate(&sent).await, Fate::Accepted { .. }));
    assert_eq!(house.n_reports("twilio", "unsigned").await, 5);

    let with_query = format!("{link}?x=1");
    let sent_on = signed(hmac::HMAC_SHA256, "k3y", &with_query, "MessageStatussent");
    assert_eq!(report(&with_query, "MessageStatus=sent", sent_on, settings).await, StatusCode::OK);
    assert!(matches!(house.fate(&sent).await, Fate::Accepted { .. }));
    assert_eq!(report(&link, body, right, None).await, StatusCode::OK);
    assert_eq!(house.fate(&sent).await, Fate::Delivered { at: house.clock.now() });
    assert_eq!(house.n_reports("twilio", "unsigned").await, 5);
}

#[tokio::test]
async fn only_the_link_that_was_given_to_a_gateway_is_heard() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    let link = sent.link(&house, "kannel");
    let of_mail = house.core.store.seal().token(Purpose::Receipt, sent.target());
    for path in [
        link.replace("kannel", "aggregator"),
        link.replace("kannel", "twilio"),
        link.replace("kannel", "pigeon"),
        format!("/hooks/sms/kannel/status/{of_mail}"),
        "/hooks/sms/kannel/status/x".to_owned(),
    ] {
        assert_eq!(house.get(&format!("{path}?st=1")).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    let gone = Sent { invitation: InvitationId::from_bytes([1; 16]) };
    assert_eq!(house.get(&format!("{}?st=1", gone.link(&house, "kannel"))).await.status, StatusCode::NOT_FOUND);
    let head = Request::head(format!("{link}?st=1")).body(Body::empty()).unwrap();
    assert_eq!(house.knock(public(Arc::clone(&house.core)), head).await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert!(matches!(house.fate(&sent).await, Fate::Accepted { .. }));
    assert_eq!(house.n_reports("kannel", "receipt").await, 1, "that of the message that is not there");
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_and_what_is_too_long_refused() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    let link = sent.link(&house, "kannel");
    for query in ["", "?ans=ACK%2F", "?st="] {
        assert_eq!(house.get(&format!("{link}{query}")).await.status, StatusCode::OK, "{query}");
    }
    assert_eq!(house.n_reports("kannel", "unreadable").await, 3);
    let too_long = house.submit(&link, &"x".repeat(70_000)).await;
    assert_eq!(too_long.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(matches!(house.fate(&sent).await, Fate::Accepted { .. }));
}

#[tokio::test]
async fn while_the_store_takes_no_changes_the_gateway_is_asked_to_come_again() {
    let house = House::with_gateways().await;
    let sent = house.text_message(accepted()).await;
    let link = format!("{}?st=1", sent.link(&house, "kannel"));
    house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    let refused = house.get(&link).await;
    assert_eq!((refused.status, refused.header(header::RETRY_AFTER)), (StatusCode::SERVICE_UNAVAILABLE, "60"));
    house.health.send_replace(Health::Writable);
    assert_eq!(house.get(&link).await.status, StatusCode::OK);
    assert!(matches!(house.fate(&sent).await, Fate::Delivered { .. }));
}

#[tokio::test]
async fn messages_are_counted_by_where_they_went() {
    let house = House::open().await;
    for n in 1..=2 {
        house.invite(n).await;
    }
    let period = "from=2026-03-01&to=2026-04-01";
    let report = house.ask(&format!("/api/v1/reports/delivery?by=channel,domain,reason&{period}")).await.json();
    let row = &report["rows"][0];
    assert_eq!([&row["channel"], &row["domain"]], ["email", "guests.example"]);
    assert_eq!([&row["reason"], &row["sent"], &row["accepted"]], [&Value::Null, &json!(2), &json!(2)]);
    assert_eq!(report["total"]["complaint_rate"]["value"], json!(0.0));
    // They have another address by now, and where the message went is not known any more.
    let moved = house.tell("/api/v1/contacts", &json!([{ "id": "c-1", "email": "new@elsewhere.example" }])).await;
    assert_eq!(moved.status, StatusCode::OK, "{}", moved.body);
    let table = house.ask(&format!("/api/v1/reports/delivery?by=domain&format=table&{period}")).await.body;
    assert!(table.contains("guests.example") && table.contains("(none)") && !table.contains("elsewhere"), "{table}");
    let refused = house.ask("/api/v1/reports/delivery?by=week").await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", refused.body);
}
