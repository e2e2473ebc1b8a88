//! Survey pages that are written but for their links.
//!
//! Nearly every page that is opened is the same as one before, but for the tokens in it. Writing it anew takes more time than
//! everything else about a visit, so it is written once, with a slot for each such value, and kept as long as the templates
//! are. What somebody typed is in no page that is kept.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::super::RenderError;
use super::super::page::Page;
use super::SurveyPage;
use crate::domain::answer::Answer;
use crate::domain::id::QuestionId;
use crate::domain::language::Language;
use crate::domain::survey::SurveyVersion;

/// Pages that are kept: a hundred surveys in a dozen languages with each of their ratings marked. Then all are written anew.
const PAGES_MAX: usize = 10_000;
/// What begins a slot: a character that is nobody's, and then one for which.
const SLOT: char = '\u{10FFFD}';
const ACTION: char = 'a';
const UNSUBSCRIBE: char = 'u';

/// What a page depends on beside its slots and the templates.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    version: SurveyVersion,
    language: Language,
    page: usize,
    place: String,
    marked: Option<(QuestionId, i32)>,
    hidden: Vec<String>,
    honeypot: Option<String>,
    counts_when_seen: bool,
    can_be_stopped: bool,
}

/// A page with slots.
struct Ready {
    /// Texts, and the slot behind each; the last has none.
    pieces: Vec<(String, Option<char>)>,
    n_bytes: usize,
    csp: String,
}

/// The pages that are kept.
#[derive(Default)]
pub(in super::super) struct ReadyPages(Mutex<HashMap<Key, Arc<Ready>>>);

impl fmt::Debug for ReadyPages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReadyPages(…)")
    }
}

impl ReadyPages {
    /// The page, from what is kept; `None` where it is one of a kind. `write` writes one.
    pub(super) fn page(
        &self,
        wanted: &SurveyPage<'_>,
        write: impl FnOnce(&SurveyPage<'_>) -> Result<Page, RenderError>,
    ) -> Option<Result<Page, RenderError>> {
        let key = Key::of(wanted)?;
        let values = wanted.slots();
        // They are put in as they stand.
        if values.iter().any(|(_, value)| value.contains(['&', '<', '>', '"', '\'', SLOT])) {
            return None;
        }
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key).map(Arc::clone);
        let ready = match kept {
            Some(ready) => ready,
            None => match write(&wanted.with_slots()) {
                Ok(page) => {
                    let ready = Arc::new(Ready::of(page));
                    let mut pages = self.0.lock().unwrap_or_else(PoisonError::into_inner);
                    if pages.len() >= PAGES_MAX {
                        pages.clear();
                    }
                    pages.insert(key, Arc::clone(&ready));
                    ready
                }
                Err(err) => return Some(Err(err)),
            },
        };
        Some(Ok(ready.filled(&values)))
    }
}

impl Key {
    fn of(page: &SurveyPage<'_>) -> Option<Self> {
        let mut marked = page.answers.iter();
        let first = match marked.next() {
            None => None,
            Some((question, Answer::Rating(point))) => Some((question.clone(), *point)),
            Some(_) => return None,
        };
        if marked.next().is_some() || !page.drafts.is_empty() || !page.troubles.is_empty() {
            return None;
        }
        Some(Self {
            version: page.version?,
            language: page.language.clone(),
            page: page.page,
            place: page.place.clone(),
            marked: first,
            hidden: page.hidden.iter().map(|(name, _)| name.clone()).collect(),
            honeypot: page.honeypot.clone(),
            counts_when_seen: page.counts_when_seen,
            can_be_stopped: page.unsubscribe_url.is_some(),
        })
    }
}

impl SurveyPage<'_> {
    /// The values that are different for everybody.
    fn slots(&self) -> Vec<(char, &str)> {
        let hidden = ('0'..='9').zip(&self.hidden).map(|(slot, (_, value))| (slot, value.as_str()));
        let unsubscribe = self.unsubscribe_url.as_deref().map(|url| (UNSUBSCRIBE, url));
        hidden.chain(unsubscribe).chain([(ACTION, self.action.as_str())]).collect()
    }

    /// The same page with slots in place of them.
    fn with_slots(&self) -> SurveyPage<'_> {
        let slot = |name: char| format!("{SLOT}{name}");
        let hidden = ('0'..='9').zip(&self.hidden).map(|(name, (field, _))| (field.clone(), slot(name)));
        SurveyPage {
            survey: std::borrow::Cow::Borrowed(&self.survey),
            action: slot(ACTION),
            hidden: hidden.collect(),
            unsubscribe_url: self.unsubscribe_url.as_ref().map(|_| slot(UNSUBSCRIBE)),
            ..self.clone()
        }
    }
}

impl Ready {
    fn of(page: Page) -> Self {
        let mut parts = page.html.split(SLOT);
        let mut pieces = vec![(parts.next().unwrap_or_default().to_owned(), None)];
        for part in parts {
            let mut rest = part.chars();
            if let Some(last) = pieces.last_mut() {
                last.1 = rest.next();
            }
            pieces.push((rest.as_str().to_owned(), None));
        }
        Self { n_bytes: page.html.len(), pieces, csp: page.csp }
    }

    fn filled(&self, values: &[(char, &str)]) -> Page {
        let mut html = String::with_capacity(self.n_bytes + 64 * self.pieces.len());
        for (text, slot) in &self.pieces {
            html.push_str(text);
            let value = slot.and_then(|slot| values.iter().find(|(name, _)| *name == slot));
            html.push_str(value.map_or("", |(_, value)| value));
        }
        Page { html, csp: self.csp.clone() }
    }
}
