//! One `[[question]]` of a survey.

use std::collections::BTreeSet;

use crate::domain::id::{BranchId, QuestionId};
use crate::domain::survey::occasion::OnlyFor;
use crate::domain::survey::{
    ASK_IF_MAX, AskIf, Choice, Kind, NotApplicable, OPTIONS_MAX, Question, ROWS_MAX, Row, Scale, TEXT_CHARS_MAX,
    TEXT_LINES, TEXT_LINES_MAX,
};

use super::node::{Content, shown};
use super::reader::{Field, Reader, closest};
use super::references::{Ledger, Target};
use super::words::Words;
use super::{triggers, values};

/// What a question may refer to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Earlier<'a> {
    /// The sound questions before it.
    pub(super) questions: &'a [Question],
    /// The ids of all questions before it, and of this one.
    pub(super) ids: &'a [String],
    /// The ids of all questions of the survey.
    pub(super) all: &'a BTreeSet<String>,
    /// What the files say of each other.
    pub(super) ledger: &'a Ledger<'a>,
}

impl<'a> Earlier<'a> {
    /// The earlier question of this id, unless it is wrong itself.
    fn find(&self, table: &Reader<'_>, id: &QuestionId) -> Option<&'a Question> {
        let before = self.ids.split_last().map_or(self.ids, |(_, before)| before);
        if before.iter().any(|known| known == id.as_str()) {
            return self.questions.iter().find(|question| question.id == *id);
        }
        if self.all.contains(id.as_str()) {
            return table.wrong(
                "question",
                format!("`{id}` is not asked before this question; only earlier answers are known"),
            );
        }
        let meant = closest(id.as_str(), self.all.iter().map(String::as_str));
        let meant = meant.map(|meant| format!(", did you mean `{meant}`?")).unwrap_or_default();
        table.wrong("question", format!("there is no question `{id}` in this survey{meant}"))
    }
}

/// The kinds, without what they need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    Nps,
    Csat,
    Ces,
    Smiley,
    Stars,
    Thumbs,
    Choice,
    Multi,
    Matrix,
    Consent,
    Text,
}

const SHAPES: [(&str, Shape); 11] = [
    ("nps", Shape::Nps),
    ("csat", Shape::Csat),
    ("ces", Shape::Ces),
    ("smiley", Shape::Smiley),
    ("stars", Shape::Stars),
    ("thumbs", Shape::Thumbs),
    ("choice", Shape::Choice),
    ("multi", Shape::Multi),
    ("matrix", Shape::Matrix),
    ("consent", Shape::Consent),
    ("text", Shape::Text),
];

impl Shape {
    fn as_str(self) -> &'static str {
        SHAPES.iter().find(|(_, shape)| *shape == self).map_or("", |(word, _)| word)
    }
}

/// Reads a question whose id was read before.
pub(super) fn read(
    mut table: Reader<'_>,
    id: Option<QuestionId>,
    words: &Words,
    earlier: &Earlier<'_>,
) -> Option<Question> {
    let shape = table.required("kind", values::one_of("a kind of question", &SHAPES));
    let kind = shape.and_then(|shape| kind(&mut table, shape, words));
    let key = table.or("key", false, values::flag);
    let required = table.or("required", key, values::flag);
    if required && !key && shape == Some(Shape::Consent) {
        table.wrong::<()>("required", "consent is given freely or it is none; nobody can be required to give it");
    }
    let new_page = table.or("new_page", false, values::flag);
    if new_page && earlier.ids.len() == 1 {
        table.wrong::<()>("new_page", "the first question begins the first page; leave it out");
    }
    table.require("text");
    let text = table.field("text", |field| words.text_of_occasion(field));
    let has_ends =
        shape.is_none_or(|shape| !matches!(shape, Shape::Choice | Shape::Multi | Shape::Consent | Shape::Text));
    let ends = if has_ends { table.field("ends", |field| words.ends(field)) } else { None };
    let takes_not_applicable = shape.is_none_or(|shape| !matches!(shape, Shape::Multi | Shape::Consent | Shape::Text));
    let not_applicable =
        if takes_not_applicable { table.field("not_applicable", |field| not_applicable(field, words)) } else { None };
    if key && not_applicable.is_some() {
        table.wrong::<()>(
            "not_applicable",
            "a key question makes a response usable, and an answer that it does not apply does not: ask only those to \
             whom it applies",
        );
    }
    let asked = table.field("ask_if", |field| conditions(field, earlier)).unwrap_or_default();
    let (mut ask_if, mut only_for) = (Vec::new(), Vec::new());
    for condition in asked {
        match condition {
            Asked::If(condition) => ask_if.push(condition),
            Asked::OnlyFor(conditions) => only_for.extend(conditions),
        }
    }
    if key && matches!(shape, Some(Shape::Multi | Shape::Matrix | Shape::Consent | Shape::Text)) {
        table.wrong::<()>("key", "a key question must be a rating or a `choice`: mail asks it with one tap");
    }
    if key && table.has("ask_if") {
        table.wrong::<()>("ask_if", "a key question is always asked: without it no response is usable");
    }
    match shape {
        Some(shape) => table.finish(&format!("a `{}` question", shape.as_str())),
        // Which keys belong here is not known before its kind is.
        None => drop(table),
    }
    Some(Question {
        id: id?,
        kind: kind?,
        key,
        required,
        new_page,
        text: text?,
        ends,
        not_applicable,
        ask_if,
        only_for,
    })
}

/// `true` for the interface's words, or words.
fn not_applicable(field: Field<'_, '_>, words: &Words) -> Option<NotApplicable> {
    if let Content::Flag(is_so) = field.node.content {
        return is_so.then_some(NotApplicable::UsualWords);
    }
    words.text(field).map(NotApplicable::Words)
}

/// Reads what only this kind needs.
fn kind(table: &mut Reader<'_>, shape: Shape, words: &Words) -> Option<Kind> {
    match shape {
        Shape::Nps => Some(Kind::Nps),
        Shape::Csat => scale(table, 5, &[5, 7, 10]).map(Kind::Csat),
        Shape::Ces => scale(table, 7, &[5, 7]).map(Kind::Ces),
        Shape::Smiley => scale(table, 5, &[3, 4, 5]).map(Kind::Smiley),
        Shape::Stars => scale(table, 5, &[3, 4, 5, 6, 7, 8, 9, 10]).map(Kind::Stars),
        Shape::Thumbs => Some(Kind::Thumbs),
        Shape::Consent => Some(Kind::Consent),
        Shape::Choice => options(table, words).map(Kind::Choice),
        Shape::Multi => options(table, words).map(Kind::Multi),
        Shape::Matrix => {
            let scale = scale(table, 5, &[3, 4, 5, 6, 7, 8, 9, 10]);
            let rows = rows(table, words);
            Some(Kind::Matrix { scale: scale?, rows: rows? })
        }
        Shape::Text => {
            let chars_max = table.or("max_chars", TEXT_CHARS_MAX, values::whole(1..=TEXT_CHARS_MAX));
            let lines = table.or("lines", TEXT_LINES, values::whole(1..=TEXT_LINES_MAX));
            Some(Kind::Text { chars_max, lines })
        }
    }
}

/// A scale from 1 to one of some numbers of points, either end best.
fn scale(table: &mut Reader<'_>, default: i32, points: &[i32]) -> Option<Scale> {
    if !table.has("scale") {
        // Asked for, so that it is listed among the keys.
        table.table("scale");
        return Some(Scale { worst: 1, best: default });
    }
    table.field("scale", |field| {
        let mut ends = field.table()?;
        let worst = ends.required("from", values::whole(-1_000..=1_000));
        let best = ends.required("to", values::whole(-1_000..=1_000));
        ends.finish("a scale");
        let scale = Scale { worst: worst?, best: best? };
        if scale.worst.min(scale.best) == 1 && points.contains(&scale.worst.max(scale.best)) {
            return Some(scale);
        }
        let points: Vec<_> = points.iter().map(ToString::to_string).collect();
        let (worst, best) = (scale.worst, scale.best);
        field.wrong(format!(
            "{worst} to {best} is not a scale of this kind; it goes from 1 to {} (or the other way round)",
            points.join(" or ")
        ))
    })
}

fn options(table: &mut Reader<'_>, words: &Words) -> Option<Vec<Choice>> {
    table.require("options");
    table.field("options", |field| {
        let mut seen = BTreeSet::new();
        let (mut n_given, mut has_other) = (0, false);
        let options = field.list(|field| {
            n_given += 1;
            let mut option = field.table()?;
            let id = option.required("id", values::parsed(QuestionId::parse));
            if let Some(id) = id.as_ref().filter(|id| !seen.insert(QuestionId::clone(id))) {
                option.wrong::<()>("id", format!("there is an option `{id}` already in this question"));
            }
            option.require("text");
            let text = option.field("text", |field| words.text(field));
            let own_words = option.or("other", false, values::flag);
            if own_words && std::mem::replace(&mut has_other, true) {
                option
                    .wrong::<()>("other", "own words stand beside one option of a question, and there is one already");
            }
            option.finish("an option");
            Some(Choice { id: id?, text: text?, own_words })
        })?;
        if !(2..=OPTIONS_MAX).contains(&n_given) {
            return field.wrong(format!("a choice has 2 to {OPTIONS_MAX} options, found {n_given}"));
        }
        (options.len() == n_given).then_some(options)
    })
}

fn rows(table: &mut Reader<'_>, words: &Words) -> Option<Vec<Row>> {
    table.require("rows");
    table.field("rows", |field| {
        let mut seen = BTreeSet::new();
        let mut n_given = 0;
        let rows = field.list(|field| {
            n_given += 1;
            let mut row = field.table()?;
            let id = row.required("id", values::parsed(QuestionId::parse));
            if let Some(id) = id.as_ref().filter(|id| !seen.insert(QuestionId::clone(id))) {
                row.wrong::<()>("id", format!("there is a row `{id}` already in this question"));
            }
            row.require("text");
            let text = row.field("text", |field| words.text(field));
            row.finish("a row");
            Some(Row { id: id?, text: text? })
        })?;
        if !(2..=ROWS_MAX).contains(&n_given) {
            return field.wrong(format!("a matrix has 2 to {ROWS_MAX} rows, found {n_given}"));
        }
        (rows.len() == n_given).then_some(rows)
    })
}

/// One condition of a question.
enum Asked {
    /// On an earlier answer.
    If(AskIf),
    /// On the occasion.
    OnlyFor(Vec<OnlyFor>),
}

/// One condition, or a list of such as must all hold.
fn conditions(field: Field<'_, '_>, earlier: &Earlier<'_>) -> Option<Vec<Asked>> {
    if !matches!(field.node.content, Content::List(_)) {
        return asked(field, earlier).map(|asked| vec![asked]);
    }
    let mut n_given = 0;
    let conditions = field.list(|field| {
        n_given += 1;
        asked(field, earlier)
    })?;
    if !(1..=ASK_IF_MAX).contains(&n_given) {
        return field.wrong(format!("1 to {ASK_IF_MAX} conditions belong here, found {n_given}"));
    }
    Some(conditions)
}

/// `{ question = … }`, or `{ branch = … }`, `{ contact = { … } }`, `{ event = { … } }`.
fn asked(field: Field<'_, '_>, earlier: &Earlier<'_>) -> Option<Asked> {
    let mut table = field.table()?;
    if ["branch", "contact", "event"].iter().all(|key| !table.has(key)) {
        table.asks_for(&["branch", "contact", "event"]);
        return ask_if(table, earlier).map(Asked::If);
    }
    let branch = table.field("branch", |field| {
        let branch = |field: Field<'_, '_>| {
            let branch = field.read(values::parsed(BranchId::parse))?;
            earlier.ledger.refer(field.spot(), Target::Branch(branch.clone()));
            Some(branch)
        };
        let is_list = matches!(field.node.content, Content::List(_));
        let branches = if is_list { field.list(branch)? } else { vec![branch(field)?] };
        (!branches.is_empty()).then_some(OnlyFor::Branch(branches))
    });
    let contact = table.field("contact", triggers::conditions).unwrap_or_default();
    let event = table.field("event", triggers::conditions).unwrap_or_default();
    table.finish("ask_if on the occasion");
    let contact = contact.into_iter().map(OnlyFor::Contact);
    Some(Asked::OnlyFor(branch.into_iter().chain(contact).chain(event.into_iter().map(OnlyFor::Event)).collect()))
}

fn ask_if(mut table: Reader<'_>, earlier: &Earlier<'_>) -> Option<AskIf> {
    let id = table.required("question", values::parsed(QuestionId::parse));
    let question = id.as_ref().and_then(|id| earlier.find(&table, id));
    let scale = question.and_then(|question| question.kind.scale());
    let mut point = |key: &'static str| {
        table.field(key, |field| {
            let point = field.read(values::whole(-1_000..=1_000))?;
            match (question, scale) {
                (Some(Question { kind: Kind::Consent, id, .. }), _) => {
                    field.wrong(format!("`{id}` is no rating; whether it was given is all that can be asked"))
                }
                (Some(Question { kind: Kind::Matrix { .. }, id, .. }), _) => {
                    field.wrong(format!("`{id}` has a rating a row; that it was answered is all that can be asked"))
                }
                (Some(question), None) => field.wrong(format!("`{}` is not a rating; use `any_of`", question.id)),
                (Some(question), Some(scale)) if !scale.contains(point) => field.wrong(format!(
                    "{point} is not on the scale of `{}`, which goes from {} to {}",
                    question.id, scale.worst, scale.best
                )),
                (Some(_) | None, Some(_) | None) => Some(point),
            }
        })
    };
    let (at_least, at_most) = (point("at_least"), point("at_most"));
    let any_of = table.field("any_of", |field| any_of(field, question?)).unwrap_or_default();
    table.finish("ask_if");
    Some(AskIf { question: id?, at_least, at_most, any_of })
}

fn any_of(field: Field<'_, '_>, question: &Question) -> Option<Vec<QuestionId>> {
    let Some(options) = question.kind.options() else {
        return field.wrong("only a `choice` or `multi` question has options; use `at_least` or `at_most`");
    };
    field.list(|field| {
        let given = field.read(values::text)?;
        let found = options.iter().find(|option| option.id.as_str() == given);
        if found.is_none() {
            let known: Vec<_> = options.iter().map(|option| option.id.as_str()).collect();
            return field.wrong(format!("`{}` is not an option; there are {}", shown(&given), known.join(", ")));
        }
        found.map(|option| option.id.clone())
    })
}
