//! Countries, as far as telephone numbers and clocks tell of them.

mod table;

use std::fmt;

use chrono_tz::Tz;

use table::COUNTRIES;

/// A country, by the two letters of ISO 3166.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country(&'static str);

/// The text is not the two letters of a country.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a country whose numbers are known; write its two letters, such as `DE`")]
pub struct NoCountry {
    /// The text given.
    given: String,
}

impl Country {
    /// Reads the two letters, in any case.
    pub fn parse(given: &str) -> Result<Self, NoCountry> {
        let known = COUNTRIES.iter().find(|(letters, ..)| letters.eq_ignore_ascii_case(given.trim()));
        let unknown = || NoCountry { given: given.chars().take(60).collect() };
        known.map(|(letters, ..)| Self(letters)).ok_or_else(unknown)
    }

    /// The country that an E.164 number belongs to: that of the longest beginning that fits. `None` for numbers of no
    /// country, such as those of satellites.
    pub fn of_number(e164: &str) -> Option<Self> {
        let digits = e164.strip_prefix('+')?;
        let fits = |beginnings: &str| {
            beginnings.split_whitespace().filter(|beginning| digits.starts_with(beginning)).map(str::len).max()
        };
        let fitting = COUNTRIES.iter().filter_map(|(letters, beginnings, _)| Some((fits(beginnings)?, *letters)));
        fitting.max().map(|(_, letters)| Self(letters))
    }

    /// Its two letters, in upper case.
    pub fn as_str(self) -> &'static str {
        self.0
    }

    /// Its time zones; at least one. Of zones that show the same time one stands for all.
    pub fn zones(self) -> &'static [Tz] {
        COUNTRIES.iter().find(|(letters, ..)| *letters == self.0).map_or(&[], |(.., zones)| zones)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[track_caller]
    fn check(e164: &str, expected: Option<&str>) {
        assert_eq!(Country::of_number(e164).map(Country::as_str), expected, "{e164}");
    }

    #[test]
    fn the_longest_beginning_decides_where_countries_share_one() {
        check("+4915112345678", Some("DE"));
        check("+12125550123", Some("US"));
        check("+12042345678", Some("CA"));
        check("+18092345678", Some("DO"));
        check("+79161234567", Some("RU"));
        check("+77012345678", Some("KZ"));
        check("+262692123456", Some("RE"));
        check("+262639123456", Some("YT"));
        check("+447700900123", Some("GB"));
        check("+881612345678", None);
        check("4915112345678", None);
        check("+", None);
    }

    #[test]
    fn numbers_are_told_as_the_metadata_of_all_number_plans_tells_them() {
        let numbers = [
            "+33612345678",
            "+32470123456",
            "+393123456789",
            "+351912345678",
            "+41781234567",
            "+436641234567",
            "+5511961234567",
            "+919812345678",
            "+61412345678",
            "+17872345678",
            "+12423591234",
            "+590690001234",
            "+5993181234",
            "+59995181234",
            "+35796123456",
            "+6421123456",
        ];
        for e164 in numbers {
            let told = phonenumber::parse(None, e164).unwrap().country().id().unwrap();
            check(e164, Some(told.as_ref()));
        }
    }

    #[test]
    fn letters_are_read_in_any_case_and_told_in_upper() {
        assert_eq!(Country::parse("de").map(Country::as_str), Ok("DE"));
        let unknown = Country::parse("Germany").unwrap_err().to_string();
        assert_eq!(unknown, "`Germany` is not a country whose numbers are known; write its two letters, such as `DE`");
    }

    #[test]
    fn the_table_is_in_order_and_no_beginning_stands_in_it_twice() {
        assert!(COUNTRIES.is_sorted_by(|(a, ..), (b, ..)| a < b));
        let mut seen = BTreeSet::new();
        for (letters, beginnings, zones) in COUNTRIES {
            assert!(letters.len() == 2 && letters.bytes().all(|byte| byte.is_ascii_uppercase()), "{letters}");
            assert!(!zones.is_empty() && !beginnings.is_empty(), "{letters}");
            for beginning in beginnings.split_whitespace() {
                assert!(beginning.bytes().all(|byte| byte.is_ascii_digit()) && seen.insert(beginning), "{beginning}");
            }
        }
    }
}
