//! Stories: why something was or was not sent, and what came of a guest who visits now.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, SecondsFormat, Utc};
use minijinja::context;
use serde_json::{Value, json};

use super::{bar, frame, nothing_here, when};
use crate::chain::Chain;
use crate::demo::people;
use crate::demo::setting::Stage;
use crate::domain::contact::{Email, Phone};
use crate::domain::id::InvitationId;
use crate::domain::invitation::State as Standing;
use crate::domain::language::Language;
use crate::render::{Bar, Page, RenderError, TemplateContext, Templates};
use crate::web::{ApiProblem, staff_page, staff_redirect};

/// The story of a contact, an invitation or an event.
pub(super) struct StoryPage {
    bar: Bar,
    id: String,
    /// As `canvass why` tells it.
    text: String,
    /// The contact, where the story is of one of their invitations.
    contact: Option<String>,
    /// When the next message is due: as the form posts it, and as people read it.
    due: Option<(String, String)>,
}

impl TemplateContext for StoryPage {
    const TEMPLATE: &'static str = "demo/story.html";

    type Rendered = Page;

    fn samples(_: &Language) -> Vec<Self> {
        let page = |contact: Option<&str>, due: Option<(&str, &str)>| Self {
            bar: Bar { links: Vec::new(), warp: None },
            id: "inv_sample".to_owned(),
            text: "Contact <c-1>.".to_owned(),
            contact: contact.map(str::to_owned),
            due: due.map(|(until, shown)| (until.to_owned(), shown.to_owned())),
        };
        vec![page(Some("c-1"), None), page(None, Some(("2026-03-06T12:00:00Z", "Fri 6 Mar, 13:00")))]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = Language::english();
        let context = context! {
            bar => self.bar.value(),
            id => &self.id,
            text => &self.text,
            contact => self.contact.as_deref(),
            due => self.due.as_ref().map(|(until, shown)| context! { until, shown }),
        };
        templates.page(Self::TEMPLATE, frame(&language), context)
    }
}

/// Tells the story.
pub(super) async fn show(State(stage): State<Arc<Stage>>, Path(id): Path<String>) -> Response {
    match page(&stage, id).await {
        Ok(Some(page)) => staff_page(StatusCode::OK, &stage.core.live.load(), &page),
        Ok(None) => nothing_here("nobody and nothing of that id is known here"),
        Err(problem) => problem.into_response(),
    }
}

async fn page(stage: &Stage, id: String) -> Result<Option<StoryPage>, ApiProblem> {
    let encoded: String = form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let story = stage.house.staff.get(&format!("/api/v1/why/{encoded}?format=text")).await;
    let story = story.map_err(|err| ApiProblem::not_found(Chain(&err).to_string()))?;
    if !story.status.is_success() {
        return Ok(None);
    }
    let invitation = match InvitationId::parse(&id) {
        Ok(id) => stage.core.store.invitation(&id).await?,
        Err(_) => None,
    };
    let due_at = match &invitation {
        Some(invitation) => due(&invitation.state),
        None => next_of_event(stage, &encoded).await,
    };
    let iso = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::AutoSi, true);
    Ok(Some(StoryPage {
        bar: bar(stage, "", &format!("/why/{encoded}")),
        id,
        text: story.text,
        contact: invitation.map(|invitation| invitation.contact.as_str().to_owned()),
        due: due_at.map(|at| (iso(at), when(stage, at))),
    }))
}

fn due(state: &Standing) -> Option<DateTime<Utc>> {
    match state {
        Standing::Waiting { due_at, .. } => Some(*due_at),
        Standing::Sending { .. }
        | Standing::Held { .. }
        | Standing::Asked
        | Standing::Closed { .. }
        | Standing::Skipped { .. } => None,
    }
}

/// When the first message of what an event planned is due, while it is still to come.
async fn next_of_event(stage: &Stage, id: &str) -> Option<DateTime<Utc>> {
    let recorded: Value =
        serde_json::from_str(&stage.house.staff.get(&format!("/api/v1/events/{id}")).await.ok()?.text).ok()?;
    let decisions = recorded.get("decisions")?.as_array()?;
    let due = |decision: &Value| decision.get("due_at")?.as_str()?.parse::<DateTime<Utc>>().ok();
    decisions.iter().filter_map(due).min().filter(|at| *at > stage.core.clock.now())
}

/// A guest visits now: an event as the house's systems would send it. Whoever looks at the demo is this guest.
pub(super) async fn visit(State(stage): State<Arc<Stage>>) -> Response {
    let now = stage.core.clock.now();
    let live = stage.core.live.load_full();
    let number = stage.next_visitor();
    let branch = live.config.branches.values().next_back();
    let Some((branch, guest)) = branch.and_then(|branch| Some((branch, people::visitor(number, branch)?))) else {
        return nothing_here("there is no branch to visit");
    };
    let id = format!("visit-of-{}", guest.id);
    let event = json!({
        "id": id,
        "type": "visit.completed",
        "at": now.to_rfc3339_opts(SecondsFormat::AutoSi, true),
        "contact": {
            "id": guest.id.as_str(),
            "name": guest.name,
            "email": guest.email.as_ref().map(Email::as_str),
            "phone": guest.phone.as_ref().map(Phone::as_str),
            "locale": guest.locale.as_ref().map(Language::as_str),
        },
        "branch": branch.id.as_str(),
        "data": { "covers": 2 },
    });
    match stage.house.staff.post_json("/api/v1/events", &event).await {
        Ok(taken) if taken.status.is_success() => staff_redirect(&format!("/why/{id}")),
        Ok(refused) => ApiProblem::invalid(refused.text).into_response(),
        Err(err) => ApiProblem::invalid(Chain(&err).to_string()).into_response(),
    }
}
