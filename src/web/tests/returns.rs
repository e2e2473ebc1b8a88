//! Mails that come back, through the admin door.

use tokio_util::sync::CancellationToken;

use super::*;
use crate::daemon::collector::Collector;
use crate::domain::attempt::Outcome;
use crate::domain::journey::Channel;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::store::ReadOnlyReason;

impl House {
    /// The guest is asked by mail and the relay takes it. Gives the invitation and the address that it comes back to.
    pub(super) async fn mailed(&self) -> (String, String) {
        let event = json!({
            "id": "pos-1", "type": "visit.completed", "at": "2026-03-04T11:00:00Z", "branch": "mitte",
            "contact": { "id": "c-17", "email": "a.guest@example.org", "phone": "+4915112345678" }, "data": { "covers": 2 },
        });
        let decided = self.tell("/api/v1/events", &event).await.json();
        let id = decided["decisions"][0]["invitation"].as_str().unwrap().to_owned();
        self.clock.advance_to("2026-03-04T13:00:00Z".parse().unwrap());
        let accepted =
            Outcome::Accepted { provider_ref: None, n_segments: None, reply: "250 2.0.0 Ok: queued as 4F1".to_owned() };
        assert_eq!(self.all_leave(Channel::Email, accepted).await, 1);
        let of = LinkTarget { invitation: crate::domain::id::InvitationId::parse(&id).unwrap(), attempt: 1 };
        let token = self.core.store.seal().token(Purpose::Receipt, of);
        (id, format!("b%2B{token}%40bounce.sole.example"))
    }

    async fn comes_back(&self, recipient: &str, mail: &str) -> Value {
        let request = Request::post(format!("/api/v1/bounces?recipient={recipient}&sender="));
        let request = request.header(header::CONTENT_TYPE, "message/rfc822").body(Body::from(mail.to_owned())).unwrap();
        let answer = self.knock(admin(Arc::clone(&self.core)), request).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
        answer.json()
    }
}

/// What Postfix makes of a mail that another server took and then did not want: RFC 3464.
pub(super) fn report(action: &str, status: &str, diagnostic: &str) -> String {
    format!(
        "From: MAILER-DAEMON@relay.example\r\nTo: b@bounce.sole.example\r\nSubject: Undelivered Mail Returned to Sender\r\n\
         Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
         --b\r\nContent-Type: text/plain\r\n\r\nYour message could not be delivered.\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; relay.example\r\n\r\n\
         Final-Recipient: rfc822; a.guest@example.org\r\nAction: {action}\r\nStatus: {status}\r\n\
         Diagnostic-Code: smtp; {diagnostic}\r\n\r\n--b--\r\n"
    )
}

#[tokio::test]
async fn a_mailbox_that_is_gone_is_never_written_to_again_and_the_next_step_follows_at_once() {
    let house = House::open().await;
    let (id, back_to) = house.mailed().await;
    let late = house.comes_back(&back_to, &report("delayed", "4.4.1", "421 4.4.1 no route yet")).await;
    assert_eq!((&late["verdict"], &late["explanation"]), (&json!("nothing"), &json!("delayed")));

    let gone = report("failed", "5.1.1", "550 5.1.1 no such user");
    let told = house.comes_back(&back_to, &gone).await;
    let expected = json!({
        "verdict": "bounced", "class": "hard", "invitation": id, "attempt": 1, "is_news": true, "explanation": "noted",
    });
    assert_eq!(told, expected);
    assert_eq!(house.comes_back(&back_to, &gone).await["is_news"], false, "the same mail again");

    let invitation = house.ask(&format!("/api/v1/invitations/{id}")).await.json();
    let attempt = &invitation["attempts"][0];
    assert_eq!((&attempt["outcome"], &attempt["class"]), (&json!("bounced"), &json!("hard")));
    let suppressed = house.ask("/api/v1/suppressions").await.json()["rows"].clone();
    assert_eq!(suppressed.as_array().unwrap().len(), 1);
    assert_eq!((&suppressed[0]["reason"], &suppressed[0]["contacts"]), (&json!("bounced"), &json!(["c-17"])));
    let why = house.ask(&format!("/api/v1/why/{id}?format=text")).await.body;
    assert!(
        why.contains("The email came back, because nobody is there; the address is not written to again, says a"),
        "{why}"
    );
    assert!(why.contains("550 5.1.1 no such user"), "{why}");
    let metrics = house.ask("/metrics").await.body;
    assert!(metrics.contains(r#"canvass_receipts_total{channel="email",news="bounced",class="hard"} 1"#), "{metrics}");
}

#[tokio::test]
async fn what_nobody_can_read_is_kept_and_stops_nothing() {
    let house = House::open().await;
    let (_, back_to) = house.mailed().await;
    for mail in ["", "no header", "Subject: hello\r\n\r\nI will call you.\r\n"] {
        assert_eq!(house.comes_back(&back_to, mail).await["verdict"], "unreadable", "{mail}");
    }
    // Of whom a report speaks, only the seal says.
    let foreign =
        house.comes_back("b%2Bnobody%40bounce.sole.example", &report("failed", "5.1.1", "550 5.1.1 gone")).await;
    assert_eq!(foreign["verdict"], "unreadable");
    let kept = house.folder.path().join("unreadable").read_dir().unwrap().count();
    assert_eq!(kept, 4);
    assert_eq!(house.comes_back(&back_to, &report("failed", "5.2.2", "552 5.2.2 full")).await["class"], "soft");
}

#[tokio::test]
async fn a_mailbox_is_left_alone_while_the_store_takes_no_changes_and_its_trouble_is_told() {
    // Nobody listens there.
    let mailbox = "\n[email.bounce_mailbox]\nhost = \"127.0.0.1\"\ntls = \"none\"\nport = 1\nusername = \"bounces\"\n\
                   password_file = \"bounces.password\"\n";
    let mut files = SHIPPED.files.to_vec();
    let settings = files.iter().find(|(path, _)| *path == "canvass.toml").unwrap().1.to_owned() + mailbox;
    files.iter_mut().filter(|(path, _)| *path == "canvass.toml").for_each(|(_, text)| *text = &settings);
    files.push(("bounces.password", "hush"));
    let house = House::open_with(InMemory { name: "config", files: &files }).await;
    let collector = Collector::new(Arc::clone(&house.core), CancellationToken::new());
    let alarms = async || {
        collector.step().await.unwrap();
        house.ask("/api/v1/status").await.json()["alarms"].to_string()
    };
    house.health.send_replace(Health::ReadOnly(ReadOnlyReason::NoRoom));
    assert!(!alarms().await.contains("mailbox"));
    house.health.send_replace(Health::Writable);
    let told = alarms().await;
    assert!(told.contains("since 2026-03-04T12:00:00Z, because there is no connection to its server: "), "{told}");
    assert!(told.contains("(1 visit failed)"), "{told}");
    house.clock.advance(chrono::TimeDelta::seconds(119));
    assert!(alarms().await.contains("(1 visit failed)"), "not yet");
    house.clock.advance(chrono::TimeDelta::seconds(1));
    assert!(alarms().await.contains("(2 visits failed in a row)"));
}
