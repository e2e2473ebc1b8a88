//! What can go wrong with a template: always with the file, and with the line where there is one.

use std::error::Error as _;
use std::io;
use std::path::PathBuf;

/// Why something could not be rendered, or a folder of templates not be used.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A file or the folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file is too big to be a template.
    #[error("{file} has {n_bytes} bytes, a template has at most {n_bytes_max}")]
    TooBig {
        /// Which.
        file: String,
        /// Bytes found.
        n_bytes: u64,
        /// Bytes allowed.
        n_bytes_max: u64,
    },
    /// A file in the folder takes no template's place.
    #[error("{file} is no template of canvass; did you mean {nearest}")]
    UnknownFile {
        /// Which, from the folder.
        file: String,
        /// The template whose name is nearest.
        nearest: &'static str,
    },
    /// A file of words is named after no language.
    #[error("{file} is not named after a language")]
    UnknownLanguage {
        /// Which, from the folder.
        file: String,
        /// Why.
        #[source]
        source: crate::domain::language::LanguageError,
    },
    /// A template or a file of words is wrong.
    #[error("{file}, line {line}: {what}")]
    Template {
        /// Which.
        file: String,
        /// Where, counted from 1.
        line: usize,
        /// What is wrong.
        what: String,
    },
    /// A word has a gap that nothing fills.
    #[error("a word of the interface asks for `{{{gap}}}`, which is not filled in there: {text}")]
    Gap {
        /// The name between the braces.
        gap: String,
        /// The word as it stands in its file.
        text: String,
    },
}

impl From<minijinja::Error> for RenderError {
    /// The innermost error of an include or a block: it names the place that has to be changed.
    fn from(error: minijinja::Error) -> Self {
        let mut innermost = &error;
        while let Some(source) = innermost.source().and_then(|source| source.downcast_ref::<minijinja::Error>()) {
            innermost = source;
        }
        let what = match innermost.detail() {
            Some(detail) => format!("{}: {detail}", innermost.kind()),
            None => innermost.kind().to_string(),
        };
        let named = if innermost.name().is_some() { innermost } else { &error };
        Self::Template { file: named.name().unwrap_or("a template").to_owned(), line: named.line().unwrap_or(0), what }
    }
}
