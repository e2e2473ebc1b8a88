//! A contact: a person, known by the caller's id.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::id::{BranchId, ContactId};
use super::journey::Channel;
use super::language::Language;

/// Longest name, in bytes.
pub const NAME_BYTES_MAX: usize = 200;
/// Longest email address, in bytes (RFC 5321 §4.5.3.1.3, less the angle brackets).
pub const EMAIL_BYTES_MAX: usize = 254;
/// Most attributes of one contact.
pub const ATTRIBUTES_MAX: usize = 64;
/// Longest attribute, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 500;

/// A person who may be asked. `Debug` shows the id only.
#[derive(Clone, PartialEq)]
pub struct Contact {
    /// The caller's id.
    pub id: ContactId,
    /// What to call the person; empty when unknown.
    pub name: String,
    /// Where mail goes.
    pub email: Option<Email>,
    /// Where text messages go.
    pub phone: Option<Phone>,
    /// What the person reads.
    pub locale: Option<Language>,
    /// Where the person lives, as far as clocks are concerned.
    pub time_zone: Option<Tz>,
    /// The branch that the person belongs to.
    pub branch: Option<BranchId>,
    /// What the person allowed for mail.
    pub consent_email: Consent,
    /// What the person allowed for text messages.
    pub consent_sms: Consent,
    /// Whatever else the caller's systems know.
    pub attributes: BTreeMap<String, String>,
    /// When an event last spoke of this person.
    pub seen_at: Option<DateTime<Utc>>,
    /// Counts the changes that matter to planning: a plan made on an older revision is refused as stale.
    pub revision: u64,
}

impl Contact {
    /// Somebody of whom nothing is known yet but the id.
    pub fn unknown(id: ContactId) -> Self {
        Self {
            id,
            name: String::new(),
            email: None,
            phone: None,
            locale: None,
            time_zone: None,
            branch: None,
            consent_email: Consent::Unknown,
            consent_sms: Consent::Unknown,
            attributes: BTreeMap::new(),
            seen_at: None,
            revision: 0,
        }
    }

    /// The normalised address on this channel.
    pub fn address(&self, channel: Channel) -> Option<&str> {
        match channel {
            Channel::Email => self.email.as_ref().map(Email::as_str),
            Channel::Sms => self.phone.as_ref().map(Phone::as_str),
        }
    }

    /// What the person allowed on this channel.
    pub fn consent(&self, channel: Channel) -> Consent {
        match channel {
            Channel::Email => self.consent_email,
            Channel::Sms => self.consent_sms,
        }
    }

    /// The same, to be changed.
    pub fn consent_mut(&mut self, channel: Channel) -> &mut Consent {
        match channel {
            Channel::Email => &mut self.consent_email,
            Channel::Sms => &mut self.consent_sms,
        }
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact").field("id", &self.id).field("revision", &self.revision).finish_non_exhaustive()
    }
}

/// Whether a person allowed to be asked on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Consent {
    /// Nobody recorded a decision.
    #[default]
    Unknown,
    /// The person agreed.
    Granted,
    /// The person said no. Only the person may change that.
    Refused,
}

impl Consent {
    /// What a caller's data may turn this into: it may fill a blank or withdraw, and never overturns a refusal.
    #[must_use]
    pub fn told(self, given: Option<Self>) -> Self {
        match (self, given) {
            (Self::Refused, _) => Self::Refused,
            (kept, None | Some(Self::Unknown)) => kept,
            (Self::Unknown | Self::Granted, Some(given)) => given,
        }
    }

    /// The word for it in CSV and JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Granted => "yes",
            Self::Refused => "no",
        }
    }
}

/// A normalised email address: the domain in lower case and punycode, no blanks, one `@`. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(Box<str>);

/// Why a text is not an email address. The text itself is not repeated: it may be personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// There is not exactly one part on each side of the `@`.
    #[error("an email address has a name, an `@` and a domain")]
    NoAt,
    /// Longer than a mail server takes.
    #[error("an email address has at most {EMAIL_BYTES_MAX} bytes")]
    TooLong,
    /// A character that may not stand there without quotes.
    #[error("an email address may not contain {found:?} before the `@`")]
    BadCharacter {
        /// The offending character.
        found: char,
    },
    /// Dots at the ends or side by side.
    #[error("the part before the `@` may not begin or end with a dot or have two in a row")]
    BadDots,
    /// Not a domain of the public mail system.
    #[error("the domain after the `@` is not one that mail can be sent to (is there a dot in it?)")]
    BadDomain,
}

impl Email {
    /// Reads an address as people and systems write it: white space around it goes, the domain becomes lower-case
    /// punycode (lettre would not do that, and few relays speak SMTPUTF8), and the local part keeps its case.
    pub fn parse(given: &str) -> Result<Self, EmailError> {
        let given = given.trim();
        if given.len() > EMAIL_BYTES_MAX {
            return Err(EmailError::TooLong);
        }
        let (local, domain) = given.rsplit_once('@').ok_or(EmailError::NoAt)?;
        if local.is_empty() || domain.is_empty() {
            return Err(EmailError::NoAt);
        }
        let allowed = |c: char| c.is_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if let Some(found) = local.chars().find(|&c| !allowed(c)) {
            return Err(EmailError::BadCharacter { found });
        }
        if local.len() > 64 || local.starts_with('.') || local.ends_with('.') || local.contains("..") {
            return Err(EmailError::BadDots);
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError::BadDomain)?;
        let label_ok = |label: &str| !label.is_empty() && label.len() <= 63;
        if !domain.contains('.') || domain.len() > 253 || !domain.split('.').all(label_ok) {
            return Err(EmailError::BadDomain);
        }
        Ok(Self(format!("{local}@{domain}").into()))
    }

    /// An address that was normalised before, read back from where we put it.
    pub(crate) fn trusted(normalised: &str) -> Self {
        Self(normalised.into())
    }

    /// The address, as it goes on the envelope.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What comes after the `@`.
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(…)")
    }
}

/// A telephone number in E.164 form: `+`, country code, number. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Phone(Box<str>);

/// Why a text is not a number that takes text messages. The text itself is not repeated: it may be personal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Not a number at all.
    #[error("this is not a telephone number; write it with its country code, like +49 151 …")]
    NotANumber,
    /// Written in national form, with nothing to say of which nation.
    #[error("this number has no country code, and its branch has no `country` to take it from")]
    NoCountry,
    /// The number plan of the country has no such number.
    #[error("no such number exists in the country that it names")]
    NotAssigned,
    /// An extension cannot receive a text message.
    #[error("a number with an extension cannot receive text messages")]
    Extension,
    /// A kind of line that takes no text messages or costs the caller extra.
    #[error("a {kind} number cannot receive text messages")]
    WrongKind {
        /// The kind of line.
        kind: &'static str,
    },
}

impl Phone {
    /// Reads a number in international form, or in the national form of `country` (ISO 3166 alpha-2).
    ///
    /// Numbers whose kind the metadata does not know are let through: Italian mobiles are among them.
    pub fn parse(given: &str, country: Option<&str>) -> Result<Self, PhoneError> {
        use phonenumber::Type;
        let digits: String = given.trim().chars().map(ascii_digit).collect();
        let country = country.and_then(|code| code.parse::<phonenumber::country::Id>().ok());
        if country.is_none() && !digits.starts_with('+') {
            let looks_national = digits.bytes().filter(u8::is_ascii_digit).count() > 3;
            return Err(if looks_national { PhoneError::NoCountry } else { PhoneError::NotANumber });
        }
        let number = phonenumber::parse(country, &digits).map_err(|_| PhoneError::NotANumber)?;
        if number.extension().is_some() {
            return Err(PhoneError::Extension);
        }
        if !phonenumber::is_valid(&number) {
            return Err(PhoneError::NotAssigned);
        }
        let kind = match number.number_type(&phonenumber::metadata::DATABASE) {
            Type::FixedLine => Some("landline"),
            Type::TollFree => Some("toll-free"),
            Type::PremiumRate => Some("premium-rate"),
            Type::SharedCost => Some("shared-cost"),
            Type::Pager => Some("pager"),
            Type::Voicemail => Some("voicemail"),
            Type::Mobile
            | Type::FixedLineOrMobile
            | Type::Voip
            | Type::PersonalNumber
            | Type::Uan
            | Type::Emergency
            | Type::ShortCode
            | Type::StandardRate
            | Type::Carrier
            | Type::NoInternational
            | Type::Unknown => None,
        };
        match kind {
            Some(kind) => Err(PhoneError::WrongKind { kind }),
            None => Ok(Self(number.format().mode(phonenumber::Mode::E164).to_string().into())),
        }
    }

    /// A number that was normalised before, read back from where we put it.
    pub(crate) fn trusted(normalised: &str) -> Self {
        Self(normalised.into())
    }

    /// The number with its `+`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(…)")
    }
}

/// People type the digits of their own script, and full-width ones from Japanese keyboards.
pub(super) fn ascii_digit(c: char) -> char {
    const ZEROS: [char; 4] = ['\u{0660}', '\u{06F0}', '\u{0966}', '\u{FF10}'];
    if c == '\u{FF0B}' {
        return '+';
    }
    ZEROS
        .iter()
        .find_map(|&zero| {
            let value = u32::from(c).checked_sub(u32::from(zero))?;
            char::from_digit(value, 10)
        })
        .unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_email(given: &str, expected: Result<&str, EmailError>) {
        assert_eq!(Email::parse(given).map(|email| email.0.to_string()), expected.map(str::to_owned));
    }

    #[test]
    fn emails_are_normalised_or_refused_with_a_reason() {
        check_email(" A.Guest@Example.ORG ", Ok("A.Guest@example.org"));
        check_email("user@bücher.example", Ok("user@xn--bcher-kva.example"));
        check_email("user@localhost", Err(EmailError::BadDomain));
        check_email("no at", Err(EmailError::NoAt));
        check_email("@example.org", Err(EmailError::NoAt));
        check_email("a\r\nBcc:x@example.org", Err(EmailError::BadCharacter { found: '\r' }));
        check_email("a..b@example.org", Err(EmailError::BadDots));
        check_email("a@ex ample.org", Err(EmailError::BadDomain));
        check_email(&format!("{}@example.org", "x".repeat(250)), Err(EmailError::TooLong));
    }

    #[track_caller]
    fn check_phone(given: &str, country: Option<&str>, expected: Result<&str, PhoneError>) {
        assert_eq!(Phone::parse(given, country).map(|phone| phone.0.to_string()), expected.map(str::to_owned));
    }

    #[test]
    fn phones_are_e164_or_refused_with_a_reason() {
        check_phone("+49 151 12345678", None, Ok("+4915112345678"));
        check_phone("0151 12345678", Some("DE"), Ok("+4915112345678"));
        check_phone("٠151 12345678", Some("DE"), Ok("+4915112345678"));
        check_phone("0151 12345678", None, Err(PhoneError::NoCountry));
        check_phone("+39 347 123 4567", None, Ok("+393471234567"));
        check_phone("+49 30 901820", None, Err(PhoneError::WrongKind { kind: "landline" }));
        check_phone("call me", Some("DE"), Err(PhoneError::NotANumber));
        check_phone("+1 234", None, Err(PhoneError::NotAssigned));
    }

    #[test]
    fn data_never_overturns_a_refusal() {
        assert_eq!(Consent::Refused.told(Some(Consent::Granted)), Consent::Refused);
        assert_eq!(Consent::Granted.told(Some(Consent::Refused)), Consent::Refused);
        assert_eq!(Consent::Granted.told(None), Consent::Granted);
        assert_eq!(Consent::Unknown.told(Some(Consent::Granted)), Consent::Granted);
    }

    #[test]
    fn debug_shows_no_address() {
        let mut contact = Contact::unknown(ContactId::parse("c-1").unwrap());
        contact.email = Some(Email::parse("secret@example.org").unwrap());
        assert!(!format!("{contact:?} {:?}", contact.email).contains("secret"));
    }
}
