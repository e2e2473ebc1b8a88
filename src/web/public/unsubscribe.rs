//! Saying no: `/u/{token}`.
//!
//! GET shows a page with buttons, for all surveys, for the channel of the message only, and for an occasion that never was;
//! it changes nothing. POST takes effect at once, also for messages already queued: from
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
use crate::daemon::refusals;
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::render::{UnsubscribePage, UnsubscribedPage, UnsubscribedWhy};
use crate::store::{Extent, Refusal, StoreError};

/// Shows the page with the buttons.
pub(super) async fn show(State(core): State<Arc<Core>>, Path(token): Path<String>, who: Visitor) -> Response {
    let (asked, live, language) = match find(&core, &token, &who).await {
        Ok(Some(found)) => found,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let page =
        UnsubscribePage { language, business: business(&live), action: format!("/u/{token}"), channel: asked.channel };
    reply::page(StatusCode::OK, &live, &page)
}

/// Takes the no.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Path(token): Path<String>,
    who: Visitor,
    body: Bytes,
) -> Response {
    let (asked, live, language) = match find(&core, &token, &who).await {
        Ok(Some(found)) => found,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let text = String::from_utf8_lossy(&body);
    let given = fields(&body);
    // A mail program may send a form or a multipart body; either names this pair.
    let one_click = text.contains("List-Unsubscribe");
    let chosen = |word: &str| !one_click && given.get("choice").is_some_and(|choice| choice.iter().any(|c| c == word));
    let (extent, why) = if chosen("ineligible") {
        (Extent::Occasion, UnsubscribedWhy::Ineligible)
    } else if chosen("channel") {
        (Extent::Channel, UnsubscribedWhy::Channel(asked.channel))
    } else {
        (Extent::Everything, UnsubscribedWhy::Stop)
    };
    let LinkTarget { invitation, attempt } = asked.by;
    let refusal = Refusal { invitation, attempt, extent, source: "survey link".to_owned(), now: core.clock.now() };
    if let Err(err) = refusals::take(&core, refusal).await {
        return unavailable(&core, &who, &err);
    }
    if one_click {
        return (StatusCode::OK, "unsubscribed\n").into_response();
    }
    let page = UnsubscribedPage { language, business: business(&live), why };
    reply::page(StatusCode::OK, &live, &page)
}

/// Where the link came from.
struct Asked {
    by: LinkTarget,
    channel: Channel,
}

async fn find(core: &Core, token: &str, who: &Visitor) -> Result<Option<(Asked, Arc<Live>, Language)>, StoreError> {
    let Some(by) = core.store.seal().open(Purpose::Unsubscribe, token) else { return Ok(None) };
    let Some(invitation) = core.store.invitation(&by.invitation).await? else { return Ok(None) };
    let Some(channel) = invitation.attempt(by.attempt).map(|attempt| attempt.channel) else { return Ok(None) };
    let contact = core.store.contact(&invitation.contact).await?;
    let live = core.live.load_full();
    let known = contact.as_ref().and_then(|contact| contact.locale.as_ref());
    let language = who.language_of(known, &live.config.settings.daemon.language);
    Ok(Some((Asked { by, channel }, live, language)))
}

fn business(live: &Live) -> String {
    live.config.settings.email.as_ref().map(|email| email.from.name.clone()).unwrap_or_default()
}
