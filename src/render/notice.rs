//! The sisters of the survey page: what is said after an answer, around an unsubscription, and when there is no survey.

use minijinja::{Value, context};

use super::page::{Frame, Page};
use super::templates::Templates;
use super::{RenderError, TemplateContext};
use crate::domain::answer::Answers;
use crate::domain::journey::Channel;
use crate::domain::language::Language;
use crate::domain::survey::Survey;

/// After an answer.
#[derive(Clone)]
pub struct ThanksPage {
    /// The language of the page.
    pub language: Language,
    /// Whom the answer went to; may be empty.
    pub place: String,
    /// What happened.
    pub kind: ThanksKind,
    /// Where the answer can still be changed, while it can.
    pub amend_url: Option<String>,
}

/// What happened to an answer.
#[derive(Clone, PartialEq, Eq)]
pub enum ThanksKind {
    /// It was taken.
    Answered {
        /// The survey's own words of thanks.
        thanks: Option<String>,
        /// Address and words of the page that everybody is shown.
        link: Option<[String; 2]>,
    },
    /// There was one before, and it stays as it was.
    AlreadyAnswered,
}

impl ThanksKind {
    /// What a survey says after these answers.
    pub fn after(survey: &Survey, answers: &Answers, language: &Language) -> Self {
        Self::Answered {
            thanks: survey.thanks_for(answers).map(|thanks| thanks.in_language(language).to_owned()),
            link: survey.link.as_ref().map(|link| [link.url.clone(), link.text.in_language(language).to_owned()]),
        }
    }
}

impl TemplateContext for ThanksPage {
    const TEMPLATE: &'static str = "page/thanks.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        let page = |kind, place: &str, amend_url: Option<&str>| Self {
            language: language.clone(),
            place: place.to_owned(),
            kind,
            amend_url: amend_url.map(str::to_owned),
        };
        let link = ["https://sole.example/table?a=1&b=2", "Book your next table"].map(str::to_owned);
        vec![
            page(ThanksKind::Answered { thanks: None, link: None }, "Sole Mitte", Some("/s/sample")),
            page(ThanksKind::Answered { thanks: Some("Grazie!".to_owned()), link: Some(link) }, "", None),
            page(ThanksKind::AlreadyAnswered, "Sole Mitte", None),
        ]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let words = &templates.words(&self.language).thanks;
        let (title, text, link) = match &self.kind {
            ThanksKind::Answered { thanks, link } => {
                (&words.title, thanks.as_ref().unwrap_or(&words.text), link.as_ref())
            }
            ThanksKind::AlreadyAnswered => (&words.already_title, &words.already_text, None),
        };
        let context = context! { title, text, link, amend_url => self.amend_url.as_deref(), ..head(&self.place) };
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context)
    }
}

/// Asks whether somebody really wants no more surveys. Only its form, not the link to it, changes anything.
///
/// The form posts `choice=stop`, `choice=channel` for somebody who minds only the way they are asked, or
/// `choice=ineligible` for somebody who was never a customer there.
#[derive(Clone)]
pub struct UnsubscribePage {
    /// The language of the page.
    pub language: Language,
    /// Who would stop asking.
    pub business: String,
    /// Where the form goes.
    pub action: String,
    /// By which channel the message with the link came.
    pub channel: Channel,
}

impl TemplateContext for UnsubscribePage {
    const TEMPLATE: &'static str = "page/unsubscribe.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        let page = |channel| Self {
            language: language.clone(),
            business: "Trattoria Sole".to_owned(),
            action: "/u/sample".to_owned(),
            channel,
        };
        Channel::ALL.map(page).into()
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let words = &templates.words(&self.language).unsubscribe;
        let channel = match self.channel {
            Channel::Email => &words.email,
            Channel::Sms => &words.sms,
        };
        let context = context! { action => &self.action, channel, ..head(&self.business) };
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context)
    }
}

/// Confirms what the unsubscribe page has done.
#[derive(Clone)]
pub struct UnsubscribedPage {
    /// The language of the page.
    pub language: Language,
    /// Who stops asking.
    pub business: String,
    /// What was chosen.
    pub why: UnsubscribedWhy,
}

/// What somebody chose on the unsubscribe page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnsubscribedWhy {
    /// No more surveys.
    Stop,
    /// No more by this channel.
    Channel(Channel),
    /// Not a customer there.
    Ineligible,
}

impl TemplateContext for UnsubscribedPage {
    const TEMPLATE: &'static str = "page/unsubscribed.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        let page = |why| Self { language: language.clone(), business: "Trattoria Sole".to_owned(), why };
        let channels = Channel::ALL.map(UnsubscribedWhy::Channel);
        [UnsubscribedWhy::Stop, UnsubscribedWhy::Ineligible].into_iter().chain(channels).map(page).collect()
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let words = &templates.words(&self.language).unsubscribed;
        let (title, text) = match self.why {
            UnsubscribedWhy::Stop => (&words.title, &words.text),
            UnsubscribedWhy::Channel(Channel::Email) => (&words.title, &words.email_text),
            UnsubscribedWhy::Channel(Channel::Sms) => (&words.title, &words.sms_text),
            UnsubscribedWhy::Ineligible => (&words.ineligible_title, &words.ineligible_text),
        };
        let context = context! { title, text, ..head(&self.business) };
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context)
    }
}

/// There was a survey here (status 410).
#[derive(Clone)]
pub struct GonePage {
    /// The language of the page.
    pub language: Language,
    /// Whose survey it was; may be empty.
    pub place: String,
    /// Why it is gone.
    pub why: GoneWhy,
}

/// Why a survey is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GoneWhy {
    /// The card was withdrawn.
    CardRevoked,
    /// The link's time is over.
    LinkExpired,
}

impl TemplateContext for GonePage {
    const TEMPLATE: &'static str = "page/gone.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        let page = |why, place: &str| Self { language: language.clone(), place: place.to_owned(), why };
        vec![page(GoneWhy::CardRevoked, "Sole Mitte"), page(GoneWhy::LinkExpired, "")]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let words = &templates.words(&self.language).gone;
        let (title, text) = match self.why {
            GoneWhy::CardRevoked => (&words.card_title, &words.card_text),
            GoneWhy::LinkExpired => (&words.link_title, &words.link_text),
        };
        let context = context! { title, text, ..head(&self.place) };
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context)
    }
}

/// There is nothing at this address (status 404).
#[derive(Clone)]
pub struct NotFoundPage {
    /// The language of the page.
    pub language: Language,
}

impl TemplateContext for NotFoundPage {
    const TEMPLATE: &'static str = "page/not_found.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        vec![Self { language: language.clone() }]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context! {})
    }
}

/// The answer could not be saved (status 503). It keeps nothing and promises nothing.
#[derive(Clone)]
pub struct ErrorPage {
    /// The language of the page.
    pub language: Language,
    /// Where to try again.
    pub retry_url: Option<String>,
}

impl TemplateContext for ErrorPage {
    const TEMPLATE: &'static str = "page/error.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        let page = |retry_url| Self { language: language.clone(), retry_url };
        vec![page(Some("/s/sample".to_owned())), page(None)]
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let context = context! { retry_url => self.retry_url.as_deref() };
        templates.page(Self::TEMPLATE, Frame::plain(&self.language), context)
    }
}

/// The head of a page that stands in one language only.
fn head(place: &str) -> Value {
    context! { place, languages => Vec::<Value>::new() }
}

/// Names and values of hidden fields.
pub(super) fn pairs(fields: &[(String, String)]) -> Vec<Vec<String>> {
    fields.iter().map(|(name, value)| vec![name.clone(), value.clone()]).collect()
}
