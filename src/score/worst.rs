//! Answers that are nothing but the worst.

use crate::domain::answer::{Answer, Answers};
use crate::domain::survey::Survey;

/// Whether there is a rating among these answers, and every rating is the worst of its scale.
pub fn is_all_worst(survey: &Survey, answers: &Answers) -> bool {
    let mut ratings = survey.questions.iter().flat_map(|question| {
        let worst = question.kind.shown_scale().map(|scale| scale.worst);
        answers.get(&question.id).into_iter().flat_map(Answer::ratings).map(move |point| Some(point) == worst)
    });
    ratings.next().is_some_and(|is_worst| is_worst) && ratings.all(|is_worst| is_worst)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::answer::RowAnswer;
    use crate::domain::id::QuestionId;
    use crate::domain::survey::tests::visit;
    use crate::domain::survey::{Kind, Scale};

    #[track_caller]
    fn check(survey: &Survey, ratings: &[(&str, i32)], expected: bool) {
        let id = |id: &str| QuestionId::parse(id).unwrap();
        let mut answers: Answers = ratings.iter().map(|&(of, point)| (id(of), Answer::Rating(point))).collect();
        answers.insert(id("why"), Answer::Text("cold".to_owned()));
        assert_eq!(is_all_worst(survey, &answers), expected, "{ratings:?}");
    }

    #[test]
    fn every_rating_counts_and_there_has_to_be_one() {
        let mut survey = visit();
        check(&survey, &[], false);
        check(&survey, &[("overall", 1)], true);
        check(&survey, &[("overall", 2)], false);
        let mut second = survey.questions[0].clone();
        second.id = QuestionId::parse("staff").unwrap();
        second.kind = Kind::Csat(Scale { worst: 5, best: 1 });
        survey.questions.push(second);
        check(&survey, &[("overall", 1), ("staff", 5)], true);
        check(&survey, &[("overall", 1), ("staff", 1)], false);
        check(&survey, &[("overall", 5), ("staff", 5)], false);
    }

    #[test]
    fn every_row_of_a_matrix_is_a_rating_unless_it_does_not_apply() {
        let id = |id: &str| QuestionId::parse(id).unwrap();
        let mut survey = visit();
        survey.questions[0].kind = Kind::Matrix { scale: Scale { worst: 5, best: 1 }, rows: Vec::new() };
        let check = |food, wait, expected| {
            let rows = [(id("food"), food), (id("wait"), wait)].into();
            let answers = Answers::from([(id("overall"), Answer::Rows(rows))]);
            assert_eq!(is_all_worst(&survey, &answers), expected);
        };
        check(RowAnswer::Rating(5), RowAnswer::Rating(5), true);
        check(RowAnswer::Rating(5), RowAnswer::Rating(4), false);
        check(RowAnswer::Rating(5), RowAnswer::NotApplicable, true);
        check(RowAnswer::NotApplicable, RowAnswer::NotApplicable, false);
    }
}
