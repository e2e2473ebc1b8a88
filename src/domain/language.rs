//! Languages, and texts in several of them.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;

/// A language tag such as `de` or `pt-BR`, in lower case with an upper-case region (a small part of BCP 47).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Language(Box<str>);

/// The text is no language tag that we know how to use.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not a language; write two or three letters, with a region if needed, such as `de` or `pt-BR`")]
pub struct LanguageError {
    given: String,
}

/// The tag of English.
const ENGLISH: &str = "en";
/// Languages written from right to left.
const RIGHT_TO_LEFT: [&str; 10] = ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];

impl Language {
    /// Reads `de`, `de-AT` or `de_AT` (as some systems write it), whatever the case.
    pub fn parse(given: &str) -> Result<Self, LanguageError> {
        let bad = || LanguageError { given: given.escape_debug().to_string() };
        let (language, region) = match given.split_once(['-', '_']) {
            Some((language, region)) => (language, Some(region)),
            None => (given, None),
        };
        let alphabetic = |text: &str| text.bytes().all(|b| b.is_ascii_alphabetic());
        if !matches!(language.len(), 2 | 3) || !alphabetic(language) {
            return Err(bad());
        }
        let language = language.to_ascii_lowercase();
        match region {
            None => Ok(Self(language.into())),
            Some(region) if region.len() == 2 && alphabetic(region) => {
                Ok(Self(format!("{language}-{}", region.to_ascii_uppercase()).into()))
            }
            Some(_) => Err(bad()),
        }
    }

    /// English, which the interface always has.
    pub fn english() -> Self {
        Self(ENGLISH.into())
    }

    /// Whether it is English, of no region in particular.
    pub fn is_english(&self) -> bool {
        &*self.0 == ENGLISH
    }

    /// The tag, as for the HTML `lang` attribute.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The language without its region.
    #[must_use]
    pub fn base(&self) -> Self {
        Self(self.base_tag().into())
    }

    /// The tag of the language without its region.
    pub fn base_tag(&self) -> &str {
        self.0.split_once('-').map_or(&*self.0, |(base, _)| base)
    }

    /// `ltr` or `rtl`, as for the HTML `dir` attribute.
    pub fn direction(&self) -> &'static str {
        if RIGHT_TO_LEFT.contains(&self.base_tag()) { "rtl" } else { "ltr" }
    }
}

/// What is kept by language is found by tag.
impl Borrow<str> for Language {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// One text in one or more languages; never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text(BTreeMap<Language, String>);

impl Text {
    /// A text in these languages, or `None` for no language at all.
    pub fn of(translations: BTreeMap<Language, String>) -> Option<Self> {
        (!translations.is_empty()).then_some(Self(translations))
    }

    /// A text in one language.
    pub fn plain(language: Language, text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(language, text.into())]))
    }

    /// The text for this reader: the exact language, else the language without region, else English, else whatever
    /// language comes first.
    pub fn in_language(&self, wanted: &Language) -> &str {
        let text = [wanted.as_str(), wanted.base_tag(), ENGLISH].into_iter().find_map(|tag| self.0.get(tag));
        text.or_else(|| self.0.values().next()).map_or("", String::as_str)
    }

    /// Whether there is a translation into this language or its base.
    pub fn speaks(&self, language: &Language) -> bool {
        self.0.contains_key(language.as_str()) || self.0.contains_key(language.base_tag())
    }

    /// Every translation, in the order of the languages' tags.
    pub fn translations(&self) -> impl Iterator<Item = (&Language, &str)> {
        self.0.iter().map(|(language, text)| (language, text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_leniently_and_written_one_way() {
        assert_eq!(Language::parse("DE_at").unwrap().as_str(), "de-AT");
        for bad in ["", "d", "german", "de-1", "de-ATX", "d1"] {
            assert!(Language::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_text_falls_back_to_the_base_then_english_then_anything() {
        let lang = |tag: &str| Language::parse(tag).unwrap();
        let text = Text::of([("de", "Hallo"), ("en", "Hello")].map(|(l, t)| (lang(l), t.to_owned())).into()).unwrap();
        assert_eq!(text.in_language(&lang("de-AT")), "Hallo");
        assert_eq!(text.in_language(&lang("fr")), "Hello");
        assert_eq!(Text::plain(lang("it"), "Ciao").in_language(&lang("fr")), "Ciao");
    }
}
