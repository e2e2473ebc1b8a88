//! Mails that come back: read, noted, and kept where nobody can tell what they say.
//!
//! A mail that cannot be read stops no other. It is [kept](super::unreadable), and somebody should look at it, for a person
//! may have written it.

use std::io;

use super::core::Core;
use super::receipts;
use super::unreadable::{self, KEPT_MAX};
use crate::domain::journey::Channel;
use crate::domain::receipt::News;
use crate::domain::seal::LinkTarget;
use crate::receipt::mail::{self, Incoming, Nothing, Unreadable, Verdict};
use crate::store::{Learnt, StoreError};

/// What became of a mail that came back.
#[derive(Clone, Debug, PartialEq)]
pub enum Returned {
    /// It says what became of a message.
    News {
        /// The message.
        of: LinkTarget,
        /// What became of it.
        news: News,
        /// What that told us.
        learnt: Learnt,
    },
    /// It says nothing that matters: that a message is late, or that somebody is on holiday.
    Nothing(Nothing),
    /// Nobody can tell what it says, or about which message.
    Unreadable(Unreadable),
}

/// Takes a mail to the bounce address. What it says is on disk when this returns; an error means that it should be brought
/// again later.
pub async fn take(core: &Core, incoming: Incoming<'_>) -> Result<Returned, StoreError> {
    let read = mail::read(incoming);
    let of = read.target(core.store.seal());
    let verdict = match (read.verdict, of) {
        (Verdict::Receipt(receipt), Some(of)) => {
            let news = receipt.news;
            let learnt = receipts::hear(core, of, Channel::Email, receipt).await?;
            return Ok(Returned::News { of, news, learnt });
        }
        (Verdict::Receipt(_), None) => Err(Unreadable::NoClaim),
        (Verdict::Nothing(nothing), _) => Ok(nothing),
        (Verdict::Unreadable(why), _) => Err(why),
    };
    match verdict {
        Ok(nothing) => {
            core.metrics.returned(nothing.as_str());
            tracing::debug!(what = nothing.as_str(), "a mail came back that says nothing of a message");
            Ok(Returned::Nothing(nothing))
        }
        Err(why) => {
            core.metrics.returned("unreadable");
            let folder = unreadable::folder(core);
            let bytes = unreadable::with_envelope(incoming);
            // Nobody aborts it, so it fails only if it panicked.
            let kept = tokio::task::spawn_blocking(move || unreadable::keep(&folder, &bytes))
                .await
                .unwrap_or_else(|err| Err(io::Error::other(err)));
            let what = match kept {
                Ok(Some(path)) => format!("it is kept as {}", path.display()),
                Ok(None) => format!("{KEPT_MAX} such are kept already"),
                Err(err) => format!("nor can it be kept: {err}"),
            };
            tracing::warn!("a mail that came back cannot be read, because {why}; {what}");
            Ok(Returned::Unreadable(why))
        }
    }
}
