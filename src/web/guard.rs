//! Who may use the admin door over TCP.
//!
//! With a token: whoever presents it. Without: whoever is on this machine and meant to be here; a page from elsewhere in
//! the operator's browser is not, so the request must name this machine as its host (against DNS rebinding) and a request
//! that changes something must not come from another site's page.

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;

use super::problem::ApiProblem;
use crate::config::settings::Secret;

/// Puts the guard before a router.
pub fn guarded(router: Router, token: Option<Secret>) -> Router {
    router.layer(middleware::from_fn(move |request: Request, next: Next| {
        let refusal = refusal(request.method(), request.headers(), request.uri().path(), token.as_ref());
        async move {
            match refusal {
                Some(problem) => problem.into_response(),
                None => next.run(request).await,
            }
        }
    }))
}

fn refusal(method: &Method, headers: &HeaderMap, path: &str, token: Option<&Secret>) -> Option<ApiProblem> {
    if matches!(path, "/healthz" | "/readyz") {
        return None;
    }
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(token) = token {
        let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default();
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(given.as_bytes(), token.expose().as_bytes());
        return same.is_err().then(|| {
            ApiProblem::new(StatusCode::UNAUTHORIZED, "token missing or wrong", "send `Authorization: Bearer …`")
        });
    }
    let host = text(header::HOST).unwrap_or_default();
    if !is_this_machine(host) {
        let detail =
            format!("the request names the host `{}`; use localhost or set [admin] token_file", host.escape_debug());
        return Some(ApiProblem::new(StatusCode::FORBIDDEN, "not a name of this machine", detail));
    }
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    let from_elsewhere = text(header::ORIGIN)
        .is_some_and(|origin| !origin.split_once("://").is_some_and(|(_, origin_host)| is_this_machine(origin_host)));
    (!is_read && from_elsewhere).then(|| {
        ApiProblem::new(StatusCode::FORBIDDEN, "request from another site", "the Origin header names another site")
    })
}

fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']').map_or(v6, |(name, _)| name),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    name == "localhost" || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(method: &Method, fields: &[(header::HeaderName, &str)], token: Option<&str>, expected: Option<u16>) {
        let headers = fields.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        let token = token.map(Secret::new);
        let refused = refusal(method, &headers, "/api/v1/contacts", token.as_ref());
        assert_eq!(refused.map(|problem| problem.status()), expected, "{fields:?}");
    }

    #[test]
    fn without_a_token_only_this_machine_and_its_own_pages_come_in() {
        check(&Method::GET, &[(header::HOST, "localhost:8081")], None, None);
        check(&Method::GET, &[(header::HOST, "[::1]:8081")], None, None);
        check(&Method::GET, &[(header::HOST, "evil.example")], None, Some(403));
        check(&Method::GET, &[], None, Some(403));
        let own = [(header::HOST, "127.0.0.1:8081"), (header::ORIGIN, "http://127.0.0.1:8081")];
        check(&Method::POST, &own, None, None);
        let other = [(header::HOST, "127.0.0.1:8081"), (header::ORIGIN, "https://evil.example")];
        check(&Method::POST, &other, None, Some(403));
    }

    #[test]
    fn with_a_token_only_the_token_counts() {
        check(&Method::GET, &[(header::AUTHORIZATION, "Bearer right")], Some("right"), None);
        check(&Method::GET, &[(header::AUTHORIZATION, "Bearer wrong")], Some("right"), Some(401));
        check(&Method::GET, &[(header::HOST, "localhost")], Some("right"), Some(401));
    }
}
