//! `thanks` and `link` of a survey: what is said after an answer.

use crate::domain::survey::{Link, Survey, THANKS_MAX, Thanks};

use super::node::{Content, Node};
use super::problem::Spot;
use super::reader::Field;
use super::references::Ledger;
use super::values;
use super::words::Words;

/// Longest address of a link, in bytes.
const URL_BYTES_MAX: usize = 500;
/// Why no link depends on a score.
const NO_GATE: &str = "a link that only some scores get to see steers reviews, which review sites and regulators forbid; put it \
    into `link` of [survey], which everybody sees";

/// Words for everybody, or a list of words by the rating of the key question.
pub(super) fn thanks(field: Field<'_, '_>, words: &Words) -> Option<Vec<Thanks>> {
    if !matches!(field.node.content, Content::List(_)) {
        return words.text_of_occasion(field).map(|text| vec![Thanks { at_most: None, text }]);
    }
    let mut n_given = 0;
    let thanks = field.list(|field| {
        n_given += 1;
        let mut table = field.table()?;
        let at_most = table.optional("at_most", values::whole(-1_000..=1_000));
        if table.has("link") {
            table.asks_for(&["link"]);
            table.wrong::<()>("link", NO_GATE);
        }
        table.require("text");
        let text = table.field("text", |field| words.text_of_occasion(field));
        if text
            .as_ref()
            .is_some_and(|text: &crate::domain::language::Text| text.translations().any(|(_, t)| has_link(t)))
        {
            table.wrong::<()>("text", NO_GATE);
        }
        table.finish("a thanks");
        Some(Thanks { at_most, text: text? })
    })?;
    if !(1..=THANKS_MAX).contains(&n_given) {
        return field.wrong(format!("1 to {THANKS_MAX} thanks belong here, found {n_given}"));
    }
    if thanks.len() != n_given {
        return None;
    }
    let (last, scored) = thanks.split_last()?;
    let limits: Option<Vec<_>> = scored.iter().map(|thanks| thanks.at_most).collect();
    if last.at_most.is_some() || limits.is_none_or(|limits| !limits.is_sorted_by(|a, b| a < b)) {
        return field.wrong("each thanks has an `at_most`, higher than the one before, but the last, which has none");
    }
    Some(thanks)
}

fn has_link(text: &str) -> bool {
    let text = text.to_lowercase();
    text.contains("://") || text.contains("www.")
}

/// A page elsewhere, shown to everybody.
pub(super) fn link(field: Field<'_, '_>, words: &Words) -> Option<Link> {
    let mut table = field.table()?;
    let url = table.required("url", url);
    table.require("text");
    let text = table.field("text", |field| words.text(field));
    table.finish("a link");
    Some(Link { url: url?, text: text? })
}

fn url(node: &Node) -> Result<String, String> {
    let url = values::text(node)?;
    let is_web =
        ["https://", "http://"].iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if !is_web || url.len() > URL_BYTES_MAX || url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(format!(
            "the address of a page belongs here, such as `https://sole.example/table`, in at most {URL_BYTES_MAX} bytes"
        ));
    }
    Ok(url)
}

/// Words by a rating need a key question that is one.
pub(super) fn check(survey: &Survey, spot: &Spot, ledger: &Ledger<'_>) {
    let Some(key) = survey.key_question() else { return };
    for most in survey.thanks.iter().filter_map(|thanks| thanks.at_most) {
        let message = match key.kind.scale() {
            None => format!("`{}`, the first key question, is no rating by which thanks could go", key.id),
            Some(scale) if !scale.contains(most) => format!(
                "{most} is not on the scale of `{}`, the first key question, which goes from {} to {}",
                key.id, scale.worst, scale.best
            ),
            Some(_) => continue,
        };
        ledger.problems.report(spot.problem(message));
    }
}
