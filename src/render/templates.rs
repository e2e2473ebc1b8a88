//! All templates and words, compiled in or from the operators' folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Kwargs, Object, Serde};
use minijinja::{AutoEscape, Environment, Output, State, UndefinedBehavior, Value, escape_formatter};

use super::RenderError;
use super::built_in::{ENGLISH, FOLDERS, LANGUAGES, TEMPLATES};
use super::fill::fill_filter;
use super::survey_page::ReadyPages;
use super::words::Words;
use crate::cards::{DESIGN_DEFAULT, DESIGNS, Designs};
use crate::domain::language::Language;

/// Largest file that is read as a template or as words.
const FILE_BYTES_MAX: u64 = 256 * 1024;

/// Every template, ready to be filled in. Cheap to share, expensive to make.
pub struct Templates {
    environment: Environment<'static>,
    languages: BTreeMap<Language, Spoken>,
    english: Spoken,
    /// The designs of cards, by name. They are filled in card by card, by the room that draws them.
    cards: BTreeMap<&'static str, String>,
    ready: ReadyPages,
}

#[derive(Clone)]
struct Spoken {
    words: Arc<Words>,
    /// The words as templates see them.
    value: Value,
}

impl Spoken {
    fn of(words: Words) -> Self {
        let value = Value::from(Serde(&words));
        Self { words: words.into(), value }
    }
}

impl std::fmt::Debug for Templates {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Templates").field("languages", &self.languages.keys()).finish_non_exhaustive()
    }
}

impl Templates {
    /// The templates that are compiled in.
    #[expect(clippy::missing_panics_doc, reason = "a test renders every built-in template in every language")]
    pub fn built_in() -> Self {
        Self::read(&|_| Ok(None), &[]).expect("the built-in templates are sound")
    }

    /// The compiled-in templates, where a file of the same name in `dir` (`mail/invitation.html`) takes the place of
    /// each. `language/fr.toml` replaces or adds a language and must have every word.
    pub fn with_overrides(dir: &Path) -> Result<Self, RenderError> {
        fs::read_dir(dir).map_err(|source| RenderError::Read { path: dir.to_owned(), source })?;
        for folder in FOLDERS {
            if let Some(stranger) = files(dir, folder)?.into_iter().find(|name| source_of(name).is_none()) {
                return Err(RenderError::UnknownFile { nearest: nearest(&stranger), file: stranger });
            }
        }
        let languages = files(dir, "language")?;
        Self::read(&|name| read_file(dir, name), &languages)
    }

    fn read(
        instead: &dyn Fn(&str) -> Result<Option<String>, RenderError>,
        languages: &[String],
    ) -> Result<Self, RenderError> {
        let mut environment = environment()?;
        for (name, source) in TEMPLATES {
            let source = instead(name)?.unwrap_or_else(|| source.to_owned());
            environment.add_template_owned(name, compact(name, source))?;
        }
        let mut english = Spoken::of(Words::read(ENGLISH.1, ENGLISH.2)?);
        let built_in = LANGUAGES.map(|(tag, file, content)| (tag.to_owned(), file.to_owned(), content.to_owned()));
        let mut found = Vec::from(built_in);
        for file in languages {
            let tag = file.trim_start_matches("language/").trim_end_matches(".toml").to_owned();
            found.push((tag, file.clone(), instead(file)?.unwrap_or_default()));
        }
        let mut spoken = BTreeMap::new();
        for (tag, file, content) in found {
            let words = Spoken::of(Words::read(&file, &content)?);
            let language = Language::parse(&tag).map_err(|source| RenderError::UnknownLanguage { file, source })?;
            if language == Language::english() {
                english = words.clone();
            }
            spoken.insert(language, words);
        }
        let mut cards = BTreeMap::new();
        for (name, source) in DESIGNS {
            cards.insert(name, instead(&format!("card/{name}.svg"))?.unwrap_or_else(|| source.to_owned()));
        }
        Ok(Self { environment, languages: spoken, english, cards, ready: ReadyPages::default() })
    }

    /// The languages that the interface speaks.
    pub fn languages(&self) -> impl Iterator<Item = &Language> {
        self.languages.keys()
    }

    /// Whether the interface speaks this language or its base.
    pub fn speaks(&self, language: &Language) -> bool {
        self.languages.contains_key(language) || self.languages.contains_key(language.base_tag())
    }

    /// What a language calls itself; its tag where the interface does not speak it.
    pub fn language_name<'a>(&'a self, language: &'a Language) -> &'a str {
        if self.speaks(language) { &self.words(language).name } else { language.as_str() }
    }

    /// The survey pages that were written before.
    pub(super) fn ready_pages(&self) -> &ReadyPages {
        &self.ready
    }

    /// The design of cards of that name, an SVG with placeholders: the operators' own, else that of a file
    /// `card/NAME.svg` in their folder, else the built-in one.
    pub fn card_design<'a>(&'a self, designs: &'a Designs, name: &str) -> &'a str {
        let own = designs.own.get(name).or_else(|| self.cards.get(name)).or_else(|| self.cards.get(DESIGN_DEFAULT));
        own.map(String::as_str).unwrap_or_default()
    }

    /// The line on a card that says what happens when it is scanned.
    pub fn card_invitation(&self, language: &Language) -> &str {
        &self.words(language).card.invitation
    }

    pub(super) fn words(&self, language: &Language) -> &Words {
        &self.spoken(language).words
    }

    /// Fills one template in. The context gets `words`, `lang` and `dir` of the language beside its own values.
    pub(super) fn fill_in(&self, template: &str, language: &Language, context: Value) -> Result<String, RenderError> {
        let words = self.spoken(language).value.clone();
        let scope = Scope { lang: language.as_str().into(), dir: language.direction(), words, context };
        Ok(self.environment.get_template(template)?.render(Value::from_object(scope))?)
    }

    fn spoken(&self, language: &Language) -> &Spoken {
        let spoken = self.languages.get(language).or_else(|| self.languages.get(language.base_tag()));
        spoken.unwrap_or(&self.english)
    }
}

/// What a template sees. Minijinja would merge the two contexts too, but walks through them for every name.
#[derive(Debug)]
struct Scope {
    lang: Value,
    dir: &'static str,
    words: Value,
    context: Value,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, name: &Value) -> Option<Value> {
        self.get_value_by_str(name.as_str()?)
    }

    fn get_value_by_str(self: &Arc<Self>, name: &str) -> Option<Value> {
        match name {
            "lang" => Some(self.lang.clone()),
            "dir" => Some(self.dir.into()),
            "words" => Some(self.words.clone()),
            name => self.context.get_attr(name).ok().filter(|value| !value.is_undefined()),
        }
    }
}

fn environment() -> Result<Environment<'static>, RenderError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(
        |name| {
            if ending(name) == "html" { AutoEscape::Html } else { AutoEscape::None }
        },
    );
    environment.set_formatter(format);
    environment.add_filter("fill", |text: &str, values: Kwargs| fill_filter(text, &values));
    Ok(environment)
}

/// Writes a value. Escapes what HTML needs and no more: minijinja's own escaping of slashes triples the length of links.
fn format(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), minijinja::Error> {
    if value.is_none() {
        return Err(minijinja::Error::new(minijinja::ErrorKind::UndefinedError, "there is no value to print here"));
    }
    match value.as_str() {
        Some(text) if *state.auto_escape() == AutoEscape::Html && !value.is_safe() => Ok(write_escaped(out, text)?),
        _ => escape_formatter(out, state, value),
    }
}

fn write_escaped(out: &mut Output<'_>, text: &str) -> std::fmt::Result {
    let is_special = |byte: u8| matches!(byte, b'&' | b'<' | b'>' | b'"' | b'\'');
    // Without a branch, so that the compiler takes many bytes at a time: few texts have anything to escape.
    if !text.bytes().fold(false, |any, byte| any | is_special(byte)) {
        return out.write_str(text);
    }
    let mut rest = text;
    while let Some(at) = rest.bytes().position(is_special) {
        let (plain, after) = rest.split_at(at);
        out.write_str(plain)?;
        let mut after = after.chars();
        out.write_str(match after.next() {
            Some('&') => "&amp;",
            Some('<') => "&lt;",
            Some('>') => "&gt;",
            Some('"') => "&#34;",
            Some(_) | None => "&#39;",
        })?;
        rest = after.as_str();
    }
    out.write_str(rest)
}

/// Drops the indentation of markup, which only its authors need; lines stay, so that errors name the right one.
fn compact(name: &str, source: String) -> String {
    if !matches!(ending(name), "html" | "css") {
        return source;
    }
    source.lines().map(str::trim_start).collect::<Vec<_>>().join("\n")
}

fn ending(name: &str) -> &str {
    name.rsplit_once('.').map_or("", |(_, ending)| ending)
}

fn source_of(name: &str) -> Option<&'static str> {
    TEMPLATES.iter().find(|(known, _)| *known == name).map(|(_, source)| *source)
}

fn nearest(name: &str) -> &'static str {
    let distance = |known: &&str| strsim::levenshtein(known, name);
    TEMPLATES.iter().map(|(known, _)| *known).min_by_key(distance).unwrap_or_default()
}

/// The files in one folder of `dir`, as `folder/name`, sorted; none where the folder is missing. Hidden files and
/// backups of editors are no files of ours.
fn files(dir: &Path, folder: &str) -> Result<Vec<String>, RenderError> {
    let path = dir.join(folder);
    let failed = |source| RenderError::Read { path: path.clone(), source };
    let entries = match fs::read_dir(&path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let name = entry.map_err(failed)?.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && !name.ends_with('~') {
            names.push(format!("{folder}/{name}"));
        }
    }
    names.sort();
    Ok(names)
}

fn read_file(dir: &Path, name: &str) -> Result<Option<String>, RenderError> {
    let path = dir.join(name);
    let failed = |source| RenderError::Read { path: path.clone(), source };
    let n_bytes = match fs::metadata(&path) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    if n_bytes > FILE_BYTES_MAX {
        return Err(RenderError::TooBig { file: name.to_owned(), n_bytes, n_bytes_max: FILE_BYTES_MAX });
    }
    fs::read_to_string(&path).map(Some).map_err(failed)
}
