//! Pages for staff, with their headers.
//!
//! Their forms must come from themselves, and [the guard](super::guard) goes by the Origin that the browser names. Under
//! `no-referrer`, which customers' pages have, browsers name none, so these say `same-origin`.

use axum::http::header::{self, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use crate::chain::Chain;
use crate::daemon::core::Live;
use crate::render::{Page, TemplateContext};

/// Renders a page. A template that fails is logged, and a plain sentence stands in its place.
pub fn staff_page<T: TemplateContext<Rendered = Page>>(status: StatusCode, live: &Live, context: &T) -> Response {
    let page = match context.render(&live.templates) {
        Ok(page) => page,
        Err(err) => {
            tracing::error!("the template `{}` failed: {}", T::TEMPLATE, Chain(&err));
            return (StatusCode::INTERNAL_SERVER_ERROR, "This page cannot be shown; see the log.\n").into_response();
        }
    };
    let mut headers = headers();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    if let Ok(csp) = HeaderValue::from_str(&page.csp) {
        headers.insert(header::CONTENT_SECURITY_POLICY, csp);
    }
    (status, headers, page.html).into_response()
}

/// Sends the browser on with GET, so that a reload does nothing twice.
pub fn staff_redirect(url: &str) -> Response {
    let mut response = Redirect::to(url).into_response();
    response.headers_mut().extend(headers());
    response
}

fn headers() -> HeaderMap {
    let pairs = [
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (HeaderName::from_static("x-robots-tag"), "noindex, nofollow"),
        (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=()"),
    ];
    pairs.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect()
}
