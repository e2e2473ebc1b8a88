//! The survey of an invitation: `/s/{token}`.
//!
//! GET shows the form, with the rating of the link that was followed marked; it changes nothing, because mail scanners
//! follow every link. POST stores what can be stored, and shows the form again when something is missing.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::visitor::{Visitor, fields};
use super::{nothing_here, reply};
use crate::chain::Chain;
use crate::daemon::breaker;
use crate::daemon::compose::TRAP;
use crate::daemon::core::{Core, Live};
use crate::daemon::occasions;
use crate::domain;
use crate::domain::answer::paging::{self, HandedIn, Then};
use crate::domain::answer::{self, Answers, Completeness, Form, Reading};
use crate::domain::id::QuestionId;
use crate::domain::invitation::Invitation;
use crate::domain::language::Language;
use crate::domain::seal::{LinkTarget, Purpose};
use crate::domain::survey::{Question, Survey};
use crate::domain::tap::{Sign, Tap};
use crate::render::{SurveyPage, ThanksKind, ThanksPage};
use crate::store::{InvitationAnswer, StoreError, Way};

/// What a token leads to.
struct Visit {
    live: Arc<Live>,
    target: LinkTarget,
    invitation: Invitation,
    survey: Arc<Survey>,
    /// Whether it is not the same for everybody.
    is_tailored: bool,
    language: Language,
}

/// Shows the form.
pub(super) async fn show(State(core): State<Arc<Core>>, Path(token): Path<String>, who: Visitor) -> Response {
    let visit = match find(&core, &token, &who).await {
        Ok(Some(visit)) => visit,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    // Marks what the link says, as far as it is an answer at all.
    let mut answers = answer::read(&visit.survey, &who.query).answers;
    let mut page = paging::named(&visit.survey, &who.query).unwrap_or_default();
    if is_paged(&visit.survey) {
        let before = match known(&core, &visit).await {
            Ok(before) => before,
            Err(err) => return unavailable(&core, &who, &err),
        };
        if let Some(before) = before {
            // Whoever comes by the link goes on where they were, and from the start where they were done.
            if paging::named(&visit.survey, &who.query).is_none() && before.completeness != Completeness::Complete {
                page = paging::resumed(&visit.survey, &before.answers);
            }
            answers = before.answers.into_iter().chain(answers).collect();
        }
    }
    let keeps_taps = visit.live.config.keeps_taps(&visit.invitation);
    if keeps_taps && let Err(err) = keep_tap(&core, &visit, &who, &answers).await {
        // The page is what the customer came for.
        tracing::error!(invitation.id = %visit.invitation.id, "a tap was not kept: {}", Chain(&err));
    }
    let counts_when_seen = keeps_taps && visit.invitation.answer.is_none();
    let page = SurveyPage { page, answers, counts_when_seen, ..form(&core, &visit, &token, &who) };
    reply::page(StatusCode::OK, &visit.live, &page)
}

/// Keeps that a rating's link was followed, or one that nobody sees. It is no answer.
async fn keep_tap(core: &Core, visit: &Visit, who: &Visitor, marked: &Answers) -> Result<(), StoreError> {
    let key = visit.survey.key_question().map(|question| &question.id);
    let point =
        key.filter(|key| who.query.contains_key(key.as_str())).and_then(|key| marked.get(key)?.ratings().next());
    let mut signs = who.signs.clone();
    if who.query.contains_key(TRAP) {
        signs.insert(Sign::HiddenLink);
    } else if point.is_none() {
        return Ok(());
    }
    let tap = Tap { attempt: visit.target.attempt, point, signs, at: core.clock.now() };
    match core.store.keep_tap(visit.invitation.id, tap).await {
        Err(err) if err.is_read_only() => Ok(()),
        kept => kept.map(drop),
    }
}

/// Takes the form.
pub(super) async fn take(
    State(core): State<Arc<Core>>,
    Path(token): Path<String>,
    who: Visitor,
    body: Bytes,
) -> Response {
    let visit = match find(&core, &token, &who).await {
        Ok(Some(visit)) => visit,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let given = fields(&body);
    let before = if is_paged(&visit.survey) { known(&core, &visit).await } else { Ok(None) };
    let before = match before {
        Ok(before) => before,
        Err(err) => return reply::not_saved(&visit.live, visit.language, &err),
    };
    let before = before.as_ref().map(|response| (&response.answers, response.completeness));
    let HandedIn { reading, then } = paging::hand_in(&visit.survey, before, &given);
    if let Err(err) = store(&core, &visit, reading.clone()).await {
        return reply::not_saved(&visit.live, visit.language, &err);
    }
    let (page, troubles) = match then {
        Then::Thanks => return reply::see_other(&with_language(format!("/s/{token}/thanks"), &who)),
        Then::Page(page) => {
            let query = [(paging::PAGE, (page + 1).to_string())];
            return reply::see_other(&with_query(format!("/s/{token}"), &who, &query));
        }
        Then::Again { page, troubles } => (page, troubles),
    };
    let drafts = drafts(&visit.survey, &reading, &given);
    let page = SurveyPage { answers: reading.answers, page, drafts, troubles, ..form(&core, &visit, &token, &who) };
    reply::page(StatusCode::UNPROCESSABLE_ENTITY, &visit.live, &page)
}

/// Says thank you.
pub(super) async fn thanks(State(core): State<Arc<Core>>, Path(token): Path<String>, who: Visitor) -> Response {
    let visit = match find(&core, &token, &who).await {
        Ok(Some(visit)) => visit,
        Ok(None) => return nothing_here(State(core), who).await,
        Err(err) => return unavailable(&core, &who, &err),
    };
    let answers = match known(&core, &visit).await {
        Ok(response) => response.map(|response| response.answers).unwrap_or_default(),
        Err(err) => return unavailable(&core, &who, &err),
    };
    let page = ThanksPage {
        place: place(&visit),
        kind: ThanksKind::after(&visit.survey, &answers, &visit.language),
        amend_url: Some(with_language(format!("/s/{token}"), &who)),
        language: visit.language.clone(),
    };
    reply::page(StatusCode::OK, &visit.live, &page)
}

async fn find(core: &Core, token: &str, who: &Visitor) -> Result<Option<Visit>, StoreError> {
    let Some(target) = core.store.seal().open(Purpose::Survey, token) else { return Ok(None) };
    let Some(invitation) = core.store.invitation(&target.invitation).await? else { return Ok(None) };
    if invitation.attempt(target.attempt).is_none() {
        return Ok(None);
    }
    let live = core.live.load_full();
    let survey = match live.survey(&invitation.survey, invitation.version) {
        Some(survey) => Some(Arc::clone(survey)),
        None => core.store.survey(invitation.version).await?.map(Arc::new),
    };
    let Some(survey) = survey else { return Ok(None) };
    let contact = core.store.contact(&invitation.contact).await?;
    let tailored = occasions::tailored(core, &live, &survey, (&invitation, contact.as_ref())).await?;
    let (survey, is_tailored) = match tailored {
        Cow::Borrowed(_) => (survey, false),
        Cow::Owned(tailored) => (Arc::new(tailored), true),
    };
    let known = contact.as_ref().and_then(|contact| contact.locale.as_ref());
    let language = who.language_of(known, &live.config.settings.daemon.language);
    Ok(Some(Visit { live, target, invitation, survey, is_tailored, language }))
}

async fn store(core: &Core, visit: &Visit, reading: Reading) -> Result<(), StoreError> {
    if reading.answers.is_empty() && reading.completeness == Completeness::Started && reading.troubles.is_empty() {
        return Ok(());
    }
    let answers = reading.answers.clone();
    let answer = InvitationAnswer {
        invitation: visit.invitation.id,
        attempt: visit.target.attempt,
        way: Way::Link,
        language: visit.language.clone(),
        reading,
        now: core.clock.now(),
    };
    let recorded = core.store.answer_invitation(answer).await?;
    let channel = visit.invitation.attempt(visit.target.attempt).map_or("unknown", |a| a.channel.as_str());
    core.metrics.answered(channel, visit.survey.id.as_str());
    if !recorded.amended {
        breaker::answered(core, &visit.invitation, visit.target.attempt, (&visit.survey, &answers)).await;
    }
    tracing::debug!(invitation.id = %visit.invitation.id, response.id = %recorded.response, "stored {} as {}",
        recorded.response, recorded.completeness.as_str());
    Ok(())
}

fn form<'a>(core: &Core, visit: &'a Visit, token: &str, who: &Visitor) -> SurveyPage<'a> {
    let unsubscribe = core.store.seal().token(Purpose::Unsubscribe, visit.target);
    SurveyPage {
        place: place(visit),
        version: (!visit.is_tailored).then_some(visit.invitation.version),
        unsubscribe_url: Some(format!("/u/{unsubscribe}")),
        ..SurveyPage::blank(&visit.survey, visit.language.clone(), with_language(format!("/s/{token}"), who))
    }
}

fn place(visit: &Visit) -> String {
    let branch = visit.invitation.branch.as_ref().and_then(|id| visit.live.config.branches.get(id));
    branch.map(|branch| branch.title.clone()).unwrap_or_default()
}

/// Texts that were typed but could not be taken, so that nobody types them twice.
pub(super) fn drafts(survey: &Survey, reading: &Reading, given: &Form) -> Vec<(QuestionId, String)> {
    let is_wrong = |id: &QuestionId| reading.troubles.iter().any(|(wrong, _)| wrong == id);
    let draft = |question: &Question| {
        let has_words = question.kind.own_words_option().is_some();
        let field = if has_words { answer::words_field(&question.id) } else { question.id.to_string() };
        Some((question.id.clone(), given.get(&field)?.first()?.clone()))
    };
    let lost = |id: &QuestionId| is_wrong(id) || !reading.answers.contains_key(id);
    survey.questions.iter().filter(|question| lost(&question.id)).filter_map(draft).collect()
}

/// Carries the language that was chosen on the page along.
pub(super) fn with_language(url: String, who: &Visitor) -> String {
    with_query(url, who, &[])
}

/// Carries the chosen language and further fields along. Their values need no escapes.
pub(super) fn with_query(url: String, who: &Visitor, fields: &[(&str, String)]) -> String {
    let language = who.chosen().map(|language| format!("lang={language}"));
    let fields = fields.iter().map(|(name, value)| format!("{name}={value}"));
    let query: Vec<_> = language.into_iter().chain(fields).collect();
    if query.is_empty() { url } else { format!("{url}?{}", query.join("&")) }
}

/// Whether the survey is asked on several pages.
pub(super) fn is_paged(survey: &Survey) -> bool {
    survey.pages().len() > 1
}

/// What was answered before.
async fn known(core: &Core, visit: &Visit) -> Result<Option<domain::response::Response>, StoreError> {
    core.store.response(&core.store.seal().response_id(&visit.invitation.id)).await
}

pub(super) fn unavailable(core: &Core, who: &Visitor, err: &StoreError) -> Response {
    let live = core.live.load_full();
    let language = who.language(&live.config.settings.daemon.language);
    reply::not_saved(&live, language, err)
}
