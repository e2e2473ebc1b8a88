//! The mail that asks: subject, text and HTML from the same content.
//!
//! The text part is no summary of the other: filters compare the two, and some people read only text. Whoever gets the
//! mail learns who asks, why they are asked and how to stop it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use chrono::NaiveDate;
use minijinja::{Value, context};

use super::asked::{Asked, RatingLink};
use super::fill::fill;
use super::samples;
use super::templates::Templates;
use super::words::Words;
use super::{RenderError, TemplateContext};
use crate::domain::journey::StepKind;
use crate::domain::language::Language;

/// Most ratings that fit side by side on a narrow screen at 44 pixels each.
const RATINGS_PER_ROW_MAX: usize = 7;

/// What a mail says. No `Debug`: it is all names and links.
#[derive(Clone)]
pub struct MailContext {
    /// The reader's language.
    pub language: Language,
    /// Whether it is the first message or a reminder.
    pub kind: StepKind,
    /// The question, with its links.
    pub asked: Asked,
    /// Who asks, as customers know them.
    pub business: String,
    /// Whom it is for; empty when unknown.
    pub contact_name: String,
    /// Why this person gets it.
    pub why: Why,
    /// Where it can be stopped.
    pub unsubscribe_url: String,
    /// A link that people do not see and machines follow.
    pub trap_url: Option<String>,
    /// Where the business can be found, in one line.
    pub postal_address: String,
}

/// Why somebody gets a mail.
#[derive(Clone, PartialEq, Eq)]
pub enum Why {
    /// They were in touch with a branch on a day.
    Contact {
        /// The branch, as customers know it.
        place: String,
        /// The day where the branch is.
        on: NaiveDate,
    },
    /// They are a customer.
    Customer,
    /// A sentence in the reader's language.
    Sentence(String),
}

/// A mail, ready to be put into an envelope; lines end in LF. `Debug` shows its size only.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// One line.
    pub subject: String,
    /// The part in plain text.
    pub text: String,
    /// The part in HTML.
    pub html: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({} and {} bytes)", self.text.len(), self.html.len())
    }
}

impl TemplateContext for MailContext {
    const TEMPLATE: &'static str = "mail/invitation";

    type Rendered = Mail;

    fn samples(language: &Language) -> Vec<Self> {
        samples::mails(language)
    }

    fn render(&self, templates: &Templates) -> Result<Mail, RenderError> {
        let context = self.values(templates.words(&self.language))?;
        let part = |ending| templates.fill_in(&format!("{}{ending}", Self::TEMPLATE), &self.language, context.clone());
        Ok(Mail { subject: one_line(&part(".subject.txt")?).into_owned(), text: part(".txt")?, html: part(".html")? })
    }
}

impl MailContext {
    fn values(&self, words: &Words) -> Result<Value, RenderError> {
        let business = one_line(&self.business);
        let reminder = self.kind == StepKind::Reminder;
        let greeting = match &*one_line(&self.contact_name) {
            "" => Cow::Borrowed(words.mail.hello.as_str()),
            name => fill(&words.mail.hello_name, &[("name", name)])?.into(),
        };
        let opening = match &self.asked.intro {
            _ if reminder => Cow::Borrowed(words.mail.reminder_opening.as_str()),
            Some(intro) => intro.into(),
            None => fill(&words.mail.opening, &[("business", &business)])?.into(),
        };
        let (start, end) = if self.language.direction() == "rtl" { ("right", "left") } else { ("left", "right") };
        Ok(context! {
            reminder, greeting, opening, start, end,
            title => one_line(&self.asked.title),
            question => &self.asked.question,
            rows => rows(&self.asked.ratings),
            ends => self.asked.ends.clone(),
            url => &self.asked.url,
            why => self.why.sentence(words, &business)?,
            business,
            unsubscribe_url => &self.unsubscribe_url,
            trap_url => self.trap_url.as_deref(),
            postal_address => one_line(&self.postal_address),
        })
    }
}

impl Why {
    fn sentence(&self, words: &Words, business: &str) -> Result<String, RenderError> {
        match self {
            Self::Contact { place, on } => {
                let date = words.date(*on)?;
                fill(&words.mail.why_contact, &[("place", &one_line(place)), ("date", &date)])
            }
            Self::Customer => fill(&words.mail.why_customer, &[("business", business)]),
            Self::Sentence(sentence) => Ok(one_line(sentence).into_owned()),
        }
    }
}

/// The ratings in one row, or in two of the same width with empty cells at the end.
fn rows(ratings: &[Arc<RatingLink>]) -> Vec<Value> {
    let n_rows = if ratings.len() > RATINGS_PER_ROW_MAX { 2 } else { 1 };
    let n_columns = ratings.len().div_ceil(n_rows).max(1);
    let row = |row: &[Arc<RatingLink>]| {
        let n_empty = n_columns - row.len();
        context! { ratings => row.iter().cloned().map(Value::from_dyn_object).collect::<Vec<_>>(), n_empty }
    };
    ratings.chunks(n_columns).map(row).collect()
}

/// The text without line breaks and other control characters, so that it can neither end a header nor fake a paragraph.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    let is_blank = |c: char| c.is_whitespace() || c.is_control();
    let is_visible = text.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let is_one_line = !text.starts_with(' ')
        && !text.ends_with(' ')
        && !text.contains("  ")
        && (is_visible || !text.contains(|c: char| c != ' ' && is_blank(c)));
    if is_one_line {
        return text.into();
    }
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    text.chars().map(visible).collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ").into()
}
