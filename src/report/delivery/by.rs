//! What messages are split by.

use super::{Message, day, reason};

/// A dimension of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The channel.
    Channel,
    /// The domain of the recipient's address; none for text messages, and where the address has changed since.
    Domain,
    /// The SMS gateway that such messages take today; none for mail.
    Gateway,
    /// Why it did not get through: the code that was given, without words that may name somebody.
    Reason,
    /// What it was to the customer.
    Kind,
    /// The journey.
    Journey,
    /// The stage.
    Stage,
    /// The branch.
    Branch,
    /// The day of its first try.
    Day,
}

/// Why a text is no list of dimensions.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ByError {
    /// Not a dimension.
    #[error("`{given}` is nothing to split messages by; use one or several of {}", By::ALL.map(By::as_str).join(","))]
    Unknown {
        /// The part that is wrong.
        given: String,
    },
    /// The same dimension twice.
    #[error("`{given}` is given twice")]
    Twice {
        /// The dimension.
        given: &'static str,
    },
}

impl By {
    /// Every dimension.
    pub const ALL: [Self; 9] = [
        Self::Channel,
        Self::Domain,
        Self::Gateway,
        Self::Reason,
        Self::Kind,
        Self::Journey,
        Self::Stage,
        Self::Branch,
        Self::Day,
    ];

    /// The word for it on the command line, in JSON and in CSV.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Domain => "domain",
            Self::Gateway => "gateway",
            Self::Reason => "reason",
            Self::Kind => "kind",
            Self::Journey => "journey",
            Self::Stage => "stage",
            Self::Branch => "branch",
            Self::Day => "day",
        }
    }

    /// Reads a list such as `channel,reason`. An error names what is wrong in it.
    pub fn parse_list(given: &str) -> Result<Vec<Self>, ByError> {
        let mut list = Vec::new();
        for part in given.split(',').map(str::trim) {
            let known = Self::ALL.into_iter().find(|by| by.as_str() == part);
            let by = known.ok_or_else(|| ByError::Unknown { given: part.escape_debug().to_string() })?;
            if list.contains(&by) {
                return Err(ByError::Twice { given: by.as_str() });
            }
            list.push(by);
        }
        Ok(list)
    }

    /// What the message is called in this dimension.
    pub(super) fn of(self, message: &Message<'_>) -> Option<String> {
        let Message { invitation, attempt, domain, gateway } = message;
        match self {
            Self::Channel => Some(attempt.channel.as_str().to_owned()),
            Self::Domain => domain.map(str::to_owned),
            Self::Gateway => gateway.map(str::to_owned),
            Self::Reason => reason::of(invitation, attempt),
            Self::Kind => Some(attempt.kind.as_str().to_owned()),
            Self::Journey => Some(invitation.journey.as_str().to_owned()),
            Self::Stage => Some(invitation.stage.as_str().to_owned()),
            Self::Branch => invitation.branch.as_ref().map(|branch| branch.as_str().to_owned()),
            Self::Day => Some(day(invitation, attempt).to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_reads_in_its_order_and_a_bad_one_names_the_part() {
        assert_eq!(By::parse_list("reason, channel"), Ok(vec![By::Reason, By::Channel]));
        for by in By::ALL {
            assert_eq!(By::parse_list(by.as_str()), Ok(vec![by]));
        }
        let error = |given| By::parse_list(given).unwrap_err().to_string();
        assert_eq!(error("day,day"), "`day` is given twice");
        assert_eq!(
            error("domian"),
            "`domian` is nothing to split messages by; use one or several of \
             channel,domain,gateway,reason,kind,journey,stage,branch,day"
        );
    }
}
