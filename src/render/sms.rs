//! The text message that asks: who, what, where to answer, how to stop; in that order and in one segment if possible.

use std::borrow::Cow;

use minijinja::context;

use super::fill::fill;
use super::mail::one_line;
use super::samples;
use super::templates::Templates;
use super::{RenderError, TemplateContext};
use crate::domain::language::Language;
use crate::domain::survey::Scale;

/// Characters that look the same in the alphabet of text messages, and what stands for them. One of them alone would
/// cut the room of a message from 160 characters to 70.
const LOOK_ALIKES: [(&[char], &str); 6] = [
    (&['\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}', '\u{2032}', '\u{b4}', '`'], "'"),
    (&['\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}', '\u{ab}', '\u{bb}', '\u{2033}'], "\""),
    (&['\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2014}', '\u{2212}'], "-"),
    (&['\u{2026}'], "..."),
    (&['\u{a0}', '\u{2007}', '\u{2009}', '\u{200a}', '\u{202f}'], " "),
    (&['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'], ""),
];

/// What a text message says. No `Debug`: it is all names and links.
#[derive(Clone)]
pub struct SmsContext {
    /// The reader's language.
    pub language: Language,
    /// Who asks, as customers know them.
    pub business: String,
    /// The key question.
    pub question: String,
    /// Where it is answered.
    pub url: String,
    /// The points that a reply may have, where replies are heard.
    pub reply: Option<Scale>,
    /// How it can be stopped.
    pub stop: Stop,
}

/// How a person stops text messages.
#[derive(Clone, PartialEq, Eq)]
pub enum Stop {
    /// By answering STOP: only where the sender is a number that takes replies.
    Reply,
    /// By a link.
    Link(String),
}

impl TemplateContext for SmsContext {
    const TEMPLATE: &'static str = "sms/invitation.txt";

    type Rendered = String;

    fn samples(language: &Language) -> Vec<Self> {
        samples::texts(language)
    }

    fn render(&self, templates: &Templates) -> Result<String, RenderError> {
        let words = &templates.words(&self.language).sms;
        let stop = match &self.stop {
            Stop::Reply => Cow::Borrowed(words.stop_reply.as_str()),
            Stop::Link(url) => fill(&words.stop_link, &[("url", url)])?.into(),
        };
        let answer = match self.reply.map(Scale::points) {
            Some(points) => {
                let [low, high] = [points.start(), points.end()].map(ToString::to_string);
                Cow::Owned(format!("{} {}", fill(&words.reply, &[("low", &low), ("high", &high)])?, self.url))
            }
            None => Cow::Borrowed(self.url.as_str()),
        };
        let context = context! {
            business => &self.business,
            question => &self.question,
            url => &self.url,
            answer,
            stop,
        };
        Ok(written(templates.fill_in(Self::TEMPLATE, &self.language, context)?))
    }
}

/// The text as it is sent: in one line, and in the alphabet of text messages as far as that goes.
pub(super) fn written(text: String) -> String {
    let text = plain(text);
    match one_line(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(line) => line,
    }
}

/// The text with look-alikes of the alphabet of text messages in place of typographic characters.
fn plain(text: String) -> String {
    let is_plain = |c: char| c.is_ascii() && c != '`';
    if text.bytes().all(|byte| is_plain(byte.into())) {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match LOOK_ALIKES.iter().find(|(characters, _)| !is_plain(c) && characters.contains(&c)) {
            Some((_, instead)) => plain.push_str(instead),
            None => plain.push(c),
        }
    }
    plain
}
