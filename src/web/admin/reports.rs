//! Reports: every figure, as JSON, CSV or a table.

use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::Deserialize;

use crate::daemon::core::Core;
use crate::domain::id::{BranchId, IdError, JourneyId, StageId};
use crate::report::by::By;
use crate::report::rates::{RatesQuery, RatesReport, rates as count};
use crate::report::table::Bars;
use crate::report::{csv, json, table};
use crate::web::problem::ApiProblem;

/// Days reported on when nothing is said.
const DAYS: u64 = 30;

/// What is reported, as a query says it.
#[derive(Clone, Debug, Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub struct ReportQuery {
    pub(super) by: Option<String>,
    from: Option<String>,
    to: Option<String>,
    format: Option<String>,
    pub(super) journey: Option<String>,
    pub(super) stage: Option<String>,
    pub(super) branch: Option<String>,
}

/// The days that are reported on, and when.
pub(super) struct Period {
    pub(super) from: NaiveDate,
    /// The day after the last.
    pub(super) to: NaiveDate,
    pub(super) as_of: DateTime<Utc>,
}

impl ReportQuery {
    /// The format that is asked for.
    pub(super) fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    /// That there is no such format.
    pub(super) fn no_format(given: &str) -> ApiProblem {
        ApiProblem::invalid(format!("`{}` is not a format; use table, json or csv", given.escape_debug()))
    }

    /// The days that are asked for: the last 30 when nothing is said.
    pub(super) fn period(&self, core: &Core) -> Result<Period, ApiProblem> {
        let as_of = core.clock.now();
        let today = as_of.with_timezone(&core.live.load().config.settings.daemon.time_zone).date_naive();
        let to = day("to", self.to.as_deref())?.unwrap_or(today + Days::new(1));
        let from = day("from", self.from.as_deref())?.unwrap_or(to - Days::new(DAYS));
        if from >= to {
            let problem = format!("`from` ({from}) must be before `to` ({to}, which is not included)");
            return Err(ApiProblem::invalid(problem));
        }
        Ok(Period { from, to, as_of })
    }

    /// This query, split in another way.
    pub(super) fn split_by(&self, by: Option<String>) -> Self {
        Self { by, ..self.clone() }
    }

    /// This query at a path, in another format where one is given.
    pub(super) fn url(&self, path: &str, format: Option<&str>) -> String {
        let fields = [
            ("by", self.by.as_deref()),
            ("from", self.from.as_deref()),
            ("to", self.to.as_deref()),
            ("journey", self.journey.as_deref()),
            ("stage", self.stage.as_deref()),
            ("branch", self.branch.as_deref()),
            ("format", format),
        ];
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
        let query = query.finish();
        if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
    }
}

/// Response rates.
pub(super) async fn rates(
    State(core): State<Arc<Core>>,
    Query(query): Query<ReportQuery>,
) -> Result<Response, ApiProblem> {
    let report = rates_report(&core, &query).await?;
    match query.format() {
        None | Some("json") => {
            let body = format!("{:#}\n", json::json(&report));
            Ok(([(header::CONTENT_TYPE, "application/json")], body).into_response())
        }
        Some("csv") => {
            let mut body = Vec::new();
            csv::csv(&report, &mut body).map_err(|err| ApiProblem::invalid(err.to_string()))?;
            Ok(([(header::CONTENT_TYPE, "text/csv; charset=utf-8")], body).into_response())
        }
        Some("table" | "text") => Ok(table::table(&report, Bars::Shown).into_response()),
        Some(other) => Err(ReportQuery::no_format(other)),
    }
}

/// The rates that a query asks for; also for the page.
pub(super) async fn rates_report(core: &Core, query: &ReportQuery) -> Result<RatesReport, ApiProblem> {
    let Period { from, to, as_of } = query.period(core)?;
    let by =
        By::parse_list(query.by.as_deref().unwrap_or("channel")).map_err(|err| ApiProblem::invalid(err.to_string()))?;
    let query = RatesQuery {
        by,
        from,
        to,
        as_of,
        journey: name(query.journey.as_deref(), JourneyId::parse)?,
        stage: name(query.stage.as_deref(), StageId::parse)?,
        branch: name(query.branch.as_deref(), BranchId::parse)?,
    };
    let cells = core.store.tallies(from, to).await?;
    let surfaces = core.store.surface_tallies(from, to).await?;
    Ok(count(&query, &cells, &surfaces))
}

fn day(name: &str, given: Option<&str>) -> Result<Option<NaiveDate>, ApiProblem> {
    let read = |given: &str| {
        given.parse().map_err(|_| {
            ApiProblem::invalid(format!("`{name}={}` is not a day; write one like 2026-03-01", given.escape_debug()))
        })
    };
    given.map(read).transpose()
}

pub(super) fn name<T>(given: Option<&str>, parse: fn(&str) -> Result<T, IdError>) -> Result<Option<T>, ApiProblem> {
    let given = given.filter(|given| !given.is_empty());
    given.map(parse).transpose().map_err(|err| ApiProblem::invalid(err.to_string()))
}
