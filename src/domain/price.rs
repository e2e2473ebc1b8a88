//! What a text message costs, counted exactly: in millionths of a currency.

use std::fmt;

/// Digits behind the point that are counted.
const DECIMALS: usize = 6;
/// One unit of a currency.
const UNIT: u64 = 10_u64.pow(6);
/// The most that one segment may cost; more is a slip of the pen.
const WHOLE_MAX: u64 = 1_000;

/// A currency, by the three letters of ISO 4217.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Its letters.
    pub fn letters(self) -> [u8; 3] {
        self.0
    }

    /// The currency of these letters.
    pub fn from_letters(letters: [u8; 3]) -> Option<Self> {
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

/// A price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Price {
    /// Millionths.
    pub millionths: u64,
    /// Of what.
    pub currency: Currency,
}

/// A text that is no price.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no price: write an amount of at most {whole_max} with at most {DECIMALS} digits behind the point, and the \
     currency's three letters, for example \"0.079 EUR\""
)]
pub struct PriceError {
    given: String,
    whole_max: u64,
}

impl Price {
    /// Reads `0.079 EUR`.
    pub fn parse(given: &str) -> Result<Self, PriceError> {
        Self::parse_up_to(given, WHOLE_MAX)
    }

    /// Reads a sum of at most so much.
    pub fn parse_up_to(given: &str, whole_max: u64) -> Result<Self, PriceError> {
        let wrong = || PriceError { given: given.escape_debug().take(60).collect(), whole_max };
        Self::read(given).filter(|sum| sum.millionths / UNIT <= whole_max).ok_or_else(wrong)
    }

    fn read(given: &str) -> Option<Self> {
        let (amount, currency) = given.trim().split_once(' ')?;
        let letters: [u8; 3] = currency.trim().as_bytes().try_into().ok()?;
        let (whole, fraction) = amount.split_once('.').unwrap_or((amount, "0"));
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let currency = Currency::from_letters(letters)?;
        if !is_number(whole) || !is_number(fraction) {
            return None;
        }
        let whole: u64 = whole.parse().ok().filter(|whole| *whole < u64::MAX / UNIT)?;
        let fraction: u64 = format!("{fraction:0<DECIMALS$}").parse().ok().filter(|_| fraction.len() <= DECIMALS)?;
        Some(Self { millionths: whole * UNIT + fraction, currency })
    }

    /// What so many cost.
    #[must_use]
    pub fn times(self, n: u64) -> Self {
        Self { millionths: self.millionths.saturating_mul(n), ..self }
    }

    /// The amount in decimals, with two at least.
    pub fn amount(self) -> String {
        let digits = format!("{:0DECIMALS$}", self.millionths % UNIT);
        let (cents, more) = digits.split_at(2);
        format!("{}.{cents}{}", self.millionths / UNIT, more.trim_end_matches('0'))
    }
}

/// As people write it.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.amount(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(given: &str, expected: Option<&str>) {
        assert_eq!(Price::parse(given).ok().map(|price| price.to_string()).as_deref(), expected, "{given}");
    }

    #[test]
    fn a_price_is_an_amount_and_a_currency() {
        check("0.079 EUR", Some("0.079 EUR"));
        check(" 1 USD ", Some("1.00 USD"));
        check("0.5 CHF", Some("0.50 CHF"));
        check("0.000001 EUR", Some("0.000001 EUR"));
        check("1000.25 JPY", Some("1000.25 JPY"));
        for wrong in
            ["", "0.079", "EUR 1", "1 eur", "1 EURO", "1001 EUR", "0.0000001 EUR", "-1 EUR", "1,5 EUR", ". EUR"]
        {
            check(wrong, None);
        }
    }

    #[test]
    fn sums_are_exact() {
        assert_eq!(Price::parse("0.079 EUR").unwrap().times(1_000).to_string(), "79.00 EUR");
    }
}
