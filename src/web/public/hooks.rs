//! Where gateways report: `/hooks/sms/{gateway}/status/{token}`.
//!
//! The link cannot be guessed and is the gateway's own, so a report under it comes from the gateway that the message went
//! to; one that signs what it says gets 403 for what is not signed. What a report means its declaration says. The answer is
//! 200 and nothing else, also to a report that cannot be read, so that no gateway queues it up and tries again for ever:
//! Kannel takes 204 for a failure and comes again for an hour. Only while the store takes no changes is it asked to come
//! again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use crate::channel::sms::{Report, Signed};
use crate::daemon::core::Core;
use crate::daemon::metrics::ReportKind;
use crate::daemon::receipts::{self, report_url};
use crate::domain::journey::Channel;
use crate::store::Learnt;

/// When a gateway is asked to come again, in seconds.
pub(super) const COME_AGAIN_AFTER: &str = "60";

/// Takes a report.
pub(super) async fn status(
    State(core): State<Arc<Core>>,
    Path((name, token)): Path<(String, String)>,
    (method, uri): (Method, Uri),
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let live = core.live.load_full();
    let of = core.store.seal().open_report(&name, &token);
    let Some((gateway, of)) = live.config.gateway(&name).zip(of) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let report = Report::of(uri.query().unwrap_or_default(), header(header::CONTENT_TYPE.as_str()), &body);
    let count = |kind| core.metrics.reported(&name, kind);
    // The gateway signed what it was told to call, whatever host a proxy makes of it.
    let mut url = report_url(&live.config.settings.public.url, &name, &token);
    uri.query().into_iter().for_each(|query| url.extend(["?", query]));
    if !gateway.is_sender_of(&Signed { url: &url, report: &report, header: &header, now: core.clock.now() }) {
        count(ReportKind::Unsigned);
        tracing::warn!(invitation.id = %of.invitation, attempt = of.attempt, gateway = name,
            "a report on {} was refused: it is not signed as {name} signs what it says", of.invitation);
        return StatusCode::FORBIDDEN.into_response();
    }
    let receipt = match gateway.receipt(&report) {
        Ok(Some(receipt)) => receipt,
        Ok(None) => {
            count(ReportKind::Nothing);
            return StatusCode::OK.into_response();
        }
        Err(err) => {
            count(ReportKind::Unreadable);
            tracing::warn!(invitation.id = %of.invitation, attempt = of.attempt, gateway = name,
                "cannot read the report of {name} on {}: {err}", of.invitation);
            return StatusCode::OK.into_response();
        }
    };
    count(ReportKind::Receipt);
    match receipts::hear(&core, of, Channel::Sms, receipt).await {
        Ok(Learnt::News(_) | Learnt::Nothing) => StatusCode::OK.into_response(),
        Ok(Learnt::NotThere) => StatusCode::NOT_FOUND.into_response(),
        // It was told already, by the store or where it was tried.
        Err(_) => (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, COME_AGAIN_AFTER)]).into_response(),
    }
}
