//! Header fields (RFC 5322 §2.2), which are also what reports are made of (RFC 3464 §2.1, RFC 5965 §3).

use std::borrow::Cow;

/// Most fields of one header.
const FIELDS_MAX: usize = 500;
/// Most characters of a value that are kept.
const VALUE_CHARS_MAX: usize = 4_000;
/// Most groups of fields in a report: one for the message and one for each recipient.
const GROUPS_MAX: usize = 100;

/// Fields in their order, unfolded.
#[derive(Default)]
pub(super) struct Fields {
    fields: Vec<(String, String)>,
}

impl Fields {
    /// Reads fields up to the first empty line; also returns what comes after it. Lines that are no field are left out.
    pub(super) fn read(bytes: &[u8]) -> (Self, &[u8]) {
        let mut fields: Vec<(String, String)> = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (line, after) = line(rest);
            rest = after;
            if line.iter().all(u8::is_ascii_whitespace) {
                break;
            }
            let text = String::from_utf8_lossy(line);
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if let Some((_, value)) = fields.last_mut().filter(|(_, value)| value.len() < VALUE_CHARS_MAX) {
                    value.push(' ');
                    value.extend(text.trim().chars().take(VALUE_CHARS_MAX));
                }
            } else if let Some((name, value)) = text.split_once(':').filter(|_| fields.len() < FIELDS_MAX) {
                let name = name.trim_end();
                if !name.is_empty() && name.chars().all(|c| c.is_ascii_graphic()) {
                    fields.push((name.to_ascii_lowercase(), value.trim().chars().take(VALUE_CHARS_MAX).collect()));
                }
            }
        }
        (Self { fields }, rest)
    }

    /// Reads the groups of a report, which have empty lines between them.
    pub(super) fn groups(bytes: &[u8]) -> Vec<Self> {
        let (mut groups, mut rest) = (Vec::new(), bytes);
        while !rest.is_empty() && groups.len() < GROUPS_MAX {
            let (group, after) = Self::read(rest);
            rest = after;
            if !group.is_empty() {
                groups.push(group);
            }
        }
        groups
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// The value of the first field of this name, which is given in lower case.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.iter().find(|(of, _)| *of == name).map(|(_, value)| value)
    }

    /// The values of all fields of this name, which is given in lower case.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.iter().filter(move |(of, _)| *of == name).map(|(_, value)| value)
    }

    /// Names, in lower case, and values.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.fields.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

/// The first line without its end, and what comes after it.
pub(super) fn line(bytes: &[u8]) -> (&[u8], &[u8]) {
    let (line, rest) = match bytes.iter().position(|byte| *byte == b'\n') {
        Some(at) => bytes.split_at(at + 1),
        None => (bytes, &[][..]),
    };
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    (line.strip_suffix(b"\r").unwrap_or(line), rest)
}

/// A mail whose lines end in a carriage return alone has line feeds instead.
pub(super) fn with_line_feeds(bytes: &[u8]) -> Cow<'_, [u8]> {
    if bytes.contains(&b'\n') || !bytes.contains(&b'\r') {
        return bytes.into();
    }
    bytes.iter().map(|&byte| if byte == b'\r' { b'\n' } else { byte }).collect::<Vec<_>>().into()
}

/// The first word of a value, without its comments (RFC 5322 §3.2.2), in lower case.
pub(super) fn word(value: &str) -> String {
    value
        .split(|c: char| c.is_whitespace() || matches!(c, '(' | ';' | ','))
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// What comes after the type of a typed value: `rfc822; guest@example.org` (RFC 3464 §2.1.2). Some leave the type out.
pub(super) fn untyped(value: &str) -> &str {
    match value.split_once(';') {
        Some((kind, rest)) if !kind.trim().contains(char::is_whitespace) => rest.trim(),
        Some(_) | None => value.trim(),
    }
}

/// The address in a value: what is in angle brackets, or the first word with an at sign in it, or the first word.
pub(super) fn address(value: &str) -> &str {
    if let Some((_, rest)) = value.rsplit_once('<') {
        return rest.split_once('>').map_or(rest, |(inside, _)| inside).trim();
    }
    let mut words = value.split_whitespace();
    let first = words.next().unwrap_or_default();
    let found = if first.contains('@') { first } else { words.find(|word| word.contains('@')).unwrap_or(first) };
    found.trim_matches(|c: char| matches!(c, '"' | ',' | ';' | ':' | '(' | ')' | '[' | ']'))
}
