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
use super::reply::{Reply, ReplyBody};
use super::request::Request;
use crate::channel::{OutboundMessage, OutboundSms, Transport};
use crate::clock::Clock;
use crate::domain::attempt::{Obstacle, Outcome};

/// Most bytes of an answer that are read.
const REPLY_BYTES_MAX: usize = 64 * 1024;
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
        match self.exchange(request).await {
            Ok(reply) => self.gateway.outcome(message, &reply, self.clock.now()),
            Err(error) => outcome_of_error(error),
        }
    }

    /// Sends a request and reads the answer. An error is one of sending; what breaks later is part of the answer.
    async fn exchange(&self, request: Request) -> Result<Reply, reqwest::Error> {
        let mut builder = self.client.request(request.method, request.url);
        for (name, value) in request.headers {
            builder = builder.header(name, value);
        }
        if let Some(body) = request.body {
            builder = builder.body(body);
        }
        let response = builder.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply::of(status, headers, read_body(response).await))
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

async fn read_body(mut response: Response) -> ReplyBody {
    let mut bytes = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if bytes.len() + chunk.len() <= REPLY_BYTES_MAX => bytes.extend_from_slice(&chunk),
            Ok(Some(_)) => return ReplyBody::Unreadable(format!("more than {REPLY_BYTES_MAX} bytes")),
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
