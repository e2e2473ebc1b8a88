//! The survey page: every question on one page, answerable with a thumb, a keyboard, a screen reader, and no script.

mod question;
mod ready;
mod rules;

use std::borrow::Cow;

use minijinja::value::Serde;
use minijinja::{Value, context};

use super::asked::shown_language;
use super::fill::fill;
use super::notice::pairs;
use super::page::{Frame, Page};
use super::samples;
use super::templates::Templates;
use super::words::Words;
use super::{RenderError, TemplateContext};
use crate::domain::answer::{Answer, Answers, Trouble, holds, paging};
use crate::domain::id::QuestionId;
use crate::domain::language::Language;
use crate::domain::survey::{AskIf, Question, Survey, SurveyVersion};
use question::QuestionView;
pub(super) use ready::ReadyPages;

/// A survey to be answered. No `Debug`: it holds answers and tokens.
#[derive(Clone)]
pub struct SurveyPage<'a> {
    /// What is asked.
    pub survey: Cow<'a, Survey>,
    /// Its version, where it is known: such a page is written once and kept.
    pub version: Option<SurveyVersion>,
    /// The wanted language; the page stands in one that the survey speaks.
    pub language: Language,
    /// The page of the survey, counted from 0.
    pub page: usize,
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
    /// Whether what is marked is handed in as soon as a person is seen.
    pub counts_when_seen: bool,
    /// Where surveys can be stopped, for somebody who was invited.
    pub unsubscribe_url: Option<String>,
}

impl<'a> SurveyPage<'a> {
    /// An empty form.
    pub fn blank(survey: &'a Survey, language: Language, action: impl Into<String>) -> Self {
        Self {
            survey: Cow::Borrowed(survey),
            version: None,
            language,
            page: 0,
            place: String::new(),
            answers: Answers::new(),
            drafts: Vec::new(),
            troubles: Vec::new(),
            action: action.into(),
            hidden: Vec::new(),
            honeypot: None,
            counts_when_seen: false,
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
        let kept = templates.ready_pages().page(self, |page| page.written(templates));
        kept.unwrap_or_else(|| self.written(templates))
    }
}

impl SurveyPage<'_> {
    fn written(&self, templates: &Templates) -> Result<Page, RenderError> {
        let language = shown_language(&self.survey, &self.language);
        let questions = QuestionView::all(self, language, templates.words(language))?;
        let has_rows = self.shown().iter().any(|question| !question.kind.rows().is_empty());
        let styles = ["page/base.css", "page/survey.css", "page/matrix.css"];
        let styles = if has_rows { &styles } else { styles.split_at(2).0 };
        let script = (self.counts_when_seen && !self.answers.is_empty()).then_some("page/seen.js");
        let frame = Frame { language, styles, rules: &rules::rules(&self.shown()), script };
        templates.page(Self::TEMPLATE, frame, self.values(templates, language, &questions)?)
    }

    /// The questions of the page, without those that depend on an answer which an earlier page did not get.
    fn shown(&self) -> Vec<&Question> {
        let pages = self.survey.pages();
        let mut shown = Vec::<&Question>::new();
        for question in pages.get(self.page).copied().unwrap_or_default() {
            let is_of = |id: &QuestionId| pages.get(self.page).is_some_and(|page| page.iter().any(|q| q.id == *id));
            let may_hold = |ask_if: &AskIf| {
                if is_of(&ask_if.question) {
                    ask_if.question == question.id || shown.iter().any(|q| q.id == ask_if.question)
                } else {
                    holds(ask_if, &self.answers)
                }
            };
            if question.ask_if.iter().all(may_hold) {
                shown.push(question);
            }
        }
        shown
    }

    /// Which page this is of those that ask something, and of how many; `None` where there is one.
    fn progress(&self, words: &Words) -> Result<Option<String>, RenderError> {
        if self.survey.pages().len() < 2 {
            return Ok(None);
        }
        let asked = paging::possible(&self.survey, &self.answers, self.page);
        let place = asked.iter().filter(|page| **page <= self.page).count().max(1);
        let numbers = [("page", &*place.to_string()), ("pages", &*asked.len().max(place).to_string())];
        fill(&words.survey.page, &numbers).map(Some)
    }

    fn values(
        &self,
        templates: &Templates,
        language: &Language,
        questions: &[QuestionView<'_>],
    ) -> Result<Value, RenderError> {
        let words = templates.words(language);
        let (progress, n_pages) = (self.progress(words)?, self.survey.pages().len());
        let has_more = self.page + 1 < n_pages
            && paging::possible(&self.survey, &self.answers, self.page).iter().any(|p| *p > self.page);
        let troubles = questions.iter().filter_map(|question| {
            Some(context! { id => question.id, text => question.text, what => question.trouble.as_ref()? })
        });
        let other = |other: &Language| {
            context! { tag => other.as_str(), name => templates.language_name(other), url => self.language_url(other) }
        };
        let others = self.survey.title.translations().map(|(other, _)| other).filter(|other| *other != language);
        Ok(context! {
            progress,
            page => self.page + 1,
            has_more,
            place => &self.place,
            languages => others.map(other).collect::<Vec<_>>(),
            title => self.survey.title.in_language(language),
            intro => self.survey.intro.as_ref().filter(|_| self.page == 0).map(|intro| intro.in_language(language)),
            troubles => troubles.collect::<Vec<_>>(),
            marked => !self.answers.is_empty() && n_pages < 2,
            action => &self.action,
            hidden => pairs(&self.hidden),
            questions => Serde(questions),
            honeypot => self.honeypot.as_deref(),
            unsubscribe_url => self.unsubscribe_url.as_deref(),
        })
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
            | Answer::NotApplicable
            | Answer::Consent(_) => None,
        };
        let lang = std::iter::once(format!("?lang={language}"));
        if self.survey.pages().len() < 2 {
            return lang.chain(self.answers.iter().filter_map(rating)).collect();
        }
        // What was answered is stored, page by page.
        let hidden = self.hidden.iter().map(|(name, value)| format!("&{name}={value}"));
        lang.chain([format!("&{}={}", paging::PAGE, self.page + 1)]).chain(hidden).collect()
    }
}
