//! Amazon SES: one event a message of [SNS](super::sns), by event publishing or by the notifications of an identity.
//!
//! SES puts an id of its own in the place of our Message-ID, and tells the header fields that the message came with, if it
//! is told to, and its envelope sender always.

use serde_json::Value;

use super::{Meaning, Provider, Told, bounced, claims, class, kept_from_them, receipt, text};
use crate::domain::receipt::{Bounce, News};
use crate::domain::status_code::StatusCode;

/// It comes back among the `headers` of the mail.
pub(super) const FIELD: &str = "X-Canvass-Receipt";

/// What a message of SNS says that SES sent: JSON, or a sentence when somebody tries the topic.
pub fn told_by(message: &str) -> Told {
    if message.starts_with("Successfully validated SNS topic") {
        return Told { claims: Vec::new(), meaning: Meaning::Nothing };
    }
    serde_json::from_str(message).map_or_else(|_| Told::unreadable(), |event| told(&event))
}

/// What an event says: <https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>.
pub fn told(event: &Value) -> Told {
    let kind = [text(event, &["eventType"]), text(event, &["notificationType"])];
    let meaning = match kind.into_iter().find(|kind| !kind.is_empty()) {
        Some("Delivery") => {
            let reply = text(event, &["delivery", "smtpResponse"]);
            Meaning::News(receipt(Provider::Ses, News::Delivered, reply))
        }
        Some("Bounce") => bounce(event.get("bounce").unwrap_or(&Value::Null)),
        Some("Complaint") => complaint(event.get("complaint").unwrap_or(&Value::Null)),
        Some("Reject") => bounced(Provider::Ses, Bounce::Policy, text(event, &["reject", "reason"])),
        Some("Subscription") => subscription(event.get("subscription").unwrap_or(&Value::Null)),
        // It is under way, was opened or clicked.
        Some(_) => Meaning::Nothing,
        None => return Told::unreadable(),
    };
    let field = |name: &str| {
        let fields = event.pointer("/mail/headers").and_then(Value::as_array);
        let found = fields.and_then(|fields| fields.iter().find(|f| text(f, &["name"]).eq_ignore_ascii_case(name)));
        found.map_or("", |found| text(found, &["value"]))
    };
    let others =
        [text(event, &["mail", "source"]), field("message-id"), text(event, &["mail", "commonHeaders", "messageId"])];
    Told { claims: claims(field(FIELD), &others), meaning }
}

/// What SES did not try counts as a dead address, because SES holds it for one.
fn bounce(bounce: &Value) -> Meaning {
    let recipient = bounce.pointer("/bouncedRecipients/0").unwrap_or(&Value::Null);
    let said = text(recipient, &["diagnosticCode"]);
    let sub_type = text(bounce, &["bounceSubType"]);
    let reply = if said.is_empty() { sub_type } else { said };
    let says = match (text(bounce, &["bounceType"]), sub_type) {
        (_, "UnsubscribedRecipient") => return kept_from_them(Provider::Ses, reply),
        ("Permanent", "NoEmail" | "Suppressed" | "OnAccountSuppressionList") => {
            return bounced(Provider::Ses, Bounce::Hard, reply);
        }
        (_, "MessageTooLarge" | "ContentRejected" | "AttachmentRejected") => Bounce::Policy,
        ("Permanent", _) => Bounce::Hard,
        _ => Bounce::Soft,
    };
    let exact = StatusCode::of_field(text(recipient, &["status"])).filter(|code| code.is_exact());
    bounced(Provider::Ses, class(says, exact.or_else(|| StatusCode::of_sentence(said))), reply)
}

fn complaint(complaint: &Value) -> Meaning {
    let kind = text(complaint, &["complaintFeedbackType"]);
    match (text(complaint, &["complaintSubType"]), kind) {
        // Complained before, so that this one was not sent.
        ("OnAccountSuppressionList", _) => kept_from_them(Provider::Ses, "on the suppression list after a complaint"),
        // As in a feedback report (RFC 5965).
        (_, "not-spam" | "auth-failure" | "virus") => Meaning::Nothing,
        _ => Meaning::News(receipt(Provider::Ses, News::Complained, kind)),
    }
}

/// Who clicked the link that SES puts into mails, and wants less than before.
fn subscription(subscription: &Value) -> Meaning {
    let wants = |when: &str| subscription.get(when).unwrap_or(&Value::Null);
    let (old, new) = (wants("oldTopicPreferences"), wants("newTopicPreferences"));
    let wants_nothing = |of: &Value| of.get("unsubscribeAll").and_then(Value::as_bool) == Some(true);
    let left = |of: &Value| -> Vec<String> {
        let topics = of.get("topicSubscriptionStatus").and_then(Value::as_array);
        let left = topics.into_iter().flatten().filter(|topic| text(topic, &["subscriptionStatus"]) == "OptOut");
        left.map(|topic| text(topic, &["topicName"]).to_owned()).collect()
    };
    let before = left(old);
    let wants_less = wants_nothing(new) || left(new).iter().any(|topic| !before.contains(topic));
    if wants_less { Meaning::OptOut { kept_from_them: None } } else { Meaning::Nothing }
}
