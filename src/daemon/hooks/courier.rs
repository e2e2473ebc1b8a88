//! Goes to SNS: for the certificates that it signs with, and to confirm a subscription.
//!
//! Whoever posts to us can have us fetch a certificate, but only from SNS itself, one at a time, and no more of it than a
//! certificate has.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, redirect};
use tokio::sync::{Mutex, OnceCell};

/// Most bytes of an answer that are read. A certificate has two or three thousand.
const ANSWER_BYTES_MAX: usize = 64 * 1024;
/// How long SNS may take to answer.
const ANSWER_TIME_MAX: Duration = Duration::from_secs(10);
/// Certificates that are kept. There is one at a time, and another one after months.
const KEPT_MAX: usize = 8;
/// How long one is kept.
const KEPT_FOR: TimeDelta = TimeDelta::hours(24);

/// Why something was not fetched.
#[derive(Debug, thiserror::Error)]
pub enum CourierError {
    /// There is no answer.
    #[error("there is no answer")]
    Http(#[from] reqwest::Error),
    /// The answer is that it is not there.
    #[error("the answer is {0}")]
    Status(u16),
    /// The answer is too long.
    #[error("the answer has more than {ANSWER_BYTES_MAX} bytes")]
    TooLong,
}

/// Fetches what is behind a link.
#[async_trait]
pub trait Courier: Send + Sync {
    /// What is there.
    async fn get(&self, url: &str) -> Result<Vec<u8>, CourierError>;
}

/// Over HTTPS and nothing else: whoever answers under the name of the link has a certificate of that name.
#[derive(Default)]
struct Https {
    /// Made when it is first needed, because hardly any house needs it.
    client: OnceCell<Client>,
}

impl Https {
    async fn client(&self) -> Result<&Client, reqwest::Error> {
        let make = async || {
            Client::builder()
                .user_agent(concat!("canvass/", env!("CARGO_PKG_VERSION")))
                .https_only(true)
                .redirect(redirect::Policy::none())
                .referer(false)
                .timeout(ANSWER_TIME_MAX)
                .build()
        };
        self.client.get_or_try_init(make).await
    }
}

#[async_trait]
impl Courier for Https {
    async fn get(&self, url: &str) -> Result<Vec<u8>, CourierError> {
        // A link may hold a token.
        let mut response = self.client().await?.get(url).send().await.map_err(reqwest::Error::without_url)?;
        if !response.status().is_success() {
            return Err(CourierError::Status(response.status().as_u16()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
            if body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CourierError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

/// The certificates that SNS signs with, and who fetches them.
pub(super) struct Certificates {
    courier: Box<dyn Courier>,
    /// By link.
    kept: Mutex<BTreeMap<String, Kept>>,
}

struct Kept {
    since: DateTime<Utc>,
    certificate: Vec<u8>,
}

impl Default for Certificates {
    fn default() -> Self {
        Self::through(Https::default())
    }
}

impl Certificates {
    pub(super) fn through(courier: impl Courier + 'static) -> Self {
        Self { courier: Box::new(courier), kept: Mutex::default() }
    }

    pub(super) fn courier(&self) -> &dyn Courier {
        &*self.courier
    }

    /// The certificate behind this link.
    pub(super) async fn at(&self, url: &str, now: DateTime<Utc>) -> Result<Vec<u8>, CourierError> {
        // Held while one is fetched, so that whoever needs the same waits for it.
        let mut kept = self.kept.lock().await;
        kept.retain(|_, kept| now.signed_duration_since(kept.since) < KEPT_FOR);
        if let Some(kept) = kept.get(url) {
            return Ok(kept.certificate.clone());
        }
        let certificate = self.courier.get(url).await?;
        if kept.len() < KEPT_MAX {
            kept.insert(url.to_owned(), Kept { since: now, certificate: certificate.clone() });
        }
        Ok(certificate)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    struct Counting(Arc<AtomicUsize>);

    #[async_trait]
    impl Courier for Counting {
        async fn get(&self, url: &str) -> Result<Vec<u8>, CourierError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            if url.contains("gone") { Err(CourierError::Status(404)) } else { Ok(url.as_bytes().to_vec()) }
        }
    }

    #[tokio::test]
    async fn a_certificate_is_fetched_once_a_day_and_what_is_not_there_is_not_kept() {
        let n = Arc::new(AtomicUsize::new(0));
        let certificates = Certificates::through(Counting(Arc::clone(&n)));
        let now: DateTime<Utc> = "2026-03-04T12:00:00Z".parse().unwrap();
        let at = async |url: &str, hours| {
            let fetched = certificates.at(url, now + TimeDelta::hours(hours)).await.ok();
            (fetched.map(|bytes| bytes.len()), n.load(Ordering::Relaxed))
        };
        assert_eq!(at("one", 0).await, (Some(3), 1));
        assert_eq!(at("one", 23).await, (Some(3), 1));
        assert_eq!(at("one", 24).await, (Some(3), 2));
        assert_eq!(at("gone", 24).await, (None, 3));
        assert_eq!(at("gone", 24).await, (None, 4));
        for other in 0..20 {
            at(&other.to_string(), 24).await;
        }
        assert_eq!(certificates.kept.lock().await.len(), KEPT_MAX);
    }

    #[tokio::test]
    async fn nothing_but_https_is_spoken() {
        let refused = Https::default().get("http://127.0.0.1:9/one.pem").await.unwrap_err();
        assert!(matches!(refused, CourierError::Http(err) if err.is_builder()));
    }
}
