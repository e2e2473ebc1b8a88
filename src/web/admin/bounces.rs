//! Mails that came back, one at a time, from whatever brings them.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::daemon::core::Core;
use crate::daemon::returns::{self, Returned};
use crate::domain::receipt::News;
use crate::receipt::mail::Incoming;
use crate::store::Learnt;
use crate::web::problem::ApiProblem;

/// The envelope of the mail, where it is known.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Envelope {
    recipient: Option<String>,
    sender: Option<String>,
}

/// Takes a mail as it came, header and body: `{"verdict": "delivered" | "bounced" | "complained" | "nothing" |
/// "unreadable", "class": …, "invitation": …, "attempt": …, "is_news": …, "explanation": …}`.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Query(envelope): Query<Envelope>,
    bytes: Bytes,
) -> Result<Json<Value>, ApiProblem> {
    let Envelope { recipient, sender } = envelope;
    let incoming = Incoming { bytes: &bytes, recipient: recipient.as_deref(), sender: sender.as_deref() };
    Ok(Json(described(&returns::take(&core, incoming).await?)))
}

/// What became of a mail.
pub(super) fn described(returned: &Returned) -> Value {
    match returned {
        Returned::News { of, news, learnt } => json!({
            "verdict": news.as_str(),
            "class": if let News::Bounced(class) = news { Some(class.as_str()) } else { None },
            "invitation": of.invitation.to_string(),
            "attempt": of.attempt,
            "is_news": matches!(learnt, Learnt::News(_)),
            "explanation": match learnt {
                Learnt::News(_) => "noted",
                Learnt::Nothing => "as much was known",
                Learnt::NotThere => "there is no such message",
            },
        }),
        Returned::Nothing(nothing) => json!({ "verdict": "nothing", "explanation": nothing.as_str() }),
        Returned::Unreadable(why) => json!({ "verdict": "unreadable", "explanation": why.to_string() }),
    }
}
