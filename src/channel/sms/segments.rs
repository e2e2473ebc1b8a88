//! What a text costs: its encoding and the number of parts it travels in.
//!
//! 3GPP TS 23.038 §6.2.1: a text of the GSM 7-bit default alphabet and its extension has 160 septets in one part and
//! 153 in each of several; any other goes as UCS-2, with 70 or 67 UTF-16 units. A character that takes two septets or
//! two units stays whole, so a part may be left one short of full.

/// Septets of a single GSM-7 message.
const GSM7_SINGLE: u32 = 160;
/// Septets of each part of a longer one: six bytes go to the header that joins them.
const GSM7_PART: u32 = 153;
/// UTF-16 units of a single UCS-2 message.
const UCS2_SINGLE: u32 = 70;
/// UTF-16 units of each part of a longer one.
const UCS2_PART: u32 = 67;

/// The default alphabet beyond ASCII letters, digits and blank, one septet each.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ!\"#¤%&'()*+,-./:;<=>?¡ÄÖÑÜ§¿äöñüà";
/// The extension table: an escape septet and another.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// How a text travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension.
    Gsm7,
    /// UTF-16, two bytes a unit.
    Ucs2,
}

impl Encoding {
    /// The word for it in a gateway's declaration.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "gsm7",
            Self::Ucs2 => "ucs2",
        }
    }
}

/// What a text costs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segments {
    /// How it travels.
    pub encoding: Encoding,
    /// Messages that are paid for; an empty text is one.
    pub parts: u32,
    /// Septets (GSM-7) or UTF-16 units (UCS-2) of the whole text.
    pub units: u32,
    /// The characters that keep it from being GSM-7, each once, in order of appearance.
    pub forced_by: Vec<char>,
}

/// Counts the parts of a text.
pub fn segments(text: &str) -> Segments {
    let mut forced_by = Vec::new();
    for letter in text.chars().filter(|&letter| septets(letter).is_none()) {
        if !forced_by.contains(&letter) {
            forced_by.push(letter);
        }
    }
    let (encoding, single, part) = if forced_by.is_empty() {
        (Encoding::Gsm7, GSM7_SINGLE, GSM7_PART)
    } else {
        (Encoding::Ucs2, UCS2_SINGLE, UCS2_PART)
    };
    let widths = text.chars().map(|letter| match encoding {
        Encoding::Gsm7 => septets(letter).unwrap_or_default(),
        Encoding::Ucs2 => {
            if u32::from(letter) > 0xFFFF {
                2
            } else {
                1
            }
        }
    });
    let (mut units, mut parts, mut filled) = (0_u32, 1, 0);
    for width in widths {
        units = units.saturating_add(width);
        if filled + width > part {
            parts += 1;
            filled = 0;
        }
        filled += width;
    }
    Segments { encoding, parts: if units <= single { 1 } else { parts }, units, forced_by }
}

/// How many septets a character takes, if GSM-7 has it.
fn septets(letter: char) -> Option<u32> {
    if letter.is_ascii_alphanumeric() || letter == ' ' || BASIC.contains(letter) {
        return Some(1);
    }
    EXTENSION.contains(letter).then_some(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pieces: &[(&str, usize)], expected: (Encoding, u32)) {
        let text: String = pieces.iter().map(|&(letter, times)| letter.repeat(times)).collect();
        let counted = segments(&text);
        assert_eq!((counted.encoding, counted.parts), expected, "{text}");
    }

    #[test]
    fn parts_are_counted_as_the_networks_count_them() {
        use Encoding::{Gsm7, Ucs2};
        check(&[], (Gsm7, 1));
        check(&[("a", 160)], (Gsm7, 1));
        check(&[("a", 161)], (Gsm7, 2));
        check(&[("a", 306)], (Gsm7, 2));
        check(&[("a", 307)], (Gsm7, 3));
        check(&[("a", 158), ("€", 1)], (Gsm7, 1));
        check(&[("a", 159), ("€", 1)], (Gsm7, 2));
        check(&[("a", 152), ("€", 1), ("a", 152)], (Gsm7, 3));
        check(&[("ü", 160)], (Gsm7, 1));
        check(&[("ü", 161)], (Gsm7, 2));
        check(&[("Ж", 70)], (Ucs2, 1));
        check(&[("Ж", 71)], (Ucs2, 2));
        check(&[("Ж", 134)], (Ucs2, 2));
        check(&[("Ж", 135)], (Ucs2, 3));
        check(&[("😀", 35)], (Ucs2, 1));
        check(&[("😀", 36)], (Ucs2, 2));
    }

    #[test]
    fn a_surrogate_pair_is_never_split() {
        // 33 pairs leave one of 67 units free, so the third part begins after 66 of them and not after 67.
        check(&[("😀", 66)], (Encoding::Ucs2, 2));
        check(&[("😀", 67)], (Encoding::Ucs2, 3));
        check(&[("Ж", 1), ("😀", 66)], (Encoding::Ucs2, 2));
        check(&[("Ж", 2), ("😀", 66)], (Encoding::Ucs2, 3));
    }

    #[test]
    fn all_of_gsm7_counts_as_gsm7_and_the_extension_twice() {
        assert_eq!((segments(BASIC).encoding, segments(BASIC).units), (Encoding::Gsm7, 64));
        assert_eq!((segments(EXTENSION).encoding, segments(EXTENSION).units), (Encoding::Gsm7, 20));
    }

    #[test]
    fn the_characters_that_force_ucs2_are_named_once() {
        let counted = segments("“Danke” – it’s 5\u{a0}€ – ça va");
        assert_eq!(counted.forced_by, ['“', '”', '–', '’', '\u{a0}', 'ç']);
        assert_eq!(counted.encoding, Encoding::Ucs2);
        assert_eq!(segments("Grüße für 10 €").forced_by, Vec::<char>::new());
    }
}
