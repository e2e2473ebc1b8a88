//! The mail as bytes: headers that receivers ask bulk senders for, and a text and an HTML body side by side.
//!
//! **Invariant:** the same draft gives the same bytes, so that a retry is the same mail and a receiver may drop the
//! second copy. Nothing here reads a clock or draws a number: the boundary comes from the message id.
//!
//! Lettre, or what it does it with, folds and encodes what people wrote (names, subject). What machines wrote (ids,
//! links) goes out as it is, after a check that it cannot break a line: an encoded word inside `List-Unsubscribe` would
//! be no link at all. All of it is written once and in its place: header objects in between cost as much as the bodies.

use std::borrow::Cow;
use std::fmt::{self, Write};

use aws_lc_rs::digest;
use chrono::{DateTime, Datelike, Timelike, Utc};
use data_encoding::{BASE64, HEXLOWER};
use email_encoding::headers::quoted_string;
use email_encoding::headers::writer::EmailWriter;
use lettre::address::Address;
use lettre::message::header::{self, Headers};
use memchr::{memchr_iter, memchr2};

use super::quoted;
use crate::config::settings::Sender;
use crate::domain::contact::Email;

/// Longest value of one header field, in bytes, so that no line comes near the 998 of RFC 5322 §2.1.1.
pub const FIELD_BYTES_MAX: usize = 900;
/// Shortest and longest sender part of a `Feedback-ID`, in characters, as Gmail's postmaster pages ask.
pub const FEEDBACK_SENDER_CHARS: std::ops::RangeInclusive<usize> = 5..=15;
/// Most parts of a `Feedback-ID` with its sender.
pub const FEEDBACK_PARTS_MAX: usize = 4;

/// What a mail is made of. `Debug` shows its id only.
#[derive(Clone)]
pub struct Draft {
    /// What stands in `Message-ID`, without angle brackets.
    pub message_id: String,
    /// The id of the mail that this one reminds of, without angle brackets.
    pub in_reply_to: Option<String>,
    /// When the mail was first tried: its `Date`, the same on every retry.
    pub date: DateTime<Utc>,
    /// Who it is from.
    pub from: Sender,
    /// Where answers go, where not to the sender.
    pub reply_to: Option<Sender>,
    /// The recipient.
    pub to: Email,
    /// What to call the recipient; may be empty.
    pub to_name: String,
    /// The subject.
    pub subject: String,
    /// The text body; any line ends.
    pub text: String,
    /// The HTML body; any line ends.
    pub html: String,
    /// What stands in `List-Id`, without angle brackets: `visit.sole.example`.
    pub list_id: String,
    /// Where one click unsubscribes (RFC 8058).
    pub unsubscribe_url: String,
    /// `campaign:branch:mailtype:sender`; up to three optional parts and the sender.
    pub feedback_id: String,
    /// Names and values of the fields that providers give back with what they tell of the mail.
    pub for_providers: Vec<(&'static str, String)>,
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({})", self.message_id)
    }
}

/// What the headers of a mail take, and those of both parts, roughly.
const HEADERS_BYTES: usize = 1_500;

/// Why a draft cannot become a mail. People's names and addresses are not repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// A line break, NUL or another control character, by which a header could be smuggled in.
    #[error("`{field}` contains the control character {found:?}; header fields are one line of text")]
    ControlCharacter {
        /// The field of the draft.
        field: &'static str,
        /// The offending character.
        found: char,
    },
    /// A field that machines read has something else than visible ASCII in it.
    #[error("`{field}` contains {found:?}; it may only have visible ASCII characters other than `<` and `>`")]
    NotPlain {
        /// The field of the draft.
        field: &'static str,
        /// The offending character.
        found: char,
    },
    /// A field that must not be empty is.
    #[error("`{field}` is empty")]
    Empty {
        /// The field of the draft.
        field: &'static str,
    },
    /// A field that would make a line too long.
    #[error("`{field}` has {n_bytes} bytes; at most {FIELD_BYTES_MAX} fit a header field")]
    TooLong {
        /// The field of the draft.
        field: &'static str,
        /// Its length in bytes.
        n_bytes: usize,
    },
    /// Not the shape that feedback loops read.
    #[error("feedback id `{given}`: write at most three parts and a sender of 5 to 15 characters, joined by colons")]
    FeedbackId {
        /// The offending value.
        given: String,
    },
    /// Not a web address.
    #[error("unsubscribe link `{given}` does not begin with https://")]
    UnsubscribeUrl {
        /// The part before the first slash; the rest holds a token.
        given: String,
    },
    /// An address that cannot stand in a header.
    #[error("the address in `{field}` cannot stand in a header")]
    Address {
        /// The field of the draft.
        field: &'static str,
    },
    /// A time before 1970 or after the year 9999.
    #[error("a mail cannot be dated {given}")]
    Date {
        /// The offending instant.
        given: DateTime<Utc>,
    },
}

/// Builds the mail: headers, then text and HTML as alternatives; CRLF line ends, no line over 998 bytes, ASCII unless
/// the recipient's address is not.
pub fn build(mail: &Draft) -> Result<Vec<u8>, MessageError> {
    let bodies = [Body::of("text", &mail.text)?, Body::of("html", &mail.html)?];
    // Encoded, a text is longer by a little more than its characters that are not ASCII.
    let mut head = String::with_capacity((mail.text.len() + mail.html.len()) * 5 / 4 + HEADERS_BYTES);
    put(&mut head, ["Message-ID: <", plain("message_id", &mail.message_id)?, ">"]);
    date(&mut head, mail.date)?;
    mailbox(&mut head, ("from", "From: "), &mail.from.name, &mail.from.email)?;
    if let Some(reply_to) = &mail.reply_to {
        mailbox(&mut head, ("reply_to", "Reply-To: "), &reply_to.name, &reply_to.email)?;
    }
    mailbox(&mut head, ("to", "To: "), &mail.to_name, &mail.to)?;
    subject(&mut head, &mail.subject)?;
    if let Some(first) = &mail.in_reply_to {
        let first = plain("in_reply_to", first)?;
        put(&mut head, ["In-Reply-To: <", first, ">\r\nReferences: <", first, ">"]);
    }
    list_headers(&mut head, mail)?;
    for (name, value) in &mail.for_providers {
        put(&mut head, [name, ": ", plain(name, value)?]);
    }
    put(&mut head, ["MIME-Version: 1.0"]);
    Ok(alternatives(head.into_bytes(), &boundary(&mail.message_id), bodies))
}

/// What tells receivers that this is bulk mail, how to leave it, and whose it is.
fn list_headers(head: &mut String, mail: &Draft) -> Result<(), MessageError> {
    let url = &mail.unsubscribe_url;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let given = url.split('/').next().unwrap_or_default().chars().take(40).collect();
        return Err(MessageError::UnsubscribeUrl { given });
    }
    put(head, ["List-Id: <", plain("list_id", &mail.list_id)?, ">"]);
    put(head, ["List-Unsubscribe: <", plain("unsubscribe_url", url)?, ">"]);
    put(head, ["List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nAuto-Submitted: auto-generated"]);
    put(head, ["Feedback-ID: ", plain("feedback_id", feedback_id(&mail.feedback_id)?)?]);
    Ok(())
}

/// Puts the whole together (RFC 2046 §5.1.4): what reads HTML shows the second part, what does not the first.
fn alternatives(mut mail: Vec<u8>, boundary: &str, [text, html]: [Body<'_>; 2]) -> Vec<u8> {
    mail.extend_from_slice(b"Content-Type: multipart/alternative;\r\n boundary=\"");
    mail.extend_from_slice(boundary.as_bytes());
    mail.extend_from_slice(b"\"\r\n\r\n");
    for (kind, body) in [("plain", text), ("html", html)] {
        for piece in ["--", boundary, "\r\nContent-Type: text/", kind, "; charset=utf-8\r\n"] {
            mail.extend_from_slice(piece.as_bytes());
        }
        body.write(&mut mail);
        mail.extend_from_slice(b"\r\n");
    }
    for piece in ["--", boundary, "--\r\n"] {
        mail.extend_from_slice(piece.as_bytes());
    }
    mail
}

/// Writes a header field of these pieces, and ends its line.
fn put<const N: usize>(head: &mut String, pieces: [&str; N]) {
    pieces.into_iter().chain(["\r\n"]).for_each(|piece| head.push_str(piece));
}

/// A value that goes out as it is, after a check that it is visible ASCII.
fn plain<'v>(field: &'static str, value: &'v str) -> Result<&'v str, MessageError> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b'<' && byte != b'>';
    if value.is_empty() {
        return Err(MessageError::Empty { field });
    }
    if value.len() <= FIELD_BYTES_MAX && value.bytes().all(is_plain) {
        return Ok(value);
    }
    one_line(field, value)?;
    let found = value.chars().find(|&c| !u8::try_from(c).is_ok_and(is_plain)).unwrap_or_default();
    Err(MessageError::NotPlain { field, found })
}

/// A text that stands in a header: no line break, no control character but the tab, not too long.
fn one_line(field: &'static str, value: &str) -> Result<(), MessageError> {
    if let Some(found) = value.chars().find(|&c| c.is_control() && c != '\t') {
        return Err(MessageError::ControlCharacter { field, found });
    }
    if value.len() > FIELD_BYTES_MAX {
        return Err(MessageError::TooLong { field, n_bytes: value.len() });
    }
    Ok(())
}

/// Blanks and tabs in a row become one blank: folding could otherwise make a line of blanks, which ends a header for
/// some readers. A no-break space is no blank here; French wants it.
fn single_blanks(value: &str) -> Cow<'_, str> {
    let mut words = value.split([' ', '\t']);
    if !value.contains('\t') && words.clone().all(|word| !word.is_empty()) {
        return value.into();
    }
    let first = words.find(|word| !word.is_empty()).unwrap_or_default().to_owned();
    words.filter(|word| !word.is_empty()).fold(first, |text, word| text + " " + word).into()
}

/// Somebody with a name, as lettre writes one.
fn mailbox(
    head: &mut String,
    (field, header): (&'static str, &str),
    name: &str,
    email: &Email,
) -> Result<(), MessageError> {
    one_line(field, name)?;
    let address: Address = email.as_str().parse().map_err(|_| MessageError::Address { field })?;
    let name = single_blanks(name);
    head.push_str(header);
    if name.is_empty() {
        put(head, [address.as_ref()]);
    } else {
        folded(head, header, |line| quoted_string::encode(&name, line));
        put(head, [" <", address.as_ref(), ">"]);
    }
    Ok(())
}

fn subject(head: &mut String, given: &str) -> Result<(), MessageError> {
    const HEADER: &str = "Subject: ";
    one_line("subject", given)?;
    let subject = single_blanks(given);
    if subject.is_empty() {
        return Err(MessageError::Empty { field: "subject" });
    }
    if subject.contains("=?") {
        // Lettre leaves ASCII words alone, and a reader would decode what only looks like an encoded word.
        put(head, [HEADER, &encoded_words(&subject)]);
    } else if subject.is_ascii() {
        head.push_str(HEADER);
        folded(head, HEADER, |line| line.folding().write_str(&subject));
        put(head, []);
    } else {
        let mut encoded = Headers::new();
        encoded.set(header::Subject::from(subject.into_owned()));
        head.push_str(&encoded.to_string());
    }
    Ok(())
}

/// Writes after the name of a header what is folded as lettre folds it: this is what lettre does it with.
fn folded(head: &mut String, header: &str, write: impl FnOnce(&mut EmailWriter<'_>) -> fmt::Result) {
    write(&mut EmailWriter::new(head, header.len(), 0, false)).expect("a string takes whatever is written");
}

/// RFC 2047 §2: words of at most 75 characters, each whole characters of UTF-8 in base 64, folded apart.
fn encoded_words(value: &str) -> String {
    const CHUNK_BYTES_MAX: usize = 45;
    let mut chunks = vec![String::new()];
    for c in value.chars() {
        match chunks.last_mut() {
            Some(last) if last.len() + c.len_utf8() <= CHUNK_BYTES_MAX => last.push(c),
            Some(_) | None => chunks.push(c.to_string()),
        }
    }
    let words: Vec<_> = chunks.iter().map(|chunk| format!("=?utf-8?b?{}?=", BASE64.encode(chunk.as_bytes()))).collect();
    words.join("\r\n ")
}

fn date(head: &mut String, given: DateTime<Utc>) -> Result<(), MessageError> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    if !(1970..=9999).contains(&given.year()) {
        return Err(MessageError::Date { given });
    }
    let (weekday, day, month, year) = (given.weekday(), given.day(), MONTHS[given.month0() as usize], given.year());
    let (hour, minute, second) = (given.hour(), given.minute(), given.second());
    let written = write!(head, "Date: {weekday}, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} +0000\r\n");
    written.map_err(|fmt::Error| MessageError::Date { given })
}

fn feedback_id(given: &str) -> Result<&str, MessageError> {
    let n_parts = given.split(':').count();
    let n_chars = given.rsplit(':').next().unwrap_or_default().chars().count();
    if n_parts <= FEEDBACK_PARTS_MAX && FEEDBACK_SENDER_CHARS.contains(&n_chars) {
        Ok(given)
    } else {
        Err(MessageError::FeedbackId { given: given.chars().take(100).collect() })
    }
}

/// A boundary that no content can contain but by finding a hash, and that is the same on every retry.
fn boundary(message_id: &str) -> String {
    let hash = digest::digest(&digest::SHA256, message_id.as_bytes());
    HEXLOWER.encode(hash.as_ref().get(..20).unwrap_or_default())
}

/// The longest line that goes out as it is written. SMTP allows 998; some relays count a little differently.
const LINE_BYTES_MAX: usize = 900;

/// A text with LF line ends.
struct Body<'t>(Cow<'t, str>);

impl<'t> Body<'t> {
    fn of(field: &'static str, given: &'t str) -> Result<Self, MessageError> {
        match memchr2(b'\0', b'\r', given.as_bytes()) {
            None => Ok(Self(given.into())),
            Some(_) if given.contains('\0') => Err(MessageError::ControlCharacter { field, found: '\0' }),
            Some(_) => Ok(Self(given.replace("\r\n", "\n").replace('\r', "\n").into())),
        }
    }

    /// Writes its encoding and itself, with CRLF line ends. What is ASCII with lines of a decent length goes out as it is
    /// written, anything else as quoted-printable: both are ASCII, so every relay takes them.
    fn write(&self, mail: &mut Vec<u8>) {
        let text = self.0.as_bytes();
        let ends = || memchr_iter(b'\n', text).chain([text.len()]);
        let is_short = || ends().try_fold(0, |from, at| (at - from <= LINE_BYTES_MAX).then_some(at + 1)).is_some();
        if !text.is_ascii() || !is_short() {
            mail.extend_from_slice(b"Content-Transfer-Encoding: quoted-printable\r\n\r\n");
            quoted::encode(&self.0, mail);
            return;
        }
        mail.extend_from_slice(b"Content-Transfer-Encoding: 7bit\r\n\r\n");
        let mut from = 0;
        for at in ends() {
            if from > 0 {
                mail.extend_from_slice(b"\r\n");
            }
            mail.extend_from_slice(&text[from..at]);
            from = at + 1;
        }
    }
}

#[cfg(test)]
mod tests;
