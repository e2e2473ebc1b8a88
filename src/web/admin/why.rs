//! `canvass why`: the story of a contact, an invitation, an event or a card, with the reasons.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, Utc};
use serde::Deserialize;
use serde_json::{Value, json};

use super::cards::{PAGE_MAX, place_of};
use super::wire;
use crate::daemon::core::{Core, Live};
use crate::daemon::status::stopped_gateways;
use crate::domain::answer::Answer;
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::hold::Hold;
use crate::domain::id::{CardId, ContactId, EventId, InvitationId};
use crate::domain::invitation::Invitation;
use crate::domain::tap::Taps;
use crate::plan::{Facts, RecordedEvent};
use crate::report::story::{self, Background, CardPlace};
use crate::report::tally::SurfaceTally;
use crate::store::StoreError;
use crate::web::problem::ApiProblem;

/// Days over which the use of a card's place is counted.
const DAYS: u64 = 30;

/// How the story is told.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct WhyQuery {
    /// `text` or `json` (the default).
    format: Option<String>,
}

/// What an id turned out to be.
enum Subject {
    Person(Box<Person>),
    Card(Box<Card>, CardPlace),
}

struct Person {
    facts: Facts,
    invitations: Vec<Invitation>,
    event: Option<RecordedEvent>,
    holds: Vec<Hold>,
    stopped: Vec<(String, DateTime<Utc>)>,
    /// What those who answered said to being contacted about it, where they were asked.
    consents: BTreeMap<InvitationId, bool>,
    /// The ratings in their mails whose links were followed, where such taps are kept.
    taps: BTreeMap<InvitationId, Taps>,
}

/// Tells the story.
pub(super) async fn why(
    State(core): State<Arc<Core>>,
    Path(id): Path<String>,
    Query(query): Query<WhyQuery>,
) -> Result<Response, ApiProblem> {
    let live = core.live.load_full();
    let mut subject = find(&core, &live, &id).await?;
    if let Subject::Person(person) = &mut subject {
        person.consents = consents(&core, &person.invitations).await?;
        for invitation in &person.invitations {
            person.taps.extend(core.store.taps(&invitation.id).await?.map(|taps| (invitation.id, taps)));
        }
    }
    match (query.format.as_deref(), &subject) {
        (None | Some("json"), Subject::Person(person)) => Ok(Json(person.json(&core, &live)).into_response()),
        (None | Some("json"), Subject::Card(card, place)) => {
            let (_, lines) = story::card(card, place);
            let card = wire::card(card, &live.config.settings.public.url);
            Ok(Json(json!({ "card": card, "story": lines })).into_response())
        }
        (Some("text" | "table"), Subject::Person(person)) => Ok(person.text(&core, &live).into_response()),
        (Some("text" | "table"), Subject::Card(card, place)) => {
            let mut text = String::new();
            block(&mut text, story::card(card, place));
            Ok(text.into_response())
        }
        (Some(other), _) => {
            Err(ApiProblem::invalid(format!("`{}` is not a format; use text or json", other.escape_debug())))
        }
    }
}

async fn find(core: &Core, live: &Live, id: &str) -> Result<Subject, ApiProblem> {
    let (holds, stopped) = (core.store.holds().await?, stopped_gateways(core, core.clock.now()).await?);
    let (consents, taps) = (BTreeMap::new(), BTreeMap::new());
    let person = |facts, invitations, event| {
        Subject::Person(Box::new(Person { facts, invitations, event, holds, stopped, consents, taps }))
    };
    if let Ok(id) = InvitationId::parse(id) {
        let found = core.store.invitation(&id).await?;
        let invitation = found.ok_or_else(|| ApiProblem::not_found(format!("there is no invitation {id}")))?;
        let facts = core.store.facts(&invitation.contact).await?;
        return Ok(person(facts, vec![invitation], None));
    }
    if let Ok(contact) = ContactId::parse(id) {
        let facts = core.store.facts(&contact).await?;
        if facts.contact.is_some() || !facts.history.is_empty() {
            let mut invitations = facts.history.clone();
            invitations.sort_by_key(|invitation| invitation.planned_at);
            return Ok(person(facts, invitations, None));
        }
    }
    if let Ok(event) = EventId::parse(id)
        && let Some(recorded) = core.store.event(&event).await?
    {
        let facts = core.store.facts(&recorded.event.contact).await?;
        let of_event = |invitation: &&Invitation| invitation.event.as_ref() == Some(&event);
        let invitations = facts.history.iter().filter(of_event).cloned().collect();
        return Ok(person(facts, invitations, Some(recorded)));
    }
    if let Some(card) = card(core, id).await? {
        let place = card_place(core, live, &card).await?;
        return Ok(Subject::Card(Box::new(card), place));
    }
    let detail = format!("`{}` is no contact, invitation, event or card that is known here", id.escape_debug());
    Err(ApiProblem::not_found(detail))
}

async fn consents(core: &Core, invitations: &[Invitation]) -> Result<BTreeMap<InvitationId, bool>, StoreError> {
    let mut consents = BTreeMap::new();
    for invitation in invitations.iter().filter(|invitation| invitation.answer.is_some()) {
        let Some(response) = core.store.response(&core.store.seal().response_id(&invitation.id)).await? else {
            continue;
        };
        // Who was asked twice and said no once said no.
        let said = response.answers.values().filter_map(Answer::consent).reduce(|one, other| one && other);
        consents.extend(said.map(|said| (invitation.id, said)));
    }
    Ok(consents)
}

/// The card with this code or id. An id is a hash of the code, so the cards are gone through for it.
async fn card(core: &Core, given: &str) -> Result<Option<Card>, StoreError> {
    if let Ok(code) = CardCode::parse(given) {
        return core.store.card(code).await;
    }
    let Ok(id) = CardId::parse(given) else { return Ok(None) };
    let mut after = None;
    loop {
        let page = core.store.cards_after(after, PAGE_MAX).await?;
        let Some(last) = page.last() else { return Ok(None) };
        after = Some(last.code);
        if let Some(card) = page.into_iter().find(|card| card.id == id) {
            return Ok(Some(card));
        }
    }
}

async fn card_place(core: &Core, live: &Live, card: &Card) -> Result<CardPlace, StoreError> {
    let (branch, touchpoint) = place_of(live, card).unzip();
    let zone = branch.map_or(live.config.settings.daemon.time_zone, |branch| branch.time_zone);
    let tomorrow = core.clock.now().with_timezone(&zone).date_naive() + Days::new(1);
    let tallies = core.store.surface_tallies(tomorrow - Days::new(DAYS), tomorrow).await?;
    let mut used = SurfaceTally::default();
    for (cell, tally) in tallies {
        if cell.branch == card.branch && cell.touchpoint == card.touchpoint {
            used += tally;
        }
    }
    let has_survey = live.config.surveys.contains_key(&card.survey);
    Ok(CardPlace { zone, exists: touchpoint.is_some(), has_survey, n_days: DAYS, used })
}

impl Person {
    fn background<'a>(&'a self, core: &Core, live: &'a Live) -> Background<'a> {
        let (holds, stopped) = (&self.holds, &self.stopped);
        Background { facts: &self.facts, holds, stopped, rules: &live.rules, now: core.clock.now() }
    }

    fn json(&self, core: &Core, live: &Live) -> Value {
        let background = self.background(core, live);
        let told = |invitation: &Invitation| {
            let lines = story::tell(invitation, &background);
            let lines: Vec<_> =
                lines.iter().map(|line| json!({ "at": wire::time(line.at), "what": line.what })).collect();
            let standing = story::standing(invitation, &background);
            let may_be_contacted = self.consents.get(&invitation.id);
            let taps = self.taps.get(&invitation.id).map(|taps| story::taps(taps, invitation.zone));
            json!({ "invitation": wire::invitation(invitation), "story": lines, "standing": standing,
                "may_be_contacted": may_be_contacted, "taps": taps })
        };
        json!({
            "contact": self.facts.contact.as_ref().map(|contact| contact.id.as_str()),
            "reach": self.facts.contact.as_ref().map(|contact| story::contact(contact, &background)),
            "suppressed": self.facts.suppressed.iter().map(|channel| channel.as_str()).collect::<Vec<_>>(),
            "event": self.event.as_ref().map(wire::recorded),
            "decisions": self.event.as_ref().map(|event| story::event(event, &background).1),
            "invitations": self.invitations.iter().map(told).collect::<Vec<_>>(),
        })
    }

    fn text(&self, core: &Core, live: &Live) -> String {
        let background = self.background(core, live);
        let mut text = String::new();
        if let Some(event) = &self.event {
            block(&mut text, story::event(event, &background));
            text.push('\n');
        }
        if let Some(contact) = &self.facts.contact {
            block(&mut text, (format!("Contact {}.", contact.id), story::contact(contact, &background)));
        }
        if self.invitations.is_empty() {
            text.push_str("\nNo invitation so far.\n");
        }
        for invitation in &self.invitations {
            text.push('\n');
            let (head, mut lines) = invitation_block(invitation, &background);
            let taps = self.taps.get(&invitation.id);
            lines.extend(taps.map(|taps| format!("→ {}", story::taps(taps, invitation.zone))));
            let consent = self.consents.get(&invitation.id);
            lines.extend(consent.map(|is_given| format!("→ {}", story::consent(*is_given))));
            block(&mut text, (head, lines));
        }
        text
    }
}

fn invitation_block(invitation: &Invitation, background: &Background<'_>) -> (String, Vec<String>) {
    let at = invitation.branch.as_ref().map(|branch| format!(" at {branch}")).unwrap_or_default();
    let head = format!(
        "Invitation {} to the survey `{}` ({}/{}{at}, occasion {}).",
        invitation.id, invitation.survey, invitation.journey, invitation.stage, invitation.occasion
    );
    let told = story::tell(invitation, background).into_iter();
    let told = told.map(|line| format!("{}  {}", story::when(line.at, invitation.zone), line.what));
    (head, told.chain([format!("→ {}", story::standing(invitation, background))]).collect())
}

/// A head, and what belongs to it. Writing to a `String` cannot fail.
fn block(text: &mut String, (head, lines): (String, Vec<String>)) {
    text.push_str(&head);
    text.push('\n');
    for line in lines {
        if writeln!(text, "  {line}").is_err() {
            break;
        }
    }
}
