//! A mail as it arrived, read by a parser that is not ours.

use std::collections::BTreeSet;

use mail_parser::{HeaderValue, MessageParser};

/// Longest line that RFC 5322 allows, in bytes, without its end.
const LINE_BYTES_MAX: usize = 998;

/// What the recipient's programs make of a mail.
pub(crate) struct Mail {
    /// The recipient of the envelope.
    pub(crate) to: String,
    pub(crate) message_id: String,
    /// Where one click unsubscribes.
    pub(crate) unsubscribe_url: String,
    /// Where the survey is.
    pub(crate) survey_url: String,
    /// Every link of both bodies.
    pub(crate) links: BTreeSet<String>,
}

impl Mail {
    /// Reads a mail. Panics, showing it, when it is not one that large receivers take from bulk senders.
    #[track_caller]
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let shown = String::from_utf8_lossy(bytes);
        assert!(bytes.split(|&byte| byte == b'\n').all(|line| line.len() <= LINE_BYTES_MAX), "a long line in\n{shown}");
        let message = MessageParser::default().parse(bytes).unwrap();
        let n_ids = message.headers().iter().filter(|header| header.name().eq_ignore_ascii_case("Message-ID")).count();
        assert_eq!(n_ids, 1, "{shown}");
        let header = |name: &str| message.header_raw(name).map_or_else(|| panic!("no {name} in\n{shown}"), bare);
        assert_eq!(header("List-Unsubscribe-Post"), "List-Unsubscribe=One-Click");
        assert_eq!((message.text_body_count(), message.html_body_count()), (1, 1), "{shown}");
        assert!(matches!(message.header("Date"), Some(HeaderValue::DateTime(_))), "{shown}");
        let (text, html) = (message.body_text(0).unwrap(), message.body_html(0).unwrap());
        let html = html.replace("&amp;", "&").replace("&#x2f;", "/");
        let unsubscribe_url = header("List-Unsubscribe");
        let links: BTreeSet<String> = links(&text).chain(links(&html)).collect();
        assert!(links.contains(&unsubscribe_url), "{unsubscribe_url} is not in\n{text}");
        let survey_url = survey_link(&text);
        assert!(links.len() > 2, "no one-tap links in\n{html}");
        // Postfix writes the first, smtp-sink the second.
        let to = message.header_raw("Delivered-To").or(message.header_raw("X-Rcpt-Args")).map(bare);
        Self {
            to: to.unwrap_or_else(|| panic!("no recipient in\n{shown}")),
            message_id: message.message_id().unwrap().to_owned(),
            unsubscribe_url,
            survey_url,
            links,
        }
    }
}

/// The links of a text.
pub(crate) fn links(text: &str) -> impl Iterator<Item = String> {
    let parts = text.split(|c: char| c.is_whitespace() || "\"'<>".contains(c));
    parts.filter(|part| part.starts_with("http://")).map(str::to_owned)
}

/// The link to the survey in a text: the one that says nothing of an answer.
#[track_caller]
pub(crate) fn survey_link(text: &str) -> String {
    links(text).find(|link| link.contains("/s/")).unwrap_or_else(|| panic!("no link to a survey in {text}"))
}

/// The link to unsubscribe in a text.
#[track_caller]
pub(crate) fn unsubscribe_link(text: &str) -> String {
    links(text).find(|link| link.contains("/u/")).unwrap_or_else(|| panic!("no link to unsubscribe in {text}"))
}

fn bare(value: &str) -> String {
    value.trim().trim_start_matches('<').trim_end_matches('>').to_owned()
}
