//! Carries text messages over a gateway: one try, and what was seen of it.
//!
//! **Invariant:** a request is written at most once. Redirects are not followed and the client repeats nothing. Its
//! HTTP library takes a second connection only for a request of which no byte was handed to the first.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::{Client, Response, redirect, retry};
use tokio::sync::Semaphore;

use super::gateway::Gateway;
use super::reconcile::{Lack, PAGES_MAX, Page, Verdict};
use super::reply::{Reply, ReplyBody};
use super::request::Request;
use crate::channel::{OutboundMessage, OutboundSms, SentSms, Transport};
use crate::clock::Clock;
use crate::domain::attempt::{Obstacle, Outcome};

/// Most bytes of an answer that are read.
const REPLY_BYTES_MAX: usize = 64 * 1024;
/// Most bytes of a page of a list.
const LIST_BYTES_MAX: usize = 1024 * 1024;
/// How long an idle connection is kept. Many servers close theirs after five seconds, and a request that crosses with
/// the end of its connection is of unknown fate.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Why a gateway cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum GatewaySetupError {
    /// The HTTP client could not be made: most likely the machine has no certificate authorities.
    #[error("gateway `{gateway}` cannot be opened")]
    Client {
        /// The gateway.
        gateway: String,
        /// What the client says.
        source: reqwest::Error,
    },
}

/// Why a gateway did not say what became of a message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// Its declaration has no `[reconcile]`.
    #[error("it cannot be asked: its declaration has no `reconcile`")]
    NotDeclared,
    /// The question cannot be written.
    #[error("it cannot be asked about this message: {0}")]
    Question(String),
    /// There was no answer.
    #[error("it did not answer: {0}")]
    NoAnswer(String),
    /// The answer is none.
    #[error("its answer says nothing about messages (HTTP status {status})")]
    NoList {
        /// Its HTTP status.
        status: u16,
    },
    /// The message is not among the first of a list that is longer than anything that would be read.
    #[error("its list is too long: the message is not on the first {PAGES_MAX} pages")]
    TooLong,
    /// The message may be missing from its list although it was taken.
    #[error("its list does not tell: {0}")]
    NotWhole(Lack),
}

/// One gateway, open.
pub struct GatewayTransport {
    gateway: Gateway,
    client: Client,
    clock: Arc<dyn Clock>,
    permits: Semaphore,
}

impl GatewayTransport {
    /// Opens a gateway. Nothing is connected yet.
    pub fn open(gateway: Gateway, clock: Arc<dyn Clock>) -> Result<Self, GatewaySetupError> {
        let limits = gateway.limits;
        let mut client = Client::builder()
            .user_agent(concat!("canvass/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .referer(false)
            // What the environment says of proxies was not said about customers' numbers.
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_idle_timeout(IDLE_MAX)
            .pool_max_idle_per_host(limits.inflight_max);
        if !gateway.is_https() {
            // No certificates will be looked at, so a machine without authorities is good enough.
            client = client.tls_certs_only([]);
        }
        let named = |source| GatewaySetupError::Client { gateway: gateway.name().to_owned(), source };
        let client = client.build().map_err(named)?;
        let permits = Semaphore::new(limits.inflight_max);
        Ok(Self { gateway, client, clock, permits })
    }

    /// The declaration that it was opened with.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// Tries to send a text message once.
    pub async fn send_sms(&self, message: &OutboundSms) -> Outcome {
        let request = match self.gateway.request(message) {
            Ok(request) => request,
            Err(error) => return Outcome::Refused { reply: error.to_string(), address_dead: false },
        };
        let wait_max = self.gateway.limits.total;
        let permit = tokio::time::timeout(wait_max, self.permits.acquire()).await;
        let Ok(Ok(_permit)) = permit else {
            return Outcome::Deferred {
                not_before: None,
                reply: "the gateway is busy".to_owned(),
                obstacle: Obstacle::Route { slow_down: false },
            };
        };
        match self.exchange(request, REPLY_BYTES_MAX).await {
            Ok(reply) => self.gateway.outcome(message, &reply, self.clock.now()),
            Err(error) => outcome_of_error(error),
        }
    }

    /// Asks what became of a message, page by page.
    async fn look_for(&self, sent: &SentSms) -> Result<Verdict, AskError> {
        let question = self.gateway.question(sent).ok_or(AskError::NotDeclared)?;
        let mut request = question.map_err(|err| AskError::Question(err.to_string()))?;
        let _permit = self.permits.acquire().await.map_err(|err| AskError::NoAnswer(err.to_string()))?;
        let mut lacking = None;
        for _ in 0..PAGES_MAX {
            let Request { method, url, headers, .. } = request;
            let this = Request { method: method.clone(), url: url.clone(), headers: headers.clone(), body: None };
            let answer = self.exchange(this, LIST_BYTES_MAX).await;
            let reply = answer.map_err(|err| AskError::NoAnswer(chain(&err.without_url())))?;
            let no_list = AskError::NoList { status: reply.status };
            let json = reply.json().filter(|_| reply.status == 200).ok_or_else(|| no_list.clone())?;
            match self.gateway.page((json, &url), sent).ok_or(no_list)? {
                Page::Found(verdict) => return Ok(verdict),
                Page::NotHere { next, lack } => {
                    lacking = lacking.or(lack);
                    let Some(url) = next else {
                        return lacking.map_or(Ok(Verdict::NotThere), |lack| Err(AskError::NotWhole(lack)));
                    };
                    request = Request { method, url, headers, body: None };
                }
            }
        }
        Err(AskError::TooLong)
    }

    /// Sends a request and reads at most so many bytes of the answer. An error is one of sending; what breaks later is part
    /// of the answer.
    async fn exchange(&self, request: Request, bytes_max: usize) -> Result<Reply, reqwest::Error> {
        let mut builder = self.client.request(request.method, request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply::of(status, headers, read_body(response, bytes_max).await))
    }
}

#[async_trait]
impl Transport for GatewayTransport {
    async fn send(&self, message: &OutboundMessage) -> Outcome {
        match message {
            OutboundMessage::Sms(message) => self.send_sms(message).await,
            OutboundMessage::Email(_) => {
                let reply = "a gateway for text messages carries no mail".to_owned();
                Outcome::Refused { reply, address_dead: false }
            }
        }
    }

    async fn ask(&self, sent: &SentSms) -> Result<Verdict, AskError> {
        let limit = self.gateway.limits.total;
        let asked = tokio::time::timeout(limit, self.look_for(sent)).await;
        asked.unwrap_or_else(|_| Err(AskError::NoAnswer(format!("not within {} s", limit.as_secs()))))
    }

    fn connections(&self) -> usize {
        self.gateway.connections()
    }

    fn name(&self) -> &str {
        self.gateway.name()
    }
}

impl std::fmt::Debug for GatewayTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GatewayTransport({})", self.gateway.name())
    }
}

/// What it means that there is no answer.
///
/// Name look-up, TCP and TLS belong to connecting, as does their time-out: nothing of the message was written. After
/// that the library does not say how far it came, so the message may have been taken.
fn outcome_of_error(error: reqwest::Error) -> Outcome {
    let not_sent = error.is_connect() || error.is_builder();
    let reply = chain(&error.without_url());
    if not_sent {
        Outcome::Deferred { not_before: None, reply, obstacle: Obstacle::Route { slow_down: false } }
    } else {
        Outcome::Unknown { reply }
    }
}

async fn read_body(mut response: Response, bytes_max: usize) -> ReplyBody {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= bytes_max => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return ReplyBody::Unreadable(format!("more than {bytes_max} bytes")),
            Ok(None) => return ReplyBody::Whole(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) => return ReplyBody::Unreadable(chain(&error.without_url())),
        }
    }
}

/// An error and what caused it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod server;
#[cfg(test)]
mod tests;
