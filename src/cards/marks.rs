//! Marks for the people at the printer and the cutter: where to cut, where to fold, and whether the scale is right.
//!
//! They lie outside the cells, in the page's margins, a little away from the edge so that a cut that is off by a hair
//! shows no line on a card. Where a margin is too narrow for a mark it is left away. The ruler says "100 mm · 100 %" and
//! no word, because the languages of printer and card may differ.

use krilla::geom::{PathBuilder, Rect, Transform};
use krilla::surface::Surface;

use super::drawing::{Anchor, Text};
use super::fit::{Room, fit};
use super::fonts::{Typeface, single};
use super::pdf::{Pen, solid};
use super::sheet::Sheet;

const BLACK: [u8; 3] = [0; 3];
const GREY: [u8; 3] = [0x70; 3];
const LINE_MM: f64 = 0.1;
/// From the cell's edge to the mark.
const AWAY_MM: f64 = 1.0;
/// From the end of what is printed beyond the cell's edge to the mark.
const CLEAR_MM: f64 = 0.5;
const TRIM_MM: f64 = 2.9;
/// What printers leave blank at the edge of the paper.
const BORDER_MM: f64 = 5.0;
const RULER_MM: f64 = 100.0;
const TEXT_MM: f64 = 2.1;

/// A thin rectangle in millimetres: left, top, width, height.
type Bar = [f64; 4];

/// Which page of which job this is.
#[derive(Clone, Copy)]
pub(super) struct PageOfJob<'a> {
    pub(super) title: &'a str,
    pub(super) number: usize,
    pub(super) n_pages: usize,
}

/// Everything but texts that is marked on a sheet.
pub(super) struct Lines {
    bars: Vec<Bar>,
    ruler: Option<Ruler>,
}

/// Where the ruler begins, and whether it runs up the left margin rather than along the top or the bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Ruler {
    x_mm: f64,
    y_mm: f64,
    is_upright: bool,
}

/// Finds room for the marks of a sheet.
pub(super) fn lines(sheet: &Sheet, bleed_mm: f64) -> Lines {
    let away_mm = AWAY_MM.max(bleed_mm + CLEAR_MM);
    let mut bars = trim(sheet, away_mm);
    if sheet.is_tent() {
        bars.extend(folds(sheet, away_mm));
    }
    Lines { bars, ruler: ruler(sheet, away_mm) }
}

/// Draws them. The surface's unit is the millimetre.
pub(super) fn draw(surface: &mut Surface<'_>, pen: &Pen, (sheet, lines): (&Sheet, &Lines), page: PageOfJob<'_>) {
    fill(surface, &lines.bars);
    let Some(ruler) = lines.ruler else { return };
    let (x, y) = (single(ruler.x_mm), single(ruler.y_mm));
    let turned = Transform::from_row(0.0, -1.0, 1.0, 0.0, x, y);
    surface.push_transform(&if ruler.is_upright { turned } else { Transform::from_translate(x, y) });
    let mut scale: Vec<Bar> = vec![[0.0, -LINE_MM / 2.0, RULER_MM, LINE_MM]];
    scale.extend((0..=10_u8).map(|cm| {
        let length = if cm % 5 == 0 { 2.0 } else { 1.2 };
        [f64::from(cm).mul_add(10.0, -LINE_MM / 2.0), -length, LINE_MM, length]
    }));
    fill(surface, &scale);
    let after = write(surface, pen, "100 mm · 100 %", (RULER_MM + 2.0, f64::INFINITY));
    let (across, down) = sheet.grid().page.mm();
    let room = if ruler.is_upright { down - 2.0 * BORDER_MM } else { across - ruler.x_mm - BORDER_MM };
    let caption = format!("{} · {}/{}", page.title, page.number, page.n_pages);
    write(surface, pen, caption.trim_start_matches(" · "), (after + 6.0, room));
    surface.pop();
}

/// Writes a caption on the ruler's line from one place up to another at most, and says where it ends.
fn write(surface: &mut Surface<'_>, pen: &Pen, content: &str, (from, to): (f64, f64)) -> f64 {
    let room =
        Room { width_mm: to - from, size_mm: TEXT_MM, size_mm_min: TEXT_MM, lines_max: 1, typeface: Typeface::Sans };
    // Less than this and a cut caption would say nothing.
    if room.width_mm < 15.0 {
        return from;
    }
    let fitted = fit(pen.fonts(), content, room);
    let Some(content) = fitted.lines.into_iter().next() else { return from };
    let line = pen.fonts().shape(Typeface::Sans, &content);
    let text = Text {
        content,
        x_mm: from,
        y_mm: 0.0,
        size_mm: TEXT_MM,
        typeface: Typeface::Sans,
        anchor: Anchor::Start,
        fill: GREY,
    };
    pen.draw(surface, &text, &line);
    from + fitted.width_mm
}

fn fill(surface: &mut Surface<'_>, bars: &[Bar]) {
    let mut builder = PathBuilder::new();
    bars.iter()
        .filter_map(|&[x, y, width, height]| Rect::from_xywh(single(x), single(y), single(width), single(height)))
        .for_each(|rect| builder.push_rect(rect));
    surface.set_fill(Some(solid(BLACK)));
    builder.finish().into_iter().for_each(|path| surface.draw_path(&path));
}

/// Left, top, right and lower edge of all cells together, the backs of tents among them.
fn extent(sheet: &Sheet) -> [f64; 4] {
    let (width, height) = sheet.grid().cell_mm;
    let left = sheet.lefts().next().unwrap_or_default();
    let top = sheet.tops().next().unwrap_or_default();
    let right = sheet.lefts().last().unwrap_or_default() + width;
    let bottom = sheet.tops().last().unwrap_or_default() + height;
    [left, if sheet.is_tent() { top - height } else { top }, right, bottom]
}

/// One line per cut at each end of it.
fn trim(sheet: &Sheet, away_mm: f64) -> Vec<Bar> {
    let (width, height) = sheet.grid().cell_mm;
    let back = if sheet.is_tent() { height } else { 0.0 };
    let (page_width, page_height) = sheet.grid().page.mm();
    let [left, top, right, bottom] = extent(sheet);
    let room = away_mm + TRIM_MM;
    let mut bars = Vec::new();
    let is_on_page = |x: &f64| *x > LINE_MM && *x < page_width - LINE_MM;
    for x in edges(sheet.lefts().flat_map(|x| [x, x + width])).into_iter().filter(is_on_page) {
        let x = x - LINE_MM / 2.0;
        bars.extend((top >= room).then_some([x, top - room, LINE_MM, TRIM_MM]));
        bars.extend((page_height - bottom >= room).then_some([x, bottom + away_mm, LINE_MM, TRIM_MM]));
    }
    for y in edges(sheet.tops().flat_map(|y| [y - back, y + height])) {
        let y = y - LINE_MM / 2.0;
        bars.extend((left >= room).then_some([left - room, y, TRIM_MM, LINE_MM]));
        bars.extend((page_width - right >= room).then_some([right + away_mm, y, TRIM_MM, LINE_MM]));
    }
    bars
}

/// Each edge once: neighbours that touch are cut apart by one cut.
fn edges(all: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut edges: Vec<f64> = all.collect();
    edges.sort_by(f64::total_cmp);
    edges.dedup_by(|a, b| (*a - *b).abs() < 0.2);
    edges
}

/// Two short dashes at each end of each fold: beside the cards where there is room for them, else on their edges.
fn folds(sheet: &Sheet, away_mm: f64) -> Vec<Bar> {
    let (page_width, _) = sheet.grid().page.mm();
    let [left, _, right, _] = extent(sheet);
    let room = away_mm + TRIM_MM;
    let dash = |x: f64, y: f64| [x, y - LINE_MM / 2.0, 1.0, LINE_MM];
    let dashes = sheet.tops().flat_map(|y| {
        let from_left = if left >= room { left - room } else { left + BORDER_MM };
        let from_right = if page_width - right >= room { right + away_mm } else { right - BORDER_MM - TRIM_MM };
        [from_left, from_right].into_iter().flat_map(move |x| [x, x + TRIM_MM - 1.0].map(|x| dash(x, y)))
    });
    dashes.collect()
}

/// Along the bottom, else along the top, else up the left margin, where trim marks leave it room.
fn ruler(sheet: &Sheet, away_mm: f64) -> Option<Ruler> {
    let needed = away_mm + TRIM_MM + 2.0 + BORDER_MM;
    let (page_width, page_height) = sheet.grid().page.mm();
    let [left, top, _, bottom] = extent(sheet);
    let x_mm = left.max(BORDER_MM);
    let along = |y_mm| Some(Ruler { x_mm, y_mm, is_upright: false });
    if page_width < x_mm + RULER_MM + BORDER_MM {
        None
    } else if page_height - bottom >= needed {
        along(page_height - BORDER_MM)
    } else if top >= needed {
        along(BORDER_MM + 2.0)
    } else if left >= needed {
        Some(Ruler { x_mm: BORDER_MM + 2.0, y_mm: page_height - BORDER_MM, is_upright: true })
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::{Grid, PageSize};
    use super::*;

    #[test]
    fn no_mark_lies_on_a_card_or_in_its_bleed_or_off_the_page() {
        for (sheet, bleed_mm) in Sheet::built_in().iter().flat_map(|sheet| [0.0, 3.0].map(|bleed| (sheet, bleed))) {
            let page = sheet.grid().page.mm();
            for [x, y, w, h] in trim(sheet, AWAY_MM.max(bleed_mm + CLEAR_MM)) {
                assert!(x >= 0.0 && y >= 0.0 && x + w <= page.0 && y + h <= page.1, "{}: {x} {y}", sheet.name());
                let is_on = |cell| {
                    let [left, top, right, bottom] = sheet.bleed_box(cell, bleed_mm);
                    x + w > left && x < right && y + h > top && y < bottom
                };
                assert!(!sheet.cells().any(is_on), "{}: {x} {y}", sheet.name());
            }
        }
    }

    #[test]
    fn touching_cells_share_a_cut() {
        // Two columns and five rows without gaps have 3 and 6 cuts, each marked at both ends.
        assert_eq!(lines(Sheet::by_name("L7414").unwrap(), 0.0).bars.len(), 2 * (3 + 6));
        // C32015 has gaps: 4 and 8 cuts.
        assert_eq!(lines(Sheet::by_name("C32015").unwrap(), 0.0).bars.len(), 2 * (4 + 8));
    }

    #[test]
    fn a_sheet_without_margins_has_no_marks() {
        let lines = lines(Sheet::by_name("3474").unwrap(), 0.0);
        assert!(lines.bars.is_empty() && lines.ruler.is_none());
    }

    #[test]
    fn folds_are_marked_beside_the_cards_where_there_is_room() {
        let grid = Grid {
            page: PageSize::A4,
            count: (1, 1),
            cell_mm: (150.0, 90.0),
            first_mm: (30.0, 140.0),
            pitch_mm: (150.0, 180.0),
            is_tent: true,
        };
        let on_cards = |sheet: &Sheet| {
            let [left, _, right, _] = extent(sheet);
            folds(sheet, AWAY_MM).iter().filter(|[x, _, w, _]| x + w > left && *x < right).count()
        };
        assert_eq!(on_cards(&Sheet::new("tent", grid).unwrap()), 0);
        assert_eq!(on_cards(Sheet::by_name("5305").unwrap()), 2 * 4);
    }

    #[test]
    fn the_ruler_stands_up_where_only_the_left_margin_has_room() {
        let grid = Grid {
            page: PageSize::A4,
            count: (2, 4),
            cell_mm: (90.0, 72.0),
            first_mm: (15.0, 4.5),
            pitch_mm: (90.0, 72.0),
            is_tent: false,
        };
        let ruler = ruler(&Sheet::new("own", grid).unwrap(), AWAY_MM).unwrap();
        assert!(ruler.is_upright && ruler.y_mm > 290.0);
    }
}
