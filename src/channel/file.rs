//! Messages into a folder instead of the world: for rehearsals, for a mail system that picks files up, and for looking.
//!
//! A file appears whole or not at all: it is written beside its place, brought to the disk and renamed. It is named
//! after the message, so a message that is sent again takes its own place and nothing doubles.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use super::{OutboundMessage, OutboundSms, Transport};
use crate::domain::attempt::{Obstacle, Outcome};

/// Longest file name without its ending, in bytes; file systems take 255.
const NAME_BYTES_MAX: usize = 200;

/// Files written at once; more would only queue for the disk.
pub const FILES_AT_ONCE: usize = 8;

/// Writes mail as `<message-id>.eml` and text messages as `<reference>.txt`.
#[derive(Clone, Debug)]
pub struct FileTransport {
    dir: PathBuf,
}

impl FileTransport {
    /// Writes into `dir`, which is made where it is missing.
    pub fn open(dir: PathBuf) -> io::Result<Self> {
        std::fs::create_dir_all(&dir)?;
        Ok(Self { dir })
    }
}

#[async_trait]
impl Transport for FileTransport {
    async fn send(&self, message: &OutboundMessage) -> Outcome {
        let (name, bytes) = match message {
            OutboundMessage::Email(mail) => (file_name(&mail.message_id, "eml"), mail.bytes.clone()),
            OutboundMessage::Sms(sms) => (file_name(&sms.reference, "txt"), note(sms).into_bytes()),
        };
        let (dir, path) = (self.dir.clone(), self.dir.join(&name));
        let written = tokio::task::spawn_blocking(move || write_whole(&dir, &path, &bytes)).await;
        match written.unwrap_or_else(|err| Err(io::Error::other(err))) {
            Ok(()) => Outcome::Accepted { provider_ref: None, n_segments: None, reply: format!("written to {name}") },
            Err(err) => {
                let reply = format!("cannot write {name}: {err}");
                Outcome::Deferred { not_before: None, reply, obstacle: Obstacle::Route { slow_down: false } }
            }
        }
    }

    fn connections(&self) -> usize {
        FILES_AT_ONCE
    }

    fn name(&self) -> &'static str {
        "file"
    }
}

/// A text message as a file: who, which, where reports go, an empty line, what.
fn note(sms: &OutboundSms) -> String {
    format!("To: {}\nReference: {}\nStatus-URL: {}\n\n{}\n", sms.to.as_str(), sms.reference, sms.status_url, sms.text)
}

/// The name of the message as a file: what could lead out of the folder or hide the file is replaced, and a hash keeps
/// changed names apart.
fn file_name(id: &str, ending: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "@._+=-".contains(c);
    let safe: String = id.chars().map(|c| if is_safe(c) { c } else { '_' }).take(NAME_BYTES_MAX).collect();
    if safe == id && !id.is_empty() && !id.starts_with('.') {
        return format!("{safe}.{ending}");
    }
    let hash: String =
        HEXLOWER.encode(digest::digest(&digest::SHA256, id.as_bytes()).as_ref()).chars().take(16).collect();
    format!("{}-{hash}.{ending}", safe.trim_start_matches('.'))
}

/// Writes a file of this folder whole or not at all; it is on the disk when this returns.
pub(crate) fn write_whole(dir: &Path, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut part = tempfile::Builder::new().prefix(".").suffix(".part").tempfile_in(dir)?;
    part.write_all(bytes)?;
    part.as_file().sync_all()?;
    part.persist(path)?;
    // The rename is on the disk only when the folder is.
    std::fs::File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::OutboundEmail;
    use crate::domain::contact::{Email, Phone};

    fn mail(message_id: &str, bytes: &[u8]) -> OutboundMessage {
        OutboundMessage::Email(OutboundEmail {
            envelope_from: "b@sole.example".to_owned(),
            to: Email::parse("guest@example.org").unwrap(),
            message_id: message_id.to_owned(),
            bytes: bytes.to_vec(),
        })
    }

    fn files(dir: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(dir).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[tokio::test]
    async fn a_message_that_is_sent_again_takes_its_own_place() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = FileTransport::open(dir.path().join("outbox")).unwrap();
        for bytes in [&b"first\r\n"[..], b"again\r\n"] {
            assert_eq!(outbox.send(&mail("inv.1@sole.example", bytes)).await.as_str(), "accepted");
        }
        assert_eq!(files(&dir.path().join("outbox")), ["inv.1@sole.example.eml"]);
        assert_eq!(std::fs::read(dir.path().join("outbox/inv.1@sole.example.eml")).unwrap(), b"again\r\n");
    }

    #[tokio::test]
    async fn a_text_message_is_a_readable_note() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = FileTransport::open(dir.path().to_owned()).unwrap();
        let sms = OutboundMessage::Sms(OutboundSms {
            n_segments: 1,
            to: Phone::parse("+4915112345678", None).unwrap(),
            text: "How was it? https://s.sole.example/s/abc".to_owned(),
            reference: "inv_1-2".to_owned(),
            status_url: "https://s.sole.example/hooks/x".to_owned(),
        });
        assert_eq!(outbox.send(&sms).await.as_str(), "accepted");
        let expected = "To: +4915112345678\nReference: inv_1-2\nStatus-URL: https://s.sole.example/hooks/x\n\n\
                        How was it? https://s.sole.example/s/abc\n";
        assert_eq!(std::fs::read_to_string(dir.path().join("inv_1-2.txt")).unwrap(), expected);
    }

    #[tokio::test]
    async fn a_disk_that_fails_costs_the_recipient_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = FileTransport::open(dir.path().join("gone")).unwrap();
        std::fs::remove_dir(dir.path().join("gone")).unwrap();
        let outcome = outbox.send(&mail("a@b.example", b"x")).await;
        assert!(
            matches!(outcome, Outcome::Deferred { obstacle: Obstacle::Route { slow_down: false }, .. }),
            "{}",
            outcome.reply()
        );
    }

    #[test]
    fn no_name_leads_out_of_the_folder_or_to_another_message() {
        assert_eq!(file_name("inv.1@sole.example", "eml"), "inv.1@sole.example.eml");
        for evil in ["../../etc/passwd", ".hidden", "a/b", "a\0b", "", "ü", &"x".repeat(500)] {
            let name = file_name(evil, "eml");
            assert!(!name.contains('/') && !name.starts_with('.') && name.len() < 255, "{name}");
        }
        assert_ne!(file_name("a/b", "eml"), file_name("a?b", "eml"));
        assert_ne!(file_name(&"x".repeat(500), "eml"), file_name(&"x".repeat(501), "eml"));
    }
}
