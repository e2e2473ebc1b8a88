//! What was caught: a bounded inbox in memory, oldest out first.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;
use tokio::sync::watch;

use crate::clock::Clock;

/// Most bytes of all messages together.
const INBOX_BYTES_MAX: usize = 64 * 1024 * 1024;

/// What kind of message was caught.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Mail.
    Mail,
    /// A text message.
    Sms,
}

impl Kind {
    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mail => "mail",
            Self::Sms => "sms",
        }
    }
}

/// A caught message. `Debug` shows neither address nor content.
#[derive(Clone, PartialEq, Eq)]
pub struct Caught {
    /// Counted from 1 over the life of the inbox.
    pub n: u64,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Mail or text message.
    pub kind: Kind,
    /// The envelope sender, or the sender id.
    pub from: String,
    /// The envelope recipients joined by commas, or the number.
    pub to: String,
    /// The subject; empty for text messages.
    pub subject: String,
    /// The text.
    pub text: String,
    /// The HTML part, where there is one.
    pub html: Option<String>,
    /// The header fields as they came; empty for text messages.
    pub headers: String,
    /// The mail as it came, dots unstuffed; empty for text messages.
    pub raw: Vec<u8>,
    /// Where the sender of a text message wants reports about it.
    pub callback_url: Option<String>,
}

impl fmt::Debug for Caught {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Caught({} {})", self.kind.as_str(), self.n)
    }
}

/// A text message as a gateway takes it.
#[derive(Clone, PartialEq, Eq)]
pub struct TextMessage {
    /// The sender id.
    pub from: String,
    /// The number.
    pub to: String,
    /// What it says.
    pub text: String,
    /// Where reports go, where somebody wants them.
    pub callback_url: Option<String>,
}

impl fmt::Debug for TextMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TextMessage(…)")
    }
}

/// Caught messages, as many as fit.
pub struct Inbox {
    clock: Arc<dyn Clock>,
    n_max: usize,
    kept: Mutex<Kept>,
    n_caught: watch::Sender<u64>,
}

#[derive(Default)]
struct Kept {
    messages: VecDeque<Arc<Caught>>,
    n_bytes: usize,
    n_caught: u64,
}

impl Inbox {
    /// An empty inbox that keeps the newest `n_max` messages, and 64 MiB at most.
    pub fn open(clock: Arc<dyn Clock>, n_max: usize) -> Self {
        Self { clock, n_max, kept: Mutex::default(), n_caught: watch::Sender::new(0) }
    }

    /// The messages that are kept, oldest first.
    pub fn messages(&self) -> Vec<Arc<Caught>> {
        self.kept().messages.iter().cloned().collect()
    }

    /// The message of that number, if it is still kept.
    pub fn message(&self, n: u64) -> Option<Arc<Caught>> {
        self.kept().messages.iter().find(|caught| caught.n == n).cloned()
    }

    /// How many messages were caught, also those that are no longer kept; the receiver learns of each new one.
    pub fn count(&self) -> watch::Receiver<u64> {
        self.n_caught.subscribe()
    }

    /// Keeps a mail as it came; returns its number.
    pub fn catch_mail(&self, from: &str, to: &[String], raw: Vec<u8>) -> u64 {
        let mut caught = self.blank(Kind::Mail, from, &to.join(", "));
        if let Some(mail) = MessageParser::default().parse(&raw) {
            mail.subject().unwrap_or_default().clone_into(&mut caught.subject);
            caught.text = mail.body_text(0).unwrap_or_default().into_owned();
            // The parser would make HTML of text where there is none.
            let has_html = mail.html_bodies().next().is_some_and(mail_parser::MessagePart::is_text_html);
            caught.html = has_html.then(|| mail.body_html(0).unwrap_or_default().into_owned());
        }
        caught.headers = headers(&raw);
        caught.raw = raw;
        self.keep(caught)
    }

    /// Keeps a text message; returns its number.
    pub fn catch_sms(&self, message: TextMessage) -> u64 {
        let mut caught = self.blank(Kind::Sms, &message.from, &message.to);
        caught.text = message.text;
        caught.callback_url = message.callback_url;
        self.keep(caught)
    }

    fn blank(&self, kind: Kind, from: &str, to: &str) -> Caught {
        Caught {
            n: 0,
            at: self.clock.now(),
            kind,
            from: from.to_owned(),
            to: to.to_owned(),
            subject: String::new(),
            text: String::new(),
            html: None,
            headers: String::new(),
            raw: Vec::new(),
            callback_url: None,
        }
    }

    fn keep(&self, mut caught: Caught) -> u64 {
        let mut kept = self.kept();
        kept.n_caught += 1;
        caught.n = kept.n_caught;
        kept.n_bytes += size(&caught);
        kept.messages.push_back(Arc::new(caught));
        while kept.messages.len() > self.n_max || kept.n_bytes > INBOX_BYTES_MAX {
            let Some(oldest) = kept.messages.pop_front() else { break };
            kept.n_bytes -= size(&oldest);
        }
        self.n_caught.send_replace(kept.n_caught);
        kept.n_caught
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Inbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbox").field("n_caught", &self.kept().n_caught).finish_non_exhaustive()
    }
}

fn size(caught: &Caught) -> usize {
    caught.raw.len() + caught.headers.len() + caught.text.len() + caught.html.as_ref().map_or(0, String::len)
}

/// Everything before the first empty line.
fn headers(raw: &[u8]) -> String {
    let end = raw.windows(4).position(|window| window == b"\r\n\r\n").map_or(raw.len(), |at| at + 2);
    let (headers, _) = raw.split_at(end);
    String::from_utf8_lossy(headers).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::VirtualClock;

    fn inbox(n_max: usize) -> Inbox {
        Inbox::open(Arc::new(VirtualClock::at(DateTime::UNIX_EPOCH)), n_max)
    }

    fn sms(text: &str) -> TextMessage {
        TextMessage { from: "SOLE".into(), to: "+49151".into(), text: text.into(), callback_url: None }
    }

    #[test]
    fn a_mail_is_taken_apart_for_reading_and_kept_as_it_came() {
        let inbox = inbox(9);
        let raw = b"Subject: =?utf-8?b?R3LDvMOfZQ==?=\r\nContent-Type: multipart/alternative; boundary=x\r\n\r\n\
                    --x\r\n\r\nhello\r\n--x\r\nContent-Type: text/html\r\n\r\n<p>hello</p>\r\n--x--\r\n";
        assert_eq!(inbox.catch_mail("a@b.example", &["c@d.example".to_owned()], raw.to_vec()), 1);
        let caught = inbox.message(1).unwrap();
        assert_eq!((caught.subject.as_str(), caught.text.as_str()), ("Grüße", "hello"));
        assert_eq!(caught.html.as_deref(), Some("<p>hello</p>"));
        assert!(caught.headers.starts_with("Subject: ") && caught.headers.ends_with("boundary=x\r\n"));
        assert_eq!((caught.raw.as_slice(), caught.at), (&raw[..], DateTime::UNIX_EPOCH));
    }

    #[test]
    fn a_mail_of_text_alone_has_no_html() {
        let inbox = inbox(9);
        inbox.catch_mail("a@b.example", &[], b"Subject: x\r\n\r\nhello\r\n".to_vec());
        assert_eq!(inbox.message(1).unwrap().html, None);
    }

    #[test]
    fn the_oldest_make_room_and_numbers_go_on() {
        let inbox = inbox(2);
        for text in ["one", "two", "three"] {
            inbox.catch_sms(sms(text));
        }
        let kept: Vec<_> = inbox.messages().iter().map(|caught| (caught.n, caught.text.clone())).collect();
        assert_eq!(kept, [(2, "two".to_owned()), (3, "three".to_owned())]);
        assert_eq!(*inbox.count().borrow(), 3);
    }

    #[test]
    fn what_does_not_fit_in_memory_is_not_kept() {
        let inbox = inbox(9);
        inbox.catch_sms(sms(&"x".repeat(INBOX_BYTES_MAX - 1)));
        inbox.catch_sms(sms("xx"));
        assert_eq!(inbox.messages().len(), 1);
    }
}
