//! Templates: what customers read, in mail, in text messages and on pages.
//!
//! Each template has one typed context that knows all its branches, so a template cannot ask for what nobody passes, and
//! [`Templates::check`] can render everything there is before the first customer sees it. HTML is escaped, text is not; an
//! undefined name or a missing value is an error and never an empty place in a message.
//!
//! **Invariant:** nothing here reads a clock, a store or a network; the same context always gives the same bytes.
//! **Invariant:** no page and no mail asks for anything from outside: no image, no font, no script, no pixel.

mod asked;
mod bar;
mod built_in;
mod check;
mod error;
mod fill;
mod mail;
mod notice;
mod page;
mod report_page;
mod samples;
mod scale;
mod sms;
mod sms_reply;
mod survey_page;
mod templates;
mod words;

#[cfg(test)]
mod tests;

pub use asked::{Asked, RatingLink};
pub use bar::{Bar, BarLink, BarWarp};
pub use check::{TemplateProblem, WorstCase};
pub use error::RenderError;
pub use mail::{Mail, MailContext, Why};
pub use notice::{
    ErrorPage, GonePage, GoneWhy, NotFoundPage, ThanksKind, ThanksPage, UnsubscribePage, UnsubscribedPage,
    UnsubscribedWhy,
};
pub use page::{Frame, Page};
pub use report_page::{ReportPage, Split};
pub use sms::{SmsContext, Stop};
pub use sms_reply::{NoticeContext, NoticeKind, QuestionContext};
pub use survey_page::SurveyPage;
pub use templates::Templates;

use crate::domain::language::Language;

/// All that a template needs, and what comes of it.
pub trait TemplateContext: Sized {
    /// The template's file; for mail, whose subject and two bodies are three files, the name without endings.
    const TEMPLATE: &'static str;

    /// What rendering gives.
    type Rendered;

    /// One value per branch of the template, in this language.
    fn samples(language: &Language) -> Vec<Self>;

    /// Fills the template in.
    fn render(&self, templates: &Templates) -> Result<Self::Rendered, RenderError>;
}
