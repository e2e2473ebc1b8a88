//! Rehearsals: what would happen in the days to come.

use std::path::PathBuf;
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::json;

use crate::chain::Chain;
use crate::config::Problem;
use crate::daemon::core::Core;
use crate::daemon::rehearsal::{self, DAYS_MAX, Other, RehearsalError};
use crate::report::rehearsal::{csv, json, table};
use crate::web::problem::ApiProblem;

/// Days rehearsed when nothing is said.
const DAYS: u16 = 14;

/// What to rehearse.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct PlanQuery {
    days: Option<u16>,
    /// A folder with another configuration, as the daemon finds it.
    against: Option<PathBuf>,
    /// Whether running invitations move to it.
    migrate: bool,
    format: Option<String>,
}

/// What would happen: a rehearsal on a copy of the store, which sends nothing and changes nothing.
pub(super) async fn plan(
    State(core): State<Arc<Core>>,
    query: Result<Query<PlanQuery>, QueryRejection>,
) -> Result<Response, ApiProblem> {
    let Query(query) = query.map_err(|err| ApiProblem::invalid(err.body_text()))?;
    let n_days = query.days.unwrap_or(DAYS);
    if !(1..=DAYS_MAX).contains(&n_days) {
        return Err(ApiProblem::invalid(format!("`days={n_days}` is out of bounds: rehearse 1 to {DAYS_MAX} days")));
    }
    let other = match query.against {
        Some(folder) => Some(Other { migrate: query.migrate, ..Other::read(&core, folder).await? }),
        None if query.migrate => return Err(ApiProblem::invalid("`migrate` goes with `against`")),
        None => None,
    };
    let account = Box::pin(rehearsal::plan(&core, n_days, other)).await?;
    match query.format.as_deref() {
        None | Some("json") => {
            let body = format!("{:#}\n", json::json(&account));
            Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
        }
        Some("csv") => {
            let mut body = Vec::new();
            csv::csv(&account, &mut body).map_err(|err| ApiProblem::invalid(err.to_string()))?;
            Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response())
        }
        Some("table") => Ok(table::table(&account).into_response()),
        Some(other) => {
            Err(ApiProblem::invalid(format!("`{}` is not a format; use table, json or csv", other.escape_debug())))
        }
    }
}

/// What is wrong with the other configuration, problem by problem.
fn of_config(problems: &[Problem]) -> ApiProblem {
    let detail = format!("the configuration to be tried has problems ({}), as the daemon reads it", problems.len());
    let line = |problem: &Problem| {
        let key = if problem.key.is_empty() { String::new() } else { format!("{}: ", problem.key) };
        json!({ "field": problem.place.to_string(), "message": format!("{key}{}", problem.message) })
    };
    ApiProblem::invalid(detail).with_errors(problems.iter().map(line).collect())
}

impl From<RehearsalError> for ApiProblem {
    fn from(err: RehearsalError) -> Self {
        let (status, title) = match err {
            RehearsalError::Store(err) => return err.into(),
            RehearsalError::Config(problems) => return of_config(&problems),
            RehearsalError::Busy => (StatusCode::CONFLICT, "conflict"),
            RehearsalError::Live(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid request"),
            RehearsalError::CalledOff | RehearsalError::Endless { .. } | RehearsalError::Thread(_) => {
                (StatusCode::INTERNAL_SERVER_ERROR, "the rehearsal failed")
            }
        };
        Self::new(status, title, Chain(&err).to_string())
    }
}
