//! A card: `/q/{code}`.
//!
//! Nobody is invited here, so there is no response rate; what is counted is how often a person opened the card. The form
//! carries a number drawn when it was shown: handing the same form in again amends the same response.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use data_encoding::HEXLOWER;

use super::survey::{drafts, is_paged, unavailable, with_language, with_query};
use super::visitor::{Visitor, fields};
use super::{nothing_here, reply};
use crate::chain::Chain;
use crate::daemon::core::{Core, Live};
use crate::domain::answer::paging::{self, HandedIn, Then};
use crate::domain::answer::{Answers, Completeness, Reading};
use crate::domain::card::Card;
use crate::domain::card_code::CardCode;
use crate::domain::id::ResponseId;
use crate::domain::language::Language;
use crate::domain::place::{Branch, Surface};
use crate::domain::response::{Origin, SurfaceId};
use crate::domain::survey::Survey;
use crate::render::{GonePage, GoneWhy, SurveyPage, ThanksKind, ThanksPage};
use crate::report::tally::SurfaceCell;
use crate::store::{StoreError, SurfaceAnswer};

/// The form's own number.
const FORM: &str = "form";

/// What a code leads to.
struct Visit {
    live: Arc<Live>,
    card: Card,
    branch: Branch,
    survey: Survey,
    language: Language,
}

enum Found {
    Card(Box<Visit>),
    Revoked(Box<Visit>),
    Nothing,
}

/// Shows the form.
pub(super) async fn show(State(core): State<Arc<Core>>, Path(code): Path<String>, who: Visitor) -> Response {
    let visit = match found(&core, &code, &who).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal,
    };
    let page = paging::named(&visit.survey, &who.query);
    // Who turns a page was counted when they came.
    if who.is_person
        && page.is_none()
        && let Err(err) = core.store.count_session(cell(&core, &visit)).await
        && !err.is_read_only()
    {
        tracing::error!("a visit to {} was not counted: {}", visit.card.id, Chain(&err));
    }
    if let Some(page) = page
        && let Some(number) = number_of(&who)
    {
        let answers = match answers(&core, &visit, number).await {
            Ok(answers) => answers.map(|(answers, _)| answers).unwrap_or_default(),
            Err(err) => return unavailable(&core, &who, &err),
        };
        let page = SurveyPage { page, answers, ..form(&visit, &who, number.to_owned()) };
        return reply::page(StatusCode::OK, &visit.live, &page);
    }
    let number = HEXLOWER.encode(&core.entropy.bytes::<16>());
    let page = form(&visit, &who, number);
    reply::page(StatusCode::OK, &visit.live, &page)
}

/// Takes the form.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Path(code): Path<String>,
    who: Visitor,
    body: Bytes,
) -> Response {
    let visit = match found(&core, &code, &who).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal,
    };
    let given = fields(&body);
    let number = given.get(FORM).and_then(|values| values.first()).cloned().unwrap_or_default();
    // Without a number of its own a form cannot be told from its copy, so it is shown afresh.
    let afresh = || {
        let fresh = HEXLOWER.encode(&core.entropy.bytes::<16>());
        reply::page(StatusCode::UNPROCESSABLE_ENTITY, &visit.live, &form(&visit, &who, fresh))
    };
    let Some(id) = response_id(&number) else { return afresh() };
    let before = if is_paged(&visit.survey) { answers(&core, &visit, &number).await } else { Ok(None) };
    let before = match before {
        Ok(before) => before,
        Err(err) => return reply::not_saved(&visit.live, visit.language, &err),
    };
    let before = before.as_ref().map(|(answers, completeness)| (answers, *completeness));
    let HandedIn { reading, then } = paging::hand_in(&visit.survey, before, &given);
    match store(&core, &visit, id, reading.clone()).await {
        Ok(()) => (),
        Err(StoreError::Exists { .. }) => return afresh(),
        Err(err) => return reply::not_saved(&visit.live, visit.language, &err),
    }
    let form_number = (FORM, number.clone());
    let (page, troubles) = match then {
        Then::Thanks => {
            let query = visit.survey.has_scored_thanks().then_some(form_number);
            return reply::see_other(&with_query(format!("/q/{}/thanks", visit.card.code), &who, query.as_slice()));
        }
        Then::Page(page) => {
            let query = [form_number, (paging::PAGE, (page + 1).to_string())];
            return reply::see_other(&with_query(format!("/q/{}", visit.card.code), &who, &query));
        }
        Then::Again { page, troubles } => (page, troubles),
    };
    let drafts = drafts(&visit.survey, &reading, &given);
    let page = SurveyPage { answers: reading.answers, page, drafts, troubles, ..form(&visit, &who, number) };
    reply::page(StatusCode::UNPROCESSABLE_ENTITY, &visit.live, &page)
}

/// Says thank you.
pub(super) async fn thanks(State(core): State<Arc<Core>>, Path(code): Path<String>, who: Visitor) -> Response {
    let visit = match found(&core, &code, &who).await {
        Ok(visit) => visit,
        Err(refusal) => return refusal,
    };
    let given = match number_of(&who) {
        Some(number) => answers(&core, &visit, number).await,
        None => Ok(None),
    };
    let answers = match given {
        Ok(given) => given.map(|(answers, _)| answers).unwrap_or_default(),
        Err(err) => return unavailable(&core, &who, &err),
    };
    let page = ThanksPage {
        place: visit.branch.title.clone(),
        kind: ThanksKind::after(&visit.survey, &answers, &visit.language),
        amend_url: None,
        language: visit.language.clone(),
    };
    reply::page(StatusCode::OK, &visit.live, &page)
}

/// The card in use behind a code, or what the customer gets instead.
async fn found(core: &Arc<Core>, code: &str, who: &Visitor) -> Result<Box<Visit>, Response> {
    match find(core, code, who).await {
        Ok(Found::Card(visit)) => Ok(visit),
        Ok(Found::Revoked(visit)) => {
            let page = GonePage {
                language: visit.language.clone(),
                place: visit.branch.title.clone(),
                why: GoneWhy::CardRevoked,
            };
            Err(reply::page(StatusCode::GONE, &visit.live, &page))
        }
        Ok(Found::Nothing) => Err(nothing_here(State(Arc::clone(core)), who.clone()).await),
        Err(err) => Err(unavailable(core, who, &err)),
    }
}

async fn find(core: &Core, code: &str, who: &Visitor) -> Result<Found, StoreError> {
    let Ok(code) = CardCode::parse(code) else { return Ok(Found::Nothing) };
    let Some(card) = core.store.card(code).await? else { return Ok(Found::Nothing) };
    let live = core.live.load_full();
    let branch = live.config.branches.get(&card.branch).cloned();
    let survey = live.config.surveys.get(&card.survey).cloned();
    let (Some(branch), Some(survey)) = (branch, survey) else { return Ok(Found::Nothing) };
    let language = who.language(&branch.language);
    let revoked = card.revoked_at.is_some();
    let visit = Box::new(Visit { live, card, branch, survey, language });
    Ok(if revoked { Found::Revoked(visit) } else { Found::Card(visit) })
}

/// The form's number in the query.
fn number_of(who: &Visitor) -> Option<&str> {
    who.query.get(FORM)?.first().map(String::as_str)
}

/// What was handed in with the form of this number; nothing where it was none of this card and survey.
async fn answers(core: &Core, visit: &Visit, number: &str) -> Result<Option<(Answers, Completeness)>, StoreError> {
    let Some(id) = response_id(number) else { return Ok(None) };
    let response = core.store.response(&id).await?;
    let is_of_card =
        |origin: &Origin| matches!(origin, Origin::Surface { from, .. } if *from == SurfaceId::Card(visit.card.id));
    let response = response.filter(|given| is_of_card(&given.origin) && given.version == visit.survey.version());
    Ok(response.map(|response| (response.answers, response.completeness)))
}

fn response_id(number: &str) -> Option<ResponseId> {
    let bytes = HEXLOWER.decode(number.as_bytes()).ok()?;
    Some(ResponseId::from_bytes(bytes.try_into().ok()?))
}

fn cell(core: &Core, visit: &Visit) -> SurfaceCell {
    SurfaceCell {
        day: core.clock.now().with_timezone(&visit.branch.time_zone).date_naive(),
        branch: visit.card.branch.clone(),
        touchpoint: visit.card.touchpoint.clone(),
        surface: Surface::Card,
    }
}

async fn store(core: &Core, visit: &Visit, id: ResponseId, reading: Reading) -> Result<(), StoreError> {
    let card = &visit.card;
    let answer = SurfaceAnswer {
        id,
        from: SurfaceId::Card(card.id),
        branch: card.branch.clone(),
        touchpoint: card.touchpoint.clone(),
        survey: visit.survey.id.clone(),
        version: visit.survey.version(),
        language: visit.language.clone(),
        reading,
        flags: BTreeSet::new(),
        now: core.clock.now(),
        zone: visit.branch.time_zone,
    };
    let recorded = core.store.answer_surface(answer).await?;
    core.metrics.answered(Surface::Card.as_str(), visit.survey.id.as_str());
    tracing::info!(response.id = %recorded.response, "stored {} as {}", recorded.response,
        recorded.completeness.as_str());
    Ok(())
}

fn form<'a>(visit: &'a Visit, who: &Visitor, number: String) -> SurveyPage<'a> {
    let action = with_language(format!("/q/{}", visit.card.code), who);
    SurveyPage {
        place: visit.branch.title.clone(),
        hidden: vec![(FORM.to_owned(), number)],
        ..SurveyPage::blank(&visit.survey, visit.language.clone(), action)
    }
}
