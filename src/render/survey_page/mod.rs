//! The survey page: every question on one page, answerable with a thumb, a keyboard, a screen reader, and no script.

mod question;
mod rules;

use std::borrow::Cow;

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::asked::shown_language;
use super::notice::pairs;
use super::page::{Frame, Page};
use super::samples;
use super::templates::Templates;
use super::{RenderError, TemplateContext};
use crate::domain::answer::{Answer, Answers, Trouble};
use crate::domain::id::QuestionId;
use crate::domain::language::Language;
use crate::domain::survey::Survey;
use question::QuestionView;

/// A survey to be answered. No `Debug`: it holds answers and tokens.
#[derive(Clone)]
pub struct SurveyPage<'a> {
    /// What is asked.
    pub survey: Cow<'a, Survey>,
    /// The wanted language; the page stands in one that the survey speaks.
    pub language: Language,
    /// What is asked about, such as the branch; may be empty.
    pub place: String,
    /// What is answered or marked already.
    pub answers: Answers,
    /// Text that was typed but could not be taken, so that nobody types it twice.
    pub drafts: Vec<(QuestionId, String)>,
    /// What is wrong with the answers.
    pub troubles: Vec<(QuestionId, Trouble)>,
    /// Where the form goes.
    pub action: String,
    /// Fields that the form carries along, such as the time it was made.
    pub hidden: Vec<(String, String)>,
    /// The name of a field that people do not see and machines fill in.
    pub honeypot: Option<String>,
    /// Where surveys can be stopped, for somebody who was invited.
    pub unsubscribe_url: Option<String>,
}

impl<'a> SurveyPage<'a> {
    /// An empty form.
    pub fn blank(survey: &'a Survey, language: Language, action: impl Into<String>) -> Self {
        Self {
            survey: Cow::Borrowed(survey),
            language,
            place: String::new(),
            answers: Answers::new(),
            drafts: Vec::new(),
            troubles: Vec::new(),
            action: action.into(),
            hidden: Vec::new(),
            honeypot: None,
            unsubscribe_url: None,
        }
    }
}

impl TemplateContext for SurveyPage<'_> {
    const TEMPLATE: &'static str = "page/survey.html";

    type Rendered = Page;

    fn samples(language: &Language) -> Vec<Self> {
        samples::survey_pages(language)
    }

    fn render(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = shown_language(&self.survey, &self.language);
        let questions = QuestionView::all(self, language, templates.words(language))?;
        let has_rows = self.survey.questions.iter().any(|question| !question.kind.rows().is_empty());
        let styles = ["page/base.css", "page/survey.css", "page/matrix.css"];
        let styles = if has_rows { &styles } else { styles.split_at(2).0 };
        let frame = Frame { language, styles, rules: &rules::rules(&self.survey) };
        templates.page(Self::TEMPLATE, frame, self.values(templates, language, &questions))
    }
}

impl SurveyPage<'_> {
    fn values(&self, templates: &Templates, language: &Language, questions: &[QuestionView<'_>]) -> Value {
        let troubles = questions.iter().filter_map(|question| {
            Some(context! { id => question.id, text => question.text, what => question.trouble.as_ref()? })
        });
        let other = |other: &Language| {
            context! { tag => other.as_str(), name => templates.language_name(other), url => self.language_url(other) }
        };
        let others = self.survey.title.translations().map(|(other, _)| other).filter(|other| *other != language);
        context! {
            place => &self.place,
            languages => others.map(other).collect::<Vec<_>>(),
            title => self.survey.title.in_language(language),
            intro => self.survey.intro.as_ref().map(|intro| intro.in_language(language)),
            troubles => troubles.collect::<Vec<_>>(),
            marked => !self.answers.is_empty(),
            action => &self.action,
            hidden => pairs(&self.hidden),
            questions => Serde(questions),
            honeypot => self.honeypot.as_deref(),
            unsubscribe_url => self.unsubscribe_url.as_deref(),
        }
    }

    /// The same page in another language. Ratings go along; words do not, because links end up in logs.
    fn language_url(&self, language: &Language) -> String {
        let rating = |(question, answer): (&QuestionId, &Answer)| match answer {
            Answer::Rating(point) => Some(format!("&{question}={point}")),
            Answer::Choice(_)
            | Answer::Choices(_)
            | Answer::Text(_)
            | Answer::OwnWords { .. }
            | Answer::Rows(_)
            | Answer::NotApplicable => None,
        };
        std::iter::once(format!("?lang={language}")).chain(self.answers.iter().filter_map(rating)).collect()
    }
}
