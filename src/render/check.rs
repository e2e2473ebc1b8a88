//! Renders everything there is, before a customer does.
//!
//! A template that fails on one branch in one language would otherwise fail at night, for one customer, with nobody
//! looking. So each sample and each survey is rendered in each language, with names as long as they get.

use super::TemplateContext;
use super::error::RenderError;
use super::mail::{MailContext, Why};
use super::notice::{ErrorPage, GonePage, NotFoundPage, ThanksPage, UnsubscribePage, UnsubscribedPage};
use super::report_page::ReportPage;
use super::sms::{SmsContext, Stop};
use super::sms_reply::{NoticeContext, QuestionContext};
use super::survey_page::SurveyPage;
use super::templates::Templates;
use crate::domain::answer::Trouble;
use crate::domain::attempt::TEXT_SEGMENTS_MAX;
use crate::domain::contact;
use crate::domain::id::SurveyId;
use crate::domain::journey::StepKind;
use crate::domain::language::Language;
use crate::domain::survey::Survey;

/// Something about a template that operations have to know.
#[derive(Debug, thiserror::Error)]
pub enum TemplateProblem {
    /// A template cannot be rendered.
    #[error(transparent)]
    Broken(#[from] RenderError),
    /// A text message is longer than one segment and is paid for more than once.
    #[error("the text message of survey `{survey}` in `{language}` needs {n_segments} segments{}{}",
        causes(characters), too_many(*n_segments))]
    LongSms {
        /// The survey.
        survey: SurveyId,
        /// The language of the message.
        language: Language,
        /// Segments it needs.
        n_segments: u32,
        /// The characters that leave less room, if any.
        characters: Vec<char>,
    },
    /// A survey speaks a language that the interface does not.
    #[error(
        "survey `{survey}` speaks `{language}`, the interface does not; put language/{language}.toml beside the templates"
    )]
    NoWords {
        /// The survey.
        survey: SurveyId,
        /// The language.
        language: Language,
    },
}

/// Most characters that are named.
const CAUSES_MAX: usize = 5;

impl TemplateProblem {
    /// Whether everything works all the same, only dearer than it need be.
    pub fn is_warning(&self) -> bool {
        matches!(self, Self::LongSms { n_segments, .. } if *n_segments <= TEXT_SEGMENTS_MAX.into())
    }
}

fn causes(characters: &[char]) -> String {
    if characters.is_empty() {
        return String::new();
    }
    let named = characters.iter().take(CAUSES_MAX);
    let list = named.map(|c| format!("{c:?} (U+{:04X})", u32::from(*c))).collect::<Vec<_>>().join(", ");
    // A language that has an alphabet of its own is not to be rewritten letter by letter.
    let n_more = characters.len().saturating_sub(CAUSES_MAX);
    if n_more == 0 { format!(" because of {list}") } else { format!(" because of {list} and {n_more} more") }
}

fn too_many(n_segments: u32) -> String {
    if n_segments <= TEXT_SEGMENTS_MAX.into() {
        return String::new();
    }
    format!(", and {TEXT_SEGMENTS_MAX} is the most that is sent: shorten the question or the template")
}

/// The longest of what stands in a message.
#[derive(Clone, Copy)]
pub struct WorstCase<'a> {
    /// The longest name of a sender.
    pub business: &'a str,
    /// The longest link of a survey.
    pub survey_url: &'a str,
    /// How text messages are stopped.
    pub stop: &'a Stop,
    /// Whether they ask for replies.
    pub replies: bool,
    /// Segments that a text message needs, and the characters that leave less room.
    pub segments: &'a dyn Fn(&str) -> (u32, Vec<char>),
}

impl Templates {
    /// All problems with these templates and surveys; the same one only once.
    pub fn check<'s>(
        &self,
        surveys: impl IntoIterator<Item = &'s Survey>,
        worst: &WorstCase<'_>,
    ) -> Vec<TemplateProblem> {
        let mut problems = Problems::default();
        for language in self.languages() {
            self.check_samples::<MailContext>(language, &mut problems);
            self.check_samples::<SmsContext>(language, &mut problems);
            self.check_samples::<NoticeContext>(language, &mut problems);
            self.check_samples::<QuestionContext>(language, &mut problems);
            self.check_samples::<SurveyPage<'_>>(language, &mut problems);
            self.check_samples::<ThanksPage>(language, &mut problems);
            self.check_samples::<UnsubscribePage>(language, &mut problems);
            self.check_samples::<UnsubscribedPage>(language, &mut problems);
            self.check_samples::<GonePage>(language, &mut problems);
            self.check_samples::<NotFoundPage>(language, &mut problems);
            self.check_samples::<ErrorPage>(language, &mut problems);
        }
        self.check_samples::<ReportPage>(&Language::english(), &mut problems);
        for survey in surveys {
            for language in survey.languages() {
                if !self.speaks(&language) {
                    problems.add(TemplateProblem::NoWords { survey: survey.id.clone(), language: language.clone() });
                }
                problems.add_error(self.check_page(survey, &language));
                problems.add_error(self.check_mail(survey, &language, worst));
                match self.check_sms(survey, &language, worst) {
                    Ok(Some(problem)) => problems.add(problem),
                    Ok(None) => (),
                    Err(error) => problems.add(error.into()),
                }
            }
        }
        problems.found
    }

    fn check_samples<T: TemplateContext>(&self, language: &Language, problems: &mut Problems) {
        for sample in T::samples(language) {
            problems.add_error(sample.render(self).map(drop));
        }
    }

    fn check_page(&self, survey: &Survey, language: &Language) -> Result<(), RenderError> {
        let troubles: Vec<_> =
            survey.questions.iter().map(|question| (question.id.clone(), Trouble::Missing)).collect();
        let blank = SurveyPage::blank(survey, language.clone(), "/");
        for page in 0..survey.pages().len() {
            SurveyPage { page, ..blank.clone() }.render(self)?;
            SurveyPage { page, troubles: troubles.clone(), ..blank.clone() }.render(self)?;
        }
        Ok(())
    }

    fn check_mail(&self, survey: &Survey, language: &Language, worst: &WorstCase<'_>) -> Result<(), RenderError> {
        let mail = MailContext {
            language: language.clone(),
            kind: StepKind::Initial,
            asked: self.asked(survey, language, worst.survey_url)?,
            business: worst.business.to_owned(),
            contact_name: "W".repeat(contact::NAME_BYTES_MAX),
            why: Why::Customer,
            unsubscribe_url: worst.survey_url.to_owned(),
            trap_url: None,
            postal_address: String::new(),
        };
        mail.render(self).map(drop)
    }

    fn check_sms(
        &self,
        survey: &Survey,
        language: &Language,
        worst: &WorstCase<'_>,
    ) -> Result<Option<TemplateProblem>, RenderError> {
        let sms = SmsContext {
            language: language.clone(),
            business: worst.business.to_owned(),
            question: self.asked(survey, language, worst.survey_url)?.question,
            url: worst.survey_url.to_owned(),
            reply: survey.key_question().filter(|_| worst.replies).and_then(|question| question.kind.scale()),
            stop: worst.stop.clone(),
        };
        let (n_segments, characters) = (worst.segments)(&sms.render(self)?);
        let (survey, language) = (survey.id.clone(), language.clone());
        let problem = TemplateProblem::LongSms { survey, language, n_segments, characters };
        Ok((n_segments > 1).then_some(problem))
    }
}

/// Problems in the order in which they were found, without repetition.
#[derive(Default)]
struct Problems {
    found: Vec<TemplateProblem>,
}

impl Problems {
    fn add_error(&mut self, result: Result<(), RenderError>) {
        if let Err(error) = result {
            self.add(error.into());
        }
    }

    fn add(&mut self, problem: TemplateProblem) {
        let text = problem.to_string();
        if self.found.iter().all(|known| known.to_string() != text) {
            self.found.push(problem);
        }
    }
}
