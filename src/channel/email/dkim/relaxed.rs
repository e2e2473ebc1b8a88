//! The `relaxed` forms of header and body (RFC 6376 §3.4.2, §3.4.4): what may change on the way does not count.

use memchr::{memchr, memmem};

const BLANKS: &[u8] = b" \t";

/// The name of a field, in small letters.
pub(super) fn name(field: &[u8]) -> String {
    let end = memchr(b':', field).unwrap_or(field.len());
    String::from_utf8_lossy(field.get(..end).unwrap_or_default()).trim_end().to_ascii_lowercase()
}

/// Writes a field: its name in small letters, its value on one line, blanks in a row as one and none at the ends. The end
/// of the line is for the caller to write, because the field with the signature has none.
pub(super) fn field(given: &[u8], into: &mut Vec<u8>) {
    let value = memchr(b':', given).and_then(|at| given.get(at + 1..)).unwrap_or_default();
    into.extend_from_slice(name(given).as_bytes());
    into.push(b':');
    let unfolded = value.iter().copied().filter(|byte| !b"\r\n".contains(byte));
    join(unfolded.skip_while(|byte| BLANKS.contains(byte)), into);
}

/// The body: blanks in a row as one and none at the end of a line, and no empty lines at its end.
pub(super) fn body(given: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(given.len() + 2);
    let (mut from, mut end) = (0, 0);
    for at in memmem::find_iter(given, b"\r\n").chain([given.len()]) {
        let begun = body.len();
        join(given.get(from..at).unwrap_or_default().iter().copied(), &mut body);
        let is_empty = body.len() == begun;
        body.extend_from_slice(b"\r\n");
        if !is_empty {
            end = body.len();
        }
        from = at + 2;
    }
    body.truncate(end);
    body
}

/// Writes the bytes with one blank for each row of blanks, and none at the end.
fn join(bytes: impl Iterator<Item = u8>, into: &mut Vec<u8>) {
    let mut blank = false;
    for byte in bytes {
        if BLANKS.contains(&byte) {
            blank = true;
            continue;
        }
        if std::mem::take(&mut blank) {
            into.push(b' ');
        }
        into.push(byte);
    }
}
