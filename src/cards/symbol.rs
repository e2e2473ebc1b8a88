//! The QR symbol of a card as one outline.
//!
//! Level Q, because tables get dirty; an upper-case URL of the alphanumeric set costs 5.5 bits a character instead of 8
//! and keeps the modules large. The outline runs around whole groups of modules, not around each one: a third of the
//! size in the file, and no hairlines between modules on screen or film. Always black on white with four modules of
//! quiet zone: inverted symbols and missing quiet zones fail in common decoders.

use qrcode::{EcLevel, QrCode, Version};

use super::CardError;

/// Modules of quiet zone on each side (ISO/IEC 18004).
pub const QUIET_MODULES: u16 = 4;
/// The smallest module that an office printer and an old phone still manage, in millimetres.
pub const MODULE_MM_MIN: f64 = 0.4;
/// The smallest symbol without its quiet zone, in millimetres.
pub const SYMBOL_MM_MIN: f64 = 20.0;

/// The longest URL a card can carry.
const URL_CHARS_MAX: usize = 200;
/// Below version 3 the quiet zone takes too large a share of a small label.
const VERSION_MIN: i16 = 3;
/// Printers stretch by as much; without it an inch-high label would miss 20 mm by a tenth of a millimetre.
const TOLERANCE: f64 = 0.99;

/// An encoded symbol.
#[derive(Clone, PartialEq, Eq)]
pub struct Symbol {
    modules: u16,
    is_dark: Vec<bool>,
}

impl Symbol {
    /// Encodes a URL at level Q, and at level H where a logo covers its middle. A URL so short that it would fit a version
    /// below 3 gets version 3 at level H instead. Fails when the URL is empty, longer than 200 characters or not printable ASCII.
    pub fn encode(url: &str, has_logo: bool) -> Result<Self, CardError> {
        if url.is_empty() || url.len() > URL_CHARS_MAX {
            return Err(CardError::UrlLength { given: url.len(), max: URL_CHARS_MAX });
        }
        if let Some((at, found)) = url.chars().enumerate().find(|(_, c)| !c.is_ascii_graphic()) {
            return Err(CardError::UrlCharacter { found, place: at + 1 });
        }
        let code = QrCode::with_error_correction_level(url, if has_logo { EcLevel::H } else { EcLevel::Q })
            .map_err(CardError::Encode)?;
        let code = if code.version().width() < Version::Normal(VERSION_MIN).width() {
            QrCode::with_version(url, Version::Normal(VERSION_MIN), EcLevel::H).map_err(CardError::Encode)?
        } else {
            code
        };
        let modules = code.version().width().unsigned_abs();
        Ok(Self {
            modules,
            is_dark: code.into_colors().into_iter().map(|color| color == qrcode::Color::Dark).collect(),
        })
    }

    /// Modules along one side without the quiet zone: 29 for a usual short URL.
    pub fn modules(&self) -> u16 {
        self.modules
    }

    /// Width of a module in millimetres when symbol and quiet zone fill a square of `place_mm`. Fails when the module or
    /// the symbol would be too small to be read at hand distance.
    pub fn module_mm(&self, place_mm: f64) -> Result<f64, CardError> {
        let modules = f64::from(self.modules);
        let all = modules + 2.0 * f64::from(QUIET_MODULES);
        let module_mm = place_mm / all;
        let needed_mm = all * MODULE_MM_MIN.max(SYMBOL_MM_MIN / modules);
        if module_mm < MODULE_MM_MIN {
            return Err(CardError::ModuleTooSmall { module_mm, place_mm, needed_mm });
        }
        let symbol_mm = module_mm * modules;
        if symbol_mm < SYMBOL_MM_MIN * TOLERANCE {
            return Err(CardError::SymbolTooSmall { symbol_mm, place_mm, needed_mm });
        }
        Ok(module_mm)
    }

    /// Modules along one side of the square in the middle that a logo may cover with the ground around it: an odd number, as
    /// symbols have, and not more than a quarter of the side.
    pub fn logo_modules(&self) -> u16 {
        let quarter = self.modules / 4;
        if quarter % 2 == 1 { quarter } else { quarter.saturating_sub(1) }
    }

    /// Closed outlines of the dark modules in module coordinates, the upper left corner of the symbol being (0, 0).
    /// Dark lies to the right of the direction of travel, so the non-zero and the even-odd rule fill the same.
    pub fn outlines(&self) -> Vec<Vec<(u16, u16)>> {
        let mut edges = Edges::around(self);
        let mut outlines = Vec::new();
        for y in 0..=self.modules {
            for x in 0..=self.modules {
                while let Some(outline) = edges.take_outline((x, y)) {
                    outlines.push(outline);
                }
            }
        }
        outlines
    }

    fn is_dark(&self, x: u16, y: u16) -> bool {
        let inside = x < self.modules && y < self.modules;
        let at = usize::from(y) * usize::from(self.modules) + usize::from(x);
        inside && self.is_dark.get(at).copied().unwrap_or(false)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Heading {
    East,
    South,
    West,
    North,
}

impl Heading {
    fn right(self) -> Self {
        match self {
            Self::East => Self::South,
            Self::South => Self::West,
            Self::West => Self::North,
            Self::North => Self::East,
        }
    }

    fn left(self) -> Self {
        self.right().right().right()
    }

    fn bit(self) -> u8 {
        match self {
            Self::East => 1,
            Self::South => 2,
            Self::West => 4,
            Self::North => 8,
        }
    }

    fn step(self, (x, y): (u16, u16)) -> (u16, u16) {
        match self {
            Self::East => (x + 1, y),
            Self::South => (x, y + 1),
            Self::West => (x.saturating_sub(1), y),
            Self::North => (x, y.saturating_sub(1)),
        }
    }
}

/// Unit edges between dark and light, by the grid point they leave from; one bit per heading.
struct Edges {
    points: u16,
    leaving: Vec<u8>,
}

impl Edges {
    fn around(symbol: &Symbol) -> Self {
        let points = symbol.modules + 1;
        let mut edges = Self { points, leaving: vec![0; usize::from(points) * usize::from(points)] };
        for y in 0..symbol.modules {
            for x in 0..symbol.modules {
                if !symbol.is_dark(x, y) {
                    continue;
                }
                let sides = [
                    (y > 0 && symbol.is_dark(x, y - 1), (x, y), Heading::East),
                    (symbol.is_dark(x + 1, y), (x + 1, y), Heading::South),
                    (symbol.is_dark(x, y + 1), (x + 1, y + 1), Heading::West),
                    (x > 0 && symbol.is_dark(x - 1, y), (x, y + 1), Heading::North),
                ];
                for (is_covered, from, heading) in sides {
                    if !is_covered && let Some(bits) = edges.at(from) {
                        *bits |= heading.bit();
                    }
                }
            }
        }
        edges
    }

    /// Walks along edges from `start` until it is back there, using them up.
    fn take_outline(&mut self, start: (u16, u16)) -> Option<Vec<(u16, u16)>> {
        let first = [Heading::East, Heading::South, Heading::West, Heading::North];
        let mut heading = first.into_iter().find(|&heading| self.take(start, heading))?;
        let (mut outline, mut place) = (vec![start], heading.step(start));
        while place != start {
            // Right first: where two modules touch at a corner only, each keeps an outline of its own.
            let next = [heading.right(), heading, heading.left()].into_iter().find(|&next| self.take(place, next))?;
            if next != heading {
                outline.push(place);
                heading = next;
            }
            place = heading.step(place);
        }
        Some(outline)
    }

    fn take(&mut self, from: (u16, u16), heading: Heading) -> bool {
        self.at(from).is_some_and(|bits| {
            let had = *bits & heading.bit() != 0;
            *bits &= !heading.bit();
            had
        })
    }

    fn at(&mut self, (x, y): (u16, u16)) -> Option<&mut u8> {
        self.leaving.get_mut(usize::from(y) * usize::from(self.points) + usize::from(x))
    }
}

#[cfg(test)]
mod tests;
