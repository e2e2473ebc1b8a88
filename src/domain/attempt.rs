//! An attempt: one message of an invitation on one channel.

use chrono::{DateTime, Utc};

use super::journey::{Channel, StepKind};
use super::price::Price;
use super::receipt::{Bounce, News};

/// Longest reply of a server that is kept, in characters.
pub const REPLY_CHARS_MAX: usize = 300;
/// Most segments of a text message; a longer one is not sent. Many networks refuse it anyway, and what is at stake with a
/// message of which nobody knows what came has a bound.
pub const TEXT_SEGMENTS_MAX: u8 = 10;

/// One message. It may take several tries; they share its number, and mail its Message-ID.
#[derive(Clone, PartialEq)]
pub struct Attempt {
    /// Counted from 1 in its invitation.
    pub number: u8,
    /// The step of the line-up, counted from 0.
    pub step: u8,
    /// By which channel.
    pub channel: Channel,
    /// What it is to the customer.
    pub kind: StepKind,
    /// When it was first handed to the channel: the mail's `Date`, and where the cohort of the invitation comes from.
    pub first_tried_at: DateTime<Utc>,
    /// How often it was handed to the channel.
    pub n_tries: u16,
    /// What became of it.
    pub fate: Fate,
    /// Whether its outcome was unknown once, whatever came of it later.
    pub was_unknown: bool,
    /// The channel's own name for it, where the channel gave one.
    pub provider_ref: Option<String>,
    /// The mark of the address that it was sent to ([`Seal::address_mark`](super::seal::Seal::address_mark)), from the first
    /// outcome on: the contact may have another by the time that it comes back.
    pub to: Option<[u8; 16]>,
    /// What it cost, as far as anybody knows: of a text message that the channel took, or may have taken.
    pub cost: Option<TextCost>,
}

/// What a text message cost when it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextCost {
    /// Segments that are paid for.
    pub n_segments: u8,
    /// What one of them cost, where operations wrote it.
    pub price: Option<Price>,
}

impl TextCost {
    /// What all of it cost.
    pub fn total(self) -> Option<Price> {
        self.price.map(|price| price.times(self.n_segments.into()))
    }
}

/// As people read it: `2 segments, 0.158 EUR`.
impl std::fmt::Display for TextCost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let plural = if self.n_segments == 1 { "" } else { "s" };
        write!(f, "{} segment{plural}", self.n_segments)?;
        self.total().map_or(Ok(()), |total| write!(f, ", {total}"))
    }
}

impl std::fmt::Debug for Attempt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempt")
            .field("number", &self.number)
            .field("channel", &self.channel)
            .field("n_tries", &self.n_tries)
            .field("fate", &self.fate)
            .finish_non_exhaustive()
    }
}

/// What became of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Handed to the channel; no outcome yet.
    Sending,
    /// The channel asked us to come again.
    Deferred,
    /// The channel took it.
    Accepted {
        /// When.
        at: DateTime<Utc>,
    },
    /// The channel will not take it, or we gave up.
    Refused {
        /// When.
        at: DateTime<Utc>,
    },
    /// Nobody can say whether the channel took it.
    Unknown {
        /// When we lost sight of it.
        at: DateTime<Utc>,
    },
    /// It arrived, as a receipt says.
    Delivered {
        /// When that was heard.
        at: DateTime<Utc>,
    },
    /// The channel took it, and it came back.
    Bounced {
        /// When that was heard.
        at: DateTime<Utc>,
        /// Whose fault it is.
        class: Bounce,
    },
    /// It arrived, and the recipient complained of it.
    Complained {
        /// When that was heard.
        at: DateTime<Utc>,
    },
}

impl Fate {
    /// Since when nobody knows what came of it, if that is so.
    pub fn lost_at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Unknown { at } => Some(at),
            Self::Sending
            | Self::Deferred
            | Self::Accepted { .. }
            | Self::Refused { .. }
            | Self::Delivered { .. }
            | Self::Bounced { .. }
            | Self::Complained { .. } => None,
        }
    }

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Deferred => "deferred",
            Self::Accepted { .. } => "accepted",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
            Self::Delivered { .. } => "delivered",
            Self::Bounced { .. } => "bounced",
            Self::Complained { .. } => "complained",
        }
    }

    /// When it came to that, once there is an outcome.
    pub fn at(self) -> Option<DateTime<Utc>> {
        match self {
            Self::Sending | Self::Deferred => None,
            Self::Accepted { at }
            | Self::Refused { at }
            | Self::Unknown { at }
            | Self::Delivered { at }
            | Self::Bounced { at, .. }
            | Self::Complained { at } => Some(at),
        }
    }

    /// Whether the contact has the message, as far as anybody knows: the channel took it, and it did not come back.
    pub fn has_arrived(self) -> bool {
        matches!(self, Self::Accepted { .. } | Self::Delivered { .. } | Self::Complained { .. })
    }

    /// Whether the contact does not have it and never will.
    pub fn has_failed(self) -> bool {
        matches!(self, Self::Refused { .. } | Self::Bounced { .. })
    }

    /// What a receipt told of it.
    pub fn news(self) -> Option<News> {
        match self {
            Self::Delivered { .. } => Some(News::Delivered),
            Self::Bounced { class, .. } => Some(News::Bounced(class)),
            Self::Complained { .. } => Some(News::Complained),
            Self::Sending | Self::Deferred | Self::Accepted { .. } | Self::Refused { .. } | Self::Unknown { .. } => {
                None
            }
        }
    }

    /// What it is after this news.
    pub fn after(news: News, at: DateTime<Utc>) -> Self {
        match news {
            News::Delivered => Self::Delivered { at },
            News::Bounced(class) => Self::Bounced { at, class },
            News::Complained => Self::Complained { at },
        }
    }
}

/// What a channel did with a message: one of the four outcomes of DESIGN.md's invariant 5.
#[derive(Clone, PartialEq)]
pub enum Outcome {
    /// It took it.
    Accepted {
        /// Its own name for the message.
        provider_ref: Option<String>,
        /// Segments that it says it charged, where it does.
        n_segments: Option<u8>,
        /// Its answer.
        reply: String,
    },
    /// It asked us to come again, not before then.
    Deferred {
        /// Not before this, where it said so.
        not_before: Option<DateTime<Utc>>,
        /// Its answer.
        reply: String,
        /// What stood in the way.
        obstacle: Obstacle,
    },
    /// It will never take it.
    Refused {
        /// Its answer.
        reply: String,
        /// Whether the address itself is dead and must not be written to again.
        address_dead: bool,
    },
    /// The connection broke when the message may have been taken.
    Unknown {
        /// What happened.
        reply: String,
    },
}

/// What stood in the way of a message that was deferred, and so what has to wait: this message, all messages to the
/// recipient's domain, or everything that leaves the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Something about this recipient or this message: greylisting, a mailbox that is busy or full.
    Recipient,
    /// The recipient's domain, or the machine that takes its mail: another message to it would meet the same.
    Domain {
        /// Whether it wants less of us at a time, rather than being out of order for a while.
        slow_down: bool,
    },
    /// The recipient's domain does not believe that we are who we say we are: for now it takes nothing from us, and others
    /// may follow. The recipient is innocent.
    Sender,
    /// The relay or the gateway as a whole, or our way there: nothing that leaves by it would get further.
    Route {
        /// Whether it wants less of us at a time, rather than being out of order for a while.
        slow_down: bool,
    },
    /// What the gateway may cost on a day: this message needs more than is left.
    DayLimit {
        /// Segments that it needs.
        n_segments: u8,
    },
}

impl Obstacle {
    /// Whether it uses up one of the recipient's tries, after which the next wait is longer. A dead relay says nothing
    /// about the recipient, and what our haste brought about is cured by a slower pace, not by making those wait longest
    /// who happened to meet it.
    pub fn counts(self) -> bool {
        match self {
            Self::Recipient => true,
            Self::Domain { slow_down } => !slow_down,
            Self::Sender | Self::Route { .. } | Self::DayLimit { .. } => false,
        }
    }
}

impl Outcome {
    /// The word for it in JSON, logs and metrics.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted { .. } => "accepted",
            Self::Deferred { .. } => "deferred",
            Self::Refused { .. } => "refused",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// The channel's answer, cut to what is kept.
    pub fn reply(&self) -> String {
        let reply = match self {
            Self::Accepted { reply, .. }
            | Self::Deferred { reply, .. }
            | Self::Refused { reply, .. }
            | Self::Unknown { reply } => reply,
        };
        reply.chars().filter(|c| !c.is_control()).take(REPLY_CHARS_MAX).collect()
    }
}

/// A server's reply may name the address, so `Debug` shows the outcome only.
impl std::fmt::Debug for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cost_reads_as_a_clause() {
        let cost = |n_segments, price: Option<&str>| {
            let price = price.map(|price| Price::parse(price).unwrap());
            TextCost { n_segments, price }.to_string()
        };
        assert_eq!(cost(2, Some("0.079 EUR")), "2 segments, 0.158 EUR");
        assert_eq!(cost(1, None), "1 segment");
    }

    #[test]
    fn only_what_a_longer_wait_can_cure_uses_up_a_try() {
        assert!(Obstacle::Recipient.counts());
        assert!(Obstacle::Domain { slow_down: false }.counts());
        assert!(!Obstacle::Domain { slow_down: true }.counts());
        assert!(!Obstacle::Route { slow_down: false }.counts());
    }
}
