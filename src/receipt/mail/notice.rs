//! What is no report: bounces in plain words, automatic answers, and what somebody wrote.
//!
//! Mail servers tell in any language that a message came back, so hardly any word is looked for: it is the sender of a
//! notice that makes it one, and a code in it that gives its class. Only "still trying" has to be understood.

use super::fields::Fields;
use super::parts::parameter;
use super::{Mail, Nothing, Part, Unreadable, Verdict, automatic, receipt, report};
use crate::domain::receipt::News;
use crate::domain::status_code::StatusCode;

/// How servers say that they go on trying.
const STILL_TRYING: [&str; 21] = [
    "not yet been delivered",
    "not been delivered yet",
    "delivery is delayed",
    "has been delayed",
    "delivery attempts will continue",
    "will continue to try",
    "will continue trying",
    "will keep trying",
    "will be retried",
    "still being retried",
    "not need to resend",
    "n't need to resend",
    "noch nicht zugestellt",
    "weitere zustellversuche",
    "weiterhin versucht",
    "nicht erneut senden",
    "nicht erneut zu senden",
    "pas encore été",
    "nouvelles tentatives",
    "inutile de renvoyer",
    "inutile de le renvoyer",
];

/// How servers say that they gave up.
const GAVE_UP: [&str; 22] = [
    "undeliver",
    "not be delivered",
    "wasn't delivered",
    "was not delivered",
    "couldn't be delivered",
    "delivery failed",
    "delivery failure",
    "delivery has failed",
    "failed permanently",
    "permanent error",
    "unable to deliver",
    "returned to sender",
    "mailbox is full",
    "address not found",
    "unzustellbar",
    "nicht zugestellt werden",
    "zustellung ist fehlgeschlagen",
    "konnte nicht übermittelt",
    "pas pu être",
    "échec de la remise",
    "échec de la distribution",
    "non distribu",
];

/// What a mail says that is no report, or a report without the part that is one.
pub(super) fn verdict(mail: &Mail<'_>) -> Verdict {
    let texts: Vec<_> = mail.parts.iter().filter_map(Part::text).collect();
    let notice = Notice::read(&texts);
    let header = &mail.fields;
    let has_failed_recipients = header.first("x-failed-recipients").is_some();
    let is_report = header.first("content-type").and_then(|value| parameter(value, "report-type"));
    let is_report = is_report.is_some_and(|kind| kind.eq_ignore_ascii_case("delivery-status"));
    let is_automatic = automatic::is_automatic(header);
    let is_surely = has_failed_recipients || is_report || automatic::is_of_a_server(header);
    // A postmaster is also a person, and a mail from nobody may be the automatic answer of one.
    let is_by_its_words = if automatic::is_of_a_postmaster(header) {
        mail.is_from_nobody || notice.code.is_some() || notice.gave_up
    } else if is_automatic {
        mail.is_from_nobody && notice.code.is_some_and(StatusCode::is_enhanced) && notice.gave_up
    } else {
        mail.is_from_nobody && (notice.code.is_some() || notice.gave_up)
    };
    if is_surely || is_by_its_words {
        let groups: Vec<_> = texts.iter().flat_map(|text| Fields::groups(text.as_bytes())).filter(is_group).collect();
        return report::verdict(&groups, mail).unwrap_or_else(|| notice.verdict());
    }
    if is_automatic { Verdict::Nothing(Nothing::Automatic) } else { Verdict::Unreadable(Unreadable::NoReport) }
}

/// Whether a paragraph is a group of a report, which some gateways turn into text.
fn is_group(paragraph: &Fields) -> bool {
    let has = |name| paragraph.first(name).is_some();
    has("final-recipient") && (has("action") || has("status"))
}

/// A notice in plain words.
struct Notice {
    code: Option<StatusCode>,
    still_trying: bool,
    gave_up: bool,
    /// What the server says itself.
    own: String,
    /// The line that says why, or the first one.
    reason: String,
}

impl Notice {
    fn read(texts: &[String]) -> Self {
        let own: Vec<_> = texts.iter().map(|text| own_words(text)).collect();
        let lower: Vec<_> =
            own.iter().map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()).collect();
        let says = |words: &[&str]| lower.iter().any(|text| words.iter().any(|word| text.contains(word)));
        let code = own.iter().find_map(|text| StatusCode::of_sentence(text));
        // Some return the message before they say why; then only a code that cannot be anything else counts.
        let anywhere = || texts.iter().find_map(|text| StatusCode::of_sentence(text)).filter(|code| code.is_enhanced());
        let code = code.or_else(anywhere);
        let lines = || texts.iter().flat_map(|text| text.lines()).map(str::trim).filter(|line| !line.is_empty());
        let reason = code.and_then(|code| lines().find(|line| StatusCode::of_sentence(line) == Some(code)));
        let reason = reason.or_else(|| lines().next()).unwrap_or_default().to_owned();
        Self { code, still_trying: says(&STILL_TRYING), gave_up: says(&GAVE_UP), own: lower.join(" "), reason }
    }

    fn verdict(&self) -> Verdict {
        if self.still_trying && self.code.is_none_or(|code| code.class() == 4) {
            return Verdict::Nothing(Nothing::Delayed);
        }
        receipt(News::Bounced(report::class(self.code, &self.own)), &self.reason)
    }
}

/// What a server says itself, without the message that it returns.
fn own_words(text: &str) -> String {
    let mut own = String::new();
    for line in text.lines() {
        if begins_returned(line) {
            break;
        }
        own.push_str(line);
        own.push('\n');
    }
    own
}

/// Whether the returned message begins here, or what announces it.
fn begins_returned(line: &str) -> bool {
    let line = line.trim().to_lowercase();
    let is_field = ["return-path:", "received: from ", "received: by ", "dkim-signature:"]
        .iter()
        .any(|name| line.starts_with(name));
    let is_rule = line.starts_with("--") || line.starts_with("==");
    let announces = ["copy of", "original", "header", "returned", "nachricht", "message d'origine"];
    is_field || is_rule && announces.iter().any(|word| line.contains(word))
}
