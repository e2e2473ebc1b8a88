//! Answers to customers' browsers: pages with their headers.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use crate::chain::Chain;
use crate::daemon::core::Live;
use crate::domain::language::Language;
use crate::render::{ErrorPage, Page, TemplateContext};
use crate::store::StoreError;

/// Renders a page. A template that fails is our fault: it is logged, and the customer gets a plain sentence.
pub(super) fn page<T: TemplateContext<Rendered = Page>>(status: StatusCode, live: &Live, context: &T) -> Response {
    match context.render(&live.templates) {
        Ok(page) => with_headers(status, page),
        Err(err) => {
            tracing::error!("the template `{}` failed: {}", T::TEMPLATE, Chain(&err));
            (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown at the moment.").into_response()
        }
    }
}

/// The answer was not saved.
pub(super) fn not_saved(live: &Live, language: Language, why: &StoreError) -> Response {
    if !why.is_read_only() {
        tracing::error!("an answer could not be saved: {}", Chain(why));
    }
    page(StatusCode::SERVICE_UNAVAILABLE, live, &ErrorPage { language, retry_url: None })
}

/// Sends the browser on with GET, so that a reload or a step back hands nothing in twice.
pub(super) fn see_other(url: &str) -> Response {
    let mut response = Redirect::to(url).into_response();
    response.headers_mut().extend(common_headers());
    response
}

fn with_headers(status: StatusCode, page: Page) -> Response {
    let mut headers = common_headers();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(csp) = HeaderValue::from_str(&page.csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    (status, headers, page.html).into_response()
}

/// The token is in the URL, so it must not travel on in a Referer, a cache or a search index.
fn common_headers() -> HeaderMap {
    let pairs = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}
