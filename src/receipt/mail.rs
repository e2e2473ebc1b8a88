//! A mail to the bounce address: what it says, and about which attempt.
//!
//! ```text
//!  bytes ─► fields, parts ─► claims: token in the recipient ► Original-Envelope-Id ► our Message-ID in what came back
//!                │
//!                └─► verdict: feedback report (RFC 5965) ► delivery report (RFC 3464) ► notice in plain words
//!                             ► automatic answer (RFC 3834) ► somebody wrote
//! ```
//!
//! Half of all bounces are no delivery reports but notices in plain words, in any language, and then only the recipient
//! address tells whose they are. Subjects prove nothing and are never read.

use crate::domain::id::InvitationId;
use crate::domain::receipt::{News, Receipt};
use crate::domain::seal::{LinkTarget, Purpose, Seal};

mod automatic;
mod claims;
mod complaint;
mod fields;
mod notice;
mod parts;
mod report;

pub(super) use claims::claims_in;
use fields::Fields;
use parts::Part;

/// How much of a mail is looked at, in bytes. A report comes before what it returns, and that may be as long as it likes.
pub const LOOKED_AT_BYTES_MAX: usize = 512 * 1024;

/// Who says so, in a [`Receipt`].
pub const SOURCE: &str = "a returned mail";

/// A mail as it came in.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// Header and body, with any line ends.
    pub bytes: &'a [u8],
    /// The envelope recipient, where it is known: what RCPT said, or what a pipe was told.
    pub recipient: Option<&'a str>,
    /// The envelope sender, where it is known; empty or `<>` or, as Postfix tells pipes, `MAILER-DAEMON` when there is
    /// none. A `Return-Path` field tells it too.
    pub sender: Option<&'a str>,
}

/// What a mail says.
#[derive(Debug, PartialEq, Eq)]
pub struct Read {
    /// Which attempts it may be about, the surest first.
    pub claims: Vec<Claim>,
    /// What it says of it.
    pub verdict: Verdict,
}

/// What a mail says that it is about. Nothing is proved until somebody opens it.
#[derive(Clone, PartialEq, Eq)]
pub enum Claim {
    /// The token of our envelope sender (VERP).
    Token(String),
    /// Our Message-ID.
    Message {
        /// The invitation.
        invitation: InvitationId,
        /// Its attempt.
        attempt: u8,
    },
}

/// A token may be used by whoever reads it, so `Debug` does not show it.
impl std::fmt::Debug for Claim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Token(_) => f.write_str("Token(…)"),
            Self::Message { invitation, attempt } => write!(f, "Message({invitation}.{attempt})"),
        }
    }
}

/// What a mail says of the message that it is about.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// What became of the message.
    Receipt(Receipt),
    /// Nothing became of it.
    Nothing(Nothing),
    /// It cannot be told; somebody should look at it.
    Unreadable(Unreadable),
}

/// Why a mail that was understood changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// It has not arrived yet, and is still tried.
    Delayed,
    /// It went on to a server that does not report.
    Relayed,
    /// It went on to several, as a list does.
    Expanded,
    /// An answer that nobody wrote: an absence, a ticket, a challenge.
    Automatic,
    /// Somebody displayed or deleted it (RFC 8098).
    Displayed,
    /// A feedback report that is no complaint.
    Feedback,
}

impl Nothing {
    /// The word for it in JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delayed => "delayed",
            Self::Relayed => "relayed",
            Self::Expanded => "expanded",
            Self::Automatic => "automatic",
            Self::Displayed => "displayed",
            Self::Feedback => "feedback",
        }
    }
}

/// Why nobody can tell what a mail says. Shown to whoever has to look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There are no header fields.
    #[error("it has no header, so it is no mail")]
    NoMail,
    /// Neither a report nor an automatic answer.
    #[error("it is neither a report nor an automatic answer; somebody may have written it")]
    NoReport,
    /// A feedback report of a kind that is not known.
    #[error("it is a feedback report, and does not say that it is a complaint")]
    NoComplaint,
    /// News of a message, and nothing in it that we gave away.
    #[error("it tells what became of a message, and not of which one")]
    NoClaim,
}

impl Unreadable {
    /// The word for it in JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoMail => "no_mail",
            Self::NoReport => "no_report",
            Self::NoComplaint => "no_complaint",
            Self::NoClaim => "no_claim",
        }
    }
}

impl Read {
    /// The attempt that it is about: that of the first claim that the seal does not refuse. A Message-ID needs no seal,
    /// because nobody can guess an invitation's id; whether there is such an attempt, the store knows.
    pub fn target(&self, seal: &Seal) -> Option<LinkTarget> {
        opened(&self.claims, seal)
    }
}

/// The attempt of the first claim that the seal does not refuse.
pub(super) fn opened(claims: &[Claim], seal: &Seal) -> Option<LinkTarget> {
    claims.iter().find_map(|claim| match claim {
        Claim::Token(token) => seal.open(Purpose::Receipt, token),
        Claim::Message { invitation, attempt } => Some(LinkTarget { invitation: *invitation, attempt: *attempt }),
    })
}

/// A mail taken apart.
struct Mail<'a> {
    /// Its header.
    fields: Fields,
    /// What is in it, in order.
    parts: Vec<Part<'a>>,
    /// The header of the message that it returns, as far as it does.
    returned: Option<Fields>,
    /// Whether it says that it comes from nobody, so that nobody answers it (RFC 5321 §4.5.5).
    is_from_nobody: bool,
}

/// Reads a mail, or as much of it as is looked at.
pub fn read(incoming: Incoming<'_>) -> Read {
    let (looked_at, _) = incoming.bytes.split_at(incoming.bytes.len().min(LOOKED_AT_BYTES_MAX));
    let bytes = fields::with_line_feeds(looked_at);
    let (fields, body) = Fields::read(&bytes);
    let parts = parts::parts(&fields, body);
    let returned = parts.iter().find(|part| part.is_returned()).map(|part| Fields::read(&part.content()).0);
    let is_from_nobody = is_nobody(incoming.sender) || is_nobody(fields.first("return-path"));
    let mail = Mail { fields, parts, returned, is_from_nobody };
    let claims = claims::claims(&mail, incoming.recipient);
    let verdict = match verdict(&mail) {
        Verdict::Receipt(_) if claims.is_empty() => Verdict::Unreadable(Unreadable::NoClaim),
        verdict @ (Verdict::Receipt(_) | Verdict::Nothing(_) | Verdict::Unreadable(_)) => verdict,
    };
    Read { claims, verdict }
}

fn is_nobody(sender: Option<&str>) -> bool {
    sender.is_some_and(|sender| {
        let sender = sender.trim();
        matches!(sender, "" | "<>") || sender.eq_ignore_ascii_case("mailer-daemon")
    })
}

fn verdict(mail: &Mail<'_>) -> Verdict {
    if mail.fields.is_empty() {
        return Verdict::Unreadable(Unreadable::NoMail);
    }
    if let Some(part) = mail.part("message/feedback-report") {
        return complaint::verdict(&Fields::read(&part.content()).0);
    }
    let status = mail.part("message/delivery-status").or_else(|| mail.part("message/global-delivery-status"));
    if let Some(found) = status.and_then(|part| report::verdict(&Fields::groups(&part.content()), mail)) {
        return found;
    }
    if mail.part("message/disposition-notification").is_some() {
        return Verdict::Nothing(Nothing::Displayed);
    }
    notice::verdict(mail)
}

impl Mail<'_> {
    fn part(&self, kind: &str) -> Option<&Part<'_>> {
        self.parts.iter().find(|part| part.kind == kind)
    }
}

/// A receipt of this source.
fn receipt(news: News, reply: &str) -> Verdict {
    Verdict::Receipt(Receipt::of(news, SOURCE, reply))
}
