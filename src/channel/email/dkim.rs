//! DKIM: signatures that say which domain answers for a mail, and that nobody has changed it since (RFC 6376, RFC 8463).
//!
//! Off by default, because many relays sign. Where we sign, every key does, usually an RSA key that all receivers can
//! read and an Ed25519 key beside it; what both sign is made once. Header and body are taken `relaxed`, so that a relay
//! may fold anew what it passes on. `Content-Type` and how parts are encoded are left out of `h=`: a relay may write those
//! anew, and the hash of the body covers what they are about.
//!
//! `From` stands once more in `h=` than in the mail: with a second sender put on top, which many programs would show, the
//! signature no longer holds (RFC 6376 §8.15). No other header that is not there is named, so a relay may add some.
//!
//! **Invariant:** the same mail and the same date give the same bytes. Both algorithms are deterministic, and `t=` is the
//! date of the attempt, so a retry is the same mail to the last bit.

mod key;
mod relaxed;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use memchr::memmem;

pub use key::{Key, KeyError};

/// The header fields that are signed where they are there, in small letters.
const SIGNED: [&[u8]; 14] = [
    b"from",
    b"to",
    b"subject",
    b"date",
    b"message-id",
    b"mime-version",
    b"reply-to",
    b"in-reply-to",
    b"references",
    b"list-id",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"feedback-id",
    b"auto-submitted",
];

/// No line of a signature is longer, unless a name is.
const COLUMNS_MAX: usize = 77;

/// What the signatures of a mail take, roughly.
const SIGNATURES_BYTES: usize = 1_600;

/// Signs for a domain, with one key or several.
#[derive(Debug)]
pub struct Signer {
    domain: String,
    keys: Vec<Key>,
}

/// A key refused to sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the DKIM key of selector `{selector}` does not sign")]
pub struct SignError {
    /// The selector of the key.
    pub selector: String,
}

/// What a verifier looks up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name, without a dot at the end: `c2026r._domainkey.sole.example`.
    pub name: String,
    /// The text.
    pub text: String,
}

/// Whether a signature of `domain` counts for mail from `from` where receivers go by organisations (DMARC's relaxed
/// alignment): for itself, and for what is below or above it. To tell siblings of one organisation from strangers takes the
/// list of public suffixes, so they do not count.
pub fn is_aligned(domain: &str, from: &str) -> bool {
    let is_below = |one: &str, other: &str| one.strip_suffix(other).is_some_and(|rest| rest.ends_with('.'));
    domain == from || is_below(from, domain) || is_below(domain, from)
}

impl Signer {
    /// Signs for this domain with these keys, each with a selector of its own.
    pub fn new(domain: String, keys: Vec<Key>) -> Self {
        Self { domain, keys }
    }

    /// The domain that the signatures answer for.
    pub fn domain(&self) -> &str {
        &self.domain
    }

    /// The keys.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// What has to be published, a TXT record for each key.
    pub fn records(&self) -> impl Iterator<Item = Record> {
        self.keys.iter().map(|key| Record {
            name: format!("{}._domainkey.{}", key.selector(), self.domain),
            text: format!("v=DKIM1; k={}; p={}", key.kind(), key.public()),
        })
    }

    /// The mail with a signature of each key on top.
    pub fn sign(&self, mail: &[u8], date: DateTime<Utc>) -> Result<Vec<u8>, SignError> {
        let content = Content::of(mail);
        let mut signed = Vec::with_capacity(mail.len() + SIGNATURES_BYTES);
        for key in &self.keys {
            signed.extend_from_slice(self.signature(&content, key, date)?.as_bytes());
        }
        signed.extend_from_slice(mail);
        Ok(signed)
    }

    /// The header field with the signature of one key.
    fn signature(&self, content: &Content, key: &Key, date: DateTime<Utc>) -> Result<String, SignError> {
        let mut field = Folded::begin("DKIM-Signature: v=1;");
        for (tag, value) in
            [("a", key.algorithm()), ("c", "relaxed/relaxed"), ("d", &self.domain), ("s", key.selector())]
        {
            field.word(" ", &format!("{tag}={value};"));
        }
        field.word(" ", &format!("t={};", date.timestamp()));
        field.word(" ", "h=");
        for name in &content.names {
            field.word("", &format!("{name}:"));
        }
        field.word("", "from;");
        field.word(" ", &format!("bh={};", content.body_hash));
        field.word(" ", "b=");
        let mut data = content.header.clone();
        relaxed::field(field.text.as_bytes(), &mut data);
        let signature = key.sign(&data).ok_or_else(|| SignError { selector: key.selector().to_owned() })?;
        field.cut(&BASE64.encode(&signature));
        Ok(field.text + "\r\n")
    }
}

/// What all keys sign of a mail.
struct Content {
    /// The names of the header fields that are signed, in their order.
    names: Vec<String>,
    /// The fields themselves, as they are hashed.
    header: Vec<u8>,
    /// The hash of the body, in base 64.
    body_hash: String,
}

impl Content {
    fn of(mail: &[u8]) -> Self {
        const END: &[u8] = b"\r\n\r\n";
        let (head, body) = match memmem::find(mail, END) {
            Some(at) => (mail.get(..at + 2), mail.get(at + END.len()..)),
            None => (Some(mail), None),
        };
        let (mut names, mut header) = (Vec::new(), Vec::with_capacity(SIGNATURES_BYTES));
        for field in fields(head.unwrap_or_default()) {
            let name = relaxed::name(field);
            if SIGNED.contains(&name.as_bytes()) {
                relaxed::field(field, &mut header);
                header.extend_from_slice(b"\r\n");
                names.push(name);
            }
        }
        let body_hash = BASE64.encode(digest(&SHA256, &relaxed::body(body.unwrap_or_default())).as_ref());
        Self { names, header, body_hash }
    }
}

/// The fields of a header, each with the lines that it is folded to.
fn fields(head: &[u8]) -> impl Iterator<Item = &[u8]> {
    let is_folded = |at: usize| head.get(at + 2).is_some_and(|byte| b" \t".contains(byte));
    let ends = memmem::find_iter(head, b"\r\n").filter(move |&at| !is_folded(at));
    let mut from = 0;
    ends.filter_map(move |at| head.get(std::mem::replace(&mut from, at + 2)..at))
}

/// A header field that is folded while it is written.
struct Folded {
    text: String,
    column: usize,
}

impl Folded {
    fn begin(text: &str) -> Self {
        Self { text: text.to_owned(), column: text.len() }
    }

    /// Writes `glue` and a word, or the word on a new line.
    fn word(&mut self, glue: &str, word: &str) {
        if COLUMNS_MAX < self.column + glue.len() + word.len() {
            self.text.push_str("\r\n ");
            self.column = 1;
        } else {
            self.text.push_str(glue);
            self.column += glue.len();
        }
        self.text.push_str(word);
        self.column += word.len();
    }

    /// Writes what may be cut anywhere, and is ASCII.
    fn cut(&mut self, mut rest: &str) {
        while let Some((part, left)) = rest.split_at_checked(COLUMNS_MAX.saturating_sub(self.column).min(rest.len())) {
            self.text.push_str(part);
            if left.is_empty() {
                return;
            }
            rest = left;
            self.text.push_str("\r\n ");
            self.column = 1;
        }
    }
}

#[cfg(test)]
mod tests;
