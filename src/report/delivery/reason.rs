//! Why a message did not get through, as a code.
//!
//! What a server or a gateway says may name the address or the number, and hardly two say the same. So a reason is what can
//! be counted: the enhanced code of a mail server, else its reply code; the state and the code of a gateway; and where
//! nobody gave any, how it stands.

use super::last_words;
use crate::domain::attempt::{Attempt, Fate};
use crate::domain::invitation::Invitation;
use crate::domain::journey::Channel;
use crate::domain::status_code::StatusCode;

/// Longest word of a gateway that is taken for a state.
const STATE_CHARS_MAX: usize = 20;
/// Most digits of a gateway's code; a telephone number has more.
const CODE_DIGITS_MAX: usize = 6;

/// The reason, for a message that was refused, came back, was put off or cannot be told of.
pub(super) fn of(invitation: &Invitation, attempt: &Attempt) -> Option<String> {
    match attempt.fate {
        Fate::Sending | Fate::Accepted { .. } | Fate::Delivered { .. } => return None,
        Fate::Complained { .. } => return Some("complaint".to_owned()),
        Fate::Deferred | Fate::Refused { .. } | Fate::Unknown { .. } | Fate::Bounced { .. } => (),
    }
    let said = last_words(invitation, attempt).unwrap_or_default();
    let code = match attempt.channel {
        Channel::Email => of_server(said),
        Channel::Sms => of_gateway(said),
    };
    Some(code.unwrap_or_else(|| format!("no code ({})", attempt.fate.as_str())))
}

fn of_server(said: &str) -> Option<String> {
    StatusCode::of_sentence(said).or_else(|| StatusCode::of_field(said)).map(|code| code.to_string())
}

/// `undelivered 30005`, `400 21610`, `2`: a state or an HTTP status, and the code that follows it or stands under `code`.
fn of_gateway(said: &str) -> Option<String> {
    let words: Vec<&str> = said.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|w| !w.is_empty()).collect();
    let (first, rest) = words.split_first()?;
    let is_code = |word: &str| word.len() <= CODE_DIGITS_MAX && word.bytes().all(|byte| byte.is_ascii_digit());
    let is_state = |word: &str| {
        word.len() <= STATE_CHARS_MAX && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    if !is_code(first) && !is_state(first) {
        return None;
    }
    let next = rest.first().copied().filter(|word| is_code(word) && is_state(first));
    let under_code = || rest.windows(2).find_map(|pair| (pair.first()? == &"code").then(|| pair.get(1).copied())?);
    let code = next.or_else(under_code).filter(|word| is_code(word));
    Some(code.map_or_else(|| (*first).to_owned(), |code| format!("{first} {code}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(of: fn(&str) -> Option<String>, said: &str, expected: Option<&str>) {
        assert_eq!(of(said).as_deref(), expected, "{said}");
    }

    #[test]
    fn a_server_is_known_by_its_code() {
        check(of_server, "550 5.1.1 <a.guest@example.org>: no such user", Some("5.1.1"));
        check(of_server, "451 4.7.1 greylisted, come again in 300 seconds", Some("4.7.1"));
        check(of_server, "554 your message is not wanted", Some("554"));
        check(of_server, "5.2.2", Some("5.2.2"));
        check(of_server, "the relay cannot be reached", None);
        check(of_server, "", None);
    }

    #[test]
    fn a_gateway_is_known_by_its_state_and_code_and_no_number_gets_in() {
        check(of_gateway, "undelivered 30005", Some("undelivered 30005"));
        check(of_gateway, r#"400 {"code": 21610, "message": "+4915112345678 said stop"}"#, Some("400 21610"));
        check(of_gateway, r#"422 {"errors": [{"code": 10, "parameter": "recipients"}]}"#, Some("422 10"));
        check(of_gateway, "2 NACK/", Some("2"));
        check(of_gateway, "failed 4915112345678", Some("failed"));
        check(of_gateway, "4915112345678 is no number", None);
        check(of_gateway, "Ada is not there", None);
        check(of_gateway, "", None);
    }
}
