//! What a message asks: the key question of a survey, in the reader's language, with a link per rating.
//!
//! A rating's link opens the page with that score marked and records nothing: link scanners follow every link.

use super::RenderError;
use super::scale;
use super::templates::Templates;
use crate::domain::language::Language;
use crate::domain::survey::Survey;

/// The question of a message and where it is answered.
#[derive(Clone, PartialEq, Eq)]
pub struct Asked {
    /// The survey's title.
    pub title: String,
    /// The survey's sentence above its questions.
    pub intro: Option<String>,
    /// The key question; the title where the survey has none.
    pub question: String,
    /// One link per point of the key question, in rising order; empty where it is no rating.
    pub ratings: Vec<RatingLink>,
    /// What the first and the last point mean, such as `1 = Very bad`.
    pub ends: Option<[String; 2]>,
    /// Where the survey is.
    pub url: String,
}

/// The link of one rating.
#[derive(Clone, PartialEq, Eq)]
pub struct RatingLink {
    /// What people read: `4` or `Very good`.
    pub label: String,
    /// A star or a face above it.
    pub face: Option<&'static str>,
    /// The survey with this rating marked.
    pub url: String,
}

impl Templates {
    /// What a message about this survey asks. `url` is the survey's own link, with or without a query.
    pub fn asked(&self, survey: &Survey, wanted: &Language, url: &str) -> Result<Asked, RenderError> {
        let language = &shown_language(survey, wanted);
        let words = self.words(language);
        let key = survey.key_question();
        let joint = if url.contains('?') { '&' } else { '?' };
        let ratings = key.map_or_else(Vec::new, |question| {
            let link = |point: scale::Point| RatingLink {
                url: format!("{url}{joint}{}={}", question.id, point.value),
                label: point.label,
                face: point.face,
            };
            scale::points(question, language, words).into_iter().map(link).collect()
        });
        let ends = match key {
            Some(question) => scale::ends(question, language, words)?,
            None => None,
        };
        let title = survey.title.in_language(language).to_owned();
        Ok(Asked {
            question: key.map_or(title.as_str(), |question| question.text.in_language(language)).to_owned(),
            title,
            intro: survey.intro.as_ref().map(|intro| intro.in_language(language).to_owned()),
            ratings,
            ends,
            url: url.to_owned(),
        })
    }
}

/// The language that a reader of this survey gets to see: the wanted one if the survey speaks it, else English, else
/// the first that it speaks. It follows [`Text::in_language`](crate::domain::language::Text::in_language).
pub(super) fn shown_language(survey: &Survey, wanted: &Language) -> Language {
    let english = Language::english();
    if survey.title.speaks(wanted) {
        return wanted.clone();
    }
    let mut languages = survey.title.translations().map(|(language, _)| language);
    let first = languages.next().cloned();
    if survey.title.speaks(&english) { english } else { first.unwrap_or(english) }
}
