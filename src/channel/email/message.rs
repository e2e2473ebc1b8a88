//! The mail as bytes: headers that receivers ask bulk senders for, and a text and an HTML body side by side.
//!
//! **Invariant:** the same draft gives the same bytes, so that a retry is the same mail and a receiver may drop the
//! second copy. Nothing here reads a clock or draws a number: the boundary comes from the message id.
//!
//! Lettre folds and encodes what people wrote (names, subject). What machines wrote (ids, links) goes out as it is,
//! after a check that it cannot break a line: an encoded word inside `List-Unsubscribe` would be no link at all.

use std::borrow::Cow;
use std::time::SystemTime;

use aws_lc_rs::digest;
use chrono::{DateTime, Utc};
use data_encoding::{BASE64, HEXLOWER};
use lettre::address::Address;
use lettre::message::header::{self, HeaderName, HeaderValue, Headers};
use lettre::message::{Mailbox, Mailboxes};
use memchr::memchr_iter;

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
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Draft({})", self.message_id)
    }
}

/// Most header fields of a mail.
const HEADERS_MAX: usize = 16;
/// What the headers of both parts take, roughly.
const PART_HEADERS_BYTES: usize = 500;

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
    let mut headers = Headers::with_capacity(HEADERS_MAX);
    headers.insert_raw(plain("message_id", "Message-ID", &mail.message_id, bracketed)?);
    headers.set(header::Date::new(date(mail.date)?));
    headers.set(header::From::from(mailbox("from", &mail.from.name, &mail.from.email)?));
    if let Some(reply_to) = &mail.reply_to {
        headers.set(header::ReplyTo::from(mailbox("reply_to", &reply_to.name, &reply_to.email)?));
    }
    headers.set(header::To::from(mailbox("to", &mail.to_name, &mail.to)?));
    subject(&mut headers, &mail.subject)?;
    if let Some(first) = &mail.in_reply_to {
        headers.insert_raw(plain("in_reply_to", "In-Reply-To", first, bracketed)?);
        headers.insert_raw(plain("in_reply_to", "References", first, bracketed)?);
    }
    list_headers(&mut headers, mail)?;
    headers.set(header::MIME_VERSION_1_0);
    let bodies = [Body::of("text", &mail.text)?, Body::of("html", &mail.html)?];
    Ok(alternatives(&headers, &boundary(&mail.message_id), bodies))
}

/// What tells receivers that this is bulk mail, how to leave it, and whose it is.
fn list_headers(headers: &mut Headers, mail: &Draft) -> Result<(), MessageError> {
    let url = &mail.unsubscribe_url;
    if !url.starts_with("https://") && !url.starts_with("http://") {
        let given = url.split('/').next().unwrap_or_default().chars().take(40).collect();
        return Err(MessageError::UnsubscribeUrl { given });
    }
    headers.insert_raw(plain("list_id", "List-Id", &mail.list_id, bracketed)?);
    headers.insert_raw(plain("unsubscribe_url", "List-Unsubscribe", url, bracketed)?);
    let one_click = "List-Unsubscribe=One-Click";
    headers.insert_raw(plain("unsubscribe_url", "List-Unsubscribe-Post", one_click, str::to_owned)?);
    headers.insert_raw(plain("auto_submitted", "Auto-Submitted", "auto-generated", str::to_owned)?);
    headers.insert_raw(plain("feedback_id", "Feedback-ID", feedback_id(&mail.feedback_id)?, str::to_owned)?);
    Ok(())
}

/// Puts the whole together (RFC 2046 §5.1.4): what reads HTML shows the second part, what does not the first.
fn alternatives(headers: &Headers, boundary: &str, [text, html]: [Body<'_>; 2]) -> Vec<u8> {
    let mut mail = headers.to_string().into_bytes();
    // Encoded, a text is longer by a little more than its characters that are not ASCII.
    mail.reserve((text.0.len() + html.0.len()) * 5 / 4 + PART_HEADERS_BYTES);
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

/// A header whose value goes out as it is, after a check that it is visible ASCII.
fn plain(
    field: &'static str,
    name: &'static str,
    value: &str,
    dress: fn(&str) -> String,
) -> Result<HeaderValue, MessageError> {
    if value.is_empty() {
        return Err(MessageError::Empty { field });
    }
    one_line(field, value)?;
    if let Some(found) = value.chars().find(|&c| !c.is_ascii_graphic() || c == '<' || c == '>') {
        return Err(MessageError::NotPlain { field, found });
    }
    let dressed = dress(value);
    Ok(HeaderValue::dangerous_new_pre_encoded(HeaderName::new_from_ascii_str(name), dressed.clone(), dressed))
}

fn bracketed(value: &str) -> String {
    format!("<{value}>")
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
fn single_blanks(value: &str) -> String {
    value.split([' ', '\t']).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

fn mailbox(field: &'static str, name: &str, email: &Email) -> Result<Mailboxes, MessageError> {
    one_line(field, name)?;
    let address: Address = email.as_str().parse().map_err(|_| MessageError::Address { field })?;
    let name = single_blanks(name);
    Ok(Mailbox::new((!name.is_empty()).then_some(name), address).into())
}

fn subject(headers: &mut Headers, given: &str) -> Result<(), MessageError> {
    one_line("subject", given)?;
    let subject = single_blanks(given);
    if subject.is_empty() {
        return Err(MessageError::Empty { field: "subject" });
    }
    if subject.contains("=?") {
        // Lettre leaves ASCII words alone, and a reader would decode what only looks like an encoded word.
        let encoded = encoded_words(&subject);
        let name = HeaderName::new_from_ascii_str("Subject");
        headers.insert_raw(HeaderValue::dangerous_new_pre_encoded(name, subject, encoded));
    } else {
        headers.set(header::Subject::from(subject));
    }
    Ok(())
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

fn date(given: DateTime<Utc>) -> Result<SystemTime, MessageError> {
    /// The first second of the year 10000, which no `Date` can hold.
    const END_OF_DATES: i64 = 253_402_300_800;
    if (0..END_OF_DATES).contains(&given.timestamp()) {
        Ok(SystemTime::from(given))
    } else {
        Err(MessageError::Date { given })
    }
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
    let hash = HEXLOWER.encode(digest::digest(&digest::SHA256, message_id.as_bytes()).as_ref());
    hash.chars().take(40).collect()
}

/// The longest line that goes out as it is written. SMTP allows 998; some relays count a little differently.
const LINE_BYTES_MAX: usize = 900;

/// A text with LF line ends.
struct Body<'t>(Cow<'t, str>);

impl<'t> Body<'t> {
    fn of(field: &'static str, given: &'t str) -> Result<Self, MessageError> {
        if given.contains('\0') {
            return Err(MessageError::ControlCharacter { field, found: '\0' });
        }
        let has_cr = given.contains('\r');
        let text = if has_cr { given.replace("\r\n", "\n").replace('\r', "\n").into() } else { given.into() };
        Ok(Self(text))
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
