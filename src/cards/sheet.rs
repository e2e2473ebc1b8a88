//! Where the cards lie on the paper: label and card stock that offices can buy, and custom grids.
//!
//! A sheet is checked when it is made (every cell on the page, no two cells overlapping), so whoever draws on one need
//! not check again. Lengths are millimetres from the upper left corner of an upright page. Sizes and positions are those
//! of Debian's glabels-data 3.4.1, with one exception: L7160, L7163 and L7169 are cut symmetrically, as their siblings
//! L7165 and L7414 are, and glabels rounds them up to 1.5 mm off centre, so here their grids are centred.

use super::CardError;

/// Paper sizes, upright.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PageSize {
    /// ISO 216 A4, 210 by 297 mm.
    A4,
    /// US Letter, 215.9 by 279.4 mm.
    Letter,
}

impl PageSize {
    /// Width and height in PDF points of 1/72 inch, as `pdfinfo` must print them.
    pub fn points(self) -> (f64, f64) {
        match self {
            Self::A4 => (595.276, 841.89),
            Self::Letter => (612.0, 792.0),
        }
    }

    /// Width and height in millimetres.
    pub fn mm(self) -> (f64, f64) {
        match self {
            Self::A4 => (210.0, 297.0),
            Self::Letter => (215.9, 279.4),
        }
    }
}

/// A grid of equal cells: what [`Sheet::custom`] takes. All lengths in millimetres, pairs are (horizontal, vertical).
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
}

/// A sheet whose cells are known to lie on the page side by side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sheet {
    name: &'static str,
    grid: Grid,
    is_tent: bool,
}

impl Sheet {
    /// The sheet of that name, upper or lower case. The error lists all names and suggests the nearest.
    pub fn by_name(name: &str) -> Result<&'static Self, CardError> {
        let given = name.trim();
        SHEETS.iter().find(|sheet| sheet.name.eq_ignore_ascii_case(given)).ok_or_else(|| unknown(given))
    }

    /// All sheets that have a name.
    pub fn all() -> &'static [Self] {
        &SHEETS
    }

    /// A sheet of one's own. Fails with [`CardError::BadSheet`] when a cell leaves the page or overlaps its neighbour.
    pub fn custom(grid: Grid) -> Result<Self, CardError> {
        match problem(&grid) {
            Some(problem) => Err(CardError::BadSheet { problem }),
            None => Ok(Self { name: "custom", grid, is_tent: false }),
        }
    }

    /// The name it is bought under, or `custom`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The measures.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// Whether the stock is folded along each cell's upper edge and stands up: then the panel above the cell is the
    /// card's other side and shows the same, turned by 180 degrees.
    pub fn is_tent(&self) -> bool {
        self.is_tent
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
}

fn steps(first: f64, pitch: f64, count: u8) -> impl Iterator<Item = f64> + Clone {
    (0..count).map(move |at| f64::from(at).mul_add(pitch, first))
}

/// What is wrong with a grid, in words.
fn problem(grid: &Grid) -> Option<String> {
    // A tenth of a millimetre: inch and point sizes do not come out even.
    const SLACK_MM: f64 = 0.1;
    let page = grid.page.mm();
    let axes = [
        ("width", "columns", grid.count.0, grid.cell_mm.0, grid.first_mm.0, grid.pitch_mm.0, page.0),
        ("height", "rows", grid.count.1, grid.cell_mm.1, grid.first_mm.1, grid.pitch_mm.1, page.1),
    ];
    axes.into_iter().find_map(|(side, lines, count, cell, first, pitch, page)| {
        if count == 0 {
            return Some(format!("it has no {lines}"));
        }
        if !(cell.is_finite() && cell > 0.0 && first.is_finite() && pitch.is_finite()) {
            return Some(format!("{side}, first cell and pitch must be numbers in mm, the {side} more than 0"));
        }
        if count > 1 && pitch + SLACK_MM < cell {
            return Some(format!("the pitch of the {lines} is {pitch} mm, less than the {side} of a cell, {cell} mm"));
        }
        let last = f64::from(count - 1).mul_add(pitch, first) + cell;
        let fits = first >= 0.0 && last <= page + SLACK_MM;
        (!fits).then(|| {
            format!("its {lines} reach from {first} to {last:.2} mm and the page's {side} is {page} mm: take fewer {lines} or smaller cells")
        })
    })
}

fn unknown(given: &str) -> CardError {
    // Far enough for a missing letter and a slip, near enough not to suggest nonsense.
    const DISTANCE_MAX: usize = 2;
    let upper: String = given.to_uppercase().chars().take(40).collect();
    let nearest = SHEETS
        .iter()
        .map(|sheet| (strsim::damerau_levenshtein(&upper, sheet.name), sheet.name))
        .min_by_key(|(distance, _)| *distance)
        .filter(|(distance, _)| *distance <= DISTANCE_MAX);
    let hint = nearest.map(|(_, name)| format!("did you mean `{name}`? ")).unwrap_or_default();
    let names = SHEETS.iter().map(|sheet| sheet.name).collect::<Vec<_>>().join(", ");
    CardError::UnknownSheet { given: given.chars().take(40).collect(), hint, names }
}

/// One line of the table below.
const fn stock(
    name: &'static str,
    page: PageSize,
    count: (u8, u8),
    cell_mm: (f64, f64),
    places_mm: [(f64, f64); 2],
) -> Sheet {
    let [first_mm, pitch_mm] = places_mm;
    Sheet { name, grid: Grid { page, count, cell_mm, first_mm, pitch_mm }, is_tent: false }
}

const fn tent(sheet: Sheet) -> Sheet {
    Sheet { is_tent: true, ..sheet }
}

/// Name, page, columns and rows, cell, first cell and pitch.
static SHEETS: [Sheet; 15] = [
    stock("L7160", PageSize::A4, (3, 7), (63.5, 38.1), [(7.21, 15.15), (66.04, 38.1)]),
    stock("L7163", PageSize::A4, (2, 7), (99.1, 38.1), [(4.65, 15.15), (101.6, 38.1)]),
    stock("L7165", PageSize::A4, (2, 4), (99.06, 67.73), [(4.67, 13.04), (101.64, 67.73)]),
    stock("L7169", PageSize::A4, (2, 2), (99.1, 139.0), [(4.65, 9.5), (101.6, 139.0)]),
    stock("L7414", PageSize::A4, (2, 5), (90.0, 52.0), [(15.0, 18.5), (90.0, 52.0)]),
    stock("C32015", PageSize::A4, (2, 4), (85.0, 54.0), [(17.0, 31.5), (91.0, 60.0)]),
    stock("L4785", PageSize::A4, (2, 5), (80.0, 50.0), [(18.0, 13.0), (95.0, 55.0)]),
    stock("3474", PageSize::A4, (3, 8), (70.0, 37.0), [(0.0, 0.0), (70.0, 37.0)]),
    stock("5160", PageSize::Letter, (3, 10), (66.67, 25.4), [(3.97, 12.7), (70.64, 25.4)]),
    stock("5163", PageSize::Letter, (2, 5), (101.6, 50.8), [(4.13, 12.7), (106.36, 50.8)]),
    stock("5164", PageSize::Letter, (2, 3), (101.6, 84.67), [(3.97, 12.7), (106.36, 84.67)]),
    stock("5371", PageSize::Letter, (2, 5), (88.9, 50.8), [(19.05, 12.7), (88.9, 50.8)]),
    stock("8371", PageSize::Letter, (2, 5), (88.9, 50.8), [(19.05, 12.7), (88.9, 50.8)]),
    stock("5395", PageSize::Letter, (2, 4), (85.72, 59.27), [(17.46, 14.82), (95.25, 63.5)]),
    tent(stock("5305", PageSize::Letter, (1, 2), (215.9, 63.5), [(0.0, 76.2), (0.0, 127.0)])),
];

#[cfg(test)]
mod tests;
