//! Ids that say what they are.
//!
//! Three families: *names* that operations choose in TOML (`mitte`, `dine-in`), *references* that the caller's systems
//! choose (contact and event ids), and *numbers* of 128 bits that canvass makes, shown with a prefix (`inv_…`). They are
//! distinct types, so one cannot be passed where another is meant, and the prefix lets a person read a log.

use std::fmt;

use data_encoding::{Encoding, Specification};

/// Why a text is not an id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("{what} must not be empty")]
    Empty {
        /// Which id was being read.
        what: &'static str,
    },
    /// The text has too many bytes.
    #[error("{what} has {n_bytes} bytes, at most {n_bytes_max} are allowed")]
    TooLong {
        /// Which id was being read.
        what: &'static str,
        /// Bytes given.
        n_bytes: usize,
        /// Bytes allowed.
        n_bytes_max: usize,
    },
    /// A character has no place in this id.
    #[error("{what} `{given}` may not contain {found:?}; {allowed}")]
    BadCharacter {
        /// Which id was being read.
        what: &'static str,
        /// The text given.
        given: String,
        /// The offending character.
        found: char,
        /// What is allowed.
        allowed: &'static str,
    },
    /// Not the prefix and 26 characters that we print.
    #[error("`{given}` is not {what}; one looks like `{prefix}` and 26 letters or digits")]
    BadNumber {
        /// Which id was being read.
        what: &'static str,
        /// The text given.
        given: String,
        /// The prefix it should have.
        prefix: &'static str,
    },
}

/// Longest name in TOML, in bytes.
pub const NAME_BYTES_MAX: usize = 64;
/// Longest reference from a caller's system, in bytes.
pub const REFERENCE_BYTES_MAX: usize = 200;

fn check_name(what: &'static str, given: &str) -> Result<(), IdError> {
    check_length(what, given, NAME_BYTES_MAX)?;
    let ok = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    match given.chars().find(|&c| !ok(c)) {
        None => Ok(()),
        Some(found) => Err(IdError::BadCharacter {
            what,
            given: given.to_owned(),
            found,
            allowed: "use lower-case letters, digits, `-` and `_`",
        }),
    }
}

fn check_reference(what: &'static str, given: &str) -> Result<(), IdError> {
    check_length(what, given, REFERENCE_BYTES_MAX)?;
    match given.chars().find(|c| c.is_control() || c.is_whitespace()) {
        None => Ok(()),
        Some(found) => Err(IdError::BadCharacter {
            what,
            given: given.escape_debug().to_string(),
            found,
            allowed: "use any characters but white space and control characters",
        }),
    }
}

fn check_length(what: &'static str, given: &str, n_bytes_max: usize) -> Result<(), IdError> {
    if given.is_empty() {
        return Err(IdError::Empty { what });
    }
    if given.len() > n_bytes_max {
        return Err(IdError::TooLong { what, n_bytes: given.len(), n_bytes_max });
    }
    Ok(())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Box<str>);

        impl $name {
            /// Reads one, or says what is wrong with it.
            pub fn parse(given: &str) -> Result<Self, IdError> {
                $check($what, given)?;
                Ok(Self(given.into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// A branch of `places.toml`.
    BranchId, "a branch id", check_name
);
text_id!(
    /// A touchpoint of a branch.
    TouchpointId, "a touchpoint id", check_name
);
text_id!(
    /// A journey.
    JourneyId, "a journey id", check_name
);
text_id!(
    /// A stage of a journey.
    StageId, "a stage id", check_name
);
text_id!(
    /// A survey.
    SurveyId, "a survey id", check_name
);
text_id!(
    /// A question of a survey.
    QuestionId, "a question id", check_name
);
text_id!(
    /// A contact, by the caller's own id.
    ContactId, "a contact id", check_reference
);
text_id!(
    /// An event, by the caller's own id; what makes it idempotent.
    EventId, "an event id", check_reference
);

/// Crockford's base 32: no I, L, O or U, so that an id survives being read aloud.
fn crockford() -> Encoding {
    let mut spec = Specification::new();
    spec.symbols.push_str("0123456789ABCDEFGHJKMNPQRSTVWXYZ");
    spec.translate.from.push_str("abcdefghjkmnpqrstvwxyzoOiIlL");
    spec.translate.to.push_str("ABCDEFGHJKMNPQRSTVWXYZ001111");
    spec.encoding().expect("32 distinct symbols make a base 32")
}

static CROCKFORD: std::sync::LazyLock<Encoding> = std::sync::LazyLock::new(crockford);

macro_rules! number_id {
    ($(#[$doc:meta])* $name:ident, $what:literal, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// The id of these 16 bytes.
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// Its 16 bytes, which sort as the id does.
            pub const fn as_bytes(&self) -> &[u8; 16] {
                &self.0
            }

            /// Reads what [`Display`](fmt::Display) prints.
            pub fn parse(given: &str) -> Result<Self, IdError> {
                let bad = || IdError::BadNumber { what: $what, given: given.escape_debug().to_string(), prefix: $prefix };
                let digits = given.strip_prefix($prefix).ok_or_else(bad)?;
                let bytes = CROCKFORD.decode(digits.as_bytes()).map_err(|_| bad())?;
                Ok(Self(bytes.try_into().map_err(|_| bad())?))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(&CROCKFORD.encode(&self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

number_id!(
    /// An invitation. The first half is the same for all invitations of a contact, so that they lie side by side in the
    /// store; the whole is a keyed hash of (contact, journey, stage, occasion), so that asking twice is impossible.
    InvitationId, "an invitation id", "inv_"
);
number_id!(
    /// A response.
    ResponseId, "a response id", "rsp_"
);

number_id!(
    /// A printed card: a keyed hash of its code, because the code itself opens a survey and must not stand in a log.
    CardId, "a card id", "crd_"
);

number_id!(
    /// A kiosk: a tablet that was enrolled at a touchpoint.
    KioskId, "a kiosk id", "kio_"
);

impl InvitationId {
    /// The half that all invitations of one contact share.
    pub fn contact_half(&self) -> [u8; 8] {
        let mut half = [0; 8];
        half.copy_from_slice(self.0.split_at(8).0);
        half
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_reads_back_from_its_text_also_when_read_aloud() {
        let id = InvitationId::from_bytes(*b"0123456789abcdef");
        assert_eq!(InvitationId::parse(&id.to_string()), Ok(id));
        let spoken = format!("inv_{}", id.to_string().trim_start_matches("inv_").to_lowercase().replace('1', "l"));
        assert_eq!(InvitationId::parse(&spoken), Ok(id));
    }

    #[test]
    fn numbers_of_another_kind_or_length_are_refused() {
        let text = InvitationId::from_bytes([7; 16]).to_string();
        assert!(ResponseId::parse(&text).is_err());
        assert!(InvitationId::parse("inv_0").is_err());
        assert!(InvitationId::parse("inv_é").is_err());
    }

    #[test]
    fn names_and_references_say_what_is_wrong() {
        assert!(BranchId::parse("mitte-2").is_ok());
        assert_eq!(
            BranchId::parse("Mitte").unwrap_err().to_string(),
            "a branch id `Mitte` may not contain 'M'; use lower-case letters, digits, `-` and `_`"
        );
        assert!(ContactId::parse("A/17:ü").is_ok());
        assert!(ContactId::parse("a\nb").is_err());
        assert_eq!(ContactId::parse("").unwrap_err().to_string(), "a contact id must not be empty");
        assert!(EventId::parse(&"x".repeat(201)).is_err());
    }
}
