//! Where gateways bring what telephones say: `/hooks/sms/{gateway}/inbound/{token}`, and without the token for a gateway that
//! signs what it brings.
//!
//! The answer to the request is what the telephone is answered. It is 200 also to what cannot be read, so that no gateway
//! brings it for ever; only while the store takes no changes is it asked to come again.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::hooks::COME_AGAIN_AFTER;
use crate::chain::Chain;
use crate::channel::sms::{Gateway, ReplyWay, Report, Signed};
use crate::daemon::core::Core;
use crate::daemon::metrics::InboundKind;
use crate::daemon::texts::{self, inbound_url};

/// A request as it came.
pub(super) struct Brought {
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl<S: Send + Sync> axum::extract::FromRequest<S> for Brought {
    type Rejection = Response;

    async fn from_request(request: axum::extract::Request, state: &S) -> Result<Self, Response> {
        let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
        let body = Bytes::from_request(request, state).await.map_err(IntoResponse::into_response)?;
        Ok(Self { method, uri, headers, body })
    }
}

/// Takes a message under the link that cannot be guessed.
pub(super) async fn by_token(
    State(core): State<Arc<Core>>,
    Path((name, token)): Path<(String, String)>,
    brought: Brought,
) -> Response {
    if !core.store.seal().is_inbound_token(&name, &token) {
        return StatusCode::NOT_FOUND.into_response();
    }
    take(&core, &name, Some(&token), &brought).await
}

/// Takes a message that is signed.
pub(super) async fn signed(State(core): State<Arc<Core>>, Path(name): Path<String>, brought: Brought) -> Response {
    take(&core, &name, None, &brought).await
}

async fn take(core: &Core, name: &str, token: Option<&str>, brought: &Brought) -> Response {
    let Brought { method, uri, headers, body } = brought;
    if *method == Method::HEAD {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let live = core.live.load_full();
    let trusted = |gateway: &&Gateway| gateway.hears() && (token.is_some() || gateway.signs_inbound());
    let Some(gateway) = live.config.gateway(name).filter(trusted) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request = Report::of(uri.query().unwrap_or_default(), header(header::CONTENT_TYPE.as_str()), body);
    // The gateway signed what it was told to call, whatever host a proxy makes of it.
    let mut url = inbound_url(&live.config.settings.public.url, name, token);
    uri.query().into_iter().for_each(|query| url.extend(["?", query]));
    if !gateway.is_bringer_of(&Signed { url: &url, report: &request, header: &header, now: core.clock.now() }) {
        core.metrics.heard_text(name, InboundKind::Unsigned);
        tracing::warn!(
            gateway = name,
            "a message from a telephone was refused: it is not signed as {name} signs what it says"
        );
        return StatusCode::FORBIDDEN.into_response();
    }
    let countries = live.config.countries_of_gateway(name);
    let message = match gateway.from_telephone(&request, &countries) {
        Some(Ok(message)) => message,
        Some(Err(err)) => {
            core.metrics.heard_text(name, InboundKind::Unreadable);
            tracing::warn!(gateway = name, "cannot read what {name} brings of a telephone: {err}");
            return answer(gateway, None);
        }
        None => return StatusCode::NOT_FOUND.into_response(),
    };
    match texts::hear(core, &live, gateway, message).await {
        Ok(said) => answer(gateway, said.as_deref()),
        Err(err) => {
            if !err.is_read_only() {
                tracing::error!(gateway = name, "what {name} brings of a telephone cannot be noted: {}", Chain(&err));
            }
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, COME_AGAIN_AFTER)]).into_response()
        }
    }
}

/// The answer to the request, as the gateway takes one.
fn answer(gateway: &Gateway, said: Option<&str>) -> Response {
    let (kind, body) = match gateway.reply_way() {
        ReplyWay::None => return StatusCode::OK.into_response(),
        ReplyWay::Text => ("text/plain; charset=utf-8", said.unwrap_or_default().to_owned()),
        ReplyWay::Twiml => ("text/xml; charset=utf-8", twiml(said)),
    };
    (StatusCode::OK, [(header::CONTENT_TYPE, kind)], body).into_response()
}

fn twiml(said: Option<&str>) -> String {
    let message = said.map(|text| format!("<Message>{}</Message>", escaped(text))).unwrap_or_default();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>{message}</Response>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_cannot_break_the_markup() {
        let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Response>";
        assert_eq!(twiml(None), format!("{head}</Response>"));
        let said = twiml(Some("R&B </Message><Redirect>"));
        assert_eq!(said, format!("{head}<Message>R&amp;B &lt;/Message&gt;&lt;Redirect&gt;</Message></Response>"));
    }
}
