//! Texts one below the other in a box: as large as they can be together, and when there is no room, the least important
//! go.
//!
//! All texts shrink together, so that what was meant to be twice as large stays so until it meets the smallest size that
//! people read on a table. Only then a text is left out, the one that is first to go; and only when nothing more may go
//! are texts cut.

use super::fit::{Fitted, Room, fit};
use super::fonts::{Fonts, Typeface};

/// Distance of baselines, in font sizes.
const LEADING: f64 = 1.18;
/// How often the size is halved between one that fits and one that does not.
const STEPS: usize = 6;

/// One text of a column. Lengths in millimetres.
#[derive(Clone)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) typeface: Typeface,
    /// As large as it may be.
    pub(super) size_mm: f64,
    /// As small as it may be.
    pub(super) size_mm_min: f64,
    pub(super) lines_max: usize,
    /// From the baseline above, or the upper edge, to its capitals.
    pub(super) gap_mm: f64,
    /// Whether what room is left stands above it.
    pub(super) is_pushed: bool,
    /// Those with the highest number go first; those with 0 stay.
    pub(super) drop: u32,
}

/// A line where it stands.
pub(super) struct Placed {
    pub(super) name: String,
    pub(super) text: String,
    pub(super) typeface: Typeface,
    pub(super) size_mm: f64,
    /// Of its baseline, from the upper edge of the column.
    pub(super) y_mm: f64,
    /// Whether it is the first line of its part.
    pub(super) is_first: bool,
}

/// What became of the texts.
pub(super) struct Column {
    pub(super) lines: Vec<Placed>,
    /// From the upper edge to the last baseline.
    pub(super) height_mm: f64,
}

/// Sets the parts in a box of this width and height.
pub(super) fn column(fonts: &Fonts, mut parts: Vec<Part>, (width_mm, height_mm): (f64, f64)) -> Column {
    parts.retain(|part| !part.text.is_empty());
    loop {
        let try_at = |scale: f64| {
            let fitted = set(fonts, &parts, width_mm, scale);
            let fits = fitted.iter().all(|fitted| !fitted.is_cut) && height(&parts, &fitted, scale) <= height_mm;
            fits.then_some((scale, fitted))
        };
        if let Some((scale, fitted)) = try_at(1.0).or_else(|| halved(&try_at)) {
            return place(&parts, fitted, (height_mm, scale));
        }
        let first = parts.iter().enumerate().filter(|(_, part)| part.drop > 0).max_by_key(|(_, part)| part.drop);
        let Some((at, _)) = first else { break };
        parts.remove(at);
    }
    // Nothing may go any more, so as much is shown of each as there is room for.
    while height(&parts, &set(fonts, &parts, width_mm, 0.0), 0.0) > height_mm {
        let longest = parts.iter_mut().filter(|part| part.lines_max > 1).max_by_key(|part| part.lines_max);
        let Some(longest) = longest else { break };
        longest.lines_max -= 1;
    }
    let fitted = set(fonts, &parts, width_mm, 0.0);
    place(&parts, fitted, (height_mm, 0.0))
}

/// The largest scale that is tried and fits; none when the smallest does not.
fn halved<T>(try_at: &impl Fn(f64) -> Option<T>) -> Option<T> {
    let mut best = try_at(0.0)?;
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..STEPS {
        let middle = f64::midpoint(low, high);
        match try_at(middle) {
            Some(found) => (best, low) = (found, middle),
            None => high = middle,
        }
    }
    Some(best)
}

/// All parts at a scale from 0, as small as they may be, to 1, as large.
fn set(fonts: &Fonts, parts: &[Part], width_mm: f64, scale: f64) -> Vec<Fitted> {
    let fitted = parts.iter().map(|part| {
        let size_mm = (part.size_mm * scale).max(part.size_mm_min);
        let room = Room { width_mm, size_mm, size_mm_min: size_mm, lines_max: part.lines_max, typeface: part.typeface };
        fit(fonts, &part.text, room)
    });
    fitted.collect()
}

/// Gaps shrink with the texts, to seven tenths of what they are.
fn gap_mm(part: &Part, scale: f64) -> f64 {
    part.gap_mm * scale.max(0.7)
}

fn height(parts: &[Part], fitted: &[Fitted], scale: f64) -> f64 {
    let of = |(part, fitted): (&Part, &Fitted)| {
        gap_mm(part, scale) + fitted.cap_mm + lines_below(fitted.lines.len()) * fitted.size_mm * LEADING
    };
    parts.iter().zip(fitted).map(of).sum()
}

fn lines_below(n: usize) -> f64 {
    u32::try_from(n.saturating_sub(1)).map_or(0.0, f64::from)
}

fn place(parts: &[Part], fitted: Vec<Fitted>, (height_mm, scale): (f64, f64)) -> Column {
    let mut spare = (height_mm - height(parts, &fitted, scale)).max(0.0);
    let (mut y_mm, mut lines) = (0.0, Vec::new());
    for (part, fitted) in parts.iter().zip(fitted) {
        y_mm += gap_mm(part, scale) + fitted.cap_mm;
        if part.is_pushed {
            y_mm += std::mem::take(&mut spare);
        }
        for (at, text) in fitted.lines.into_iter().enumerate() {
            if at > 0 {
                y_mm += fitted.size_mm * LEADING;
            }
            let (name, typeface, size_mm) = (part.name.clone(), part.typeface, fitted.size_mm);
            lines.push(Placed { name, text, typeface, size_mm, y_mm, is_first: at == 0 });
        }
    }
    Column { lines, height_mm: y_mm }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(name: &str, text: &str, drop: u32) -> Part {
        Part {
            name: name.to_owned(),
            text: text.to_owned(),
            typeface: Typeface::Sans,
            size_mm: 6.0,
            size_mm_min: 2.82,
            lines_max: 2,
            gap_mm: 1.0,
            is_pushed: false,
            drop,
        }
    }

    fn parts() -> Vec<Part> {
        vec![part("headline", "How was your visit?", 0), part("branch", "Sole Mitte", 2), part("label", "Table 12", 1)]
    }

    #[track_caller]
    fn check(box_mm: (f64, f64), expected: &[&str]) {
        let column = column(&Fonts::load().unwrap(), parts(), box_mm);
        let names: Vec<_> = column.lines.iter().filter(|line| line.is_first).map(|line| line.name.as_str()).collect();
        assert_eq!(names, expected);
        assert!(column.height_mm <= box_mm.1 + 1e-9 && column.lines.iter().all(|line| line.size_mm > 2.8));
    }

    #[test]
    fn texts_shrink_first_and_then_go_by_their_rank() {
        check((80.0, 30.0), &["headline", "branch", "label"]);
        check((40.0, 12.0), &["headline", "branch", "label"]);
        check((40.0, 7.0), &["headline", "label"]);
        check((40.0, 3.0), &["headline"]);
    }

    #[test]
    fn all_texts_shrink_together() {
        let sizes = |height_mm: f64| {
            let column = column(&Fonts::load().unwrap(), parts(), (200.0, height_mm));
            column.lines.iter().map(|line| line.size_mm).collect::<Vec<_>>()
        };
        assert_eq!(sizes(30.0), [6.0; 3]);
        let shrunk = sizes(12.0);
        assert!(shrunk.iter().all(|size| *size < 6.0 && (size - shrunk[0]).abs() < 1e-9), "{shrunk:?}");
    }

    #[test]
    fn what_room_is_left_stands_above_the_part_that_is_pushed() {
        let mut parts = parts();
        parts[2].is_pushed = true;
        let column = column(&Fonts::load().unwrap(), parts, (80.0, 40.0));
        assert!((column.height_mm - 40.0).abs() < 1e-9);
        assert!((column.lines.last().unwrap().y_mm - 40.0).abs() < 1e-9);
    }

    #[test]
    fn a_text_that_may_not_go_is_cut() {
        let long = part("headline", &"Donaudampfschifffahrt ".repeat(5), 0);
        let column = column(&Fonts::load().unwrap(), vec![long], (30.0, 4.0));
        assert!(column.lines.len() == 1 && column.lines[0].text.ends_with('…'));
    }

    #[test]
    fn an_empty_text_takes_no_room() {
        let column = column(&Fonts::load().unwrap(), vec![part("branch", "", 0)], (30.0, 10.0));
        assert!(column.lines.is_empty() && column.height_mm == 0.0);
    }
}
