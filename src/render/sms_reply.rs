//! What a telephone is answered: thanks, the next question, and what its owner must know.

use minijinja::context;

use super::fill::fill;
use super::samples;
use super::scale;
use super::sms::written;
use super::templates::Templates;
use super::words::Words;
use super::{RenderError, TemplateContext};
use crate::domain::language::Language;
use crate::domain::survey::{Choice, Kind, Question};

/// Something that somebody who wrote to us must know. No `Debug`: it is all names.
#[derive(Clone)]
pub struct NoticeContext {
    /// The reader's language.
    pub language: Language,
    /// Who we are, as customers know us.
    pub business: String,
    /// What they must know.
    pub kind: NoticeKind,
}

/// What somebody must know.
#[derive(Clone, PartialEq, Eq)]
pub enum NoticeKind {
    /// That nothing more will come.
    Stopped,
    /// That surveys may come again.
    Started,
    /// Who we are, and how to reach us.
    Help {
        /// An address, a number, a page.
        contact: String,
    },
    /// Thanks for the answer.
    Thanks {
        /// The survey's own words of thanks.
        thanks: Option<String>,
    },
}

impl TemplateContext for NoticeContext {
    const TEMPLATE: &'static str = "sms/notice.txt";

    type Rendered = String;

    fn samples(language: &Language) -> Vec<Self> {
        let help = NoticeKind::Help { contact: "hello@sole.example".to_owned() };
        let kinds = [
            NoticeKind::Stopped,
            NoticeKind::Started,
            help,
            NoticeKind::Thanks { thanks: None },
            NoticeKind::Thanks { thanks: Some("Grazie!".to_owned()) },
        ];
        let notice = |kind| Self { language: language.clone(), business: "Trattoria Sole Mitte".to_owned(), kind };
        kinds.map(notice).into()
    }

    fn render(&self, templates: &Templates) -> Result<String, RenderError> {
        let words = &templates.words(&self.language).sms;
        let text = match &self.kind {
            NoticeKind::Stopped => words.stopped.clone(),
            NoticeKind::Started => words.started.clone(),
            NoticeKind::Help { contact } => fill(&words.help, &[("contact", contact)])?,
            NoticeKind::Thanks { thanks } => thanks.as_ref().unwrap_or(&words.thanks).clone(),
        };
        let context = context! { business => &self.business, text };
        Ok(written(templates.fill_in(Self::TEMPLATE, &self.language, context)?))
    }
}

/// A question that is asked within a talk. No `Debug`: it is all that a business wants to know.
#[derive(Clone)]
pub struct QuestionContext {
    /// The reader's language.
    pub language: Language,
    /// The question.
    pub question: Question,
    /// Whether it was asked before, and the answer was none.
    pub again: bool,
}

impl TemplateContext for QuestionContext {
    const TEMPLATE: &'static str = "sms/question.txt";

    type Rendered = String;

    fn samples(language: &Language) -> Vec<Self> {
        let questions = samples::every_kind().questions.into_iter();
        let both = questions.flat_map(|question| [(question.clone(), false), (question, true)]);
        both.map(|(question, again)| Self { language: language.clone(), question, again }).collect()
    }

    fn render(&self, templates: &Templates) -> Result<String, RenderError> {
        let words = templates.words(&self.language);
        let opening = if self.again { &words.sms.again } else { &words.sms.thanks };
        // Whoever could not be understood knows the question, unless it was for own words.
        let is_said = !self.again || matches!(self.question.kind, Kind::Text { .. });
        let question = if is_said { self.question.text.in_language(&self.language) } else { "" };
        let how = how(&self.question, &self.language, words)?;
        let how = if self.question.not_applicable.is_some() {
            fill(&words.sms.how_not_applicable, &[("how", &how)])?
        } else {
            how
        };
        let context = context! { opening, question, how => how };
        Ok(written(templates.fill_in(Self::TEMPLATE, &self.language, context)?))
    }
}

/// How a question is answered by a text message; nothing where any words are an answer.
fn how(question: &Question, language: &Language, words: &Words) -> Result<String, RenderError> {
    match &question.kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Smiley(_) | Kind::Stars(_) | Kind::Thumbs => {
            let Some(points) = question.kind.scale() else { return Ok(String::new()) };
            let [low, high] = [points.worst.min(points.best), points.worst.max(points.best)].map(|end| end.to_string());
            let [first, last] = scale::meant(question, language, words)?;
            fill(&words.sms.how_rating, &[("low", &low), ("high", &high), ("worst", &first), ("best", &last)])
        }
        Kind::Choice(options) => fill(&words.sms.how_options, &[("options", &numbered(options, language, words))]),
        Kind::Multi(options) => fill(&words.sms.how_several, &[("options", &numbered(options, language, words))]),
        Kind::Consent => Ok(words.sms.how_yes_no.clone()),
        Kind::Matrix { .. } | Kind::Text { .. } => Ok(String::new()),
    }
}

fn numbered(options: &[Choice], language: &Language, words: &Words) -> String {
    let option = |(number, option): (usize, &Choice)| format!("{number} = {}", option.text.in_language(language));
    (1..).zip(options).map(option).collect::<Vec<_>>().join(&words.comma)
}
