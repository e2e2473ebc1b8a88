//! Channels: how a message leaves the house, and what the house learns of it.
//!
//! **Invariant:** only the dispatcher calls [`Transport::send`], and only while it holds a lease. A transport neither
//! retries nor remembers: it tries once and says which of four [outcomes](crate::domain::attempt::Outcome) it saw.
//! When it cannot know whether the other side took the message, it says *unknown*; guessing either way would lose a
//! customer or write to them twice.

use async_trait::async_trait;

use crate::domain::attempt::Outcome;
use crate::domain::contact::{Email, Phone};

/// A message that is ready to leave. `Debug` shows neither address nor content.
#[derive(Clone)]
pub enum OutboundMessage {
    /// Mail.
    Email(OutboundEmail),
    /// A text message.
    Sms(OutboundSms),
}

impl std::fmt::Debug for OutboundMessage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Email(mail) => write!(f, "OutboundEmail({})", mail.message_id),
            Self::Sms(sms) => write!(f, "OutboundSms({})", sms.reference),
        }
    }
}

/// A mail: one recipient, rendered to the last byte.
#[derive(Clone)]
pub struct OutboundEmail {
    /// The envelope sender, without angle brackets; never empty.
    pub envelope_from: String,
    /// The envelope recipient.
    pub to: Email,
    /// What stands in `Message-ID`, without angle brackets: the same on every try.
    pub message_id: String,
    /// Header and body, CRLF line ends, no line over 998 bytes; not yet dot-stuffed.
    pub bytes: Vec<u8>,
}

/// A text message.
#[derive(Clone)]
pub struct OutboundSms {
    /// The recipient.
    pub to: Phone,
    /// What it says.
    pub text: String,
    /// Segments that it travels in.
    pub n_segments: u8,
    /// Our own name for the attempt, the same on every try; an idempotency key where the gateway takes one.
    pub reference: String,
    /// Where the gateway may report to: a link that cannot be guessed.
    pub status_url: String,
}

/// A text message that may have left, for whoever can be asked about it. `Debug` shows neither number nor text.
#[derive(Clone)]
pub struct SentSms {
    /// The recipient.
    pub to: Phone,
    /// Our own name for the attempt.
    pub reference: String,
    /// A piece of its text that no other message has.
    pub in_text: String,
}

impl std::fmt::Debug for SentSms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SentSms({})", self.reference)
    }
}

/// Something that messages leave by.
#[async_trait]
pub trait Transport: Send + Sync {
    /// Tries once. Never waits longer than its own time limits, and leaves nothing half done behind when it is dropped.
    async fn send(&self, message: &OutboundMessage) -> Outcome;

    /// Asks what became of a text message whose answer was lost. Sends nothing and changes nothing. Most cannot be asked.
    async fn ask(&self, sent: &SentSms) -> Result<sms::Verdict, sms::AskError> {
        let _ = sent;
        Err(sms::AskError::NotDeclared)
    }

    /// How many messages it carries at once.
    fn connections(&self) -> usize;

    /// What to call it in logs, metrics and `canvass why`: `smtp`, `file`, a gateway's name.
    fn name(&self) -> &str;
}

pub mod email;
pub mod file;
pub mod reach;
pub mod sms;
