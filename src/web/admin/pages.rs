//! The first page of the admin door: response rates by channel, branch and stage of the last 30 days.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

use super::reports::{ReportQuery, rates_report};
use crate::config::Config;
use crate::daemon::core::Core;
use crate::domain::journey::Channel;
use crate::render::{Bar, BarLink, ReportPage, Split};
use crate::report::by::By;
use crate::web::problem::ApiProblem;
use crate::web::staff::staff_page;

/// The tables where nothing is asked for.
const OVERVIEW: [By; 3] = [By::Channel, By::Branch, By::Stage];
/// Tables that one may ask for with one click.
const VIEWS: [By; 5] = [By::Channel, By::Branch, By::Stage, By::Journey, By::Week];

/// Shows the page.
pub(super) async fn overview(State(core): State<Arc<Core>>, Query(query): Query<ReportQuery>) -> Response {
    match report_page(&core, &query, ("/", None)).await {
        Ok(page) => staff_page(StatusCode::OK, &core.live.load(), &page),
        Err(problem) => problem.into_response(),
    }
}

/// The figures that a query asks for, as a page at this path with this strip above. Without `by`, three tables.
pub async fn report_page(
    core: &Core,
    query: &ReportQuery,
    (path, bar): (&str, Option<Bar>),
) -> Result<ReportPage, ApiProblem> {
    let wanted = match &query.by {
        Some(by) => vec![by.clone()],
        None => OVERVIEW.map(|by| by.as_str().to_owned()).into(),
    };
    let mut splits = Vec::with_capacity(wanted.len());
    for by in wanted {
        let query = query.split_by(Some(by));
        let url = |format| query.url("/api/v1/reports/rates", Some(format));
        let (json_url, csv_url) = (url("json"), url("csv"));
        splits.push(Split { report: rates_report(core, &query).await?, json_url, csv_url });
    }
    let live = core.live.load_full();
    // Branches tell more of visits than channels and stages, which visits have none of.
    let surfaces_of = splits.iter().position(|split| split.report.query.by.contains(&By::Branch)).unwrap_or(0);
    Ok(ReportPage {
        bar,
        views: views(query, path),
        zone: live.config.settings.daemon.time_zone,
        titles: titles(&live.config),
        splits,
        surfaces_of,
    })
}

fn views(query: &ReportQuery, path: &str) -> Vec<BarLink> {
    let view = |title: String, by: Option<String>| {
        let is_here = query.by == by;
        BarLink { title, url: query.split_by(by).url(path, None), is_here }
    };
    let overview = view("Overview".to_owned(), None);
    let others = VIEWS.map(|by| view(format!("By {}", by.as_str()), Some(by.as_str().to_owned())));
    std::iter::once(overview).chain(others).collect()
}

/// What people call things. A stage's title is used where all stages of that id share it.
fn titles(config: &Config) -> BTreeMap<(By, String), String> {
    let channel = |channel: Channel| {
        let title = match channel {
            Channel::Email => "Email",
            Channel::Sms => "Text message",
        };
        ((By::Channel, channel.as_str().to_owned()), title.to_owned())
    };
    let mut titles: BTreeMap<_, _> = Channel::ALL.map(channel).into();
    for branch in config.branches.values() {
        titles.insert((By::Branch, branch.id.as_str().to_owned()), branch.title.clone());
    }
    for journey in config.journeys.values() {
        titles.insert((By::Journey, journey.id.as_str().to_owned()), journey.title.clone());
        for stage in &journey.stages {
            let key = (By::Stage, stage.id.as_str().to_owned());
            let shared = titles.get(&key).is_none_or(|known| *known == stage.title);
            let title = if shared { stage.title.clone() } else { stage.id.as_str().to_owned() };
            titles.insert(key, title);
        }
    }
    titles
}

#[cfg(test)]
mod tests;
