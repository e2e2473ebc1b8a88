//! One message, as the guest sees it.
//!
//! The HTML of a mail is shown in a frame of its own without any rights: no script, no form, no way to touch the page
//! around it; its links open in a new tab. The frame is a document of this page and inherits its policy, so this page
//! alone allows inline styles, which mail is made of.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use minijinja::context;

use super::inbox::{state, word};
use super::{bar, frame, nothing_here, when};
use crate::catcher::mailbox::Kind;
use crate::demo::links::{self, Piece};
use crate::demo::setting::Stage;
use crate::domain::language::Language;
use crate::render::{Bar, Page, RenderError, TemplateContext, Templates};
use crate::store::StoreError;
use crate::web::{ApiProblem, staff_page};

/// What a page that frames a mail allows: styles from anywhere in it, and nothing else.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
/// Makes the links of a mail open in a new tab, where a survey is a page of its own.
const NEW_TAB: &str = "<base target=\"_blank\">";

/// A message.
pub(super) struct MessagePage {
    bar: Bar,
    n: u64,
    kind: Kind,
    when: String,
    from: String,
    to: String,
    subject: String,
    text: Vec<Piece>,
    html: Option<String>,
    headers: String,
    /// The invitation that it belongs to.
    invitation: Option<String>,
    state: Option<&'static str>,
}

impl TemplateContext for MessagePage {
    const TEMPLATE: &'static str = "demo/message.html";

    type Rendered = Page;

    fn samples(_: &Language) -> Vec<Self> {
        let page = |kind, html: Option<&str>| Self {
            bar: Bar { links: Vec::new(), warp: None },
            n: 7,
            kind,
            when: "Fri 6 Mar, 12:00".to_owned(),
            from: "b@sole.example".to_owned(),
            to: "a@guests.example".to_owned(),
            subject: "Your <visit>".to_owned(),
            text: vec![
                Piece { text: "How was it? ".to_owned(), url: None },
                Piece { text: "/s/sample".to_owned(), url: Some("/s/sample".to_owned()) },
            ],
            html: html.map(str::to_owned),
            headers: "Subject: x\r\n".to_owned(),
            invitation: html.map(|_| "inv_sample".to_owned()),
            state: html.map(|_| "answered"),
        };
        vec![page(Kind::Mail, Some("<p>\"Hello\"</p>")), page(Kind::Mail, None), page(Kind::Sms, None)]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = Language::english();
        let piece = |piece: &Piece| context! { text => &piece.text, url => piece.url.as_deref() };
        let context = context! {
            bar => self.bar.value(),
            n => self.n,
            is_mail => self.kind == Kind::Mail,
            kind => word(self.kind),
            when => &self.when,
            from => &self.from,
            to => &self.to,
            subject => &self.subject,
            pieces => self.text.iter().map(piece).collect::<Vec<_>>(),
            html => self.html.as_deref().map(in_new_tab),
            headers => &self.headers,
            invitation => self.invitation.as_deref(),
            state => self.state,
        };
        let page = templates.page(Self::TEMPLATE, frame(&language), context)?;
        Ok(Page { csp: POLICY.to_owned(), ..page })
    }
}

/// The document with its links set to open in a new tab, still beginning as it began.
fn in_new_tab(html: &str) -> String {
    match html.split_once("<head>") {
        Some((before, after)) => format!("{before}<head>{NEW_TAB}{after}"),
        None => format!("{NEW_TAB}{html}"),
    }
}

/// Shows it.
pub(super) async fn show(State(stage): State<Arc<Stage>>, Path(n): Path<u64>) -> Response {
    match page(&stage, n).await {
        Ok(Some(page)) => staff_page(StatusCode::OK, &stage.core.live.load(), &page),
        Ok(None) => nothing_here("there is no such message, or not any more"),
        Err(err) => ApiProblem::from(err).into_response(),
    }
}

async fn page(stage: &Stage, n: u64) -> Result<Option<MessagePage>, StoreError> {
    let Some(message) = stage.inbox.message(n) else { return Ok(None) };
    let url = stage.url();
    let target = links::target(&message, &url, stage.core.store.seal());
    Ok(Some(MessagePage {
        bar: bar(stage, "/inbox", &format!("/inbox/{n}")),
        n,
        kind: message.kind,
        when: when(stage, message.at),
        from: message.from.clone(),
        to: message.to.clone(),
        subject: message.subject.clone(),
        text: links::pieces(&message.text, &url),
        html: message.html.clone(),
        headers: message.headers.clone(),
        invitation: target.map(|target| target.invitation.to_string()),
        state: state(stage, &message).await?,
    }))
}
