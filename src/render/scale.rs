//! How the points of a rating look and what they are called, the same in mail and on the page.

use super::RenderError;
use super::fill::fill;
use super::words::Words;
use crate::domain::language::Language;
use crate::domain::survey::{Kind, Question, Scale};

/// Sad to happy, all from the first version of Unicode that has faces, so that old phones know them too.
const FACES: [&str; 5] = ["😠", "😞", "😐", "😊", "😄"];
/// Most points that can all have a word of their own.
const WORDED_POINTS_MAX: usize = 5;

/// One point of a scale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The answer.
    pub(super) value: i32,
    /// What people read.
    pub(super) label: String,
    /// A picture above it, made of one character.
    pub(super) face: Option<&'static str>,
}

/// The points of a rating question, or of each row of a matrix, in rising order; none for another kind.
pub(super) fn points(question: &Question, language: &Language, words: &Words) -> Vec<Point> {
    let Some(scale) = question.kind.shown_scale() else { return Vec::new() };
    match question.kind {
        Kind::Smiley(_) => faces(question, scale, language, words),
        Kind::Stars(_) => numbers(scale, Some("★")),
        Kind::Thumbs => thumbs(question, scale, language, words),
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Matrix { .. } => numbers(scale, None),
        Kind::Choice(_) | Kind::Multi(_) | Kind::Consent | Kind::Text { .. } => Vec::new(),
    }
}

/// What the first and the last point mean, such as `1 = Very bad`. Faces say so themselves where all of them have words.
pub(super) fn ends(
    question: &Question,
    language: &Language,
    words: &Words,
) -> Result<Option<[String; 2]>, RenderError> {
    let Some(scale) = question.kind.shown_scale() else { return Ok(None) };
    if matches!(question.kind, Kind::Smiley(_) | Kind::Thumbs) && n_points(scale) <= WORDED_POINTS_MAX {
        return Ok(None);
    }
    meant(question, language, words).map(Some)
}

/// What the lowest and the highest point mean, such as `1 = Very bad`, also of faces; empty for another kind of question.
pub(super) fn meant(question: &Question, language: &Language, words: &Words) -> Result<[String; 2], RenderError> {
    let Some(scale) = question.kind.shown_scale() else { return Ok([const { String::new() }; 2]) };
    let [worst, best] = meanings(question, language, words);
    let end =
        |point: i32, meaning: &str| fill(&words.scale.end, &[("point", &point.to_string()), ("meaning", meaning)]);
    let (worst, best) = (end(scale.worst, worst)?, end(scale.best, best)?);
    Ok(if scale.worst <= scale.best { [worst, best] } else { [best, worst] })
}

fn n_points(scale: Scale) -> usize {
    usize::try_from(scale.worst.abs_diff(scale.best)).unwrap_or(usize::MAX).saturating_add(1)
}

/// What the worst and the best point mean.
fn meanings<'a>(question: &'a Question, language: &Language, words: &'a Words) -> [&'a str; 2] {
    if let Some((worst, best)) = &question.ends {
        return [worst.in_language(language), best.in_language(language)];
    }
    let words = match question.kind {
        Kind::Nps => &words.scale.nps,
        Kind::Csat(_) => &words.scale.csat,
        // Where less is better, effort was asked for.
        Kind::Ces(scale) if scale.best < scale.worst => &words.scale.effort,
        Kind::Ces(_) => &words.scale.ces,
        Kind::Thumbs => &words.scale.thumbs,
        Kind::Smiley(_)
        | Kind::Stars(_)
        | Kind::Matrix { .. }
        | Kind::Choice(_)
        | Kind::Multi(_)
        | Kind::Consent
        | Kind::Text { .. } => &words.scale.general,
    };
    [&words[0], &words[1]]
}

fn numbers(scale: Scale, face: Option<&'static str>) -> Vec<Point> {
    scale.points().map(|value| Point { value, label: value.to_string(), face }).collect()
}

fn faces(question: &Question, scale: Scale, language: &Language, words: &Words) -> Vec<Point> {
    let last = n_points(scale) - 1;
    let [worst, best] = meanings(question, language, words);
    let face = |value: i32| {
        let rank = usize::try_from(value.abs_diff(scale.worst)).unwrap_or(last);
        let place = face_place(rank, last);
        let label = match rank {
            _ if last >= WORDED_POINTS_MAX => value.to_string(),
            0 if question.ends.is_some() => worst.to_owned(),
            rank if rank == last && question.ends.is_some() => best.to_owned(),
            _ => words.scale.faces[place].clone(),
        };
        Point { value, label, face: Some(FACES[place]) }
    };
    scale.points().map(face).collect()
}

fn thumbs(question: &Question, scale: Scale, language: &Language, words: &Words) -> Vec<Point> {
    let [down, up] = meanings(question, language, words).map(str::to_owned);
    vec![
        Point { value: scale.worst, label: down, face: Some("👎") },
        Point { value: scale.best, label: up, face: Some("👍") },
    ]
}

/// Which of the five faces stands for a point, counted from the worst. Two and three faces keep to the mild ones; an even
/// number has no neutral face.
fn face_place(rank: usize, last: usize) -> usize {
    match last {
        0 => 2,
        1 => [1, 3][rank.min(1)],
        2 => rank + 1,
        3 => [0, 1, 3, 4][rank.min(3)],
        _ => (rank * (FACES.len() - 1) + last / 2) / last,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(n_points: usize, expected: &[usize]) {
        assert_eq!((0..n_points).map(|rank| face_place(rank, n_points - 1)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn faces_rise_with_the_points_and_an_even_number_has_no_neutral_one() {
        check(1, &[2]);
        check(2, &[1, 3]);
        check(3, &[1, 2, 3]);
        check(4, &[0, 1, 3, 4]);
        check(5, &[0, 1, 2, 3, 4]);
        check(7, &[0, 1, 1, 2, 3, 3, 4]);
    }
}
