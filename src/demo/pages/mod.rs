//! The pages of the demo, beside those for customers and the report, which are the product's own.
//!
//! Everything that changes something is a form handed in by POST from one of these pages: the guard in front sees to that.

mod inbox;
mod message;
mod start;
mod story;
mod warp;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use tower::ServiceExt;

use super::house::card_order;
use super::setting::Stage;
use crate::domain::language::Language;
use crate::render::{Bar, BarLink, BarWarp, Frame};
use crate::web::{self, ApiProblem, ReportQuery};

/// The pages that the strip names.
const PAGES: [(&str, &str); 3] = [("/", "Start"), ("/inbox", "Inbox"), ("/report", "Report")];

/// Everything that the demo serves: its pages, the interface for staff, and the pages for customers.
pub(super) fn router(stage: Arc<Stage>) -> Router {
    let staff = web::admin(Arc::clone(&stage.core));
    let to_staff = move |request: Request| {
        let staff = staff.clone();
        async move {
            match staff.oneshot(request).await {
                Ok(response) => response,
                Err(never) => match never {},
            }
        }
    };
    let customers = web::public(Arc::clone(&stage.core));
    let pages = Router::new()
        .route("/", get(start::show))
        .route("/inbox", get(inbox::show))
        .route("/inbox/{n}", get(message::show))
        .route("/report", get(report))
        .route("/why/{id}", get(story::show))
        .route("/visit", post(story::visit))
        .route("/warp", post(warp::warp))
        .route("/cards.pdf", get(cards))
        .with_state(stage)
        .route("/api/{*path}", any(to_staff));
    web::guarded(pages, None).merge(customers)
}

/// The strip above a page. Moving the clock comes back to `back`.
fn bar(stage: &Stage, here: &str, back: &str) -> Bar {
    let link =
        |(url, title): (&str, &str)| BarLink { title: title.to_owned(), url: url.to_owned(), is_here: url == here };
    let steps = warp::STEPS.map(|(by, title, _)| (by.to_owned(), title.to_owned()));
    let warp = BarWarp {
        shown: when(stage, stage.core.clock.now()),
        action: "/warp".to_owned(),
        steps: steps.into(),
        back: back.to_owned(),
        told: stage.take_told(),
    };
    Bar { links: PAGES.map(link).into(), warp: Some(warp) }
}

/// A time as people at the business read it.
fn when(stage: &Stage, at: DateTime<Utc>) -> String {
    let zone = stage.core.live.load().config.settings.daemon.time_zone;
    at.with_timezone(&zone).format("%a %-d %b, %H:%M").to_string()
}

/// The look of the demo's pages.
fn frame(language: &Language) -> Frame<'_> {
    Frame { language, styles: &["page/base.css", "admin/admin.css", "demo/demo.css"], rules: "", script: None }
}

/// The report, as staff see it.
async fn report(State(stage): State<Arc<Stage>>, Query(query): Query<ReportQuery>, uri: Uri) -> Response {
    let back = uri.path_and_query().map_or("/report", |uri| uri.as_str());
    let bar = bar(&stage, "/report", back);
    match web::report_page(&stage.core, &query, ("/report", Some(bar))).await {
        Ok(page) => web::staff_page(StatusCode::OK, &stage.core.live.load(), &page),
        Err(problem) => problem.into_response(),
    }
}

/// The cards that are used in the demo, to be printed. Nothing is made: they were ordered before.
async fn cards(State(stage): State<Arc<Stage>>) -> Response {
    let order = stage.house.a_card().map(|(branch, _)| card_order(branch).to_string());
    let request = Request::post("/api/v1/cards/print").header(header::CONTENT_TYPE, "application/json");
    let Ok(request) = request.body(Body::from(order.unwrap_or_default())) else {
        return ApiProblem::not_found("there are no cards").into_response();
    };
    match web::admin(Arc::clone(&stage.core)).oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// There is no such page.
fn nothing_here(what: &str) -> Response {
    ApiProblem::not_found(what).into_response()
}

#[cfg(test)]
pub(super) fn render_samples() {
    use crate::render::{TemplateContext, Templates};
    fn check<T: TemplateContext>(templates: &Templates) {
        for sample in T::samples(&Language::english()) {
            sample.render(templates).map(drop).unwrap();
        }
    }
    let templates = Templates::built_in();
    check::<start::StartPage>(&templates);
    check::<inbox::InboxPage>(&templates);
    check::<message::MessagePage>(&templates);
    check::<story::StoryPage>(&templates);
}
