//! What SMTP (RFC 5321) and LMTP (RFC 2033) have in common for whoever is spoken to: lines, addresses, parameters.

use std::io;

use tokio::io::{AsyncBufRead, AsyncBufReadExt};

/// A line as it came, without its CRLF.
#[derive(Debug, PartialEq, Eq)]
pub enum Line {
    /// All of it.
    Whole(Vec<u8>),
    /// It was longer than it may be; nothing of it is kept.
    TooLong,
    /// It did not end with CRLF, or had a CR within.
    BareLineEnd,
    /// The client hung up.
    End,
}

/// Reads a line and holds no more of it than a line may have: `bytes_max` with its CRLF.
pub async fn line(stream: &mut (impl AsyncBufRead + Unpin), bytes_max: usize) -> io::Result<Line> {
    let mut line = Vec::new();
    let mut is_too_long = false;
    loop {
        let buffer = stream.fill_buf().await?;
        if buffer.is_empty() {
            return Ok(Line::End);
        }
        let end = buffer.iter().position(|&byte| byte == b'\n');
        let n_used = end.map_or(buffer.len(), |at| at + 1);
        is_too_long |= line.len() + n_used > bytes_max;
        if !is_too_long {
            line.extend(buffer.iter().take(n_used));
        }
        stream.consume(n_used);
        if end.is_some() {
            break;
        }
    }
    if is_too_long {
        return Ok(Line::TooLong);
    }
    match line.strip_suffix(b"\r\n") {
        Some(whole) if !whole.contains(&b'\r') => Ok(Line::Whole(whole.to_vec())),
        Some(_) | None => Ok(Line::BareLineEnd),
    }
}

/// The command on a line, `None` when there are no more; or what is to be answered where there is none.
pub fn command(line: Line) -> Result<Option<String>, &'static str> {
    match line {
        Line::End => Ok(None),
        Line::TooLong => Err("500 5.5.6 line too long"),
        Line::BareLineEnd => Err("500 5.5.2 lines end with CRLF"),
        Line::Whole(line) => String::from_utf8(line).map(Some).map_err(|_| "500 5.5.2 not UTF-8"),
    }
}

/// The address between the brackets, and what follows them.
pub fn path<'a>(rest: &'a str, keyword: &str) -> Option<(&'a str, &'a str)> {
    let (found, path) = rest.split_at_checked(keyword.len())?;
    if !found.eq_ignore_ascii_case(keyword) {
        return None;
    }
    let (address, after) = path.strip_prefix('<')?.split_once('>')?;
    let is_clean = !address.contains(|c: char| c.is_whitespace() || c.is_control() || c == '<');
    (is_clean && (after.is_empty() || after.starts_with(' '))).then_some((address, after))
}

/// The answer to a parameter of MAIL that was not offered or asks too much.
pub fn refusal(parameter: &str, takes_utf8: bool, bytes_max: usize) -> Option<&'static str> {
    let (keyword, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    match (keyword.to_ascii_uppercase().as_str(), value.to_ascii_uppercase().as_str()) {
        ("BODY", "7BIT" | "8BITMIME") => None,
        ("SMTPUTF8", "") if takes_utf8 => None,
        ("SIZE", size) => match size.parse::<usize>() {
            Ok(size) if size <= bytes_max => None,
            Ok(_) => Some("552 5.3.4 the message is too large"),
            Err(_) => Some("501 5.5.4 a size is a number"),
        },
        _ => Some("555 5.5.4 this parameter was not offered"),
    }
}
