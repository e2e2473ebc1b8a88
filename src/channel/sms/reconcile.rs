//! How a gateway is asked what became of a message whose answer was lost, as its declaration says it under `[reconcile]`.
//!
//! It is asked for what it took for a number, newest first, and ours is known by our reference, or by the link in its text
//! that no other message has. What is not in a list that came whole was never taken, as far as the gateway knows.

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
use crate::domain::receipt::Receipt;

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
    /// It is not. Where the next page is, if there is one.
    NotHere(Option<Url>),
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
        let at = |entry: &Json, path: &JsonPath| path.values(entry).into_iter().find_map(scalar);
        let is_ours = |entry: &&Json| {
            let said = |path: &Option<JsonPath>| path.as_ref().and_then(|path| at(entry, path));
            said(&self.reference).is_some_and(|reference| reference == marks.reference)
                || said(&self.text).is_some_and(|text| text.contains(marks.in_text))
        };
        let ours = list.iter().filter(is_ours).find_map(|entry| Some((entry, at(entry, &self.message_id)?)));
        let Some((entry, provider_ref)) = ours else {
            let next = self.next.as_ref().and_then(|path| at(json, path)).filter(|next| !next.is_empty());
            return Some(Page::NotHere(next.and_then(|next| same_place(url, &next))));
        };
        let said = |path: &Option<JsonPath>| path.as_ref().and_then(|path| at(entry, path));
        let receipt = said(&self.state)
            .zip(reports)
            .and_then(|(state, rules)| rules.receipt_of((state, said(&self.code), None), gateway));
        Some(Page::Found(Verdict::Taken { provider_ref, receipt }))
    }
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
