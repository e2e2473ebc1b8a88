//! Print-ready sheets of QR cards: QR symbol, card, sheet, PDF.
//!
//! Pure: the caller brings texts that are translated already, the template and the sheet, and gets the bytes of a PDF.
//! The way of a card: [`symbol`] encodes its URL, `design` fills the template in, `drawing` reads where the symbol and the
//! texts go, `pdf` draws them into the cell that [`sheet`] gives, and `marks` says where to cut. A
//! [`CardCode`](crate::domain::card_code::CardCode) is what the URL ends in.
//!
//! **Invariant:** a card that cannot be read is not printed: too small symbols and modules are errors.
//! **Invariant:** the same job gives the same bytes, so a reprint can be told from a new run.
//! **Invariant:** vectors only, fonts embedded; no file is read and no URL is followed, whatever a template says.

mod column;
mod design;
mod designs;
mod drawing;
mod error;
mod fit;
mod fonts;
mod logo;
mod marks;
mod pdf;
pub mod sheet;
pub mod symbol;

use std::sync::Arc;

pub use designs::{DESIGN_DEFAULT, DESIGNS, Designs, check_template};
pub use error::CardError;
pub use logo::Logo;
pub use sheet::{Grid, PageSize, Sheet, Sheets};

use fonts::Fonts;

/// The most cards one file takes: some 25 MB.
pub const CARDS_MAX: usize = 20_000;
/// The most characters a text of a card takes.
pub const TEXT_CHARS_MAX: usize = 300;
/// How far the ground of a card can go on beyond its edge, for a cut that is off by a hair.
pub const BLEED_MM: f64 = 3.0;
/// The furthest a sheet can be shifted against printer drift.
pub const OFFSET_MM_MAX: f64 = 10.0;

/// What one card shows. All texts are in the language of the branch already.
#[derive(Clone, PartialEq, Eq)]
pub struct CardFace {
    /// What the QR symbol holds: an upper-case URL keeps the symbol small.
    pub url: String,
    /// Catches the eye: "How was your visit?"
    pub headline: String,
    /// One line saying what happens: "1 minute, anonymous".
    pub invitation: String,
    /// Title of the touchpoint: "Table 12".
    pub label: String,
    /// Title of the branch.
    pub branch: String,
    /// The code in groups, for typing: `7KQ-2M9-XWD`.
    pub code: String,
    /// Serial number of the card. Not a secret, so not the code.
    pub serial: String,
    /// BCP 47 tag of the texts' language.
    pub language: String,
}

/// A run of cards on one kind of sheet.
#[derive(Clone, Copy)]
pub struct SheetJob<'a> {
    /// The cards in the order they fill the cells: row by row, page after page.
    pub faces: &'a [CardFace],
    /// The sheet.
    pub sheet: &'a Sheet,
    /// Source of the SVG card template, such as those of [`DESIGNS`].
    pub template: &'a str,
    /// What stands in the middle of the symbols.
    pub logo: Option<&'a Logo>,
    /// Whether to draw trim marks, fold marks and a ruler of 100 mm in the margins.
    pub marks: bool,
    /// How far the ground of a card goes on beyond its edges, where neighbours and page leave room: 0 or [`BLEED_MM`].
    pub bleed_mm: f64,
    /// Shifts everything right and down, in millimetres, for a printer that drifts.
    pub offset_mm: (f64, f64),
    /// Title of the document, also printed beside the ruler.
    pub title: &'a str,
}

/// Writes all cards of a job as one PDF, as many pages as it takes.
///
/// Fails when a text, a URL, the template or the offset cannot be printed, and when the QR symbol would be too small on
/// these cards; the error names the card and what would be right.
pub fn render_sheet(job: &SheetJob<'_>) -> Result<Vec<u8>, CardError> {
    if job.faces.is_empty() || job.faces.len() > CARDS_MAX {
        return Err(CardError::CardCount { given: job.faces.len(), max: CARDS_MAX });
    }
    for given_mm in [job.offset_mm.0, job.offset_mm.1] {
        if !given_mm.is_finite() || given_mm.abs() > OFFSET_MM_MAX {
            return Err(CardError::Offset { given_mm, max_mm: OFFSET_MM_MAX });
        }
    }
    let fonts = Arc::new(Fonts::load()?);
    check_text(&fonts, "title", job.title)?;
    for (card, face) in (1..).zip(job.faces) {
        check_face(&fonts, face).map_err(|source| CardError::OnCard { card, source: Box::new(source) })?;
    }
    pdf::write(job, &fonts)
}

fn check_face(fonts: &Fonts, face: &CardFace) -> Result<(), CardError> {
    let CardFace { url: _, headline, invitation, label, branch, code, serial, language } = face;
    let fields = [
        ("headline", headline),
        ("invitation", invitation),
        ("label", label),
        ("branch", branch),
        ("code", code),
        ("serial", serial),
        ("language", language),
    ];
    fields.into_iter().try_for_each(|(field, text)| check_text(fonts, field, text))
}

fn check_text(fonts: &Fonts, field: &'static str, text: &str) -> Result<(), CardError> {
    let given = text.chars().count();
    if given > TEXT_CHARS_MAX {
        return Err(CardError::TextLength { field, given, max: TEXT_CHARS_MAX });
    }
    match fonts.missing(&design::tidy(text)) {
        Some(found) => Err(CardError::MissingGlyph { field, found }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
