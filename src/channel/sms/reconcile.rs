//! How a gateway is asked what became of a message whose answer was lost, as its declaration says it under `[reconcile]`.
//!
//! It is asked for what it took for a number, newest first, and ours is known by our reference, or by the link in its text
//! that no other message has. What is not in a list that came whole was never taken, as far as the gateway knows. A list
//! that may leave ours out says nothing of the kind: whoever believes it sends a message twice.

use std::cell::RefCell;

use reqwest::Url;
use serde_json::Value as Json;
use toml::{Table, Value};

use super::gateway::GatewayProblem;
use super::json_path::{JsonPath, scalar};
use super::reader::Reader;
use super::report::ReportRules;
use super::request::{RenderError, Request, RequestTemplate};
use super::rule::read_path;
use super::template::{Names, Values};
use crate::domain::receipt::{News, Receipt};

/// Every key of the table.
const KEYS: [&str; 11] =
    ["url", "query", "headers", "auth", "list", "text", "reference", "message_id", "state", "code", "next"];
/// What stands there as it does for sending, where the table does not say otherwise.
const AS_FOR_SENDING: [&str; 2] = ["url", "auth"];
/// Pages of a list that are read.
pub(super) const PAGES_MAX: usize = 10;

/// How a gateway is asked, and what its answer means.
#[derive(Clone, Debug)]
pub(super) struct ReconcileRules {
    request: RequestTemplate,
    list: JsonPath,
    text: Option<JsonPath>,
    reference: Option<JsonPath>,
    message_id: JsonPath,
    state: Option<JsonPath>,
    code: Option<JsonPath>,
    next: Option<JsonPath>,
}

/// What a message is known by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marks<'a> {
    /// Our own name for it.
    pub(super) reference: &'a str,
    /// A piece of its text that no other message has.
    pub(super) in_text: &'a str,
}

/// What a page of the list says.
#[derive(Debug, PartialEq)]
pub(super) enum Page {
    /// Ours is on it.
    Found(Verdict),
    /// It is not.
    NotHere {
        /// Where the next page is, if there is one.
        next: Option<Url>,
        /// Why it may be there nevertheless.
        lack: Option<Lack>,
    },
}

/// Why a list does not tell that a message is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Lack {
    /// Messages on it cannot be told from ours: the gateway forgets texts, or the declaration looks in the wrong place.
    #[error("messages on it have no text or reference where its declaration says")]
    Marks,
    /// Ours is on it and has no name.
    #[error("the message is on it, but has no `message_id` where its declaration says")]
    Name,
    /// The next page is nowhere that we would go.
    #[error("it goes on somewhere else than on the same server")]
    Rest,
}

/// What a gateway says of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// It took it.
    Taken {
        /// Its own name for the message.
        provider_ref: String,
        /// What it knows beyond that.
        receipt: Option<Receipt>,
    },
    /// It does not know it.
    NotThere,
}

impl ReconcileRules {
    /// Reads the table `reconcile` of a declaration, if it is there.
    pub(super) fn read(declaration: &Table, names: &Names, problems: &RefCell<Vec<GatewayProblem>>) -> Option<Self> {
        let whole = with_defaults(declaration);
        let table = Reader::of(&whole, names, problems).table("reconcile")?;
        table.allow_keys(&KEYS);
        let path = |key: &str| table.text(key).and_then(|text| read_path(&table, key, text));
        for (key, like) in [("list", "messages"), ("message_id", "sid")] {
            if table.value(key).is_none() {
                table.problem(
                    key,
                    format!("there is no `{key}`: say where it stands in the answer, like `{key} = \"{like}\"`"),
                );
            }
        }
        if table.value("text").is_none() && table.value("reference").is_none() {
            table.problem_here(
                "nothing says which message is ours: write where its text stands, like `text = \"body\"`, or our `reference`",
            );
        }
        let (list, message_id) = (path("list"), path("message_id"));
        Some(Self {
            request: RequestTemplate::read(&table)?,
            list: list?,
            text: path("text"),
            reference: path("reference"),
            message_id: message_id?,
            state: path("state"),
            code: path("code"),
            next: path("next"),
        })
    }

    /// With all written that is the same for every message.
    #[must_use]
    pub(super) fn settled(self, settings: &Values<'_>) -> Self {
        Self { request: self.request.settled(settings), ..self }
    }

    /// The request for the first page.
    pub(super) fn request(&self, values: &Values<'_>) -> Result<Request, RenderError> {
        self.request.render(values)
    }

    /// What a page says, which came from `url`; `None` when there is no list in it.
    pub(super) fn page(
        &self,
        (json, url): (&Json, &Url),
        marks: Marks<'_>,
        (reports, gateway): (Option<&ReportRules>, &str),
    ) -> Option<Page> {
        let list = self.list.values(json).into_iter().next()?.as_array()?;
        let ours: Vec<&Json> = list.iter().filter(|entry| self.is_ours(entry, marks)).collect();
        let verdicts = ours.iter().filter_map(|entry| {
            let receipt = said(self.state.as_ref(), entry)
                .zip(reports)
                .and_then(|(state, rules)| rules.receipt_of((state, said(self.code.as_ref(), entry), None), gateway));
            Some(Verdict::Taken { provider_ref: said(Some(&self.message_id), entry)?, receipt })
        });
        if let Some(verdict) = verdicts.min_by_key(Verdict::rank) {
            return Some(Page::Found(verdict));
        }
        let (next, rest) = self.next_page(json, url).map_or_else(|lack| (None, Some(lack)), |next| (next, None));
        let unnamed = (!ours.is_empty()).then_some(Lack::Name);
        Some(Page::NotHere { next, lack: unnamed.or(rest).or_else(|| self.unmarked(list)) })
    }

    fn is_ours(&self, entry: &Json, marks: Marks<'_>) -> bool {
        said(self.reference.as_ref(), entry).is_some_and(|reference| reference == marks.reference)
            || said(self.text.as_ref(), entry).is_some_and(|text| text.contains(marks.in_text))
    }

    /// Whether ours could be among these unseen. Every message has a text, so one without it may be ours. Whatever else
    /// goes through the same account may well be without a reference, but hardly all of it.
    fn unmarked(&self, list: &[Json]) -> Option<Lack> {
        let has =
            |path: &Option<JsonPath>, entry: &Json| said(path.as_ref(), entry).is_some_and(|mark| !mark.is_empty());
        let is_marked = |entry: &Json| has(&self.text, entry) || has(&self.reference, entry);
        let is_sure = if self.text.is_some() {
            list.iter().all(is_marked)
        } else {
            list.is_empty() || list.iter().any(is_marked)
        };
        (!is_sure).then_some(Lack::Marks)
    }

    /// Where the list goes on, if it does.
    fn next_page(&self, json: &Json, url: &Url) -> Result<Option<Url>, Lack> {
        let next = self.next.as_ref().and_then(|path| path.values(json).into_iter().next());
        let next = next.filter(|next| !next.is_null() && next.as_str() != Some(""));
        next.map(|next| scalar(next).and_then(|next| same_place(url, &next)).ok_or(Lack::Rest)).transpose()
    }
}

impl Verdict {
    /// Of a message that was sent again the best counts: whoever has it needs no other.
    fn rank(&self) -> u8 {
        match self {
            Self::Taken { receipt: Some(Receipt { news: News::Delivered | News::Complained, .. }), .. } => 0,
            Self::Taken { receipt: None, .. } => 1,
            Self::Taken { receipt: Some(Receipt { news: News::Bounced(_), .. }), .. } => 2,
            Self::NotThere => 3,
        }
    }
}

fn said(path: Option<&JsonPath>, entry: &Json) -> Option<String> {
    path.and_then(|path| path.values(entry).into_iter().find_map(scalar))
}

/// The declaration with what its table `reconcile` leaves out.
fn with_defaults(declaration: &Table) -> Table {
    let mut whole = declaration.clone();
    for key in AS_FOR_SENDING {
        let for_sending = declaration.get(key).cloned();
        if let (Some(Value::Table(table)), Some(value)) = (whole.get_mut("reconcile"), for_sending) {
            table.entry(key).or_insert(value);
        }
    }
    whole
}

/// Where a list goes on, if that is where it began: our secret must not be sent anywhere else.
fn same_place(url: &Url, next: &str) -> Option<Url> {
    url.join(next).ok().filter(|next| next.origin() == url.origin())
}

#[cfg(test)]
mod tests;
