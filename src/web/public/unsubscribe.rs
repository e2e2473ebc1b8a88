//! Saying no: `/u/{token}`.
//!
//! GET shows a page with a button and changes nothing. POST takes effect at once, also for messages already queued: from
//! the page, or in one click from the mail program (RFC 8058), which wants a plain 200 and no redirect.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::survey::unavailable;
use super::visitor::{Visitor, fields};
use super::{nothing_here, reply};
use crate::daemon::core::{Core, Live};
use crate::domain::language::Language;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::render::{UnsubscribePage, UnsubscribedPage, UnsubscribedWhy};
use crate::store::{Refusal, StoreError};

/// Shows the page with the buttons.
pub(super) async fn show(State(core): State<Arc<Core>>, Path(token): Path<String>, who: Visitor) -> Response {
    let (live, language) = match find(&core, &token, &who).await {
        Ok(Some((_, live, language))) => (live, language),
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let page = UnsubscribePage {
        language,
        business: business(&live),
        action: format!("/u/{token}"),
        hidden: Vec::new(),
        ineligible: true,
    };
    reply::page(StatusCode::OK, &live, &page)
}

/// Takes the no.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Path(token): Path<String>,
    who: Visitor,
    body: Bytes,
) -> Response {
    let (target, live, language) = match find(&core, &token, &who).await {
        Ok(Some(found)) => found,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let text = String::from_utf8_lossy(&body);
    let given = fields(&body);
    // A mail program may send a form or a multipart body; either names this pair.
    let one_click = text.contains("List-Unsubscribe");
    let ineligible = !one_click && given.get("choice").is_some_and(|choice| choice.iter().any(|c| c == "ineligible"));
    let refusal = Refusal { invitation: target.invitation, attempt: target.attempt, ineligible, now: core.clock.now() };
    if let Err(err) = core.store.refuse(refusal).await {
        return unavailable(&core, &who, &err);
    }
    tracing::info!(invitation.id = %target.invitation, ineligible, "a refusal came through {}", target.invitation);
    if one_click {
        return (StatusCode::OK, "unsubscribed\n").into_response();
    }
    let why = if ineligible { UnsubscribedWhy::Ineligible } else { UnsubscribedWhy::Stop };
    let page = UnsubscribedPage { language, business: business(&live), why };
    reply::page(StatusCode::OK, &live, &page)
}

async fn find(
    core: &Core,
    token: &str,
    who: &Visitor,
) -> Result<Option<(LinkTarget, Arc<Live>, Language)>, StoreError> {
    let Some(target) = core.store.seal().open(Purpose::Unsubscribe, token) else { return Ok(None) };
    let Some(invitation) = core.store.invitation(&target.invitation).await? else { return Ok(None) };
    let contact = core.store.contact(&invitation.contact).await?;
    let live = core.live.load_full();
    let known = contact.as_ref().and_then(|contact| contact.locale.as_ref());
    let language = who.language_of(known, &live.config.settings.daemon.language);
    Ok(Some((target, live, language)))
}

fn business(live: &Live) -> String {
    live.config.settings.email.as_ref().map(|email| email.from.name.clone()).unwrap_or_default()
}
