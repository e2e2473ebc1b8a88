//! A mail on its way into a conversation: checked, dot-stuffed, and its commands.
//!
//! **Invariant:** nothing of a mail can be read as a command. Its addresses are addresses, and its body has no line end
//! but CRLF and no line that is a lone dot, so a server can see its end only where we put it.

use std::borrow::Cow;
use std::sync::Arc;

use lettre::Address;
use memchr::memmem;

use super::offers::{Offer, Offers};
use crate::channel::OutboundEmail;

/// What ends a message whose last line is ended (RFC 5321 §4.1.1.4).
const DOT: &[u8] = b".\r\n";
/// What ends any other.
const LINE_END_AND_DOT: &[u8] = b"\r\n.\r\n";
/// Room for dots: few messages need more.
const DOTS: usize = 64;
/// How many commands come before a message, each with an answer of its own.
pub(super) const COMMANDS: usize = 3;
/// What they take without the addresses, at most.
const COMMANDS_BYTES: usize = 60;

/// A mail that fits a conversation.
pub(super) struct Letter<'a> {
    commands: Arc<Commands>,
    body: Cow<'a, [u8]>,
}

/// What is said before a message: MAIL, RCPT and DATA.
pub(super) struct Commands {
    bytes: Vec<u8>,
    mail_end: usize,
    rcpt_end: usize,
    /// Whether the message is ASCII.
    is_ascii: bool,
    /// Whether both addresses are.
    has_ascii_envelope: bool,
}

impl<'a> Letter<'a> {
    /// Checks addresses and line ends. The error says why the mail can never be sent.
    pub(super) fn read(mail: &'a OutboundEmail) -> Result<Self, &'static str> {
        let from = mail.envelope_from.parse().map_err(|_| "the envelope sender is not an address")?;
        let to = mail.to.as_str().parse().map_err(|_| "the address is not one that SMTP can carry")?;
        let Look { has_whole_line_ends, has_dots, is_ascii } = Look::at(&mail.bytes);
        if !has_whole_line_ends {
            return Err("the message has a line end that is not CRLF");
        }
        let body = if has_dots { stuffed(&mail.bytes).into() } else { Cow::Borrowed(mail.bytes.as_slice()) };
        Ok(Self { commands: Commands::of(&from, &to, is_ascii).into(), body })
    }

    /// What is said before it.
    pub(super) fn commands(&self) -> &Arc<Commands> {
        &self.commands
    }

    /// Header and body, dots stuffed, and what ends them: the final dot is three bytes before its end.
    pub(super) fn content(&self) -> (&[u8], &'static [u8]) {
        (&self.body, if self.body.ends_with(b"\r\n") { DOT } else { LINE_END_AND_DOT })
    }
}

impl Commands {
    fn of(from: &Address, to: &Address, is_ascii: bool) -> Self {
        let (from, to): (&str, &str) = (from.as_ref(), to.as_ref());
        let has_ascii_envelope = from.is_ascii() && to.is_ascii();
        let mut bytes = Vec::with_capacity(from.len() + to.len() + COMMANDS_BYTES);
        let mut say = |words: &[&str]| {
            for word in words {
                bytes.extend_from_slice(word.as_bytes());
            }
            bytes.len()
        };
        let utf8 = if has_ascii_envelope { "" } else { " SMTPUTF8" };
        let mail_end = say(&["MAIL FROM:<", from, ">", utf8, if is_ascii { "" } else { " BODY=8BITMIME" }, "\r\n"]);
        let rcpt_end = say(&["RCPT TO:<", to, ">\r\n"]);
        say(&["DATA\r\n"]);
        Self { bytes, mail_end, rcpt_end, is_ascii, has_ascii_envelope }
    }

    /// All three, to be said in one go.
    pub(super) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// Each of them.
    pub(super) fn each(&self) -> [&[u8]; COMMANDS] {
        let (mail_and_rcpt, data) = self.bytes.split_at(self.rcpt_end);
        let (mail, rcpt) = mail_and_rcpt.split_at(self.mail_end);
        [mail, rcpt, data]
    }

    /// What the message needs that a server does not offer; `None` when it can be sent.
    pub(super) fn lack(&self, offers: &Offers) -> Option<&'static str> {
        if !self.has_ascii_envelope && !offers.has(Offer::SmtpUtf8) {
            return Some("the address has letters beyond ASCII before its `@`, and the relay does not offer SMTPUTF8");
        }
        if !self.is_ascii && !offers.has(Offer::EightBitMime) {
            return Some("the message is not ASCII, and the relay does not offer 8BITMIME");
        }
        None
    }
}

/// What one look at a message tells.
struct Look {
    /// CR and LF only come together.
    has_whole_line_ends: bool,
    /// A line begins with a dot.
    has_dots: bool,
    is_ascii: bool,
}

impl Look {
    /// Looks at each byte beside the next one, without a branch: so the compiler takes many at a time.
    fn at(bytes: &[u8]) -> Self {
        let (first, last) = (bytes.first().copied().unwrap_or_default(), bytes.last().copied().unwrap_or_default());
        let (mut has_whole_line_ends, mut has_dots, mut all) = (first != b'\n' && last != b'\r', first == b'.', first);
        for (byte, next) in bytes.iter().zip(bytes.get(1..).unwrap_or_default()) {
            has_whole_line_ends &= (*byte == b'\r') == (*next == b'\n');
            has_dots |= *byte == b'\n' && *next == b'.';
            all |= next;
        }
        Self { has_whole_line_ends, has_dots, is_ascii: all.is_ascii() }
    }
}

/// Lines that begin with a dot get another (RFC 5321 §4.5.2).
fn stuffed(bytes: &[u8]) -> Vec<u8> {
    let (mut stuffed, mut from) = (Vec::with_capacity(bytes.len() + DOTS), 0);
    if bytes.first() == Some(&b'.') {
        stuffed.push(b'.');
    }
    for at in memmem::find_iter(bytes, b"\n.") {
        stuffed.extend_from_slice(&bytes[from..=at]);
        stuffed.push(b'.');
        from = at + 1;
    }
    stuffed.extend_from_slice(&bytes[from..]);
    stuffed
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::contact::Email;

    fn mail(from: &str, bytes: &[u8]) -> OutboundEmail {
        OutboundEmail {
            envelope_from: from.to_owned(),
            to: Email::parse("guest@example.org").unwrap(),
            message_id: "inv.1@sole.example".to_owned(),
            bytes: bytes.to_vec(),
        }
    }

    #[track_caller]
    fn check(bytes: &[u8], expected: &[u8]) {
        let mail = mail("b@sole.example", bytes);
        let letter = Letter::read(&mail).unwrap();
        let (body, end) = letter.content();
        assert_eq!([body, end].concat(), expected, "{}", bytes.escape_ascii());
        assert!(end.ends_with(b".\r\n"));
        // Only where there is a dot to stuff is anything copied.
        assert_eq!(matches!(letter.body, Cow::Owned(_)), body != bytes);
    }

    #[test]
    fn every_message_ends_with_one_line_that_is_a_dot() {
        check(b"a: b\r\n\r\nc\r\n", b"a: b\r\n\r\nc\r\n.\r\n");
        check(b"no end", b"no end\r\n.\r\n");
        check(b"", b"\r\n.\r\n");
        check(b"\r\n", b"\r\n.\r\n");
        check(b".\r\n", b"..\r\n.\r\n");
        check(b".", b"..\r\n.\r\n");
        check(b"a\r\n.\r\n..b\r\nc.\r\n", b"a\r\n..\r\n...b\r\nc.\r\n.\r\n");
    }

    proptest! {
        #[test]
        fn a_server_sees_the_end_where_we_put_it_and_the_message_as_it_was(
            pieces in proptest::collection::vec(prop_oneof!["\\.", "\r\n", "[a-z.]{0,3}"], 0..12),
        ) {
            let text = pieces.concat();
            let mail = mail("b@sole.example", text.as_bytes());
            let letter = Letter::read(&mail).unwrap();
            let (body, end) = letter.content();
            let sent = String::from_utf8([body, end].concat()).unwrap();
            let lines: Vec<_> = sent.strip_suffix("\r\n").unwrap().split("\r\n").collect();
            let (last, lines) = lines.split_last().unwrap();
            prop_assert_eq!(*last, ".");
            prop_assert!(!lines.contains(&"."));
            let read = lines.iter().fold(String::new(), |read, line| {
                read + line.strip_prefix('.').unwrap_or(line) + "\r\n"
            });
            prop_assert_eq!(read, if text.ends_with("\r\n") { text } else { text + "\r\n" });
        }
    }

    #[test]
    fn line_ends_by_which_a_body_could_go_on_as_commands_are_refused() {
        for bytes in [&b"a\nb\r\n"[..], b"a\rb\r\n", b"a\r", b"\na\r\n", b"a\r\n.\n", b"a\r\r\n", b"\r", b"a\n"] {
            let why = Letter::read(&mail("b@sole.example", bytes)).err();
            assert_eq!(why, Some("the message has a line end that is not CRLF"), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn an_envelope_that_could_go_on_as_commands_is_refused() {
        let all =
            ["a@b.example>\r\nRCPT TO:<x@y.example", "a b@c.example", "a\r\n@b.example", "a@b.example\r\n", "a", ""];
        for from in all {
            assert!(Letter::read(&mail(from, b"x")).is_err(), "{from:?}");
        }
    }

    #[test]
    fn the_commands_stand_one_after_another() {
        let mail = mail("b@sole.example", "ü".as_bytes());
        let letter = Letter::read(&mail).unwrap();
        let expected: [&[u8]; 3] =
            [b"MAIL FROM:<b@sole.example> BODY=8BITMIME\r\n", b"RCPT TO:<guest@example.org>\r\n", b"DATA\r\n"];
        assert_eq!(letter.commands().each(), expected);
        assert_eq!(letter.commands().all(), expected.concat());
    }
}
