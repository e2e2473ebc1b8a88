//! What is hidden in what is kept of an answer: secrets, and what an answer may repeat of the message.

use std::borrow::Cow;
use std::cmp::Reverse;

use memchr::{memchr_iter, memmem};
use serde_json::Value as Json;

/// What stands in the place of something hidden.
const HIDDEN: &str = "…";
/// Words of a message that are shorter are let be: hiding every `1` would leave nothing to read.
const CHARS_MIN: usize = 5;
/// Texts of so many bytes are looked through byte by byte.
const SHORT: usize = 4 << 10;
/// The end of a number that tells it from others, however it begins: with a plus, with zeros, or with neither.
const DIGITS_OF_END: usize = 7;

/// Words and a number that must not be repeated.
pub(super) struct Mask<'a> {
    /// The longest first, so that no part of a word is left over because another one was hidden within it.
    words: Vec<&'a str>,
    end_of_number: &'a str,
}

impl<'a> Mask<'a> {
    /// Hides secrets however short they are, words of the message, and its number, which is written with a plus (E.164).
    pub(super) fn of(
        secrets: impl Iterator<Item = &'a str>,
        of_message: impl IntoIterator<Item = &'a str>,
        number: &'a str,
    ) -> Self {
        let of_message = of_message.into_iter().filter(|word| word.chars().count() >= CHARS_MIN);
        let mut words: Vec<_> = secrets.filter(|word| !word.is_empty()).chain(of_message).collect();
        words.sort_by_key(|word| Reverse(word.len()));
        let digits = number.trim_start_matches('+');
        Self { words, end_of_number: digits.get(digits.len().saturating_sub(DIGITS_OF_END)..).unwrap_or(digits) }
    }

    /// The text with these hidden, as they are and as JSON and forms write them.
    pub(super) fn apply(&self, text: &str) -> String {
        let mut text = Cow::Borrowed(text);
        for word in &self.words {
            hide(&mut text, word);
            hide_different(&mut text, word, &in_json(word));
            if text.contains('\\') {
                hide_different(&mut text, word, &in_careful_json(word));
            }
            // Only blanks become a plus, and whatever else is escaped there has a percent sign.
            if text.contains('%') || word.contains(' ') && text.contains('+') && word.bytes().all(is_bare_in_form) {
                let in_form = in_form(word);
                hide_different(&mut text, &in_form, &in_form.replace('+', "%20"));
                hide_different(&mut text, word, &in_form);
            }
        }
        self.without_number(&text)
    }

    /// Whatever ends as the number does is the number.
    fn without_number(&self, text: &str) -> String {
        let (mut left, mut rest) = (String::with_capacity(text.len()), text);
        while !self.end_of_number.is_empty()
            && let Some(at) = memmem::find(rest.as_bytes(), self.end_of_number.as_bytes())
        {
            let (before, after) = rest.split_at(at);
            let before = before.trim_end_matches(|c: char| c.is_ascii_digit());
            let before = before.strip_suffix('+').or_else(|| before.strip_suffix("%2B")).unwrap_or(before);
            left.push_str(before);
            left.push_str(HIDDEN);
            rest = after.get(self.end_of_number.len()..).unwrap_or_default();
        }
        left.push_str(rest);
        left
    }
}

fn hide(text: &mut Cow<'_, str>, word: &str) {
    let (mut left, mut rest) = (String::new(), &**text);
    while let Some(at) = find(rest.as_bytes(), word.as_bytes()) {
        let (before, after) = rest.split_at(at);
        left.push_str(before);
        left.push_str(HIDDEN);
        rest = after.get(word.len()..).unwrap_or_default();
    }
    if !left.is_empty() {
        left.push_str(rest);
        *text = left.into();
    }
}

/// Where a text has a word in it. To prepare a long word for a quick search takes longer than to look through a short
/// text, which most answers are.
fn find(text: &[u8], word: &[u8]) -> Option<usize> {
    match word.first() {
        Some(first) if text.len() <= SHORT => {
            memchr_iter(*first, text).find(|at| text.get(*at..).is_some_and(|rest| rest.starts_with(word)))
        }
        Some(_) | None => memmem::find(text, word),
    }
}

/// Hides another form of a word, if it is one.
fn hide_different(text: &mut Cow<'_, str>, word: &str, form: &str) {
    if form != word {
        hide(text, form);
    }
}

/// As JSON has to write it.
fn in_json(word: &str) -> Cow<'_, str> {
    if !word.bytes().any(|byte| matches!(byte, b'"' | b'\\' | ..b' ')) {
        return word.into();
    }
    let quoted = Json::String(word.to_owned()).to_string();
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(word).to_owned().into()
}

/// As those write JSON who trust no reader: slashes escaped, and nothing but ASCII.
fn in_careful_json(word: &str) -> String {
    let careful = |c: char| match c {
        '/' => "\\/".to_owned(),
        c if c.is_ascii() => c.to_string(),
        c => c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect::<Vec<_>>().concat(),
    };
    in_json(word).chars().map(careful).collect()
}

/// Whether a form has no percent sign for it.
fn is_bare_in_form(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b' ' | b'*' | b'-' | b'.' | b'_')
}

/// As a form writes it.
fn in_form(word: &str) -> String {
    form_urlencoded::byte_serialize(word.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let mask = Mask::of(["s3/t"].into_iter(), ["Wie war's, Zoë?", "4"], "+4915112345678");
        assert_eq!(mask.apply(text), expected);
    }

    #[test]
    fn words_are_hidden_however_they_are_written() {
        check("code 4: s3/t, Wie war's, Zoë?", "code 4: …, …");
        check(r#"{"a":"s3\/t","b":"Wie war's, Zo\u00eb?"}"#, r#"{"a":"…","b":"…"}"#);
        check("a=s3%2Ft&b=Wie+war%27s%2C+Zo%C3%AB%3F", "a=…&b=…");
        check("b=Wie%20war%27s%2C%20Zo%C3%AB%3F", "b=…");
    }

    #[test]
    fn a_number_is_hidden_with_whatever_it_begins() {
        check("+4915112345678, 4915112345678, 004915112345678", "…, …, …");
        check("015112345678 %2B4915112345678 5112345678.", "… … ….");
        check("id 12345679, to 5678", "id 12345679, to 5678");
    }

    #[test]
    fn words_are_found_in_long_texts_too() {
        let long = "ssss".repeat(SHORT);
        check(&format!("{long}3/t"), &format!("{}…", long.strip_suffix('s').unwrap()));
    }

    #[test]
    fn a_word_within_another_leaves_nothing_of_it() {
        let mask = Mask::of(["token"].into_iter(), ["https://s.example/token"], "");
        assert_eq!(mask.apply("https://s.example/token token"), "… …");
    }
}
