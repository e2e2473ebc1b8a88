//! What can go wrong between a list of cards and a sheet.

use thiserror::Error;

use super::symbol::{MODULE_MM_MIN, SYMBOL_MM_MIN};

/// Why a sheet cannot be printed. No variant holds a URL, a code or a text of a card.
#[derive(Debug, Error)]
pub enum CardError {
    /// A sheet name that is not in the table.
    #[error("there is no sheet `{given}`: {hint}the sheets are {names}")]
    UnknownSheet {
        /// What was asked for.
        given: String,
        /// The nearest name as a question with a blank after it, or nothing.
        hint: String,
        /// All names.
        names: String,
    },
    /// Nothing to print, or more than one file should hold.
    #[error("{given} cards were given: a sheet file takes 1 to {max}")]
    CardCount {
        /// Cards given.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// Nothing can be drawn on the page.
    #[error("the sheet's page has no size")]
    NoPage,
    /// The offset for printer drift is not a small length.
    #[error("the offset is {given_mm} mm: it must lie between -{max_mm} and {max_mm} mm")]
    Offset {
        /// The offending length.
        given_mm: f64,
        /// The limit.
        max_mm: f64,
    },
    /// Something is wrong with one card.
    #[error("card {card} cannot be printed")]
    OnCard {
        /// Its place in the list, from 1.
        card: usize,
        /// What is wrong.
        #[source]
        source: Box<CardError>,
    },
    /// A text is longer than any card can show.
    #[error("the {field} has {given} characters: {max} are the most a card takes")]
    TextLength {
        /// Field of the card, or `title`.
        field: &'static str,
        /// Characters given.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// A character that the card fonts cannot show.
    #[error("the {field} contains `{found}` (U+{code:04X}), which the card fonts cannot show: they have Latin, Greek and Cyrillic", code = u32::from(*found))]
    MissingGlyph {
        /// Field of the card, `title`, or `template`.
        field: &'static str,
        /// The character.
        found: char,
    },
    /// The URL is empty or too long.
    #[error("the URL has {given} characters: a card takes 1 to {max}")]
    UrlLength {
        /// Bytes given.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// The URL has a character that is not printable ASCII.
    #[error("the URL has `{found}` at place {place}: write it in printable ASCII, percent-encoded where needed")]
    UrlCharacter {
        /// The character.
        found: char,
        /// Its place, from 1.
        place: usize,
    },
    /// The URL cannot be encoded.
    #[error("the URL does not make a QR symbol")]
    Encode(#[source] qrcode::types::QrError),
    /// The modules would be too small to read.
    #[error(
        "a module of the QR symbol would be {module_mm:.2} mm wide in a place of {place_mm:.1} mm, and {MODULE_MM_MIN:.2} mm is the least: \
         the symbol needs {needed_mm:.1} mm with its quiet zone, so take larger cards or a shorter URL"
    )]
    ModuleTooSmall {
        /// Width it would have.
        module_mm: f64,
        /// Side of the square the template gives the symbol with its quiet zone.
        place_mm: f64,
        /// Side that square would need.
        needed_mm: f64,
    },
    /// The symbol would be too small to read at hand distance.
    #[error(
        "the QR symbol would be {symbol_mm:.1} mm wide in a place of {place_mm:.1} mm, and {SYMBOL_MM_MIN:.0} mm is the least: \
         the symbol needs {needed_mm:.1} mm with its quiet zone, so take larger cards"
    )]
    SymbolTooSmall {
        /// Width it would have, without quiet zone.
        symbol_mm: f64,
        /// Side of the square the template gives the symbol with its quiet zone.
        place_mm: f64,
        /// Side that square would need.
        needed_mm: f64,
    },
    /// The design is not meant for cards of this shape.
    #[error("the design is not for these cards: {why}")]
    NotForTheseCards {
        /// What it says about it.
        why: String,
    },
    /// There is no design of that name.
    #[error("there is no design `{given}`: {hint}the designs are {names}")]
    UnknownDesign {
        /// What was asked for.
        given: String,
        /// The nearest name as a question with a blank after it, or nothing.
        hint: String,
        /// All names.
        names: String,
    },
    /// The drawing for the middle of QR symbols cannot be drawn.
    #[error("the logo cannot be drawn: {problem}")]
    Logo {
        /// What is wrong with it.
        problem: String,
    },
    /// The template is no template, or names what does not exist.
    #[error("the card template cannot be filled in")]
    Template(#[source] minijinja::Error),
    /// What the template gives is not XML.
    #[error("the card template does not give well-formed XML")]
    Xml(#[source] usvg::roxmltree::Error),
    /// What the template gives is not SVG.
    #[error("the card template does not give an SVG drawing")]
    Svg(#[source] usvg::Error),
    /// The drawing breaks a rule of card templates.
    #[error("the card template breaks a rule: {problem}")]
    Drawing {
        /// Which rule, where, and what would be right.
        problem: String,
    },
    /// The compiled-in fonts cannot be read.
    #[error("the built-in card fonts cannot be read")]
    Fonts,
    /// The PDF cannot be finished.
    #[error("the PDF cannot be written")]
    Pdf(#[source] krilla::error::KrillaError),
}
