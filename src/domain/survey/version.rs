//! The version of a survey: the hash of all that is in it.

use std::fmt;

use aws_lc_rs::digest;
use data_encoding::HEXLOWER;

use super::occasion::OnlyFor;
use super::{Kind, Question, Survey, TEXT_LINES};

impl Survey {
    /// The hash of all that is in it.
    pub fn version(&self) -> SurveyVersion {
        let mut content = Content::default();
        content.add(self.id.as_str());
        for (place, text) in self.texts() {
            content.add(&place);
            for (language, translation) in text.translations() {
                content.add(language.as_str());
                content.add(translation);
            }
        }
        for question in &self.questions {
            content.question(question);
        }
        for most in self.thanks.iter().filter_map(|thanks| thanks.at_most) {
            content.add("+at_most");
            content.add_number(Some(most));
        }
        if let Some(link) = &self.link {
            content.add("+link");
            content.add(&link.url);
        }
        content.version()
    }
}

/// Which content of a survey was shown: the first 96 bits of a SHA-256, enough for every survey ever written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SurveyVersion([u8; 12]);

impl SurveyVersion {
    /// The version of these bytes.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl fmt::Display for SurveyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for SurveyVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Length-prefixed parts, so that no two different surveys read the same.
struct Content(digest::Context);

impl Default for Content {
    fn default() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }
}

impl Content {
    fn add(&mut self, part: &str) {
        self.0.update(&(part.len() as u64).to_be_bytes());
        self.0.update(part.as_bytes());
    }

    fn add_number(&mut self, number: Option<i32>) {
        self.add(&number.map_or_else(String::new, |number| number.to_string()));
    }

    fn question(&mut self, question: &Question) {
        self.add(question.id.as_str());
        self.add(question.kind.as_str());
        self.add(if question.key { "key" } else { "" });
        self.add(if question.required { "required" } else { "" });
        self.add_number(question.kind.scale().map(|scale| scale.worst));
        self.add_number(question.kind.scale().map(|scale| scale.best));
        if let Kind::Text { chars_max, lines: _ } = question.kind {
            self.add(&chars_max.to_string());
        }
        for (place, ask_if) in question.ask_if.iter().enumerate() {
            if place > 0 {
                self.add("+and");
            }
            self.add(ask_if.question.as_str());
            self.add_number(ask_if.at_least);
            self.add_number(ask_if.at_most);
            for option in &ask_if.any_of {
                self.add(option.as_str());
            }
        }
        self.later(question);
    }

    /// What questions could not have at first: a part where it is used and none elsewhere, so that the surveys from before
    /// keep their version. A `+` is in no id.
    fn later(&mut self, question: &Question) {
        if let Kind::Text { chars_max: _, lines } = question.kind
            && lines != TEXT_LINES
        {
            self.add("+lines");
            self.add(&lines.to_string());
        }
        if question.new_page {
            self.add("+new_page");
        }
        for only_for in &question.only_for {
            self.only_for(only_for);
        }
        // Its rows, with their ids, are among the texts.
        if let Kind::Matrix { scale, rows: _ } = &question.kind {
            self.add("+scale");
            self.add_number(Some(scale.worst));
            self.add_number(Some(scale.best));
        }
        // Its words are among the texts.
        if question.not_applicable.is_some() {
            self.add("+not_applicable");
        }
        if let Some(option) = question.kind.own_words_option() {
            self.add("+own_words");
            self.add(option.id.as_str());
        }
    }

    fn only_for(&mut self, only_for: &OnlyFor) {
        let condition = match only_for {
            OnlyFor::Branch(branches) => {
                self.add("+branch");
                for branch in branches {
                    self.add(branch.as_str());
                }
                return;
            }
            OnlyFor::Contact(condition) => {
                self.add("+contact");
                condition
            }
            OnlyFor::Event(condition) => {
                self.add("+event");
                condition
            }
        };
        self.add(&condition.field);
        for (name, bound) in [("+min", condition.min), ("+max", condition.max)] {
            if let Some(bound) = bound {
                self.add(name);
                self.add(&bound.to_string());
            }
        }
        for (name, values) in [("+any_of", &condition.any_of), ("+none_of", &condition.none_of)] {
            for value in values {
                self.add(name);
                self.add(&format!("{value:?}"));
            }
        }
    }

    fn version(self) -> SurveyVersion {
        let digest = self.0.finish();
        let mut bytes = [0; 12];
        bytes.copy_from_slice(digest.as_ref().split_at(12).0);
        SurveyVersion(bytes)
    }
}
