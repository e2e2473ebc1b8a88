//! What a message asks: the key question of a survey, in the reader's language, with a link per rating.
//!
//! A rating's link opens the page with that score marked and records nothing: link scanners follow every link.

use std::fmt;
use std::sync::Arc;

use minijinja::Value;
use minijinja::value::{Enumerator, Object};

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
    pub ratings: Vec<Arc<RatingLink>>,
    /// What the first and the last point mean, such as `1 = Very bad`.
    pub ends: Option<[String; 2]>,
    /// Where the survey is.
    pub url: String,
}

/// The link of one rating. Templates see it as it is. `Debug` shows its label only.
#[derive(Clone, PartialEq, Eq)]
pub struct RatingLink {
    /// What people read: `4` or `Very good`.
    pub label: String,
    /// A star or a face above it.
    pub face: Option<&'static str>,
    /// The survey with this rating marked.
    pub url: String,
}

impl fmt::Debug for RatingLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RatingLink({})", self.label)
    }
}

impl Object for RatingLink {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        self.get_value_by_str(name.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        match name {
            "label" => Some((&self.label).into()),
            "face" => Some(self.face.into()),
            "url" => Some((&self.url).into()),
            _ => None,
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::Str(&["label", "face", "url"])
    }
}

impl Templates {
    /// What a message about this survey asks. `url` is the survey's own link, with or without a query.
    pub fn asked(&self, survey: &Survey, wanted: &Language, url: &str) -> Result<Asked, RenderError> {
        let language = shown_language(survey, wanted);
        let words = self.words(language);
        let key = survey.key_question();
        let joint = if url.contains('?') { '&' } else { '?' };
        let ratings = key.map_or_else(Vec::new, |question| {
            let url = format!("{url}{joint}{}=", question.id);
            let link = |scale::Point { value, label, face }| RatingLink { url: format!("{url}{value}"), label, face };
            scale::points(question, language, words).into_iter().map(link).map(Arc::new).collect()
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
pub(super) fn shown_language<'a>(survey: &'a Survey, wanted: &'a Language) -> &'a Language {
    if survey.title.speaks(wanted) {
        return wanted;
    }
    let languages = || survey.title.translations().map(|(language, _)| language);
    languages().find(|language| language.is_english()).or_else(|| languages().next()).unwrap_or(wanted)
}
