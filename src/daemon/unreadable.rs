//! Mails that came back and that nobody could read: kept in `state_dir/unreadable` until somebody has looked at them, or a
//! later canvass can read them.
//!
//! Each is called by the hash of what it says, so the same mail again is kept once. Its envelope is kept with it, in the
//! fields in which mail servers put it down, because often nothing else tells which message it is about.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use data_encoding::HEXLOWER;

use super::core::Core;
use super::returns::{self, Returned};
use crate::channel::file::write_whole;
use crate::domain::seal::Seal;
use crate::receipt::mail::{self, Incoming, LOOKED_AT_BYTES_MAX, Unreadable, Verdict};
use crate::store::StoreError;

/// Unreadable mails that are kept. Beyond, they are counted only: whoever floods the mailbox must not fill the disk.
pub const KEPT_MAX: usize = 1_000;
/// Bytes of the hash that a mail is called by.
const ID_BYTES: usize = 16;

/// What a mail is called: 32 hexadecimal digits. It is the name of a file, so it is nothing else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadableId(String);

impl UnreadableId {
    /// Reads one.
    pub fn parse(given: &str) -> Option<Self> {
        let bytes = HEXLOWER.decode(given.as_bytes()).ok()?;
        (bytes.len() == ID_BYTES).then(|| Self(given.to_owned()))
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn file(&self, folder: &Path) -> PathBuf {
        folder.join(format!("{}.eml", self.0))
    }
}

/// A mail that is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What it is called.
    pub id: UnreadableId,
    /// Since when it is there.
    pub since: DateTime<Utc>,
    /// How long it is, as far as it is kept.
    pub n_bytes: u64,
    /// Why it cannot be read; `None` when this canvass can.
    pub why: Option<Unreadable>,
}

/// Where they are kept.
pub fn folder(core: &Core) -> PathBuf {
    core.live.load().config.settings.daemon.state_dir.join("unreadable")
}

/// Keeps a mail; gives where, unless there are too many.
pub(super) fn keep(folder: &Path, bytes: &[u8]) -> io::Result<Option<PathBuf>> {
    fs::create_dir_all(folder)?;
    let hash = digest::digest(&digest::SHA256, bytes);
    let id = UnreadableId(HEXLOWER.encode(hash.as_ref().get(..ID_BYTES).unwrap_or_default()));
    let path = id.file(folder);
    if path.exists() {
        return Ok(Some(path));
    }
    if fs::read_dir(folder)?.count() >= KEPT_MAX {
        return Ok(None);
    }
    write_whole(folder, &path, bytes)?;
    Ok(Some(path))
}

/// A mail as it is kept: its envelope, and as much of it as is looked at.
pub(super) fn with_envelope(Incoming { bytes, recipient, sender }: Incoming<'_>) -> Vec<u8> {
    let plain = |text: &str| text.chars().filter(|c| !c.is_control()).take(500).collect::<String>();
    let bare = |text: &str| plain(text.trim().trim_start_matches('<').trim_end_matches('>'));
    let sender = sender.map(|sender| format!("Return-Path: <{}>\r\n", bare(sender)));
    let recipient = recipient.map(|recipient| format!("Delivered-To: {}\r\n", bare(recipient)));
    let (looked_at, _) = bytes.split_at(bytes.len().min(LOOKED_AT_BYTES_MAX));
    let envelope = sender.into_iter().chain(recipient).collect::<String>();
    [envelope.as_bytes(), looked_at].concat()
}

/// All that are kept, the oldest first.
pub fn list(folder: &Path, seal: &Seal) -> io::Result<Vec<Kept>> {
    let entries = match fs::read_dir(folder) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut all = Vec::new();
    for entry in entries.take(2 * KEPT_MAX) {
        let entry = entry?;
        let name = entry.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".eml")).and_then(UnreadableId::parse);
        let Some(id) = id else { continue };
        let (metadata, bytes) = (entry.metadata()?, fs::read(entry.path())?);
        let since = metadata.modified()?.into();
        all.push(Kept { id, since, n_bytes: metadata.len(), why: why(&bytes, seal) });
    }
    all.sort_by(|one, other| (one.since, &one.id).cmp(&(other.since, &other.id)));
    Ok(all)
}

fn why(bytes: &[u8], seal: &Seal) -> Option<Unreadable> {
    let read = mail::read(Incoming { bytes, recipient: None, sender: None });
    match &read.verdict {
        Verdict::Unreadable(why) => Some(*why),
        Verdict::Receipt(_) if read.target(seal).is_none() => Some(Unreadable::NoClaim),
        Verdict::Receipt(_) | Verdict::Nothing(_) => None,
    }
}

/// A mail as it is kept. `None` when it is not there.
pub fn read(folder: &Path, id: &UnreadableId) -> io::Result<Option<Vec<u8>>> {
    match fs::read(id.file(folder)) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some),
    }
}

/// Removes a mail; whether it was there.
pub fn remove(folder: &Path, id: &UnreadableId) -> io::Result<bool> {
    match fs::remove_file(id.file(folder)) {
        Err(err) if err.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map(|()| true),
    }
}

/// Why a mail was not read again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// Its file cannot be read or removed.
    #[error("its file cannot be used")]
    File(#[from] io::Error),
    /// What it says cannot be noted.
    #[error("what it says cannot be noted")]
    Store(#[from] StoreError),
}

/// Reads a mail again; one that can be read now is removed once what it says is on disk. `None` when it is not there.
pub async fn retry(core: &Core, id: &UnreadableId) -> Result<Option<Returned>, RetryError> {
    let folder = folder(core);
    let Some(bytes) = read(&folder, id)? else { return Ok(None) };
    let returned = returns::take(core, Incoming { bytes: &bytes, recipient: None, sender: None }).await?;
    match &returned {
        Returned::Unreadable(_) => (),
        Returned::News { .. } | Returned::Nothing(_) => {
            remove(&folder, id)?;
        }
    }
    Ok(Some(returned))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_kept_once_and_not_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("unreadable");
        let path = keep(&folder, b"what?").unwrap().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"what?");
        assert_eq!(keep(&folder, b"what?").unwrap(), Some(path));
        for n in 1..KEPT_MAX {
            fs::write(folder.join(n.to_string()), b"").unwrap();
        }
        assert_eq!(keep(&folder, b"one more").unwrap(), None);
        let listed = list(&folder, &Seal::new(&[7; 32])).unwrap();
        let [kept] = listed.as_slice() else { panic!("{listed:?}") };
        assert_eq!((kept.n_bytes, kept.why), (5, Some(Unreadable::NoMail)));
        assert_eq!(read(&folder, &kept.id).unwrap().unwrap(), b"what?");
        assert_eq!([remove(&folder, &kept.id).unwrap(), remove(&folder, &kept.id).unwrap()], [true, false]);
        assert_eq!(read(&folder, &kept.id).unwrap(), None);
    }

    #[test]
    fn its_envelope_is_kept_with_it() {
        let incoming =
            Incoming { bytes: b"Subject: x\r\n\r\ny", recipient: Some("<b+t@x.example>\r\nX: 1"), sender: Some("") };
        let kept = String::from_utf8(with_envelope(incoming)).unwrap();
        assert_eq!(kept, "Return-Path: <>\r\nDelivered-To: b+t@x.example>X: 1\r\nSubject: x\r\n\r\ny");
    }

    #[test]
    fn nothing_else_is_called_so() {
        assert!(UnreadableId::parse("0123456789abcdef0123456789abcdef").is_some());
        for wrong in
            ["", "..", "../../etc/passwd", "0123456789ABCDEF0123456789ABCDEF", "0123456789abcdef0123456789abcde"]
        {
            assert_eq!(UnreadableId::parse(wrong), None, "{wrong}");
        }
    }
}
