//! Makes a text fit a box: first by wrapping, then by shrinking, in the end by cutting.
//!
//! Wrapped lines are evened out, so that no headline ends in a line of one short word. Only when the smallest size is
//! not small enough may a long word break after a `/`, `.` or `@`, and only when that is not enough either is
//! the text cut and marked with an ellipsis: a card whose text runs into the next card cannot be sold, handed out or
//! read, one with a cut headline can.

use super::fonts::{CAP_HEIGHT_EM, Fonts, Typeface};

/// Where a word that is too long may break. Not at hyphens: in an address nobody could tell whose hyphen it is.
const BREAKS: [char; 3] = ['/', '.', '@'];

/// The box and the liberties that may be taken. Lengths in millimetres.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub(super) width_mm: f64,
    pub(super) size_mm: f64,
    pub(super) size_mm_min: f64,
    pub(super) lines_max: usize,
    pub(super) typeface: Typeface,
}

/// A text that fits: its lines and font size.
pub(super) struct Fitted {
    pub(super) lines: Vec<String>,
    pub(super) size_mm: f64,
    /// Of the widest line.
    pub(super) width_mm: f64,
    /// Height of capitals, the distance from the upper edge to the first baseline.
    pub(super) cap_mm: f64,
    pub(super) is_cut: bool,
}

/// Fits `text` into `room`.
pub(super) fn fit(fonts: &Fonts, text: &str, room: Room) -> Fitted {
    let fitter = Fitter { fonts, typeface: room.typeface, blank_em: fonts.width_em(room.typeface, " ") };
    let words = fitter.words(text);
    let lines_max = room.lines_max.max(1);
    let smallest = room.size_mm_min.clamp(0.1, room.size_mm.max(0.1));
    let mut size = room.size_mm.max(smallest);
    let (mut lines, mut is_cut) = (None, false);
    while lines.is_none() {
        lines = fitter.even(&words, room.width_mm / size, lines_max);
        if lines.is_some() || size <= smallest {
            break;
        }
        size = (size * 0.97).max(smallest);
    }
    let lines =
        lines.or_else(|| fitter.even(&fitter.pieces(&words), room.width_mm / size, lines_max)).unwrap_or_else(|| {
            is_cut = true;
            fitter.cut(&fitter.pieces(&words), room.width_mm / size, lines_max)
        });
    let width_em = lines.iter().map(|line| fonts.width_em(room.typeface, line)).fold(0.0, f64::max);
    Fitted { lines, size_mm: size, width_mm: width_em * size, cap_mm: size * CAP_HEIGHT_EM, is_cut }
}

/// A run of characters that stays on one line.
#[derive(Clone)]
struct Word {
    text: String,
    width_em: f64,
    /// Whether a blank stands before it when it does not begin a line.
    is_spaced: bool,
}

struct Fitter<'a> {
    fonts: &'a Fonts,
    typeface: Typeface,
    blank_em: f64,
}

impl Fitter<'_> {
    fn words(&self, text: &str) -> Vec<Word> {
        glued(text).into_iter().map(|word| self.word(word, true)).collect()
    }

    /// The words broken after each of [`BREAKS`].
    fn pieces(&self, words: &[Word]) -> Vec<Word> {
        let pieces = words.iter().flat_map(|word| {
            word.text.split_inclusive(BREAKS).zip(std::iter::once(true).chain(std::iter::repeat(false)))
        });
        pieces.map(|(piece, is_first)| self.word(piece.to_owned(), is_first)).collect()
    }

    fn word(&self, text: String, is_spaced: bool) -> Word {
        Word { width_em: self.fonts.width_em(self.typeface, &text), text, is_spaced }
    }

    /// At most `lines_max` lines of nearly equal width, or nothing when that cannot be.
    fn even(&self, words: &[Word], width_em: f64, lines_max: usize) -> Option<Vec<String>> {
        let n_lines = self.wrap(words, width_em).filter(|lines| lines.len() <= lines_max)?.len();
        let (mut low, mut high) = (0.0, width_em);
        if n_lines > 1 {
            // Bisection for the narrowest box that still takes as many lines; 1/1000 of the width is even enough.
            for _ in 0..10 {
                let middle = f64::midpoint(low, high);
                match self.wrap(words, middle) {
                    Some(lines) if lines.len() <= n_lines => high = middle,
                    Some(_) | None => low = middle,
                }
            }
        }
        self.wrap(words, high)
    }

    /// First-fit lines, or nothing when a word alone is too wide.
    fn wrap(&self, words: &[Word], width_em: f64) -> Option<Vec<String>> {
        let mut lines: Vec<String> = Vec::new();
        let mut used_em = 0.0;
        for word in words {
            if word.width_em > width_em {
                return None;
            }
            let blank_em = if word.is_spaced { self.blank_em } else { 0.0 };
            match lines.last_mut() {
                Some(line) if used_em + blank_em + word.width_em <= width_em => {
                    if word.is_spaced {
                        line.push(' ');
                    }
                    line.push_str(&word.text);
                    used_em += blank_em + word.width_em;
                }
                Some(_) | None => {
                    lines.push(word.text.clone());
                    used_em = word.width_em;
                }
            }
        }
        Some(lines)
    }

    /// As much as goes into `lines_max` lines, then an ellipsis.
    fn cut(&self, pieces: &[Word], width_em: f64, lines_max: usize) -> Vec<String> {
        let mut lines = Vec::new();
        let mut rest = pieces;
        while lines.len() + 1 < lines_max {
            let n =
                (0..=rest.len()).rev().find(|&n| rest.get(..n).is_some_and(|head| self.is_one_line(head, width_em)));
            let Some((head, tail)) = n.filter(|&n| n > 0).and_then(|n| rest.split_at_checked(n)) else { break };
            lines.push(joined(head));
            rest = tail;
        }
        let mut last = joined(rest);
        while self.fonts.width_em(self.typeface, &format!("{last}…")) > width_em && last.pop().is_some() {}
        lines.push(format!("{}…", last.trim_end()));
        lines
    }

    fn is_one_line(&self, words: &[Word], width_em: f64) -> bool {
        self.wrap(words, width_em).is_some_and(|lines| lines.len() <= 1)
    }
}

/// Whether a line may break at this character: at blanks other than the two that forbid it.
pub(super) fn is_break(c: char) -> bool {
    c.is_whitespace() && !matches!(c, '\u{a0}' | '\u{202f}')
}

/// The words of a text. A dash or other sign stays with the word before it and a number with the word behind it, so
/// that no line begins with "–" or ends in "1".
fn glued(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut before_is_number = false;
    for word in text.split(is_break).filter(|word| !word.is_empty()) {
        let is_sign = !word.contains(char::is_alphanumeric);
        match words.last_mut() {
            Some(last) if is_sign || before_is_number => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => words.push(word.to_owned()),
        }
        before_is_number = word.chars().all(|c| c.is_ascii_digit());
    }
    words
}

fn joined(words: &[Word]) -> String {
    let mut text = String::new();
    for word in words {
        if word.is_spaced && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&word.text);
    }
    text
}

#[cfg(test)]
mod tests;
