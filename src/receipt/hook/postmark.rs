//! Postmark: one event a post, by whoever knows user and password.
//!
//! Postmark signs nothing. What it posts it posts over HTTPS with the user and password that stand in the link it was given,
//! so they are all that tells its posts from others'.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64;
use serde_json::Value;

use super::{Doubt, Meaning, Provider, Told, bounced, claims, class, receipt, text};
use crate::domain::receipt::{Bounce, News};
use crate::domain::status_code::StatusCode;

/// Fields that begin so come back as `Metadata`, and do not go on to the recipient.
pub(super) const FIELD: &str = "X-PM-Metadata-canvass";

/// Whether the `Authorization` of a request is Basic (RFC 7617), with this user and password.
pub fn check(authorization: Option<&str>, username: &str, password: &str) -> Result<(), Doubt> {
    let given = authorization.and_then(|value| value.split_once(' '));
    let given = given.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    let given = given.and_then(|(_, encoded)| BASE64.decode(encoded.trim().as_bytes()).ok()).ok_or(Doubt::Login)?;
    let right = format!("{username}:{password}");
    verify_slices_are_equal(&given, right.as_bytes()).map_err(|_| Doubt::Login)
}

/// What a post says.
pub fn told(event: &Value) -> Told {
    let metadata = event.get("Metadata").and_then(Value::as_object);
    // Header names have no case, and what is made of one may have any.
    let token = metadata.and_then(|fields| fields.iter().find(|(name, _)| name.eq_ignore_ascii_case(super::NAME)));
    let token = token.and_then(|(_, value)| value.as_str()).unwrap_or_default();
    let meaning = match text(event, &["RecordType"]) {
        "Delivery" => Meaning::News(receipt(Provider::Postmark, News::Delivered, text(event, &["Details"]))),
        "Bounce" => bounce(event),
        "SpamComplaint" => complained(event),
        "SubscriptionChange" => subscription(event),
        // Before there were record types there were only these.
        "" if !text(event, &["Type"]).is_empty() => bounce(event),
        "" => return Told::unreadable(),
        _ => Meaning::Nothing,
    };
    Told { claims: claims(token, &[]), meaning }
}

/// <https://postmarkapp.com/developer/api/bounce-api#bounce-types>
fn bounce(event: &Value) -> Meaning {
    let [details, description] = ["Details", "Description"].map(|key| text(event, &[key]));
    let reply = if details.is_empty() { description } else { details };
    let by_code = |says| class(says, StatusCode::of_sentence(details));
    let class = match text(event, &["Type"]) {
        "HardBounce" => by_code(Bounce::Hard),
        "SoftBounce" | "DnsError" | "Unknown" => by_code(Bounce::Soft),
        "BadEmailAddress" | "ManuallyDeactivated" => Bounce::Hard,
        "SpamNotification" | "Blocked" | "VirusNotification" | "SMTPApiError" | "TemplateRenderingFailed" => {
            Bounce::Policy
        }
        "DMARCPolicy" => Bounce::Sender,
        "SpamComplaint" => return complained(event),
        "Unsubscribe" => return Meaning::OptOut { kept_from_them: None },
        // It is still tried, or somebody's program answered.
        _ => return Meaning::Nothing,
    };
    bounced(Provider::Postmark, class, reply)
}

fn complained(event: &Value) -> Meaning {
    Meaning::News(receipt(Provider::Postmark, News::Complained, text(event, &["Details"])))
}

/// Who is on the list of those that Postmark sends nothing to. What it put there for a bounce or a complaint it tells as
/// such too; whom the business put there or took off did not say anything.
fn subscription(event: &Value) -> Meaning {
    if event.get("SuppressSending").and_then(Value::as_bool) != Some(true) {
        return Meaning::Nothing;
    }
    match (text(event, &["SuppressionReason"]), text(event, &["Origin"])) {
        ("HardBounce", _) => bounced(Provider::Postmark, Bounce::Hard, "suppressed after a hard bounce"),
        ("SpamComplaint", _) => complained(event),
        ("ManualSuppression", "Recipient") => Meaning::OptOut { kept_from_them: None },
        _ => Meaning::Nothing,
    }
}
