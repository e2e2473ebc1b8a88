//! Customers who come by, and were not invited: by a card, or by a link.
//!
//! There is no response rate here; what is counted is how often a person opened the page. The form carries a number that
//! was drawn when it was shown, sealed with the time and the place: handing the same form in again amends the same
//! response, and no other can be reached.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;
use chrono::{DateTime, TimeDelta, Utc};

use super::doubts::{self, HONEYPOT};
use super::reply;
use super::survey::{drafts, is_paged, unavailable, with_language, with_query};
use super::visitor::{Visitor, fields};
use crate::chain::Chain;
use crate::daemon::core::{Core, Live};
use crate::domain::answer::paging::{self, HandedIn, Then};
use crate::domain::answer::{Answers, Form, Reading};
use crate::domain::id::{ResponseId, TouchpointId};
use crate::domain::language::Language;
use crate::domain::place::Branch;
use crate::domain::response::{self, Flag, Origin, SurfaceId};
use crate::domain::survey::{Survey, SurveyVersion};
use crate::render::{SurveyPage, ThanksKind, ThanksPage};
use crate::report::tally::SurfaceCell;
use crate::store::{StoreError, SurfaceAnswer};

/// The form's own number.
const FORM: &str = "form";
/// A form that was shown longer ago is shown again before it is taken. A clock may be a little behind.
const FORM_AGE_MAX: TimeDelta = TimeDelta::hours(24);

/// Somebody who came by, and what is asked of them there.
pub(super) struct WalkIn {
    /// The configuration that they see.
    pub(super) live: Arc<Live>,
    /// What they came by.
    pub(super) from: SurfaceId,
    /// Where they are.
    pub(super) branch: Branch,
    /// At what.
    pub(super) touchpoint: TouchpointId,
    /// What is asked.
    pub(super) survey: Arc<Survey>,
    /// Whether it is not the same for everybody.
    pub(super) is_tailored: bool,
    /// The version of that.
    pub(super) version: SurveyVersion,
    /// In which language.
    pub(super) language: Language,
    /// The path of the page, such as `/q/7KQ2M9XW`.
    pub(super) path: String,
}

/// A form as it was shown.
pub(super) struct Shown {
    /// Its number, as it travels.
    pub(super) number: String,
    /// The response that it makes.
    pub(super) id: ResponseId,
    /// When.
    pub(super) at: DateTime<Utc>,
}

/// Shows the form.
pub(super) async fn show(core: &Core, at: &WalkIn, who: &Visitor) -> Response {
    let page = paging::named(&at.survey, &who.query);
    // Who turns a page was counted when they came.
    if who.is_person()
        && page.is_none()
        && let Err(err) = core.store.count_session(cell(core, at)).await
        && !err.is_read_only()
    {
        tracing::error!("a visit to {} of {} was not counted: {}", at.touchpoint, at.branch.id, Chain(&err));
    }
    if let Some(page) = page
        && let Some(form) = shown(core, at, &who.query)
    {
        let answers = match known(core, at, &form).await {
            Ok(known) => known.map(|known| known.answers).unwrap_or_default(),
            Err(err) => return unavailable(core, who, &err),
        };
        let page = SurveyPage { page, answers, ..blank(at, who, form.number) };
        return reply::page(StatusCode::OK, &at.live, &page);
    }
    reply::page(StatusCode::OK, &at.live, &blank(at, who, fresh(core, at).number))
}

/// Takes the form.
pub(super) async fn take(core: &Core, at: &WalkIn, who: &Visitor, body: &Bytes) -> Response {
    let given = fields(body);
    let now = core.clock.now();
    // Without a number of its own a form cannot be told from its copy.
    let form = shown(core, at, &given).filter(|form| now - form.at <= FORM_AGE_MAX);
    let Some(form) = form else { return again(core, at, who, &given) };
    let known = match known(core, at, &form).await {
        Ok(known) => known,
        Err(err) => return reply::not_saved(&at.live, at.language.clone(), &err),
    };
    let before = known.as_ref().map(|known| (&known.answers, known.completeness)).filter(|_| is_paged(&at.survey));
    let HandedIn { reading, then } = paging::hand_in(&at.survey, before, &given);
    let flags = doubts::flags(core, at, who, (&form, known.is_none()), &given);
    match store(core, at, &form, (reading.clone(), flags)).await {
        Ok(()) => (),
        Err(StoreError::Exists { .. }) => return again(core, at, who, &given),
        Err(err) => return reply::not_saved(&at.live, at.language.clone(), &err),
    }
    let (page, troubles) = match then {
        Then::Thanks => {
            let number = at.survey.has_scored_thanks().then(|| (FORM, form.number.clone()));
            let mut response = reply::see_other(&with_query(format!("{}/thanks", at.path), who, number.as_slice()));
            doubts::remember_device(at, &form, &mut response);
            return response;
        }
        Then::Page(page) => {
            let query = [(FORM, form.number), (paging::PAGE, (page + 1).to_string())];
            return reply::see_other(&with_query(at.path.clone(), who, &query));
        }
        Then::Again { page, troubles } => (page, troubles),
    };
    let drafts = drafts(&at.survey, &reading, &given);
    let page = SurveyPage { answers: reading.answers, page, drafts, troubles, ..blank(at, who, form.number) };
    reply::page(StatusCode::UNPROCESSABLE_ENTITY, &at.live, &page)
}

/// Says thank you.
pub(super) async fn thanks(core: &Core, at: &WalkIn, who: &Visitor) -> Response {
    let given = match shown(core, at, &who.query) {
        Some(form) => known(core, at, &form).await,
        None => Ok(None),
    };
    let answers = match given {
        Ok(given) => given.map(|given| given.answers).unwrap_or_default(),
        Err(err) => return unavailable(core, who, &err),
    };
    let page = ThanksPage {
        place: at.branch.title.clone(),
        kind: ThanksKind::after(&at.survey, &answers, &at.language),
        amend_url: None,
        language: at.language.clone(),
    };
    reply::page(StatusCode::OK, &at.live, &page)
}

/// The form with a number of its own and what was given, to be handed in again: nobody fills it in twice.
fn again(core: &Core, at: &WalkIn, who: &Visitor, given: &Form) -> Response {
    let HandedIn { reading, .. } = paging::hand_in(&at.survey, None, given);
    let drafts = drafts(&at.survey, &reading, given);
    let answers: Answers = reading.answers;
    let page = SurveyPage { answers, drafts, ..blank(at, who, fresh(core, at).number) };
    reply::page(StatusCode::UNPROCESSABLE_ENTITY, &at.live, &page)
}

fn fresh(core: &Core, at: &WalkIn) -> Shown {
    let (id, now) = (ResponseId::from_bytes(core.entropy.bytes()), core.clock.now());
    Shown { number: core.store.seal().form_token(&at.path, id, now), id, at: now }
}

/// The form whose number is among these fields; nothing where it was not shown here.
fn shown(core: &Core, at: &WalkIn, fields: &Form) -> Option<Shown> {
    let number = fields.get(FORM)?.first()?;
    let (id, shown_at) = core.store.seal().open_form(&at.path, number)?;
    Some(Shown { number: number.clone(), id, at: shown_at })
}

/// What was handed in with this form; nothing where the survey is another by now.
async fn known(core: &Core, at: &WalkIn, form: &Shown) -> Result<Option<response::Response>, StoreError> {
    let response = core.store.response(&form.id).await?;
    let is_of_here = |origin: &Origin| matches!(origin, Origin::Surface { from, .. } if *from == at.from);
    Ok(response.filter(|given| is_of_here(&given.origin) && given.version == at.version))
}

fn cell(core: &Core, at: &WalkIn) -> SurfaceCell {
    SurfaceCell {
        day: core.clock.now().with_timezone(&at.branch.time_zone).date_naive(),
        branch: at.branch.id.clone(),
        touchpoint: at.touchpoint.clone(),
        surface: at.from.surface(),
    }
}

async fn store(
    core: &Core,
    at: &WalkIn,
    form: &Shown,
    (reading, flags): (Reading, BTreeSet<Flag>),
) -> Result<(), StoreError> {
    let answer = SurfaceAnswer {
        id: form.id,
        from: at.from,
        branch: at.branch.id.clone(),
        touchpoint: at.touchpoint.clone(),
        survey: at.survey.id.clone(),
        version: at.version,
        language: at.language.clone(),
        reading,
        flags,
        now: core.clock.now(),
        zone: at.branch.time_zone,
    };
    let recorded = core.store.answer_surface(answer).await?;
    core.metrics.answered(at.from.surface().as_str(), at.survey.id.as_str());
    tracing::debug!(response.id = %recorded.response, "stored {} as {}", recorded.response,
        recorded.completeness.as_str());
    Ok(())
}

fn blank<'a>(at: &'a WalkIn, who: &Visitor, number: String) -> SurveyPage<'a> {
    SurveyPage {
        place: at.branch.title.clone(),
        honeypot: Some(HONEYPOT.to_owned()),
        version: (!at.is_tailored).then_some(at.version),
        hidden: vec![(FORM.to_owned(), number)],
        ..SurveyPage::blank(&at.survey, at.language.clone(), with_language(at.path.clone(), who))
    }
}
