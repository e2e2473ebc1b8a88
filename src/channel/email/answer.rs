//! An answer as it comes over the wire (RFC 5321 §4.2): lines of three digits and a text, all but the last with a dash.
//!
//! Answers are read on the hot path and most of them are only looked at for their code, so nothing is copied here. Lines
//! may end with a bare LF, which some servers send and which can mislead nobody: an answer ends where a line says so.

/// A whole answer, where it was read.
#[derive(Clone, Copy)]
pub(super) struct Answer<'a> {
    /// The three digits.
    pub(super) code: u16,
    lines: &'a [u8],
}

/// What the bytes at hand are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scan {
    /// An answer of this code, which ends after so many bytes.
    Whole {
        /// The code.
        code: u16,
        /// Its length.
        n_bytes: usize,
    },
    /// The beginning of one, perhaps.
    Part,
    /// Something else.
    Nonsense,
}

/// Looks for one answer at the beginning of `bytes`.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let mut n_bytes = 0;
    let mut first_code = None;
    for line in bytes.split_inclusive(|&byte| byte == b'\n') {
        if !line.ends_with(b"\n") {
            break;
        }
        n_bytes += line.len();
        let Some((code, is_last)) = head(trimmed(line)) else { return Scan::Nonsense };
        if *first_code.get_or_insert(code) != code {
            return Scan::Nonsense;
        }
        if is_last {
            return Scan::Whole { code, n_bytes };
        }
    }
    Scan::Part
}

/// The code, and whether no further line is announced.
fn head(line: &[u8]) -> Option<(u16, bool)> {
    let (&[hundreds @ b'2'..=b'5', tens @ b'0'..=b'9', ones @ b'0'..=b'9'], rest) = line.split_first_chunk()? else {
        return None;
    };
    let code = [hundreds, tens, ones].iter().fold(0, |code, digit| code * 10 + u16::from(digit - b'0'));
    match rest.first() {
        None | Some(b' ') => Some((code, true)),
        Some(b'-') => Some((code, false)),
        Some(_) => None,
    }
}

fn trimmed(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

impl<'a> Answer<'a> {
    /// What [`scan`] found to be whole.
    pub(super) fn of(code: u16, lines: &'a [u8]) -> Self {
        Self { code, lines }
    }

    /// The text of each line.
    pub(super) fn texts(self) -> impl Iterator<Item = &'a [u8]> {
        self.lines.split_inclusive(|&byte| byte == b'\n').map(|line| trimmed(line).get(4..).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(bytes: &[u8], expected: Scan) {
        assert_eq!(scan(bytes), expected, "{}", bytes.escape_ascii());
    }

    #[test]
    fn an_answer_ends_with_the_line_that_announces_no_other() {
        check(b"250 ok\r\n", Scan::Whole { code: 250, n_bytes: 8 });
        check(b"250\r\n", Scan::Whole { code: 250, n_bytes: 5 });
        check(b"250 \r\n", Scan::Whole { code: 250, n_bytes: 6 });
        check(b"354 go\n", Scan::Whole { code: 354, n_bytes: 7 });
        check(b"250-a\r\n250-\r\n250 b\r\n550 next\r\n", Scan::Whole { code: 250, n_bytes: 20 });
    }

    #[test]
    fn a_beginning_is_waited_for() {
        for bytes in [&b""[..], b"2", b"250", b"250 ok", b"250 ok\r", b"250-a\r\n", b"250-a\r\n250 b", b"what"] {
            check(bytes, Scan::Part);
        }
    }

    #[test]
    fn what_is_no_answer_is_not_taken_for_one() {
        let all = [&b"what?\r\n"[..], b"\r\n", b"25\r\n", b"2500 ok\r\n", b"250ok\r\n", b"150 ok\r\n", b"650 ok\r\n"];
        for bytes in all {
            check(bytes, Scan::Nonsense);
        }
        check(b"HTTP/1.1 400 Bad Request\r\n", Scan::Nonsense);
        // Lines that disagree: nobody knows which was meant.
        check(b"250-ok\r\n550 no\r\n", Scan::Nonsense);
    }

    #[test]
    fn the_text_is_what_follows_the_code() {
        let texts: Vec<_> = Answer::of(250, b"250-one\r\n250-\r\n250\r\n").texts().collect();
        assert_eq!(texts, [&b"one"[..], b"", b""]);
    }
}
