//! The inbox: every message that was caught, the newest first.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;
use serde::Deserialize;

use super::{bar, frame, when};
use crate::catcher::mailbox::{Caught, Kind};
use crate::demo::setting::Stage;
use crate::demo::{links, people};
use crate::domain::invitation::{End, State as Standing};
use crate::domain::language::Language;
use crate::render::{Bar, Page, RenderError, TemplateContext, Templates};
use crate::store::StoreError;
use crate::web::{ApiProblem, staff_page};

/// Messages on a page.
const ROWS: usize = 25;
/// Characters of a text message in the list.
const EXCERPT_CHARS: usize = 90;

/// A place in the inbox.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct InboxQuery {
    /// `mail` or `sms`; both when absent.
    kind: Option<String>,
    /// Counted from 1.
    page: Option<usize>,
}

/// A page of the inbox.
pub(super) struct InboxPage {
    bar: Bar,
    kind: Option<Kind>,
    rows: Vec<InboxRow>,
    n_messages: usize,
    page: usize,
    n_pages: usize,
}

/// A message in the list.
pub(super) struct InboxRow {
    n: u64,
    kind: Kind,
    when: String,
    to: String,
    about: String,
    /// What became of it.
    state: Option<&'static str>,
}

impl TemplateContext for InboxPage {
    const TEMPLATE: &'static str = "demo/inbox.html";

    type Rendered = Page;

    fn samples(_: &Language) -> Vec<Self> {
        let page = |kind, rows: Vec<InboxRow>, page| Self {
            bar: Bar { links: Vec::new(), warp: None },
            kind,
            n_messages: rows.len(),
            rows,
            page,
            n_pages: 3,
        };
        let row = |kind, state| InboxRow {
            n: 7,
            kind,
            when: "Fri 6 Mar, 12:00".to_owned(),
            to: "a@guests.example".to_owned(),
            about: "<b>Your visit</b>".to_owned(),
            state,
        };
        let rows = vec![row(Kind::Mail, Some("answered")), row(Kind::Sms, None)];
        vec![page(None, rows, 2), page(Some(Kind::Sms), Vec::new(), 1)]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = Language::english();
        let row = |row: &InboxRow| {
            context! {
                n => row.n, kind => word(row.kind), when => &row.when, to => &row.to, about => &row.about,
                state => row.state,
            }
        };
        let kind = self.kind.map(Kind::as_str);
        let url = |page: usize| match kind {
            Some(kind) => format!("/inbox?kind={kind}&page={page}"),
            None => format!("/inbox?page={page}"),
        };
        let context = context! {
            bar => self.bar.value(),
            kind,
            rows => self.rows.iter().map(row).collect::<Vec<_>>(),
            n_messages => self.n_messages,
            page => self.page,
            n_pages => self.n_pages,
            newer => (self.page > 1).then(|| url(self.page - 1)),
            older => (self.page < self.n_pages).then(|| url(self.page + 1)),
        };
        templates.page(Self::TEMPLATE, frame(&language), context)
    }
}

/// Shows a page of it.
pub(super) async fn show(State(stage): State<Arc<Stage>>, Query(query): Query<InboxQuery>) -> Response {
    match page(&stage, &query).await {
        Ok(page) => staff_page(StatusCode::OK, &stage.core.live.load(), &page),
        Err(err) => ApiProblem::from(err).into_response(),
    }
}

async fn page(stage: &Stage, query: &InboxQuery) -> Result<InboxPage, StoreError> {
    let kind = [Kind::Mail, Kind::Sms].into_iter().find(|kind| query.kind.as_deref() == Some(kind.as_str()));
    let mut messages = stage.inbox.messages();
    messages.retain(|message| kind.is_none_or(|kind| message.kind == kind));
    let n_pages = messages.len().div_ceil(ROWS).max(1);
    let page = query.page.unwrap_or(1).clamp(1, n_pages);
    let mut rows = Vec::with_capacity(ROWS);
    for message in messages.iter().rev().skip((page - 1) * ROWS).take(ROWS) {
        rows.push(row(stage, message).await?);
    }
    let back = if page == 1 { "/inbox".to_owned() } else { format!("/inbox?page={page}") };
    Ok(InboxPage { bar: bar(stage, "/inbox", &back), kind, rows, n_messages: messages.len(), page, n_pages })
}

async fn row(stage: &Stage, message: &Caught) -> Result<InboxRow, StoreError> {
    let about = match message.kind {
        Kind::Mail => message.subject.clone(),
        Kind::Sms => excerpt(&message.text, &stage.url()),
    };
    Ok(InboxRow {
        n: message.n,
        kind: message.kind,
        when: when(stage, message.at),
        to: message.to.clone(),
        about,
        state: state(stage, message).await?,
    })
}

/// What became of the invitation that a message belongs to.
pub(super) async fn state(stage: &Stage, message: &Caught) -> Result<Option<&'static str>, StoreError> {
    let Some(target) = links::target(message, &stage.url(), stage.core.store.seal()) else { return Ok(None) };
    let Some(invitation) = stage.core.store.invitation(&target.invitation).await? else { return Ok(None) };
    if invitation.answer.is_some_and(|answer| answer.attempt == target.attempt) {
        return Ok(Some("answered"));
    }
    Ok(match invitation.state {
        Standing::Closed { end, .. } => Some(match end {
            End::Answered => "answered elsewhere",
            End::OptedOut => "said no",
            End::Ineligible => "never there",
            End::WindowClosed | End::Undelivered => "closed",
        }),
        Standing::Waiting { .. }
        | Standing::Sending { .. }
        | Standing::Held { .. }
        | Standing::Asked
        | Standing::Skipped { .. } => people::is_visitor(&invitation.contact).then_some("to you"),
    })
}

/// What people call a kind of message.
pub(super) fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Mail => "Mail",
        Kind::Sms => "Text",
    }
}

/// What a text message says before its first link.
fn excerpt(text: &str, url: &str) -> String {
    let first = links::pieces(text, url).into_iter().next().filter(|piece| piece.url.is_none());
    let said = first.map_or_else(|| text.to_owned(), |piece| piece.text);
    let mut excerpt: String = said.trim().chars().take(EXCERPT_CHARS).collect();
    if said.trim().chars().nth(EXCERPT_CHARS).is_some() {
        excerpt.push('…');
    }
    excerpt
}
