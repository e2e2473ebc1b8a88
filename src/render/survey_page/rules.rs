//! The style rules that one survey needs: columns of its scales, and questions that wait for their condition.
//!
//! A question with `ask_if` stays hidden until its condition holds, without any script: `:has()` looks at what is
//! chosen. A browser that does not know `:has()` shows the question with its condition in words. The server asks again
//! whether the condition held, so what a hidden field carries is never stored.

use std::collections::BTreeSet;

use super::question::rating_asks;
use crate::domain::answer::NOT_APPLICABLE;
use crate::domain::id::QuestionId;
use crate::domain::survey::{AskIf, Kind, Question, Scale};

/// Most columns that fit at 44 pixels each on a screen 320 pixels wide.
const COLUMNS_NARROW_MAX: usize = 6;
/// Most columns that fit into the widest form.
const COLUMNS_WIDE_MAX: usize = 11;
/// Pixels of one column with its gap, and those at both sides less the gap that is one too many.
const COLUMN_PX: usize = 48;
const MARGINS_PX: usize = 28;

/// The rules, one a line.
pub(super) fn rules(questions: &[&Question]) -> String {
    let mut rules = String::new();
    let scales = questions.iter().filter_map(|question| question.kind.shown_scale());
    for n_points in scales.map(|scale| scale.points().count()).collect::<BTreeSet<_>>() {
        rules.push_str(&columns(n_points));
    }
    let waiting = questions.iter().map(|question| (question, conditions(questions, question)));
    let waiting = waiting.filter(|(_, conditions)| !conditions.is_empty()).collect::<Vec<_>>();
    if waiting.is_empty() {
        return rules;
    }
    rules.push_str("@supports selector(:has(*)){\n.if{display:none}\n");
    rules.extend(waiting.iter().map(|(question, conditions)| {
        let id = &question.id;
        format!("form:not({conditions}) #q-{id}{{display:none}}\n")
    }));
    rules.push_str("}\n");
    rules
}

fn columns(n_points: usize) -> String {
    if n_points <= COLUMNS_NARROW_MAX {
        return format!(".s{n_points}{{--c:{n_points}}}\n");
    }
    let narrow = n_points.div_ceil(2).min(COLUMNS_NARROW_MAX);
    let wide = if n_points <= COLUMNS_WIDE_MAX { n_points } else { n_points.div_ceil(2).min(COLUMNS_WIDE_MAX) };
    let width = wide * COLUMN_PX + MARGINS_PX;
    format!(".s{n_points}{{--c:{narrow}}}\n@media(min-width:{width}px){{.s{n_points}{{--c:{wide}}}}}\n")
}

/// What must hold for a question to be asked: its own conditions, and those of the questions it depends on. Nothing for
/// a question that is always asked.
fn conditions(questions: &[&Question], question: &Question) -> String {
    let mut conditions = String::new();
    let mut open = vec![question];
    let mut seen = BTreeSet::from([&question.id]);
    while let Some(current) = open.pop() {
        for ask_if in &current.ask_if {
            // What an earlier page asked is known.
            let Some(earlier) = questions.iter().find(|earlier| earlier.id == ask_if.question) else { continue };
            conditions.extend([":has(", &answered(ask_if, earlier), ")"]);
            if seen.insert(&earlier.id) {
                open.push(earlier);
            }
        }
    }
    conditions
}

/// Selects the control of the earlier question when it holds an answer that the condition wants.
fn answered(ask_if: &AskIf, earlier: &Question) -> String {
    let name = &earlier.id;
    match &earlier.kind {
        Kind::Nps | Kind::Csat(_) | Kind::Ces(_) | Kind::Smiley(_) | Kind::Stars(_) | Kind::Thumbs => {
            let points = earlier.kind.scale().into_iter().flat_map(Scale::points);
            let (asking, others) = points.partition::<Vec<_>, _>(|point| rating_asks(ask_if, *point));
            if others.is_empty() { any_chosen(earlier) } else { one_chosen(name, &asking) }
        }
        Kind::Choice(_) | Kind::Multi(_) if ask_if.any_of.is_empty() => any_chosen(earlier),
        Kind::Choice(_) | Kind::Multi(_) => one_chosen(name, &ask_if.any_of),
        Kind::Consent => any_chosen(earlier),
        Kind::Matrix { .. } => format!("[name^=\"{name}.\"]:checked"),
        Kind::Text { .. } => format!("[name=\"{name}\"]:not(:placeholder-shown)"),
    }
}

fn any_chosen(question: &Question) -> String {
    let name = &question.id;
    // That a question does not apply is nothing to ask about.
    let but =
        question.not_applicable.as_ref().map_or_else(String::new, |_| format!(":not([value=\"{NOT_APPLICABLE}\"])"));
    format!("[name=\"{name}\"]{but}:checked")
}

fn one_chosen(name: &QuestionId, values: &[impl std::fmt::Display]) -> String {
    let values = values.iter().map(|value| format!("[value=\"{value}\"]")).collect::<Vec<_>>();
    // An empty `:is()` matches nothing, which is right for a condition that no answer meets.
    format!("[name=\"{name}\"]:is({}):checked", values.join(","))
}
