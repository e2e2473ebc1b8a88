//! How numbers are written for a gateway, and what it may name as the sender.

use super::reader::{Reader, quoted};
use super::request::RenderError;
use crate::domain::contact::Phone;

/// How a recipient's number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NumberFormat {
    /// `+4915112345678`.
    E164,
    /// `4915112345678`.
    E164NoPlus,
    /// `015112345678`: the digits that are dialled within the country.
    National,
}

impl NumberFormat {
    /// Reads the key `number_format`; with the plus where nothing is said.
    pub(super) fn read(table: &Reader<'_>) -> Self {
        const WORDS: [&str; 3] = ["e164", "e164_noplus", "national"];
        match table.text("number_format") {
            None | Some("e164") => Self::E164,
            Some("e164_noplus") => Self::E164NoPlus,
            Some("national") => Self::National,
            Some(other) => {
                table.problem("number_format", format!("`{other}` is no way to write numbers: use {}", quoted(&WORDS)));
                Self::E164
            }
        }
    }

    /// Writes a number.
    pub(super) fn write(self, phone: &Phone) -> Result<String, RenderError> {
        match self {
            Self::E164 => Ok(phone.as_str().to_owned()),
            Self::E164NoPlus => Ok(phone.as_str().trim_start_matches('+').to_owned()),
            Self::National => {
                let number = phonenumber::parse(None, phone.as_str()).map_err(|_| RenderError::NoNationalForm)?;
                let written = number.format().mode(phonenumber::Mode::National).to_string();
                Ok(written.chars().filter(char::is_ascii_digit).collect())
            }
        }
    }

    /// Reads the number of a sender as gateways write it. `None` for a name or a short code, which nobody can be reached by.
    /// One without a plus is international where that makes a number, else one of these countries.
    pub(super) fn read_sender(self, given: &str, countries: &[&str]) -> Option<Phone> {
        let digits = given.trim();
        let in_country = |country: &&str| Phone::parse(digits, Some(country)).ok();
        if digits.starts_with('+') {
            return Phone::parse(digits, None).ok();
        }
        let international = || {
            let digits = digits.strip_prefix("00").unwrap_or(digits);
            Phone::parse(&format!("+{digits}"), None).ok().filter(|_| !is_name(digits))
        };
        match self {
            Self::E164 | Self::E164NoPlus => international().or_else(|| countries.iter().find_map(in_country)),
            Self::National => countries.iter().find_map(in_country).or_else(international),
        }
    }
}

/// Why a text cannot be the sender of a text message, if so: a name of at most 11 letters and digits (3GPP TS 23.040
/// §9.1.2.5 leaves that much room), or a number.
pub(super) fn sender_problem(from: &str) -> Option<String> {
    const NAME_CHARS_MAX: usize = 11;
    const DIGITS_MAX: usize = 15;
    if is_name(from) {
        let bad = from.chars().find(|letter| !letter.is_ascii_alphanumeric() && *letter != ' ');
        if let Some(bad) = bad {
            return Some(format!(
                "`{from}` has `{bad}` in it: a sender's name is made of letters without accents, and digits"
            ));
        }
        let length = from.chars().count();
        return (length > NAME_CHARS_MAX)
            .then(|| format!("`{from}` has {length} characters: a sender's name has at most {NAME_CHARS_MAX}"));
    }
    let digits = from.strip_prefix('+').unwrap_or(from);
    let is_number = (1..=DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    (!is_number).then(|| format!("`{from}` is neither a name nor a number: write \"SOLE\" or \"+4915112345678\""))
}

/// Whether a sender is a name rather than a number: several countries, the United States and Canada among them, take
/// no names.
pub(super) fn is_name(from: &str) -> bool {
    from.contains(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_sender(format: NumberFormat, given: &str, countries: &[&str], expected: Option<&str>) {
        let read = format.read_sender(given, countries);
        assert_eq!(read.as_ref().map(Phone::as_str), expected, "{given}");
    }

    #[test]
    fn a_senders_number_is_read_however_the_gateway_writes_it() {
        use NumberFormat::{E164, E164NoPlus, National};
        let number = Some("+4915112345678");
        check_sender(E164, "+49 151 12345678", &[], number);
        check_sender(E164, "4915112345678", &[], number);
        check_sender(E164NoPlus, "4915112345678", &["US"], number);
        check_sender(E164, "004915112345678", &[], number);
        check_sender(E164, "015112345678", &["US", "DE"], number);
        check_sender(National, "015112345678", &["DE"], number);
        check_sender(National, "4915112345678", &["DE"], number);
        check_sender(National, "2025550123", &["US"], Some("+12025550123"));
        for nobody in ["SOLE", "12345", "", "+", "80888", "+4930901820", "49 SOLE"] {
            check_sender(E164, nobody, &["DE"], None);
        }
    }

    #[test]
    fn numbers_are_written_as_the_gateway_wants_them() {
        let write = |format: NumberFormat, phone| format.write(&Phone::parse(phone, None).unwrap()).unwrap();
        assert_eq!(write(NumberFormat::E164, "+49 151 12345678"), "+4915112345678");
        assert_eq!(write(NumberFormat::E164NoPlus, "+49 151 12345678"), "4915112345678");
        assert_eq!(write(NumberFormat::National, "+49 151 12345678"), "015112345678");
        assert_eq!(write(NumberFormat::National, "+39 347 123 4567"), "3471234567");
    }

    #[test]
    fn senders_are_names_of_eleven_or_numbers() {
        for good in ["SOLE", "Sole Mitte 1", "+4915112345678", "12345"] {
            assert_eq!(sender_problem(good).is_none(), good.len() <= 11 || !is_name(good), "{good}");
        }
        for bad in ["Trattoria Sole", "Caffè", "a_b", "", "+", "+49 151", "1234567890123456"] {
            assert!(sender_problem(bad).is_some_and(|problem| problem.contains(bad)), "{bad}");
        }
    }
}
