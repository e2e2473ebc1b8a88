//! Where mail providers post what became of messages: `/hooks/email/{provider}`.
//!
//! Only a provider with a table in `[email.webhooks]` is listened to, and only when it shows that a post is its own. Then
//! the answer is 200, also to what says nothing or cannot be read, so that no provider tries the same again for a day and
//! then switches its webhook off. What is not its own gets 401 or 403 and leaves no trace but a line and a count. A provider
//! is asked to come again only while the store takes no changes, or while SNS cannot be asked for its certificate.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::hooks::COME_AGAIN_AFTER;
use crate::chain::Chain;
use crate::daemon::core::Core;
use crate::daemon::hooks::{self, HookError, HookKind};
use crate::receipt::hook::{Doubt, Provider};

/// Longest post, in bytes. SendGrid gathers events until there are about 768 KiB of them.
pub(super) const POST_BYTES_MAX: usize = 2 * 1024 * 1024;

/// Takes a post.
pub(super) async fn post(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let live = core.live.load_full();
    let provider = Provider::ALL.into_iter().find(|provider| provider.as_str() == name);
    let webhooks = live.config.settings.email.as_ref().map(|email| &email.webhooks);
    let found = provider.and_then(|provider| Some((provider, webhooks?.get(&provider)?)));
    let Some((provider, webhook)) = found else { return StatusCode::NOT_FOUND.into_response() };
    match hooks::take(&core, webhook, &headers, &body).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(HookError::Doubted(why)) => {
            core.metrics.posted(provider, HookKind::Doubted.as_str());
            tracing::warn!(provider = name, "a post to the webhook of {} was refused: {why}", provider.name());
            doubted(why)
        }
        Err(HookError::Unreached(err)) => {
            tracing::warn!(
                provider = name,
                "a post of {} waits, because SNS cannot be asked: {}",
                provider.name(),
                Chain(&err)
            );
            come_again()
        }
        // It was told already, by the store or where it was tried.
        Err(HookError::Store(_)) => come_again(),
    }
}

fn come_again() -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, COME_AGAIN_AFTER)]).into_response()
}

fn doubted(why: Doubt) -> Response {
    match why {
        Doubt::Login => {
            (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Basic realm=\"canvass\"")]).into_response()
        }
        Doubt::Unsigned | Doubt::Signature | Doubt::Stale | Doubt::Seen | Doubt::Topic | Doubt::Certificate => {
            StatusCode::FORBIDDEN.into_response()
        }
    }
}
