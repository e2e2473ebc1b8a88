//! Contacts: upsert by id, and look up.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use chrono_tz::Tz;
use serde::Deserialize;
use serde_json::{Value, json};

use super::wire;
use crate::config::Config;
use crate::daemon::core::Core;
use crate::domain::contact::{ATTRIBUTE_BYTES_MAX, ATTRIBUTES_MAX, Consent, Email, NAME_BYTES_MAX, Phone};
use crate::domain::contact_change::{ContactChange, Upserted};
use crate::domain::id::{BranchId, ContactId};
use crate::domain::language::Language;
use crate::web::problem::ApiProblem;

/// Contacts taken at once.
const CONTACTS_MAX: usize = 5_000;
/// Contacts on a page.
const PAGE_MAX: usize = 1_000;

/// A contact as callers write it. An empty text is as good as none.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ContactForm {
    id: String,
    name: Option<String>,
    email: Option<String>,
    phone: Option<String>,
    locale: Option<String>,
    time_zone: Option<String>,
    branch: Option<String>,
    consent_email: Option<String>,
    consent_sms: Option<String>,
    attributes: BTreeMap<String, String>,
}

/// What is known of places when a contact is read.
pub(super) struct Place<'a> {
    config: &'a Config,
}

impl<'a> Place<'a> {
    /// The places of this configuration.
    pub(super) fn of(config: &'a Config) -> Self {
        Self { config }
    }

    /// The branch of that id, or what is wrong with it.
    pub(super) fn branch(&self, given: &str) -> Result<BranchId, String> {
        let known = || self.config.branches.keys().map(BranchId::as_str).collect::<Vec<_>>().join(", ");
        match self.config.branches.get(given) {
            Some(branch) => Ok(branch.id.clone()),
            None => Err(format!("there is no branch `{}`; there are: {}", given.escape_debug(), known())),
        }
    }

    fn country(&self, branch: Option<&BranchId>) -> Option<&str> {
        self.config.branches.get(branch?)?.country.as_deref()
    }
}

impl ContactForm {
    /// The news in this form, and what is wrong with it, by field. `here` is the branch that the news comes from.
    pub(super) fn read(
        self,
        place: &Place<'_>,
        here: Option<&BranchId>,
    ) -> (Option<ContactChange>, Vec<(&'static str, String)>) {
        let mut problems = Vec::new();
        let id = note(&mut problems, "id", ContactId::parse(&self.id).map_err(|err| err.to_string()));
        let branch = field(&mut problems, "branch", self.branch.as_deref(), |given| place.branch(given));
        let country = place.country(branch.as_ref().or(here));
        let phone = |given: &str| Phone::parse(given, country).map_err(|err| err.to_string());
        let email = |given: &str| Email::parse(given).map_err(|err| err.to_string());
        let locale = |given: &str| Language::parse(given).map_err(|err| err.to_string());
        let change = ContactChange {
            id: id.clone().unwrap_or_else(|| ContactId::parse("unknown").expect("a plain word is an id")),
            name: field(&mut problems, "name", self.name.as_deref(), read_name),
            email: field(&mut problems, "email", self.email.as_deref(), email),
            phone: field(&mut problems, "phone", self.phone.as_deref(), phone),
            locale: field(&mut problems, "locale", self.locale.as_deref(), locale),
            time_zone: field(&mut problems, "time_zone", self.time_zone.as_deref(), read_zone),
            branch,
            consent_email: field(&mut problems, "consent_email", self.consent_email.as_deref(), read_consent),
            consent_sms: field(&mut problems, "consent_sms", self.consent_sms.as_deref(), read_consent),
            attributes: self.attributes,
        };
        if let Err(message) = check_attributes(&change.attributes) {
            problems.push(("attributes", message));
        }
        (id.filter(|_| problems.is_empty()).map(|_| change), problems)
    }
}

fn note<T>(problems: &mut Vec<(&'static str, String)>, field: &'static str, read: Result<T, String>) -> Option<T> {
    read.map_err(|message| problems.push((field, message))).ok()
}

fn field<T>(
    problems: &mut Vec<(&'static str, String)>,
    name: &'static str,
    given: Option<&str>,
    read: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let given = given.map(str::trim).filter(|given| !given.is_empty())?;
    note(problems, name, read(given))
}

/// A name goes into mail headers, so a line break in it is refused rather than smoothed over.
fn read_name(given: &str) -> Result<String, String> {
    if given.len() > NAME_BYTES_MAX {
        return Err(format!("a name has at most {NAME_BYTES_MAX} bytes"));
    }
    match given.chars().find(|c| c.is_control()) {
        Some(found) => Err(format!("a name may not contain the control character {found:?}")),
        None => Ok(given.to_owned()),
    }
}

fn read_zone(given: &str) -> Result<Tz, String> {
    given.parse().map_err(|_| format!("`{}` is not a time zone; write one like Europe/Berlin", given.escape_debug()))
}

fn read_consent(given: &str) -> Result<Consent, String> {
    match given.to_ascii_lowercase().as_str() {
        "yes" | "true" | "1" | "granted" => Ok(Consent::Granted),
        "no" | "false" | "0" | "refused" => Ok(Consent::Refused),
        "unknown" => Ok(Consent::Unknown),
        _ => Err(format!("`{}` is not a consent; write yes, no or nothing", given.escape_debug())),
    }
}

fn check_attributes(attributes: &BTreeMap<String, String>) -> Result<(), String> {
    if attributes.len() > ATTRIBUTES_MAX {
        return Err(format!("{} attributes; at most {ATTRIBUTES_MAX} are kept", attributes.len()));
    }
    let long = |(name, value): &(&String, &String)| name.len().max(value.len()) > ATTRIBUTE_BYTES_MAX;
    match attributes.iter().find(long) {
        Some((name, _)) => {
            Err(format!("attribute `{}` is longer than {ATTRIBUTE_BYTES_MAX} bytes", name.escape_debug()))
        }
        None => Ok(()),
    }
}

/// How contacts are put.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PutQuery {
    dry_run: bool,
}

/// Creates or updates contacts. The answer has a row per contact, in order; bad ones have problems while the good ones
/// go in. With `?dry_run=true` nothing is changed.
pub(super) async fn put(
    State(core): State<Arc<Core>>,
    Query(query): Query<PutQuery>,
    body: Result<Json<Vec<Value>>, JsonRejection>,
) -> Result<Json<Value>, ApiProblem> {
    let Json(given) =
        body.map_err(|err| ApiProblem::invalid(format!("not an array of contacts: {}", err.body_text())))?;
    if given.len() > CONTACTS_MAX {
        let detail = format!("{} contacts at once; send at most {CONTACTS_MAX}", given.len());
        return Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "too many contacts", detail));
    }
    let live = core.live.load_full();
    let place = Place::of(&live.config);
    let mut rows = vec![Value::Null; given.len()];
    let (mut indices, mut changes) = (Vec::new(), Vec::new());
    for (index, given) in given.into_iter().enumerate() {
        let id = given.get("id").cloned().unwrap_or(Value::Null);
        match read_one(given, &place) {
            Ok(change) => {
                indices.push(index);
                changes.push(change);
            }
            Err(errors) => set(&mut rows, index, json!({ "id": id, "result": "refused", "errors": errors })),
        }
    }
    let ids: Vec<_> = changes.iter().map(|change| change.id.clone()).collect();
    let upserted = core.store.put_contacts(changes, query.dry_run).await?;
    for ((index, id), upserted) in indices.into_iter().zip(ids).zip(upserted) {
        set(&mut rows, index, upserted_row(&id, &upserted));
    }
    Ok(Json(Value::Array(rows)))
}

fn set(rows: &mut [Value], index: usize, row: Value) {
    if let Some(place) = rows.get_mut(index) {
        *place = row;
    }
}

fn read_one(given: Value, place: &Place<'_>) -> Result<ContactChange, Vec<Value>> {
    let form: ContactForm = serde_json::from_value(given)
        .map_err(|err| vec![json!({ "field": "", "message": format!("not a contact: {err}") })])?;
    let (change, problems) = form.read(place, None);
    let errors = |(field, message): (&str, String)| json!({ "field": field, "message": message });
    change.ok_or_else(|| problems.into_iter().map(errors).collect())
}

fn upserted_row(id: &ContactId, upserted: &Upserted) -> Value {
    match upserted {
        Upserted::Created => json!({ "id": id.as_str(), "result": "created" }),
        Upserted::Updated { fields } => json!({ "id": id.as_str(), "result": "updated", "fields": fields }),
        Upserted::Unchanged => json!({ "id": id.as_str(), "result": "unchanged" }),
    }
}

/// A place in a listing.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PageQuery {
    after: Option<String>,
    limit: Option<usize>,
}

/// Contacts in the order of their ids: `{"rows": […], "next": "…"}`, where `next` goes into `after`.
pub(super) async fn page(
    State(core): State<Arc<Core>>,
    Query(query): Query<PageQuery>,
) -> Result<Json<Value>, ApiProblem> {
    let after = query.after.as_deref().map(ContactId::parse).transpose();
    let after = after.map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let limit = query.limit.unwrap_or(100).clamp(1, PAGE_MAX);
    let contacts = core.store.contacts_after(after.as_ref(), limit).await?;
    let next = contacts.last().filter(|_| contacts.len() == limit).map(|contact| contact.id.as_str().to_owned());
    let rows: Vec<_> = contacts.iter().map(wire::contact).collect();
    Ok(Json(json!({ "rows": rows, "next": next })))
}

/// One contact.
pub(super) async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Json<Value>, ApiProblem> {
    let id = ContactId::parse(&id).map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let contact = core.store.contact(&id).await?;
    let contact = contact.ok_or_else(|| ApiProblem::not_found(format!("there is no contact `{id}`")))?;
    Ok(Json(wire::contact(&contact)))
}
