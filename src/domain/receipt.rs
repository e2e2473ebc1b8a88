//! Receipts: what comes back about a message after its channel took it.
//!
//! They come late, twice, and in any order. So the kinds of news have an order of their own, and the latest of that order
//! is what counts: whoever told first changes nothing.

use super::attempt::REPLY_CHARS_MAX;

/// What came back about a message.
#[derive(Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What became of it.
    pub news: News,
    /// Who says so: `a returned mail`, or the name of a gateway.
    pub source: String,
    /// What was said, cut to what is kept; it may name an address.
    pub reply: String,
}

/// A reply may name an address, so `Debug` leaves it out.
impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("news", &self.news).field("source", &self.source).finish_non_exhaustive()
    }
}

impl Receipt {
    /// A receipt; of what was said as much is kept as of a channel's answer.
    pub fn of(news: News, source: &str, reply: &str) -> Self {
        let reply = reply.chars().filter(|c| !c.is_control()).take(REPLY_CHARS_MAX).collect();
        Self { news, source: source.to_owned(), reply }
    }
}

/// What became of a message, the earlier news before the later.
///
/// A message that came back did so after all that was said of its arrival: a mail server may take what it sends back
/// later, and of a long text message some parts may arrive. Whoever complains of it has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum News {
    /// It arrived.
    Delivered,
    /// It came back, or will never arrive.
    Bounced(Bounce),
    /// The recipient called it unwanted.
    Complained,
}

/// Whose fault it is that a message came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bounce {
    /// Nobody can say, or something that may pass: a full mailbox, a host that could not be reached, a telephone that was off.
    Soft,
    /// What the message says or where it comes from is not wanted there.
    Policy,
    /// We are not who we say we are, as far as they can tell: SPF, DKIM, DMARC, a name server. The recipient is innocent.
    Sender,
    /// Nobody is there: no such mailbox, domain or number. The address must not be written to again.
    Hard,
}

impl Bounce {
    /// Every class.
    pub const ALL: [Self; 4] = [Self::Soft, Self::Policy, Self::Sender, Self::Hard];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Soft => "soft",
            Self::Policy => "policy",
            Self::Sender => "sender",
            Self::Hard => "hard",
        }
    }
}

impl News {
    /// The word for it in JSON, logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Bounced(_) => "bounced",
            Self::Complained => "complained",
        }
    }
}
