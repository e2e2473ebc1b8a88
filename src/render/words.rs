//! The words of the interface, one file per language.
//!
//! A language has every word or it does not load: half-translated pages are worse than English ones.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::RenderError;
use super::fill::fill;

/// All words in one language.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Words {
    /// What the language calls itself.
    pub(super) name: String,
    date: String,
    months: [String; 12],
    /// What stands between the items of a list.
    pub(super) comma: String,
    pub(super) scale: ScaleWords,
    pub(super) survey: SurveyWords,
    pub(super) thanks: ThanksWords,
    pub(super) unsubscribe: UnsubscribeWords,
    pub(super) unsubscribed: UnsubscribedWords,
    pub(super) gone: GoneWords,
    not_found: NotFoundWords,
    error: ErrorWords,
    pub(super) mail: MailWords,
    pub(super) sms: SmsWords,
    pub(super) card: CardWords,
}

/// What the ends and the points of scales mean where the survey does not say: worst before best.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScaleWords {
    pub(super) end: String,
    pub(super) nps: [String; 2],
    pub(super) csat: [String; 2],
    pub(super) ces: [String; 2],
    pub(super) effort: [String; 2],
    pub(super) thumbs: [String; 2],
    pub(super) general: [String; 2],
    pub(super) faces: [String; 5],
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SurveyWords {
    send: String,
    next: String,
    back: String,
    pub(super) page: String,
    optional: String,
    marked: String,
    pub(super) only_after: String,
    pub(super) only_after_any: String,
    at_most: String,
    other_languages: String,
    stop: String,
    honeypot: String,
    error_title: String,
    troubles: String,
    pub(super) not_applicable: String,
    own_words: String,
    pub(super) missing: String,
    pub(super) not_an_option: String,
    pub(super) too_long: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ThanksWords {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) already_title: String,
    pub(super) already_text: String,
    amend: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsubscribeWords {
    title: String,
    text: String,
    stop: String,
    pub(super) email: String,
    pub(super) sms: String,
    ineligible_text: String,
    ineligible: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UnsubscribedWords {
    pub(super) title: String,
    pub(super) text: String,
    pub(super) email_text: String,
    pub(super) sms_text: String,
    pub(super) ineligible_title: String,
    pub(super) ineligible_text: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GoneWords {
    pub(super) card_title: String,
    pub(super) card_text: String,
    pub(super) link_title: String,
    pub(super) link_text: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct NotFoundWords {
    title: String,
    text: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ErrorWords {
    title: String,
    text: String,
    retry: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MailWords {
    reminder_subject: String,
    pub(super) hello: String,
    pub(super) hello_name: String,
    pub(super) opening: String,
    pub(super) reminder_opening: String,
    answer: String,
    open: String,
    closing: String,
    pub(super) why_contact: String,
    pub(super) why_customer: String,
    stop: String,
    stop_link: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SmsWords {
    pub(super) reply: String,
    pub(super) stop_reply: String,
    pub(super) stop_link: String,
    pub(super) stopped: String,
    pub(super) started: String,
    pub(super) help: String,
    pub(super) thanks: String,
    pub(super) again: String,
    pub(super) how_rating: String,
    pub(super) how_options: String,
    pub(super) how_several: String,
    pub(super) how_yes_no: String,
    pub(super) how_not_applicable: String,
}

#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CardWords {
    pub(super) invitation: String,
}

impl Words {
    /// Reads a file of words; `file` is what an error calls it.
    pub(super) fn read(file: &str, content: &str) -> Result<Self, RenderError> {
        toml::from_str(content).map_err(|error| {
            let before = error.span().and_then(|span| content.get(..span.start)).unwrap_or_default();
            let line = before.matches('\n').count() + 1;
            RenderError::Template { file: file.to_owned(), line, what: error.message().to_owned() }
        })
    }

    /// A day as people write it: 6 March 2026.
    pub(super) fn date(&self, day: NaiveDate) -> Result<String, RenderError> {
        let month = self.months.get(day.month0() as usize).map_or("", String::as_str);
        fill(&self.date, &[("day", &day.day().to_string()), ("month", month), ("year", &day.year().to_string())])
    }
}
