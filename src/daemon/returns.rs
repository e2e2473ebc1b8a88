//! Mails that come back: read, noted, and kept where nobody can tell what they say.
//!
//! A mail that cannot be read stops no other. It is kept in `state_dir/unreadable` under the hash of what it says, so the
//! same mail again is kept once; somebody should look at it, for a person may have written it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use super::core::Core;
use super::receipts;
use crate::channel::file::write_whole;
use crate::domain::journey::Channel;
use crate::domain::receipt::News;
use crate::domain::seal::LinkTarget;
use crate::receipt::mail::{self, Incoming, LOOKED_AT_BYTES_MAX, Nothing, Unreadable, Verdict};
use crate::store::{Learnt, StoreError};

/// Unreadable mails that are kept. Beyond, they are counted only: whoever floods the mailbox must not fill the disk.
const KEPT_MAX: usize = 1_000;

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
            let folder = core.live.load().config.settings.daemon.state_dir.join("unreadable");
            let (looked_at, _) = incoming.bytes.split_at(incoming.bytes.len().min(LOOKED_AT_BYTES_MAX));
            let bytes = looked_at.to_vec();
            // Nobody aborts it, so it fails only if it panicked.
            let kept = tokio::task::spawn_blocking(move || keep(&folder, &bytes))
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

/// Keeps a mail; gives where, unless there are too many.
fn keep(folder: &Path, bytes: &[u8]) -> io::Result<Option<PathBuf>> {
    fs::create_dir_all(folder)?;
    let hash = digest::digest(&digest::SHA256, bytes);
    let path = folder.join(format!("{}.eml", HEXLOWER.encode(hash.as_ref().get(..16).unwrap_or_default())));
    if path.exists() {
        return Ok(Some(path));
    }
    if fs::read_dir(folder)?.count() >= KEPT_MAX {
        return Ok(None);
    }
    write_whole(folder, &path, bytes)?;
    Ok(Some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_kept_once_and_not_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = keep(&folder.path().join("unreadable"), b"what?").unwrap().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"what?");
        assert_eq!(keep(&folder.path().join("unreadable"), b"what?").unwrap(), Some(path));
        for n in 1..KEPT_MAX {
            fs::write(folder.path().join(format!("unreadable/{n}")), b"").unwrap();
        }
        assert_eq!(keep(&folder.path().join("unreadable"), b"one more").unwrap(), None);
    }
}
