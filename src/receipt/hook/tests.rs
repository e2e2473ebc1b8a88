//! What the documented events of each provider mean.

use serde_json::json;

use super::*;
use crate::domain::id::InvitationId;

const TOKEN: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// `delivered`, `bounced: hard`, `opted out`, `opted out, bounced: policy`, `nothing` or `unreadable`.
fn said(meaning: &Meaning) -> String {
    let news = |receipt: &Receipt| match receipt.news {
        News::Bounced(class) => format!("bounced: {}", class.as_str()),
        news @ (News::Delivered | News::Complained) => news.as_str().to_owned(),
    };
    match meaning {
        Meaning::News(receipt) => news(receipt),
        Meaning::OptOut { kept_from_them: None } => "opted out".to_owned(),
        Meaning::OptOut { kept_from_them: Some(receipt) } => format!("opted out, {}", news(receipt)),
        Meaning::Nothing => "nothing".to_owned(),
        Meaning::Unreadable => "unreadable".to_owned(),
    }
}

/// What an event says, with these fields laid over it.
#[track_caller]
fn check(told: fn(&Value) -> Told, event: &Value, over: &Value, expected: &str) {
    let mut event = event.clone();
    lay_over(&mut event, over);
    let told = told(&event);
    assert_eq!(said(&told.meaning), expected, "{over}");
    if expected != "unreadable" {
        assert_eq!(told.claims.first(), Some(&Claim::Token(TOKEN.to_owned())), "{over}");
    }
}

fn lay_over(event: &mut Value, over: &Value) {
    match (event, over) {
        (Value::Object(event), Value::Object(over)) => {
            for (key, value) in over {
                lay_over(event.entry(key).or_insert(Value::Null), value);
            }
        }
        (event, over) => *event = over.clone(),
    }
}

#[test]
fn what_postmark_posts() {
    let sent = json!({
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483", "ServerID": 23, "MessageStream": "outbound", "Tag": "",
        "Metadata": { "Canvass": TOKEN },
    });
    let bounce = json!({
        "RecordType": "Bounce", "ID": 42, "TypeCode": 1, "Name": "Hard bounce", "Description": "The server was unable …",
        "Details": "smtp;550 5.1.1 The email account that you tried to reach does not exist", "Email": "a@example.org",
        "From": "hello@sole.example", "BouncedAt": "2026-03-05T16:33:54.9070259Z", "Inactive": true, "CanActivate": true,
    });
    let mut bounced = sent.clone();
    lay_over(&mut bounced, &bounce);
    for (over, expected) in [
        (json!({ "Type": "HardBounce" }), "bounced: hard"),
        (json!({ "Type": "HardBounce", "Details": "Test bounce details" }), "bounced: hard"),
        (json!({ "Type": "HardBounce", "Details": "550 5.7.1 blocked" }), "bounced: policy"),
        (json!({ "Type": "SoftBounce" }), "bounced: soft"),
        (json!({ "Type": "SoftBounce", "Details": "552 5.2.2 full" }), "bounced: soft"),
        (json!({ "Type": "DnsError", "Details": "" }), "bounced: soft"),
        (json!({ "Type": "Unknown", "Details": null }), "bounced: soft"),
        (json!({ "Type": "BadEmailAddress" }), "bounced: hard"),
        (json!({ "Type": "ManuallyDeactivated" }), "bounced: hard"),
        (json!({ "Type": "SpamNotification" }), "bounced: policy"),
        (json!({ "Type": "Blocked" }), "bounced: policy"),
        (json!({ "Type": "DMARCPolicy" }), "bounced: sender"),
        (json!({ "Type": "SpamComplaint" }), "complained"),
        (json!({ "RecordType": "SpamComplaint", "Type": "SpamComplaint" }), "complained"),
        (json!({ "RecordType": "", "Type": "HardBounce" }), "bounced: hard"),
        (json!({ "Type": "Unsubscribe" }), "opted out"),
        (json!({ "Type": "Transient" }), "nothing"),
        (json!({ "Type": "AutoResponder" }), "nothing"),
        (json!({ "Type": "ChallengeVerification" }), "nothing"),
    ] {
        check(postmark::told, &bounced, &over, expected);
    }
    let change = |origin, reason, suppress| {
        json!({ "RecordType": "SubscriptionChange", "Recipient": "a@example.org", "Origin": origin,
            "SuppressSending": suppress, "SuppressionReason": reason, "ChangedAt": "2026-03-05T10:53:34Z" })
    };
    for (over, expected) in [
        (
            json!({ "RecordType": "Delivery", "Details": "smtp;250 2.0.0 OK", "Recipient": "a@example.org" }),
            "delivered",
        ),
        (change("Recipient", json!("ManualSuppression"), true), "opted out"),
        (change("Customer", json!("ManualSuppression"), true), "nothing"),
        (change("Recipient", json!("HardBounce"), true), "bounced: hard"),
        (change("Recipient", json!("SpamComplaint"), true), "complained"),
        (change("Customer", json!(null), false), "nothing"),
        (json!({ "RecordType": "Open", "FirstOpen": true }), "nothing"),
        (json!({ "RecordType": "Click" }), "nothing"),
        (json!({ "RecordType": 7 }), "unreadable"),
    ] {
        check(postmark::told, &sent, &over, expected);
    }
}

#[test]
fn what_sendgrid_posts() {
    let event = json!({
        "email": "a@example.org", "timestamp": 1_772_700_000, "sg_event_id": "ZGVs", "sg_message_id": "14c5d75ce93.dfd.64",
        "smtp-id": "<14c5d75ce93.dfd.64b469@ismtpd-555>", "canvass": TOKEN,
    });
    let bounce = |kind: &str, classification: &str, status: &str, reason: &str| {
        json!({ "event": "bounce", "type": kind, "bounce_classification": classification, "status": status,
            "reason": reason, "tls": 1 })
    };
    let dropped = |reason: &str| json!({ "event": "dropped", "reason": reason, "status": "5.0.0" });
    for (over, expected) in [
        (json!({ "event": "delivered", "response": "250 OK" }), "delivered"),
        (bounce("bounce", "Invalid Address", "5.0.0", "500 unknown recipient"), "bounced: hard"),
        (bounce("bounce", "", "5.1.1", "550 5.1.1 no such user"), "bounced: hard"),
        (bounce("bounce", "Unclassified", "5.0.0", "550 5.7.1 not wanted"), "bounced: policy"),
        (bounce("bounce", "Mailbox Unavailable", "5.2.2", "552 5.2.2 full"), "bounced: soft"),
        (bounce("bounce", "Technical Failure", "", "unable to get mx info"), "bounced: soft"),
        (bounce("blocked", "Reputation", "5.7.26", "550 5.7.26 unauthenticated"), "bounced: sender"),
        (bounce("blocked", "Content", "5.0.0", "554 spam"), "bounced: policy"),
        (bounce("blocked", "Unclassified", "4.0.0", "try later"), "bounced: soft"),
        (bounce("blocked", "Invalid Address", "5.1.1", "550 5.1.1 no"), "bounced: soft"),
        (dropped("Bounced Address"), "bounced: hard"),
        (dropped("Invalid"), "bounced: hard"),
        (dropped("Invalid SMTPAPI header"), "bounced: policy"),
        (dropped("Spam Content"), "bounced: policy"),
        (dropped("Unsubscribed Address"), "opted out, bounced: policy"),
        (dropped("Spam Reporting Address"), "opted out, bounced: policy"),
        (json!({ "event": "spamreport" }), "complained"),
        (json!({ "event": "unsubscribe" }), "opted out"),
        (json!({ "event": "group_unsubscribe", "asm_group_id": 10 }), "opted out"),
        (json!({ "event": "group_resubscribe", "asm_group_id": 10 }), "nothing"),
        (json!({ "event": "processed", "category": ["cat"] }), "nothing"),
        (json!({ "event": "deferred", "response": "400 try again later", "attempt": "5" }), "nothing"),
        (json!({ "event": "open", "useragent": "Mozilla/5.0", "ip": "192.0.2.1" }), "nothing"),
        (json!({ "event": "click", "url": "https://s.sole.example/" }), "nothing"),
        (json!({ "event": null }), "unreadable"),
    ] {
        check(sendgrid::told, &event, &over, expected);
    }
    check(sendgrid::told, &json!("x"), &json!(["bounce"]), "unreadable");
}

#[test]
fn what_mailgun_posts() {
    let post = json!({
        "signature": { "timestamp": "1772700000", "token": "t", "signature": "s" },
        "event-data": {
            "id": "G9Bn5sl1TC6nu79C8C0bwg", "timestamp": 1_772_700_000.5, "log-level": "error", "recipient": "a@example.org",
            "envelope": { "sender": "bounce+x@mg.sole.example", "transport": "smtp" },
            "message": { "headers": { "message-id": "20130503192659.13651.20287@mg.sole.example", "to": "a@example.org" } },
            "user-variables": { "canvass": TOKEN }, "flags": { "is-test-mode": false }, "tags": [],
        },
    });
    let failed = |reason: &str, enhanced: &str, kind: &str, message: &str| {
        json!({ "event": "failed", "severity": "permanent", "reason": reason, "delivery-status": {
            "code": 550, "enhanced-code": enhanced, "bounce-type": kind, "message": message, "attempt-no": 1 } })
    };
    for (over, expected) in [
        (json!({ "event": "delivered", "delivery-status": { "code": 250, "message": "OK" } }), "delivered"),
        (failed("bounce", "5.1.1", "hard", "5.1.1 no such user"), "bounced: hard"),
        (failed("bounce", "", "", "550 no"), "bounced: hard"),
        (failed("bounce", "", "", "550 5.7.1 not wanted"), "bounced: policy"),
        (failed("generic", "5.7.26", "hard", "unauthenticated"), "bounced: sender"),
        (failed("generic", "", "soft", "full"), "bounced: soft"),
        (failed("generic", "5.1.1", "soft", "gone"), "bounced: soft"),
        (failed("old", "4.4.1", "", "Too old"), "bounced: soft"),
        (failed("espblock", "", "", "blocked"), "bounced: policy"),
        (failed("suppress-bounce", "", "", "Not delivering to previously bounced address"), "bounced: hard"),
        (failed("suppress-unsubscribe", "", "", ""), "opted out, bounced: policy"),
        (failed("suppress-complaint", "", "", ""), "opted out, bounced: policy"),
        (json!({ "event": "failed", "severity": "temporary", "reason": "generic" }), "nothing"),
        (
            json!({ "event": "rejected", "reject": { "reason": "Sandbox subdomains are for test purposes only" } }),
            "bounced: policy",
        ),
        (json!({ "event": "complained" }), "complained"),
        (json!({ "event": "unsubscribed" }), "opted out"),
        (json!({ "event": "opened", "geolocation": {} }), "nothing"),
        (json!({ "event": "clicked", "url": "https://s.sole.example/" }), "nothing"),
        (json!({ "event": "accepted" }), "nothing"),
        (json!({ "event": [] }), "unreadable"),
    ] {
        check(mailgun::told, &post, &json!({ "event-data": over }), expected);
    }
}

#[test]
fn what_ses_posts() {
    let mail = json!({ "mail": {
        "timestamp": "2026-03-05T00:40:02.012Z", "source": "b@bounce.sole.example", "sendingAccountId": "123456789012",
        "messageId": "EXAMPLE7c191be45-e9aedb9a-02f9-4d12-a87d-dd0099a07f8a-000000", "destination": ["a@example.org"],
        "headersTruncated": false, "tags": { "ses:caller-identity": ["ses-user"] },
        "headers": [{ "name": "From", "value": "Sole <hello@sole.example>" }, { "name": "X-Canvass-Receipt", "value": TOKEN }],
    } });
    let bounce = |kind: &str, sub_type: &str, status: &str, code: &str| {
        json!({ "eventType": "Bounce", "bounce": { "bounceType": kind, "bounceSubType": sub_type, "bouncedRecipients": [
            { "emailAddress": "a@example.org", "action": "failed", "status": status, "diagnosticCode": code }] } })
    };
    let complaint = |complaint: Value| json!({ "eventType": "Complaint", "complaint": complaint });
    let wants = |old: Value, new: Value| {
        json!({ "eventType": "Subscription", "subscription": { "contactList": "C", "source": "UnsubscribeHeader",
            "oldTopicPreferences": old, "newTopicPreferences": new } })
    };
    let topic = |status: &str| {
        json!({ "unsubscribeAll": false, "topicSubscriptionStatus": [
        { "topicName": "surveys", "subscriptionStatus": status }] })
    };
    for (over, expected) in [
        (json!({ "eventType": "Delivery", "delivery": { "smtpResponse": "250 2.6.0 queued" } }), "delivered"),
        (json!({ "notificationType": "Delivery", "delivery": {} }), "delivered"),
        (bounce("Permanent", "General", "5.1.1", "smtp; 550 5.1.1 user unknown"), "bounced: hard"),
        (bounce("Permanent", "General", "5.7.1", "smtp; 550 5.7.1 blocked"), "bounced: policy"),
        (bounce("Permanent", "General", "5.0.0", ""), "bounced: hard"),
        (bounce("Permanent", "NoEmail", "5.0.0", ""), "bounced: hard"),
        (bounce("Permanent", "Suppressed", "5.1.1", "Amazon SES has suppressed sending"), "bounced: hard"),
        (bounce("Permanent", "OnAccountSuppressionList", "5.1.1", ""), "bounced: hard"),
        (bounce("Permanent", "UnsubscribedRecipient", "5.1.1", ""), "opted out, bounced: policy"),
        (bounce("Transient", "MailboxFull", "5.2.2", "552 5.2.2 full"), "bounced: soft"),
        (bounce("Transient", "General", "5.1.1", ""), "bounced: soft"),
        (bounce("Transient", "ContentRejected", "", ""), "bounced: policy"),
        (bounce("Undetermined", "Undetermined", "", ""), "bounced: soft"),
        (json!({ "eventType": "Bounce", "bounce": [] }), "bounced: soft"),
        (complaint(json!({ "complaintFeedbackType": "abuse", "complaintSubType": null })), "complained"),
        (complaint(json!({})), "complained"),
        (complaint(json!({ "complaintFeedbackType": "not-spam" })), "nothing"),
        (complaint(json!({ "complaintSubType": "OnAccountSuppressionList" })), "opted out, bounced: policy"),
        (json!({ "eventType": "Reject", "reject": { "reason": "Bad content" } }), "bounced: policy"),
        (wants(topic("OptIn"), json!({ "unsubscribeAll": true })), "opted out"),
        (wants(topic("OptIn"), topic("OptOut")), "opted out"),
        (wants(topic("OptOut"), topic("OptOut")), "nothing"),
        (wants(topic("OptOut"), topic("OptIn")), "nothing"),
        (json!({ "eventType": "Send", "send": {} }), "nothing"),
        (json!({ "eventType": "DeliveryDelay", "deliveryDelay": { "delayType": "MailboxFull" } }), "nothing"),
        (json!({ "eventType": "Open" }), "nothing"),
        (json!({ "eventType": "Click" }), "nothing"),
        (json!({ "eventType": "Rendering Failure" }), "nothing"),
        (json!({ "eventType": "" }), "unreadable"),
    ] {
        check(ses::told, &mail, &over, expected);
    }
    let trial = ses::told_by("Successfully validated SNS topic for Amazon SES event publishing.");
    assert_eq!((trial.meaning, ses::told_by("{").meaning), (Meaning::Nothing, Meaning::Unreadable));
}

#[test]
fn ses_tells_the_envelope_sender_also_where_it_does_not_tell_the_header() {
    let event =
        json!({ "notificationType": "Delivery", "mail": { "source": format!("b+{TOKEN}@bounce.sole.example") } });
    assert_eq!(ses::told(&event).claims, [Claim::Token(TOKEN.to_owned())]);
    let invitation = InvitationId::from_bytes([9; 16]);
    let name = json!([{ "name": "Message-ID", "value": format!("<{invitation}.1@sole.example>") }]);
    let event = json!({ "eventType": "Delivery", "mail": { "source": "b@x.example", "headers": name } });
    assert_eq!(ses::told(&event).claims, [Claim::Message { invitation, attempt: 1 }]);
}

#[test]
fn a_message_is_known_by_its_own_name_too_where_the_provider_left_it() {
    let invitation = InvitationId::from_bytes([9; 16]);
    let event = json!({ "event": "delivered", "smtp-id": format!("<{invitation}.2@sole.example>") });
    assert_eq!(sendgrid::told(&event).claims, [Claim::Message { invitation, attempt: 2 }]);
}

#[test]
fn a_user_and_a_password_have_to_be_the_right_ones() {
    let basic = |pair: &str| format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()));
    let check = |given: Option<&str>| postmark::check(given, "postmark", "h:ush");
    assert_eq!(check(Some(&basic("postmark:h:ush"))), Ok(()));
    assert_eq!(check(Some(&basic("postmark:h:ush").replace("Basic", "basic"))), Ok(()));
    for wrong in ["postmark:h:usH", "postmark:h:ush ", "Postmark:h:ush", "", "postmark"] {
        assert_eq!(check(Some(&basic(wrong))), Err(Doubt::Login), "{wrong}");
    }
    for wrong in [None, Some(""), Some("Basic"), Some("Basic !"), Some("Bearer cG9zdG1hcms6aDp1c2g=")] {
        assert_eq!(check(wrong), Err(Doubt::Login), "{wrong:?}");
    }
}

#[test]
fn a_post_is_of_now_as_long_as_its_provider_may_try() {
    let now: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
    let is_of_now = |seconds: i64| is_of_now(now + TimeDelta::seconds(seconds), now, TimeDelta::hours(1));
    assert!(is_of_now(0) && is_of_now(-3_600) && is_of_now(300));
    assert!(!is_of_now(-3_601) && !is_of_now(301));
}
