//! The fonts of all cards, and the widths of texts in them.
//!
//! They are compiled in, so a sheet looks the same on every machine and needs no font installed. Texts are shaped here
//! rather than by the PDF writer because a line must be measured before it is placed, and because most texts of a run
//! are the same on every card: each is shaped once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use krilla::text::{GlyphId, KrillaGlyph};
use rustybuzz::{Direction, Face, UnicodeBuffer};

use super::CardError;

/// Height of a capital letter in em, as the OS/2 tables of all four give it.
pub(super) const CAP_HEIGHT_EM: f64 = 0.714;

/// Shaped texts kept; far more than one page has.
const CACHED_MAX: usize = 2_000;

static SANS: &[u8] = include_bytes!("../../templates/card/fonts/NotoSans-Regular.ttf");
static SANS_BOLD: &[u8] = include_bytes!("../../templates/card/fonts/NotoSans-Bold.ttf");
static SERIF: &[u8] = include_bytes!("../../templates/card/fonts/NotoSerif-Regular.ttf");
static SERIF_ITALIC: &[u8] = include_bytes!("../../templates/card/fonts/NotoSerif-Italic.ttf");

/// Which of the fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Typeface {
    Sans,
    SansBold,
    Serif,
    SerifItalic,
}

impl Typeface {
    /// Every font.
    pub(super) const ALL: [Self; 4] = [Self::Sans, Self::SansBold, Self::Serif, Self::SerifItalic];

    /// The font file.
    pub(super) fn data(self) -> &'static [u8] {
        match self {
            Self::Sans => SANS,
            Self::SansBold => SANS_BOLD,
            Self::Serif => SERIF,
            Self::SerifItalic => SERIF_ITALIC,
        }
    }

    /// The font for these words of a template; `None` for one that there is not.
    pub(super) fn of(is_serif: bool, is_bold: bool, is_italic: bool) -> Option<Self> {
        match (is_serif, is_bold, is_italic) {
            (false, false, false) => Some(Self::Sans),
            (false, true, false) => Some(Self::SansBold),
            (true, false, false) => Some(Self::Serif),
            (true, false, true) => Some(Self::SerifItalic),
            (false, _, true) | (true, true, _) => None,
        }
    }

    /// As attributes of an SVG text: family, weight and style.
    pub(super) fn attributes(self) -> [&'static str; 3] {
        match self {
            Self::Sans => ["Noto Sans", "normal", "normal"],
            Self::SansBold => ["Noto Sans", "bold", "normal"],
            Self::Serif => ["Noto Serif", "normal", "normal"],
            Self::SerifItalic => ["Noto Serif", "normal", "italic"],
        }
    }
}

/// A text in glyphs, widths in em.
pub(super) struct Line {
    pub(super) glyphs: Vec<KrillaGlyph>,
    pub(super) width_em: f64,
    pub(super) missing: Option<char>,
}

/// All fonts, and what was shaped in them lately.
pub(super) struct Fonts {
    faces: [Face<'static>; 4],
    shaped: Mutex<HashMap<(Typeface, String), Arc<Line>>>,
}

impl Fonts {
    pub(super) fn load() -> Result<Self, CardError> {
        let face = |typeface: Typeface| Face::from_slice(typeface.data(), 0).ok_or(CardError::Fonts);
        let [sans, bold, serif, italic] = Typeface::ALL.map(face);
        Ok(Self { faces: [sans?, bold?, serif?, italic?], shaped: Mutex::default() })
    }

    /// The glyphs of one line, left to right: the fonts have no script that runs the other way.
    pub(super) fn shape(&self, typeface: Typeface, text: &str) -> Arc<Line> {
        let mut shaped = self.shaped.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (typeface, text.to_owned());
        if let Some(line) = shaped.get(&key) {
            return Arc::clone(line);
        }
        if shaped.len() >= CACHED_MAX {
            shaped.clear();
        }
        let line = Arc::new(shape(self.face(typeface), text));
        shaped.insert(key, Arc::clone(&line));
        line
    }

    /// Width of one line in em.
    pub(super) fn width_em(&self, typeface: Typeface, text: &str) -> f64 {
        self.shape(typeface, text).width_em
    }

    /// The first character that has no glyph.
    pub(super) fn missing(&self, text: &str) -> Option<char> {
        text.chars().find(|&c| self.faces.iter().any(|face| face.glyph_index(c).is_none()))
    }

    fn face(&self, typeface: Typeface) -> &Face<'static> {
        let [sans, bold, serif, italic] = &self.faces;
        match typeface {
            Typeface::Sans => sans,
            Typeface::SansBold => bold,
            Typeface::Serif => serif,
            Typeface::SerifItalic => italic,
        }
    }
}

/// Millimetres, points and em in the single precision of the PDF writer.
#[expect(clippy::cast_possible_truncation, reason = "lengths on paper need no more than single precision")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

fn shape(face: &Face<'static>, text: &str) -> Line {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    buffer.set_direction(Direction::LeftToRight);
    let output = rustybuzz::shape(face, &[], buffer);
    let em = |units: i32| f64::from(units) / f64::from(face.units_per_em());
    let starts: Vec<usize> = output.glyph_infos().iter().map(|info| index(info.cluster)).collect();
    let mut line = Line { glyphs: Vec::with_capacity(output.len()), width_em: 0.0, missing: None };
    for ((info, position), &start) in output.glyph_infos().iter().zip(output.glyph_positions()).zip(&starts) {
        // Glyphs of one cluster share the text of the cluster, which ends where the next begins.
        let end = starts.iter().copied().find(|&next| next > start).unwrap_or(text.len());
        line.width_em += em(position.x_advance);
        if info.glyph_id == 0 && line.missing.is_none() {
            line.missing = text.get(start..).and_then(|rest| rest.chars().next());
        }
        line.glyphs.push(KrillaGlyph::new(
            GlyphId::new(info.glyph_id),
            single(em(position.x_advance)),
            single(em(position.x_offset)),
            single(em(position.y_offset)),
            single(em(position.y_advance)),
            start..end,
            None,
        ));
    }
    line
}

fn index(cluster: u32) -> usize {
    usize::try_from(cluster).unwrap_or(usize::MAX)
}
