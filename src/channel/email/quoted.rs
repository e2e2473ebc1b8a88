//! Quoted-printable (RFC 2045 §6.7): text that goes through every relay, and that people can mostly read in the raw.
//!
//! Lettre tries three encodings on every text and copies it several times on the way, which was a sixth of all that a
//! mail cost us. Texts here are UTF-8 with LF line ends and become CRLF.

/// Characters of an encoded line, its soft line break included.
const LINE_CHARS_MAX: usize = 76;

/// Encodes a text with LF line ends.
pub(super) fn encode(text: &str) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(text.len() + text.len() / 4);
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            encoded.extend_from_slice(b"\r\n");
        }
        encode_line(line.as_bytes(), &mut encoded);
    }
    encoded
}

fn encode_line(line: &[u8], encoded: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut n_chars = 0;
    for (index, byte) in line.iter().enumerate() {
        let is_last = index + 1 == line.len();
        // Relays take blanks off the ends of lines.
        let is_plain = matches!(byte, b'!'..=b'<' | b'>'..=b'~') || (matches!(byte, b' ' | b'\t') && !is_last);
        let n_more = if is_plain { 1 } else { 3 };
        let room = if is_last { LINE_CHARS_MAX } else { LINE_CHARS_MAX - 1 };
        if n_chars + n_more > room {
            encoded.extend_from_slice(b"=\r\n");
            n_chars = 0;
        }
        n_chars += n_more;
        if is_plain {
            encoded.push(*byte);
        } else {
            encoded.extend([b'=', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

#[cfg(test)]
mod tests {
    use mail_parser::MessageParser;
    use proptest::prelude::*;

    use super::*;

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
