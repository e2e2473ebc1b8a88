//! The suppression list: addresses that nothing is sent to any more, whoever has them and whatever an import says.
//!
//! It holds no address, only the mark of one, so it survives an erasure and tells nobody anything who does not have the
//! address already.

use chrono::{DateTime, Utc};

use super::contact::{Email, Phone};
use super::journey::Channel;

/// Longest word for who had an address suppressed, in characters.
pub const SOURCE_CHARS_MAX: usize = 100;

/// An address that is suppressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suppression {
    /// The channel that the address is of.
    pub channel: Channel,
    /// Why.
    pub reason: SuppressionReason,
    /// Who said so: `survey link`, `the relay`, `a returned mail`, a gateway.
    pub source: String,
    /// Since when.
    pub since: DateTime<Utc>,
}

/// Reads an address as it stands on a contact, and its channel: what has an `@` in it is of mail, anything else a telephone
/// number in international form. The error says what would be right.
pub fn read_address(given: &str) -> Result<(Channel, String), String> {
    if given.contains('@') {
        let email = Email::parse(given).map_err(|err| err.to_string())?;
        return Ok((Channel::Email, email.as_str().to_owned()));
    }
    let phone = Phone::parse(given, None).map_err(|err| err.to_string())?;
    Ok((Channel::Sms, phone.as_str().to_owned()))
}

/// Why an address is suppressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SuppressionReason {
    /// Nobody is there, said whoever was to take a message for it.
    Dead,
    /// Nobody is there, said what came back.
    Bounced,
    /// Its owner complained.
    Complained,
    /// Its owner said no more.
    OptedOut,
    /// An operator put it there.
    Imported,
}

impl SuppressionReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [Self::Dead, Self::Bounced, Self::Complained, Self::OptedOut, Self::Imported];

    /// The word for it in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Dead => "dead",
            Self::Bounced => "bounced",
            Self::Complained => "complained",
            Self::OptedOut => "opted_out",
            Self::Imported => "imported",
        }
    }
}
