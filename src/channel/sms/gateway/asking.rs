//! What a gateway is asked about a message whose answer was lost.

use std::cell::RefCell;
use std::collections::BTreeMap;

use reqwest::Url;
use serde_json::Value as Json;
use toml::Table;

use super::super::reconcile::{Marks, Page, ReconcileRules};
use super::super::request::{RenderError, Request};
use super::super::template::{HowToSet, Names};
use super::names::name_settings;
use super::{Gateway, GatewayProblem};
use crate::channel::SentSms;
use crate::config::settings::Secret;

/// Placeholders of the question.
const OF_MESSAGE: [&str; 2] = ["to", "reference"];

/// Reads the table `reconcile`, in which other placeholders stand than in the request that sends.
pub(super) fn read(
    declaration: &Table,
    (settings, secrets): (&BTreeMap<String, String>, &BTreeMap<String, Secret>),
    problems: &RefCell<Vec<GatewayProblem>>,
) -> Option<ReconcileRules> {
    let mut names = Names::default();
    for name in OF_MESSAGE {
        names.add(name, HowToSet::Given);
    }
    name_settings(&mut names, settings, secrets);
    ReconcileRules::read(declaration, &names, problems)
}

impl Gateway {
    /// Whether it can be asked what became of a message, as far as its declaration tells.
    pub fn can_be_asked(&self) -> bool {
        self.reconcile.is_some()
    }

    /// The question about a message; `None` where its declaration has no `[reconcile]`.
    pub(in super::super) fn question(&self, sent: &SentSms) -> Option<Result<Request, RenderError>> {
        let rules = self.reconcile.as_ref()?;
        let to = match self.number_format.write(&sent.to) {
            Ok(to) => to,
            Err(err) => return Some(Err(err)),
        };
        let mut values = self.own_values(&Secret::expose);
        values.extend([("to", to.as_str()), ("reference", sent.reference.as_str())]);
        Some(rules.request(&values))
    }

    /// What a page of its answer says; `None` when it says nothing.
    pub(in super::super) fn page(&self, (json, url): (&Json, &Url), sent: &SentSms) -> Option<Page> {
        let marks = Marks { reference: &sent.reference, in_text: &sent.in_text };
        self.reconcile.as_ref()?.page((json, url), marks, (self.reports.as_ref(), &self.name))
    }
}
