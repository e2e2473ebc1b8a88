//! What a server offers in its answer to EHLO (RFC 5321 §4.1.1.1): one keyword a line, after the line with its name.

use super::answer::Answer;

/// An offer that we make use of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer {
    /// Encryption from now on (RFC 3207).
    StartTls,
    /// Commands in one go (RFC 2920).
    Pipelining,
    /// Messages beyond ASCII (RFC 6152).
    EightBitMime,
    /// Addresses beyond ASCII (RFC 6531).
    SmtpUtf8,
    /// Logging in with user name and password at once (RFC 4616).
    AuthPlain,
    /// Logging in with one after the other, as older servers have it.
    AuthLogin,
}

/// All that a server offers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Offers(Vec<Offer>);

impl Offers {
    /// Reads them; whatever we do not know is passed over.
    pub(super) fn read(answer: Answer<'_>) -> Self {
        let mut offers = Self::default();
        for line in answer.texts().skip(1) {
            // Some servers still write `AUTH=`, as a draft of RFC 2554 had it.
            let mut words = line.split(|byte| b" \t=".contains(byte));
            match words.next().unwrap_or_default().to_ascii_uppercase().as_slice() {
                b"STARTTLS" => offers.add(Offer::StartTls),
                b"PIPELINING" => offers.add(Offer::Pipelining),
                b"8BITMIME" => offers.add(Offer::EightBitMime),
                b"SMTPUTF8" => offers.add(Offer::SmtpUtf8),
                b"AUTH" => words.for_each(|mechanism| offers.add_mechanism(mechanism)),
                _ => (),
            }
        }
        offers
    }

    /// Whether this is among them.
    pub(super) fn has(&self, offer: Offer) -> bool {
        self.0.contains(&offer)
    }

    fn add(&mut self, offer: Offer) {
        if !self.has(offer) {
            self.0.push(offer);
        }
    }

    fn add_mechanism(&mut self, name: &[u8]) {
        if name.eq_ignore_ascii_case(b"PLAIN") {
            self.add(Offer::AuthPlain);
        } else if name.eq_ignore_ascii_case(b"LOGIN") {
            self.add(Offer::AuthLogin);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_known_in_any_case_and_nothing_else_is() {
        let answer = b"250-STARTTLS is my name\r\n250-pipelining\r\n250-SIZE 10\r\n250-STARTTLSX\r\n250-8BITMIME\r\n\
            250-AUTH LOGIN CRAM-MD5\r\n250 AUTH=plain login\r\n";
        let expected = [Offer::Pipelining, Offer::EightBitMime, Offer::AuthLogin, Offer::AuthPlain];
        assert_eq!(Offers::read(Answer::of(250, answer)).0, expected);
        assert_eq!(Offers::read(Answer::of(250, b"250 PIPELINING\r\n")), Offers::default());
    }
}
