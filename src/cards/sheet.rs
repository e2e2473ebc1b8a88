//! Where the cards lie on the paper: label and card stock that offices can buy (`sheet/built_in.toml`), and formats of
//! one's own.
//!
//! A sheet is checked when it is made (every card on the page, no two of them overlapping), so whoever draws on one need
//! not check again. Lengths are millimetres from the upper left corner of an upright page.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::CardError;

const BUILT_IN: &str = include_str!("sheet/built_in.toml");
/// The longest side of a page.
pub const PAGE_MM_MAX: f64 = 1_000.0;

/// Paper sizes, upright.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PageSize {
    /// ISO 216 A4, 210 by 297 mm.
    A4,
    /// ISO 216 A5, 148 by 210 mm.
    A5,
    /// ISO 216 A6, 105 by 148 mm.
    A6,
    /// US Letter, 215.9 by 279.4 mm.
    Letter,
    /// Width and height in millimetres.
    Other(f64, f64),
}

impl PageSize {
    /// Those that have a name.
    pub const NAMED: [(&str, Self); 4] =
        [("A4", Self::A4), ("A5", Self::A5), ("A6", Self::A6), ("Letter", Self::Letter)];

    /// Width and height in PDF points of 1/72 inch, as `pdfinfo` must print them.
    pub fn points(self) -> (f64, f64) {
        let points = |mm: f64| (mm / 25.4 * 72_000.0).round() / 1_000.0;
        let (width, height) = self.mm();
        (points(width), points(height))
    }

    /// Width and height in millimetres.
    pub fn mm(self) -> (f64, f64) {
        match self {
            Self::A4 => (210.0, 297.0),
            Self::A5 => (148.0, 210.0),
            Self::A6 => (105.0, 148.0),
            Self::Letter => (215.9, 279.4),
            Self::Other(width, height) => (width, height),
        }
    }
}

/// A grid of equal cells: what [`Sheet::new`] takes. All lengths in millimetres, pairs are (horizontal, vertical).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grid {
    /// The paper.
    pub page: PageSize,
    /// Columns and rows.
    pub count: (u8, u8),
    /// Width and height of a cell.
    pub cell_mm: (f64, f64),
    /// Left and upper edge of the first cell.
    pub first_mm: (f64, f64),
    /// Distance from one cell's edge to the same edge of the next. Not looked at where there is one column or row.
    pub pitch_mm: (f64, f64),
    /// Whether the stock is folded along each cell's upper edge and stands up: then the panel above the cell is the
    /// card's other side and shows the same, turned by 180 degrees.
    pub is_tent: bool,
}

/// A sheet whose cells are known to lie on the page side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Sheet {
    name: String,
    grid: Grid,
}

/// Why a grid is none: the key of [`Grid`] in the files that is wrong, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadGrid {
    /// `columns`, `rows`, `size`, `first` or `pitch`.
    pub key: &'static str,
    /// In words.
    pub problem: String,
}

impl Sheet {
    /// The built-in sheet of that name, upper or lower case.
    pub fn by_name(name: &str) -> Result<&'static Self, CardError> {
        find(Self::built_in(), name)
    }

    /// All sheets that come with the program, by name.
    pub fn built_in() -> &'static [Self] {
        static SHEETS: LazyLock<Vec<Sheet>> = LazyLock::new(|| {
            let stock: BTreeMap<String, Stock> = toml::from_str(BUILT_IN).expect("the table is read by a test");
            let sheet = |(name, stock): (String, Stock)| Sheet { name, grid: stock.grid() };
            stock.into_iter().map(sheet).collect()
        });
        &SHEETS
    }

    /// A sheet of one's own. Fails when a cell leaves the page or overlaps its neighbour.
    pub fn new(name: &str, grid: Grid) -> Result<Self, BadGrid> {
        match problem(&grid) {
            Some((key, problem)) => Err(BadGrid { key, problem }),
            None => Ok(Self { name: name.to_owned(), grid }),
        }
    }

    /// The name it is bought under, or that was given to it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The measures.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Whether the cards are folded and stand up.
    pub fn is_tent(&self) -> bool {
        self.grid.is_tent
    }

    /// Cells of one page.
    pub fn cells_per_page(&self) -> usize {
        usize::from(self.grid.count.0) * usize::from(self.grid.count.1)
    }

    /// Left upper corners of the cells in millimetres, row by row.
    pub fn cells(&self) -> impl Iterator<Item = (f64, f64)> + '_ {
        self.tops().flat_map(|y| self.lefts().map(move |x| (x, y)))
    }

    /// Left edges of the columns in millimetres.
    pub fn lefts(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        steps(self.grid.first_mm.0, self.grid.pitch_mm.0, self.grid.count.0)
    }

    /// Upper edges of the rows in millimetres.
    pub fn tops(&self) -> impl Iterator<Item = f64> + Clone + '_ {
        steps(self.grid.first_mm.1, self.grid.pitch_mm.1, self.grid.count.1)
    }

    /// Left, upper, right and lower edge of what may be printed of the card whose cell begins at `(x, y)`, its other side
    /// included, when its ground goes on for `bleed_mm` beyond the cut: up to the middle between neighbours, and to the
    /// edge of the page.
    pub fn bleed_box(&self, (x, y): (f64, f64), bleed_mm: f64) -> [f64; 4] {
        let Grid { page, count, cell_mm: (width, height), pitch_mm, is_tent, .. } = self.grid;
        let full_height = if is_tent { 2.0 * height } else { height };
        let top = y + height - full_height;
        let room = |pitch: f64, length: f64, count: u8| {
            let between = if count > 1 { ((pitch - length) / 2.0).max(0.0) } else { bleed_mm };
            between.min(bleed_mm)
        };
        let (first, last) = (self.lefts().next(), self.lefts().last());
        let across = |edge: Option<f64>| if edge == Some(x) { bleed_mm } else { room(pitch_mm.0, width, count.0) };
        let (first_top, last_top) = (self.tops().next(), self.tops().last());
        let down = |edge: Option<f64>| if edge == Some(y) { bleed_mm } else { room(pitch_mm.1, full_height, count.1) };
        let (page_width, page_height) = page.mm();
        [
            (x - across(first)).max(0.0),
            (top - down(first_top)).max(0.0),
            (x + width + across(last)).min(page_width),
            (y + height + down(last_top)).min(page_height),
        ]
    }
}

/// The built-in sheets, and before them those of one's own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sheets {
    own: Vec<Sheet>,
}

impl Sheets {
    /// With sheets of one's own, each in the place of the built-in one of that name.
    pub fn with(own: Vec<Sheet>) -> Self {
        Self { own }
    }

    /// Those of one's own.
    pub fn own(&self) -> &[Sheet] {
        &self.own
    }

    /// All of them, one's own first.
    pub fn iter(&self) -> impl Iterator<Item = &Sheet> + Clone {
        let is_own = |name: &str| self.own.iter().any(|own| own.name.eq_ignore_ascii_case(name));
        self.own.iter().chain(Sheet::built_in().iter().filter(move |sheet| !is_own(&sheet.name)))
    }

    /// The sheet of that name, upper or lower case. The error lists all names and suggests the nearest.
    pub fn by_name(&self, name: &str) -> Result<&Sheet, CardError> {
        find(self.iter(), name)
    }
}

/// A sheet as the table has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stock {
    page: String,
    size: (f64, f64),
    columns: u8,
    rows: u8,
    first: (f64, f64),
    pitch: (f64, f64),
    #[serde(default)]
    tent: bool,
}

impl Stock {
    fn grid(&self) -> Grid {
        let page = PageSize::NAMED.into_iter().find(|(name, _)| *name == self.page).map(|(_, page)| page);
        Grid {
            page: page.expect("the table is read by a test"),
            count: (self.columns, self.rows),
            cell_mm: self.size,
            first_mm: self.first,
            pitch_mm: self.pitch,
            is_tent: self.tent,
        }
    }
}

fn steps(first: f64, pitch: f64, count: u8) -> impl Iterator<Item = f64> + Clone {
    (0..count).map(move |at| f64::from(at).mul_add(pitch, first))
}

/// What is wrong with a grid: the key that is wrong, and what about it.
fn problem(grid: &Grid) -> Option<(&'static str, String)> {
    // A tenth of a millimetre: inch and point sizes do not come out even.
    const SLACK_MM: f64 = 0.1;
    let page = grid.page.mm();
    let axes = [
        ("width", "columns", grid.count.0, grid.cell_mm.0, grid.first_mm.0, grid.pitch_mm.0, page.0, 0.0),
        ("height", "rows", grid.count.1, grid.cell_mm.1, grid.first_mm.1, grid.pitch_mm.1, page.1, above(grid)),
    ];
    axes.into_iter().find_map(|(side, lines, count, cell, first, pitch, page, above)| {
        if count == 0 {
            return Some((lines, format!("it has no {lines}")));
        }
        if !(cell.is_finite() && cell > 0.0 && first.is_finite() && pitch.is_finite()) {
            let wanted = format!("{side}, first cell and pitch must be numbers in mm, the {side} more than 0");
            return Some(("size", wanted));
        }
        let whole = cell + above;
        if count > 1 && pitch + SLACK_MM < whole {
            let of = if above > 0.0 { "both sides of a tent together" } else { "a cell" };
            let wanted = format!("the pitch of the {lines} is {pitch} mm, less than the {side} of {of}, {whole} mm");
            return Some(("pitch", wanted));
        }
        if first < above {
            let wanted = format!("the first tent's other side, {cell} mm above {first} mm, is not on the page");
            return Some(("first", if above > 0.0 { wanted } else { format!("{first} mm is not on the page") }));
        }
        let last = f64::from(count - 1).mul_add(pitch, first) + cell;
        let fits = last <= page + SLACK_MM;
        (!fits).then(|| {
            let wanted = format!(
                "its {lines} reach from {first} to {last:.2} mm and the page's {side} is {page} mm: take fewer {lines} \
                 or smaller cells"
            );
            (lines, wanted)
        })
    })
}

/// What a cell has above it that belongs to it: the other side of a tent.
fn above(grid: &Grid) -> f64 {
    if grid.is_tent { grid.cell_mm.1 } else { 0.0 }
}

fn find<'a>(sheets: impl IntoIterator<Item = &'a Sheet, IntoIter: Clone>, name: &str) -> Result<&'a Sheet, CardError> {
    let (given, mut sheets) = (name.trim(), sheets.into_iter());
    let all = sheets.clone();
    sheets.find(|sheet| sheet.name.eq_ignore_ascii_case(given)).ok_or_else(|| unknown(given, all))
}

fn unknown<'a>(given: &str, sheets: impl Iterator<Item = &'a Sheet> + Clone) -> CardError {
    // Far enough for a missing letter and a slip, near enough not to suggest nonsense.
    const DISTANCE_MAX: usize = 2;
    let upper: String = given.to_uppercase().chars().take(40).collect();
    let nearest = sheets
        .clone()
        .map(|sheet| (strsim::damerau_levenshtein(&upper, &sheet.name.to_uppercase()), &sheet.name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= DISTANCE_MAX);
    let hint = nearest.map(|(_, name)| format!("did you mean `{name}`? ")).unwrap_or_default();
    let names = sheets.map(|sheet| sheet.name.as_str()).collect::<Vec<_>>().join(", ");
    CardError::UnknownSheet { given: given.chars().take(40).collect(), hint, names }
}

#[cfg(test)]
mod tests;
