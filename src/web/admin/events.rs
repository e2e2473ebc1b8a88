//! `POST /api/v1/events`: facts come in, and every stage's decision goes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::contacts::{ContactForm, Place};
use super::wire;
use crate::daemon::core::Core;
use crate::daemon::planner;
use crate::domain::contact_change::ContactChange;
use crate::domain::event::{Event, FIELD_BYTES_MAX, FIELDS_MAX, Value as Field};
use crate::domain::id::{BranchId, EventId, NAME_BYTES_MAX};
use crate::web::problem::ApiProblem;

/// Events taken at once.
const EVENTS_MAX: usize = 1_000;
/// Events read in one go, before others have the thread.
const READ_AT_ONCE: usize = 50;

/// An event as callers write it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventForm {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    at: String,
    contact: ContactForm,
    branch: Option<String>,
    #[serde(default)]
    data: Map<String, Value>,
}

/// Takes one event or an array of them. One is answered with its decisions, or a problem; an array with an array, in
/// which each bad event has its problem while the good ones go in.
pub(super) async fn take(State(core): State<Arc<Core>>, body: Bytes) -> Result<(StatusCode, Json<Value>), ApiProblem> {
    let given: Value = serde_json::from_slice(&body).map_err(|err| ApiProblem::invalid(format!("not JSON: {err}")))?;
    let Value::Array(events) = given else {
        let (event, news) = read(given, &Place::of(&core.live.load_full().config))?;
        let recorded = planner::take_event(&core, event, news).await?;
        return Ok((StatusCode::ACCEPTED, Json(wire::recorded(&recorded))));
    };
    if events.len() > EVENTS_MAX {
        let detail = format!("{} events at once; send at most {EVENTS_MAX}", events.len());
        return Err(ApiProblem::new(StatusCode::PAYLOAD_TOO_LARGE, "too many events", detail));
    }
    Ok((StatusCode::ACCEPTED, Json(Value::Array(take_many(&core, events).await?))))
}

/// Gives each event's answer, in their order; none where the store takes no changes.
async fn take_many(core: &Core, given: Vec<Value>) -> Result<Vec<Value>, ApiProblem> {
    let live = core.live.load_full();
    let place = Place::of(&live.config);
    let (mut names, mut answers) = (Vec::new(), BTreeMap::new());
    let (mut places, mut events) = (Vec::new(), Vec::new());
    for (n, event) in given.into_iter().enumerate() {
        if n % READ_AT_ONCE == 0 {
            tokio::task::yield_now().await;
        }
        names.push(event.get("id").cloned().unwrap_or(Value::Null));
        match read(event, &place) {
            Ok(event) => {
                places.push(n);
                events.push(event);
            }
            Err(problem) => drop(answers.insert(n, Err(problem))),
        }
    }
    let taken = planner::take_events(core, events).await.into_iter();
    answers.extend(places.into_iter().zip(taken.map(|taken| taken.map_err(ApiProblem::from))));
    let told = names.into_iter().zip(answers.into_values()).map(|(name, answer)| match answer {
        Ok(recorded) => Ok(wire::recorded(&recorded)),
        Err(problem) if problem.status() == 503 => Err(problem),
        Err(problem) => Ok(json!({ "event": name, "problem": problem.to_json() })),
    });
    told.collect()
}

/// What was decided on an event.
pub(super) async fn one(State(core): State<Arc<Core>>, Path(id): Path<String>) -> Result<Json<Value>, ApiProblem> {
    let id = EventId::parse(&id).map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let recorded = core.store.event(&id).await?;
    let recorded = recorded.ok_or_else(|| ApiProblem::not_found(format!("there is no event `{id}`")))?;
    Ok(Json(wire::recorded(&recorded)))
}

fn read(given: Value, place: &Place<'_>) -> Result<(Event, ContactChange), ApiProblem> {
    let form: EventForm =
        serde_json::from_value(given).map_err(|err| ApiProblem::invalid(format!("not an event: {err}")))?;
    let mut errors = Vec::new();
    let mut note = |field: &str, message: String| errors.push(json!({ "field": field, "message": message }));
    let id = EventId::parse(&form.id).map_err(|err| note("id", err.to_string())).ok();
    let at = DateTime::parse_from_rfc3339(&form.at)
        .map_err(|_| note("at", format!("`{}` is not a time; write RFC 3339, like 2026-03-06T21:15:00+01:00", form.at)))
        .ok();
    if form.kind.is_empty() || form.kind.len() > NAME_BYTES_MAX || form.kind.chars().any(char::is_control) {
        note("type", format!("a type has 1 to {NAME_BYTES_MAX} bytes, like `visit.completed`"));
    }
    let branch = match form.branch.as_deref().map(|given| place.branch(given)) {
        Some(Err(message)) => {
            note("branch", message);
            None
        }
        Some(Ok(branch)) => Some(branch),
        None => None,
    };
    let data = data(&form.data).map_err(|(field, message)| note(&format!("data.{field}"), message)).ok();
    let (news, problems) = form.contact.read(place, branch.as_ref());
    for (field, message) in problems {
        note(&format!("contact.{field}"), message);
    }
    match (id, at, news, data) {
        (Some(id), Some(at), Some(news), Some(data)) if errors.is_empty() => {
            let at = at.with_timezone(&Utc);
            let contact = news.id.clone();
            Ok((Event { id, kind: form.kind, at, contact, branch, data }, with_branch(news, form.branch.as_deref())))
        }
        _ => Err(ApiProblem::invalid("the event has errors").with_errors(errors)),
    }
}

/// A contact that belongs to no branch yet belongs to the one where something happened.
fn with_branch(news: ContactChange, branch: Option<&str>) -> ContactChange {
    let here = branch.and_then(|branch| BranchId::parse(branch).ok());
    ContactChange { branch: news.branch.clone().or(here), ..news }
}

/// The data's fields; nested ones by their path with dots.
fn data(given: &Map<String, Value>) -> Result<BTreeMap<String, Field>, (String, String)> {
    let mut fields = BTreeMap::new();
    for (name, value) in given {
        flatten(name.clone(), value, &mut fields)?;
    }
    if fields.len() > FIELDS_MAX {
        return Err((String::new(), format!("{} fields; at most {FIELDS_MAX} are kept", fields.len())));
    }
    Ok(fields)
}

fn flatten(name: String, value: &Value, fields: &mut BTreeMap<String, Field>) -> Result<(), (String, String)> {
    if name.len() > NAME_BYTES_MAX * 2 {
        return Err((name, "the name is too long".to_owned()));
    }
    let field = match value {
        Value::Null => return Ok(()),
        Value::Bool(flag) => Field::Flag(*flag),
        Value::Number(number) => match number.as_f64() {
            Some(number) => Field::Number(number),
            None => return Err((name, "the number is out of range".to_owned())),
        },
        Value::String(text) if text.len() <= FIELD_BYTES_MAX => Field::Text(text.clone()),
        Value::String(_) => return Err((name, format!("longer than {FIELD_BYTES_MAX} bytes"))),
        Value::Array(_) => return Err((name, "lists are not supported; send one field per value".to_owned())),
        Value::Object(inner) => {
            for (key, value) in inner {
                flatten(format!("{name}.{key}"), value, fields)?;
            }
            return Ok(());
        }
    };
    fields.insert(name, field);
    Ok(())
}
