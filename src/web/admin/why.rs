//! `canvass why`: the story of a contact, an invitation or an event, with the reasons.

use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::daemon::core::Core;
use crate::domain::contact::{Consent, Contact};
use crate::domain::id::{ContactId, EventId, InvitationId};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::plan::{RecordedEvent, Verdict};
use crate::report::story;
use crate::web::problem::ApiProblem;

/// How the story is told.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WhyQuery {
    /// `text` or `json` (the default).
    format: Option<String>,
}

/// What an id turned out to be.
struct Subject {
    contact: Option<Contact>,
    suppressed: Vec<Channel>,
    invitations: Vec<Invitation>,
    event: Option<RecordedEvent>,
}

/// Tells the story.
pub(super) async fn why(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    Query(query): Query<WhyQuery>,
) -> Result<Response, ApiProblem> {
    let subject = find(&core, &id).await?;
    match query.format.as_deref() {
        None | Some("json") => Ok(Json(as_json(&subject)).into_response()),
        Some("text" | "table") => Ok(as_text(&subject).into_response()),
        Some(other) => {
            Err(ApiProblem::invalid(format!("`{}` is not a format; use text or json", other.escape_debug())))
        }
    }
}

async fn find(core: &Core, id: &str) -> Result<Subject, ApiProblem> {
    if let Ok(id) = InvitationId::parse(id) {
        let found = core.store.invitation(&id).await?;
        let invitation = found.ok_or_else(|| ApiProblem::not_found(format!("there is no invitation {id}")))?;
        let facts = core.store.facts(&invitation.contact).await?;
        let invitations = vec![invitation];
        return Ok(Subject { contact: facts.contact, suppressed: facts.suppressed, invitations, event: None });
    }
    if let Ok(contact) = ContactId::parse(id) {
        let facts = core.store.facts(&contact).await?;
        if facts.contact.is_some() || !facts.history.is_empty() {
            let mut invitations = facts.history;
            invitations.sort_by_key(|invitation| invitation.planned_at);
            return Ok(Subject { contact: facts.contact, suppressed: facts.suppressed, invitations, event: None });
        }
    }
    if let Ok(event) = EventId::parse(id)
        && let Some(recorded) = core.store.event(&event).await?
    {
        let facts = core.store.facts(&recorded.event.contact).await?;
        let invitations = facts.history.into_iter().filter(|invitation| invitation.event.as_ref() == Some(&event));
        let invitations = invitations.collect();
        return Ok(Subject {
            contact: facts.contact,
            suppressed: facts.suppressed,
            invitations,
            event: Some(recorded),
        });
    }
    let detail = format!("`{}` is no contact, invitation or event that is known here", id.escape_debug());
    Err(ApiProblem::not_found(detail))
}

fn as_json(subject: &Subject) -> Value {
    let invitations: Vec<_> = subject
        .invitations
        .iter()
        .map(|invitation| {
            let lines = story::tell(invitation);
            let lines: Vec<_> = lines.iter().map(|line| json!({ "at": wire::time(line.at), "what": line.what })).collect();
            json!({ "invitation": wire::invitation(invitation), "story": lines, "standing": story::standing(invitation) })
        })
        .collect();
    json!({
        "contact": subject.contact.as_ref().map(|contact| contact.id.as_str()),
        "suppressed": subject.suppressed.iter().map(|channel| channel.as_str()).collect::<Vec<_>>(),
        "event": subject.event.as_ref().map(wire::recorded),
        "invitations": invitations,
    })
}

fn as_text(subject: &Subject) -> String {
    let mut text = String::new();
    if let Some(event) = &subject.event {
        event_text(&mut text, event);
    }
    if let Some(contact) = &subject.contact {
        contact_text(&mut text, contact, &subject.suppressed);
    }
    if subject.invitations.is_empty() {
        text.push_str("\nNo invitation so far.\n");
    }
    for invitation in &subject.invitations {
        invitation_text(&mut text, invitation);
    }
    text
}

/// Writing to a `String` cannot fail.
fn line(text: &mut String, what: std::fmt::Arguments<'_>) {
    if text.write_fmt(what).is_ok() {
        text.push('\n');
    }
}

fn event_text(text: &mut String, recorded: &RecordedEvent) {
    let event = &recorded.event;
    line(text, format_args!("Event {} ({}) of {}.", event.id, event.kind, wire::time(event.at)));
    if recorded.decisions.is_empty() {
        line(text, format_args!("  No stage of any journey listens to `{}`.", event.kind));
    }
    for decision in &recorded.decisions {
        let stage = format!("{}/{}", decision.journey, decision.stage);
        match decision.verdict {
            Verdict::Planned { invitation, .. } => line(text, format_args!("  {stage}: planned as {invitation}.")),
            Verdict::Skipped { reason } => {
                line(text, format_args!("  {stage}: skipped, because {}.", reason.because()));
            }
        }
    }
}

fn contact_text(text: &mut String, contact: &Contact, suppressed: &[Channel]) {
    line(text, format_args!("Contact {}.", contact.id));
    for channel in Channel::ALL {
        let name = channel.as_str();
        if contact.address(channel).is_none() {
            line(text, format_args!("  {name}: no address."));
            continue;
        }
        let consent = match contact.consent(channel) {
            Consent::Granted => "agreed to be asked",
            Consent::Refused => "said no",
            Consent::Unknown => "no decision recorded",
        };
        let listed = if suppressed.contains(&channel) { "; the address is on the suppression list" } else { "" };
        line(text, format_args!("  {name}: {consent}{listed}."));
    }
}

fn invitation_text(text: &mut String, invitation: &Invitation) {
    line(text, format_args!(""));
    let at = invitation.branch.as_ref().map(|branch| format!(" at {branch}")).unwrap_or_default();
    line(
        text,
        format_args!(
            "Invitation {} to the survey `{}` ({}/{}{at}, occasion {}).",
            invitation.id, invitation.survey, invitation.journey, invitation.stage, invitation.occasion
        ),
    );
    for told in story::tell(invitation) {
        line(text, format_args!("  {}  {}", story::when(told.at, invitation.zone), told.what));
    }
    line(text, format_args!("  → {}", story::standing(invitation)));
}
