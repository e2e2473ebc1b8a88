//! What became of messages: counted from the messages themselves, page by page, so it takes the longer the more there are.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::reports::{Period, ReportQuery, name};
use crate::daemon::core::{Core, Live};
use crate::domain::attempt::Attempt;
use crate::domain::contact::Contact;
use crate::domain::id::{BranchId, JourneyId, StageId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::report::delivery::by::By;
use crate::report::delivery::{Delivery, DeliveryQuery, DeliveryReport, Message, write};
use crate::store::StoreError;
use crate::web::problem::ApiProblem;

/// Invitations that are read at once.
const PAGE: usize = 1_000;

/// Messages by what became of them.
pub(super) async fn delivery(
    State(core): State<Arc<Core>>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiProblem> {
    let report = count(&core, ask(&core, &query)?).await?;
    match query.format() {
        None | Some("json") => {
            let body = format!("{:#}\n", write::json(&report));
            Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
        }
        Some("csv") => {
            let mut body = Vec::new();
            write::csv(&report, &mut body).map_err(|err| ApiProblem::invalid(err.to_string()))?;
            Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response())
        }
        Some("table" | "text") => Ok(write::table(&report).into_response()),
        Some(other) => Err(ReportQuery::no_format(other)),
    }
}

fn ask(core: &Core, query: &ReportQuery) -> Result<DeliveryQuery, ApiProblem> {
    let Period { from, to, as_of } = query.period(core)?;
    let by = query.by.as_deref().unwrap_or(By::Channel.as_str());
    Ok(DeliveryQuery {
        by: By::parse_list(by).map_err(|err| ApiProblem::invalid(err.to_string()))?,
        from,
        to,
        as_of,
        journey: name(query.journey.as_deref(), JourneyId::parse)?,
        stage: name(query.stage.as_deref(), StageId::parse)?,
        branch: name(query.branch.as_deref(), BranchId::parse)?,
    })
}

async fn count(core: &Core, query: DeliveryQuery) -> Result<DeliveryReport, StoreError> {
    let live = core.live.load_full();
    let by_domain = query.by.contains(&By::Domain);
    let (mut delivery, mut after) = (Delivery::of(query), None);
    loop {
        let page = core.store.invitations_after(after, PAGE).await?;
        for invitation in &page {
            if !delivery.query().takes(invitation) {
                continue;
            }
            let contact = if by_domain { core.store.contact(&invitation.contact).await? } else { None };
            for attempt in &invitation.attempts {
                let domain = contact.as_ref().and_then(|contact| domain(core, contact, attempt));
                let gateway = gateway(&live, invitation, attempt);
                delivery.add(&Message { invitation, attempt, domain, gateway });
            }
        }
        after = match page.last() {
            Some(last) if page.len() == PAGE => Some(last.id),
            Some(_) | None => return Ok(delivery.report()),
        };
    }
}

/// The domain of the address that the message went to, if the contact has that one still.
fn domain<'a>(core: &Core, contact: &'a Contact, attempt: &Attempt) -> Option<&'a str> {
    let email = contact.email.as_ref().filter(|_| attempt.channel == Channel::Email)?;
    let is_theirs =
        attempt.to.is_none_or(|mark| mark == core.store.seal().address_mark(Channel::Email, email.as_str()));
    is_theirs.then(|| email.domain())
}

fn gateway<'a>(live: &'a Live, invitation: &Invitation, attempt: &Attempt) -> Option<&'a str> {
    match attempt.channel {
        Channel::Email => None,
        Channel::Sms => live.transport(Channel::Sms, invitation.branch.as_ref()).map(|transport| transport.name()),
    }
}
