//! Problems as RFC 9457 wants them: a title for the kind, a detail for the case, and a list where several things are wrong.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::chain::Chain;
use crate::store::StoreError;

/// Why a request was not done.
#[derive(Clone, Debug)]
pub struct ApiProblem {
    status: StatusCode,
    title: String,
    detail: String,
    errors: Vec<Value>,
}

impl ApiProblem {
    /// A problem with a title for its kind and a detail for this case.
    pub fn new(status: StatusCode, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { status, title: title.into(), detail: detail.into(), errors: Vec::new() }
    }

    /// The request is not understood or not allowed.
    pub fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid request", detail)
    }

    /// There is no such thing.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not found", detail)
    }

    /// Adds what is wrong, thing by thing.
    #[must_use]
    pub fn with_errors(self, errors: Vec<Value>) -> Self {
        Self { errors, ..self }
    }

    /// The HTTP status.
    pub fn status(&self) -> u16 {
        self.status.as_u16()
    }

    /// The problem as JSON.
    pub fn to_json(&self) -> Value {
        let mut problem = json!({
            "type": "about:blank", "title": self.title, "status": self.status.as_u16(), "detail": self.detail,
        });
        if let (false, Some(problem)) = (self.errors.is_empty(), problem.as_object_mut()) {
            problem.insert("errors".to_owned(), Value::Array(self.errors.clone()));
        }
        problem
    }
}

impl IntoResponse for ApiProblem {
    fn into_response(self) -> Response {
        let body = self.to_json().to_string();
        (self.status, [(header::CONTENT_TYPE, "application/problem+json")], body).into_response()
    }
}

impl From<StoreError> for ApiProblem {
    fn from(err: StoreError) -> Self {
        match err {
            StoreError::NotFound { .. } => Self::not_found(err.to_string()),
            StoreError::Exists { .. } | StoreError::Full { .. } | StoreError::Stale | StoreError::LeaseLost => {
                Self::new(StatusCode::CONFLICT, "conflict", err.to_string())
            }
            StoreError::NoRoomForCopy { .. } => {
                Self::new(StatusCode::INSUFFICIENT_STORAGE, "no room for a copy", err.to_string())
            }
            StoreError::RehearsalTooLarge { .. } => Self::invalid(err.to_string()),
            // The store has said so already, once.
            StoreError::ReadOnly { .. } => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store is read-only", err.to_string())
            }
            StoreError::Unreadable { .. }
            | StoreError::InUse { .. }
            | StoreError::NewerLayout { .. }
            | StoreError::Failed { .. }
            | StoreError::Closed => {
                tracing::error!("a request failed: {}", Chain(&err));
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the store is not available", err.to_string())
            }
        }
    }
}
