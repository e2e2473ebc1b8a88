//! Surveys: versioned questions with translations.
//!
//! A survey's version is a hash of everything in it, so two servers with the same TOML agree on it, and an answer keeps
//! the version that was shown whatever happens to the file later.

pub mod occasion;
#[cfg(test)]
pub(crate) mod tests;
mod thanks;
mod version;

use std::collections::BTreeSet;

use super::id::{QuestionId, SurveyId};
use super::language::{Language, Text};
use occasion::OnlyFor;
pub use thanks::{Link, THANKS_MAX, Thanks};
pub use version::SurveyVersion;

/// Most questions of one survey.
pub const QUESTIONS_MAX: usize = 100;
/// Most options of one question.
pub const OPTIONS_MAX: usize = 50;
/// Most conditions of one question.
pub const ASK_IF_MAX: usize = 10;
/// Most rows of a matrix.
pub const ROWS_MAX: usize = 20;
/// Longest free-text answer, in characters, where the question does not say less.
pub const TEXT_CHARS_MAX: usize = 2_000;
/// Longest own words beside an option, in characters.
pub const OWN_WORDS_CHARS_MAX: usize = 200;
/// Lines of the field for own words, where the question says nothing.
pub const TEXT_LINES: u8 = 4;
/// Most lines of it.
pub const TEXT_LINES_MAX: u8 = 20;

/// What is asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Survey {
    /// Its id.
    pub id: SurveyId,
    /// The heading of the page and the subject of the mail.
    pub title: Text,
    /// A sentence above the questions.
    pub intro: Option<Text>,
    /// What is said after the answer: the first of these that is meant for its score.
    pub thanks: Vec<Thanks>,
    /// What everybody is shown after the answer.
    pub link: Option<Link>,
    /// The questions, in the order in which they are asked.
    pub questions: Vec<Question>,
}

/// One question.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Its id.
    pub id: QuestionId,
    /// What kind of answer it takes.
    pub kind: Kind,
    /// Whether the response is usable only with an answer to it.
    pub key: bool,
    /// Whether the page insists on an answer.
    pub required: bool,
    /// Whether a new page begins with it.
    pub new_page: bool,
    /// The words.
    pub text: Text,
    /// What the worst and the best end of the scale mean.
    pub ends: Option<(Text, Text)>,
    /// Whether somebody may say that it does not apply to them.
    pub not_applicable: Option<NotApplicable>,
    /// Asked only when earlier answers were all such.
    pub ask_if: Vec<AskIf>,
    /// Asked only on occasions that meet all of these.
    pub only_for: Vec<OnlyFor>,
}

/// How somebody says that a question does not apply to them. It answers the question, and is no answer in any figure.
#[derive(Clone, Debug, PartialEq)]
pub enum NotApplicable {
    /// In the interface's words.
    UsualWords,
    /// In these.
    Words(Text),
}

/// The kind of a question, with what that kind needs.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Likelihood to recommend, 0 to 10.
    Nps,
    /// Satisfaction on a scale.
    Csat(Scale),
    /// Effort on a scale.
    Ces(Scale),
    /// Faces, sad to happy.
    Smiley(Scale),
    /// Stars.
    Stars(Scale),
    /// A thumb: 0 is down, 1 is up.
    Thumbs,
    /// One of these.
    Choice(Vec<Choice>),
    /// Any of these.
    Multi(Vec<Choice>),
    /// Several things on one scale.
    Matrix {
        /// The scale.
        scale: Scale,
        /// The things, each on a line of its own.
        rows: Vec<Row>,
    },
    /// Whether they may be contacted about what they answered.
    Consent,
    /// Own words, at most so many characters.
    Text {
        /// Characters allowed.
        chars_max: usize,
        /// Lines of the field; with 1 an answer has no line breaks.
        lines: u8,
    },
}

impl Kind {
    /// The word for it in TOML.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Nps => "nps",
            Self::Csat(_) => "csat",
            Self::Ces(_) => "ces",
            Self::Smiley(_) => "smiley",
            Self::Stars(_) => "stars",
            Self::Thumbs => "thumbs",
            Self::Choice(_) => "choice",
            Self::Multi(_) => "multi",
            Self::Matrix { .. } => "matrix",
            Self::Consent => "consent",
            Self::Text { .. } => "text",
        }
    }

    /// The scale of a rating question.
    pub fn scale(&self) -> Option<Scale> {
        match self {
            Self::Nps => Some(Scale { worst: 0, best: 10 }),
            Self::Thumbs => Some(Scale { worst: 0, best: 1 }),
            Self::Csat(scale) | Self::Ces(scale) | Self::Smiley(scale) | Self::Stars(scale) => Some(*scale),
            Self::Choice(_) | Self::Multi(_) | Self::Matrix { .. } | Self::Consent | Self::Text { .. } => None,
        }
    }

    /// The scale that people see: that of a rating, or that of each row.
    pub fn shown_scale(&self) -> Option<Scale> {
        if let Self::Matrix { scale, .. } = self { Some(*scale) } else { self.scale() }
    }

    /// The rows of a matrix.
    pub fn rows(&self) -> &[Row] {
        if let Self::Matrix { rows, .. } = self { rows } else { &[] }
    }

    /// Whether a text message can ask it.
    pub fn is_asked_by_text(&self) -> bool {
        !matches!(self, Self::Matrix { .. })
    }

    /// The option that own words can be added to.
    pub fn own_words_option(&self) -> Option<&Choice> {
        self.options()?.iter().find(|option| option.own_words)
    }

    /// The options of a choice, of one or of several.
    pub fn options(&self) -> Option<&[Choice]> {
        match self {
            Self::Choice(options) | Self::Multi(options) => Some(options),
            Self::Nps
            | Self::Csat(_)
            | Self::Ces(_)
            | Self::Smiley(_)
            | Self::Stars(_)
            | Self::Thumbs
            | Self::Matrix { .. }
            | Self::Consent
            | Self::Text { .. } => None,
        }
    }
}

/// The whole numbers from the worst to the best answer. A reversed scale has its best end below its worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The worst answer.
    pub worst: i32,
    /// The best answer.
    pub best: i32,
}

impl Scale {
    /// Whether this is an answer on the scale.
    pub fn contains(self, point: i32) -> bool {
        (self.worst.min(self.best)..=self.worst.max(self.best)).contains(&point)
    }

    /// The points in rising order, which is the order on a page.
    pub fn points(self) -> std::ops::RangeInclusive<i32> {
        self.worst.min(self.best)..=self.worst.max(self.best)
    }
}

/// One line of a matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Its id, under which its answer is stored.
    pub id: QuestionId,
    /// The words.
    pub text: Text,
}

/// One option of a choice.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// Its id, which is what is stored.
    pub id: QuestionId,
    /// The words.
    pub text: Text,
    /// Whether own words can be added to it. At most one option of a question is such.
    pub own_words: bool,
}

/// When a question is asked at all. All that is given must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct AskIf {
    /// The earlier question.
    pub question: QuestionId,
    /// Its rating was at least this.
    pub at_least: Option<i32>,
    /// Its rating was at most this.
    pub at_most: Option<i32>,
    /// One of these options was chosen; empty means any answer.
    pub any_of: Vec<QuestionId>,
}

impl Survey {
    /// The question with this id.
    pub fn question(&self, id: &QuestionId) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == *id)
    }

    /// The questions, page by page.
    pub fn pages(&self) -> Vec<&[Question]> {
        self.questions.chunk_by(|_, next| !next.new_page).collect()
    }

    /// The first key question, which is the one that mail and SMS ask.
    pub fn key_question(&self) -> Option<&Question> {
        self.questions.iter().find(|question| question.key)
    }

    /// Every language that any text of it is written in.
    pub fn languages(&self) -> BTreeSet<Language> {
        self.texts().flat_map(|(_, text)| text.translations()).map(|(language, _)| language.clone()).collect()
    }

    /// Every text of it with the place where it stands, for a check of translations.
    pub fn texts(&self) -> impl Iterator<Item = (String, &Text)> {
        let head = [("title", Some(&self.title)), ("intro", self.intro.as_ref())];
        let head = head.into_iter().filter_map(|(place, text)| Some((place.to_owned(), text?)));
        let link = self.link.as_ref().map(|link| ("link.text".to_owned(), &link.text));
        head.chain(self.thanks_texts()).chain(link).chain(self.questions.iter().flat_map(question_texts))
    }
}

fn question_texts(question: &Question) -> Vec<(String, &Text)> {
    let place = |part: &str| format!("{}.{part}", question.id);
    let mut texts = vec![(place("text"), &question.text)];
    if let Some((worst, best)) = &question.ends {
        texts.extend([(place("ends[0]"), worst), (place("ends[1]"), best)]);
    }
    if let Some(NotApplicable::Words(words)) = &question.not_applicable {
        texts.push((place("not_applicable"), words));
    }
    if let Some(options) = question.kind.options() {
        texts.extend(options.iter().map(|option| (place(option.id.as_str()), &option.text)));
    }
    texts.extend(question.kind.rows().iter().map(|row| (place(row.id.as_str()), &row.text)));
    texts
}
