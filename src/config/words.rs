//! Texts for customers: a plain text in the daemon's language, or a table with one text per language.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::language::{Language, Text};
use crate::domain::survey::occasion::check_words;

use super::node::Content;
use super::reader::Field;
use super::values;

/// Reads texts in languages.
#[derive(Clone, Debug)]
pub(super) struct Words {
    /// The language of a plain text.
    pub(super) language: Language,
    /// The languages that every text must have.
    pub(super) wanted: BTreeSet<Language>,
}

impl Words {
    /// Plain texts are in `language`; no translations are wanted.
    pub(super) fn plain_in(language: &Language) -> Self {
        Self { language: language.clone(), wanted: BTreeSet::new() }
    }

    /// The same, but every text must be there in each language of `first`.
    pub(super) fn like(&self, first: &Text) -> Self {
        let wanted = first.translations().map(|(language, _)| language.clone()).collect();
        Self { language: self.language.clone(), wanted }
    }

    /// One text.
    pub(super) fn text(&self, field: Field<'_, '_>) -> Option<Text> {
        self.each_language(field, |field| field.read(values::text)).and_then(Text::of)
    }

    /// One text that may hold words of the occasion.
    pub(super) fn text_of_occasion(&self, field: Field<'_, '_>) -> Option<Text> {
        let text = |field: Field<'_, '_>| {
            let text = field.read(values::text)?;
            field.accept(check_words(&text)).map(|()| text)
        };
        self.each_language(field, text).and_then(Text::of)
    }

    /// The texts at the two ends of a scale, worst first.
    pub(super) fn ends(&self, field: Field<'_, '_>) -> Option<(Text, Text)> {
        #[expect(clippy::wildcard_enum_match_arm, reason = "`list` says what is wrong with what is no list")]
        let pairs = self.each_language(field, |field| match &field.node.content {
            Content::List(list) if list.len() != 2 => {
                field.wrong(format!("a scale has two ends, found {}; write [\"worst\", \"best\"]", list.len()))
            }
            _ => <[String; 2]>::try_from(field.list(|end| end.read(values::text))?).ok(),
        })?;
        let (worst, best): (BTreeMap<_, _>, BTreeMap<_, _>) =
            pairs.into_iter().map(|(language, [worst, best])| ((language.clone(), worst), (language, best))).unzip();
        Text::of(worst).zip(Text::of(best))
    }

    fn each_language<T>(
        &self,
        field: Field<'_, '_>,
        mut read: impl FnMut(Field<'_, '_>) -> Option<T>,
    ) -> Option<BTreeMap<Language, T>> {
        let translations: BTreeMap<_, _> = if matches!(field.node.content, Content::Table(_)) {
            let in_language = |key: &str, translation: Field<'_, '_>| {
                let language = translation.accept(Language::parse(key));
                let read = read(translation);
                Some((language?, read?))
            };
            field.entries(in_language)?.into_iter().collect()
        } else {
            BTreeMap::from([(self.language.clone(), read(field)?)])
        };
        self.report_missing(field, &translations);
        Some(translations).filter(|translations| !translations.is_empty())
    }

    fn report_missing<T>(&self, field: Field<'_, '_>, translations: &BTreeMap<Language, T>) {
        // A translation that could not be read was reported where it stands.
        let given =
            |language: &Language| translations.contains_key(language) || field.node.get(language.as_str()).is_some();
        let missing: Vec<_> = self.wanted.iter().filter(|language| !given(language)).map(Language::as_str).collect();
        if !missing.is_empty() {
            field.wrong::<()>(format!("the translation into {} is missing; the title has it", missing.join(", ")));
        } else if translations.is_empty() && self.wanted.is_empty() {
            field.wrong::<()>("a text is missing; write it in quotes, or as { en = \"…\", de = \"…\" }");
        }
    }
}
