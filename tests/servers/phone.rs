//! Reads what arrived at the phone from the output of Kannel's `fakesmsc`.
//!
//! It prints one line for each part: `Got message 7: <FROM TO KIND …>`. A short text in GSM-7 is printed as it is, one
//! in UCS-2 escaped as in a URL; of a long text each part is printed with its user data header (3GPP TS 23.040,
//! 9.2.3.24.1), escaped too, and without a word on the alphabet.

use std::collections::BTreeMap;

/// A text as its reader sees it, with its parts put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmsAtPhone {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) text: String,
    /// In how many parts it came, each of which is paid for.
    pub(crate) parts: usize,
}

/// One printed message.
enum Line<'a> {
    /// Printed as it is.
    Plain { from: &'a str, to: &'a str, text: &'a str },
    /// Printed escaped; one part of one or more.
    Escaped { from: &'a str, to: &'a str, alphabet: Alphabet, place: Place, bytes: Vec<u8> },
}

#[derive(Clone, Copy)]
enum Alphabet {
    Utf16,
    /// fakesmsc does not say.
    Unknown,
}

/// Where a part belongs: `number` counts from 1.
#[derive(Clone, Copy)]
struct Place {
    reference: u8,
    of: u8,
    number: u8,
}

/// All texts in the output, in the order in which their last parts came. A text with missing parts is not among them.
pub(crate) fn received(output: &str) -> Vec<SmsAtPhone> {
    let mut texts: Vec<SmsAtPhone> = Vec::new();
    let mut waiting: BTreeMap<(&str, &str, u8), BTreeMap<u8, Vec<u8>>> = BTreeMap::new();
    for printed in output.lines().filter_map(printed) {
        match parse(printed) {
            Some(Line::Plain { from, to, text }) => {
                texts.push(SmsAtPhone { from: from.into(), to: to.into(), text: text.into(), parts: 1 });
            }
            Some(Line::Escaped { from, to, alphabet, place, bytes }) => {
                let key = (from, to, place.reference);
                let parts = waiting.entry(key).or_default();
                parts.insert(place.number, bytes);
                if parts.len() == usize::from(place.of) {
                    let whole = parts.values().flatten().copied().collect();
                    let (text, parts) = (decode(alphabet, whole), parts.len());
                    waiting.remove(&key);
                    texts.push(SmsAtPhone { from: from.into(), to: to.into(), text, parts });
                }
            }
            // The protocol of fakesmsc has one line for one message, so it counts each further line of a text as a
            // message of its own.
            None => {
                if let Some(text) = texts.last_mut() {
                    text.text.push('\n');
                    text.text.push_str(printed);
                }
            }
        }
    }
    texts
}

/// The message in one line of output, when there is one.
fn printed(line: &str) -> Option<&str> {
    let (number, message) = line.split_once("Got message ")?.1.split_once(": <")?;
    number.parse::<u64>().ok()?;
    message.strip_suffix('>')
}

fn parse(printed: &str) -> Option<Line<'_>> {
    let mut words = printed.splitn(4, ' ');
    let (from, to, kind, rest) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let alone = Place { reference: 0, of: 1, number: 1 };
    match kind {
        "text" => Some(Line::Plain { from, to, text: rest }),
        "ucs-2" => Some(Line::Escaped { from, to, alphabet: Alphabet::Utf16, place: alone, bytes: unescape(rest) }),
        "udh" => {
            let (header, bytes) = rest.split_once(" data ")?;
            let place = place(&unescape(header))?;
            Some(Line::Escaped { from, to, alphabet: Alphabet::Unknown, place, bytes: unescape(bytes) })
        }
        _ => None,
    }
}

/// The place that a header with the element "concatenated, 8-bit reference" gives to its part.
fn place(header: &[u8]) -> Option<Place> {
    match header {
        [5, 0, 3, reference, of, number] => Some(Place { reference: *reference, of: *of, number: *number }),
        _ => None,
    }
}

/// The bytes of a text escaped as in a URL.
fn unescape(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next().unwrap(), rest.next().unwrap()];
                u8::from_str_radix(str::from_utf8(&digits).unwrap(), 16).unwrap()
            }
            byte => byte,
        });
    }
    bytes
}

/// GSM-7 comes as UTF-8. Where the alphabet is not told, control characters tell: GSM-7 has only three of them, while
/// in UTF-16 every letter up to U+1FFF, and every space, has one as its high byte.
fn decode(alphabet: Alphabet, bytes: Vec<u8>) -> String {
    let is_gsm = match alphabet {
        Alphabet::Utf16 => false,
        Alphabet::Unknown => {
            bytes.iter().all(|byte| 0x20 <= *byte || b"\n\r\x0c".contains(byte)) && str::from_utf8(&bytes).is_ok()
        }
    };
    if is_gsm {
        return String::from_utf8(bytes).unwrap();
    }
    let units: Vec<u16> = bytes.chunks(2).map(|pair| u16::from_be_bytes(pair.try_into().unwrap())).collect();
    String::from_utf16(&units).unwrap()
}

#[cfg(test)]
mod tests {
    use super::received;

    #[track_caller]
    fn check(printed: &[&str], expected: &[(&str, usize)]) {
        let line = |(index, message): (usize, &&str)| {
            format!("2026-03-06 18:00:57 [17] [0] DEBUG: Got message {index}: <{message}>\n")
        };
        let lines: String = (1..).zip(printed).map(line).collect();
        let output = format!("2026-03-06 18:00:56 [17] [0] INFO: fakesmsc starting\n{lines}");
        let found = received(&output);
        let texts: Vec<(&str, usize)> = found.iter().map(|sms| (sms.text.as_str(), sms.parts)).collect();
        assert_eq!(texts, expected);
        assert!(found.iter().all(|sms| (sms.from.as_str(), sms.to.as_str()) == ("SOLE", "+4915112345678")));
    }

    #[test]
    fn a_plain_text_keeps_its_signs() {
        check(&["SOLE +4915112345678 text Grüße <a&b> 5% + €"], &[("Grüße <a&b> 5% + €", 1)]);
    }

    #[test]
    fn a_text_of_several_lines_is_one_text() {
        check(&["SOLE +4915112345678 text one", "two words", ""], &[("one\ntwo words\n", 1)]);
    }

    #[test]
    fn wide_letters_are_read() {
        check(&["SOLE +4915112345678 ucs-2 %00H%00i%00+%D8%3D%DE%00"], &[("Hi 😀", 1)]);
    }

    #[test]
    fn parts_are_put_together_in_their_order() {
        let parts = [
            "SOLE +4915112345678 udh %05%00%03%07%02%02 data %BCbe+r",
            "SOLE +4915112345678 text between",
            "SOLE +4915112345678 udh %05%00%03%07%02%01 data a%2Bb+%C3",
        ];
        check(&parts, &[("between", 1), ("a+b übe r", 2)]);
    }

    #[test]
    fn a_wide_letter_may_be_cut_in_two_by_its_parts() {
        let parts = [
            "SOLE +4915112345678 udh %05%00%03%07%02%01 data %04%1F%D8%3D",
            "SOLE +4915112345678 udh %05%00%03%07%02%02 data %DE%00%00+",
        ];
        check(&parts, &[("П😀 ", 2)]);
    }

    #[test]
    fn a_text_with_a_missing_part_is_not_there_yet() {
        check(&["SOLE +4915112345678 udh %05%00%03%07%02%02 data b"], &[]);
    }
}
