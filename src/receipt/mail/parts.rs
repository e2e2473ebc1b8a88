//! The parts of a mail (RFC 2046), as far as reports need them.
//!
//! Taken apart here, because mail-parser has no limit to how deep messages may lie in each other, and gives them up by
//! recursion: some megabytes of `Content-Type: message/rfc822` end the process. What is in a part it decodes well.

use std::borrow::Cow;

use mail_parser::decoders::base64::base64_decode;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::decoders::quoted_printable::quoted_printable_decode;

use super::fields::{Fields, line, word};

/// Most parts of a mail that are looked at.
const PARTS_MAX: usize = 50;
/// How deep multiparts are looked into. Gateways and lists wrap a report once or twice.
const DEPTH_MAX: usize = 5;

/// A part that has no parts.
pub(super) struct Part<'a> {
    /// Its media type in lower case: `text/plain`.
    pub(super) kind: String,
    encoding: String,
    charset: Option<String>,
    body: &'a [u8],
}

impl Part<'_> {
    /// Whether it is the message that is returned, or its header (RFC 6522 §3, RFC 6532 §3.7).
    pub(super) fn is_returned(&self) -> bool {
        ["message/rfc822", "message/global", "message/global-headers", "text/rfc822-headers"]
            .contains(&self.kind.as_str())
    }

    /// Its bytes, decoded; as they came where they cannot be.
    pub(super) fn content(&self) -> Cow<'_, [u8]> {
        let decoded = match self.encoding.as_str() {
            "base64" => base64_decode(self.body),
            "quoted-printable" => quoted_printable_decode(self.body),
            _ => None,
        };
        decoded.map_or(Cow::Borrowed(self.body), Cow::Owned)
    }

    /// What a reader would see of it; nothing where it is no text.
    pub(super) fn text(&self) -> Option<String> {
        if !self.kind.starts_with("text/") || self.is_returned() {
            return None;
        }
        let content = self.content();
        let decode =
            self.charset.as_deref().filter(|charset| !charset.is_empty()).and_then(|of| charset_decoder(of.as_bytes()));
        let text = match decode {
            Some(decode) => decode(&content),
            None => String::from_utf8_lossy(&content).into_owned(),
        };
        Some(if self.kind == "text/html" { without_tags(&text) } else { text })
    }
}

/// The parts of a mail with this header and this body, in order.
pub(super) fn parts<'a>(header: &Fields, body: &'a [u8]) -> Vec<Part<'a>> {
    let mut found = Vec::new();
    collect(header, body, DEPTH_MAX, &mut found);
    found
}

fn collect<'a>(header: &Fields, body: &'a [u8], depth: usize, found: &mut Vec<Part<'a>>) {
    if found.len() >= PARTS_MAX {
        return;
    }
    let content_type = header.first("content-type").unwrap_or("text/plain");
    let mut kind = word(content_type);
    if kind.starts_with("multipart/") && depth > 0 {
        let boundary = parameter(content_type, "boundary").or_else(|| guessed_boundary(body));
        let pieces = boundary.map_or_else(Vec::new, |boundary| split(body, &boundary));
        for piece in &pieces {
            let (header, body) = Fields::read(piece);
            collect(&header, body, depth - 1, found);
        }
        if !pieces.is_empty() {
            return;
        }
        // Nothing that it says it is made of is there: whatever is there, it can be read.
        "text/plain".clone_into(&mut kind);
    }
    let encoding = word(header.first("content-transfer-encoding").unwrap_or_default());
    found.push(Part { kind, encoding, charset: parameter(content_type, "charset"), body });
}

/// A parameter of a `Content-Type` (RFC 2045 §5.1), by its name in lower case.
pub(super) fn parameter(value: &str, name: &str) -> Option<String> {
    let mut is_quoted = false;
    let mut parameters = value.split(|c| {
        is_quoted ^= c == '"';
        c == ';' && !is_quoted
    });
    parameters.find_map(|parameter| {
        let (of, value) = parameter.split_once('=')?;
        let value = value.trim();
        let value = match value.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap_or_default(),
            None => value.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default(),
        };
        (of.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

/// A boundary that nobody named: that of the first line which looks like one.
fn guessed_boundary(body: &[u8]) -> Option<String> {
    let mut rest = body;
    while !rest.is_empty() {
        let (line, after) = line(rest);
        rest = after;
        let boundary = line.strip_prefix(b"--").filter(|name| name.len() > 4 && name.iter().all(u8::is_ascii_graphic));
        if let Some(boundary) = boundary {
            return Some(String::from_utf8_lossy(boundary).into_owned());
        }
    }
    None
}

/// What is between the lines of a boundary; the last piece may lack its end, as a mail that was cut does.
fn split<'a>(body: &'a [u8], boundary: &str) -> Vec<&'a [u8]> {
    let (mut pieces, mut begin, mut rest) = (Vec::new(), None, body);
    while !rest.is_empty() && pieces.len() < PARTS_MAX {
        let here = body.len() - rest.len();
        let (line, after) = line(rest);
        rest = after;
        let Some(end) = line.strip_prefix(b"--").and_then(|line| line.strip_prefix(boundary.as_bytes())) else {
            continue;
        };
        let end = end.trim_ascii_end();
        if !matches!(end, b"" | b"--") {
            continue;
        }
        if let Some(piece) = begin.and_then(|begin| body.get(begin..here)) {
            pieces.push(piece);
        }
        begin = end.is_empty().then_some(body.len() - rest.len());
        if begin.is_none() {
            break;
        }
    }
    pieces.extend(begin.and_then(|begin| body.get(begin..)).filter(|piece| !piece.is_empty()));
    pieces
}

/// HTML without its tags; a line for each of them would be wrong, but a word must not grow together with the next.
fn without_tags(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    for (n, piece) in html.split('<').enumerate() {
        let shown = if n == 0 { piece } else { piece.split_once('>').map_or("", |(_, shown)| shown) };
        let tag = word(piece.trim_start_matches('/').split('>').next().unwrap_or_default());
        let is_line =
            matches!(tag.as_str(), "br" | "br/" | "p" | "div" | "tr" | "li" | "h1" | "h2" | "h3" | "pre" | "hr");
        text.push(if is_line { '\n' } else { ' ' });
        text.push_str(shown);
    }
    for (name, character) in
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&nbsp;", " "), ("&#43;", "+"), ("&amp;", "&")]
    {
        if text.contains(name) {
            text = text.replace(name, character);
        }
    }
    text
}
