//! The guests' browser: it asks the pages for customers as any browser does, only without a network between.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, StatusCode, header};
use tower::ServiceExt;

use super::DemoError;

/// Longest page that is read, in bytes.
const PAGE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A browser that knows one site.
#[derive(Clone, Debug)]
pub(super) struct Browser {
    site: Router,
}

/// What a site answered.
#[derive(Debug)]
pub(super) struct Seen {
    /// Whether it did what it was asked.
    pub(super) status: StatusCode,
    /// The body as text.
    pub(super) text: String,
}

impl Browser {
    /// A browser for this site.
    pub(super) fn of(site: Router) -> Self {
        Self { site }
    }

    /// Follows a link.
    pub(super) async fn get(&self, path: &str) -> Result<Seen, DemoError> {
        self.ask(Method::GET, path, ("", String::new())).await
    }

    /// Hands a form in.
    pub(super) async fn post(&self, path: &str, fields: &[(String, String)]) -> Result<Seen, DemoError> {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.ask(Method::POST, path, ("application/x-www-form-urlencoded", form)).await
    }

    /// Hands JSON in.
    pub(super) async fn post_json(&self, path: &str, body: &serde_json::Value) -> Result<Seen, DemoError> {
        self.ask(Method::POST, path, ("application/json", body.to_string())).await
    }

    async fn ask(&self, method: Method, path: &str, (kind, body): (&str, String)) -> Result<Seen, DemoError> {
        let odd = |why: String| DemoError::page(path, why);
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::USER_AGENT, "Mozilla/5.0 (guest of the demo)")
            .header(header::CONTENT_TYPE, kind)
            .body(Body::from(body))
            .map_err(|err| odd(err.to_string()))?;
        let response = match self.site.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = axum::body::to_bytes(response.into_body(), PAGE_BYTES_MAX).await;
        let bytes = bytes.map_err(|err| odd(err.to_string()))?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if status.is_server_error() {
            return Err(odd(format!("{status}: {text}")));
        }
        Ok(Seen { status, text })
    }
}
