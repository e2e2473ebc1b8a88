//! The first page: what a newcomer sees, and what to click.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;

use super::{bar, frame};
use crate::catcher::mailbox::Kind;
use crate::demo::links;
use crate::demo::setting::Stage;
use crate::domain::attempt::Fate;
use crate::domain::invitation::{End, Invitation, State as Standing};
use crate::domain::language::Language;
use crate::render::{Bar, Page, RenderError, TemplateContext, Templates};
use crate::store::StoreError;
use crate::web::{ApiProblem, ReportQuery, report_page, staff_page};

/// Messages looked through for one that is worth opening.
const LOOK_AT: usize = 200;
/// Invitations looked through for stories that are worth reading.
const STORIES: usize = 1_000;

/// The first page.
pub(super) struct StartPage {
    bar: Bar,
    n_guests: usize,
    n_events: u64,
    n_messages: u64,
    /// Answered and delivered invitations.
    answered: (u64, u64),
    /// Answers and visits at cards.
    at_tables: (i64, i64),
    mail: Option<u64>,
    sms: Option<u64>,
    card: Option<String>,
    /// What there is to ask about, and the id.
    stories: Vec<(&'static str, String)>,
}

impl TemplateContext for StartPage {
    const TEMPLATE: &'static str = "demo/start.html";

    type Rendered = Page;

    fn samples(_: &Language) -> Vec<Self> {
        let bar = || Bar { links: Vec::new(), warp: None };
        let empty = || Self {
            bar: bar(),
            n_guests: 0,
            n_events: 0,
            n_messages: 0,
            answered: (0, 0),
            at_tables: (0, 0),
            mail: None,
            sms: None,
            card: None,
            stories: Vec::new(),
        };
        let stories = vec![("a mail that came back", "inv_sample".to_owned())];
        vec![empty(), Self { mail: Some(7), sms: Some(8), card: Some("SAMPLE".to_owned()), stories, ..empty() }]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = Language::english();
        let story = |(what, id): &(&'static str, String)| context! { what => *what, id };
        let context = context! {
            bar => self.bar.value(),
            n_guests => self.n_guests,
            n_events => self.n_events,
            n_messages => self.n_messages,
            answered => self.answered.0,
            delivered => self.answered.1,
            table_answers => self.at_tables.0,
            table_visits => self.at_tables.1,
            mail => self.mail,
            sms => self.sms,
            card => self.card.as_deref(),
            stories => self.stories.iter().map(story).collect::<Vec<_>>(),
        };
        templates.page(Self::TEMPLATE, frame(&language), context)
    }
}

/// Shows it.
pub(super) async fn show(State(stage): State<Arc<Stage>>) -> Response {
    match page(&stage).await {
        Ok(page) => staff_page(StatusCode::OK, &stage.core.live.load(), &page),
        Err(problem) => problem.into_response(),
    }
}

async fn page(stage: &Stage) -> Result<StartPage, ApiProblem> {
    let figures = report_page(&stage.core, &ReportQuery::default(), ("/report", None)).await?;
    let report = figures.splits.first().map(|split| &split.report);
    let rate = report.map(|report| report.total.rr_delivered());
    let surfaces = report.map(|report| report.surfaces.as_slice()).unwrap_or_default();
    let at_tables = surfaces.iter().fold((0, 0), |(answers, visits), row| {
        (answers + row.tally.complete + row.tally.partial, visits + row.tally.sessions)
    });
    Ok(StartPage {
        bar: bar(stage, "/", "/"),
        n_guests: stage.house.n_people(),
        n_events: stage.house.n_events(),
        n_messages: stage.n_messages(),
        answered: rate.map_or((0, 0), |rate| (rate.hits, rate.n)),
        at_tables,
        mail: unanswered(stage, Kind::Mail).await?,
        sms: unanswered(stage, Kind::Sms).await?,
        card: stage.house.a_card().map(|(_, code)| code.clone()),
        stories: stories(stage).await?,
    })
}

/// The newest message of a kind that can still be answered; in English, where there is one.
async fn unanswered(stage: &Stage, kind: Kind) -> Result<Option<u64>, StoreError> {
    let mut other = None;
    let messages = stage.inbox.messages();
    for message in messages.iter().rev().filter(|message| message.kind == kind).take(LOOK_AT) {
        let Some(target) = links::target(message, &stage.url(), stage.core.store.seal()) else { continue };
        let Some(invitation) = stage.core.store.invitation(&target.invitation).await? else { continue };
        if !is_open(&invitation) {
            continue;
        }
        if is_english(stage, &invitation).await? {
            return Ok(Some(message.n));
        }
        other = other.or(Some(message.n));
    }
    Ok(other)
}

fn is_open(invitation: &Invitation) -> bool {
    let open = match invitation.state {
        Standing::Waiting { .. } | Standing::Asked => true,
        Standing::Sending { .. } | Standing::Held { .. } | Standing::Closed { .. } | Standing::Skipped { .. } => false,
    };
    open && invitation.answer.is_none()
}

async fn is_english(stage: &Stage, invitation: &Invitation) -> Result<bool, StoreError> {
    let contact = stage.core.store.contact(&invitation.contact).await?;
    Ok(contact.and_then(|contact| contact.locale).is_none_or(|locale| locale.base() == Language::english()))
}

/// Whether an invitation is an example of something.
type Fits<'a> = &'a dyn Fn(&Invitation) -> bool;

/// One invitation for each thing that one may wonder about.
async fn stories(stage: &Stage) -> Result<Vec<(&'static str, String)>, StoreError> {
    let invitations = stage.core.store.invitations_after(None, STORIES).await?;
    let refused = |invitation: &Invitation| invitation.attempts.iter().any(|a| matches!(a.fate, Fate::Refused { .. }));
    let ended = |invitation: &Invitation, wanted: End| matches!(invitation.state, Standing::Closed { end, .. } if end == wanted);
    let kinds: [(&str, Fits<'_>); 4] = [
        ("a mail that came back, and what was done then", &|i| refused(i) && i.attempts.len() > 1),
        ("a guest who answered after a reminder", &|i| {
            ended(i, End::Answered) && i.answer.is_some_and(|a| a.attempt == 2)
        }),
        ("a guest who wants no more", &|i| ended(i, End::OptedOut)),
        ("a guest who was asked by mail, again, and then by text message", &|i| i.attempts.len() == 3 && !refused(i)),
    ];
    let found = kinds.into_iter().filter_map(|(what, fits)| {
        let invitation = invitations.iter().find(|invitation| fits(invitation))?;
        Some((what, invitation.id.to_string()))
    });
    Ok(found.collect())
}
