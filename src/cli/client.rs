//! The door to the store: the running daemon's socket, or the same router in-process when no daemon runs.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::Response;
use futures_util::StreamExt;
use serde_json::Value;
use tower::ServiceExt;

use super::{Exit, Failure};
use crate::chain::Chain;
use crate::clock::{Clock, SystemClock};
use crate::config::{self, Config};
use crate::daemon::core::{Core, Live};
use crate::daemon::run::{RunError, open_store};
use crate::entropy::Entropy;
use crate::web;

/// Longest answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 512 * 1024 * 1024;

/// A way to call the API.
pub(super) enum Client {
    /// Over the daemon's socket.
    Daemon(reqwest::Client),
    /// In this process, which holds the store.
    InProcess(Router, Arc<Core>),
}

/// What the API answered.
pub(super) struct Reply {
    /// Whether it did what it was asked, and with what headers.
    pub(super) headers: HeaderMap,
    /// The body.
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// The body as JSON.
    pub(super) fn json(&self) -> Result<Value, Failure> {
        serde_json::from_slice(&self.body).map_err(|err| Failure::new(Exit::Failed, format!("not JSON: {err}")))
    }
}

impl Client {
    /// Finds the daemon, or opens the store.
    pub(super) async fn open(folder: &Path, env: &BTreeMap<String, String>) -> Result<Self, Failure> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let loaded = config::load(folder, env, clock.now()).map_err(|problems| {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            let more = problems.len().saturating_sub(1);
            let message = format!("the configuration has problems ({more} more; run `canvass check`): {first}");
            Failure::new(Exit::Config, message)
        })?;
        let socket = loaded.config.settings.admin.socket.clone();
        if tokio::net::UnixStream::connect(&socket).await.is_ok() {
            let client = reqwest::Client::builder().unix_socket(socket).no_proxy().build();
            return Ok(Self::Daemon(client.map_err(|err| Failure::of(&err))?));
        }
        Self::in_process(loaded.config, env, clock).await
    }

    async fn in_process(
        config: Config,
        env: &BTreeMap<String, String>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Failure> {
        let entropy = Arc::new(Entropy::of_system());
        let store = open_store(&config.settings, &entropy)
            .await
            .map_err(|err| Failure::new(super::exit::of_run(&err), Chain(&err).to_string()))?;
        let live = Live::of(config, &clock).map_err(|err| Failure::of(&RunError::Live(err)))?;
        let kept = store.keep_surveys(live.config.surveys.values().cloned().collect()).await;
        kept.map_err(|err| Failure::of(&err))?;
        let core = Arc::new(Core::new(store, live, clock, entropy).in_environment(env));
        Ok(Self::InProcess(web::admin(Arc::clone(&core)), core))
    }

    /// Gets a path.
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Reply, Failure> {
        self.call(Method::GET, &with_query(path, query), None).await
    }

    /// Posts JSON to a path.
    pub(super) async fn post(&self, path: &str, query: &[(&str, &str)], body: &Value) -> Result<Reply, Failure> {
        self.call(Method::POST, &with_query(path, query), Some(("application/json", body.to_string().into()))).await
    }

    /// Posts a mail as it came.
    pub(super) async fn post_mail(&self, path: &str, query: &[(&str, &str)], mail: Vec<u8>) -> Result<Reply, Failure> {
        self.call(Method::POST, &with_query(path, query), Some(("message/rfc822", mail))).await
    }

    /// Follows a listing to its end, handing each row on.
    pub(super) async fn each_row(
        &self,
        path: &str,
        query: &[(&str, &str)],
        mut take: impl FnMut(&Value) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut after: Option<String> = None;
        loop {
            let mut asked = query.to_vec();
            asked.push(("limit", "1000"));
            if let Some(after) = &after {
                asked.push(("after", after));
            }
            let page = self.get(path, &asked).await?.json()?;
            for row in page.get("rows").and_then(Value::as_array).into_iter().flatten() {
                take(row)?;
            }
            match page.get("next").and_then(Value::as_str) {
                Some(next) => after = Some(next.to_owned()),
                None => return Ok(()),
            }
        }
    }

    /// Gets a path, handing its bytes on as they come.
    pub(super) async fn stream(
        &self,
        path: &str,
        mut take: impl FnMut(&[u8]) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let cut_off = |err: &dyn std::error::Error| {
            Failure::new(Exit::Failed, format!("the answer was cut off; see the daemon's log: {}", Chain(err)))
        };
        match self {
            Self::Daemon(client) => {
                let mut response =
                    client.get(format!("http://localhost{path}")).send().await.map_err(|err| gone(&err))?;
                if !response.status().is_success() {
                    let (status, body) = (response.status(), response.bytes().await.map_err(|err| gone(&err))?);
                    return Err(refused(status, &body));
                }
                while let Some(part) = response.chunk().await.map_err(|err| cut_off(&err))? {
                    take(&part)?;
                }
            }
            Self::InProcess(router, _) => {
                let request = Request::get(path).body(Body::empty()).map_err(|err| Failure::of(&err))?;
                let response = answer(router, request).await;
                if !response.status().is_success() {
                    let (status, body) = (response.status(), whole(response.into_body()).await?);
                    return Err(refused(status, &body));
                }
                let mut parts = response.into_body().into_data_stream();
                while let Some(part) = parts.next().await {
                    take(&part.map_err(|err| cut_off(&err))?)?;
                }
            }
        }
        Ok(())
    }

    /// Lets go of the store.
    pub(super) async fn close(self) -> Result<(), Failure> {
        match self {
            Self::Daemon(_) => Ok(()),
            Self::InProcess(_, core) => core.store.close().await.map_err(|err| Failure::of(&err)),
        }
    }

    async fn call(&self, method: Method, path: &str, body: Option<Content>) -> Result<Reply, Failure> {
        let (status, headers, body) = match self {
            Self::Daemon(client) => over_socket(client, method, path, body).await?,
            Self::InProcess(router, _) => in_process(router, method, path, body).await?,
        };
        if status.is_success() {
            return Ok(Reply { headers, body });
        }
        Err(refused(status, &body))
    }
}

/// What a request carries, and what it is.
type Content = (&'static str, Vec<u8>);

fn with_query(path: &str, query: &[(&str, &str)]) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    format!("{path}?{encoded}")
}

async fn over_socket(
    client: &reqwest::Client,
    method: Method,
    path: &str,
    content: Option<Content>,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
    let mut request = client.request(method, format!("http://localhost{path}"));
    if let Some((kind, body)) = content {
        request = request.header(header::CONTENT_TYPE, kind).body(body);
    }
    let response = request.send().await.map_err(|err| gone(&err))?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.map_err(|err| gone(&err))?;
    Ok((status, headers, body.to_vec()))
}

async fn in_process(
    router: &Router,
    method: Method,
    path: &str,
    content: Option<Content>,
) -> Result<(StatusCode, HeaderMap, Vec<u8>), Failure> {
    let (kind, body) = content.unwrap_or(("application/json", Vec::new()));
    let request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, kind);
    let request = request.body(Body::from(body)).map_err(|err| Failure::of(&err))?;
    let (parts, body) = answer(router, request).await.into_parts();
    Ok((parts.status, parts.headers, whole(body).await?))
}

async fn answer(router: &Router, request: Request<Body>) -> Response {
    match router.clone().oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

async fn whole(body: Body) -> Result<Vec<u8>, Failure> {
    Ok(axum::body::to_bytes(body, ANSWER_BYTES_MAX).await.map_err(|err| Failure::of(&err))?.to_vec())
}

fn gone(err: &reqwest::Error) -> Failure {
    Failure::new(Exit::Unavailable, format!("the daemon does not answer on its socket: {}", Chain(err)))
}

fn refused(status: StatusCode, body: &[u8]) -> Failure {
    let exit = if status == StatusCode::SERVICE_UNAVAILABLE { Exit::Unavailable } else { Exit::Failed };
    Failure::new(exit, refusal(status, body))
}

/// The sentence of a problem document, with what is wrong thing by thing.
fn refusal(status: StatusCode, body: &[u8]) -> String {
    let problem: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
    let detail = problem.get("detail").and_then(Value::as_str);
    let message = detail.map_or_else(|| format!("the daemon answered {status}"), str::to_owned);
    let errors = problem.get("errors").and_then(Value::as_array).into_iter().flatten();
    let lines = errors.map(|error| {
        let text = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
        format!("  {}: {}", text("field"), text("message"))
    });
    std::iter::once(message).chain(lines).collect::<Vec<_>>().join("\n")
}
