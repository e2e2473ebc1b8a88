//! Quoted-printable (RFC 2045 §6.7): text that goes through every relay, and that people can mostly read in the raw.
//!
//! Lettre tries three encodings on every text and copies it several times on the way, which was a sixth of all that a
//! mail cost us. Texts here are UTF-8 with LF line ends and become CRLF.

use memchr::memchr_iter;

/// Characters of an encoded line, its soft line break included.
const LINE_CHARS_MAX: usize = 76;

/// Writes a text with LF line ends.
pub(super) fn encode(text: &str, encoded: &mut Vec<u8>) {
    let mut from = 0;
    for at in memchr_iter(b'\n', text.as_bytes()) {
        encode_line(&text.as_bytes()[from..at], encoded);
        encoded.extend_from_slice(b"\r\n");
        from = at + 1;
    }
    encode_line(&text.as_bytes()[from..], encoded);
}

fn encode_line(line: &[u8], encoded: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let (mut rest, mut n_chars) = (line, 0);
    while let Some((&byte, after)) = rest.split_first() {
        // Whole runs at a time: nearly all of a text is plain.
        let n_plain = n_plain(rest);
        let n_last = usize::from(rest.len() == n_plain.max(1));
        let n_free = LINE_CHARS_MAX - 1 + n_last - n_chars;
        // A run that does not fit to the end of the line leaves room for what says that it goes on.
        let n_fit = if n_plain <= n_free { n_plain } else { n_free - n_last };
        if n_fit > 0 {
            let (run, left) = rest.split_at(n_fit);
            encoded.extend_from_slice(run);
            (rest, n_chars) = (left, n_chars + n_fit);
        } else if n_plain == 0 && n_free >= 3 {
            encoded.extend([b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
            (rest, n_chars) = (after, n_chars + 3);
        } else {
            encoded.extend_from_slice(b"=\r\n");
            n_chars = 0;
        }
    }
}

/// How many bytes at the beginning go out as they are, counted no further than a line can hold. A blank at the end of a
/// line does not, because relays take it off.
fn n_plain(rest: &[u8]) -> usize {
    let (looked_at, _) = rest.split_at(rest.len().min(LINE_CHARS_MAX + 1));
    // Whole blocks at a time, which the compiler does in one go.
    let (blocks, _) = looked_at.as_chunks::<16>();
    let is_all_plain = |block: &&[u8; 16]| block.iter().fold(true, |all, byte| all & is_plain(*byte));
    let (_, unsure) = looked_at.split_at(blocks.iter().take_while(is_all_plain).count() * 16);
    let n = looked_at.len() - unsure.len() + unsure.iter().take_while(|byte| is_plain(**byte)).count();
    if n == rest.len() && rest.ends_with(b" ") { n - 1 } else { n }
}

/// Whether a byte goes out as it is. Tabs might, but where is a tab in a mail?
fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'<' | b'>'..=b'~')
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    use super::*;

    fn encode(text: &str) -> Vec<u8> {
        let mut encoded = Vec::new();
        super::encode(text, &mut encoded);
        encoded
    }

    fn decoded(text: &str) -> String {
        let mut mail =
            b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n".to_vec();
        mail.extend(encode(text));
        let parsed = MessageParser::default().parse(&mail).unwrap();
        parsed.body_text(0).unwrap().into_owned()
    }

    #[test]
    fn what_is_plain_stays_readable_and_what_is_not_is_told_by_its_number() {
        assert_eq!(encode("Grüße = ok \n.\n"), b"Gr=C3=BC=C3=9Fe =3D ok=20\r\n.\r\n");
    }

    #[test]
    fn a_long_line_is_folded_without_a_trace() {
        let long = "Wie war Ihr Besuch bei uns? ".repeat(20);
        assert!(encode(&long).split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_CHARS_MAX + 1));
        assert_eq!(decoded(&long), long);
        for n in 70..80 {
            assert_eq!(decoded(&"x".repeat(n)), "x".repeat(n));
            assert_eq!(encode(&"x".repeat(n)).len(), if n <= LINE_CHARS_MAX { n } else { n + 3 });
        }
    }

    proptest! {
        #[test]
        fn every_text_reads_back(text in "[ -~\täöü€★\n=.]{0,400}") {
            prop_assert_eq!(decoded(&text).replace("\r\n", "\n"), text.clone());
            prop_assert!(encode(&text).is_ascii());
            prop_assert!(encode(&text).split(|byte| *byte == b'\n').all(|line| line.len() <= LINE_CHARS_MAX + 1));
        }
    }
}
